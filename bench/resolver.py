"""One resolver for a whole municipality, on a real Apache Kafka: rate, memory, size, start-up, and the cost of a change
as the town and as its own component grow.

    python -m bench.resolver [--dossiers N] [--quick] [--alone] [--seed S]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.municipality import JURISDICTION, Municipality, Spec, chain, message
from bench.worker import BenchError, Worker, forget_state, state_bytes
from hub.demo.brokers.kafka import KafkaBroker
from hub.events.topics import ASSIGNMENTS, COMPOSITIONS, HOUSEHOLD_COMPOSITIONS, RESOLVE_STATE
from hub.stream.provision import ensure_topics

RESULTS: Final = Path(__file__).with_name("results") / "resolver.json"
_DOSSIERS: Final = 150_000
_QUICK: Final = 20
_SEED: Final = 7
_CHANGES: Final = 2_000
_CHAINS: Final = (3, 10, 20, 40)
"""Persons of a component; the last is over the cap."""
_CHANGES_PER_CHAIN: Final = 10
_TOWN_SHARES: Final = (100, 10, 1)
_MINUTES: Final = 40
_MB: Final = 1_000_000


@dataclass
class Bench:
    """A run: its broker, its folder, what it found so far."""

    bootstrap: str
    folder: Path
    alone: bool
    progress: Progress
    deadline: float
    found: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """A worker, stopped at the end."""
        if time.monotonic() > self.deadline:
            raise BenchError(f"not done within {_MINUTES} minutes")
        worker = Worker(self.bootstrap, self.folder, alone=self.alone)
        try:
            yield worker
        finally:
            worker.stop()

    def note(self, **values: Any) -> None:
        """Keep figures, and save all there are: a run that is broken off has measured something too."""
        self.found |= values
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(self.found, indent=2) + "\n", encoding="utf-8")

    def publish(self, title: str, messages: Iterable[bytes], total: int) -> None:
        """Everything is acknowledged on return."""
        task = self.progress.add_task(f"publish {title}", total=total)
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=20, batch_size=256 << 10)
        for value in messages:
            producer.send(COMPOSITIONS, key=JURISDICTION.encode(), value=value, partition=0)
            self.progress.advance(task)
        producer.flush()
        producer.close()

    def apply(self, worker: Worker, title: str, before: int, count: int) -> None:
        """Wait until the worker has applied so many more than `before`."""
        task = self.progress.add_task(f"apply {title}", total=count)
        worker.await_applied(before + count, lambda done: self.progress.update(task, completed=done - before))

    def changes(self, worker: Worker, title: str, messages: Sequence[bytes]) -> float:
        """CPU-microseconds of one change."""
        before, cpu = worker.applied(), worker.cpu_seconds()
        self.publish(title, messages, len(messages))
        self.apply(worker, title, before, len(messages))
        worker.await_rest()
        return (worker.cpu_seconds() - cpu) / len(messages) * 1e6


def fill(bench: Bench, specs: Sequence[Spec], rng: random.Random) -> None:
    """The town, in three parts; after each the cost of one change."""
    done, versions = 0, 1
    for share in _TOWN_SHARES:
        part = specs[done : len(specs) // share]
        bench.publish(f"{len(part):,} dossiers", map(message, part), len(part))
        done += len(part)
        versions += 1
        with bench.worker() as worker:
            worker.await_ready()
            _measure_fill(bench, worker, len(part), share)
            changed = [message(spec, versions) for spec in rng.sample(specs[:done], min(_CHANGES, done))]
            cost = bench.changes(worker, f"changes at {done:,} dossiers", changed)
            bench.note(change_by_town=bench.found.get("change_by_town", {}) | {str(done): round(cost)})
            if share == _TOWN_SHARES[-1]:
                bench.note(rss_steady_mb=mb(worker.memory("VmRSS")), rss_peak_mb=mb(worker.memory("VmHWM")))
                components(bench, worker)


def _measure_fill(bench: Bench, worker: Worker, count: int, share: int) -> None:
    started, cpu = time.monotonic(), worker.cpu_seconds()
    bench.apply(worker, f"{count:,} dossiers", 0, count)
    seconds = time.monotonic() - started
    worker.await_rest()
    used = worker.cpu_seconds() - cpu
    if share == _TOWN_SHARES[-1]:
        bench.note(
            dossiers_per_second=round(count / seconds),
            dossiers_per_cpu_second=round(count / used),
            cpu_us_per_dossier=round(used / count * 1e6),
            rss_after_fill_mb=mb(worker.memory("VmRSS")),
        )
        sizes(bench)


def components(bench: Bench, worker: Worker) -> None:
    """Cost of one change as its own component grows."""
    for persons in _CHAINS:
        chains = [chain(persons, f"{persons}-{i}", _SEED) for i in range(_CHANGES // _CHANGES_PER_CHAIN)]
        specs = [spec for found in chains for spec in found]
        bench.changes(worker, f"{persons} persons", [message(spec) for spec in specs])
        middle = [found[len(found) // 2] for found in chains]
        changed = [message(spec, 2 + i) for i in range(_CHANGES_PER_CHAIN) for spec in middle]
        cost = bench.changes(worker, f"changes, {persons} persons", changed)
        bench.note(change_by_component=bench.found.get("change_by_component", {}) | {str(persons): round(cost)})


def sizes(bench: Bench) -> None:
    """On disk and in the log."""
    admin = KafkaAdminClient(bootstrap_servers=bench.bootstrap)
    logs = {
        topic["name"]: sum(partition["partition_size"] for partition in topic["partitions"])
        for broker in admin.describe_log_dirs()
        for folder in broker["log_dirs"]
        for topic in folder["topics"]
    }
    names = (COMPOSITIONS, RESOLVE_STATE, ASSIGNMENTS, HOUSEHOLD_COMPOSITIONS)
    end = admin.list_partition_offsets({TopicPartition(RESOLVE_STATE, 0): OffsetSpec.LATEST})
    admin.close()
    bench.note(
        topics_mb={name: mb(logs.get(name, 0)) for name in names},
        changelog_records=next(iter(end.values())).offset,
        state_on_disk_mb=mb(state_bytes(bench.folder)),
    )


def start_up(bench: Bench, folder: str) -> None:
    """A restart: until it is ready, and what the look at its outputs costs after that."""
    with bench.worker() as worker:
        seconds = worker.await_ready()
        cpu = worker.cpu_seconds()
        taken = worker.recovered()
        worker.await_rest()
        found = {
            "ready_seconds": round(seconds, 1),
            "recovery_seconds": taken["seconds"],
            "changelog_records": taken["records"],
            "cpu_seconds_to_ready": round(cpu, 1),
            "cpu_seconds_of_the_look_at_the_outputs": round(worker.cpu_seconds() - cpu, 1),
            "rss_peak_mb": mb(worker.memory("VmHWM")),
            "rss_mb": mb(worker.memory("VmRSS")),
            "state_on_disk_mb": mb(state_bytes(bench.folder)),
        }
    bench.note(start_up=bench.found.get("start_up", {}) | {folder: found})


def run(bench: Bench, dossiers: int, seed: int) -> None:
    """All of it."""
    rng = random.Random(seed)
    specs = list(Municipality(dossiers, seed).specs())
    rng.shuffle(specs)
    ensure_topics(bench.bootstrap)
    bench.note(
        dossiers=len(specs),
        persons=len({member.person for spec in specs for member in spec.members}),
        member_lines=sum(len(spec.members) for spec in specs),
        seed=seed,
        worker="resolve alone" if bench.alone else "regiehub run stream: resolve, route and assemble",
        machine=f"{os.cpu_count()} cores, Python {platform.python_version()}",
        load_at_start=round(os.getloadavg()[0], 1),
    )
    fill(bench, specs, rng)
    start_up(bench, "warm")
    forget_state(bench.folder)
    start_up(bench, "empty")
    bench.note(load_at_end=round(os.getloadavg()[0], 1))


def mb(size: int) -> int:
    """Millions of bytes."""
    return round(size / _MB)


def as_table(found: dict[str, Any]) -> Table:
    """The figures, one a row."""
    table = Table("what", "figure", title="one resolver")
    for name, value in found.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for inner, figure in rows:
            table.add_row(f"{name} {inner}".strip(), json.dumps(figure) if isinstance(figure, dict) else str(figure))
    return table


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=_DOSSIERS)
    parser.add_argument("--quick", action="store_true", help=f"a town of 1/{_QUICK}")
    parser.add_argument("--alone", action="store_true", help="a worker of resolve alone, without route and assemble")
    parser.add_argument("--seed", type=int, default=_SEED)
    options = parser.parse_args()
    dossiers = options.dossiers // _QUICK if options.quick else options.dossiers
    console = Console()
    console.print(f"seed {options.seed}, {dossiers:,} dossiers")
    deadline = time.monotonic() + _MINUTES * 60
    with tempfile.TemporaryDirectory() as folder, KafkaBroker() as broker, Progress(console=console) as progress:
        bench = Bench(broker.bootstrap, Path(folder), options.alone, progress, deadline)
        run(bench, dossiers, options.seed)
    console.print(as_table(bench.found))


if __name__ == "__main__":
    main()
