"""The households of a new town: their shapes, and the dossiers in which they start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random

from hub.demo.town.changes import MENSCENTRAAL, ZCD
from hub.demo.town.clerk import Clerk
from hub.demo.town.people import Address, Home, Person, Registrar


class Settlers:
    """Founds the households of the town, one after the other."""

    def __init__(self, random: Random, registrar: Registrar, clerk: Clerk) -> None:
        self._random = random
        self._registrar = registrar
        self._clerk = clerk
        self.homes: list[Home] = []

    def settle(self, households: int) -> Iterator[None]:
        """Exactly this many homes. At each step `clerk.pending` holds what was written down about the last ones."""
        for shape in self._shapes():
            left = households - len(self.homes)
            if left <= 0:
                return
            fits = left >= 2 or shape not in (self._co_parents, self._foster, self._two_at_one_address)
            (shape if fits else self._single_parent)()
            yield

    def new_home(self, address: Address | None = None, *, shelter: bool = False) -> Home:
        """An empty home, at a free address if none is given."""
        home = Home(address or self._registrar.address(), shelter=shelter)
        self.homes.append(home)
        return home

    def _shapes(self) -> Iterator[Callable[[], None]]:
        """Each shape occurs in every town of 20; after that by how often it occurs in a city."""
        yield from (self._shelter, self._couple, self._single_parent, self._co_parents, self._foster)
        yield from (self._grandparents, self._alone, self._two_at_one_address, self._alone, self._couple)
        weights = {
            self._couple: 28,
            self._single_parent: 26,
            self._alone: 20,
            self._co_parents: 8,
            self._grandparents: 6,
            self._two_at_one_address: 5,
            self._foster: 5,
        }
        while True:
            shelter_due = len(self.homes) // 500 > sum(home.shelter for home in self.homes) - 1
            yield self._shelter if shelter_due else self._random.choices(list(weights), list(weights.values()))[0]

    def _person(self, home: Home, position: str, like: Person | None = None) -> Person:
        name = (like.prefix, like.family_name) if like else None
        return self._registrar.person(home, position, self._clerk.today, name)

    def _children(self, home: Home, low: int, high: int, like: Person) -> list[Person]:
        return [self._person(home, "child", like) for _ in range(self._random.randint(low, high))]

    def _opened(self) -> date:
        return self._clerk.today - timedelta(days=self._random.randint(0, 1000))

    def _youth(self, home: Home, *elsewhere: Person) -> None:
        """A dossier of a child, that also names the parents who live elsewhere."""
        dossier = self._clerk.open_dossier(ZCD, self._random.choice(home.children()), opened=self._opened())
        if elsewhere:
            for person in elsewhere:
                self._clerk.name_elsewhere(dossier, person)
            self._clerk.save(dossier)

    def _adult(self, client: Person, *elsewhere: Person, alone: bool = False) -> None:
        dossier = self._clerk.open_dossier(MENSCENTRAAL, client, opened=self._opened(), alone=alone)
        if elsewhere:
            for person in elsewhere:
                self._clerk.name_elsewhere(dossier, person)
            self._clerk.save(dossier)

    def _alone(self) -> None:
        self._adult(self._person(self.new_home(), "adult"))

    def _couple(self) -> None:
        home = self.new_home()
        parent = self._person(home, "parent")
        partner = self._person(home, "parent")
        self._children(home, 1, 4, parent)
        self._youth(home)
        if self._random.random() < 0.9:
            self._adult(partner)
        if self._random.random() < 0.4:
            self._adult(parent)

    def _single_parent(self, address: Address | None = None) -> None:
        home = self.new_home(address)
        parent = self._person(home, "parent")
        self._children(home, 1, 3, parent)
        self._youth(home)
        self._adult(parent)

    def _co_parents(self) -> None:
        """Two homes: the children live with one parent and are named by the other."""
        with_children, other_home = self.new_home(), self.new_home()
        parent = self._person(with_children, "parent")
        other = self._person(other_home, "parent")
        children = self._children(with_children, 1, 3, other)
        self._youth(with_children, other)
        self._adult(parent)
        self._adult(other, *children)

    def _foster(self) -> None:
        """A foster child; its mother lives elsewhere and has a dossier of her own."""
        home, mothers_home = self.new_home(), self.new_home()
        carer = self._person(home, "foster_parent")
        self._person(home, "foster_parent", carer)
        mother = self._person(mothers_home, "parent")
        child = self._person(home, "child", mother)
        self._youth(home, mother)
        self._adult(mother, child)

    def _grandparents(self) -> None:
        home = self.new_home()
        grandparent = self._person(home, "grandparent")
        parent = self._person(home, "parent", grandparent)
        self._children(home, 1, 2, parent)
        self._youth(home)
        self._adult(grandparent)

    def _two_at_one_address(self) -> None:
        """An address alone makes no household."""
        self._single_parent()
        self._single_parent(self.homes[-1].address)

    def _shelter(self) -> None:
        """More adults than a family has, all in one dossier; some of them have one of their own as well."""
        home = self.new_home(shelter=True)
        adults = [self._person(home, "adult") for _ in range(self._random.randint(25, 40))]
        self._adult(adults[0])
        for adult in adults[1:4]:
            self._adult(adult, alone=True)
