"""The benchmark of matching runs on a small set without its peers, and our own quality on it has not collapsed."""

from __future__ import annotations

import random

import pytest

from bench import __main__ as bench
from bench import dutch, matching, ours, typing_errors
from bench.sets import Labelled, pair
from hub.desk.matching import blocking
from hub.desk.matching.prepared import prepare
from hub.desk.matching.record import Address, Name, Record
from hub.desk.matching.score import SHOWN, score

HOUSEHOLDS = 150


@pytest.fixture(scope="module")
def town(seed: int) -> Labelled:
    return dutch.labelled(HOUSEHOLDS, seed)


def test_our_quality_on_a_dutch_town_has_not_collapsed(town: Labelled) -> None:
    found = matching.measured(town, {})
    shipped = found["contestants"]["regiehub"]
    assert found["blocking_recall"] > 0.98
    assert shipped["recall"] > 0.97
    assert shipped["f1"] > 0.92


def test_every_pair_that_would_be_shown_shares_a_key_but_for_a_few(town: Labelled) -> None:
    """Of the true pairs; that of all pairs no more are shown is what blocking is for."""
    ready = {name: prepare(record) for name, record in town.records.items()}
    shown = [(ready[one], ready[two]) for one, two in town.links if score(ready[one], ready[two]).bits >= SHOWN]
    meeting = sum(bool(blocking.keys(one) & blocking.keys(two)) for one, two in shown)
    assert meeting / len(shown) > 0.98


def test_the_same_seed_gives_the_same_set() -> None:
    assert dutch.labelled(5, 1) == dutch.labelled(5, 1)
    assert dutch.labelled(5, 1) != dutch.labelled(5, 2)


def test_what_is_written_again_is_wrong_in_every_way_that_is_promised(rng: random.Random) -> None:
    first = Record(
        names=(Name("Zoë", "van der", "Meijden"),),
        birth_dates=("1990-05-02",),
        genders=("female",),
        addresses=(Address(None, "Slinge", "9", "A", "3085EJ", "Rotterdam"),),
    )
    again = [typing_errors.written_again(first, True, lambda: Address(number="1"), rng) for _ in range(3000)]
    names, dates = {record.names[0] for record in again}, {record.birth_dates for record in again}
    assert {("Z.", "van der", "Meijden"), ("Zoe", "van der", "Meijden"), ("Zoë", None, "Meijden")} <= names
    assert any("Meyden" in (name.family or "") for name in names)
    assert any(" e/v " in (name.family or "") for name in names)
    assert any(name.given == "Meijden" for name in names)
    assert {(), ("1990",), ("1990-05",), ("1990-02-05",)} <= dates
    assert {record.genders for record in again} == {("female",), ("male",)}
    assert len({record.addresses for record in again}) > 10


def test_found_pairs_are_measured_against_the_true_ones() -> None:
    links = frozenset({("a", "b"), ("c", "d")})
    assert matching.quality({("a", "b"), ("a", "c")}, links, 1.0) == (0.5, 0.5, 0.5, 1.0)
    assert matching.quality(set(), links, 1.0).f1 == 0
    assert pair("b", "a") == ("a", "b")


def test_two_files_are_linked_with_each_other_only() -> None:
    records = {name: Record(birth_dates=("1990-05-02",)) for name in ("zcd-1", "zcd-2", "mc-1")}
    two = Labelled("two", records, frozenset(), frozenset({"zcd-1", "zcd-2"}))
    assert set(ours.blocked(two).patterns) == {("mc-1", "zcd-1"), ("mc-1", "zcd-2")}
    assert len(ours.blocked(two._replace(left=frozenset())).patterns) == 3


def test_learning_tells_a_clear_likeness_from_a_clear_difference() -> None:
    same = ("birth_same", "family_same", "gender_same", "given_same")
    other = ("birth_different", "family_same", "gender_different", "given_different")
    found = ours.learned({same: 50, other: 100})
    assert found[same] > 0.99
    assert found[other] < 0.01


def test_learning_from_nothing_finds_nothing() -> None:
    assert ours.learned({}) == {}
    assert ours.as_learned(ours.Blocked({}, {})) == set()


def test_a_table_has_a_line_per_contestant(town: Labelled) -> None:
    lines = list(matching.table({"seed": 1, "sets": {"dutch": matching.measured(town, {"nobody": lambda _: set()})}}))
    assert [line.split()[1] for line in lines[2:5]] == ["regiehub", "regiehub_learned", "nobody"]


def test_a_benchmark_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["matching", "nothing"]) == 2
    assert capsys.readouterr().err == f"bench: no nothing; there is {', '.join(bench.BENCHMARKS)}\n"
