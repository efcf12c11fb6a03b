"""`regiehub run desk`: the web server, and the projector in a process of its own beside it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import structlog
import uvicorn
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from hub.desk import database, pauses, readmodel
from hub.desk.access import Rules
from hub.desk.apart import Apart
from hub.desk.app import create_app
from hub.desk.console.looking import Looking
from hub.desk.deciding import Deciding, Publish
from hub.desk.login.doors import open_login, open_tokens
from hub.desk.looks import LookLog, LooksTaken, LooksUnavailable, log_file
from hub.desk.looks.anchors import Anchoring
from hub.desk.reading import Reading
from hub.desk.settings_file import load_prices, load_terms
from hub.desk.shown import state
from hub.desk.site import Site
from hub.desk.surroundings import KEPT_SECONDS
from hub.errors import ConfigError
from hub.events.sensitive import Address
from hub.ops import logging, metrics
from hub.ops.http import OpsServer
from hub.ops.linking import Linking
from hub.ops.orders import Orders
from hub.ops.watch import Watch
from hub.settings import Settings

STOP_SECONDS: Final = 5
"""How long answers under way may take after a SIGTERM."""
STAGE: Final = "desk"
"""The projector's name in metrics that count stages."""

_log = structlog.get_logger()


class Keys(NamedTuple):
    """What the desk may do with the municipality's keys, without holding them.

    `open_sealed`: the text of a sealed address, None if it was sealed with another key.
    `person_key`: the key of a BSN's person, None if the BSN is not valid. `address_key`: the key of an address.
    `fingerprint`: by which the linking key is recognised.
    """

    open_sealed: Callable[[bytes], str | None]
    person_key: Callable[[str], str | None]
    address_key: Callable[[Address], str]
    fingerprint: str


class Metrics:
    """The projector's observer: counts in the registry of the desk's process, which is the one that is asked."""

    def applied(self, topic: str, count: int) -> None:
        """Messages that are in the read model now."""
        metrics.STAGE_RECORDS_APPLIED.labels(stage=STAGE).inc(count)

    def visible(self, *, since_published_seconds: float, since_recorded_seconds: float) -> None:
        """How old the newest was when it could be read."""
        metrics.VISIBLE_FRESHNESS_SECONDS.observe(since_published_seconds)
        metrics.END_TO_END_FRESHNESS_SECONDS.observe(since_recorded_seconds)

    def view(self, size_bytes: int) -> None:
        """How large one was."""
        metrics.VIEW_BYTES.observe(size_bytes)

    def lag(self, records: int, parked: int) -> None:
        """What is not in the read model yet, and what in it waits for its composition."""
        metrics.tell(metrics.DESK_LAG_RECORDS, records)
        metrics.STAGE_PARKED_ENTRIES.labels(stage="assemble").set(parked)


class _Server(uvicorn.Server):
    """Leaves signals to `run`: a SIGTERM is a normal end here, with exit code 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def run(settings: Settings, keys: Keys, publish: Publish, orders: Orders | None = None) -> int:
    """Serve until SIGTERM; returns the exit code. `publish`: how decisions get into the log; `orders`: how the ingest
    of sources is asked.

    Raises ConfigError before anything runs, ContractError when a newer release wrote what this one cannot read,
    ProjectorEnded when what fills the read model ended by itself.
    """
    logging.configure("desk")
    login = open_login(settings)
    tokens = open_tokens(settings)
    anchors = anchors_file(settings)
    looks = open_looks(settings)
    terms = load_terms(settings.terms_file)
    prices = load_prices(settings.prices_file)
    engine = open_database(settings.desk_database)
    readmodel.link(engine, Linking(settings.incarnation, keys.fingerprint))
    listener = listen(settings.desk_host, settings.desk_port)
    rules = Rules(settings.wams, settings.emergency_hours)
    reading = Reading(engine, looks, rules=rules, kept_seconds=KEPT_SECONDS)
    projector = Apart(Metrics())
    looking = Looking(lambda: Watch(settings.broker, settings.stream_id, lambda: state(engine)))
    site = Site(
        reading=reading,
        deciding=Deciding(reading, publish, settings.municipality, settings.key_generation, keys.person_key),
        tokens=tokens,
        open_sealed=keys.open_sealed,
        person_key=keys.person_key,
        address_key=keys.address_key,
        why_not_ready=projector.why_not_ready,
        render_metrics=metrics.exposition,
        terms=terms,
        login=login,
        prices=prices,
        looking=looking.latest,
        recent=looking.recent,
        orders=orders,
    )
    anchoring = Anchoring(looks, anchors, settings.looks_anchor_seconds)
    ready = lambda: projector.why_not_ready() is None  # noqa: E731  # two words for OpsServer
    ops = OpsServer(settings.metrics_port, ready, settings.metrics_host) if settings.metrics_port else None
    looking.start()
    try:
        return asyncio.run(_serve(site, projector, listener, anchoring, settings.desk_proxies))
    finally:
        looking.stop()
        if ops is not None:
            ops.stop()
        listener.close()
        if login.provider is not None:
            login.provider.close()
        engine.dispose()
        looks.close()


def open_looks(settings: Settings) -> LookLog:
    """The log of looks, for this process alone. Raises ConfigError if another one writes it; one that cannot be written
    does not stop the desk, it refuses reads."""
    path = log_file(settings.data_folder)
    looks = LookLog(path)
    try:
        looks.open()
    except LooksTaken as error:
        problem = "holds a log of looks that another process writes: one desk per data folder"
        raise ConfigError("REGIEHUB_DATA_FOLDER", [str(path)], problem=problem) from error
    except LooksUnavailable as error:
        _log.error("looks_unavailable", why=str(error))
    return looks


def anchors_file(settings: Settings) -> Path | None:
    """Where the log's head is anchored. Raises ConfigError for a place that whoever can rewrite the log reaches too."""
    file = settings.looks_anchors_file
    if file is not None and file.resolve().is_relative_to(settings.data_folder.resolve()):
        raise ConfigError("REGIEHUB_LOOKS_ANCHORS_FILE", [str(file)], problem="must lie outside the data folder")
    return file


def open_database(url: str) -> Engine:
    """The read model. Raises ConfigError; the message holds no password."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
            raise ConfigError("REGIEHUB_DESK_DATABASE", problem="lies in memory: desk and projector are two processes")
        return database.open_engine(url)
    except (SQLAlchemyError, OSError, ImportError) as error:
        problem = f"cannot be opened ({type(error).__name__})"
        raise ConfigError("REGIEHUB_DESK_DATABASE", problem=problem) from error


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else starts. Raises ConfigError when it is taken.

    What is written is sent at once (no Nagle): asyncio sees to that only for sockets that name their protocol, which
    this one does not, and an answer in two writes would wait 40 ms for the first to be acknowledged."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=128)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # those that it accepts inherit it
        return listener
    except OSError as error:
        problem = f"cannot be used: port {port} on {host} ({error.strerror})"
        raise ConfigError("REGIEHUB_DESK_PORT", problem=problem) from error


async def _serve(site: Site, projector: Apart, listener: socket.socket, anchoring: Anchoring, proxies: str) -> int:
    """Run both until a signal; if one ends by itself, so does the other, and what went wrong is raised. The log of
    looks is anchored as long as they run, and once more when they have ended. Returns the exit code."""
    config = uvicorn.Config(
        create_app(site),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = _Server(config)
    pauses.collect_seldom()
    pauses.take_short_turns()
    stopping = asyncio.Event()

    def stop() -> None:
        server.should_exit = True
        site.live.stop()
        projector.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    host, port = listener.getsockname()[:2]
    _log.info("desk_listening", host=host, port=port)
    projecting = asyncio.create_task(projector.run())
    works = [projecting, asyncio.create_task(server.serve(sockets=[listener]))]
    anchored = asyncio.create_task(anchoring.run(stopping))
    await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
    stop()
    try:
        await asyncio.gather(*works)
    finally:
        stopping.set()
        await anchored
    _log.info("desk_stopped")
    return projecting.result()
