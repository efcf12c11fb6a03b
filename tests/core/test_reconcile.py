"""The comparison of what a source holds, what was published and what is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.ingest.reconciling import repairs
from hub.ops.reconcile import (
    OLDER_EPOCH,
    Difference,
    Kind,
    Outcome,
    Published,
    Record,
    Stated,
    Sums,
    TeamCount,
    reconcile,
)

pytestmark = pytest.mark.core
RECORDS = st.builds(
    Record, st.sampled_from(["Z-1", "Z-2"]), st.sampled_from(["goal", "contact"]), st.sampled_from("abcd")
)
SIDE = st.dictionaries(RECORDS, st.integers(0, 3), max_size=8)


@dataclass
class Town:
    """Three sides that can change while they are looked at: `later` happens at the nth settling."""

    held: dict[Record, int]
    published_as: dict[Record, tuple[int, int]]
    seen: dict[Record, int]
    waiting: frozenset[Record] = frozenset()
    later: dict[int, dict[Record, int]] = field(default_factory=dict)
    is_complete: bool = True
    reads: int = 0
    settled: int = 0

    def source(self) -> list[Stated]:
        self.reads += 1
        return [Stated(*item) for item in self.held.items()]

    def published(self) -> list[Published]:
        return [
            Published(record, version, at, record in self.waiting)
            for record, (version, at) in self.published_as.items()
        ]

    def shown(self) -> list[Stated]:
        return [Stated(*item) for item in self.seen.items()]

    def teams(self) -> Mapping[str, str]:
        return {"Z-1": "Delfshaven 2"}

    def settle(self) -> None:
        self.settled += 1
        for record, version in self.later.get(self.settled, {}).items():
            self.published_as[record] = (version, 1000 + version)
            self.seen[record] = 1000 + version


def in_sync(held: Mapping[Record, int]) -> Town:
    published = {record: (version, 1000 + version) for record, version in held.items()}
    return Town(dict(held), published, {record: at for record, (_, at) in published.items()})


def found(town: Town) -> Outcome:
    return reconcile(town, town.settle)


@given(st.lists(st.tuples(RECORDS, st.integers(0, 3)), max_size=20), st.randoms())
def test_sums_do_not_depend_on_the_order(items: list[tuple[Record, int]], random: object) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis' Random has no type of its own
    one, other = Sums(), Sums()
    for item in items:
        one.add(Stated(*item))
    for item in shuffled:
        other.add(Stated(*item))
    assert one.differing(other) == frozenset()


@given(SIDE)
def test_where_nothing_differs_each_side_is_read_once_and_nothing_waits(held: dict[Record, int]) -> None:
    town = in_sync(held)
    assert found(town).differences == ()
    assert (town.reads, town.settled) == (1, 0)


@given(held=SIDE, published=SIDE)
def test_every_difference_between_source_and_published_is_named_and_no_other(
    held: dict[Record, int], published: dict[Record, int]
) -> None:
    town = in_sync(published)
    town.held = held
    expected = {
        (Kind.EXTRA if r not in held else Kind.MISSING if r not in published else
         Kind.STALE if held[r] > published[r] else Kind.AHEAD, r)
        for r in held.keys() | published.keys() if held.get(r) != published.get(r)
    }  # fmt: skip
    assert {(item.kind, item.record) for item in found(town).differences} == expected


@given(published=SIDE, seen=SIDE)
def test_every_difference_between_published_and_shown_is_named_and_no_other(
    published: dict[Record, int], seen: dict[Record, int]
) -> None:
    town = in_sync(published)
    town.seen = {record: 1000 + version for record, version in seen.items()}
    expected = {record for record in published.keys() | seen.keys() if published.get(record) != seen.get(record)}
    differences = found(town).differences
    assert {item.record for item in differences} == expected
    assert {item.kind for item in differences} <= {Kind.UNSHOWN}


@given(held=SIDE, arrives_at=st.integers(1, 2))
def test_what_was_only_on_its_way_is_no_difference(held: dict[Record, int], arrives_at: int) -> None:
    town = Town(dict(held), {}, {}, later={arrives_at: held})
    assert found(town).differences == ()


def test_a_record_that_changes_all_the_time_is_no_difference() -> None:
    record = Record("Z-1", "goal", "a")
    town = in_sync({record: 4})
    town.held[record] = 5

    def busy() -> None:
        town.published_as[record] = (town.held[record], 2000 + town.held[record])
        town.seen[record] = 2000 + town.held[record]
        town.held[record] += 1

    assert reconcile(town, busy).differences == ()


def test_what_a_drop_folder_does_not_hold_any_more_is_no_difference() -> None:
    town = in_sync({Record("Z-1", "goal", "a"): 1, Record("Z-1", "goal", "b"): 1})
    town.is_complete, town.held = False, {Record("Z-1", "goal", "b"): 2}
    assert [item.kind for item in found(town).differences] == [Kind.STALE]


def test_of_a_record_that_the_inventory_names_twice_the_newest_version_counts() -> None:
    record = Record("Z-1", "goal", "a")
    town = in_sync({record: 2})

    def twice() -> list[Stated]:
        return [Stated(record, 2), Stated(record, 1)]

    town.source = twice  # type: ignore[method-assign]  # one town only
    assert found(town).differences == ()


def test_what_waits_for_its_dossier_is_counted_and_no_difference() -> None:
    town = in_sync({Record("Z-9", "goal", "a"): 1, Record("Z-1", "goal", "b"): 1})
    town.waiting = frozenset([Record("Z-9", "goal", "a")])
    del town.seen[Record("Z-9", "goal", "a")]
    outcome = found(town)
    assert (outcome.differences, outcome.waiting, town.settled) == ((), 1, 0)


def test_what_stands_in_an_older_epoch_is_stale_whatever_its_version() -> None:
    record = Record("Z-1", "goal", "a")
    town = in_sync({record: 3})
    town.published_as[record] = (OLDER_EPOCH, 1003)
    assert [item.kind for item in found(town).differences] == [Kind.STALE]


def test_differences_are_counted_per_team_once_a_record() -> None:
    record = Record("Z-1", "goal", "a")
    town = in_sync({record: 1, Record("Z-2", "goal", "b"): 1})
    town.held[record], town.seen[record] = 2, 0
    outcome = found(town)
    assert {item.kind for item in outcome.differences} == {Kind.STALE, Kind.UNSHOWN}
    assert outcome.teams == (TeamCount("", 1, 0), TeamCount("Delfshaven 2", 1, 1))


def asked(*differences: Difference, unshown: bool = True) -> Sequence[tuple[str, bool, bool]]:
    return [(r.item.dossier_id, r.held, r.forced) for r in repairs(differences, unshown=unshown)]


def test_a_record_that_moved_is_asked_for_once_where_it_is_now() -> None:
    there, here = Record("Z-1", "goal", "a"), Record("Z-2", "goal", "a")
    extra, missing = Difference(Kind.EXTRA, there, (None, 1)), Difference(Kind.MISSING, here, (1, None))
    assert asked(extra, missing) == asked(missing, extra) == [("Z-2", True, False)]


def test_what_went_back_in_time_is_not_repaired_and_what_is_not_shown_only_at_rest() -> None:
    record = Record("Z-1", "goal", "a")
    assert not asked(Difference(Kind.AHEAD, record, (1, 2)))
    assert asked(Difference(Kind.UNSHOWN, record, (5, None))) == [("Z-1", True, True)]
    assert asked(Difference(Kind.UNSHOWN, record, (None, 5))) == [("Z-1", False, True)]
    assert not asked(Difference(Kind.UNSHOWN, record, (5, None)), unshown=False)
