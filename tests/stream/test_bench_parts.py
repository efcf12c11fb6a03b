"""The benchmarks of the whole hub: what their figures are about, without a broker."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench
from bench import freshness, projection, scale
from bench.desk_town import published
from bench.municipality import Municipality
from bench.scale_town import changes, contact, contact_ids, resolve_us
from hub.demo.freshness import Place
from hub.events.codec import decode
from hub.events.topics import COMPOSITIONS, RECORDS

SEEN = [Place(f"seen {number}", "zcd", f"Z-{number}") for number in range(12)]
OTHERS = [Place(f"other {number}", "zcd", f"O-{number}") for number in range(30)]


@pytest.mark.parametrize(("rate", "looked_for"), [(50, 25), (200, 25), (1000, 25), (10, 5)])
def test_so_many_changes_a_second_are_looked_for_in_few_households(rate: int, looked_for: int) -> None:
    planned = freshness.due(SEEN, OTHERS, rate, 10)
    assert len(planned) == rate * 10
    assert Counter(item.place in SEEN for item in planned) == Counter(item.watched for item in planned)
    assert sum(item.watched for item in planned) == looked_for * 10
    first, second = (
        {item.place for item in half if item.watched} for half in (planned[: rate * 5], planned[rate * 5 :])
    )
    assert len(first) == len(second) == 5
    assert not first & second
    places = [item.place for item in planned if item.watched]
    assert all(one != other for one, other in pairwise(places))


def test_a_town_in_which_all_is_seen_is_written_to_all_the_same() -> None:
    assert {item.place for item in freshness.due(SEEN, [], 50, 4)} == set(SEEN)


def test_freshness_says_what_bounds_it() -> None:
    row: dict[str, Any] = {"seconds": 60, "written_per_second": 199.5, "through_per_second": 150.0, "looked_for": 1500}
    row |= {
        "p50": 0.7,
        "p99": 1.9,
        "p99.9": 2.2,
        "longest": 2.4,
        "cores": {"connector zcd": 0.1, "desk": 0.9, "idle": 0.0},
    }
    results = {"machine": {"cores": 2, "load_at_start": 0.1}, "households": 400, "rates": {"200": row}}
    head, line, cores = bench.BENCHMARKS["freshness"].table(results)
    assert "2 cores" in head
    assert "p99 1.90" in line
    assert cores.strip() == "cores: desk 0.90, connector zcd 0.10"


def test_every_benchmark_is_in_the_readme() -> None:
    said = (Path(bench.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert not [
        name for name in bench.BENCHMARKS if f"`bench/{name}.py`" not in said and f"`bench/{name}/`" not in said
    ]


def test_projection_measures_each_pass(tmp_path: Path) -> None:
    views = published(2)
    done: list[int] = []
    passes = projection.measured(f"sqlite:///{tmp_path}/desk.sqlite", views, done.append)
    assert list(passes) == ["new", "changed", "one_by_one"]
    assert all(row["cpu_ms"] > 0 for row in passes.values())
    assert sum(done) == 3 * len(views)
    machine = {"cores": 2, "load": 0.1}
    results = {"machine": machine, "views": 2, "bytes_per_view": 3000, "databases": {"sqlite": passes}}
    assert "one by one" in list(bench.BENCHMARKS["projection"].table(results))[1]


def test_ingest_says_what_a_record_took() -> None:
    row = {"records": 1000, "records_per_second": 900, "cpu_us_per_record": 812, "published": 990, "peak_mb": 93}
    results = {"machine": {"cores": 2, "load": 0.1}, "households": 60, "connectors": {"zcd": row}}
    assert "812 us of CPU each" in list(bench.BENCHMARKS["ingest"].table(results))[1]


def test_changes_are_of_different_dossiers_and_a_third_are_compositions(rng: random.Random) -> None:
    specs = list(Municipality(60, 7).specs())
    some = changes(specs, 30, 2, rng)
    assert Counter(item.topic for item in some) == {COMPOSITIONS: 10, RECORDS: 20}
    assert len({item.key for item in some if item.topic == RECORDS}) == 20
    assert len(changes(specs, 100, 2, rng)) == 60


def test_a_third_of_what_changes_is_resolves_work_in_the_largest_town_that_was_measured() -> None:
    assert resolve_us({"change_by_town": {"150000": 1800, "15000": 1500, "1500": 1200}}) == 600


def test_a_contact_moment_is_found_in_what_is_made_of_it() -> None:
    specs = list(Municipality(60, 7).specs())
    written = [contact(spec, number, 3) for number, spec in enumerate(specs)]
    ids = {decode(item.value).value["record_id"].encode() for item in written}
    assert contact_ids(item.value for item in written) == ids
    assert len(ids) == 60
    assert contact_ids([b"25" + min(ids) + b"Z", b"", b"Z-0000001"]) == {min(ids)}


@pytest.mark.parametrize(("cores", "rate"), [(1, 1000), (2, 2000 / 1.2), (4, 4000 / 1.6), (100, 4000)])
def test_the_model_adds_for_each_worker_what_the_second_added_and_ends_at_resolve(cores: int, rate: float) -> None:
    assert scale.modelled(cores, one=1000, two=1200, resolving=250) == pytest.approx(rate)


def test_a_second_worker_that_seems_to_cost_nothing_makes_no_other_cheaper() -> None:
    assert scale.modelled(4, one=1000, two=900, resolving=100) == pytest.approx(4000)


def test_a_rebuild_is_what_cold_takes_longer_than_warm() -> None:
    warm = {"ready_seconds": 5.0, "cpu_seconds": 4.0, "changelog_records": 100}
    cold = {"ready_seconds": 15.0, "cpu_seconds": 9.0, "changelog_records": 100_100}
    assert scale.rebuilt(warm, cold) == {"records_per_second": 10_000, "records_per_cpu_second": 20_000}


def test_scale_says_which_figures_are_a_model() -> None:
    start = {"ready_seconds": 5.0, "cpu_seconds": 4.0, "changelog_records": 10}
    start["peak_mb"] = 100
    lost = {"partitions_of_the_killed": 9, "seconds": 13.6, "changelog_records": 10}
    filled = {"persons": 70, "fill_seconds": 2.0, "dossiers_per_second": 5, "state_mb": 1, "topics_mb": 2}
    grown = filled | {
        "dossiers": 10,
        "fill_cpu_us_per_event": 900,
        "cpu_us_per_change": 800,
        "resident_mb": 90,
        "peak_mb": 99,
    }
    results = {
        "machine": {"cores": 2, "load": 0.1},
        "households": 10,
        "growth": [grown],
        "recovery": {"warm": start, "cold": start, "rebuild": scale.rebuilt(start, start), "failover": lost},
        "workers": {"1": 800, "2": 900},
        "resolve_us_per_change": 200.0,
        "model": {"1": 1250},
    }
    assert [line for line in bench.BENCHMARKS["scale"].table(results) if "MODEL, not measured" in line]
