"""The parts of the benchmark of the whole job that need no broker: input, reference, the job over dictionaries, table,
plot."""

from __future__ import annotations

import random
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import __main__ as bench
from bench import stages
from bench.whole_job import plot
from bench.whole_job.benchmark import INPUT, compared, summary, table, unequal
from bench.whole_job.field import FIELD
from bench.whole_job.input import Input, make_input, spread
from bench.whole_job.job import Run
from bench.whole_job.plain import Assemble, Resolve, Route
from bench.whole_job.reference import Shown, differing, expected, expected_of
from hub.connect.ingest.publisher import Message
from hub.events.topics import COMPOSITIONS, RECORDS, VIEWS
from hub.stream.stage import Output
from tests.stream.adversary import lane
from tests.stream.adversary.run import TOPICS, drive, real_stages


@pytest.fixture(scope="module")
def town() -> Input:
    return make_input(households=6, seed=3)


@pytest.fixture(scope="module")
def wanted(town: Input) -> dict[str, Shown]:
    return expected(town.messages)


def test_an_input_is_a_function_of_its_seed(town: Input) -> None:
    assert town == make_input(households=6, seed=3)
    assert town.warm_up
    settling, living = ([message.topic for message in wave] for wave in town.waves)
    assert set(settling) == {COMPOSITIONS}
    assert set(living) == {COMPOSITIONS, RECORDS}
    assert living.count(COMPOSITIONS) < len(settling)


def test_after_each_wave_there_is_what_came_until_then(town: Input, wanted: dict[str, Shown]) -> None:
    settled, final = expected_of(town)
    assert final == wanted
    assert settled == expected(town.warm_up + town.waves[0])
    assert len(settled) > len(expected(town.warm_up))


@given(st.lists(st.integers(0, 4).map(lambda key: str(key).encode())))
def test_spreading_keeps_the_order_of_each_key_and_shares_the_turns(keys: list[bytes]) -> None:
    messages = [Message(RECORDS, key, str(number).encode()) for number, key in enumerate(keys)]
    found = spread(messages, lambda message: message.key)
    for key in set(keys):
        assert [m for m in found if m.key == key] == [m for m in messages if m.key == key]
    turns = [sum(earlier.key == message.key for earlier in found[:place]) for place, message in enumerate(found)]
    assert turns == sorted(turns)
    assert len(found) == len(messages)


def test_our_stages_end_as_the_reference_says(town: Input, wanted: dict[str, Shown], rng: random.Random) -> None:
    logs = {topic: lane.Log() for topic in TOPICS}
    workers = [lane.Worker(stage, logs, lane.Rules(), rng) for stage in real_stages()]
    feed = [(message.topic, lane.Message(message.key, message.value, 0)) for message in town.messages]
    drive(rng, lane.Rules(), feed, logs, workers)
    views = {message.key.decode(): message.value for _, message in logs[VIEWS].read(0)}
    assert differing(views, wanted) == 0
    assert any(len(household.dossiers) > 1 for household in wanted.values())
    assert any(household.records for household in wanted.values())


@pytest.mark.parametrize("longest", [1, 7, 1000])
def test_the_job_over_dictionaries_ends_as_the_reference_says(
    town: Input, wanted: dict[str, Shown], longest: int
) -> None:
    assert differing(_plain_views(town, longest), wanted) == 0


def test_every_household_that_is_not_right_is_counted(town: Input, wanted: dict[str, Shown]) -> None:
    views = _plain_views(town, 10)
    living = sorted(wanted)
    assert differing({}, wanted) == len(wanted)
    assert differing({key: value for key, value in views.items() if key != living[0]}, wanted) == 1
    assert differing(views | {living[0]: views[living[1]]}, wanted) == 1
    assert differing(views | {"H-unheard-of": views[living[1]]}, wanted) == 1
    early = _plain_views(town._replace(waves=town.waves[:1]), 10)
    assert differing(early, wanted) > 0


def test_the_table_and_the_plot_say_who_is_unequal_and_who_did_not_run() -> None:
    good = Run(events=1000, seconds=2.0, cpu_seconds=1.0, peak_mb=90.0, views=900, differing=0, households=40)
    slow = good._replace(cpu_seconds=4.0, differing=3)
    found = {contestant.name: summary([good, good, slow]) for contestant in FIELD}
    found["quix"] = {"not_run": "there is\nno <wheel>"}
    found["bytewax"] = summary([slow])
    broker = {"broker_writes_per_second": 20_000, "broker_reads_per_second": 30_000}
    about = {"events": 1000, "households": 40, "rounds": 3, "list_records": 16, **broker}
    results = {INPUT: about} | compared(found)
    lines = "\n".join(table(results))
    assert "not run: no <wheel>" in lines
    assert "UNEQUAL: 3 of 40 households" in lines
    assert (results["bytewax"]["ratio"], results["regiehub"]["ratio"]) == (0.25, 1.0)
    assert results["regiehub"]["cpu_us_per_event"] == 1000
    texts = [element.text or "" for element in ElementTree.fromstring(plot.svg(results)).iter()]
    assert any(text.startswith("bytewax") for text in texts)
    assert not any(text.startswith("quix") for text in texts)


def _plain_views(town: Input, longest: int) -> dict[str, bytes]:
    """As `contestants/fused.py` does it, without Kafka."""
    resolve, route, assemble = Resolve(), Route(), Assemble()
    views: dict[str, bytes] = {}
    for start in range(0, len(town.messages), longest):
        for clock, message in enumerate(town.messages[start : start + longest], start):
            if message.topic == COMPOSITIONS:
                resolve.take(clock, message.value)
            else:
                route.register(message.key, message.value)
        for ref, assigned in resolve.assignments().items():
            route.assign(ref.key, assigned)
        for household, composition in resolve.compositions().items():
            assemble.compose(household, composition)
        for household, entries in route.puts().items():
            assemble.put(household, entries)
        views |= assemble.views()
    return views


def test_the_stages_by_themselves_do_the_whole_job(town: Input, wanted: dict[str, Shown]) -> None:
    given = [Output(*message[:3]) for message in town.messages]
    spent = stages.whole(given)
    assert list(spent) == ["resolve", "route", "assemble"]
    assert spent["resolve"].records == sum(message.topic == COMPOSITIONS for message in town.messages)
    assert spent["assemble"].puts >= len(wanted)
    assert all(found.bytes_written > 0 for found in spent.values())


def test_the_table_of_the_stages_says_what_each_took() -> None:
    lines = list(stages.table(stages.run(quick=True)))
    assert [line.split()[0] for line in lines[1:4]] == ["resolve", "route", "assemble"]
    assert any("Codec.decode" in line for line in lines)


@pytest.mark.parametrize(("differing_households", "exit_code"), [(0, 0), (2, 1)])
def test_other_views_than_the_reference_has_are_a_failure(
    differing_households: int, exit_code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"households_unequal": differing_households}
    results = {INPUT: {"events": 1}, "regiehub": row, "quix": {"not_run": "it is not here"}}
    assert unequal(results) == (["regiehub"] if differing_households else [])
    whole_job = bench.Benchmark(lambda _: results, lambda _: iter(()))
    monkeypatch.setattr(bench, "BENCHMARKS", {"whole_job": whole_job})
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    monkeypatch.setattr(bench, "latest", lambda *_, **__: {})
    monkeypatch.setattr(plot, "svg", lambda _: "")
    assert bench.main([]) == exit_code
    assert (tmp_path / "latest.json").exists()
