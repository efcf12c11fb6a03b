"""What the rules look at: one household today, its records sorted by type and by whether their dossier runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from hub.events.ids import DossierRef, ref_of
from hub.events.records import RecordType
from hub.household.attention.point import AttentionPoint, Rule, Severity, SourceState, key_of
from hub.household.attention.terms import Terms
from hub.household.days import parse_day
from hub.household.direction import DirectionEntry, directions
from hub.household.document_shape import Document, Dossier, Person, RecordEntry
from hub.household.requests.threads import Thread, threads

SEVERITY: Final = {
    Rule.CHILD_SAFETY: Severity.HIGH,
    Rule.NO_DIRECTOR: Severity.HIGH,
    Rule.REQUEST_OVERDUE: Severity.HIGH,
    Rule.TWO_DIRECTORS: Severity.MEDIUM,
    Rule.EVALUATION_OVERDUE: Severity.MEDIUM,
    Rule.AFTERCARE_OVERDUE: Severity.MEDIUM,
    Rule.ADULT_TERM: Severity.MEDIUM,
    Rule.NO_SHOWS: Severity.MEDIUM,
    Rule.PLANS_CONTRADICT: Severity.MEDIUM,
    Rule.UNCONFIRMED_IDENTITY: Severity.MEDIUM,
    Rule.SOURCE: Severity.MEDIUM,
    Rule.COMING_OF_AGE: Severity.LOW,
    Rule.PLANS_DOUBLE: Severity.LOW,
    Rule.REREGISTRATION: Severity.LOW,
    Rule.READY_TO_CLOSE: Severity.LOW,
}
"""How much each rule presses, unless it says otherwise of a point."""


@dataclass(frozen=True)
class Facts:
    """The household, the terms, what is known of the sources, and the day. Everything below is derived."""

    document: Document
    terms: Terms
    sources: tuple[SourceState, ...]
    today: date

    @cached_property
    def dossiers(self) -> list[Dossier]:
        """All dossiers, oldest first."""
        return sorted(self.document["dossiers"], key=lambda item: (item["opened_on"], *ref_of(item)))

    @cached_property
    def open_dossiers(self) -> list[Dossier]:
        """Those that run, oldest first. None: the household is closed."""
        return [item for item in self.dossiers if item["status"] == "open"]

    @cached_property
    def open_refs(self) -> tuple[DossierRef, ...]:
        """The numbers of the dossiers that run, oldest first."""
        return tuple(ref_of(item) for item in self.open_dossiers)

    @cached_property
    def directions(self) -> list[DirectionEntry]:
        """All statements of who directs, as `hub.household.direction.directions`."""
        return directions(self.document, self.today)

    @cached_property
    def threads(self) -> list[Thread]:
        """What became of each request for help."""
        return threads(self.document, self.today, self.terms)

    @cached_property
    def _by_type(self) -> Mapping[str, list[RecordEntry]]:
        found: dict[str, list[RecordEntry]] = {}
        for record in sorted(self.document["records"], key=identity):
            found.setdefault(record["record_type"], []).append(record)
        return found

    def records(self, record_type: RecordType) -> list[RecordEntry]:
        """The records of a type, of closed dossiers too, in the order of their identity."""
        return self._by_type.get(record_type.value, [])

    def running(self, record_type: RecordType) -> list[RecordEntry]:
        """The records of a type in dossiers that run."""
        return [item for item in self.records(record_type) if ref_of(item) in self.open_refs]


def closed_day(item: Dossier) -> date | None:
    """The day on which a dossier was closed; None while it runs, or if its source does not say."""
    return parse_day(item["closed_on"]) if item["status"] == "closed" else None


def identity(record: RecordEntry) -> tuple[str, str, str]:
    """What makes a record of one type the record it is: source, dossier, record id."""
    return record["source"], record["dossier_id"], record["record_id"]


def dossiers_of(person: Person) -> tuple[DossierRef, ...]:
    """The dossiers that name somebody."""
    return tuple(sorted(set(map(ref_of, person["source_refs"]))))


def raised(
    rule: Rule,
    key: Iterable[object],
    dossiers: Iterable[DossierRef],
    detail: Mapping[str, object] | None = None,
    *,
    since: date | None = None,
    due: date | None = None,
    persons: Iterable[str] = (),
    severity: Severity | None = None,
) -> AttentionPoint:
    """A point of a rule. `key`: what makes the matter this matter. `severity`: if it is not that of the rule."""
    named = tuple(dict.fromkeys(dossiers))
    return AttentionPoint(
        rule=rule,
        point=key_of(*key),
        severity=severity or SEVERITY[rule],
        since=since,
        due=due,
        dossiers=named,
        sources=tuple(sorted({item.source for item in named})),
        persons=tuple(persons),
        detail=detail or {},
    )
