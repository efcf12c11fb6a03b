"""Where in the log the looks at each dossier and person stand. A copy in SQLite beside the log: thrown away at will."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import orjson

from hub.desk.looks.chain import NEWLINE, tail
from hub.desk.looks.record import Record, parsed

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS places (key TEXT, operation INTEGER, place INTEGER, PRIMARY KEY (key, operation, place))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taken (size INTEGER, hash TEXT, operation INTEGER);
"""
_OPERATIONS: Final = "FROM places WHERE key IN (SELECT value FROM json_each(?))"
_PART_ROWS: Final = 10_000
"""Rows put in at once; bounds memory when a large log is read from the start."""


class _Taken(NamedTuple):
    """How much of the log is in the index, the hash of the last line of it, and where its last operation begins."""

    size: int = 0
    hash: str = ""
    operation: int = 0


class _Row(NamedTuple):
    """`operation` and `place`: where in the log, in bytes, the look and this record of it begin."""

    key: str
    operation: int
    place: int


class Index:
    """Used by one thread at a time. Methods raise OSError or sqlite3.Error."""

    def __init__(self, log: Path) -> None:
        """`log`: the file; the index stands beside it."""
        self._log = log
        self._path = log.with_suffix(".index.sqlite")

    def catch_up(self, size: int) -> None:
        """Take in the first `size` bytes of the log. Begins anew if the log is another than the one taken in."""
        with self._database() as database, self._log.open("rb") as file:
            taken = _taken(database)
            if taken.size > size or (taken.size and tail(file.fileno(), taken.size).head.hash != taken.hash):
                database.executescript("DELETE FROM places; DELETE FROM taken;")
                taken = _Taken()
            if taken.size == size:
                return
            rows: list[_Row] = []
            operation = taken.operation
            for place, record in _records(file, taken.size, size):
                operation = place if record["record"] == "operation" else operation
                rows += _rows(record, operation, place)
                if len(rows) >= _PART_ROWS:
                    rows = _put(database, rows)
            _put(database, rows)
            database.execute("DELETE FROM taken")
            now = _Taken(size, tail(file.fileno(), size).head.hash, operation)
            database.execute("INSERT INTO taken VALUES (?, ?, ?)", now)

    def operations(self, keys: Sequence[str], *, skip: int, limit: int) -> tuple[int, list[Record]]:
        """How many operations concern any of these keys, and some of their records, newest first."""
        wanted = orjson.dumps(keys).decode()
        with self._database() as database:
            (total,) = database.execute(f"SELECT count(DISTINCT operation) {_OPERATIONS}", (wanted,)).fetchone()
            newest = f"SELECT DISTINCT operation {_OPERATIONS} ORDER BY operation DESC LIMIT ? OFFSET ?"
            places = [place for (place,) in database.execute(newest, (wanted, limit, skip))]
        return total, self._at(places)

    def of_subject(self, person: str) -> list[Record]:
        """The records whose subject is this person, newest first."""
        with self._database() as database:
            query = "SELECT place FROM places WHERE key = ? ORDER BY place DESC"
            places = [place for (place,) in database.execute(query, (person,))]
        return self._at(places)

    def _at(self, places: Iterable[int]) -> list[Record]:
        with self._log.open("rb") as file:
            found = [_record_at(file, place) for place in places]
        return [record for record in found if record is not None]

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """One transaction. The file is its owner's only, and SQLite gives its side files the same mode."""
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(self._path)) as database:
            database.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_SCHEMA}")
            with database:
                yield database


def _taken(database: sqlite3.Connection) -> _Taken:
    row = database.execute("SELECT size, hash, operation FROM taken").fetchone()
    return _Taken(*row) if row else _Taken()


def _put(database: sqlite3.Connection, rows: list[_Row]) -> list[_Row]:
    database.executemany("INSERT OR IGNORE INTO places VALUES (?, ?, ?)", rows)
    return []


def _rows(record: Record, operation: int, place: int) -> list[_Row]:
    if record["record"] == "operation":
        return [_Row(key, operation, place) for key in record.get("dossiers", ())]
    person = record.get("person")
    return [_Row(person, operation, place)] if person else []


def _records(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, Record]]:
    """(where it begins, record) of every line that is one."""
    file.seek(start)
    place = start
    for line in file:
        if place + len(line) > end:
            return
        record = parsed(line)
        if record is not None:
            yield place, record
        place += len(line)


def _record_at(file: BinaryIO, place: int) -> Record | None:
    file.seek(place)
    return parsed(file.readline().removesuffix(NEWLINE))
