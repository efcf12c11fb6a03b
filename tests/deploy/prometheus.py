"""A real Prometheus on loopback with the rules of deploy/, in which time passes faster by one factor."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import yaml

from hub.demo.brokers.child import ChildProcess
from hub.demo.brokers.ports import HOST, free_port
from tests.deploy.composed import ROOT

FACTOR: Final = 120
"""Every time in the rules is divided by it: windows, `for`, `offset` and thresholds of seconds. 10 minutes are 5 s."""
SCRAPE_SECONDS: Final = 0.5
"""Four times what the factor would make of 15 s: a process on a busy machine answers no faster."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"(?<=\[|\s)(\d+)([smhd])(?=\]|\s|\)|$)")
_SECONDS_THRESHOLD: Final = re.compile(r"(?<=> )(\d+)$")
_STOP_SECONDS: Final = 20.0


class Target(NamedTuple):
    """A process and the role under which it is asked."""

    role: str
    port: int


def quickened(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Rules in which every time is shorter by the factor, and nothing else differs."""
    groups = [{**group, "rules": [_quickened(rule) for rule in group["rules"]]} for group in rules["groups"]]
    return {**rules, "groups": groups}


def _quickened(rule: Mapping[str, Any]) -> dict[str, Any]:
    expression = _DURATION.sub(_shorter, rule["expr"])
    if "seconds" in expression:
        expression = _SECONDS_THRESHOLD.sub(lambda found: str(int(found[1]) / FACTOR), expression.strip())
    waits = {"for": _DURATION.sub(_shorter, f" {rule['for']}").strip()} if "for" in rule else {}
    return {**rule, **waits, "expr": expression}


def _shorter(found: re.Match[str]) -> str:
    return f"{int(found[1]) * _UNITS[found[2]] * 1000 // FACTOR}ms"


class Prometheus:
    """Its process, started when it is made. Blocking."""

    def __init__(self, folder: Path, targets: Sequence[Target]) -> None:
        self._folder = folder
        self._port = free_port()
        self._since = 0.0
        self._child: ChildProcess | None = None
        rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
        (folder / "rules.yml").write_text(yaml.safe_dump(quickened(rules)), encoding="utf-8")
        self.watch(targets)
        program = shutil.which("prometheus")
        assert program is not None
        command = [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={HOST}:{self._port}",
            f"--query.lookback-delta={5 * 60 * 1000 // FACTOR}ms",
        ]
        self._child = ChildProcess(command, log=folder / "prometheus.log")

    def watch(self, targets: Sequence[Target]) -> None:
        """Write the configuration of deploy/ with these processes in it; a Prometheus that runs takes it over."""
        told = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
        every = f"{int(SCRAPE_SECONDS * 1000)}ms"
        told["global"] = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": "250ms"}
        (job,) = told["scrape_configs"]
        job["static_configs"] = [{"targets": [f"{HOST}:{port}"], "labels": {"role": role}} for role, port in targets]
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(told), encoding="utf-8")
        if self._child is not None:
            os.kill(self._child.pid, signal.SIGHUP)

    def is_watching(self, targets: int) -> bool:
        """Whether all of them answer. That begins some seconds after its start, in which nothing is watched, and the
        alert that says so is over again; what fires from now on counts."""
        asks = {item["value"][1] for item in self._query('sum(up) unless on () ALERTS{alertname="RegiehubNotWatched"}')}
        if str(targets) in asks:
            self._since = self._since or time.monotonic()
        return self._since > 0

    def fired(self) -> set[tuple[str, str]]:
        """Name and source (else role, else "") of every alert that has fired; nothing while it does not answer."""
        milliseconds = int((time.monotonic() - self._since) * 1000) + 1
        found = self._query(f'max_over_time(ALERTS{{alertstate="firing"}}[{milliseconds}ms])')
        labels = [item["metric"] for item in found]
        return {(item["alertname"], item.get("source") or item.get("role", "")) for item in labels}

    def _query(self, query: str) -> list[dict[str, Any]]:
        try:
            answer = httpx.get(
                f"http://{HOST}:{self._port}/api/v1/query", params={"query": query}, trust_env=False, timeout=10
            )
        except httpx.TransportError:
            return []
        found: list[dict[str, Any]] = answer.json()["data"]["result"] if answer.is_success else []
        return found

    def stop(self) -> None:
        """End it."""
        if self._child is not None:
            self._child.stop(_STOP_SECONDS)
