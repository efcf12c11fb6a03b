"""The sides of a reconciliation that ingest knows: what the source holds, what was published; and what follows from
what was found. Beside the ingest that runs: its own connector's process, its index only read."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from hub.connect.api import InventoryItem
from hub.connect.ingest.control import Repair
from hub.connect.ingest.erasing import Withheld
from hub.connect.ingest.index import Entry, Index
from hub.connect.ingest.process import ConnectorProcess
from hub.events.codec import Value
from hub.events.records import RecordType
from hub.ops.reconcile import OLDER_EPOCH, Difference, Kind, Outcome, Published, Record, Stated


class Shown(NamedTuple):
    """How to ask the read model."""

    records: Callable[[], Iterable[Stated]]
    teams: Callable[[], Mapping[str, str]]


class SourceSides:
    """See `hub.ops.reconcile.Sides`. `paced(n)`: waits until so many records may be read; `index` None: never read."""

    def __init__(
        self,
        process: ConnectorProcess,
        index: Index | None,
        shown: Shown,
        *,
        source_epoch: int,
        paced: Callable[[int], None],
        withheld: Withheld | None = None,
    ) -> None:
        self._process = process
        self._index = index
        self._shown = shown
        self._epoch = source_epoch
        self._paced = paced
        self._withheld = withheld

    @property
    def is_complete(self) -> bool:
        """Whether the source holds all that it ever told."""
        return self._process.inventory_is_complete

    def source(self) -> Iterator[Stated]:
        """What the source holds, but for what the hub was told to forget."""
        erased = set(self._erased())
        for page in self._process.inventory():
            self._paced(len(page))
            for item in page:
                if not item.deleted and not self._is_erased(item, erased):
                    yield Stated(Record(item.dossier_id, item.record_type, item.record_id), item.version)

    def published(self) -> Iterator[Published]:
        """What was published. A record waits where its dossier's composition was not, or was deleted."""
        composed = {entry.known.dossier_id for entry in self._entries() if _is_composition(entry)}
        for entry in self._entries():
            known = entry.known
            is_present = known.order.source_epoch == self._epoch
            yield Published(
                Record(known.dossier_id, entry.record.record_type, entry.record.record_id),
                known.order.version if is_present else OLDER_EPOCH,
                known.first_published_at,
                known.dossier_id not in composed,
            )

    def shown(self) -> Iterable[Stated]:
        """What the read model shows."""
        return self._shown.records()

    def teams(self) -> Mapping[str, str]:
        """Who directs."""
        return self._shown.teams()

    def _is_erased(self, item: InventoryItem, erased: Container[InventoryItem]) -> bool:
        whole = self._withheld is not None and item.dossier_id in self._withheld.dossiers
        return whole or item._replace(deleted=True) in erased

    def _erased(self) -> Iterator[InventoryItem]:
        """In dossiers of others what was published as deleted of somebody erased, with the source's own version."""
        if self._index is None or self._withheld is None or not self._withheld.lines:
            return
        for record, known in self._index.entries():
            if known.deleted and known.dossier_id in self._withheld.lines:
                yield InventoryItem(known.dossier_id, *record, known.order.version, True)

    def _entries(self) -> Iterator[Entry]:
        if self._index is not None:
            yield from (entry for entry in self._index.entries() if not entry.known.deleted)


def _is_composition(entry: Entry) -> bool:
    return entry.record.record_type == RecordType.COMPOSITION


def repairs(differences: Iterable[Difference], held: Iterable[Stated] = (), *, unshown: bool) -> list[Repair]:
    """What to read again; one request a record. `held`: more that the source holds, to be read again in any case.
    `unshown`: also what was published and is not shown. What the source holds in an older version than was published
    is left out: only a new epoch makes that right."""
    found = {
        (item.record.record_type, item.record.record_id): Repair(_item(item.record, item.stamp), True, False)
        for item in held
    }
    for item in differences:
        if item.kind is Kind.AHEAD or (item.kind is Kind.UNSHOWN and not unshown):
            continue
        repair = _repair(item)
        key = (item.record.record_type, item.record.record_id)
        known = found.get(key)
        if known is not None:
            best = repair.item if repair.held else known.item
            repair = Repair(best, known.held or repair.held, known.forced or repair.forced)
        found[key] = repair
    return list(found.values())


def _repair(item: Difference) -> Repair:
    here, _ = item.stamps
    is_shown_otherwise = item.kind is Kind.UNSHOWN
    version = 0 if here is None or is_shown_otherwise else here
    return Repair(_item(item.record, version), here is not None, is_shown_otherwise)


def _item(record: Record, version: int) -> InventoryItem:
    return InventoryItem(*record, version, False)


def is_certain(outcome: Outcome, *, at_rest: bool) -> bool:
    """Whether it may be kept: what is not shown while the flow has not come to rest may only be on its way."""
    return at_rest or not outcome.count(Kind.UNSHOWN)


def completeness(outcome: Outcome, checked_at: datetime) -> Value:
    """The outcome as the source's status says it."""
    return {
        "checked_at": checked_at,
        "records": outcome.records,
        **{kind.value: outcome.count(kind) for kind in Kind},
        "waiting": outcome.waiting,
        "missing_dossiers": outcome.missing_dossiers,
        "teams": [team._asdict() for team in outcome.teams],
    }
