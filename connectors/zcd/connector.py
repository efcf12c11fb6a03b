"""The ZCD connector: which page to ask for, what of it is new, and how far the cursor may go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple, Self

from connectors.zcd.config import ZcdConfig
from connectors.zcd.source import JsonObject, Page, ZcdSource
from connectors.zcd.translate import KINDS, RECORD_TYPES, translate
from hub.connect import Batch, Connector, ConnectorConfig, Cursor, InventoryItem, RawRecord, SourceRejected
from hub.connect.frontier import Frontier
from hub.events.records import Draft, RecordType


class ZcdConnector(Connector):
    """Reads ZCD's change feed. Cursor: the frontier of the volgnummers delivered."""

    Config: ClassVar[type[ConnectorConfig]] = ZcdConfig
    version: ClassVar[str] = "1"

    def __init__(self, config: ZcdConfig) -> None:
        self._source = ZcdSource(config)
        self._hole_after = 0

    def check(self) -> None:
        """Get a token and one page."""
        self._source.changes(0, until=self._source.deadline())

    def close(self) -> None:
        """Close the connections."""
        self._source.close()

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """The event of one change."""
        return translate(record.payload)

    def poll(self, cursor: Cursor | None) -> Batch:
        """One page of the newest changes, and one that looks into a hole among those delivered before.

        One hole a poll, in turn: a long list of open transactions costs one request a poll, and holds up
        nothing.
        """
        position = _Position.of(cursor)
        until = self._source.deadline()
        older = self._older(position, until)
        last = older.position.frontier.last
        newest = _take(older.position, last, self._source.changes(last, until=until))
        return Batch(
            records=(*older.records, *newest.records),
            cursor=newest.position.cursor(),
            more=older.more or newest.more,
        )

    def _older(self, position: _Position, until: float) -> _Taken:
        starts = [hole.first for hole in position.frontier.holes()][:-1]
        if not starts:
            return _Taken(position, (), more=False)
        start = next((start for start in starts if start > self._hole_after), starts[0])
        page = self._source.changes(start - 1, until=until)
        self._hole_after = max((number for number, _ in page.changes), default=start)
        return _take(position, start - 1, page)

    def inventory(self) -> Iterator[InventoryItem]:
        """What ZCD holds now; records of a kind that the hub does not know are left out."""
        after: str | None = ""
        while after is not None:
            items, after = self._source.stock(after, until=self._source.deadline())
            yield from (item for item in map(_inventory_item, items) if item is not None)

    def reread(self, items: Sequence[InventoryItem]) -> Iterator[RawRecord]:
        """The current version of each, one request a record."""
        for item in items:
            kind = KINDS[RecordType(item.record_type)]
            change = self._source.record(kind, item.record_id, until=self._source.deadline())
            if change is not None:
                yield _raw_record(f"{kind}/{item.record_id}", change)


class _Position(NamedTuple):
    """What was delivered, and the highest `stabielTot` seen: one that falls means that ZCD went back in
    time."""

    frontier: Frontier = Frontier()
    stable: int = 0

    @classmethod
    def of(cls, cursor: Cursor | None) -> Self:
        if cursor is None:
            return cls()
        stable = cursor.state.get("stable")
        if cursor.version != 1 or not isinstance(stable, int):
            raise SourceRejected("The saved position was not written by this connector.")
        try:
            return cls(Frontier.from_state(cursor.state), stable)
        except ValueError as error:
            raise SourceRejected("The saved position was not written by this connector.") from error

    def cursor(self) -> Cursor:
        return Cursor(state={**self.frontier.to_state(), "stable": self.stable})


class _Taken(NamedTuple):
    position: _Position
    records: tuple[RawRecord, ...]
    more: bool


def _take(position: _Position, after: int, page: Page) -> _Taken:
    """What of the page after a number is new. Pure.

    The page holds all that is visible from there to its end, so what it lacks up to `stable` will never come.
    """
    frontier, stable = position
    if page.stable < stable:
        raise SourceRejected("ZCD went back in time: restored from a backup? Reset this source.", "stabielTot")
    limit = page.stable if frontier.is_full else None
    new = [
        (number, change)
        for number, change in page.changes
        if number > after and number not in frontier and (limit is None or number <= limit)
    ]
    end = max(number for number, _ in page.changes) if page.more and page.changes else page.stable
    moved = frontier.resolve_all((number, number) for number, _ in new).resolve(after + 1, min(end, page.stable))
    return _Taken(
        position=_Position(moved, page.stable),
        records=tuple(_raw_record(number, change) for number, change in new),
        more=page.more and moved != frontier,
    )


def _raw_record(position: int | str, change: JsonObject) -> RawRecord:
    """The change as it came; of one that ZCD itself could not read, the text that it passes on."""
    text = change.get("onleesbaar")
    if isinstance(text, str) and len(change) == 2:
        return RawRecord(position=str(position), payload=text.encode("utf-8", "surrogatepass"))
    try:
        text = json.dumps(change, separators=(",", ":"))
    except RecursionError:
        text = ""  # unreadable, and the next ones go on
    return RawRecord(position=str(position), payload=text.encode())


def _inventory_item(item: JsonObject) -> InventoryItem | None:
    """None for a kind that the hub does not know."""
    kind, dossier, record = item.get("soort"), item.get("dossiernummer"), item.get("id")
    version, deleted = item.get("versie"), item.get("verwijderd")
    if not (isinstance(kind, str) and isinstance(dossier, str) and isinstance(record, str)):
        raise SourceRejected("ZCD does not keep to the agreed format of its inventory.", "voorraad")
    if not (isinstance(version, int) and isinstance(deleted, bool)):
        raise SourceRejected("ZCD does not keep to the agreed format of its inventory.", "voorraad")
    known = RECORD_TYPES.get(kind)
    return None if known is None else InventoryItem(dossier, known.value, record, version, deleted)
