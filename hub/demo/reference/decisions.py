"""What humans decided on who is who and who lives where, laid over what the sources state: all at once, with sets.

A second reading of the rules of `hub.household.rulings`, which it does not use: docs/adr/0007 states them in words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Final, NamedTuple

Person = Hashable
DossierKey = tuple[str, str]
Ref = tuple[str, str, str]
"""(source, dossier, line)."""
NOT_DECIDED: Final = -1
_MICROSECOND: Final = timedelta(microseconds=1)


class Statement(NamedTuple):
    """One member line as its source states it. `sure`: the person is known by a valid number."""

    ref: Ref
    person: Person
    sure: bool
    is_client: bool
    lives_here: bool


class Named(NamedTuple):
    """A line as a decision names it: as it was then. Of a `sure` person the number counts, else the line."""

    ref: Ref
    person: Person
    sure: bool


class Decision(NamedTuple):
    """The version of a decision that counts. `rank` orders decisions in time; `at`: when, in microseconds."""

    key: str
    rank: tuple[Any, ...]
    kind: str
    withdrawn: bool
    one: Named
    other: Named | None
    doubted: str | None
    at: int

    @property
    def named(self) -> list[Named]:
        """The lines it names."""
        return [named for named in (self.one, self.other) if named]

    @property
    def dossiers(self) -> set[DossierKey]:
        """The dossiers it is about."""
        return {named.ref[:2] for named in self.named}


def read(lines: Iterable[str | bytes], numbers: Mapping[Ref, str | None]) -> list[Decision]:
    """Decisions, one JSON object a line: `id`, `version`, `decided_at` (ISO 8601), `kind`, `withdrawn`, `line` and
    `other` (`source`, `dossier_id`, `line`; of a person who was known by a BSN `bsn`, or `confirmed` if the line still
    states it: `numbers`), `doubted`. Of each id the greatest version counts."""
    found: dict[str, tuple[int, Decision]] = {}
    for line in lines:
        if line.strip():
            value = json.loads(line)
            version = value["version"]
            if value["id"] not in found or version >= found[value["id"]][0]:
                found[value["id"]] = version, _decision(value, numbers)
    return [decision for _, decision in found.values()]


def _decision(value: Mapping[str, Any], numbers: Mapping[Ref, str | None]) -> Decision:
    moment = datetime.fromisoformat(value["decided_at"]).astimezone(UTC)
    at = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND
    one = _named(value["line"], numbers)
    other = _named(value["other"], numbers) if value.get("other") else None
    rank = (value["version"], at)
    return Decision(value["id"], rank, value["kind"], value["withdrawn"], one, other, value.get("doubted"), at)


def _named(value: Mapping[str, Any], numbers: Mapping[Ref, str | None]) -> Named:
    ref = value["source"], value["dossier_id"], value["line"]
    bsn = value.get("bsn") or (numbers.get(ref) if value.get("confirmed") else None)
    return Named(ref, (bsn,), True) if bsn else Named(ref, ref, False)


@dataclass(frozen=True)
class Decided:
    """Per line its person and whether he lives there (and since when a human says so); persons tied across households;
    what each decision does; which persons are known by a number."""

    person: Mapping[Ref, Person]
    lives_here: Mapping[Ref, bool]
    decided_at: Mapping[Ref, int]
    ties: list[frozenset[Person]]
    effects: Mapping[str, str]
    sure: frozenset[Person]


def decide(statements: Iterable[Statement], is_open: set[DossierKey], decisions: Iterable[Decision]) -> Decided:
    """The whole computation. `is_open`: the open ones of all dossiers that state something."""
    town = _Town({item.ref: item for item in statements}, is_open, list(decisions))
    persons = town.persons()

    def person_of(key: Person) -> Person:
        return persons.get(key, key)

    residence = {ref: town.residence(ref) for ref in town.stated}
    return Decided(
        person={ref: person_of(key) for ref, key in town.keys.items()},
        lives_here={ref: lives for ref, (lives, _) in residence.items()},
        decided_at={ref: at for ref, (_, at) in residence.items()},
        ties=[
            frozenset(pair)
            for item in town.active
            if item.kind == "same_household"
            for pair in town.tied(item, person_of)
        ],
        effects={item.key: town.effect(item, person_of) for item in town.every},
        sure=town.sure,
    )


class _Town:
    """Everything that is stated and decided now."""

    def __init__(self, stated: dict[Ref, Statement], is_open: set[DossierKey], every: list[Decision]) -> None:
        self.stated = stated
        self.of_dossier: dict[DossierKey, list[Ref]] = {}
        for ref in stated:
            self.of_dossier.setdefault(ref[:2], []).append(ref)
        self.is_open = is_open
        self.every = every
        self.active = [item for item in every if not item.withdrawn]
        self.sure = frozenset(
            [item.person for item in stated.values() if item.sure]
            + [named.person for item in every for named in item.named if named.sure]
        )
        self.keys = self._keys()

    def lines(self, item: Decision, named: Named) -> set[Ref]:
        """The lines that are meant: by number where there is one. Two lines of one dossier are told apart by line."""
        by_number = named.sure and not (item.other and item.one.ref[:2] == item.other.ref[:2])
        return {
            ref
            for ref in self.of_dossier.get(named.ref[:2], ())
            if (self.stated[ref].person == named.person if by_number else ref == named.ref)
        }

    def _keys(self) -> dict[Ref, Person]:
        """Per line its person; a line whose number is doubted, where both state the same, becomes a person itself."""
        keys = {ref: line.person for ref, line in self.stated.items()}
        for item in self.active:
            if item.kind == "different_person" and item.other:
                doubted, trusted = (item.one, item.other) if item.doubted == "line" else (item.other, item.one)
                taken = {trusted.person} | {self.stated[ref].person for ref in self.lines(item, trusted)}
                for ref in self.lines(item, doubted):
                    if self.stated[ref].person in taken:
                        keys[ref] = ("doubted", ref)
        return keys

    def _meant(self, item: Decision, named: Named) -> set[Person]:
        found = {self.keys[ref] for ref in self.lines(item, named)}
        return found or ({named.person} if named.sure else set())

    def pairs(self, item: Decision) -> list[tuple[Person, Person]]:
        """The persons, two by two, on whom a decision about two was made."""
        return list(product(self._meant(item, item.one), self._meant(item, item.other))) if item.other else []

    def _pairs_of(self, kind: str) -> Iterator[tuple[Person, Person]]:
        return (pair for item in self.active if item.kind == kind for pair in self.pairs(item))

    def persons(self) -> dict[Person, Person]:
        """Key to person. A group with two numbers, or with two who are different, falls apart altogether."""
        same, apart = list(self._pairs_of("same_person")), list(self._pairs_of("different_person"))
        groups: list[set[Person]] = []
        for pair in same:
            touching = [group for group in groups if group & set(pair)]
            groups = [group for group in groups if not group & set(pair)] + [set(pair).union(*touching)]
        found: dict[Person, Person] = {}
        for group in groups:
            known = group & self.sure
            if len(known) < 2 and not any(one in group and other in group for one, other in apart):
                found |= dict.fromkeys(group, next(iter(known), ("together", frozenset(group))))
        return found

    def residence(self, ref: Ref) -> tuple[bool, int]:
        """Whether the line's person lives there, by the latest decision on that, else by the source."""
        about = [
            item for item in self.active if item.kind in ("lives_here", "lives_elsewhere") and ref in self._about(item)
        ]
        latest = max(about, key=lambda item: (item.rank, item.key), default=None)
        line = self.stated[ref]
        if latest is None:
            return line.is_client or line.lives_here, NOT_DECIDED
        return (True, latest.at) if latest.kind == "lives_here" else (line.is_client, NOT_DECIDED)

    def _about(self, item: Decision) -> set[Ref]:
        return self.lines(item, item.one)

    def tied(self, item: Decision, person_of: Callable[[Person], Person]) -> list[tuple[Person, Person]]:
        """Only open dossiers make a household, and only persons whom a dossier names are in one."""
        named = {person_of(key) for key in self.keys.values()}
        both = [(person_of(one), person_of(other)) for one, other in self.pairs(item)]
        return [pair for pair in both if item.dossiers <= self.is_open and set(pair) <= named]

    def effect(self, item: Decision, person_of: Callable[[Person], Person]) -> str:
        """What it does now: applied, withdrawn, contradicted or idle."""
        if item.withdrawn:
            return "withdrawn"
        if item.other is None:
            lines = self.lines(item, item.one)
            stays = item.kind == "lives_elsewhere" and any(self.stated[ref].is_client for ref in lines)
            return "applied" if lines and not stays and item.dossiers <= self.is_open else "idle"
        pairs = self.pairs(item)
        if item.kind == "same_household":
            return "applied" if self.tied(item, person_of) else "idle"
        alike = all(person_of(one) == person_of(other) for one, other in pairs)
        return "idle" if not pairs else "applied" if alike == (item.kind == "same_person") else "contradicted"
