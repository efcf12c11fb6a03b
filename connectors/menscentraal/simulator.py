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
from hub.connect.simulator import Change, Faults

DATABASE_NAME: Final = "menscentraal.sqlite"
_COMMIT_EVERY_SECONDS: Final = 0.05


class MensCentraalSimulator:
    """See `hub.connect.simulator.Simulator`. Nothing listens: its transport is the database file."""

    def __init__(self, folder: Path, port: int = 0, *, faults: Faults | None = None) -> None:
        del port
        folder.mkdir(parents=True, exist_ok=True)
        database = str((folder / DATABASE_NAME).resolve())
        self._url = URL.create("sqlite", database=database).render_as_string(hide_password=False)
        engine = create_engine(self._url, connect_args={"timeout": 30})
        event.listen(engine, "connect", _prepare)
        self._store = MensCentraalStore(engine, faults or Faults())
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

    def close(self) -> None:
        """Stop, and let go of the file."""
        self.stop()
        self._store.close()

    def set_faults(self, faults: Faults) -> None:
        """Behave differently from now on."""
        self._store.set_faults(faults)

    def apply(self, change: Change | str) -> int:
        """Record one change in a transaction of its own; gives its seq."""
        return self._store.add([change])[0]

    def apply_many(self, changes: Iterable[Change | str]) -> list[int]:
        """Record many changes in one go."""
        return self._store.add(changes)

    def apply_late(self, changes: Iterable[Change | str]) -> MensCentraalLate:
        """Number changes now, in one transaction that stays open until it is released."""
        return MensCentraalLate(self._store, self._store.add(changes, held=True))

    def apply_silently(self, changes: Iterable[Change | str]) -> None:
        """Change records without a word in the outbox: a trigger that was off, or a hand in the database."""
        self._store.keep_silently(changes)

    def release_all(self) -> None:
        """Commit every open transaction."""
        self._store.release()

    def repeat(self, position: int | None = None) -> int:
        """Write an old change once more, under a new seq."""
        return self.apply(self._store.line(position))

    def final_records(self) -> list[dict[str, object]]:
        """The newest readable version of each record, deleted ones included."""
        return self._store.current()

    def all_changes(self) -> list[tuple[int, str]]:
        """Every visible change: seq and line."""
        return self._store.lines()

    def load(self, path: Path) -> int:
        """Record a file of one change a line; without numbers, a line is its own seq and transaction."""
        lines = read_lines(path)
        return len(self._store.add(lines.values(), lines=lines.keys()))


class MensCentraalLate:
    """A transaction that stays open: its rows hold their numbers, and nobody can see them yet."""

    def __init__(self, store: MensCentraalStore, positions: list[int]) -> None:
        self._store = store
        self.positions = positions

    def release(self) -> None:
        """Commit."""
        self._store.release(self.positions)


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def read_lines(path: Path) -> dict[int, str]:
    """The lines of a file by number, blank ones left out; one that is not UTF-8 comes as text that is no
    JSON."""
    lines = enumerate(path.read_bytes().split(b"\n"), 1)
    return {number: _decoded(line) for number, line in lines if line.strip()}


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return "\ufffd" + line.decode(errors="replace")
