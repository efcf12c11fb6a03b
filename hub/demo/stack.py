"""Everything that a demo runs: broker, simulated sources, connectors, worker, desk. Stops all of it, however it
ends."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx
import yaml

from hub.connect.ingest.secrets import create_secrets_file
from hub.connect.simulator import Simulator
from hub.demo.brokers import Broker
from hub.demo.brokers.child import ChildProcess
from hub.demo.brokers.ports import HOST, free_port, require_free
from hub.demo.errors import DemoError
from hub.stream.provision import ensure_topics

SOURCES: Final = ("zcd", "menscentraal")
DIRECTOR: Final = "regisseur"
OPERATOR: Final = "beheer"
_USERS: Final = {DIRECTOR: "case_director", OPERATOR: "operations"}
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.05


class ExternalBroker:
    """A broker that runs already; the demo neither starts nor stops it."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def is_running(self) -> bool:
        """Not ours to say."""
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave it as it is."""


class Stack:
    """The processes of one demo, in a fresh folder. A context manager; blocking."""

    def __init__(self, broker: Broker | ExternalBroker, *, port: int) -> None:
        self.broker = broker
        self.port = port
        self.children: dict[str, ChildProcess] = {}
        self.metrics_ports: dict[str, int] = {}
        self.simulators: dict[str, Simulator] = {}
        self.tokens = {user: secrets.token_urlsafe(12) for user in _USERS}
        self._exit = ExitStack()

    @property
    def url(self) -> str:
        """Address of the desk."""
        return f"http://{HOST}:{self.port}"

    @property
    def data_folder(self) -> Path:
        """Where the processes keep their files."""
        return self.folder / "data"

    def __enter__(self) -> Self:
        with self._exit:
            self._start()
            self._exit = self._exit.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def _start(self) -> None:
        require_free(self.port)
        self.folder = self._make_folder()
        self._exit.enter_context(self.broker)
        ensure_topics(self.broker.bootstrap)
        self._start_simulators()
        self._write_files()
        for source in SOURCES:
            self.start(f"connector {source}")
        self.start("stream")
        self.start("desk")
        self._await_ready()

    def _make_folder(self) -> Path:
        try:
            folder = Path(tempfile.mkdtemp(prefix="regiehub-demo-"))
            (folder / "data").mkdir(mode=0o700)
        except OSError as error:
            place = error.filename or tempfile.gettempdir()
            raise DemoError(
                f"the folder {place} can't be written ({error.strerror}): set TMPDIR to one that can"
            ) from error
        self._exit.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _start_simulators(self) -> None:
        for point in entry_points(group="regiehub.simulators"):
            if point.name in SOURCES:
                folder = self.folder / point.name
                folder.mkdir()
                simulator: Simulator = point.load()(folder)
                self._exit.callback(simulator.close)
                simulator.start()
                self.simulators[point.name] = simulator
        if missing := set(SOURCES) - set(self.simulators):
            raise DemoError(f"no simulator is installed for {', '.join(sorted(missing))}: reinstall regiehub")

    def _write_files(self) -> None:
        folder = self.data_folder / "secrets"
        create_secrets_file(folder / "keys.json")
        users = {token: {"user": user, "role": _USERS[user]} for user, token in self.tokens.items()}
        _write_private(folder / "tokens.json", json.dumps(users))
        sources = {name: simulator.settings() for name, simulator in self.simulators.items()}
        _write_private(folder / "connectors.yaml", yaml.safe_dump(sources))

    def start(self, name: str) -> None:
        """Start `regiehub run NAME`; again after it was stopped or killed."""
        port = self.metrics_ports.setdefault(name, free_port())
        settings = {
            "BROKER": self.broker.bootstrap,
            "DATA_FOLDER": str(self.data_folder),
            "DESK_PORT": str(self.port),
            "METRICS_PORT": str(port),
            "POLL_SECONDS": "0.1",
            "HEARTBEAT_SECONDS": "1",
        }
        kept = {key: value for key, value in os.environ.items() if not key.startswith("REGIEHUB_")}
        environment = kept | {f"REGIEHUB_{key}": value for key, value in settings.items()}
        command = [sys.executable, "-m", "hub.cli.main", "run", *name.split()]
        log = self.folder / f"{name.replace(' ', '-')}.log"
        self.children[name] = child = ChildProcess(command, log=log, environment=environment)
        self._exit.callback(child.stop, _STOP_SECONDS)

    def check(self) -> None:
        """Raises DemoError, with the last thing it said, if a process has ended by itself."""
        if not self.broker.is_running():
            raise DemoError("the broker has ended by itself; the demo is stopped")
        for name, child in self.children.items():
            if (code := child.exit_code()) is not None:
                said = " ".join(child.last_lines(1))
                raise DemoError(f"`regiehub run {name}` has ended by itself (exit {code}): {said}")

    def _await_ready(self) -> None:
        until = time.monotonic() + _START_SECONDS
        with httpx.Client(trust_env=False, timeout=2.0) as client:
            while time.monotonic() < until:
                self.check()
                try:
                    if client.get(f"{self.url}/readyz").is_success:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(_POLL_SECONDS)
        raise DemoError(f"the desk was not ready within {_START_SECONDS:.0f} seconds")


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
