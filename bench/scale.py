"""One worker as the town grows, its recovery, and two workers: `regiehub run stream` on an Apache Kafka, from outside.

    a town of 1/100, 1/10 and all households: CPU per event of the fill, and of changes once it is there
    warm restart; cold start from the topics alone; the same changes with two workers; one of them killed

The town is that of the resolver's benchmark (`bench/municipality.py`), with contact moments; no connector takes part.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from kafka import KafkaAdminClient
from rich.console import Console
from rich.progress import Progress

from bench.municipality import Municipality, Spec
from bench.scale_town import Views, changes, composition, contact, contact_ids, resolve_us
from bench.whole_job.job import Log
from bench.worker import BenchError, Worker, bytes_in, forget_state
from hub.connect.ingest.publisher import Message
from hub.demo.brokers.kafka import KafkaBroker
from hub.events.topics import COMPOSITIONS
from hub.stream.provision import ensure_topics

_SEED: Final = 7
_DOSSIERS_PER_HOUSEHOLD: Final = 1.2
_CONTACTS: Final = 1
"""Records of a dossier besides its composition."""
_SHARES: Final = (100, 10, 1)
_COLD_SECONDS: Final = 900.0
_WRITTEN_AT_ONCE: Final = 20_000
"""What still waits in the producer then is through well within the half minute that `Log.write` allows."""
_SHARED_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2
_FAILOVER_CONTACTS: Final = 400
"""Of as many dossiers: all partitions have some."""
_TICK_SECONDS: Final = 0.1
"""To which times are known."""
_CORES: Final = (1, 2, 4, 8, 16)
_MB: Final = 1_000_000
_RESOLVER: Final = Path(__file__).parent / "results" / "resolver.json"
"""What resolve takes in a whole municipality: measured by itself (`bench/resolver.py`), for it takes the better part of
an hour."""


class Size(NamedTuple):
    """Of a benchmark: households in the end, and changes that are measured at each size."""

    households: int
    changes: int


_FULL: Final = Size(125_000, 1_200)
"""150,000 dossiers, which name a million persons."""
_QUICK: Final = Size(200, 60)


class Bench(NamedTuple):
    """A run: its log, where workers keep their state, and who sees how far it is."""

    log: Log
    folder: Path
    progress: Progress
    specs: Sequence[Spec]
    size: Size

    def worker(self, name: str) -> Worker:
        """A worker that starts now; its state is in the folder of that name."""
        (self.folder / name).mkdir(exist_ok=True)
        return Worker(self.log.bootstrap, self.folder / name, alone=False)

    def step(self, title: str) -> None:
        """Say what is going on."""
        self.progress.add_task(f"scale: {title}", total=None)


def run(quick: bool) -> dict[str, Any]:
    """Measure all of it, on one town."""
    size, load = _QUICK if quick else _FULL, os.getloadavg()[0]
    resolving = resolve_us(orjson.loads(_RESOLVER.read_bytes()))
    specs = list(Municipality(round(size.households * _DOSSIERS_PER_HOUSEHOLD), _SEED).specs())
    random.Random(_SEED).shuffle(specs)
    with (
        KafkaBroker(brief=quick) as broker,
        tempfile.TemporaryDirectory(prefix="scale-", ignore_cleanup_errors=True) as folder,
        Progress(console=Console(stderr=True)) as progress,
    ):
        ensure_topics(broker.bootstrap)
        bench = Bench(Log(broker.bootstrap), Path(folder), progress, specs, size)
        try:
            growth = _growth(bench)
            recovery, two = _recovery(bench)
        finally:
            bench.log.close()
    one = growth[-1]["cpu_us_per_change"]
    return {
        "machine": {"cores": os.cpu_count(), "load": round(load, 1)},
        "households": size.households,
        "growth": growth,
        "recovery": recovery,
        "workers": {"1": one, "2": two},
        "resolve_us_per_change": round(resolving, 1),
        "model": {str(cores): round(modelled(cores, one, two, resolving)) for cores in _CORES},
    }


def modelled(cores: int, one: float, two: float, resolving: float) -> float:
    """Events per second of so many workers, a core each. Each worker more adds to the CPU of an event what the second
    was measured to add, nothing if it took less; resolve has one partition, so one core. `one`, `two`, `resolving`: CPU
    us of an event."""
    each = one + max(0.0, two - one) * (cores - 1)
    return min(cores / each, 1 / resolving) * 1e6


def _growth(bench: Bench) -> list[dict[str, Any]]:
    found, done = [], 0
    worker = bench.worker("first")
    try:
        worker.await_ready()
        for number, share in enumerate(_SHARES):
            until = len(bench.specs) // share
            found.append(_grown(bench, worker, done, until, number + 2))
            done = until
    finally:
        worker.stop()
    return found


def _grown(bench: Bench, worker: Worker, done: int, until: int, version: int) -> dict[str, Any]:
    """The town gets so many dossiers; then some that are there change, each to this version."""
    part = bench.specs[done:until]
    fill = [composition(spec, 1) for spec in part]
    fill += [contact(spec, number, 1) for number in range(_CONTACTS) for spec in part]
    began = time.monotonic()
    filled = _through(bench, worker, f"{until:,} dossiers", fill)
    seconds = time.monotonic() - began
    some = changes(bench.specs[:until], bench.size.changes, version, random.Random(version))
    return {
        "dossiers": until,
        "persons": len({member.person for spec in bench.specs[:until] for member in spec.members}),
        "fill_seconds": round(seconds, 1),
        "dossiers_per_second": round(len(part) / seconds),
        "state_mb": round(bytes_in(bench.folder / "first") / _MB),
        "topics_mb": round(topic_bytes(bench.log.bootstrap) / _MB),
        "fill_events": len(fill),
        "fill_cpu_us_per_event": round(filled),
        "cpu_us_per_change": round(_through(bench, worker, f"changes in {until:,} dossiers", some)),
        "resident_mb": round(worker.memory("VmRSS") / _MB),
        "peak_mb": round(worker.memory("VmHWM") / _MB),
    }


def topic_bytes(bootstrap: str) -> int:
    """What all topics of a broker take on its disk."""
    admin: Any = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        folders = (folder for broker in admin.describe_log_dirs() for folder in broker["log_dirs"])
        topics = (topic for folder in folders for topic in folder["topics"])
        return sum(partition["partition_size"] for topic in topics for partition in topic["partitions"])
    finally:
        admin.close()


def _through(bench: Bench, worker: Worker, title: str, messages: Sequence[Message]) -> float:
    """CPU-microseconds of one of these, until all has followed of all; what it takes at rest is taken off."""
    compositions = sum(message.topic == COMPOSITIONS for message in messages)
    task = bench.progress.add_task(f"scale: {title}", total=compositions)
    before, cpu, began = worker.applied(), worker.cpu_seconds(), time.monotonic()
    for start in range(0, len(messages), _WRITTEN_AT_ONCE):
        bench.log.write(messages[start : start + _WRITTEN_AT_ONCE])
    worker.await_applied(
        before + compositions, lambda done: bench.progress.update(task, completed=min(done - before, compositions))
    )
    at_rest = worker.await_rest() * (time.monotonic() - began)
    return (worker.cpu_seconds() - cpu - at_rest) / len(messages) * 1e6


def _recovery(bench: Bench) -> tuple[dict[str, Any], float]:
    """Warm, cold, and after a kill; and between these the CPU-microseconds of a change with two workers."""
    bench.step("warm restart")
    worker = bench.worker("first")
    try:
        warm = _taken(worker)
        worker.await_rest()
    finally:
        worker.stop()
    forget_state(bench.folder / "first")
    bench.step("cold start")
    with ExitStack() as started:
        first = bench.worker("first")
        started.callback(first.stop)
        cold = _taken(first)
        first.await_rest()
        bench.step("two workers")
        second = bench.worker("second")
        started.callback(second.stop)
        _await(lambda: _partitions(first) > 0 and _partitions(second) > 0, _SHARED_SECONDS, "partitions are not shared")
        two = _by_two(bench, first, second)
        bench.step("one of two is killed")
        lost = _failover(bench, first, second)
    return {"warm": warm, "cold": cold, "rebuild": rebuilt(warm, cold), "failover": lost}, two


def rebuilt(warm: Mapping[str, Any], cold: Mapping[str, Any]) -> dict[str, int]:
    """Changelog records a second, and a CPU-second, of what a cold start takes longer than a warm one."""
    more = {name: max(_TICK_SECONDS, cold[name] - warm[name]) for name in ("ready_seconds", "cpu_seconds")}
    records = cold["changelog_records"] - warm["changelog_records"]
    return {
        "records_per_second": round(records / more["ready_seconds"]),
        "records_per_cpu_second": round(records / more["cpu_seconds"]),
    }


def _taken(worker: Worker) -> dict[str, Any]:
    """A start, until every partition has its state."""
    seconds = worker.await_ready(_COLD_SECONDS)
    cpu = worker.cpu_seconds()
    records = sum(found["records"] for found in worker.said("partition_recovered"))
    return {
        "ready_seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "changelog_records": records,
        "peak_mb": round(worker.memory("VmHWM") / _MB),
    }


def _partitions(worker: Worker) -> int:
    said = worker.said("partitions_assigned")
    return int(said[-1]["partitions"]) if said else 0


def _by_two(bench: Bench, first: Worker, second: Worker) -> float:
    for worker in (first, second):
        worker.await_ready(_COLD_SECONDS)
        worker.await_rest()
    some = changes(bench.specs, bench.size.changes, len(_SHARES) + 2, random.Random(0))
    cpu, began = first.cpu_seconds() + second.cpu_seconds(), time.monotonic()
    with Views(bench.log.bootstrap) as views:
        bench.log.write(some)
        views.await_all(contact_ids(message.value for message in some))
    at_rest = sum(worker.await_rest() for worker in (first, second)) * (time.monotonic() - began)
    return round((first.cpu_seconds() + second.cpu_seconds() - cpu - at_rest) / len(some) * 1e6)


def _failover(bench: Bench, killed: Worker, left: Worker) -> dict[str, Any]:
    """From the kill, which is when new contacts of many dossiers come in, until all of them are in the views."""
    chosen = random.Random(1).sample(bench.specs, min(_FAILOVER_CONTACTS, len(bench.specs)))
    contacts = [contact(spec, 0, len(_SHARES) + 9) for spec in chosen]
    had, known = _partitions(killed), len(left.said("partition_recovered"))
    with Views(bench.log.bootstrap) as views:
        killed.kill()
        began = time.monotonic()
        bench.log.write(contacts)
        views.await_all(contact_ids(message.value for message in contacts))
        seconds = time.monotonic() - began
    recovered = left.said("partition_recovered")[known:]
    return {
        "partitions_of_the_killed": had,
        "seconds": round(seconds, 1),
        "changelog_records": sum(found["records"] for found in recovered),
    }


def _await(condition: Callable[[], bool], seconds: float, problem: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(problem)
        time.sleep(_LOOK_SECONDS)


def table(results: Mapping[str, Any]) -> Iterator[str]:
    """The results in lines of text."""
    machine, recovery = results["machine"], results["recovery"]
    yield (
        f"one worker, up to {results['households']:,} households; {machine['cores']} cores,"
        f" load {machine['load']} at the start"
    )
    for row in results["growth"]:
        yield (
            f"  {row['dossiers']:>7,} dossiers: {row['cpu_us_per_change']:>5,} us of CPU a change,"
            f" {row['fill_cpu_us_per_event']:>5,} an event of the fill; {row['resident_mb']:,} MB,"
            f" at most {row['peak_mb']:,}"
        )
        yield (
            f"          {row['persons']:,} persons; filled in {row['fill_seconds']:,} s, {row['dossiers_per_second']:,}"
            f" dossiers a second; on disk: state {row['state_mb']:,} MB, topics {row['topics_mb']:,} MB"
        )
    for name in ("warm", "cold"):
        row = recovery[name]
        yield (
            f"  {name} start: ready in {row['ready_seconds']} s ({row['cpu_seconds']} of CPU),"
            f" {row['changelog_records']:,} changelog records, peak {row['peak_mb']:,} MB"
        )
    rebuild = recovery["rebuild"]
    yield (
        f"  what the cold one takes longer: {rebuild['records_per_second']:,} changelog records a second,"
        f" {rebuild['records_per_cpu_second']:,} a CPU-second"
    )
    lost = recovery["failover"]
    yield (
        f"  one of two killed: its {lost['partitions_of_the_killed']} partitions are worked on by the other, and all is"
        f" shown, after {lost['seconds']} s ({lost['changelog_records']:,} changelog records)"
    )
    workers = results["workers"]
    yield f"  a change with one worker {workers['1']:,} us of CPU, with two {workers['2']:,} together"
    model = ", ".join(f"{cores}: {rate:,}" for cores, rate in results["model"].items())
    yield (
        f"  MODEL, not measured: changes a second by cores, a worker each: {model}"
        f" (resolve, one partition, takes {results['resolve_us_per_change']} us of one core)"
    )
