"""Households derived directly from the person lists: who is family by the lists and lives at the same address on a day.

Separate on purpose: it shares with the rest of these tests only the reading of the lists, knows no dossiers, and shares
nothing with the hub.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from tests.brp.lists import Home, PersonList, Population


class Link(NamedTuple):
    """Two residents at one address of whom at least one list names the other as family; `first` < `second`."""

    first: str
    second: str


class Derived(NamedTuple):
    """The households of one day. `homes`: of all residents, None where the list knows no address."""

    homes: dict[str, Home | None]
    links: frozenset[Link]
    households: frozenset[frozenset[str]]

    def household_of(self, person: str) -> frozenset[str]:
        """The household of a resident; nobody for whoever is none."""
        return next((household for household in self.households if person in household), frozenset())


def derive(population: Population, day: date) -> Derived:
    """The households of all lists at the end of a day."""
    homes = {person.id: home for person in population.lists for home in _home(person, day)}
    links = frozenset(_links(population, homes, day))
    return Derived(homes, links, frozenset(_joined(homes, links)))


def _home(person: PersonList, day: date) -> Iterator[Home | None]:
    """Where a resident lives; nothing for whoever is not born yet, abroad, dead, or whose list was closed."""
    current = None
    for residence in person.residences:
        if residence.since <= day:
            current = residence
    closed = [moment for moment in (person.suspended, person.died) if moment and moment <= day]
    if current and not current.abroad and not closed:
        yield current.home


def _links(population: Population, homes: dict[str, Home | None], day: date) -> Iterator[Link]:
    for person in population.lists:
        for relative in person.relatives:
            other = population.meant(relative)
            ended = relative.until is not None and relative.until <= day
            if other is None or other is person or relative.since > day or ended:
                continue
            home = homes.get(person.id)
            if home is not None and home == homes.get(other.id):
                yield Link(*sorted((person.id, other.id)))


def _joined(homes: dict[str, Home | None], links: frozenset[Link]) -> Iterator[frozenset[str]]:
    group = {person: {person} for person in homes}
    for link in links:
        first, second = group[link.first], group[link.second]
        if first is not second:
            first |= second
            for person in second:
                group[person] = first
    return (frozenset(members) for members in {id(members): members for members in group.values()}.values())
