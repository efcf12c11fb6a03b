"""The hub's own matcher on a labelled set: by the weights it ships with, and by weights learned from the set itself.

Learning is here and not in the hub: it takes the commonest likeness for that of one person. On FEBRL, where nobody has
a family, it is right; in a town it may be that of brothers and sisters (see README.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations
from math import log2
from typing import Final, NamedTuple

from bench.sets import Labelled, Pair, pair
from hub.desk.matching import blocking, levels
from hub.desk.matching.prepared import prepare
from hub.desk.matching.score import SHOWN, score

ROUNDS: Final = 30
"""Of learning; after some ten nothing changes any more."""
FIRST_GUESS: Final = 12.0
"""Bits from which learning begins by taking a pair for one person; it ends the same from 8 to 16."""

Pattern = tuple[str, ...]
"""The levels that hold between two records."""


class Blocked(NamedTuple):
    """The pairs that share a key, with what was found between them."""

    patterns: dict[Pair, Pattern]
    bits: dict[Pair, float]

    def recall(self, links: frozenset[Pair]) -> float:
        """Share of the true pairs that are compared at all: what no score can make good."""
        return len(links & self.patterns.keys()) / len(links)


def blocked(labelled: Labelled) -> Blocked:
    """Compare what shares a key, as the desk does."""
    ready = {name: prepare(record) for name, record in labelled.records.items()}
    blocks: dict[str, list[str]] = defaultdict(list)
    for name, record in ready.items():
        for key in blocking.keys(record):
            blocks[key].append(name)
    small = (names for names in blocks.values() if len(names) <= blocking.LARGEST)
    pairs = {pair(*both) for names in small for both in combinations(names, 2) if labelled.may_pair(*both)}
    scores = {both: score(ready[both[0]], ready[both[1]]) for both in sorted(pairs)}
    patterns = {both: tuple(sorted(item.level.code for item in found.findings)) for both, found in scores.items()}
    return Blocked(patterns, {both: found.bits for both, found in scores.items()})


def as_shipped(found: Blocked) -> set[Pair]:
    """Pairs that the desk would show."""
    return {both for both, bits in found.bits.items() if bits >= SHOWN}


def as_learned(found: Blocked) -> set[Pair]:
    """Pairs that are more likely one person than not, by weights learned from the pairs without their labels (EM)."""
    probable = learned(Counter(found.patterns.values()))
    return {both for both, pattern in found.patterns.items() if probable[pattern] >= 0.5}


def learned(patterns: Mapping[Pattern, int]) -> dict[Pattern, float]:
    """By pattern the probability that its pairs are one person. Expectation maximisation over the shares m and u of
    each level, beginning with the shipped weights."""
    shipped = {level.code: level.bits for level in levels.ALL}
    probable = {pattern: _probability(sum(map(shipped.__getitem__, pattern)) - FIRST_GUESS) for pattern in patterns}
    for _ in range(ROUNDS):
        prior, weights = _weights(patterns, probable)
        probable = {pattern: _probability(prior + sum(map(weights.__getitem__, pattern))) for pattern in patterns}
    return probable


def _probability(bits: float) -> float:
    return 1 / (1 + 2 ** -max(-500.0, min(500.0, bits)))


def _weights(patterns: Mapping[Pattern, int], probable: Mapping[Pattern, float]) -> tuple[float, dict[str, float]]:
    """The prior in bits and the weight of each level, from how often it holds where its comparison could be made."""
    same: dict[str, float] = defaultdict(float)
    other: dict[str, float] = defaultdict(float)
    for pattern, number in patterns.items():
        for name in {"", *pattern, *(f"{_comparison(code)}?" for code in pattern)}:
            same[name] += number * probable[pattern]
            other[name] += number * (1 - probable[pattern])
    weights = {
        level.code: _share(level.code, same) - _share(level.code, other) for level in levels.ALL if same[level.code]
    }
    return log2((same[""] + 0.5) / (other[""] + 0.5)), weights


def _share(code: str, seen: Mapping[str, float]) -> float:
    whole = seen[""] if _comparison(code) in _OF_ALL else seen[f"{_comparison(code)}?"]
    return log2((seen[code] + 0.5) / (whole + 1))


def _comparison(code: str) -> str:
    return code.partition("_")[0]


_OF_ALL: Final = frozenset({"names", "relative", "one"})
"""What may hold or not between any two records; of the other comparisons exactly one level holds if both state it."""
