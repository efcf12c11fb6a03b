"""A stream worker as `regiehub run stream` starts it, seen from outside: how far it is, what it takes. Linux only.

Run as a program it is a worker of resolve alone.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from hub.demo.brokers.child import ChildProcess
from hub.demo.brokers.ports import HOST, free_port

STALL_SECONDS: Final = 180.0
"""Without a record applied in this time nothing will come any more."""
_STOP_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.25
_IDLE_SHARE: Final = 0.06
"""Of a core; a worker at rest takes 0.01 to 0.03."""
_IDLE_LOOK_SECONDS: Final = 3.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The benchmark cannot go on; the text says why."""


class Usage(NamedTuple):
    """What processes took until now. `peak_bytes`: the sum of what each had in memory at the highest."""

    cpu_seconds: float
    peak_bytes: int


def usage(session: int) -> Usage:
    """Of a program that was started in a session of its own, and everything that it has started."""
    cpu, peak = 0.0, 0
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and (fields := _stat(folder))[3] == str(session):
                cpu += sum(map(int, fields[11:15])) / _TICKS  # its own, and that of children that have ended
                peak += _memory(folder, "VmHWM")
        except (FileNotFoundError, ProcessLookupError, StopIteration):
            continue  # ended while we looked
    return Usage(cpu, peak)


class Worker:
    """One worker process on a data folder that outlives it."""

    def __init__(self, bootstrap: str, folder: Path, *, alone: bool) -> None:
        self._folder = folder
        self._port = free_port()
        self.log: Final = folder / f"worker-{time.monotonic_ns()}.log"
        regiehub = [str(Path(sys.executable).with_name("regiehub")), "run", "stream"]
        command = [sys.executable, "-m", "bench.worker"] if alone else regiehub
        settings = {
            "REGIEHUB_BROKER": bootstrap,
            "REGIEHUB_DATA_FOLDER": str(folder),
            "REGIEHUB_METRICS_PORT": str(self._port),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        self._started = time.monotonic()
        self._process = ChildProcess(command, log=self.log, environment=dict(os.environ) | settings)

    def stop(self) -> None:
        """SIGTERM, and wait. Safe to call twice."""
        self._process.stop(_STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL: nothing is said to anybody."""
        self._process.kill()

    def applied(self) -> int:
        """Compositions that this process has applied."""
        name, labels = "regiehub_stage_records_applied_total", {"stage": "resolve"}
        samples = [sample for family in self._metrics() for sample in family.samples]
        return int(sum(found.value for found in samples if found.name == name and found.labels == labels))

    def _metrics(self) -> list[Any]:
        return list(text_string_to_metric_families(self._get("metrics").text))

    def _get(self, path: str) -> httpx.Response:
        if self._process.exit_code() is not None:
            raise BenchError("the worker ended:\n" + "\n".join(self._process.last_lines(20)))
        return httpx.get(f"http://{HOST}:{self._port}/{path}", timeout=60, trust_env=False)

    def await_ready(self, patience_seconds: float = STALL_SECONDS) -> float:
        """Seconds from the start of the process until every partition has its state."""
        deadline = time.monotonic() + patience_seconds
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise BenchError("the worker is not ready")
            time.sleep(_POLL_SECONDS / 5)
        return time.monotonic() - self._started

    def _is_ready(self) -> bool:
        try:
            return self._get("readyz").is_success
        except httpx.TransportError:
            return False

    def await_applied(self, count: int, progress: Callable[[int], None]) -> None:
        """Wait until this process has applied so many. Raises BenchError when nothing moves."""
        done, moved_at = -1, time.monotonic()
        while done < count:
            now = self.applied()
            if now != done:
                done, moved_at = now, time.monotonic()
                progress(done)
            elif time.monotonic() - moved_at > STALL_SECONDS:
                raise BenchError(f"stopped at {done} of {count}")
            time.sleep(_POLL_SECONDS)

    def await_rest(self) -> float:
        """Wait until it takes hardly any CPU: what follows from its input, and the guard of its outputs, is done.
        Gives what it then takes, as a share of a core."""
        deadline = time.monotonic() + STALL_SECONDS * 5
        while time.monotonic() < deadline:
            before, at = self.cpu_seconds(), time.monotonic()
            time.sleep(_IDLE_LOOK_SECONDS)
            share = (self.cpu_seconds() - before) / (time.monotonic() - at)
            if share < _IDLE_SHARE:
                return share
        raise BenchError("the worker does not come to rest")

    def cpu_seconds(self) -> float:
        """User and system time of the process until now."""
        fields = _stat(Path(f"/proc/{self._process.pid}"))
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self, which: str) -> int:
        """Bytes; `VmRSS` now, `VmHWM` at the highest."""
        return _memory(Path(f"/proc/{self._process.pid}"), which)

    def recovered(self) -> dict[str, Any]:
        """The log line of resolve's takeover: seconds, and changelog records read."""
        for found in self.said("partition_recovered"):
            if found["stage"] == "resolve":
                return found
        raise BenchError("resolve was not taken over")

    def said(self, event: str) -> list[dict[str, Any]]:
        """Its log lines of this event, oldest first."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and f'"{event}"' in line]


def _stat(process: Path) -> list[str]:
    """Fields of /proc/PID/stat from the third on: state, parent, group, session, …"""
    return (process / "stat").read_text().rpartition(")")[2].split()


def _memory(process: Path, which: str) -> int:
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(which))


def state_bytes(folder: Path) -> int:
    """Resolve's state on disk."""
    return bytes_in(folder / "stream" / "resolve-0")


def bytes_in(folder: Path) -> int:
    """Of all files, of a worker that may be at work: what goes meanwhile is not counted."""
    total = 0
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def forget_state(folder: Path) -> None:
    """What a new machine has: nothing."""
    shutil.rmtree(folder / "stream")


def _resolve_alone() -> int:
    from hub.events.topics import topics
    from hub.ops.http import OpsServer
    from hub.ops.logging import configure
    from hub.ops.stages import StageMetrics
    from hub.settings import load_settings
    from hub.stream.app import run_stages
    from hub.stream.lane.options import LaneOptions
    from hub.stream.provision import topic_ids
    from hub.stream.resolve import Resolve

    settings = load_settings()
    configure("stream")
    observer = StageMetrics()
    server = OpsServer(settings.metrics_port, ready=observer.is_ready)
    options = LaneOptions(
        bootstrap=settings.broker,
        data_folder=settings.data_folder,
        topic_ids=topic_ids(settings.broker, sorted(topics())),
        session_timeout_seconds=settings.session_timeout_seconds,
    )
    try:
        return run_stages([Resolve()], options, stream_id=settings.stream_id, observer=observer)
    finally:
        server.stop()


if __name__ == "__main__":
    raise SystemExit(_resolve_alone())
