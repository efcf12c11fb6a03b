"""Who is one person, without a BSN: F1, precision and recall of the hub's matcher, beside two others, on the same sets.

Nothing is tuned on the labels of a set: the shipped weights and the bits from which a pair is shown are the same for
all sets; weights that are learned are learned without labels, and the line is then drawn at one half.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from rich.console import Console
from rich.progress import track

from bench import dutch, febrl, ours, peers
from bench.sets import Labelled, Pair

Given = TypeVar("Given")

SEED: Final = 20260101
HOUSEHOLDS: Final = 1500
QUICK_HOUSEHOLDS: Final = 300

PEERS: Final[dict[str, Callable[[Labelled], set[Pair]]]] = {
    "recordlinkage": peers.recordlinkage_ecm,
    "splink": peers.splink,
}
OURS: Final[dict[str, Callable[[ours.Blocked], set[Pair]]]] = {
    "regiehub": ours.as_shipped,
    "regiehub_learned": ours.as_learned,
}


class Quality(NamedTuple):
    """How good a set of found pairs is. `seconds`: of the whole contestant, on this machine."""

    f1: float
    precision: float
    recall: float
    seconds: float


def quality(found: set[Pair], links: frozenset[Pair], seconds: float) -> Quality:
    """Of found pairs, against the true ones."""
    right = len(found & links)
    precision, recall = right / max(1, len(found)), right / max(1, len(links))
    return Quality(2 * right / max(1, len(found) + len(links)), precision, recall, seconds)


def sets(quick: bool) -> Iterator[Labelled]:
    """The sets of a run."""
    for name in febrl.NAMES[:1] if quick else febrl.NAMES:
        yield febrl.labelled(name)
    yield dutch.labelled(QUICK_HOUSEHOLDS if quick else HOUSEHOLDS, SEED)


def run(quick: bool) -> dict[str, Any]:
    """All contestants on all sets; JSON-ready."""
    each = track(list(sets(quick)), "matching", console=Console(stderr=True))
    return {"seed": SEED, "quick": quick, "sets": {item.name: measured(item, PEERS) for item in each}}


def measured(labelled: Labelled, others: Mapping[str, Callable[[Labelled], set[Pair]]]) -> dict[str, Any]:
    """Our two and the others on one set. Ours compare once: each is given the seconds of that."""
    start = time.perf_counter()
    blocked = ours.blocked(labelled)
    spent = time.perf_counter() - start
    qualities = {name: _timed(finds, blocked, labelled, spent) for name, finds in OURS.items()}
    qualities |= {name: _timed(finds, labelled, labelled, 0.0) for name, finds in others.items()}
    return {
        "records": len(labelled.records),
        "links": len(labelled.links),
        "blocking_recall": blocked.recall(labelled.links),
        "contestants": {name: found._asdict() for name, found in qualities.items()},
    }


def _timed(finds: Callable[[Given], set[Pair]], given: Given, labelled: Labelled, spent: float) -> Quality:
    start = time.perf_counter()
    found = finds(given)
    return quality(found, labelled.links, spent + time.perf_counter() - start)


def table(results: dict[str, Any]) -> Iterator[str]:
    """The results as lines of text."""
    yield f"Who is one person, without a BSN (seed of the Dutch set: {results['seed']})"
    yield f"{'set':<8} {'contestant':<17} {'F1':>6} {'precision':>9} {'recall':>6} {'seconds':>8}"
    for name, measured in results["sets"].items():
        for who, found in measured["contestants"].items():
            numbers = f"{found['f1']:.4f} {found['precision']:9.4f} {found['recall']:.4f} {found['seconds']:8.1f}"
            yield f"{name:<8} {who:<17} {numbers}"
        yield f"{name:<8} {measured['links']} pairs, of which {measured['blocking_recall']:.4f} share a blocking key"
