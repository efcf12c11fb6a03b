"""Any order, duplication, compaction, crash and paused owner ends in the same households (protocol.md), with the
real stages."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from tests.stream.adversary.lane import Rules
from tests.stream.adversary.run import run

RUNS = 500
HARSH = Rules(crash=0.6, longest_list=15)


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
    rules: Rules, rng: random.Random, capsys: pytest.CaptureFixture[str]
) -> None:
    start = rng.randrange(10**9)
    wrong, seen = _wrong(range(start, start + RUNS // 2), rules)
    with capsys.disabled():
        print(f"\nadversary: {RUNS // 2} runs from seed {start}, {dict(seen)}", end="")
    assert wrong == []
    assert all(seen[hazard] > 0 for hazard in ("crashes", "replays", "repairs"))
    assert seen["dead letters"] == 0


@pytest.mark.parametrize(
    "broken",
    [Rules(changelog_first=True), Rules(torn_changelog=True), Rules(guard=False), Rules(imply=False)],
    ids=["changelog before outputs", "resolve's changelog torn", "no tail guard", "a join is not published"],
)
def test_a_lane_that_breaks_a_rule_is_found_out(broken: Rules) -> None:
    assert any(_wrong(range(first, first + 50), broken)[0] for first in range(0, 1000, 50))


@pytest.mark.soak
def test_twenty_thousand_runs(soak_seconds: float, rng: random.Random, capsys: pytest.CaptureFixture[str]) -> None:
    """At least 20,000 runs, more if there is time."""
    seed = start = rng.randrange(10**9)
    until = time.monotonic() + soak_seconds
    while seed - start < 20_000 or time.monotonic() < until:
        outcome = run(seed, HARSH if seed % 2 else Rules())
        assert outcome.got == outcome.want, f"seed {seed}"
        seed += 1
    with capsys.disabled():
        print(f"\nadversary soak: {seed - start} runs from seed {start}", end="")
