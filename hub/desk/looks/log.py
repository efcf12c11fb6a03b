"""Writes the log of looks, before the answer leaves: one file, one process, one fsync for all who look at once."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, Semaphore
from typing import Final, NamedTuple

import structlog

from hub.desk.looks.chain import Head, Tail, chain, tail
from hub.desk.looks.index import Index
from hub.desk.looks.record import Look, Record, bodies, torn_body
from hub.ops import metrics

NAME: Final = "looks.jsonl"

_log = structlog.get_logger()


def log_file(data_folder: Path) -> Path:
    """Where the log of a desk stands."""
    return data_folder / "desk" / NAME


class LooksUnavailable(Exception):
    """The log of looks cannot be written or read: nothing may be shown."""


class LooksTaken(LooksUnavailable):
    """Another process writes this log."""


class Found(NamedTuple):
    """Some looks out of so many, newest first."""

    total: int
    looks: list[Record]


@dataclass(eq=False)
class _Waiting:
    """Records of one look on their way to the disk. `turn`: released when somebody has written them, well or not, or
    when it is theirs to write."""

    bodies: list[bytes]
    turn: Semaphore = field(default_factory=lambda: Semaphore(0))
    error: Exception | None = None
    ended: bool = False


class LookLog:
    """The log. Safe to use from several threads; a second process is refused."""

    def __init__(self, path: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Opens nothing yet: a log that cannot be written refuses reads, it does not stop the desk."""
        self._path = path
        self._now = now
        self._index = Index(path)
        self._queue: list[_Waiting] = []
        self._is_writing = False
        self._queue_lock = Lock()
        self._commit_lock = Lock()
        self._index_lock = Lock()
        self._handle: int | None = None
        self._head = Head()

    def open(self) -> None:
        """Take the log for this process. Raises LooksTaken or LooksUnavailable; the next write tries again."""
        with self._commit_lock:
            try:
                self._taken()
            except OSError as error:
                raise LooksUnavailable(_why(error)) from error

    def close(self) -> None:
        """Let go of the log; a write takes it again."""
        with self._commit_lock:
            self._release()

    @property
    def head(self) -> Head:
        """Where the log ends, as far as this process has written or found it."""
        return self._head

    def write(self, look: Look) -> None:
        """Append and flush to disk, together with whatever others write meanwhile. Raises LooksUnavailable: then the
        read must be refused."""
        mine = _Waiting(bodies(look))
        with self._queue_lock:
            self._queue.append(mine)
            leads, self._is_writing = not self._is_writing, True
        if not leads:
            mine.turn.acquire()
        if not mine.ended:
            self._write_waiting()
        if mine.error is not None:
            raise LooksUnavailable from mine.error

    def _write_waiting(self) -> None:
        """Whoever comes first writes for all who came while the one before was writing. Then all of them wake at once,
        and the first who came meanwhile is the next: one by one, each would wait for the scheduler."""
        with self._queue_lock:
            batch, self._queue = self._queue, []
        error: Exception | None = LooksUnavailable("a defect ended whoever wrote it")
        try:
            error = self._failure(batch)
        finally:
            for item in batch:
                item.error, item.ended = error, True
            with self._queue_lock:
                following = self._queue[:1]
                self._is_writing = bool(following)
            for item in (*following, *batch):
                item.turn.release()

    def _failure(self, batch: list[_Waiting]) -> Exception | None:
        """Write a batch; why it is not on disk, or None."""
        try:
            with self._commit_lock:
                self._append([body for item in batch for body in item.bodies])
        except (OSError, LooksUnavailable) as failure:
            self.close()
            metrics.LOOKS_UNAVAILABLE.inc(len(batch))
            _log.error("looks_unavailable", error=type(failure).__name__, why=_why(failure))
            return failure
        return None

    def _append(self, records: list[bytes]) -> None:
        handle = self._taken()
        self._head = _put(handle, *chain(self._head, records))
        metrics.LOOKS_RECORDS.set(self._head.records)

    def _taken(self) -> int:
        """The open file, at whose end our head is. Raises OSError or LooksUnavailable."""
        if self._handle is not None and not self._is_in_place(self._handle):
            self._release()
        if self._handle is None:
            self._handle = self._take()
        return self._handle

    def _is_in_place(self, handle: int) -> bool:
        """Whether the file is still the one in its place, and nobody else has written in it or cut it."""
        ours = os.fstat(handle)
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino, ours.st_size) == (ours.st_dev, ours.st_ino, self._head.size)

    def _take(self) -> int:
        handle = _open(self._path)
        try:
            _lock(handle)
            found = tail(handle, os.fstat(handle).st_size)
            if found.head.size < self._head.size or not _holds(handle, self._head):
                raise LooksUnavailable("what was written before is not there any more")
            self._head = self._mended(handle, found)
        except (OSError, LooksUnavailable):
            os.close(handle)
            raise
        return handle

    def _mended(self, handle: int, found: Tail) -> Head:
        """The head after what a crash left is set apart: it stays where it is, and the next record says so."""
        if found.terminated and not found.torn:
            return found.head
        said = [torn_body(self._now().astimezone(UTC), found.torn)] if found.torn else []
        head = _put(handle, *chain(found.head, said, terminated=found.terminated))
        if found.torn:
            lost = sum(map(len, found.torn))
            _log.warning("looks_torn", lines=len(found.torn), bytes=lost, after_record=found.head.records)
        return head

    def _release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def catch_up(self) -> None:
        """Take what was written into the index, so that the next who asks need not wait. Raises LooksUnavailable."""
        with self._read():
            pass

    def of_household(self, dossiers: Iterable[str], persons: Iterable[str], *, skip: int = 0, limit: int) -> Found:
        """The looks at any of these dossiers (keys) or persons, one record per operation. Raises LooksUnavailable."""
        with self._read() as index:
            return Found(*index.operations([*dossiers, *persons], skip=skip, limit=limit))

    def of_person(self, person: str) -> list[Record]:
        """Every look at one person: the records whose subject he is, newest first. Raises LooksUnavailable."""
        with self._read() as index:
            return index.of_subject(person)

    @contextmanager
    def _read(self) -> Iterator[Index]:
        """The index, with everything in it that was written so far. A read holds up no write."""
        try:
            with self._commit_lock:
                self._taken()
                size = self.head.size
            with self._index_lock:
                self._index.catch_up(size)
                yield self._index
        except (OSError, sqlite3.Error) as error:
            raise LooksUnavailable from error


def _put(handle: int, text: bytes, head: Head) -> Head:
    """Append and flush; the head after it. Raises OSError."""
    if os.write(handle, text) != len(text):
        raise OSError("the records were not written whole")
    os.fsync(handle)
    return head


def _holds(handle: int, head: Head) -> bool:
    return head.size == 0 or tail(handle, head.size).head == head


def _open(path: Path) -> int:
    """Raises OSError. The folder's entry of a new log is flushed too: a log that is not there has no records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return handle


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise LooksTaken("another process writes it") from error


def _why(failure: Exception) -> str:
    return failure.strerror or str(failure) if isinstance(failure, OSError) else str(failure)
