"""The log of looks: one line for every read and every refusal, written before the answer leaves. Append-only.

A line names who, what, which dossiers, when and why; never a name, an address, a BSN or a search term.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Final, TypedDict

import orjson

from hub.events.ids import DossierRef

_NEWLINE: Final = b"\n"


class Look(TypedDict):
    """One line. `at`: UTC; `dossiers`: keys (source/number) of what was asked for; `persons`: how many."""

    at: str
    user: str
    role: str
    action: str
    household_id: str | None
    dossiers: list[str]
    persons: int
    allowed: bool
    reason: str
    ground: str
    request_id: str


class LooksUnavailable(Exception):
    """The log of looks cannot be written or read: nothing may be shown."""


class LookLog:
    """One file, one writing process. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Opens nothing yet: a log that cannot be written refuses reads, it does not stop the desk."""
        self._path = path
        self._lock = Lock()
        self._indexed_bytes = 0
        self._lines_by_dossier: dict[str, list[int]] = defaultdict(list)

    def write(self, look: Look) -> None:
        """Append and flush to disk. Raises LooksUnavailable: then the read must be refused."""
        line = orjson.dumps(look) + _NEWLINE
        with self._lock:
            try:
                self._append(line)
            except OSError as error:
                raise LooksUnavailable from error

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != _NEWLINE
            whole = (_NEWLINE if torn else b"") + line
            if os.write(handle, whole) != len(whole):
                raise OSError("the line was not written whole")
            os.fsync(handle)
        finally:
            os.close(handle)

    def of_dossiers(self, dossiers: Iterable[DossierRef], limit: int = 200) -> list[Look]:
        """The last looks at any of these dossiers, newest first. Raises LooksUnavailable."""
        keys = [ref.key.decode() for ref in dossiers]
        with self._lock:
            try:
                self._index()
                places = sorted({place for key in keys for place in self._lines_by_dossier.get(key, ())})
                return self._read(places[-limit:][::-1])
            except OSError as error:
                raise LooksUnavailable from error

    def _index(self) -> None:
        """Take in what was appended since the last time: where the lines about each dossier begin."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._indexed_bytes)
            for line in file:
                if not line.endswith(_NEWLINE):
                    break
                look = _parsed(line)
                for key in look["dossiers"] if look else ():
                    self._lines_by_dossier[key].append(self._indexed_bytes)
                self._indexed_bytes += len(line)

    def _read(self, places: list[int]) -> list[Look]:
        if not places:
            return []
        found = []
        with self._path.open("rb") as file:
            for place in places:
                file.seek(place)
                found.append(_parsed(file.readline()))
        return [look for look in found if look is not None]


def _parsed(line: bytes) -> Look | None:
    """A line that a crash tore is no look; what was behind it was never answered."""
    try:
        look: Look = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return look
