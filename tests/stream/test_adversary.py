"""Any order, duplication, compaction, crash and paused owner ends in the same households (protocol.md), with the
real stages."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.stream.adversary.lane import Rules
from tests.stream.adversary.run import HARSH, run, wrong_seeds

RUNS = 500
SOAK_RUNS = 20_000
ROUND, SLICE = 2_000, 100


def _wrong(seeds: range, rules: Rules) -> tuple[list[int], Counter[str]]:
    wrong, seen = [], Counter[str]()
    for seed in seeds:
        outcome = run(seed, rules)
        seen += outcome.seen
        if outcome.got != outcome.want:
            wrong.append(seed)
    return wrong, seen


@pytest.mark.parametrize("rules", [Rules(), HARSH], ids=["usual", "harsh"])
def test_every_run_ends_in_the_households_of_the_reference(
    rules: Rules, rng: random.Random, close_with: Callable[[str], None]
) -> None:
    start = rng.randrange(10**9)
    wrong, seen = _wrong(range(start, start + RUNS // 2), rules)
    close_with(f"adversary: {RUNS // 2} runs from seed {start}, {dict(seen)}")
    assert wrong == []
    assert all(seen[hazard] > 0 for hazard in ("crashes", "replays", "repairs"))
    assert seen["dead letters"] == 0


def test_a_tie_falls_in_both_households_when_nothing_names_one_of_the_two_any_more() -> None:
    """Found by the random runs: Z-1 no longer names p5, whom a decision on two other dossiers tied to p1's household,
    which stands in a closed dossier alone: it stayed over the size that it had with p5."""
    outcome = run(517650686, HARSH)
    assert outcome.got == outcome.want


@pytest.mark.parametrize(
    ("broken", "first"),
    [
        (Rules(changelog_first=True), 0),
        (Rules(torn_changelog=True), 0),
        (Rules(guard=False), 80),
        (Rules(imply=False), 180),
        (Rules(past_gaps=True), 270),
    ],
    ids=[
        "changelog before outputs",
        "resolve's changelog torn",
        "no tail guard",
        "a join is not published",
        "gaps gone past",
    ],
)
def test_a_lane_that_breaks_a_rule_is_found_out(broken: Rules, first: int) -> None:
    """`first`: a seed shortly before one that finds it, where few do; after a change of the runs it is another."""
    assert any(_wrong(range(start, start + 10), broken)[0] for start in range(first, first + 1000, 10))


@pytest.mark.soak
def test_twenty_thousand_runs(soak_seconds: float, rng: random.Random, close_with: Callable[[str], None]) -> None:
    """At least 20,000 runs, on every core, more if there is time."""
    seed = start = rng.randrange(10**9)
    until = time.monotonic() + soak_seconds
    wrong: list[int] = []
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as cores:
        while not wrong and (seed - start < SOAK_RUNS or time.monotonic() < until):
            slices = [range(first, first + SLICE) for first in range(seed, seed + ROUND, SLICE)]
            wrong = [each for found in cores.map(wrong_seeds, slices) for each in found]
            seed += ROUND
    close_with(f"adversary soak: {seed - start} runs from seed {start}, wrong {wrong}")
    assert wrong == []
