"""Birth dates of which parts may be unknown or swapped."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple


class Born(NamedTuple):
    """A birth date; None for each part that is not known."""

    year: int
    month: int | None = None
    day: int | None = None


class Likeness(IntEnum):
    """How two birth dates relate, the nearest first."""

    SAME = 0
    PARTS_FIT = 1
    SWAPPED = 2
    ONE_PART_DIFFERS = 3
    DIFFERENT = 4


_LONGEST: Final = 12
"""Signs of a date; more is none, and no number."""


def born(text: str) -> Born | None:
    """A birth date out of YYYY, YYYY-MM or YYYY-MM-DD; a part of zero is unknown. None for anything else."""
    parts = text.strip().split("-")
    if (
        len(text) > _LONGEST
        or len(parts) > 3
        or not all(part.isascii() and part.isdigit() for part in parts)
        or int(parts[0]) == 0
    ):
        return None
    year, month, day = (*map(int, parts), 0, 0)[:3]
    return Born(year, month or None, day or None)


def likeness(one: Born, other: Born) -> Likeness:
    """How two birth dates relate. Symmetric."""
    if one == other:
        return Likeness.SAME if one.day is not None else Likeness.PARTS_FIT
    known = [(mine, theirs) for mine, theirs in zip(one, other, strict=True) if mine is not None and theirs is not None]
    differing = sum(mine != theirs for mine, theirs in known)
    if differing == 0:
        return Likeness.PARTS_FIT
    if one.year == other.year and (one.month, one.day) == (other.day, other.month):
        return Likeness.SWAPPED
    return Likeness.ONE_PART_DIFFERS if len(known) == 3 and differing == 1 else Likeness.DIFFERENT
