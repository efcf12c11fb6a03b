"""A record made ready: folded once, compared and keyed often."""

from __future__ import annotations

from typing import NamedTuple

from hub.desk.matching.dates import Born, born
from hub.desk.matching.names import Folded, fold, folded
from hub.desk.matching.record import Address, Name, Record


class Said(NamedTuple):
    """A name ready to compare, and as it was written."""

    folded: Folded
    written: Name


class House(NamedTuple):
    """An address ready to compare: folded parts, empty where unknown."""

    key: str
    street: str
    number: str
    suffix: str
    postcode: str
    city: str


class Prepared(NamedTuple):
    """A record ready to compare; equal for equal statements in any order."""

    names: tuple[Said, ...]
    born: tuple[tuple[Born, str], ...]
    genders: tuple[str, ...]
    houses: tuple[House, ...]
    dossiers: frozenset[str]


def prepare(record: Record) -> Prepared:
    """Fold what is stated; what says nothing is dropped."""
    names = {Said(folded(name), name) for name in record.names}
    dates = {(date, text) for text in record.birth_dates if (date := born(text)) is not None}
    return Prepared(
        names=tuple(sorted((said for said in names if said.folded.given or said.folded.family), key=repr)),
        born=tuple(sorted(dates, key=repr)),
        genders=tuple(sorted(set(record.genders) & {"male", "female"})),
        houses=tuple(sorted(house for house in {_house(address) for address in record.addresses} if any(house))),
        dossiers=frozenset(record.dossiers),
    )


def _house(address: Address) -> House:
    street, suffix, city = (fold(part or "") for part in (address.street, address.suffix, address.city))
    number, postcode = (fold(part or "").replace(" ", "") for part in (address.number, address.postcode))
    return House(address.key or "", street, number, suffix, postcode, city)
