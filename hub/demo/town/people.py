"""The people of the town and where they live. Nothing here knows a source or a format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

from stdnum.nl import bsn

from hub.demo.town import names

_IN_HIDING: Final = 0.03
"""Of all people; few, but a town of 300 households has some in each source."""


@dataclass(frozen=True)
class Address:
    """A front door."""

    street: str
    number: int
    suffix: str | None
    postcode: str
    city: str = "Rotterdam"


@dataclass(eq=False)
class Home:
    """The people who really live together. `shelter`: an institution, whose residents are no family."""

    address: Address
    residents: list[Person] = field(default_factory=list)
    shelter: bool = False
    address_before: Address | None = None
    """Where they lived together before; they may return."""

    def adults(self) -> list[Person]:
        """Everybody who is not there as a child."""
        return [person for person in self.residents if person.position != "child"]

    def children(self) -> list[Person]:
        """The children, the oldest first."""
        return sorted((p for p in self.residents if p.position == "child"), key=lambda child: child.born)


@dataclass(eq=False)
class Person:
    """Somebody, with his own BSN. `position` is his place in the family: child, parent, grandparent, other …"""

    given_name: str
    prefix: str | None
    family_name: str
    gender: str
    born: date
    position: str
    bsn: str
    home: Home
    lived_before: Home | None = None
    """Where he lived before his last move without the others; he may return."""
    in_hiding: bool = False
    """Where he lives is secret."""

    def move(self, home: Home) -> None:
        """Leave home and live there from now on."""
        self.home.residents.remove(self)
        self.lived_before, self.home = self.home, home
        home.residents.append(self)


def bsns_for_tests() -> Iterator[str]:
    """Numbers that pass the 11-test and are handed out to nobody: from 999999990 downwards."""
    for number in range(999_999_999, 990_000_000, -1):
        if bsn.is_valid(str(number)):
            yield str(number)


class Registrar:
    """Births and front doors: gives every person a BSN and every family an address that nobody has yet."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._bsns = bsns_for_tests()
        self._taken: set[Address] = set()

    def address(self) -> Address:
        """A free address."""
        while True:
            street, postcode = self._random.choice(names.STREETS)
            suffix = self._random.choice((None, None, "A", "B", "C", "02"))
            address = Address(street, self._random.randint(1, 300), suffix, postcode)
            if address not in self._taken:
                self._taken.add(address)
                return address

    def family_name(self) -> tuple[str | None, str]:
        """A prefix, mostly none, and a name."""
        return self._random.choice(names.FAMILIES)

    def person(self, home: Home, position: str, today: date, name: tuple[str | None, str] | None = None) -> Person:
        """A new resident of `home`, of an age that fits the position."""
        low, high = {"child": (0, 17), "parent": (22, 50), "grandparent": (58, 85)}.get(position, (19, 70))
        born = today - timedelta(days=self._random.randint(low * 365 + 5, high * 365 + 360))
        return self.born(home, position, born, name)

    def born(self, home: Home, position: str, born: date, name: tuple[str | None, str] | None = None) -> Person:
        """A new resident of `home`, born that day."""
        gender = self._random.choice(("male", "female"))
        given = self._random.choice(names.BOYS if gender == "male" else names.GIRLS)
        prefix, family = name or self.family_name()
        hiding = self._random.random() < _IN_HIDING
        person = Person(given, prefix, family, gender, born, position, next(self._bsns), home, in_hiding=hiding)
        home.residents.append(person)
        return person
