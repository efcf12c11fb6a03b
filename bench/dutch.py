"""The Dutch set: the people of the synthetic town as one registration writes them, and as another one does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Final

from faker.providers.person.nl_NL import Provider as Dutch

from bench.sets import Labelled, Pair, pair
from bench.typing_errors import keyed, written_again
from hub.demo.town import people
from hub.demo.town.clerk import Clerk
from hub.demo.town.families import Settlers
from hub.desk.matching.record import Address, Name, Record

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_BOTH: Final = 0.6
"""Share of the people whom both registrations know."""
_TWINS: Final = 0.015
"""Share of children who are the twin of the one before: in the Netherlands one birth in seventy."""


def labelled(households: int, seed: int) -> Labelled:
    """A town of so many households; the same arguments give the same set."""
    random = Random(f"dutch {seed}")
    registrar = _Registrar(random)
    records: dict[str, Record] = {}
    links: set[Pair] = set()
    for number, person in enumerate(_residents(households, random, registrar)):
        first = _written(person)
        records[f"zcd-{number:06}"] = first
        if random.random() < _BOTH:
            adult = person.position != "child"
            again = written_again(first, adult, lambda: _address(registrar.address()), random)
            records[f"mc-{number:06}"] = again
            links.add(pair(f"zcd-{number:06}", f"mc-{number:06}"))
    left = frozenset(name for name in records if name.startswith("zcd"))
    return Labelled("dutch", records, frozenset(links), left)


class _Registrar(people.Registrar):
    """Of the town, with longer lists of names: with the town's own every street has its Sanne de Vries."""

    def family_name(self) -> tuple[str | None, str]:
        """Half of the families are called as in the town."""
        if self._random.random() < 0.5:
            return super().family_name()
        return None, self._random.choice(Dutch.last_names)

    def born(
        self, home: people.Home, position: str, born: date, name: tuple[str | None, str] | None = None
    ) -> people.Person:
        """A new resident; half of them are called as in the town."""
        person = super().born(home, position, born, name)
        if self._random.random() < 0.5:
            names = Dutch.first_names_male if person.gender == "male" else Dutch.first_names_female
            person.given_name = self._random.choice(names)
        return person


def _residents(households: int, random: Random, registrar: people.Registrar) -> Iterator[people.Person]:
    settlers = Settlers(random, registrar, Clerk(random, _START, timedelta(0)))
    for _ in settlers.settle(households):
        pass
    for home in settlers.homes:
        children = home.children()
        for older, younger in pairwise(children):
            if random.random() < _TWINS:
                younger.born = older.born
        yield from home.residents


def _written(person: people.Person) -> Record:
    return Record(
        names=(Name(person.given_name, person.prefix, person.family_name),),
        birth_dates=(person.born.isoformat(),),
        genders=(person.gender,),
        addresses=(keyed(_address(person.home.address)),),
    )


def _address(address: people.Address) -> Address:
    return Address(None, address.street, str(address.number), address.suffix, address.postcode, address.city)
