"""What a connector takes per record: the process `regiehub run connector NAME` as shipped, reading its simulated source
from the start and publishing to an Apache Kafka. Stream and desk are stopped, so that it has the cores to itself.

The source is in the benchmark's process: its CPU is not counted, and its time is in the rate, as any source's would be.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import httpx
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.progress import Progress, TaskID

from bench.worker import BenchError, usage
from hub.demo.brokers.kafka import KafkaBroker
from hub.demo.brokers.ports import HOST, free_port
from hub.demo.once import new_town
from hub.demo.stack import Stack
from hub.demo.town.changes import Change
from hub.demo.town.correspondence import Correspondence

_SEED: Final = 7
_HOUSEHOLDS: Final = 800
_QUICK_HOUSEHOLDS: Final = 20
_POLL_SECONDS: Final = 0.05
_STALL_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 15.0


def run(quick: bool) -> dict[str, Any]:
    """Measure each connector by itself, one after another."""
    homes, load = _QUICK_HOUSEHOLDS if quick else _HOUSEHOLDS, os.getloadavg()[0]
    changes = list(Correspondence().with_messages(new_town(homes, _SEED).fill()))
    found = {}
    with Progress(console=Console(stderr=True)) as progress, Stack(KafkaBroker(brief=quick), port=free_port()) as stack:
        for name in ("stream", "desk"):
            stack.children[name].stop(_STOP_SECONDS)
        for name in stack.sources:
            given = [change for change in changes if change.source == name]
            task = progress.add_task(f"ingest: {name}", total=len(given))
            found[name] = _measure(stack, name, given, partial(_show, progress, task))
    return {"machine": {"cores": os.cpu_count(), "load": round(load, 1)}, "households": homes, "connectors": found}


def _show(progress: Progress, task: TaskID, done: int) -> None:
    progress.update(task, completed=done)


def _measure(stack: Stack, name: str, given: Sequence[Change], progress: Callable[[int], None]) -> dict[str, Any]:
    """From the first change in the source until the last was published, acknowledged and noted."""
    pid = stack.children[f"connector {name}"].pid
    cpu, began = usage(pid).cpu_seconds, time.monotonic()
    stack.simulators[name].apply_many(change.payload for change in given)
    _await_read(stack, name, len(given), progress)
    seconds = time.monotonic() - began
    spent = usage(pid)
    counted = _counts(stack, name)
    return {
        "records": len(given),
        "published": int(counted["regiehub_records_published_total"]),
        "records_per_second": round(len(given) / seconds),
        "cpu_us_per_record": round((spent.cpu_seconds - cpu) / len(given) * 1e6),
        "peak_mb": round(spent.peak_bytes / 1e6),
    }


def _await_read(stack: Stack, name: str, wanted: int, progress: Callable[[int], None]) -> None:
    done, moved_at = -1, time.monotonic()
    while done < wanted:
        now = int(_counts(stack, name).get("regiehub_records_read_total", 0))
        progress(now)
        if now != done:
            done, moved_at = now, time.monotonic()
        elif time.monotonic() - moved_at > _STALL_SECONDS:
            raise BenchError(f"{name} stopped at {done} of {wanted}")
        time.sleep(_POLL_SECONDS)


def _counts(stack: Stack, name: str) -> dict[str, float]:
    """The connector's own metrics, of its source."""
    port = stack.metrics_ports[f"connector {name}"]
    text = httpx.get(f"http://{HOST}:{port}/metrics", trust_env=False, timeout=30.0).text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {sample.name: sample.value for sample in samples if sample.labels.get("source") == name}


def table(results: Mapping[str, Any]) -> Iterator[str]:
    """The results in lines of text."""
    machine = results["machine"]
    yield (
        f"ingest of {results['households']} households, a connector at a time, to Apache Kafka;"
        f" {machine['cores']} cores, load {machine['load']} at the start"
    )
    for name, row in results["connectors"].items():
        yield (
            f"  {name:<13} {row['records']:>7,} records: {row['records_per_second']:>6,} a second,"
            f" {row['cpu_us_per_record']:>6,} us of CPU each; {row['published']:,} events; peak {row['peak_mb']} MB"
        )
