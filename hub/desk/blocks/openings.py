"""What of a household is withheld from its reader, and what opens it to others: consent, and emergencies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from hub.desk.access import Actor, Role
from hub.desk.access.consent import required
from hub.desk.access.facts import Emergency, births_of, emergencies
from hub.desk.access.grounds import OF_KIND, OWN
from hub.desk.blocks.glance import Contact
from hub.events.decisions import DECISION, Kind
from hub.events.ids import DossierRef, ref_of
from hub.events.moments import text_of
from hub.household.document_shape import DecisionEntry, Document, Dossier, GivenConsent, MemberLine
from hub.household.rulings import Effect

OPENING_KINDS: Final = frozenset({Kind.CONSENT.value, Kind.EMERGENCY.value, Kind.EMERGENCY_REVIEW.value})
"""Decisions that stand here and not among those on who is who and who directs."""
_OTHER_UNIT: Final = {"youth": "adult", "adult": "youth"}
_MOST_TO_ASK: Final = 3


class Withheld(NamedTuple):
    """A dossier of which the reader sees nothing but that it is there, or (`is_part`) only what consent opens, by life
    `domains` if it names them. `because`: `unit`, `no_unit`, `team` or `safety`; `ask`: who works on it."""

    dossier: Dossier
    is_part: bool
    domains: list[str]
    because: str
    ask: list[Contact]


class Agreement(NamedTuple):
    """A consent. `state`: `runs`, `ended`, `withdrawn`, `age` (somebody else must give it at his age now), or `gone`
    (the dossier does not name him any more)."""

    entry: DecisionEntry
    state: str


class GlassBroken(NamedTuple):
    """An emergency access. `until`: when it ends, or was ended (ISO, UTC); `seconds_left` 0: it is over."""

    entry: DecisionEntry
    user: str
    until: str
    seconds_left: int
    review: DecisionEntry | None

    @property
    def minutes_left(self) -> int:
        """Of the minutes, the last one counts until it is over."""
        return math.ceil(self.seconds_left / 60)


class Asked(NamedTuple):
    """A member line for whose person the reader may record consent: for which `unit`, and who must give it."""

    line: MemberLine
    unit: str
    givers: frozenset[str]


def withheld(document: Document, actor: Actor, involved: Mapping[str, Iterable[Contact]]) -> list[Withheld]:
    """What the reader does not see. `involved`: those who are so today, by group."""
    seen = {ref_of(item): item for item in document["access"] if item["content"] != "all"}
    found = ((item, seen[ref_of(item)]) for item in document["dossiers"] if ref_of(item) in seen)
    return [
        Withheld(
            dossier,
            access["content"] == "part",
            access["domains"],
            _because(actor, dossier["kind"]),
            [item for item in involved.get(dossier["kind"], ()) if dossier["source"] in item.sources][:_MOST_TO_ASK],
        )
        for dossier, access in found
    ]


def _because(actor: Actor, kind: str) -> str:
    if actor.role is Role.SAFETY_OFFICER:
        return "safety"
    if not actor.unit:
        return "no_unit"
    return "team" if actor.unit == kind else "unit"


def agreements(document: Document, today: date) -> list[Agreement]:
    """Every consent, the newest first."""
    persons = _persons(document)
    return [
        Agreement(entry, _state(document, entry, given, persons, today))
        for entry in reversed(document["decisions"])
        if (given := entry["consent"]) is not None
    ]


def _persons(document: Document) -> dict[tuple[DossierRef, str], str]:
    return {(ref_of(line), line["stated_key"]): line["person_key"] for line in document["lines"]}


def _state(
    document: Document,
    entry: DecisionEntry,
    given: GivenConsent,
    persons: Mapping[tuple[DossierRef, str], str],
    today: date,
) -> str:
    person = persons.get((ref_of(given), given["person"]))
    if entry["effect"] == Effect.WITHDRAWN:
        return "withdrawn"
    if given["until"] < today.isoformat():
        return "ended"
    if person is None:
        return "gone"
    return "runs" if required(births_of(document, person), today) <= set(given["given_by"]) else "age"


def broken(document: Document, now: datetime) -> list[GlassBroken]:
    """Every emergency access, the newest first; `now`: UTC."""
    records = (item for item in document["records"] if item["record_type"] == DECISION)
    known = {item.decision_id: item for item in emergencies(records)}
    reviews = {
        said["emergency"]: item
        for item in document["decisions"]
        if (said := item["review"]) is not None and item["effect"] != Effect.WITHDRAWN
    }
    return [
        _broken(entry, known[entry["decision_id"]], reviews.get(entry["decision_id"]), now)
        for entry in reversed(document["decisions"])
        if entry["decision_id"] in known
    ]


def _broken(entry: DecisionEntry, access: Emergency, review: DecisionEntry | None, now: datetime) -> GlassBroken:
    left = max(0, math.ceil((access.until - now).total_seconds()))
    until = text_of(access.until, "seconds")
    return GlassBroken(entry, access.user, until, left, review)


def own_lines(document: Document, today: date) -> list[Asked]:
    """For whom the reader may record consent: the lines of dossiers that are part of his own work."""
    own = {ref_of(item) for item in document["access"] if not OWN.isdisjoint(item["grounds"])}
    kinds = {ref_of(item): item["kind"] for item in document["dossiers"] if ref_of(item) in own}
    return [
        Asked(line, _OTHER_UNIT[kinds[ref_of(line)]], required(births_of(document, line["person_key"]), today))
        for line in document["lines"]
        if kinds.get(ref_of(line)) in OF_KIND
    ]
