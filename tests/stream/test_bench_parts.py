"""The benchmarks of the whole hub: what their figures are about, without a broker."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench
from bench import freshness, projection
from bench.desk_town import published
from hub.demo.freshness import Place

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
