"""What the three stages take by themselves: each is handed the lists that it would get, on a state in memory, without a
lane, a broker or a disk. What a worker takes beyond this is the engine's.

Also a profile, by the functions' own time, and the limit: reading the input from Avro and nothing else.
"""

from __future__ import annotations

import cProfile
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from statistics import median
from types import CodeType
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.progress import track

from bench.whole_job.input import make_input
from hub.events.codec import decode
from hub.events.ids import partition_for
from hub.events.topics import topics
from hub.stream.assemble import Assemble
from hub.stream.resolve import Resolve
from hub.stream.route import Route
from hub.stream.stage import Output, Record, Stage

_SEED: Final = 7
_HOUSEHOLDS: Final = 800
_QUICK_HOUSEHOLDS: Final = 60
_ROUNDS: Final = 3
_LIST_RECORDS: Final = 32
"""A little more than at most in the whole job."""
_FUNCTIONS: Final = 20

Lists = list[tuple[str, int, list[Record]]]
"""Topic, partition, records."""


class Memory:
    """A state in memory that notes what is put."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self.puts: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """See `State.get`."""
        return self._values.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """See `State.put`."""
        self._values[key] = self.puts[key] = value

    def items(self) -> list[tuple[bytes, bytes]]:
        """All of it."""
        return list(self._values.items())


class Spent(NamedTuple):
    """What one stage took and gave for its records. `bytes_written`: outputs and changelog."""

    records: int
    cpu_seconds: float
    puts: int
    outputs: int
    bytes_written: int


def run(quick: bool) -> dict[str, Any]:
    """Measure."""
    households, rounds = (_QUICK_HOUSEHOLDS, 1) if quick else (_HOUSEHOLDS, _ROUNDS)
    given = [Output(*message[:3]) for message in make_input(households, _SEED).messages]
    found = [whole(given) for _ in track(range(rounds), "the stages", console=Console(stderr=True))]
    profile = cProfile.Profile()
    profile.runcall(whole, given)
    started = time.process_time()
    for output in given:
        decode(output.value)
    decoding = time.process_time() - started
    return {
        "households": households,
        "events": len(given),
        "rounds": rounds,
        "list_records": _LIST_RECORDS,
        "load": round(os.getloadavg()[0], 1),
        "stages": {name: _row([spent[name] for spent in found], len(given)) for name in found[0]},
        "decoding_the_input_us_per_event": round(decoding / len(given) * 1e6, 1),
        "profile": list(_functions(profile)),
    }


def whole(given: Sequence[Output]) -> dict[str, Spent]:
    """The whole job, stage after stage."""
    written = list(given)
    spent = {}
    for stage in (Resolve(), Route(), Assemble()):
        spent[stage.name], outputs = _through(stage, lists(written, stage.inputs))
        written += outputs
    return spent


def lists(written: Sequence[Output], inputs: Sequence[str]) -> Lists:
    """What a stage is handed, per partition: lists of both its inputs in turns."""
    parts: dict[str, dict[int, list[Record]]] = {topic: {} for topic in inputs}
    for topic, key, value in written:
        if topic in parts:
            part = parts[topic].setdefault(partition_for(key, topics()[topic].partitions), [])
            part.append(Record(len(part), key, value))
    cut = [
        [
            (topic, partition, records[start : start + _LIST_RECORDS])
            for start in range(0, max(map(len, parts[topic].values()), default=0), _LIST_RECORDS)
            for partition, records in sorted(parts[topic].items())
            if start < len(records)
        ]
        for topic in inputs
    ]
    return [one for turn in zip_longest(*cut) for one in turn if one is not None]


def _through(stage: Stage, handed: Lists) -> tuple[Spent, list[Output]]:
    states: dict[int, Memory] = {}
    written: list[Output] = []
    cpu, puts, size = 0.0, 0, 0
    for topic, partition, records in handed:
        state = states.setdefault(partition, Memory())
        state.puts = {}
        started = time.process_time()
        outputs = stage.handle(state, topic, records)
        cpu += time.process_time() - started
        puts += len(state.puts)
        size += sum(map(len, state.puts.values())) + sum(len(output.value) for output in outputs)
        written += outputs
    records_handed = sum(len(records) for _, _, records in handed)
    return Spent(records_handed, cpu, puts, len(written), size), written


def _row(rounds: Sequence[Spent], events: int) -> dict[str, Any]:
    spent, cpu = rounds[0], median(found.cpu_seconds for found in rounds)
    return {
        "records": spent.records,
        "cpu_us_per_record": round(cpu / spent.records * 1e6, 1),
        "cpu_us_per_event": round(cpu / events * 1e6, 1),
        "events_per_cpu_second": round(events / cpu),
        "puts_per_record": round(spent.puts / spent.records, 2),
        "outputs_per_record": round(spent.outputs / spent.records, 2),
        "bytes_written_per_event": round(spent.bytes_written / events),
    }


def _functions(profile: cProfile.Profile) -> Iterator[dict[str, Any]]:
    """The functions with the most time of their own."""
    found = sorted(profile.getstats(), key=lambda entry: -entry.inlinetime)
    total = sum(entry.inlinetime for entry in found)
    for entry in found[:_FUNCTIONS]:
        yield {
            "function": _name(entry.code),
            "calls": entry.callcount,
            "own_percent": round(entry.inlinetime / total * 100, 1),
            "with_callees_percent": round(entry.totaltime / total * 100, 1),
        }


def _name(code: CodeType | str) -> str:
    if isinstance(code, str):
        return code
    return f"{'/'.join(code.co_filename.split(os.sep)[-2:])}: {code.co_qualname}"


def table(results: Mapping[str, Any]) -> Iterator[str]:
    """The results in lines of text."""
    yield (
        f"the stages by themselves: {results['events']:,} events of {results['households']:,} households,"
        f" lists of {results['list_records']} records, load {results['load']}"
    )
    for name, row in results["stages"].items():
        yield (
            f"  {name:<9} {row['records']:>8,} records, {row['cpu_us_per_record']:>7.1f} us of CPU each"
            f" ({row['cpu_us_per_event']:.1f} an event, {row['events_per_cpu_second']:,} events a second);"
            f" a record {row['puts_per_record']:.2f} puts,"
            f" {row['outputs_per_record']:.2f} outputs; {row['bytes_written_per_event']:,} bytes written an event"
        )
    total = sum(row["cpu_us_per_event"] for row in results["stages"].values())
    decoding = results["decoding_the_input_us_per_event"]
    yield f"  together {total:.1f} us an event; decoding the input alone {decoding} us"
    yield "  most time of their own, in percent (with what they call):"
    for row in results["profile"]:
        yield (
            f"  {row['own_percent']:>5.1f} ({row['with_callees_percent']:>5.1f}) {row['calls']:>9,} × {row['function']}"
        )
