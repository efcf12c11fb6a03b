"""Which positions of a feed were dealt with, where a lower one may appear after a higher one. Pure.

A feed that is written by concurrent transactions shows position 9 before 7. Waiting for 7 stops everything
behind a transaction that stays open; going on from 9 loses 7. So remember both: all up to `settled`, and the
ranges beyond it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, Self

from pydantic import JsonValue

MAX_RANGES: Final = 500
"""At so many ranges a connector reads final positions only: fewer would end a busy hour with one open
transaction in waiting; more would make the cursor (about 16 bytes a range) a burden to save after each
batch."""


class Span(NamedTuple):
    """Positions first..last, both included; `last` None: without end."""

    first: int
    last: int | None


class Frontier(NamedTuple):
    """The positions that need no further look: delivered, or known never to come.

    `ahead`: disjoint ranges beyond `settled`, ascending, never touching each other or `settled`.
    """

    settled: int = 0
    ahead: tuple[tuple[int, int], ...] = ()

    @property
    def last(self) -> int:
        """Highest position dealt with."""
        return self.ahead[-1][1] if self.ahead else self.settled

    @property
    def is_full(self) -> bool:
        """Whether to read no further ahead until the open transactions end."""
        return len(self.ahead) >= MAX_RANGES

    def __contains__(self, position: object) -> bool:
        """Whether a position was dealt with."""
        if not isinstance(position, int):
            return False
        at = bisect_right(self.ahead, position, key=lambda span: span[0])
        return position <= self.settled or (at > 0 and position <= self.ahead[at - 1][1])

    def resolve(self, first: int, last: int) -> Self:
        """Deal with first..last. No effect if the range is empty."""
        if last < first:
            return self
        return self.resolve_all([(first, last)])

    def resolve_all(self, spans: Iterable[tuple[int, int]]) -> Self:
        """Deal with several ranges at once; they may overlap."""
        settled = self.settled
        merged: list[tuple[int, int]] = []
        for first, last in sorted([*self.ahead, *spans]):
            if first <= settled + 1:
                settled = max(settled, last)
            elif merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return type(self)(settled, tuple(merged))

    def forget_below(self, position: int | None) -> Self:
        """Drop what is known of positions below this one (None: of all); `settled` stays.

        They may then come again.
        """
        if position is None:
            return type(self)(self.settled, ())
        kept = ((max(first, position), last) for first, last in self.ahead if last >= position)
        return type(self)(self.settled).resolve_all(kept)

    def holes(self) -> Iterator[Span]:
        """The positions not dealt with, ascending; the last span has no end."""
        first = self.settled + 1
        for start, end in self.ahead:
            yield Span(first, start - 1)
            first = end + 1
        yield Span(first, None)

    def to_state(self) -> dict[str, JsonValue]:
        """As JSON, for a cursor."""
        return {"settled": self.settled, "ahead": [[first, last] for first, last in self.ahead]}

    @classmethod
    def from_state(cls, state: dict[str, JsonValue]) -> Self:
        """Inverse of `to_state`. Raises ValueError for anything else."""
        settled, ahead = state.get("settled"), state.get("ahead")
        if not isinstance(settled, int) or not isinstance(ahead, list):
            raise ValueError("not the state of a frontier")
        return cls(settled).resolve_all([_span(item) for item in ahead])


def _span(item: JsonValue) -> tuple[int, int]:
    if isinstance(item, list) and len(item) == 2:
        first, last = item
        if isinstance(first, int) and isinstance(last, int) and first <= last:
            return first, last
    raise ValueError("not a range of a frontier")
