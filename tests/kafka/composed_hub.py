"""Every service of ours in docker-compose.yml as a process of this machine: the same command and environment, only the
addresses and the places of files are those of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from hub.demo.brokers.child import ChildProcess
from hub.demo.brokers.ports import free_port
from tests.deploy.composed import Service, entry_point, ours
from tests.stream.demos import below

_READY_SECONDS: Final = 180.0
"""What compose waits (start_period, and retries times interval)."""
_STOP_SECONDS: Final = 30.0
"""What compose waits for (stop_grace_period)."""
_PORTS: Final = ("REGIEHUB_METRICS_PORT", "REGIEHUB_DESK_PORT")


class ComposedHub:
    """The processes. A context manager; blocking. `secrets`: the folder that deploy/make-secrets filled."""

    def __init__(
        self, folder: Path, secrets: Path, addresses: Mapping[str, str], extra: Mapping[str, Mapping[str, str]]
    ) -> None:
        """`addresses`: what stands in compose, to what is its like here. `extra`: by service, variables of this machine
        that its image has in another way."""
        self.folder = folder
        self._secrets = secrets
        self._addresses = {**addresses, "0.0.0.0": "127.0.0.1"}
        self._extra = extra
        self._environments = {name: self._environment(name, service) for name, service in ours().items()}
        self.children: dict[str, ChildProcess] = {}

    def __enter__(self) -> Self:
        """Start them in the order that compose keeps, each when what it waits for has ended well or is ready."""
        waiting = dict(ours())
        try:
            while waiting:
                turn = {name: service for name, service in waiting.items() if not _after(service) & waiting.keys()}
                assert turn, f"these wait for each other: {', '.join(waiting)}"
                for name, service in turn.items():
                    self._run(name, service)
                    del waiting[name]
            self._await_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def environment(self, name: str) -> dict[str, str]:
        """What a service is told."""
        return self._environments[name]

    def stop(self) -> dict[str, int | None]:
        """SIGTERM to all, as compose does; the exit codes, None for what had to be killed."""
        for child in self.children.values():
            child.terminate()
        codes = {name: child.wait(_STOP_SECONDS) for name, child in self.children.items()}
        for child in self.children.values():
            child.kill()
        return codes

    def log(self, name: str) -> str:
        """The end of what a process said."""
        return "\n".join(self.children[name].last_lines(20))

    def _run(self, name: str, service: Service) -> None:
        command = self._here(name, service, [*entry_point(), *service["command"]])
        command[0] = str(Path(sys.executable).with_name(command[0]))
        environment = self._environments[name]
        if service["healthcheck"].get("disable"):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        else:
            self.children[name] = ChildProcess(command, log=self.folder / f"{name}.log", environment=environment)

    def _await_ready(self) -> None:
        """By the health check of each service itself."""
        until = time.monotonic() + _READY_SECONDS
        pause = threading.Event()
        waiting = list(self.children)
        while waiting:
            for name in waiting:
                assert self.children[name].exit_code() is None, f"{name} has ended: {self.log(name)}"
            assert time.monotonic() < until, f"not ready: {waiting}: {self._where_it_hangs(waiting[0])}"
            waiting = [name for name in waiting if not self._is_healthy(name)]
            pause.wait(0.2)

    def _where_it_hangs(self, name: str) -> str:
        """Ends it and the processes below it; gives the end of its log, in which each says where its threads were. A
        vendor's process does not: it is not set up to."""
        child = self.children[name]
        for pid in [*(process.pid for process in below(child.pid)), child.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGABRT)
        child.wait(_STOP_SECONDS)
        return "\n".join(child.last_lines(200))

    def _is_healthy(self, name: str) -> bool:
        kind, program, *arguments = ours()[name]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python")
        command = [sys.executable, *arguments]
        try:
            return subprocess.run(command, env=self._environments[name], check=False, timeout=10).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _environment(self, name: str, service: Service) -> dict[str, str]:
        """What compose gives and nothing else, but for what every image has, a path and a home, and for what makes a
        process say where it hangs."""
        told = {key: str(value) for key, value in service["environment"].items()}
        values = self._here(name, service, list(told.values()))
        told = dict(zip(told, values, strict=True)) | {key: str(free_port()) for key in _PORTS if key in told}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        here = {"PATH": path, "HOME": str(self.folder), "PYTHONFAULTHANDLER": "1"}
        return {**here, **told, **self._extra.get(name, {})}

    def _here(self, name: str, service: Service, texts: Sequence[str]) -> list[str]:
        places = self._places(name, service) | self._addresses
        return [_replaced(text, places) for text in texts]

    def _places(self, name: str, service: Service) -> dict[str, str]:
        """Volumes and secrets: those that this service has, so that one it lacks is not found."""
        places = {}
        for volume in service.get("volumes", ()):
            folder = self.folder / "volumes" / volume["source"]
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            places[volume["target"]] = str(folder)
        granted = self.folder / "run" / name
        granted.mkdir(mode=0o700, parents=True, exist_ok=True)
        for secret in service.get("secrets", ()):
            target = granted / Path(secret["target"]).name
            target.unlink(missing_ok=True)
            target.write_bytes((self._secrets / secret["source"]).read_bytes())
            target.chmod(0o400)
        return {**places, "/run/secrets": str(granted)}


def _after(service: Service) -> set[str]:
    return set(service.get("depends_on", {}))


def _replaced(text: str, places: Mapping[str, str]) -> str:
    """The longest first: one place may begin with the name of another."""
    for place in sorted(places, key=len, reverse=True):
        text = text.replace(place, places[place])
    return text
