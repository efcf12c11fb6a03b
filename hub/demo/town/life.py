"""What the life events work with: the town's state, a hand to write with, and how to pick somebody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from hub.demo.town.changes import Exercised
from hub.demo.town.clerk import Clerk
from hub.demo.town.dossiers import Dossier, Line, Record
from hub.demo.town.families import Settlers
from hub.demo.town.people import Home, Person, Registrar

T = TypeVar("T")
_TRIES = 40
"""Random picks before everything is searched: nearly every event finds somebody sooner."""
_LEFT_FOR_LATER = 0.1
"""Part of the dossiers in which a move is not written down at once: that is how sources come to differ."""


class Life:
    """One town as its events see it. `backlog`: dossiers in which something is still to be written down."""

    def __init__(self, random: Random, registrar: Registrar, clerk: Clerk, settlers: Settlers) -> None:
        self.random = random
        self.registrar = registrar
        self.clerk = clerk
        self.settlers = settlers
        self.exercised = Exercised()
        self.backlog: list[Dossier] = []

    def pick(self, candidates: Sequence[T], fits: Callable[[T], bool]) -> T | None:
        """Somebody or something that fits, at random; None if nothing does."""
        for _ in range(_TRIES if candidates else 0):
            if fits(found := self.random.choice(candidates)):
                return found
        start = self.random.randrange(len(candidates)) if candidates else 0
        return next((c for c in (*candidates[start:], *candidates[:start]) if fits(c)), None)

    def pick_home(self, fits: Callable[[Home], bool]) -> Home | None:
        """A family (no shelter) about whom there is an open dossier."""
        return self.pick(
            self.settlers.homes,
            lambda home: not home.shelter and bool(home.residents) and fits(home) and self.is_known(home),
        )

    def pick_dossier(self, fits: Callable[[Dossier], bool] = lambda _: True) -> Dossier | None:
        """An open dossier."""
        return self.pick(self.clerk.dossiers, lambda dossier: dossier.open and fits(dossier))

    def pick_line(self, fits: Callable[[Line], bool]) -> tuple[Dossier, Line] | None:
        """A line of an open dossier."""
        dossier = self.pick_dossier(lambda dossier: any(map(fits, dossier.lines)))
        return (dossier, self.random.choice([line for line in dossier.lines if fits(line)])) if dossier else None

    def pick_record(self, fits: Callable[[Record], bool] = lambda _: True) -> tuple[Dossier, Record] | None:
        """A record of an open dossier."""
        dossier = self.pick_dossier(lambda dossier: any(map(fits, dossier.records)))
        return (dossier, self.random.choice([r for r in dossier.records if fits(r)])) if dossier else None

    def is_known(self, home: Home) -> bool:
        """Whether somebody of this home has an open dossier."""
        return bool(self.clerk.of_clients(home.residents))

    def write_down(self, people: Sequence[Person]) -> None:
        """Bring every open dossier that names one of them up to date; some only later."""
        for dossier in self.clerk.naming(people):
            if self.random.random() < _LEFT_FOR_LATER:
                self.later(dossier)
            else:
                self.clerk.refresh(dossier)

    def later(self, dossier: Dossier) -> None:
        """Something is still to be written down, or put right, in this dossier."""
        if dossier not in self.backlog:
            self.backlog.append(dossier)

    def moves_to(self, person: Person, home: Home) -> None:
        """A person leaves the others and lives with these from now on. A home with nobody left is given up."""
        left, homes = person.home, self.settlers.homes
        involved = list(dict.fromkeys((*left.residents, *home.residents, person)))
        person.move(home)
        if not left.residents:
            homes.remove(left)
        if home not in homes:
            homes.append(home)
        self.write_down(involved)
