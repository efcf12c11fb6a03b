"""The process `regiehub run connector NAME`: wires ingest, runs it until SIGTERM, ends with an exit code."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from hub.connect.ingest.checking import Checking, compare_apart
from hub.connect.ingest.clock import SystemClock
from hub.connect.ingest.connectors_file import Source, load_source
from hub.connect.ingest.control import Control
from hub.connect.ingest.engine import Ingest, Policy
from hub.connect.ingest.erasing import Eraser, LoggedOrders
from hub.connect.ingest.index import Index
from hub.connect.ingest.kafka_publisher import KafkaPublisher
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.policy import Backoff, RejectLimit
from hub.connect.ingest.process import ConnectorProcess, hide_memory
from hub.connect.ingest.receiver import Receiver, make_inbox_folder, push_config
from hub.connect.ingest.secrets import load_key_ring
from hub.errors import ConfigError, RegiehubError
from hub.ops.http import OpsServer
from hub.ops.kafka_security import load_security
from hub.ops.linking import Linking
from hub.ops.logging import configure, get_logger
from hub.settings import Settings

_STOP_SECONDS: Final = 3.0  # a poll takes a few seconds at most; a supervisor kills after ten


def run(settings: Settings, name: str) -> int:
    """Run a source's connector until SIGTERM or SIGINT. Gives the exit code: 0 stopped as asked, 1 stopped by an error.

    Raises ConfigError before anything is read or published.
    """
    configure(f"connector {name}")
    hide_memory()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    log = get_logger()
    try:
        _run(settings, load_source(settings.connectors_file, name, settings.municipality), stopping)
    except ConfigError:
        raise
    except RegiehubError as error:
        log.error("connector_stopped", source=name, why=error.user_message, detail=error.detail)
        return 1
    log.info("connector_stopped", source=name, why="asked to")
    return 0


def _run(settings: Settings, source: Source, stopping: threading.Event) -> None:
    ring = load_key_ring(settings.secrets_file, settings.key_generation)
    folder = settings.data_folder / "ingest"
    with ExitStack() as stack:
        stack.enter_context(_only_one(folder / f"{source.instance}.lock"))
        index = Index(index_file(settings, source.instance))
        stack.callback(index.close)
        control = Control(control_file(settings, source.instance))
        stack.callback(control.close)
        if index.link(Linking(settings.incarnation, ring.fingerprint)):
            control.start_anew()
            get_logger().warning("index_started_anew", source=source.name, incarnation=settings.incarnation)
        denied = denied_to_connectors(settings)
        make_inbox_folder(source.config, denied)
        process = ConnectorProcess(source.connector, source.config, denied=denied, stopping=stopping.is_set)
        stack.callback(process.close, _STOP_SECONDS)
        receiver = Receiver(push_config(source.config), source.instance) if process.receives else None
        if receiver is not None:
            stack.callback(receiver.stop)
        publisher = KafkaPublisher(settings.broker, client_id=f"regiehub-connector-{source.name}")
        stack.callback(publisher.close)
        ingest = Ingest(
            process,
            publisher,
            index,
            ring=ring,
            identity=_identity(source, process.version),
            clock=SystemClock(stopping),
            policy=_policy(settings, source, process.requests_per_second),
        )
        ingest.obey(control, process)
        ingest.erase_by(Eraser(LoggedOrders(settings.broker), control, index, ring, source.instance))
        if receiver is not None:
            ingest.forget_by(receiver.forget)
        stack.enter_context(_compared(settings, source, ingest, stopping))
        if settings.metrics_port:
            ready = lambda: ingest.progress.polled_at is not None  # noqa: E731  # a few words for OpsServer
            server = OpsServer(settings.metrics_port, ready, settings.metrics_host)
            stack.callback(server.stop)
        _log_start(source, process)
        ingest.run(stopping.is_set)


@contextmanager
def _compared(settings: Settings, source: Source, ingest: Ingest, stopping: threading.Event) -> Iterator[None]:
    """Have the source compared meanwhile, beside what is read of it."""
    ended = threading.Event()  # also when this process ends by an error
    checking = Checking(
        source.instance,
        lambda: Control(control_file(settings, source.instance)),
        compare_apart(source.name, ended),
        every=timedelta(hours=settings.reconcile_hours),
        caught_up=lambda: ingest.may_be_compared and not stopping.is_set(),
        now=lambda: datetime.now(UTC),
    )
    thread = threading.Thread(target=checking.run, args=(ended,), name="checking", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def index_file(settings: Settings, instance: str) -> Path:
    """Where the ingest of a source keeps what it published."""
    return settings.data_folder / "ingest" / f"{instance}.sqlite"


def is_running(settings: Settings, instance: str) -> bool:
    """Whether the ingest of a source runs on this machine."""
    try:
        with _only_one(settings.data_folder / "ingest" / f"{instance}.lock"):
            return False
    except ConfigError:
        return True


def control_file(settings: Settings, instance: str) -> Path:
    """Where people tell the ingest of a source what to do."""
    return settings.data_folder / "ingest" / f"{instance}.control.sqlite"


def denied_to_connectors(settings: Settings) -> tuple[Path, ...]:
    """What no connector may read: secrets of others, and all that processes keep. A source's files lie elsewhere."""
    files = (settings.secrets_file, settings.connectors_file, settings.desk_tokens_file)
    others = (settings.oidc_client_secret_file, load_security().password_file, _password_of(settings.desk_database))
    return (settings.data_folder, *files, *(file for file in others if file))


def _password_of(database: str) -> Path | None:
    """The file with the password of the read model, if its address names one."""
    named = make_url(database).query.get("passfile") if database else None
    return Path(named) if isinstance(named, str) else None


def _identity(source: Source, version: str) -> Identity:
    return Identity(source.instance, str(source.config["jurisdiction"]), source.connector, version)


def _policy(settings: Settings, source: Source, requests_per_second: float | None) -> Policy:
    return Policy(
        source_epoch=source.source_epoch,
        poll_seconds=settings.poll_seconds,
        heartbeat_seconds=settings.heartbeat_seconds,
        limit=RejectLimit(settings.dead_letter_percent, settings.dead_letter_records),
        backoff=Backoff(longest_seconds=settings.retry_seconds),
        trace_seconds=settings.trace_seconds,
        requests_per_second=requests_per_second,
    )


def _log_start(source: Source, process: ConnectorProcess) -> None:
    log = get_logger()
    log.info("connector_started", source=source.name, connector=source.connector, version=process.version)
    if process.unconfined is not None:
        log.warning("connector_not_confined", source=source.name, why=process.unconfined)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Two processes for one source would give the same record different revisions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise ConfigError(f"source {path.stem}", [str(path)], problem="is being read by another process") from error
    try:
        yield
    finally:
        os.close(descriptor)
