"""What the log of looks costs: records a second, and what it adds to a household read, with and without group commit.

On the disk of temporary files. Each figure is over rounds in which the contestants take turns, so that whatever else
runs on the machine hits all alike; the figures to compare are the ratios.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles
from threading import Lock
from typing import Any, Final
from unittest.mock import Mock, patch

from rich.console import Console
from rich.progress import track

from hub.desk import database
from hub.desk.access import Actor, Role
from hub.desk.admission import Request
from hub.desk.looks import Look, LookLog
from hub.desk.looks.verify import verify
from hub.desk.projector import apply_view
from hub.desk.reading import Reading
from hub.desk.surroundings import KEPT_SECONDS
from tests.desk.family import family
from tests.desk.views import TEAM

ROUNDS: Final = 5
LOOKS: Final = 400
"""Per round and contestant; some seconds on a slow disk."""
THREADS: Final = (1, 8, 40)
"""One reader, a busy desk, and as many as the web server answers at once."""
_RECORDS: Final = 6
"""Of a look at the household of `tests/desk/family.py`: the operation and five persons."""
_BYTES: Final = 3_200
"""Of the same."""
_NO_LOG: Final = "no log"
_ASKING: Final = Request(Actor("dirk", Role.CASE_DIRECTOR, unit="youth", teams=(TEAM,), staff="1"), "ab" * 16)

Read = Callable[[LookLog], None]


class OneByOne(LookLog):
    """Without group commit: whoever comes waits until everybody before him has been flushed alone."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._one = Lock()

    def write(self, look: Look) -> None:
        """Write alone."""
        with self._one:
            super().write(look)


class NoLog(LookLog):
    """No log at all: what a read costs by itself."""

    def write(self, look: Look) -> None:
        """Write nothing."""


def run(quick: bool) -> dict[str, Any]:
    """Measure. Times in milliseconds."""
    rounds, looks = (1, 60) if quick else (ROUNDS, LOOKS)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        engine = database.open_engine(f"sqlite:///{folder / 'desk.sqlite'}")
        home, view = family()
        with engine.begin() as connection:
            apply_view(connection, home.encode(), view)
        logs = {
            _NO_LOG: NoLog(folder / "none.jsonl"),
            "one by one": OneByOne(folder / "one.jsonl"),
            "grouped": LookLog(folder / "grouped.jsonl"),
        }

        def read(log: LookLog) -> None:
            Reading(engine, log, kept_seconds=KEPT_SECONDS).household(_ASKING, home)

        bare = median(_flush(folder / "bare") for _ in range(looks)) * 1e3
        each = track(THREADS, "the log of looks", console=Console(stderr=True))
        found = {str(threads): _compare(logs, threads, read, rounds=rounds, looks=looks) for threads in each}
        engine.dispose()
        whole = all(verify(folder / f"{name}.jsonl").is_whole for name in ("one", "grouped"))
    machine = {"cores": os.cpu_count(), "load_at_start": round(load, 1), "rounds": rounds, "looks": looks}
    return {"machine": machine, "bare_flush": round(bare, 2), "readers": found, "logs_are_whole": whole}


def _flush(file: Path) -> float:
    handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        started = time.perf_counter()
        os.write(handle, b"x" * _BYTES)
        os.fsync(handle)
        return time.perf_counter() - started
    finally:
        os.close(handle)


def _compare(
    logs: Mapping[str, LookLog], threads: int, read: Read, *, rounds: int, looks: int
) -> dict[str, dict[str, float]]:
    seconds: dict[str, list[float]] = {name: [] for name in logs}
    reads: dict[str, list[float]] = {name: [] for name in logs}
    flushes = dict.fromkeys(logs, 0)
    for _ in range(rounds):
        for name, log in logs.items():
            with patch.object(os, "fsync", Mock(wraps=os.fsync)) as flush:
                whole, each = _round(log, threads, read, looks)
            seconds[name].append(whole)
            reads[name] += each
            flushes[name] += flush.call_count
    return {
        name: {
            "reads_per_second": round(looks / median(seconds[name])),
            "flushes_per_read": round(flushes[name] / (rounds * (looks + threads)), 2),
            "median": round(median(reads[name]) * 1e3, 2),
            "p99": round(quantiles(reads[name], n=100)[98] * 1e3, 2),
        }
        for name in logs
    }


def _round(log: LookLog, threads: int, read: Read, looks: int) -> tuple[float, list[float]]:
    def timed(_: int) -> float:
        started = time.perf_counter()
        read(log)
        return time.perf_counter() - started

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(timed, range(threads)))  # threads and connections are there before it counts
        started = time.perf_counter()
        each = list(pool.map(timed, range(looks)))
        return time.perf_counter() - started, each


def table(results: Mapping[str, Any]) -> Iterator[str]:
    """The results in lines of text."""
    machine, bare = results["machine"], results["bare_flush"]
    yield (
        f"{machine['cores']} cores, load {machine['load_at_start']} at the start;"
        f" {machine['rounds']} rounds of {machine['looks']} household reads"
    )
    yield f"appending {_BYTES} bytes and flushing them, alone: {bare:.2f} ms"
    for threads, found in results["readers"].items():
        yield f"{threads} reading at once:"
        for name, row in found.items():
            rate = row["reads_per_second"]
            records = "" if name == _NO_LOG else f", {rate * _RECORDS:,} records/s"
            yield (
                f"  {name:<10} {rate:>7,} reads/s{records}, {row['flushes_per_read']:.2f} flushes a read;"
                f" a read takes {row['median']:.2f} ms, p99 {row['p99']:.2f} ms"
            )
        for name in list(found)[1:]:
            added = found[name]["median"] - found[_NO_LOG]["median"]
            yield f"  {name:<10} adds {added:.2f} ms, {added / bare:.1f} × a flush alone"
        ratio = found["grouped"]["reads_per_second"] / found["one by one"]["reads_per_second"]
        yield f"  grouped / one by one: {ratio:.2f} × the reads"
    yield f"the logs are {'whole' if results['logs_are_whole'] else 'NOT whole'}"
