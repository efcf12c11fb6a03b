"""The iStandaarden connector: which files of the drop folder are new, and how far the cursor may go."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar, Final

from stdnum.nl import bsn

from connectors.istandaarden.config import IStandaardenConfig
from connectors.istandaarden.source import DropFolder, Dropped
from connectors.istandaarden.translate import translate
from connectors.istandaarden.xml import Schemas
from hub.connect import (
    Batch,
    Connector,
    ConnectorConfig,
    Cursor,
    InventoryItem,
    RawRecord,
    SourceRejected,
    TranslationError,
)
from hub.connect.folder import Place
from hub.events.records import Draft

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class IStandaardenConnector(Connector):
    """Reads iJw and iWmo messages. Cursor: the place of the last file delivered."""

    Config: ClassVar[type[ConnectorConfig]] = IStandaardenConfig
    version: ClassVar[str] = "1"
    inventory_is_complete: ClassVar[bool] = False
    records_change: ClassVar[bool] = False

    def __init__(self, config: IStandaardenConfig) -> None:
        self._source = DropFolder(config)
        self._page_size = config.page_size
        self._schemas: Schemas | None = None

    def check(self) -> None:
        """List the folder and read the XSDs, if they are set."""
        self._source.ready(None)
        self._source.schemas()

    def close(self) -> None:
        """Nothing is kept open."""

    def poll(self, cursor: Cursor | None) -> Batch:
        """The next files that have come to rest."""
        after = _place_of(cursor)
        self._read_schemas()
        places = self._source.ready(after)
        now = places[: self._page_size]
        found = [dropped for place in now if (dropped := self._source.read(place)) is not None]
        return Batch(
            records=tuple(map(_raw_record, found)),
            cursor=_cursor(now[-1] if now else after),
            more=len(places) > len(now),
        )

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """The events of one message."""
        return translate(record.payload, self._schemas)

    def inventory(self) -> Iterator[InventoryItem]:
        """What the messages that are still in the folder say last of each record; one that cannot be read says
        nothing."""
        self._read_schemas()
        newest: dict[tuple[str, str], Draft] = {}
        for place in self._source.ready(None):
            dropped = self._source.read(place)
            try:
                drafts = translate(dropped.payload, self._schemas) if dropped else []
            except TranslationError:
                continue
            for draft in drafts:
                register = (draft.record_type.value, draft.record_id)
                newest[register] = max(newest.get(register, draft), draft, key=_order)
        for item in newest.values():
            yield InventoryItem(item.dossier_id, item.record_type.value, item.record_id, item.version, item.deleted)

    def _read_schemas(self) -> None:
        if self._schemas is None:
            self._schemas = self._source.schemas()


def _order(draft: Draft) -> tuple[int, datetime]:
    return draft.version, draft.recorded_at


def _cursor(place: Place | None) -> Cursor:
    return Cursor(state={"changed_ns": place.changed_ns, "name": place.name.hex()} if place else {})


def _place_of(cursor: Cursor | None) -> Place | None:
    if cursor is None or (cursor.version == 1 and not cursor.state):
        return None
    changed, name = cursor.state.get("changed_ns"), cursor.state.get("name")
    if cursor.version == 1 and isinstance(changed, int) and isinstance(name, str):
        try:
            return Place(changed, bytes.fromhex(name))
        except ValueError:
            pass
    raise SourceRejected("The saved position was not written by this connector.")


def _raw_record(dropped: Dropped) -> RawRecord:
    return RawRecord(position=_position(dropped.place.name), payload=dropped.payload)


def _position(name: bytes) -> str:
    """The name of the file, so that operations find it; of one that could say who somebody is, a hash of it."""
    text = name.decode(errors="replace")
    if _PLAIN_NAME.fullmatch(text) and not any(bsn.is_valid(run) for run in _runs(text)):
        return text
    return f"sha256-{hashlib.sha256(name).hexdigest()[:20]}"


def _runs(text: str) -> Iterator[str]:
    """Every nine digits in a row."""
    return (text[start : start + 9] for start in range(len(text) - 8) if text[start : start + 9].isdigit())
