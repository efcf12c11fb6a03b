"""Who is one household: components of persons through the open dossiers in which they live (design.md section 5), and
through what humans decided.

A dossier belongs to the component of its client. An address alone never links. After a change only the components
around it are computed again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from hub.events.ids import DossierRef, household_id
from hub.household.dossier import Dossier
from hub.household.residence import agrees, winning_address

MAX_PERSONS: Final = 20
"""Above this a component is a shelter or institution: its dossiers are kept apart. Lower would split large families
(Statistics Netherlands counts hardly any household above 12); higher would show strangers in a shelter to each
other."""


class Registry(Protocol):
    """All current dossiers. Deleted ones are absent from both lookups."""

    def dossier(self, ref: DossierRef) -> Dossier | None:
        """Current composition of a dossier."""

    def dossiers_of(self, person: str) -> Collection[DossierRef]:
        """Every dossier that names this person, living there or not, and all that could if a decision fell away."""

    def joined(self, person: str) -> Collection[str]:
        """Persons whom a human's decision puts in this person's household."""


class Around(NamedTuple):
    """What a change of some dossiers may touch."""

    dossiers: set[DossierRef]
    persons: set[str]


LineRef = tuple[DossierRef, str, str]
"""(dossier, line, person)."""


@dataclass(frozen=True, slots=True)
class Household:
    """One household. Every list is sorted.

    `members`: all lines in these dossiers of persons who belong to it. `conflicts`: lines that say a person lives
    here, while a statement or decision that goes first says elsewhere, or while the dossier's client took it along.
    `references`: lines of persons named who live elsewhere. `history`: lines of closed dossiers whose persons are no
    members now.
    """

    id: str
    is_open: bool
    oversized: bool
    dossiers: tuple[Dossier, ...]
    members: tuple[LineRef, ...]
    references: tuple[LineRef, ...]
    history: tuple[LineRef, ...]
    conflicts: tuple[LineRef, ...]


class Neighbourhood:
    """One look at the registry: remembers the winners it derived. Use one per change, never longer."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._winners: dict[str, str | None] = {}
        self._found: dict[str, list[Dossier]] = {}
        self._living: dict[DossierRef, set[str]] = {}

    def around(
        self, changed: Iterable[DossierRef], persons: Iterable[str] = (), before: Around | None = None
    ) -> list[Household]:
        """All households that a change of these dossiers, and of decisions on these persons, can have touched.

        `before`: what was around them before it. Complete: a household whose content or composition differs from before
        the change has all its dossiers in the result. Sorted by id.
        """
        now = self.surroundings(changed, persons)
        near, start = (now.dossiers | before.dossiers, now.persons | before.persons) if before else now
        for person in start:
            near |= set(self._registry.dossiers_of(person))
        return sorted(self._households(start | self._named_in(near)), key=lambda household: household.id)

    def surroundings(self, refs: Iterable[DossierRef], persons: Iterable[str] = ()) -> Around:
        """These persons and all whom these dossiers name, whom decisions tie to one of those (a tie falls when nothing
        names one of the two any more, whichever dossier did), and every dossier that names one of them."""
        named = self._named_in(refs) | set(persons)
        named |= {other for person in named for other in self._registry.joined(person)}
        return Around({ref for person in named for ref in self._registry.dossiers_of(person)} | set(refs), named)

    def _named_in(self, refs: Iterable[DossierRef]) -> set[str]:
        return {person for ref in refs if (found := self._registry.dossier(ref)) for person in found.persons}

    def _households(self, start: set[str]) -> list[Household]:
        seen: set[str] = set()
        households: list[Household] = []
        for person in sorted(start):
            if person not in seen:
                component = self._component(person)
                seen |= component
                households += self._of_component(component)
        return households

    def _component(self, person: str) -> set[str]:
        component = {person}
        waiting = [person]
        while waiting:
            for other in self._housemates(waiting.pop()) - component:
                component.add(other)
                waiting.append(other)
        return component

    def _housemates(self, person: str) -> set[str]:
        found = set(self._registry.joined(person))
        for dossier in self._dossiers(person):
            living = self._living_in(dossier)
            if person in living:
                found |= living
        return found

    def _living_in(self, dossier: Dossier) -> set[str]:
        """Whom the dossier says live in it, and nothing later says elsewhere; nobody in a closed one."""
        if dossier.ref not in self._living:
            self._living[dossier.ref] = {
                line.person
                for line in (dossier.lines if dossier.is_open else ())
                if line.lives_here and agrees(line, self.winner(line.person))
            }
        return self._living[dossier.ref]

    def _dossiers(self, person: str) -> list[Dossier]:
        if person not in self._found:
            found = (self._registry.dossier(ref) for ref in self._registry.dossiers_of(person))
            self._found[person] = [dossier for dossier in found if dossier is not None]
        return self._found[person]

    def winner(self, person: str) -> str | None:
        """Where the person lives (`residence.winning_address`)."""
        if person not in self._winners:
            self._winners[person] = winning_address(person, self._dossiers(person))
        return self._winners[person]

    def _of_component(self, component: set[str]) -> list[Household]:
        dossiers = {
            dossier.ref: dossier
            for person in component
            for dossier in self._dossiers(person)
            if dossier.client == person
        }
        if not dossiers:
            return []
        if len(component) <= MAX_PERSONS:
            return [self._household(component, list(dossiers.values()), oversized=False)]
        return [self._household(self._residents(dossier), [dossier], oversized=True) for dossier in dossiers.values()]

    def _residents(self, dossier: Dossier) -> set[str]:
        return self._living_in(dossier) | {dossier.client}

    def _household(self, persons: set[str], dossiers: list[Dossier], *, oversized: bool) -> Household:
        anchor = min(dossiers, key=lambda dossier: (dossier.opened_on, dossier.ref))
        members, references, history, conflicts = self._lines(persons, dossiers)
        return Household(
            id=household_id(anchor.ref),
            is_open=any(dossier.is_open for dossier in dossiers),
            oversized=oversized,
            dossiers=tuple(sorted(dossiers, key=lambda dossier: dossier.ref)),
            members=members,
            references=references,
            history=history,
            conflicts=conflicts,
        )

    def _lines(self, persons: set[str], dossiers: Iterable[Dossier]) -> Iterator[tuple[LineRef, ...]]:
        """The lines of a household: members, references, history, conflicts, each sorted. See `Household`."""
        members: list[LineRef] = []
        references: list[LineRef] = []
        history: list[LineRef] = []
        conflicts: list[LineRef] = []
        for dossier in dossiers:
            for line in dossier.lines:
                found = dossier.ref, line.line, line.person
                is_member = line.person in persons
                if is_member:
                    members.append(found)
                if not dossier.is_open:
                    if not is_member:
                        history.append(found)
                elif not line.lives_here:
                    references.append(found)
                elif not is_member or not agrees(line, self.winner(line.person)):
                    conflicts.append(found)
        return (tuple(sorted(lines)) for lines in (members, references, history, conflicts))
