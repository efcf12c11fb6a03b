"""Where pushed events wait until they are published: one SQLite file per source, in a folder of its own.

Layer: the vendor's side of `hub.connect`; stdlib and orjson only. The hub's receiver writes it, the connector's process
reads it. An event that was kept is on disk: whoever got a 2xx for it may forget it. It lies there in clear, as the
source sent it (mode 0600), until some days after it was published.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import orjson
from pydantic import JsonValue

from hub.errors import SourceRejected, SourceUnavailable

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, id TEXT NOT NULL, kept_at REAL NOT NULL,
    body BLOB NOT NULL, UNIQUE (source, id)
);
CREATE INDEX IF NOT EXISTS events_by_time ON events (kept_at);
"""  # AUTOINCREMENT: a number is never given again, not even when the newest event is forgotten
_WAIT_SECONDS: Final = 5.0
_DAY_SECONDS: Final = 86400.0


class Event(NamedTuple):
    """One event, as a CloudEvent in JSON (structured form), however it came. `number`: in the order of arrival."""

    number: int
    body: bytes

    def content(self) -> dict[str, JsonValue]:
        """Its attributes and `data`. Of a webhook without a CloudEvent, `data` is what it sent."""
        content: dict[str, JsonValue] = orjson.loads(self.body)
        return content


class Inbox:
    """The file of one source. May be used by several threads and processes; blocking."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Opens the file. Raises SourceUnavailable where there is none, unless it may be made, and SourceRejected
        where it is no inbox."""
        path = folder / "inbox.sqlite"
        self._lock = threading.Lock()
        with _as_source_errors():
            if create:
                _make_private(path)
            elif not path.is_file():
                raise SourceUnavailable(user_message="There is no inbox: nothing was ever received.")
            self._connection = sqlite3.connect(
                path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")  # what was answered 2xx must survive a power cut
            self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        with self._lock:
            self._connection.close()

    def keep(self, source: str, event_id: str, body: bytes) -> bool:
        """Write an event down; durable on return. False: one of that source and id is there already.

        Raises SourceUnavailable when it cannot be written now (a full disk)."""
        with self._lock, _as_source_errors():
            done = self._connection.execute(
                "INSERT INTO events (source, id, kept_at, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (source, event_id, time.time(), body),
            )
            return done.rowcount == 1

    def after(self, number: int, limit: int) -> list[Event]:
        """The events beyond a number, in the order of arrival. Raises SourceUnavailable, SourceRejected."""
        with self._lock, _as_source_errors():
            rows = self._connection.execute(
                "SELECT number, body FROM events WHERE number > ? ORDER BY number LIMIT ?", (number, limit)
            )
            return [Event(*row) for row in rows]

    def forget(self, up_to: int, days: int) -> None:
        """Drop events up to a number (those are published) that came more than so many days ago."""
        with self._lock, _as_source_errors():
            before = time.time() - days * _DAY_SECONDS
            self._connection.execute("DELETE FROM events WHERE number <= ? AND kept_at < ?", (up_to, before))


def _make_private(path: Path) -> None:
    """Make an SQLite file that only its owner reads; SQLite gives its side files the same mode. One that is there isn't
    opened: to close it again would take away the locks of all connections of this process to it (POSIX), and SQLite of
    another process then removes the log under them."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


@contextmanager
def _as_source_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise SourceUnavailable(user_message="The inbox cannot be used now.", detail=type(error).__name__) from error
    except sqlite3.DatabaseError as error:
        raise SourceRejected("The inbox is broken.", type(error).__name__) from error
