"""Two prepared records compared field by field. Symmetric; of several stated values the pair that fits best counts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA, JaroWinkler

from hub.desk.matching import levels
from hub.desk.matching.dates import Born, Likeness, likeness
from hub.desk.matching.levels import Level
from hub.desk.matching.names import is_initial
from hub.desk.matching.prepared import House, Prepared, Said
from hub.desk.matching.record import Name

ALIKE: Final = 0.88
"""Jaro-Winkler from which two words are one word mistyped. Lower, and *Daan* is *Dana* and *Dina* too; higher, and two
slips in one name are two names."""


class Finding(NamedTuple):
    """One level that holds between two records, with both values as they were written ('' where there is none)."""

    level: Level
    one: str = ""
    other: str = ""


def names(one: Prepared, other: Prepared) -> list[Finding]:
    """What the names say: at most one finding for the given and one for the family name, or one for both."""
    return _best([_names(mine, theirs) for mine, theirs in product(one.names, other.names)])


def birth(one: Prepared, other: Prepared) -> list[Finding]:
    """What the birth dates say."""
    pairs = product(one.born, other.born)
    return _best([[Finding(_birth(mine[0], theirs[0]), mine[1], theirs[1])] for mine, theirs in pairs])


def gender(one: Prepared, other: Prepared) -> list[Finding]:
    """What the genders say."""
    pairs = product(one.genders, other.genders)
    return _best(
        [[Finding(levels.GENDER_SAME if mine == theirs else levels.GENDER_DIFFERENT)] for mine, theirs in pairs]
    )


def address(one: Prepared, other: Prepared) -> list[Finding]:
    """What the addresses say."""
    return _best([_address(mine, theirs) for mine, theirs in product(one.houses, other.houses)])


def _best(alternatives: Sequence[list[Finding]]) -> list[Finding]:
    """The strongest; of equally strong ones the same whichever record comes first."""
    return max(alternatives, key=_strength, default=[])


def _strength(findings: list[Finding]) -> tuple[float, list[tuple[str, list[str]]]]:
    texts = [(item.level.code, sorted((item.one, item.other))) for item in findings]
    return sum(item.level.bits for item in findings), texts


def _names(mine: Said, theirs: Said) -> list[Finding]:
    straight = [*_given(mine, theirs), *_family(mine, theirs)]
    return _best([straight, swapped]) if (swapped := _swapped(mine, theirs)) else straight


def _swapped(mine: Said, theirs: Said) -> list[Finding]:
    my_given, my_family = "".join(mine.folded.given), "".join(mine.folded.family)
    their_given, their_family = "".join(theirs.folded.given), "".join(theirs.folded.family)
    if not _alike(my_given, their_family) or not _alike(my_family, their_given):
        return []
    return [Finding(levels.NAMES_SWAPPED, _full(mine.written), _full(theirs.written))]


def _given(mine: Said, theirs: Said) -> list[Finding]:
    one, other = mine.folded.given, theirs.folded.given
    if not one or not other:
        return []
    return [Finding(_given_level(one, other), mine.written.given or "", theirs.written.given or "")]


def _given_level(one: Sequence[str], other: Sequence[str]) -> Level:
    if all(map(is_initial, one)) or all(map(is_initial, other)):
        fits = all(mine[0] == theirs[0] for mine, theirs in zip(one, other, strict=False))
        return levels.GIVEN_INITIAL if fits else levels.GIVEN_DIFFERENT
    if one[0] == other[0] or "".join(one) == "".join(other):
        return levels.GIVEN_SAME
    if any(not is_initial(word) for word in {*one} & {*other}):
        return levels.GIVEN_SHARED
    return levels.GIVEN_ALIKE if _any_alike(one, other) else levels.GIVEN_DIFFERENT


def _family(mine: Said, theirs: Said) -> list[Finding]:
    if not mine.folded.family or not theirs.folded.family:
        return []
    return [Finding(_family_level(mine, theirs), _surname(mine.written), _surname(theirs.written))]


def _family_level(mine: Said, theirs: Said) -> Level:
    one, other = mine.folded.family, theirs.folded.family
    if {*one} == {*other} or "".join(one) == "".join(other):
        same_prefix = {*mine.folded.prefix} == {*theirs.folded.prefix}
        return levels.FAMILY_SAME if same_prefix else levels.FAMILY_PREFIX
    if {*one} & {*other}:
        return levels.FAMILY_ONE_OF_TWO
    return levels.FAMILY_ALIKE if _any_alike(one, other) else levels.FAMILY_DIFFERENT


def _any_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    return _alike("".join(one), "".join(other)) or any(_alike(mine, theirs) for mine, theirs in product(one, other))


def _alike(one: str, other: str) -> bool:
    """One word mistyped, or begun only (*Alex*); words of one or two letters are never alike."""
    if min(len(one), len(other)) < 3:
        return False
    return JaroWinkler.similarity(one, other) >= ALIKE or OSA.distance(one, other, score_cutoff=1) <= 1


def _birth(one: Born, other: Born) -> Level:
    match likeness(one, other):
        case Likeness.SAME:
            return levels.BIRTH_SAME
        case Likeness.PARTS_FIT:
            return levels.BIRTH_MONTH_FITS if one.month and other.month else levels.BIRTH_YEAR_FITS
        case Likeness.SWAPPED:
            return levels.BIRTH_SWAPPED
        case Likeness.ONE_PART_DIFFERS:
            typed = OSA.distance(_digits(one), _digits(other)) <= 1
            return levels.BIRTH_ONE_DIGIT if typed else levels.BIRTH_ONE_PART
        case _:
            return levels.BIRTH_DIFFERENT


def _digits(date: Born) -> str:
    return f"{date.year:04}{date.month or 0:02}{date.day or 0:02}"


def _address(mine: House, theirs: House) -> list[Finding]:
    level = _address_level(mine, theirs)
    return [Finding(level)] if level else []


def _address_level(mine: House, theirs: House) -> Level | None:
    """By how many agree of street, number, postcode, second line and place; another number counts against. The place
    alone says nothing: the whole town shares it."""
    if mine.key and mine.key == theirs.key:
        return levels.ADDRESS_SAME
    street, number = _street(mine, theirs), _equal(mine.number, theirs.number)
    postcode, place = _nearly_equal(mine.postcode, theirs.postcode), _likely(mine.city, theirs.city)
    known = [part for part in (street, number, postcode, place) if part is not None]
    if len(known) < 2:
        return levels.ADDRESS_DIFFERENT if mine.key and theirs.key else None
    agreeing = sum(known) + bool(_likely(mine.suffix, theirs.suffix))
    if not street and (not postcode or agreeing < 2) and agreeing < 3:
        return None if all(known) else levels.ADDRESS_DIFFERENT
    return {4: levels.ADDRESS_MOSTLY, 3: levels.ADDRESS_NEARLY}.get(
        min(4, agreeing - (number is False)), levels.ADDRESS_STREET
    )


def _street(mine: House, theirs: House) -> bool | None:
    """Some forms have two lines for it, and clerks fill in either."""
    ways = ((mine.street, theirs.street), (mine.street, theirs.suffix), (mine.suffix, theirs.street))
    known = [alike for one, other in ways if (alike := _likely(one, other)) is not None]
    return any(known) if known else None


def _equal(one: str, other: str) -> bool | None:
    return one == other if one and other else None


def _nearly_equal(one: str, other: str) -> bool | None:
    return OSA.distance(one, other, score_cutoff=1) <= 1 if one and other else None


def _likely(one: str, other: str) -> bool | None:
    return _alike(one.replace(" ", ""), other.replace(" ", "")) if min(len(one), len(other)) > 2 else None


def _surname(name: Name) -> str:
    return " ".join(part for part in (name.prefix, name.family) if part)


def _full(name: Name) -> str:
    return " ".join(part for part in (name.given, name.prefix, name.family) if part)
