"""The job over plain dictionaries, for contestants that keep no recoverable state: the household rules of
`hub.household` and the clocks of the protocol, and nothing that survives the process.

Each class takes messages one by one and gives, when asked, what changed since it was last asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from hub.events.codec import decode, encode
from hub.events.ids import DossierRef
from hub.household.clustering import Household, LineRef, Neighbourhood
from hub.household.dossier import Dossier, order_of, parse_dossier
from hub.household.view import (
    Entry,
    EntryKey,
    View,
    empty_view,
    encode_view,
    with_composition,
    with_entries,
)

Puts = dict[str, dict[EntryKey, Entry]]
"""Registers to put, by household."""


class Assignment(NamedTuple):
    """The household that a dossier belongs to since when."""

    household: str | None
    since: int


class _Composed(NamedTuple):
    """A household's content; its label is kept beside it."""

    household: Household
    dossiers: tuple[tuple[DossierRef, int, bytes], ...]


class Resolve:
    """Who is one household. Also the `Registry` that the household rules ask."""

    def __init__(self) -> None:
        self._dossiers: dict[DossierRef, Dossier] = {}
        self._messages: dict[DossierRef, bytes] = {}
        self._named: dict[str, set[DossierRef]] = {}
        self._assigned: dict[DossierRef, Assignment] = {}
        self._composed: dict[str, tuple[int, _Composed | None]] = {}
        self._moved: dict[DossierRef, Assignment] = {}
        self._changed: set[str] = set()

    def dossier(self, ref: DossierRef) -> Dossier | None:
        """See `Registry`."""
        found = self._dossiers.get(ref)
        return None if found is None or found.deleted else found

    def dossiers_of(self, person: str) -> Collection[DossierRef]:
        """See `Registry`."""
        return self._named.get(person, ())

    def joined(self, person: str) -> Collection[str]:
        """See `Registry`: nobody decides anything here."""
        return ()

    def take(self, clock: int, message: bytes) -> None:
        """One composition. Steps must come in the order of their clocks."""
        dossier = parse_dossier(decode(message).value)
        known = self._dossiers.get(dossier.ref)
        if known and known.order >= dossier.order:
            return
        before = Neighbourhood(self).surroundings({dossier.ref})
        self._dossiers[dossier.ref] = dossier
        self._messages[dossier.ref] = message
        for person in (known.persons if known else frozenset()) ^ dossier.persons:
            self._named.setdefault(person, set()).symmetric_difference_update({dossier.ref})
        self._regroup(clock, dossier.ref, Neighbourhood(self).around({dossier.ref}, before=before))

    def assignments(self) -> dict[DossierRef, Assignment]:
        """Dossiers that belong elsewhere now."""
        moved, self._moved = self._moved, {}
        return moved

    def compositions(self) -> dict[str, bytes]:
        """Households whose content changed, as messages."""
        changed, self._changed = self._changed, set()
        return {household: _composition(household, *self._composed[household]) for household in changed}

    def _regroup(self, clock: int, changed: DossierRef, households: list[Household]) -> None:
        moved = {dossier.ref for household in households for dossier in household.dossiers} | {changed}
        former = {found.household for ref in moved if (found := self._assigned.get(ref)) and found.household}
        if self.dossier(changed) is None:
            self._assign(clock, changed, None)
        for household in households:
            for dossier in household.dossiers:
                self._assign(clock, dossier.ref, household.id)
            self._compose(clock, household)
        for gone in former - {household.id for household in households}:
            self._composed[gone] = clock, None
            self._changed.add(gone)

    def _assign(self, clock: int, ref: DossierRef, household: str | None) -> None:
        found = self._assigned.get(ref)
        if found is None or found.household != household:
            self._assigned[ref] = self._moved[ref] = Assignment(household, clock)

    def _compose(self, clock: int, household: Household) -> None:
        parts = (
            (found.ref, self._assigned[found.ref].since, self._messages[found.ref]) for found in household.dossiers
        )
        composed = _Composed(household, tuple(parts))
        if household.id not in self._composed or self._composed[household.id][1] != composed:
            self._composed[household.id] = clock, composed
            self._changed.add(household.id)


class Route:
    """Every register of a dossier to the household that the dossier belongs to."""

    def __init__(self) -> None:
        self._assigned: dict[bytes, Assignment] = {}
        self._registers: dict[bytes, dict[EntryKey, Entry]] = {}
        self._puts: Puts = {}

    def register(self, dossier: bytes, message: bytes) -> None:
        """One record."""
        event = decode(message).value
        key = DossierRef(event["source"], event["dossier_id"]), event["record_type"], event["record_id"]
        entry = Entry(0, order_of(event), event["deleted"], message)
        registers = self._registers.setdefault(dossier, {})
        if key not in registers or registers[key].order < entry.order:
            registers[key] = entry
            self._put(dossier, {key: entry})

    def assign(self, dossier: bytes, assignment: Assignment) -> None:
        """Where the dossier belongs."""
        known = self._assigned.get(dossier)
        if known is None or known.since < assignment.since:
            self._assigned[dossier] = assignment
            self._put(dossier, self._registers.get(dossier, {}))

    def puts(self) -> Puts:
        """What is to be sent."""
        puts, self._puts = self._puts, {}
        return puts

    def _put(self, dossier: bytes, registers: Mapping[EntryKey, Entry]) -> None:
        assigned = self._assigned.get(dossier)
        if assigned and assigned.household and registers:
            since = assigned.since
            routed = {key: replace(entry, since=since) for key, entry in registers.items()}
            self._puts.setdefault(assigned.household, {}).update(routed)


class Assemble:
    """One view per household."""

    def __init__(self) -> None:
        self._views: dict[str, View] = {}
        self._touched: set[str] = set()

    def compose(self, household: str, message: bytes) -> None:
        """Who is in it."""
        self._views[household] = with_composition(self._view(household), message)
        self._touched.add(household)

    def put(self, household: str, entries: Mapping[EntryKey, Entry]) -> None:
        """What is known of it."""
        self._views[household] = with_entries(self._view(household), entries)
        self._touched.add(household)

    def views(self) -> dict[str, bytes]:
        """Views that were touched, as messages."""
        touched, self._touched = self._touched, set()
        return {household: encode_view(self._views[household]) for household in touched}

    def _view(self, household: str) -> View:
        return self._views.get(household) or empty_view(household)


def _composition(household: str, label: int, composed: _Composed | None) -> bytes:
    found = composed.household if composed else None
    value = {
        "household": household,
        "label": label,
        "gone": found is None,
        "status": "" if found is None else "open" if found.is_open else "closed",
        "oversized": found is not None and found.oversized,
        "dossiers": [
            {**ref._asdict(), "since": since, "composition": message}
            for ref, since, message in (composed.dossiers if composed else ())
        ],
        "members": _lines(found.members if found else ()),
        "references": _lines(found.references if found else ()),
        "history": _lines(found.history if found else ()),
        "conflicts": _lines(found.conflicts if found else ()),
        "decisions": [],
    }
    return encode("households.composition", value)


def _lines(refs: Iterable[LineRef]) -> list[dict[str, str]]:
    return [{**ref._asdict(), "line": line, "person": person} for ref, line, person in refs]
