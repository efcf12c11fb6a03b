"""A labelled set: records of persons, and which pairs of them are one person."""

from __future__ import annotations

from typing import NamedTuple

from hub.desk.matching.record import Record

Pair = tuple[str, str]


class Labelled(NamedTuple):
    """Records by id, and the true pairs (ids sorted). `left`: ids of the one of two files that are linked with each
    other; empty if the set is one file with duplicates in it."""

    name: str
    records: dict[str, Record]
    links: frozenset[Pair]
    left: frozenset[str] = frozenset()

    def may_pair(self, one: str, other: str) -> bool:
        """Whether these two are asked about at all."""
        return not self.left or (one in self.left) != (other in self.left)


def pair(one: str, other: str) -> Pair:
    """Two ids in their one order."""
    return (one, other) if one < other else (other, one)
