"""A simulated MensCentraal: a real database that this process writes and the connector, elsewhere, reads."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread
from typing import Final

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

from connectors.menscentraal.simulator_store import MensCentraalStore
from hub.connect.simulated_store import StoredSimulator
from hub.connect.simulator import Change, Faults

DATABASE_NAME: Final = "menscentraal.sqlite"
_COMMIT_EVERY_SECONDS: Final = 0.05


class MensCentraalSimulator(StoredSimulator[MensCentraalStore]):
    """See `hub.connect.simulator.Simulator`. Nothing listens: its transport is the database file."""

    def __init__(self, folder: Path, port: int = 0, *, faults: Faults | None = None) -> None:
        del port
        folder.mkdir(parents=True, exist_ok=True)
        database = str((folder / DATABASE_NAME).resolve())
        self._url = URL.create("sqlite", database=database).render_as_string(hide_password=False)
        engine = create_engine(self._url, connect_args={"timeout": 30})
        event.listen(engine, "connect", _prepare)
        super().__init__(MensCentraalStore(engine, faults or Faults()))
        self._stopped = Event()
        self._committer: Thread | None = None

    @property
    def url(self) -> str:
        """Address of the database."""
        return self._url

    def settings(self) -> dict[str, str]:
        """What `MensCentraalConfig` needs."""
        return {"url": self._url}

    def unreachable(self) -> dict[str, str]:
        """A database that is not there."""
        return {"url": f"{self._url}.elsewhere"}

    def refused(self) -> dict[str, str]:
        """A database without an outbox."""
        other = f"{self._url}.other"
        engine = create_engine(other)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS ledger (id INTEGER)")
        engine.dispose()
        return {"url": other}

    def start(self) -> None:
        """Begin to commit late transactions when they are due."""
        self._stopped.clear()
        self._committer = Thread(target=self._commit_late, daemon=True, name="menscentraal-simulator")
        self._committer.start()

    def _commit_late(self) -> None:
        while not self._stopped.wait(_COMMIT_EVERY_SECONDS):
            self._store.release(due_before=time.time())

    def stop(self) -> None:
        """Leave what is open open; the content stays."""
        self._stopped.set()
        if self._committer is not None:
            self._committer.join(10)
        self._committer = None

    def apply_silently(self, changes: Iterable[Change | str]) -> None:
        """Change records without a word in the outbox: a trigger that was off, or a hand in the database."""
        self._store.keep_silently(changes)


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
