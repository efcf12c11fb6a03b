"""What the log of looks costs: records a second, and what it adds to a household read, with and without group commit.

`python -m bench.looks [FOLDER]`: on the disk of that folder (default: that of temporary files). Each figure is a median
over rounds in which the contestants take turns, so that whatever else runs on the machine hits all alike.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles
from threading import Lock
from typing import Final

from hub.desk import readmodel
from hub.desk.access import Actor, Role
from hub.desk.looks import Look, LookLog
from hub.desk.looks.verify import verify
from hub.desk.projector import apply_view
from hub.desk.reading import Reading, Request
from tests.desk.family import family

ROUNDS: Final = 5
LOOKS: Final = 400
"""Per round and contestant; some seconds on a slow disk."""
THREADS: Final = (1, 8, 40)
"""One reader, a busy desk, and as many as the web server answers at once."""
_RECORDS: Final = 6
"""Of a look at the household of `tests/desk/family.py`: the operation and five persons."""
_BYTES: Final = 3_200
"""Of the same."""
_ASKING: Final = Request(Actor("dirk", Role.CASE_DIRECTOR), "ab" * 16)


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


def main(folder: Path) -> Iterator[str]:
    """The lines of the report."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    yield f"{os.cpu_count()} cores, load {load} at the start; median of {ROUNDS} rounds of {LOOKS} looks"
    engine = readmodel.open_engine(f"sqlite:///{folder / 'desk.sqlite'}")
    home, view = family()
    with engine.begin() as connection:
        apply_view(connection, home.encode(), view)
    logs = {
        "no log": NoLog(folder / "none.jsonl"),
        "one by one": OneByOne(folder / "one.jsonl"),
        "grouped": LookLog(folder / "grouped.jsonl"),
    }
    bare = median(_flush(folder / "bare") for _ in range(LOOKS)) * 1e3
    yield f"appending and flushing {_BYTES} bytes by itself takes {bare:.2f} ms: no log can be faster"

    def read(log: LookLog) -> None:
        Reading(engine, log).household(_ASKING, home)

    for threads in THREADS:
        yield from _compare(logs, threads, read, bare)
    for name in ("one", "grouped"):
        found = verify(folder / f"{name}.jsonl")
        yield f"{name}.jsonl: {'whole' if found.is_whole else 'NOT whole'}, {found.records} records"
    engine.dispose()


def _flush(file: Path) -> float:
    handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        started = time.perf_counter()
        os.write(handle, b"x" * _BYTES)
        os.fsync(handle)
        return time.perf_counter() - started
    finally:
        os.close(handle)


def _compare(logs: dict[str, LookLog], threads: int, read: Callable[[LookLog], None], bare: float) -> Iterator[str]:
    seconds: dict[str, list[float]] = {name: [] for name in logs}
    reads: dict[str, list[float]] = {name: [] for name in logs}
    for _ in range(ROUNDS):
        for name, log in logs.items():
            whole, each = _round(log, threads, read)
            seconds[name].append(whole)
            reads[name] += each
    rates = {name: LOOKS / median(found) for name, found in seconds.items()}
    yield f"{threads} reading at once:"
    for name in logs:
        middle, high = median(reads[name]) * 1e3, quantiles(reads[name], n=100)[98] * 1e3
        records = f", {rates[name] * _RECORDS:,.0f} records/s" if name != "no log" else ""
        yield f"  {name:<10} {rates[name]:>8,.0f} reads/s{records}; a read takes {middle:.2f} ms, p99 {high:.2f} ms"
    added = {name: (median(reads[name]) - median(reads["no log"])) * 1e3 for name in logs}
    for name in ("one by one", "grouped"):
        yield f"  {name}: the log adds {added[name]:.2f} ms, {added[name] / bare:.2f} × a bare flush"
    yield f"  grouped / one by one: {rates['grouped'] / rates['one by one']:.2f} × the reads"


def _round(log: LookLog, threads: int, read: Callable[[LookLog], None]) -> tuple[float, list[float]]:
    def timed(_: int) -> float:
        started = time.perf_counter()
        read(log)
        return time.perf_counter() - started

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(timed, range(threads)))  # threads and connections are there before it counts
        started = time.perf_counter()
        each = list(pool.map(timed, range(LOOKS)))
        return time.perf_counter() - started, each


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as where:
        for line in main(Path(where)):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
