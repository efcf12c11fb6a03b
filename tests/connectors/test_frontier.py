from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.frontier import MAX_RANGES, Frontier

pytestmark = pytest.mark.core

SPANS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 6)).map(lambda span: (span[0], span[0] + span[1])))


def dealt_with(frontier: Frontier) -> set[int]:
    return {position for position in range(60) if position in frontier}


@given(st.integers(0, 20), st.lists(SPANS))
def test_holds_exactly_what_was_resolved(settled: int, steps: list[list[tuple[int, int]]]) -> None:
    frontier, expected = Frontier(settled), set(range(settled + 1))
    for spans in steps:
        frontier = frontier.resolve_all(spans)
        expected |= {position for first, last in spans for position in range(first, last + 1)}
        assert dealt_with(frontier) == expected
        assert frontier.last == max(expected)


@given(st.integers(0, 20), SPANS)
def test_is_canonical_whatever_the_order(settled: int, spans: list[tuple[int, int]]) -> None:
    frontier = Frontier(settled).resolve_all(spans)
    one_by_one = Frontier(settled)
    for first, last in reversed(spans):
        one_by_one = one_by_one.resolve(first, last)
    assert one_by_one == frontier
    edges = [frontier.settled, *(edge for span in frontier.ahead for edge in span)]
    assert edges == sorted(edges)
    starts = [first for first, _ in frontier.ahead]
    ends = [frontier.settled, *(last for _, last in frontier.ahead)]
    assert all(start > end + 1 for start, end in zip(starts, ends, strict=False))


@given(st.integers(0, 20), SPANS)
def test_holes_are_what_is_left(settled: int, spans: list[tuple[int, int]]) -> None:
    frontier = Frontier(settled).resolve_all(spans)
    holes = list(frontier.holes())
    inside = {p for hole in holes for p in range(hole.first, 60 if hole.last is None else hole.last + 1)}
    assert inside == set(range(60)) - dealt_with(frontier)
    assert [hole.last is None for hole in holes] == [False] * (len(holes) - 1) + [True]


@given(st.integers(0, 20), SPANS, st.none() | st.integers(0, 60))
def test_forgetting_only_forgets(settled: int, spans: list[tuple[int, int]], position: int | None) -> None:
    frontier = Frontier(settled).resolve_all(spans)
    kept = dealt_with(frontier.forget_below(position))
    floor = 60 if position is None else position
    assert kept == {p for p in dealt_with(frontier) if p <= settled or p <= frontier.settled or p >= floor}


@given(st.integers(0, 20), SPANS)
def test_survives_json(settled: int, spans: list[tuple[int, int]]) -> None:
    frontier = Frontier(settled).resolve_all(spans)
    assert Frontier.from_state(json.loads(json.dumps(frontier.to_state()))) == frontier


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"settled": "1", "ahead": []},
        {"settled": 1},
        {"settled": 1, "ahead": [[3]]},
        {"settled": 1, "ahead": [[5, 3]]},
    ],
)
def test_refuses_what_it_did_not_write(state: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier.from_state(state)  # type: ignore[arg-type]  # what a broken store may hold


def test_stays_small() -> None:
    full = Frontier().resolve_all((position, position) for position in range(2, 2 * MAX_RANGES + 1, 2))
    assert full.is_full
    assert not Frontier(10).resolve(12, 10_000_000).is_full
    assert len(json.dumps(full.to_state())) < 16_000


def test_is_no_container_of_other_things() -> None:
    anything: object = "1"
    assert anything not in Frontier(5)
    assert Frontier(5).resolve(9, 8) == Frontier(5)
