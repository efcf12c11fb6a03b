"""Which records are compared at all: those that share a key. A union of keys, so that one wrong field loses nobody."""

from __future__ import annotations

from itertools import combinations
from typing import Final

from hub.desk.matching.dates import Born
from hub.desk.matching.names import sound
from hub.desk.matching.prepared import House, Prepared, Said

LARGEST: Final = 100
"""Records that may share a key for it to be of use. Those of a larger one (everybody in a street) are found by a second
key, or have nothing in common but what everybody has."""


def keys(record: Prepared) -> frozenset[str]:
    """The keys of a record. Equal for equal statements in any order; none for a record that states next to nothing."""
    heard = frozenset[str]().union(*(_sounds(said) for said in record.names))
    dates = [date for date, _ in record.born]
    return frozenset().union(
        _together(heard),
        *(_birth_keys(date, heard) for date in dates),
        *(_address_keys(house, heard) for house in record.houses),
    )


def _sounds(said: Said) -> set[str]:
    """Each name as it sounds, given and family alike: some write them in each other's place."""
    given, family = said.folded.given[:1], said.folded.family
    return {sound(word) for word in (*given, *family, "".join(family)) if len(word) > 2}


def _together(heard: frozenset[str]) -> set[str]:
    """Two names of one record."""
    return {f"n{one}+{other}" for one, other in combinations(sorted(heard), 2)}


def _birth_keys(date: Born, heard: frozenset[str]) -> set[str]:
    """The whole date, day and month in either order; and each name with the year, and with day and month, for a date
    that is known in part or wrong in part."""
    found = {f"y{date.year}+{name}" for name in heard}
    if date.month is not None and date.day is not None:
        low, high = sorted((date.month, date.day))
        found |= {f"b{date.year}-{low}-{high}", *(f"d{low}-{high}+{name}" for name in heard)}
    return found


def _address_keys(house: House, heard: frozenset[str]) -> set[str]:
    """The address by its hash; and any two of postcode, number and lines, and postcode and lines with a name."""
    lines = {f"s{sound(text.replace(' ', ''))}" for text in (house.street, house.suffix) if len(text) > 2}
    places = {*lines, *([f"p{''.join(sorted(house.postcode))}"] if house.postcode else [])}
    parts = sorted({*places, *([f"#{house.number}"] if house.number else [])})
    found = {f"h{one}+{other}" for one, other in combinations(parts, 2)}
    found |= {f"h{place}+{name}" for place in places for name in heard}
    return found | ({f"a{house.key}"} if house.key else set())
