"""What humans decided on who is who and who lives where, laid over what the sources state.

A ruling beats the machine through everything that comes later, until it is taken back. Everything here is derived
each time from the current statements and the current rulings, never stored: so the order of arrival cannot matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Protocol

from hub.events.decisions import Kind, NamedLine, decision_of
from hub.events.ids import DossierRef, Order
from hub.household.dossier import Dossier, Line, order_of

TENTATIVE: Final = "~"
"""First character of the keys that are made here: of a line whose number is doubted, and of several lines without a
number that are one person. No keyed hash begins with it."""


class Effect(StrEnum):
    """What a ruling does now. CONTRADICTED: it would make two valid numbers one person, or another ruling says the
    opposite. IDLE: a line it names is not there, a dossier is closed, or it would move a client out of his own
    dossier."""

    APPLIED = "applied"
    WITHDRAWN = "withdrawn"
    CONTRADICTED = "contradicted"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Ruling:
    """One decision on persons, as the household rules see it. `key` names its register."""

    key: str
    order: Order
    kind: Kind
    withdrawn: bool
    line: NamedLine
    other: NamedLine | None
    doubted: str | None

    @property
    def named(self) -> tuple[NamedLine, ...]:
        """The lines it names."""
        return (self.line,) if self.other is None else (self.line, self.other)

    @property
    def dossiers(self) -> frozenset[DossierRef]:
        """The dossiers of the lines it names."""
        return frozenset(named.dossier for named in self.named)

    @property
    def persons(self) -> frozenset[str]:
        """The persons it names by a valid number."""
        return frozenset(named.person for named in self.named if named.confirmed)

    @property
    def names_lines_of_one_dossier(self) -> bool:
        """Whether two lines of one dossier are meant, which then only their line numbers tell apart."""
        return self.other is not None and self.line.dossier == self.other.dossier


def parse_ruling(event: Mapping[str, Any]) -> Ruling:
    """A decoded registrations.decision that is about persons. Raises ValueError for any other, and for nonsense."""
    if event["body"] is None:
        raise ValueError("no decision")
    decision = decision_of(event)
    if decision.line is None:
        raise ValueError("no decision on persons")
    key = f"{event['source']}/{event['dossier_id']}#{event['record_id']}"
    order = order_of(event)
    return Ruling(key, order, decision.kind, decision.withdrawn, decision.line, decision.other, decision.doubted)


class Statements(Protocol):
    """What the sources state and what humans decided, as it came in. Deleted dossiers are absent."""

    def dossier(self, ref: DossierRef) -> Dossier | None:
        """Current composition of a dossier, as stated."""

    def dossiers_of(self, person: str) -> Collection[DossierRef]:
        """Every dossier that states this person key."""

    def rulings_about(self, ref: DossierRef) -> Collection[Ruling]:
        """Every current ruling, withdrawn ones too, that names a line of this dossier."""

    def rulings_naming(self, person: str) -> Collection[Ruling]:
        """Every current ruling, withdrawn ones too, that names this person by a valid number."""


class Ruled:
    """The registry as humans decided it (`clustering.Registry`). Remembers what it derived: one per change.

    Persons: a line whose number is doubted becomes a person of its own; then lines that are one person by decision get
    one key, that of the valid number if there is one. A chain of such decisions that would join two valid numbers, or
    two lines that are different by decision, joins nobody.
    """

    def __init__(self, statements: Statements, *, any_rulings: bool = True) -> None:
        """`any_rulings` False: nobody has decided anything yet, so nothing is looked up."""
        self._statements = statements
        self._any_rulings = any_rulings
        self._dossiers: dict[DossierRef, Dossier | None] = {}
        self._groups: dict[str, frozenset[str]] = {}
        self._detached_in: dict[str, DossierRef] = {}
        self._near: dict[str, frozenset[DossierRef]] = {}

    def dossier(self, ref: DossierRef) -> Dossier | None:
        """Current composition of a dossier, its persons and residence as decided."""
        if ref not in self._dossiers:
            self._dossiers[ref] = self._as_decided(ref)
        return self._dossiers[ref]

    def dossiers_of(self, person: str) -> Collection[DossierRef]:
        """Every dossier that may name this person, whichever decisions hold, and those that decisions on him are about:
        what these decisions do stands there."""
        if not self._any_rulings:
            return self._statements.dossiers_of(person)
        if person.startswith(TENTATIVE):  # what it stands for may not have been derived yet: not remembered
            return self._dossiers_near(person)
        if person not in self._near:
            is_free = not self._rulings_of((person,))
            self._near[person] = frozenset(self._stating(person)) if is_free else self._dossiers_near(person)
        return self._near[person]

    def _dossiers_near(self, person: str) -> frozenset[DossierRef]:
        reached = self._reach(person)
        stating = {ref for key in reached for ref in self._stating(key)}
        return frozenset(stating.union(*(ruling.dossiers for ruling in self._rulings_of(reached))))

    def joined(self, person: str) -> set[str]:
        """Persons of whom a human decided that they are of this person's household."""
        if not self._any_rulings or (not person.startswith(TENTATIVE) and not self._rulings_of((person,))):
            return set()
        found: set[str] = set()
        for ruling in self._rulings_of(self._group(person)):
            if ruling.kind is Kind.SAME_HOUSEHOLD:
                found |= {other for pair in self._tied(ruling) if person in pair for other in pair}
        return found - {person}

    def concerned(self, refs: Iterable[DossierRef]) -> tuple[set[DossierRef], set[str]]:
        """These dossiers and all that a ruling about one of them names, and whom these rulings name by number.

        Whoever is decided differently when these dossiers or rulings change is among the latter, is named in the
        former, or is tied to one of them by rulings on who is one person (`dossiers_of`)."""
        found = set(refs)
        rulings = [ruling for ref in found for ruling in self._statements.rulings_about(ref)]
        return found.union(*(ruling.dossiers for ruling in rulings)), {p for ruling in rulings for p in ruling.persons}

    def rulings(self, refs: Iterable[DossierRef]) -> list[tuple[Ruling, Effect]]:
        """All rulings about these dossiers, withdrawn ones too, with what each does now; sorted by key."""
        found = {ruling.key: ruling for ref in refs for ruling in self._statements.rulings_about(ref)}
        return [(found[key], self._effect(found[key])) for key in sorted(found)]

    def _as_decided(self, ref: DossierRef) -> Dossier | None:
        stated = self._statements.dossier(ref)
        if stated is None or not self._statements.rulings_about(ref):
            return stated
        lines = tuple(self._line(ref, line) for line in stated.lines)
        return replace(stated, lines=lines, client=next((line.person for line in lines if line.is_client), ""))

    def _line(self, ref: DossierRef, line: Line) -> Line:
        person = self._person(self._key(ref, line))
        about = [ruling for ruling in self._statements.rulings_about(ref) if self._places(ruling, ref, line)]
        latest = max(about, key=lambda ruling: (ruling.order, ruling.key), default=None)
        if latest is None:
            return replace(line, person=person)
        if latest.kind is Kind.LIVES_HERE:
            return replace(line, person=person, lives_here=True, decided_at=latest.order.recorded_at)
        return replace(line, person=person, lives_here=line.is_client)

    def _places(self, ruling: Ruling, ref: DossierRef, line: Line) -> bool:
        """Whether the ruling says where the person of this line lives."""
        residence = ruling.kind in (Kind.LIVES_HERE, Kind.LIVES_ELSEWHERE)
        here = residence and not ruling.withdrawn and ruling.line.dossier == ref
        return here and line in self._lines(ruling, ruling.line)

    def _lines(self, ruling: Ruling, named: NamedLine) -> list[Line]:
        """The stated lines that a ruling means: those of the person it named, where it named one by a valid number,
        so that it survives a renumbering; else the line of that number."""
        stated = self._statements.dossier(named.dossier)
        by_person = named.confirmed and not ruling.names_lines_of_one_dossier
        return [
            line
            for line in (stated.lines if stated else ())
            if (line.person == named.person if by_person else line.line == named.line)
        ]

    def _key(self, ref: DossierRef, line: Line) -> str:
        """The person key of a line: the stated one, or its own if its number is doubted."""
        if not any(self._doubts(ruling, ref, line) for ruling in self._statements.rulings_about(ref)):
            return line.person
        key = _tentative("\0".join([*ref, line.line]))
        self._detached_in[key] = ref
        return key

    def _doubts(self, ruling: Ruling, ref: DossierRef, line: Line) -> bool:
        if ruling.kind is not Kind.DIFFERENT_PERSON or ruling.withdrawn or ruling.other is None:
            return False
        doubted, other = (ruling.line, ruling.other) if ruling.doubted == "line" else (ruling.other, ruling.line)
        if doubted.dossier != ref or line not in self._lines(ruling, doubted):
            return False
        return line.person == other.person or line.person in {item.person for item in self._lines(ruling, other)}

    def _keys(self, ruling: Ruling, named: NamedLine) -> set[str]:
        """Person keys that a named line stands for now. Who was named by a valid number is known by it also when the
        dossier no longer names him."""
        lines = self._lines(ruling, named)
        return {self._key(named.dossier, line) for line in lines} or ({named.person} if named.confirmed else set())

    def _stating(self, key: str) -> Collection[DossierRef]:
        return (self._detached_in[key],) if key in self._detached_in else self._statements.dossiers_of(key)

    def _rulings_of(self, keys: Iterable[str]) -> list[Ruling]:
        """All rulings that may name one of these person keys."""
        found: dict[str, Ruling] = {}
        for key in keys:
            for ref in self._stating(key):
                for ruling in self._statements.rulings_about(ref):
                    found[ruling.key] = ruling
            for ruling in self._statements.rulings_naming(key):
                found[ruling.key] = ruling
        return list(found.values())

    def _group(self, key: str) -> frozenset[str]:
        """All keys that lines have and that are one person with this one."""
        if key not in self._groups:
            reached = self._reach(key)
            group = frozenset(reached) if self._is_one_person(reached) else None
            for item in reached:
                self._groups[item] = group or frozenset({item})
        return self._groups[key]

    def _reach(self, key: str) -> set[str]:
        reached = set(self._groups.get(key, (key,)))
        waiting = list(reached)
        while waiting:
            now = waiting.pop()
            for one, other in self._pairs([now], Kind.SAME_PERSON):
                new = {one, other} - reached if now in (one, other) else set()
                reached |= new
                waiting += new
        return reached

    def _pairs(self, keys: Iterable[str], kind: Kind) -> Iterator[tuple[str, str]]:
        """The pairs of person keys on which rulings of a kind were made."""
        for ruling in self._rulings_of(keys):
            if ruling.kind is kind and not ruling.withdrawn and ruling.other is not None:
                for one in self._keys(ruling, ruling.line):
                    yield from ((one, other) for other in self._keys(ruling, ruling.other))

    def _is_one_person(self, keys: set[str]) -> bool:
        if len(keys) == 1:
            return True
        if sum(self._is_confirmed(key) for key in keys) > 1:
            return False
        return not any(one in keys and other in keys for one, other in self._pairs(keys, Kind.DIFFERENT_PERSON))

    def _is_confirmed(self, key: str) -> bool:
        """Whether the key comes from a valid number."""
        if key in self._detached_in:
            return False
        stated = (self._statements.dossier(ref) for ref in self._statements.dossiers_of(key))
        return bool(self._statements.rulings_naming(key)) or any(
            line.confirmed for found in stated if found for line in found.lines if line.person == key
        )

    def _person(self, key: str) -> str:
        """The one key of a person: that of the valid number; else, of several, one of their own."""
        group = self._group(key)
        known = [item for item in group if self._is_confirmed(item)]
        if known or len(group) == 1:
            return known[0] if known else key
        together = _tentative(min(group))
        self._groups[together] = group
        return together

    def _persons(self, ruling: Ruling) -> list[tuple[str, str]]:
        assert ruling.other is not None
        return [
            (self._person(one), self._person(other))
            for one in self._keys(ruling, ruling.line)
            for other in self._keys(ruling, ruling.other)
        ]

    def _tied(self, ruling: Ruling) -> list[tuple[str, str]]:
        """The persons, two by two, whose households a ruling ties now: only open dossiers make a household, and only
        persons whom a dossier names are in one."""
        if not self._in_force(ruling):
            return []
        return [pair for pair in self._persons(ruling) if all(map(self._is_named, pair))]

    def _in_force(self, ruling: Ruling) -> bool:
        found = [self._statements.dossier(ref) for ref in ruling.dossiers]
        return not ruling.withdrawn and all(dossier is not None and dossier.is_open for dossier in found)

    def _is_named(self, person: str) -> bool:
        group = self._group(person)
        refs = {ref for key in group for ref in self._stating(key)}
        found = ((ref, dossier) for ref in refs if (dossier := self._statements.dossier(ref)))
        return any(self._key(ref, line) in group for ref, dossier in found for line in dossier.lines)

    def _effect(self, ruling: Ruling) -> Effect:
        if ruling.withdrawn:
            return Effect.WITHDRAWN
        if ruling.other is None:
            return Effect.APPLIED if self._moves_somebody(ruling) else Effect.IDLE
        if ruling.kind is Kind.SAME_HOUSEHOLD:
            return Effect.APPLIED if self._tied(ruling) else Effect.IDLE
        pairs = self._persons(ruling)
        if not pairs:
            return Effect.IDLE
        as_decided = (ruling.kind is Kind.SAME_PERSON) == all(one == other for one, other in pairs)
        return Effect.APPLIED if as_decided else Effect.CONTRADICTED

    def _moves_somebody(self, ruling: Ruling) -> bool:
        stated = self._statements.dossier(ruling.line.dossier)
        lines = self._lines(ruling, ruling.line)
        may_leave = ruling.kind is Kind.LIVES_HERE or not any(line.is_client for line in lines)
        return bool(stated and stated.is_open and lines and may_leave)


def _tentative(text: str) -> str:
    return TENTATIVE + hashlib.sha256(text.encode()).hexdigest()[:32]
