"""Everything that a demo runs: broker, simulated sources, connectors, worker, desk, login provider. Stops all of it,
however it ends."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
import yaml
from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from hub.connect.ingest.secrets import create_secrets_file
from hub.connect.simulator import Simulator
from hub.demo import prices
from hub.demo.brokers import Broker, BrokerUnavailable
from hub.demo.brokers.child import ChildProcess
from hub.demo.brokers.ports import HOST, free_port, require_free
from hub.demo.errors import DemoError
from hub.demo.identity.config import IdentityConfig
from hub.demo.users import USERS, DemoUser
from hub.errors import ConfigError
from hub.events.topics import topics
from hub.household.days import TIME_ZONE
from hub.ops.kafka_clients import open_admin
from hub.stream.provision import ensure_topics

SOURCES: Final = ("zcd", "menscentraal", "istandaarden")
_REQUESTS_PER_MINUTE: Final = 1_000_000
"""The proof of a demo asks as fast as it can."""
_CONNECT_SECONDS: Final = 5.0
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_NO_BROKER_SECONDS: Final = 3.0
"""Without a broker a process has nothing to finish, and waits for it in vain."""
_POLL_SECONDS: Final = 0.05
_BLAME_SECONDS: Final = 5.0
"""A process breaks its connections when it begins to stop, and has ended some seconds later."""
_CONNECTION_ERRORS: Final = (OSError, httpx.HTTPError, KafkaError)
_SAID_CHARACTERS: Final = 300
IDENTITY: Final = "login provider"
CLIENT: Final = "regiehub"
AUDIENCE: Final = "regiehub-api"


class ExternalBroker:
    """A broker that runs already; the demo neither starts nor stops it. `unused`: refuse topics that are in use."""

    def __init__(self, bootstrap: str, *, unused: bool = False) -> None:
        self.bootstrap = bootstrap
        self._unused = unused

    def is_running(self) -> bool:
        """Not ours to say."""
        return True

    def __enter__(self) -> Self:
        """Raises BrokerUnavailable when nothing listens (a Kafka client would go on trying), ConfigError if in use."""
        host, _, port = self.bootstrap.partition(",")[0].rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
        except (OSError, ValueError) as error:
            raise BrokerUnavailable(f"nothing answers on {self.bootstrap}") from error
        if self._unused:
            _refuse_used(self.bootstrap)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave it as it is."""


def _refuse_used(bootstrap: str) -> None:
    """What is there was keyed with other secrets, and the reference knows nothing of it."""
    ensure_topics(bootstrap)
    admin: Any = open_admin(bootstrap)
    try:
        places = [TopicPartition(spec.topic, number) for spec in topics().values() for number in range(spec.partitions)]
        ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
    finally:
        admin.close()
    if used := sorted({place.topic for place, end in ends.items() if end.offset > 0}):
        raise ConfigError("--broker", [bootstrap], problem=f"has topics that are in use: {', '.join(used)}")


class Stack:
    """The processes of one demo, in a fresh folder. A context manager; blocking."""

    def __init__(
        self,
        broker: Broker | ExternalBroker,
        *,
        port: int,
        settings: Mapping[str, str] | None = None,
        sources: Sequence[str] = SOURCES,
        users: Mapping[str, DemoUser] = USERS,
        is_interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        """`settings`: of every process, beyond those that a demo needs; names without REGIEHUB_. `sources`: the
        connectors that run, each against its simulator. `users`: who can log in. `is_interrupted`: whether somebody
        pressed Ctrl-C, should Python have lost that."""
        self.sources = tuple(sources)
        self._users = dict(users)
        self.broker = broker
        self.port = port
        self._settings = dict(settings or {})
        self._is_interrupted = is_interrupted
        self.children: dict[str, ChildProcess] = {}
        self.metrics_ports: dict[str, int] = {}
        self.simulators: dict[str, Simulator] = {}
        self.identity_port = free_port()
        self.tokens = {user: secrets.token_urlsafe(12) for user in self._users}
        self._exit = ExitStack()
        self._started: list[ChildProcess] = []

    @property
    def url(self) -> str:
        """Address of the desk."""
        return f"http://{HOST}:{self.port}"

    @property
    def read_model(self) -> str:
        """SQLAlchemy address of the desk's read model."""
        return f"sqlite:///{self.data_folder / 'desk' / 'desk.sqlite'}"

    @property
    def identity_url(self) -> str:
        """Address of the login provider."""
        return f"http://{HOST}:{self.identity_port}"

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
        """Stop everything. An error because a process is gone becomes the DemoError that says which."""
        try:
            if isinstance(error, _CONNECTION_ERRORS):
                self._blame()
        finally:
            self._exit.close()

    def _start(self) -> None:
        """The slowest to come up first: worker and desk start while the simulators do."""
        self._require_port()
        self.folder = self._make_folder()
        self._exit.enter_context(self.broker)
        ensure_topics(self.broker.bootstrap)
        simulators = self._exit.enter_context(ExitStack())  # before the processes, so that it is closed after them
        self._exit.callback(self._stop_processes)
        self._write_keys()
        today = datetime.now(TIME_ZONE).date()
        _write_private(self.data_folder / "prices.yaml", yaml.safe_dump(prices.prices(today), allow_unicode=True))
        self._start_identity()
        self.start("stream")
        self.start("desk")
        self._start_simulators(simulators)
        self._write_sources()
        for source in self.sources:
            self.start(f"connector {source}")
        self._await_ready()

    def _require_port(self) -> None:
        try:
            require_free(self.port)
        except BrokerUnavailable as error:
            raise ConfigError("--port", problem=f"does not work: {error.user_message}") from error

    def _make_folder(self) -> Path:
        chosen = os.environ.get("TMPDIR") or None  # without `dir`, tempfile would quietly take another
        try:
            folder = Path(tempfile.mkdtemp(prefix="regiehub-demo-", dir=chosen))
            (folder / "data").mkdir(mode=0o700)
        except OSError as error:
            problem = f"names a folder that can't be written ({error.strerror})"
            raise ConfigError("TMPDIR", [chosen or tempfile.gettempdir()], problem=problem) from error
        self._exit.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _start_simulators(self, running: ExitStack) -> None:
        for point in entry_points(group="regiehub.simulators"):
            if point.name in self.sources:
                folder = self.folder / point.name
                folder.mkdir()
                simulator: Simulator = point.load()(folder)
                running.callback(simulator.close)
                simulator.start()
                self.simulators[point.name] = simulator
        if missing := set(self.sources) - set(self.simulators):
            raise DemoError(f"no simulator is installed for {', '.join(sorted(missing))}: reinstall its package")

    @property
    def _secrets(self) -> Path:
        return self.data_folder / "secrets"

    def _write_keys(self) -> None:
        create_secrets_file(self._secrets / "keys.json")
        users = {token: self._users[user].claims(user) for user, token in self.tokens.items()}
        _write_private(self._secrets / "tokens.json", json.dumps(users))

    def _write_sources(self) -> None:
        sources = {name: simulator.settings() for name, simulator in self.simulators.items()}
        _write_private(self._secrets / "connectors.yaml", yaml.safe_dump(sources))

    def start(self, name: str, *, alias: str = "", settings: Mapping[str, str] | None = None) -> None:
        """Start `regiehub run NAME`; again after it was stopped or killed. A second one of a kind needs an `alias`."""
        command = [sys.executable, "-m", "hub.cli.main", "run", *name.split()]
        name = alias or name
        port = self.metrics_ports.setdefault(name, free_port())
        told = {
            "ENVIRONMENT": "demo",
            "BROKER": self.broker.bootstrap,
            "DATA_FOLDER": str(self.data_folder),
            "DESK_PORT": str(self.port),
            "DESK_ADDRESS": self.url,
            "OIDC_ISSUER": self.identity_url,
            "OIDC_CLIENT_ID": CLIENT,
            "OIDC_CLIENT_SECRET_FILE": str(self._secrets / "login.txt"),
            "OIDC_AUDIENCE": AUDIENCE,
            "REQUESTS_PER_MINUTE": str(_REQUESTS_PER_MINUTE),
            "METRICS_PORT": str(port),
            "POLL_SECONDS": "0.1",
            "HEARTBEAT_SECONDS": "1",
            "RECONCILE_HOURS": "0",
            "PRICES_FILE": str(self.data_folder / "prices.yaml"),
            **self._settings,
            **(settings or {}),
        }
        self._run(name, command, told)

    def _start_identity(self) -> None:
        """The same people as have a token."""
        client_secret = secrets.token_urlsafe(24)
        config = IdentityConfig(
            port=self.identity_port,
            address=self.url,
            client_id=CLIENT,
            client_secret=client_secret,
            audience=AUDIENCE,
            users=tuple(json.loads((self._secrets / "tokens.json").read_text()).values()),
        )
        _write_private(self._secrets / "login.txt", client_secret)
        _write_private(self._secrets / "identity.json", config.model_dump_json())
        command = [sys.executable, "-m", "hub.demo.identity", str(self._secrets / "identity.json")]
        self._run(IDENTITY, command, {"ENVIRONMENT": "demo", "DATA_FOLDER": str(self.data_folder)})

    def _run(self, name: str, command: Sequence[str], told: Mapping[str, str]) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("REGIEHUB_")}
        environment = kept | {f"REGIEHUB_{key}": value for key, value in told.items()}
        log = self.folder / f"{name.replace(' ', '-')}.log"
        self.children[name] = child = ChildProcess(command, log=log, environment=environment)
        self._started.append(child)

    def _stop_processes(self) -> None:
        """Ask all at once, so that it takes as long as the slowest; kill what has not ended by then."""
        for child in self._started:
            child.terminate()
        until = time.monotonic() + (_STOP_SECONDS if self.broker.is_running() else _NO_BROKER_SECONDS)
        try:
            for child in self._started:
                child.wait(max(0.0, until - time.monotonic()))
        finally:
            for child in self._started:
                child.kill()

    def check(self) -> None:
        """Raises DemoError, with the last thing it said, if a process has ended by itself; KeyboardInterrupt."""
        if self._is_interrupted():
            raise KeyboardInterrupt
        if not self.broker.is_running():
            raise DemoError("the broker has ended by itself; the demo is stopped")
        for name, child in self.children.items():
            if (code := child.exit_code()) is not None:
                what = f"the {name}" if name == IDENTITY else f"`regiehub run {name}`"
                raise DemoError(f"{what} {_how(code, child)}; the demo is stopped")

    def _blame(self) -> None:
        until = time.monotonic() + _BLAME_SECONDS
        while time.monotonic() < until:
            self.check()
            time.sleep(_POLL_SECONDS)

    def _await_ready(self) -> None:
        until = time.monotonic() + _START_SECONDS
        waiting = {name: f"http://{HOST}:{port}/readyz" for name, port in self.metrics_ports.items()}
        waiting[IDENTITY] = f"{self.identity_url}/readyz"
        with httpx.Client(trust_env=False, timeout=2.0) as client:
            while waiting:
                self.check()
                if time.monotonic() > until:
                    raise DemoError(f"not ready within {_START_SECONDS:.0f} seconds: {', '.join(waiting)}")
                waiting = {name: url for name, url in waiting.items() if not _is_success(client, url)}
                time.sleep(_POLL_SECONDS)


def _is_success(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.TransportError:
        return False


def _how(code: int, child: ChildProcess) -> str:
    if code < 0:
        return f"was killed ({signal.Signals(-code).name})"
    return f"has ended by itself (exit {code}: {_said(' '.join(child.last_lines(1)))[:_SAID_CHARACTERS]})"


def _said(line: str) -> str:
    """The reason in a log line; the line itself if it is none."""
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    reasons = [str(fields[name]) for name in ("why", "detail") if isinstance(fields, dict) and fields.get(name)]
    return " ".join(reasons) or line


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
