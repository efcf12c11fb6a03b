"""The drop folder: which files are ready, and their bytes. The only IO of this connector; it only reads.

A file is placed by its *change time* (ctime): the system's own clock sets it at every write and rename and nobody can
set it back, so a file that is moved in, however old, comes after what was read before. Hence "ready" is one test: not
changed for so many seconds.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from lxml import etree

from connectors.istandaarden.config import IStandaardenConfig
from connectors.istandaarden.xml import MAX_BYTES, Schemas
from hub.connect import SourceRejected, SourceUnavailable

_NANOSECONDS: Final = 1_000_000_000


class Place(NamedTuple):
    """Where a file stands in the order of reading: nanoseconds of its last change, then its name."""

    changed_ns: int
    name: bytes


class Dropped(NamedTuple):
    """A file that was read; of one that is too large the beginning."""

    place: Place
    payload: bytes


class DropFolder:
    """One folder. Raises SourceUnavailable or SourceRejected, and nothing else."""

    def __init__(self, config: IStandaardenConfig) -> None:
        self._folder = config.folder
        self._xsd_folder = config.xsd_folder
        self._settle_ns = int(config.settle_seconds * _NANOSECONDS)

    def ready(self, after: Place | None) -> list[Place]:
        """The files beyond a place that have come to rest, in order."""
        until = time.time_ns() - self._settle_ns
        try:
            with os.scandir(os.fsencode(self._folder)) as entries:
                found = [place for entry in entries if (place := _place(entry)) is not None]
        except (FileNotFoundError, TimeoutError, BlockingIOError) as error:
            raise SourceUnavailable(user_message="The drop folder is not there.", detail=_said(error)) from error
        except OSError as error:
            raise SourceRejected("The drop folder cannot be read.", _said(error)) from error
        return sorted(place for place in found if place.changed_ns <= until and (after is None or place > after))

    def read(self, place: Place) -> Dropped | None:
        """One file; None if it went away or changed meanwhile: then it has another place now, or none."""
        path = os.path.join(os.fsencode(self._folder), place.name)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(descriptor, "rb") as file:
                payload = file.read(MAX_BYTES + 1)
                state = os.fstat(descriptor)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceUnavailable(user_message="A message cannot be read.", detail=_said(error)) from error
        return Dropped(place, payload) if state.st_ctime_ns == place.changed_ns else None

    def schemas(self) -> Schemas:
        """The XSDs of the folder that is set; none if none is. Raises SourceRejected if one cannot be used."""
        return Schemas(dict(_schemas(self._xsd_folder)) if self._xsd_folder else None)


def _place(entry: os.DirEntry[bytes]) -> Place | None:
    """None for what is no message: a folder, a link, a name that begins with a dot or does not end in .xml."""
    if entry.name.startswith(b".") or not entry.name.lower().endswith(b".xml"):
        return None
    try:
        state = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Place(state.st_ctime_ns, entry.name) if stat.S_ISREG(state.st_mode) else None


def _schemas(folder: Path) -> Iterator[tuple[tuple[str, str], etree.XMLSchema]]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        for path in sorted(folder.rglob("*.xsd")):
            law, number = path.stem[:-3].lower(), path.stem[-3:]
            if law in ("jw", "wmo") and number.isdigit():
                yield (law, number), etree.XMLSchema(etree.parse(path, parser))
    except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise SourceRejected("The XSDs cannot be used.", type(error).__name__) from error


def _said(error: OSError) -> str:
    return error.strerror or type(error).__name__
