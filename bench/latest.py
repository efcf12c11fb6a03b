"""What `make bench` leaves of its last run: all results in one file, with the machine and the versions."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from bench.whole_job.field import QUIX_PYTHON
from hub.demo.brokers.kafka_library import kafka_library

_PACKAGES: Final = (
    "regiehub", "faust-streaming", "mode-streaming", "aiokafka", "kafka-python", "rocksdict", "fastavro", "msgspec",
    "confluent-kafka", "bytewax", "recordlinkage", "splink",
)  # fmt: skip


def load() -> float:
    """How many processes wanted the processor, over the last minute."""
    return round(os.getloadavg()[0], 1)


def latest(results: Mapping[str, Any], *, quick: bool, load_before: float) -> dict[str, Any]:
    """All of a run. `quick`: a small version, whose figures say little."""
    machine = {
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": sys.version,
        "load_before": load_before,
        "load_after": load(),
    }
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "date": date,
        "commit": _commit(),
        "quick": quick,
        "machine": machine,
        "versions": _versions(results),
        **results,
    }


def _commit() -> str:
    """Of the checkout; "" outside one."""
    if shutil.which("git") is None:
        return ""
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return told.stdout.strip()


def _versions(results: Mapping[str, Any]) -> dict[str, str]:
    found = {name: _version(name) for name in _PACKAGES}
    if "whole_job" in results:  # else there may be no Kafka here, and to look for it would get it
        found["kafka"] = next((jar.stem.rpartition("-")[2] for jar in kafka_library().glob("kafka-clients-*.jar")), "")
    if QUIX_PYTHON.exists():
        ask = [str(QUIX_PYTHON), "-c", "from importlib.metadata import version; print(version('quixstreams'))"]
        found["quixstreams"] = subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()
    return {name: number for name, number in found.items() if number}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
