"""The whole job by everybody, in turns: rounds, medians, table, plot."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.progress import Progress

from bench.whole_job.field import FIELD, missing
from bench.whole_job.input import Input, make_input
from bench.whole_job.job import Contestant, Log, Run, run_once
from bench.whole_job.reference import Shown, expected_of
from bench.worker import BenchError
from hub.connect.ingest.publisher import Message
from hub.demo.brokers.kafka import KafkaBroker
from hub.events.topics import COMPOSITIONS

_SEED: Final = 7
INPUT: Final = "input"
"""Where the results say what was put in; every other name in them is a contestant's."""


class Size(NamedTuple):
    """Of a benchmark. `list_records`: the longest list of those who work in lists, at full size a quarter of the
    households of a partition: longer ones would put more changes of a household in one view than others can."""

    households: int
    rounds: int
    list_records: int


_FULL: Final = Size(households=900, rounds=3, list_records=28)
_QUICK: Final = Size(households=40, rounds=1, list_records=16)


def run(quick: bool) -> dict[str, Any]:
    """Measure. A contestant that cannot run, or breaks down, has `not_run`: why."""
    size = _QUICK if quick else _FULL
    given = make_input(size.households, _SEED)
    wanted = expected_of(given)
    reasons = {contestant.name: why for contestant in FIELD if (why := missing(contestant))}
    runs: dict[str, list[Run]] = {contestant.name: [] for contestant in FIELD}
    with KafkaBroker(brief=quick) as broker, Progress(console=Console(stderr=True)) as progress:
        log = Log(broker.bootstrap)
        alone = _broker_alone(log, given.messages)
        task = progress.add_task("the whole job", total=size.rounds * len(FIELD))
        for number in range(1, size.rounds + 1):
            for contestant in FIELD:
                progress.update(task, description=f"round {number} of {size.rounds}: {contestant.name}")
                if contestant.name not in reasons:
                    try:
                        runs[contestant.name].append(_run(contestant, log, given, wanted, size))
                    except BenchError as error:
                        reasons[contestant.name] = str(error)
                progress.advance(task)
        log.close()
    found = {name: {"not_run": reasons[name]} if name in reasons else summary(runs[name]) for name in runs}
    return {INPUT: _about(given, wanted, size) | alone} | compared(found)


def _broker_alone(log: Log, messages: Sequence[Message]) -> dict[str, Any]:
    """The limit of all of them: the input written and acknowledged, and read back, by librdkafka. Messages a second."""
    log.renew_topics()
    began = time.monotonic()
    log.write(messages)
    written = time.monotonic()
    read = sum(1 for topic in sorted({message.topic for message in messages}) for _ in log.read(topic))
    ended = time.monotonic()
    return {
        "broker_writes_per_second": round(len(messages) / (written - began)),
        "broker_reads_per_second": round(read / (ended - written)),
    }


def _run(contestant: Contestant, log: Log, given: Input, wanted: Sequence[dict[str, Shown]], size: Size) -> Run:
    with tempfile.TemporaryDirectory(prefix="whole-job-", ignore_cleanup_errors=True) as folder:
        return run_once(contestant, log, given, wanted, Path(folder), size.list_records)


def _about(given: Input, wanted: Sequence[Mapping[str, Shown]], size: Size) -> dict[str, Any]:
    messages = given.messages
    return {
        **size._asdict(),
        "seed": _SEED,
        "events": len(given.main),
        "events_of_waves": [len(wave) for wave in given.waves],
        "events_of_warm_up": len(given.warm_up),
        "compositions": sum(message.topic == COMPOSITIONS for message in messages),
        "bytes_per_event": round(sum(len(message.value) for message in messages) / len(messages)),
        "households_in_the_end": len(wanted[-1]),
    }


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    """Medians of the runs of one contestant; of memory and of what differs, the worst."""
    cpu = median(run.cpu_seconds / run.events for run in runs)
    return {
        "events_per_second": round(median(run.events / run.seconds for run in runs)),
        "events_per_cpu_second": round(1 / cpu),
        "cpu_us_per_event": round(cpu * 1e6),
        "peak_mb": round(max(run.peak_mb for run in runs)),
        "views_per_event": round(median(run.views / run.events for run in runs), 2),
        "households_unequal": max(run.differing for run in runs),
        "households": runs[0].households,
        "rounds": [
            {"seconds": round(run.seconds, 2), "cpu_seconds": round(run.cpu_seconds, 2), "views": run.views}
            for run in runs
        ],
    }


def compared(found: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """With `ratio`: events per CPU-second over those of the first, and what each promises."""
    promises = {
        contestant.name: {"recoverable": contestant.recoverable, "order": contestant.order, "lost": contestant.lost}
        for contestant in FIELD
    }
    first = found[FIELD[0].name].get("events_per_cpu_second")
    return {
        name: row
        | ({"ratio": round(row["events_per_cpu_second"] / first, 2)} if first and "not_run" not in row else {})
        | {"guarantees": promises[name]}
        for name, row in found.items()
    }


def unequal(results: Mapping[str, Any]) -> list[str]:
    """Who wrote other views than the reference has."""
    return [name for name, row in results.items() if name != INPUT and row.get("households_unequal")]


def table(results: Mapping[str, Any]) -> Iterator[str]:
    """The results in lines of text."""
    given = results[INPUT]
    yield (
        f"the whole job on Apache Kafka: {given['events']:,} events of {given['households']:,} households,"
        f" medians of {given['rounds']} rounds in turns; lists of at most {given['list_records']} records a partition"
    )
    yield (
        f"  the broker alone: {given['broker_writes_per_second']:,} messages of it written a second,"
        f" {given['broker_reads_per_second']:,} read"
    )
    yield (
        f"  {'':<19} {'events/s':>9} {'per CPU-s':>10} {'CPU us':>7} {'ratio':>6} {'peak MB':>8} {'views/ev':>9}"
        "  views as in the reference; state can be recovered (what else each promises stands below)"
    )
    contestants = {name: row for name, row in results.items() if name != INPUT}
    for name, row in contestants.items():
        yield f"  {name:<19} {_figures(row)}"
    yield "  what each promises:"
    for name, row in contestants.items():
        promised = row["guarantees"]
        yield f"  {name:<19} state can be recovered: {promised['recoverable']}"
        yield f"  {'':<19} order of effects: {promised['order']}"
        yield f"  {'':<19} lost in a crash: {promised['lost']}"
    yield (
        "  events/s: wall, from the first event written to the last view; CPU: of the program and its children, without"
        " the broker; ratio: events per CPU-second over regiehub's; views/ev: views written per event"
    )


def _figures(row: Mapping[str, Any]) -> str:
    if "not_run" in row:
        return f"not run: {row['not_run'].splitlines()[-1][:160]}"
    unequal = row["households_unequal"]
    equal = "equal" if not unequal else f"UNEQUAL: {unequal} of {row['households']} households"
    return (
        f"{row['events_per_second']:>9,} {row['events_per_cpu_second']:>10,} {row['cpu_us_per_event']:>7,}"
        f" {row.get('ratio', 0):>6.2f} {row['peak_mb']:>8,} {row['views_per_event']:>9.2f}  {equal};"
        f" {row['guarantees']['recoverable']}"
    )
