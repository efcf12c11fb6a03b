"""What must come out, computed in one go from all input: no stage, no state, no engine. And the look at what did."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import accumulate, islice
from typing import Any, NamedTuple

from bench.whole_job.input import Input
from hub.connect.ingest.publisher import Message
from hub.events.codec import decode
from hub.events.ids import DossierRef, Order
from hub.events.topics import COMPOSITIONS
from hub.household.clustering import Household, LineRef, Neighbourhood
from hub.household.dossier import Dossier, order_of, parse_dossier
from hub.household.view import EntryKey, decode_view, visible_entries

_LINES = ("members", "references", "history", "conflicts")


class Shown(NamedTuple):
    """A household as every reader must see it: all of its content, without the clocks that say when that came to be.

    `dossiers`: each with its composition as published; `records`: each visible one with its order and its message."""

    status: str
    oversized: bool
    dossiers: dict[DossierRef, bytes]
    lines: dict[str, list[LineRef]]
    records: dict[EntryKey, tuple[Order, bytes]]


def expected(messages: Iterable[Message]) -> dict[str, Shown]:
    """Every household that there is in the end, by id."""
    dossiers: dict[DossierRef, tuple[Dossier, bytes]] = {}
    records: dict[DossierRef, dict[EntryKey, tuple[Order, bool, bytes]]] = {}
    for message in messages:
        event = decode(message.value).value
        if message.topic == COMPOSITIONS:
            dossier = parse_dossier(event)
            if dossier.ref not in dossiers or dossiers[dossier.ref][0].order < dossier.order:
                dossiers[dossier.ref] = dossier, message.value
        else:
            ref = DossierRef(event["source"], event["dossier_id"])
            key = ref, event["record_type"], event["record_id"]
            of_dossier, order = records.setdefault(ref, {}), order_of(event)
            if key not in of_dossier or of_dossier[key][0] < order:
                of_dossier[key] = order, event["deleted"], message.value
    current = {ref: found for ref, found in dossiers.items() if not found[0].deleted}
    registry = _Registry({ref: dossier for ref, (dossier, _) in current.items()})
    return {
        household.id: Shown(
            "open" if household.is_open else "closed",
            household.oversized,
            {dossier.ref: current[dossier.ref][1] for dossier in household.dossiers},
            _lines_of(household),
            {
                key: (order, payload)
                for dossier in household.dossiers
                for key, (order, deleted, payload) in records.get(dossier.ref, {}).items()
                if not deleted
            },
        )
        for household in Neighbourhood(registry).around(current)
    }


def expected_of(given: Input) -> list[dict[str, Shown]]:
    """What must be there after each wave."""
    ends = accumulate(given.waves, initial=given.warm_up)
    return [expected(messages) for messages in islice(ends, 1, None)]


def shown(message: bytes) -> Shown | None:
    """What a reader sees of a view; None when the household is gone."""
    view = decode_view(message)
    if view.composition is None:
        return None
    value = decode(view.composition).value
    return Shown(
        value["status"],
        value["oversized"],
        {DossierRef(item["source"], item["dossier_id"]): item["composition"] for item in value["dossiers"]},
        {name: [_line(item) for item in value[name]] for name in _LINES},
        {key: (entry.order, entry.payload) for key, entry in visible_entries(view).items()},
    )


def differing(views: Mapping[str, bytes], wanted: Mapping[str, Shown]) -> int:
    """How many households are missing, too many, or not as they should be."""
    found = {household: seen for household, message in views.items() if (seen := shown(message)) is not None}
    return sum(found.get(household) != wanted.get(household) for household in found.keys() | wanted.keys())


class _Registry:
    """All current dossiers, for the household rules. Nobody has decided anything."""

    def __init__(self, dossiers: Mapping[DossierRef, Dossier]) -> None:
        self._dossiers = dossiers
        self._named: dict[str, list[DossierRef]] = {}
        for ref, dossier in dossiers.items():
            for person in dossier.persons:
                self._named.setdefault(person, []).append(ref)

    def dossier(self, ref: DossierRef) -> Dossier | None:
        return self._dossiers.get(ref)

    def dossiers_of(self, person: str) -> Collection[DossierRef]:
        return self._named.get(person, ())

    def joined(self, person: str) -> Collection[str]:
        return ()


def _lines_of(household: Household) -> dict[str, list[LineRef]]:
    return {name: list(getattr(household, name)) for name in _LINES}


def _line(item: Mapping[str, Any]) -> LineRef:
    return DossierRef(item["source"], item["dossier_id"]), item["line"], item["person"]
