"""How long a change takes from its source to the answer of the API, at several rates, on Apache Kafka with everything
on: sources, connectors, stream worker, desk with login, access and log of looks.

A writer writes what is due as soon as it is due, whether the hub keeps up or not, all over the town. Only a sample is
looked for, in a few households at a time, so that the answers are not what is measured.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import cycle
from math import ceil
from typing import Any, Final, NamedTuple

import httpx
from rich.console import Console
from rich.progress import Progress

from bench.worker import BenchError, usage
from hub.connect.simulator import Simulator
from hub.demo.brokers.kafka import KafkaBroker
from hub.demo.brokers.ports import free_port
from hub.demo.freshness import Looker, Place, contact, places
from hub.demo.lag import Gauge
from hub.demo.once import fill, read_all, read_as_director
from hub.demo.stack import Stack
from hub.demo.town.changes import MENSCENTRAAL, ZCD
from hub.demo.users import DIRECTOR

_SEED: Final = 7
_SAMPLE_PER_SECOND: Final = 25
"""Changes that are looked for, at most half of all: enough of them for one in a thousand to mean something."""
_WINDOW_SECONDS: Final = 5
_WATCHED: Final = 5
"""Households looked at in one window; then others, so that none grows beyond what a household is."""
_LOOKS_PER_SECOND: Final = 20.0
"""So each watched household is looked at every quarter of a second: the resolution. More would cost the desk more than
the changes do."""
_PATIENCE_SECONDS: Final = 300.0
_TICK_SECONDS: Final = 0.01
"""What falls due in it is written together."""
_SHARES: Final = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


class Size(NamedTuple):
    """Of a benchmark: households of the town, and how many seconds each rate lasts."""

    households: int
    seconds: Mapping[int, int]


_FULL: Final = Size(400, {50: 60, 200: 60, 1000: 20})
_QUICK: Final = Size(10, {50: 2, 200: 1, 1000: 1})


class Due(NamedTuple):
    """One change to be written: where, and whether it is looked for."""

    place: Place
    watched: bool


def run(quick: bool) -> dict[str, Any]:
    """Measure. Times in seconds."""
    size, load = _QUICK if quick else _FULL, os.getloadavg()[0]
    with Progress(console=Console(stderr=True)) as progress, Stack(KafkaBroker(brief=quick), port=free_port()) as stack:
        town = progress.add_task("freshness: the town", total=None)
        fill(stack, size.households, _SEED, None, lambda _, done, total: progress.update(town, completed=done))
        gauge = Gauge(stack)
        try:
            gauge.await_zero()
            progress.update(town, total=1, completed=1)
            rates = progress.add_task("freshness", total=len(size.seconds))
            found = {}
            for rate, seconds in size.seconds.items():
                progress.update(rates, description=f"freshness: {rate} a second")
                found[str(rate)] = _measure(stack, gauge, rate, seconds)
                progress.advance(rates)
        finally:
            gauge.close()
    machine = {"cores": os.cpu_count(), "load_at_start": round(load, 1)}
    return {"machine": machine, "households": size.households, "rates": found}


def _measure(stack: Stack, gauge: Gauge, rate: int, seconds: int) -> dict[str, Any]:
    """One rate, and what follows of it, until all is through. Raises BenchError in a town that shows nothing."""
    seen = places(read_as_director(stack))
    if not seen:
        raise BenchError("the director sees no household with an open dossier")
    watched = {place.household_id for place in seen}
    others = [place for place in _places(read_all(stack)) if place.household_id not in watched]
    cpu, began = _cpu(stack), time.monotonic()
    wrote, late = _write_and_look(stack, due(seen, others, rate, seconds), rate)
    gauge.await_zero()
    took = time.monotonic() - began
    spent = {name: round((after - cpu[name]) / took, 2) for name, after in _cpu(stack).items()}
    return {
        "seconds": seconds,
        "written_per_second": round(rate * seconds / wrote, 1),
        "through_per_second": round(rate * seconds / took, 1),
        "looked_for": len(late),
        **{name: round(late[ceil(len(late) * share) - 1], 2) for name, share in _SHARES.items()},
        "longest": round(late[-1], 2),
        "cores": spent,
    }


def _places(documents: Iterable[Mapping[str, Any]]) -> Iterator[Place]:
    """An open dossier of every household that has one."""
    for document in documents:
        for dossier in document["dossiers"]:
            if dossier["status"] == "open" and dossier["source"] in {ZCD, MENSCENTRAAL}:
                yield Place(document["household_id"], dossier["source"], dossier["dossier_id"])
                break


def due(seen: Sequence[Place], others: Sequence[Place], rate: int, seconds: int) -> list[Due]:
    """What is written, in this order, evenly. `seen`: places whose household the looker may see."""
    share = min(0.5, _SAMPLE_PER_SECOND / rate)
    everywhere = cycle(others or seen)
    planned = []
    for number in range(rate * seconds):
        if int((number + 1) * share) > int(number * share):
            window = number // (rate * _WINDOW_SECONDS)
            chosen = window * _WATCHED + int(number * share) % _WATCHED
            planned.append(Due(seen[chosen % len(seen)], watched=True))
        else:
            planned.append(Due(next(everywhere), watched=False))
    return planned


def _write_and_look(stack: Stack, planned: Sequence[Due], rate: int) -> tuple[float, list[float]]:
    """The seconds that writing took; and those after which each that was looked for stood in an answer, sorted."""
    headers = {"authorization": f"Bearer {stack.tokens[DIRECTOR]}"}
    with (
        httpx.Client(base_url=stack.url, headers=headers, trust_env=False, timeout=60.0) as client,
        ThreadPoolExecutor(1) as beside,
        Looker(client, looks_per_second=_LOOKS_PER_SECOND, patience_seconds=_PATIENCE_SECONDS) as looker,
    ):
        looking = beside.submit(looker.run, sum(item.watched for item in planned))
        wrote = _write(stack.simulators, planned, rate, looker.expect)
        return wrote, sorted(looking.result())


def _write(
    sources: Mapping[str, Simulator], planned: Sequence[Due], rate: int, expect: Callable[[str, str], None]
) -> float:
    recorded_at = datetime.now(UTC).isoformat(timespec="seconds")
    began, done = time.monotonic(), 0
    while done < len(planned):
        until = min(len(planned), int((time.monotonic() - began) * rate) + 1)
        waiting: dict[str, list[Any]] = {}
        for number, (place, watched) in enumerate(planned[done:until], start=done):
            record_id = f"LIVE-{rate}-{number}"
            if watched:
                expect(place.household_id, record_id)
            waiting.setdefault(place.source, []).append(contact(place, record_id, recorded_at).payload)
        for source, changes in waiting.items():
            sources[source].apply_many(changes)
        done = until
        time.sleep(max(0.0, min(_TICK_SECONDS, began + done / rate - time.monotonic())))  # the rate; waits for nothing
    return time.monotonic() - began


def _cpu(stack: Stack) -> dict[str, float]:
    """CPU-seconds until now, by process. `sources`: this process: the simulators, the writer and the looker."""
    found = {name: usage(child.pid).cpu_seconds for name, child in stack.children.items()}
    if isinstance(stack.broker, KafkaBroker) and stack.broker.pid:
        found["broker"] = usage(stack.broker.pid).cpu_seconds
    return found | {"sources": time.process_time()}


def table(results: Mapping[str, Any]) -> Iterator[str]:
    """The results in lines of text."""
    machine = results["machine"]
    yield (
        f"freshness, source to API, {results['households']} households, everything on; {machine['cores']} cores,"
        f" load {machine['load_at_start']} at the start"
    )
    for rate, row in results["rates"].items():
        busy = sorted(row["cores"].items(), key=lambda item: -item[1])
        yield (
            f"  {rate:>5} a second for {row['seconds']} s (written: {row['written_per_second']:,}, through:"
            f" {row['through_per_second']:,}): p50 {row['p50']:.2f} s, p99 {row['p99']:.2f}, p99.9 {row['p99.9']:.2f},"
            f" longest {row['longest']:.2f} of {row['looked_for']:,} looked for"
        )
        yield "        cores: " + ", ".join(f"{name} {share:.2f}" for name, share in busy if share >= 0.01)
