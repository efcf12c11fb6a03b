"""A folder that files are dropped in: which are ready, in which order, and how to open one. It only reads.

Layer: the vendor's side of `hub.connect`. A file is placed by its *change time* (ctime): the system's own clock sets it
at every write and rename and nobody can set it back, so a file that is moved in, however old, comes after what was read
before. Hence "ready" is one test: not changed for so many seconds before the folder was looked at.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from hub.errors import SourceRejected, SourceUnavailable

_NANOSECONDS: Final = 1_000_000_000
_now_ns = time.time_ns


class Place(NamedTuple):
    """Where a file stands in the order of reading: nanoseconds of its last change, then its name."""

    changed_ns: int
    name: bytes


class Listing(NamedTuple):
    """The files that were found, in order, and when the looking began: nanoseconds since 1970."""

    places: list[Place]
    began_ns: int

    def at_rest(self, settle_seconds: float) -> list[Place]:
        """Those that had not changed for so long when the looking began. By when it ended would not do: a file that
        comes while a folder is listed may be missed, one that comes after it be found, and the first never be read."""
        until = self.began_ns - int(settle_seconds * _NANOSECONDS)
        return [place for place in self.places if place.changed_ns <= until]


def listed(folder: Path, endings: Sequence[bytes]) -> Listing:
    """The files with one of these endings (lower case); no link, no name that begins with a dot. Raises
    SourceUnavailable, SourceRejected."""
    began_ns = _now_ns()
    try:
        with os.scandir(os.fsencode(folder)) as entries:
            found = [place for entry in entries if (place := _place(entry, endings)) is not None]
    except (FileNotFoundError, TimeoutError, BlockingIOError) as error:
        raise SourceUnavailable(user_message="The folder is not there.", detail=_said(error)) from error
    except OSError as error:
        raise SourceRejected("The folder cannot be read.", _said(error)) from error
    return Listing(sorted(found), began_ns)


def opened(folder: Path, place: Place) -> BinaryIO | None:
    """A file, to be closed by the caller; None if it went away. Raises SourceUnavailable."""
    try:
        descriptor = os.open(os.path.join(os.fsencode(folder), place.name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SourceUnavailable(user_message="A file cannot be read.", detail=_said(error)) from error
    return open(descriptor, "rb")


def changed(file: BinaryIO, place: Place) -> Place:
    """Where an open file stands now: another place than it had, if it was changed meanwhile."""
    return Place(os.fstat(file.fileno()).st_ctime_ns, place.name)


def _place(entry: os.DirEntry[bytes], endings: Sequence[bytes]) -> Place | None:
    if entry.name.startswith(b".") or not entry.name.lower().endswith(tuple(endings)):
        return None
    try:
        state = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Place(state.st_ctime_ns, entry.name) if stat.S_ISREG(state.st_mode) else None


def _said(error: OSError) -> str:
    return error.strerror or type(error).__name__
