"""A source that drops files: JSON lines (`.jsonl`, `.ndjson`) or CSV (`.csv`) in a folder, a record a line.

Layer: the vendor's side of `hub.connect`. The vendor declares and translates; which file is read next, how far, and
what becomes of one that is half written, changed or unreadable is done here. The files are only read.
"""

from __future__ import annotations

import hashlib
import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final, NamedTuple

from pydantic import Field, JsonValue

from hub.connect.api import Batch, Connector, ConnectorConfig, Cursor, InventoryItem, RawRecord
from hub.connect.folder import Listing, Place, changed, listed, opened
from hub.connect.rows import Row, rows
from hub.errors import RejectReason, SourceRejected, TranslationError
from hub.events.records import Draft

ENDINGS: Final = (b".jsonl", b".ndjson", b".csv")
"""Files with other names are left alone."""
_CHANGED: Final = "changed after it was read"
_GONE: Final = "went away before it was read to its end"
_REMEMBERED: Final = 400
"""Files of which the cursor keeps that they were read: some 20 KB of it."""
_PLAIN_NAME: Final = re.compile(
    r"""(?!.*[0-9]{9})                                              # a BSN
        (?!.*[0-9]{4}[._-][0-9]{2}[._-][0-9]{3}(?![0-9]))           # one as it is often written
        (?!.*(?<![0-9])(?!(19|20)[0-9]{2}[01][0-9][0-3][0-9])[0-9]{8}(?![0-9]))  # without its first zero, and no date
        [A-Za-z0-9][A-Za-z0-9._-]{0,99}""",
    re.VERBOSE,
)
"""A name that holds nobody's number, and may be shown."""


class FileConfig(ConnectorConfig):
    """Where the files are dropped. Subclass it; these settings are the hub's own: don't declare them anew."""

    folder: Path = Field(description="Folder in which the files are dropped; the hub reads it and changes nothing.")
    settle_seconds: float = Field(
        default=2.0, ge=0.1, le=600, description="A file is read when it has not changed for so long."
    )
    page_size: int = Field(default=500, ge=1, le=5000, description="Lines read at once.")
    delimiter: str = Field(default=",", pattern=r"^[,;\t|]$", description="What stands between the columns of a CSV.")


class _At(NamedTuple):
    """How far was read. `place`: the file at hand, None before the first; `start`: byte and line of its next row, None
    if it was read to its end. `read`: when files that are still there were changed when they were read, by a digest of
    their name."""

    place: Place | None = None
    start: tuple[int, int] | None = None
    read: Mapping[str, int] = MappingProxyType({})


class FileConnector(Connector):
    """One folder of files of lines. `Config` must be a `FileConfig`. Implement `translate_line`.

    Cursor: file and position. A file is read once it is at rest, in the order of its last change. One that changes
    after it was read, or while it is, is read again from its first line (what is known of it is not published again),
    and a record that cannot be read says so: position and all, among the dead letters.
    """

    inventory_is_complete: ClassVar[bool] = False

    def __init__(self, config: FileConfig) -> None:
        self._files = config

    @abstractmethod
    def translate_line(self, payload: bytes) -> Sequence[Draft]:
        """The shared events of one line: of JSON lines as it stands, of CSV as a JSON object of texts by column. Pure.

        Raises: TranslationError, and nothing else, whatever the bytes are. A CSV row with too few or too many values
        comes as it stands, and is no JSON: `hub.connect.fields.read_object` refuses it.
        """

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """The events of a line; what happened to a file that was read is a record that cannot be read."""
        for what in (_CHANGED, _GONE):
            if record.position.endswith(what):
                raise TranslationError(RejectReason.INVALID_VALUE, f"file {what}")
        return self.translate_line(record.payload)

    def check(self) -> None:
        """List the folder."""
        self._listed()

    def close(self) -> None:
        """Nothing is kept open."""

    def poll(self, cursor: Cursor | None) -> Batch:
        """The next lines: of the file at hand, or of the next that is at rest."""
        at, everything = _read(cursor), self._listed()
        at = at._replace(read=_still_there(at.read, everything.places))
        if at.place is not None and at.start is not None and at.place not in everything.places:
            return self._left(at, at.place)
        found = everything.at_rest(self._files.settle_seconds)
        place = next((place for place in found if _is_due(place, at)), None)
        if place is None:
            return Batch(cursor=_cursor(at))
        records, after = self._page(place, at)
        more = after.start is not None or any(_is_due(other, after) for other in found)
        return Batch(records=tuple(records), cursor=_cursor(after), more=more)

    def inventory(self) -> Iterator[InventoryItem]:
        """What the files that are still in the folder say last of each record; a line that cannot be read says
        nothing."""
        newest: dict[tuple[str, str], Draft] = {}
        for place in self._listed().at_rest(self._files.settle_seconds):
            for draft in self._drafts(place):
                register = (draft.record_type.value, draft.record_id)
                newest[register] = max(newest.get(register, draft), draft, key=_order)
        for item in newest.values():
            yield InventoryItem(item.dossier_id, item.record_type.value, item.record_id, item.version, item.deleted)

    def _listed(self) -> Listing:
        return listed(self._files.folder, ENDINGS)

    def _left(self, at: _At, place: Place) -> Batch:
        """The file at hand is not as it was: changed, and then it is read again when it is at rest; or gone."""
        found = opened(self._files.folder, place)
        if found is not None:
            found.close()
        said = () if found is not None else (_said(_name(place), _GONE),)
        return Batch(records=said, cursor=_cursor(at._replace(start=None)), more=True)

    def _page(self, place: Place, at: _At) -> tuple[list[RawRecord], _At]:
        """Records of a file and how far that is. One that changes while it is read is left for when it is at rest."""
        start = at.start if place == at.place and at.start is not None else (0, 1)
        is_again = at.read.get(_digest(place.name), place.changed_ns) != place.changed_ns
        if (found := opened(self._files.folder, place)) is None:
            return [], at
        with found as file:
            page = list(islice(rows(file, place.name, start, self._files.delimiter), self._files.page_size))
            if changed(file, place) != place:
                return [], at
        name = _name(place)
        said = [_said(name, _CHANGED)] if is_again and start == (0, 1) else []
        end = page[-1].end if len(page) == self._files.page_size else None
        is_known = not is_again or end is None  # until then its next page is one of a changed file too
        read = {**at.read, _digest(place.name): place.changed_ns} if is_known else at.read
        return [*said, *(_record(name, row) for row in page)], _At(place, end, read)

    def _drafts(self, place: Place) -> Iterator[Draft]:
        if (found := opened(self._files.folder, place)) is None:
            return
        with found as file:
            for row in rows(file, place.name, (0, 1), self._files.delimiter):
                try:
                    yield from self.translate_line(row.payload)
                except TranslationError:
                    continue


def _is_due(place: Place, at: _At) -> bool:
    """Whether there is something to read of a file: the rest of it, or all."""
    if at.place is None or place > at.place:
        return True
    return place == at.place and at.start is not None


def _still_there(read: Mapping[str, int], found: Sequence[Place]) -> dict[str, int]:
    """Of those that were read the files that are in the folder, the newest."""
    there = {_digest(place.name) for place in found}
    kept = sorted((changed_ns, name) for name, changed_ns in read.items() if name in there)
    return {name: changed_ns for changed_ns, name in kept[-_REMEMBERED:]}


def _digest(name: bytes) -> str:
    return hashlib.sha256(name).hexdigest()[:12]


def _name(place: Place) -> str:
    """The file as operations find it, a hash if its name could say who somebody is; and when it was changed: what is
    unreadable of one that was changed, or of another by a name that was used before, is news."""
    text = place.name.decode(errors="replace")
    shown = text if _PLAIN_NAME.fullmatch(text) else f"sha256-{hashlib.sha256(place.name).hexdigest()[:20]}"
    return f"{shown}@{place.changed_ns}"


def _said(name: str, what: str) -> RawRecord:
    return RawRecord(position=f"{name} {what}", payload=b"")


def _record(name: str, row: Row) -> RawRecord:
    return RawRecord(position=f"{name}:{row.line}", payload=row.payload)


def _order(draft: Draft) -> tuple[int, datetime]:
    return draft.version, draft.recorded_at


def _cursor(at: _At) -> Cursor:
    state: dict[str, JsonValue] = {"read": dict(at.read)}
    if at.place is not None:
        state |= {"changed_ns": at.place.changed_ns, "name": at.place.name.hex()}
    if at.start is not None:
        state |= {"byte": at.start[0], "line": at.start[1]}
    return Cursor(state=state)


def _read(cursor: Cursor | None) -> _At:
    """Raises SourceRejected for a cursor of another connector."""
    if cursor is None:
        return _At()
    state = cursor.state
    read, changed_ns, name = state.get("read"), state.get("changed_ns"), state.get("name")
    byte, line = state.get("byte"), state.get("line")
    if cursor.version == 1 and isinstance(read, dict):
        known = {key: value for key, value in read.items() if isinstance(value, int)}
        if changed_ns is None and name is None:
            return _At(read=known)
        if isinstance(changed_ns, int) and isinstance(name, str):
            start = (max(0, byte), line) if isinstance(byte, int) and isinstance(line, int) else None
            try:
                return _At(Place(changed_ns, bytes.fromhex(name)), start, known)
            except ValueError:
                pass
    raise SourceRejected("The saved position was not written by this connector.")
