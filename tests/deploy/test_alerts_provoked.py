"""Every alert fires in a real Prometheus when what it is for happens to processes that run.

The hub as the demo runs it, its read model in PostgreSQL. Times in the rules are shorter by one factor
(`tests/deploy/prometheus.py`), numbers are as they are. Whatever can happen at the same time does.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Final

import httpx
import pytest
from sqlalchemy import Engine, create_engine, text

from connectors.zcd.simulator import ZcdSimulator
from hub.connect.ingest.control import Control
from hub.connect.ingest.kafka_publisher import KafkaPublisher
from hub.connect.ingest.publisher import Message
from hub.connect.ingest.runner import control_file
from hub.connect.simulator import Faults
from hub.demo.brokers import BrokerNotInstalled
from hub.demo.brokers.child import ChildProcess
from hub.demo.brokers.embedded import EmbeddedBroker
from hub.demo.brokers.ports import HOST, free_port
from hub.demo.delivery import Deliverer
from hub.demo.once import new_town
from hub.demo.stack import Stack
from hub.demo.town.changes import Change
from hub.demo.users import DIRECTOR
from hub.events.codec import decode, encode
from hub.events.topics import HOUSEHOLD_RECORDS, SOURCES
from hub.ops.status import DIFFERING
from hub.settings import Settings
from tests import machine
from tests.deploy.prometheus import FACTOR, Prometheus, Target, quickened
from tests.deploy.test_rules import RULES
from tests.kafka.raw_log import Raw, read_raw
from tests.postgres_server import server
from tests.stream.operated import regiehub

__all__ = ["server"]

FULL: Final = Path("/dev/full")
pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(
        machine.postgres_missing() is not None or not FULL.exists(),
        reason="needs a PostgreSQL server, and the device that is always full (Linux)",
    ),
]
HOUSEHOLDS: Final = 60
FIRST_CHANGES: Final = 300
UNREADABLE: Final = {"zcd": 30, "menscentraal": 400}
"""A burst of dead letters; and so many that the source is held."""
COMPARED: Final = "istandaarden"
AHEAD: Final = "elsewhere"
_SECONDS: Final = 90.0
_LOOK_SECONDS: Final = 0.25
_LOAD_SECONDS: Final = 0.05
_FAR: Final = 2**50
"""A `since` that no composition reaches."""


@dataclass
class Trouble:
    """A hub that runs, watched by Prometheus, and what is done to it."""

    stack: Stack
    prometheus: Prometheus
    targets: list[Target]
    database: Engine
    changes: Iterator[Change]
    receiver_port: int

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Poll, within a generous deadline."""
        until = time.monotonic() + _SECONDS
        pause = threading.Event()
        while not holds():
            assert time.monotonic() < until, what
            pause.wait(_LOOK_SECONDS)

    def await_fired(self, *alerts: tuple[str, str]) -> None:
        """Wait until all of these have fired: name, and source or role."""
        for alert in alerts:
            self.until(lambda: alert in self.prometheus.fired(), f"did not fire: {alert}")  # noqa: B023  # used at once

    @contextmanager
    def load(self) -> Iterator[None]:
        """The sources deliver meanwhile, 20 changes a second."""
        with self._meanwhile(lambda deliverer: deliverer.deliver(next(self.changes))):
            yield

    @contextmanager
    def events_refused(self) -> Iterator[None]:
        """A source pushes with a token that is not, or no longer, the agreed one."""

        def push(_: Deliverer) -> None:
            headers = {"authorization": "Bearer of last year"}
            url = f"http://{HOST}:{self.receiver_port}/events"
            assert httpx.post(url, content=b"{}", headers=headers, trust_env=False).status_code == 401

        with self._meanwhile(push):
            yield

    def deliver(self, changes: int) -> None:
        """Changes at once."""
        Deliverer(self.stack.simulators).deliver_all(islice(self.changes, changes))

    @contextmanager
    def _meanwhile(self, work: Callable[[Deliverer], None]) -> Iterator[None]:
        stopped = threading.Event()
        deliverer = Deliverer(self.stack.simulators)

        def run() -> None:
            while not stopped.wait(_LOAD_SECONDS):
                work(deliverer)

        thread = threading.Thread(target=run, name="load", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()
            deliverer.close()

    @contextmanager
    def database_locked(self) -> Iterator[None]:
        """Nothing is written in the read model; it can be read."""
        with self.database.begin() as connection:
            connection.execute(text("LOCK TABLE offsets IN ACCESS EXCLUSIVE MODE"))
            yield

    @contextmanager
    def database_slow(self) -> Iterator[None]:
        """Most of the time it is locked."""
        stopped = threading.Event()

        def run() -> None:
            while not stopped.wait(0.2):
                with self.database_locked():
                    stopped.wait(1.5)

        thread = threading.Thread(target=run, name="slow database", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """A process that stands still, and is there."""
        os.kill(self.stack.children[name].pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.stack.children[name].pid, signal.SIGCONT)

    def fill_disk_of_looks(self) -> None:
        """What the log of looks is written to is full from now on; somebody looks."""
        looks = self.stack.data_folder / "desk" / "looks.jsonl"
        looks.rename(looks.with_suffix(".before"))
        looks.symlink_to(FULL)

    def look(self) -> int:
        """A director asks for his households; the status of the answer."""
        headers = {"authorization": f"Bearer {self.stack.tokens[DIRECTOR]}"}
        url = f"{self.stack.url}/api/v1/huishoudens"
        return httpx.get(url, headers=headers, trust_env=False, timeout=30.0).status_code

    def compare_no_more(self) -> None:
        """A source that was compared the day before yesterday, and not since."""
        with closing(Control(control_file(Settings(data_folder=self.stack.data_folder), COMPARED))) as control:
            control.keep_completeness({
                **dict.fromkeys([*DIFFERING, "waiting", "missing_dossiers", "records"], 0), "teams": [],
                "checked_at": datetime.now(UTC) - timedelta(days=2),
            })  # fmt: skip

    def report_from_the_future(self) -> None:
        """A connector elsewhere, on a machine whose clock is a minute ahead."""
        status = {
            **dict.fromkeys(("position", "newest_recorded_at", "message", "completeness", "caught_up_at")),
            "source": AHEAD, "connector": AHEAD, "state": "running", "published": 0, "rejected": 0, "source_epoch": 0,
            "polled_at": None, "reported_at": datetime.now(UTC) + timedelta(minutes=1),
        }  # fmt: skip
        self._publish(Message(SOURCES, AHEAD.encode(), encode("hub.source_status", status)))

    def write_books(self) -> None:
        """A source puts whole documents in a field of one dossier."""
        zcd = self.stack.simulators["zcd"]
        assert isinstance(zcd, ZcdSimulator)
        goal = next(item for item in zcd.final_records() if item["soort"] == "doel" and item["gegevens"])
        assert isinstance(goal["gegevens"], dict)
        content = goal["gegevens"] | {"doel": "lezen en schrijven " * 5_000}
        zcd.apply_many({**goal, "id": f"BOOK-{number}", "versie": 1, "gegevens": content} for number in range(15))

    @contextmanager
    def log_hung(self) -> Iterator[None]:
        """A broker that takes connections and answers nothing."""
        broker = self.stack.broker
        assert isinstance(broker, EmbeddedBroker)
        pid = broker.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def _publish(self, message: Message) -> None:
        publisher = KafkaPublisher(self.stack.broker.bootstrap, client_id="trouble")
        publisher.publish([message])
        publisher.close()

    def park_a_record(self) -> None:
        """Of a dossier that is not in the household's composition, and later than that."""
        found: list[Raw] = []

        def is_sent() -> bool:
            found.extend(item for item in read_raw(self.stack.broker.bootstrap) if item.topic == HOUSEHOLD_RECORDS)
            return bool(found)

        self.until(is_sent, "a record is sent to a household")
        sent = found[0]
        record = {**decode(sent.value).value, "dossier_id": "NOWHERE", "record_id": "PARKED", "since": _FAR}
        self._publish(Message(HOUSEHOLD_RECORDS, sent.key, encode("households.record", record)))

    def lose_a_change(self) -> None:
        """A newer version of a record, of which the source tells nobody; then it is reconciled."""
        zcd = self.stack.simulators["zcd"]
        assert isinstance(zcd, ZcdSimulator)
        held = next(item for item in zcd.final_records() if item["soort"] == "contact")
        zcd.apply_silently([{**held, "versie": int(str(held["versie"])) + 1}])
        regiehub(self.stack, "reconcile", "zcd", "--settle", "1", code=1)


@pytest.fixture(scope="module")
def trouble(server: str, seed: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trouble]:
    folder = tmp_path_factory.mktemp("prometheus")
    database = f"{server}/postgres"
    settings = {
        "DESK_DATABASE": database,
        "RETRY_SECONDS": str(60 / FACTOR),
        "LOOKS_ANCHORS_FILE": str(FULL),
        "LOOKS_ANCHOR_SECONDS": "1",
        "SESSION_TIMEOUT_SECONDS": "60",
    }
    with ExitStack() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGIEHUB_DESK_DATABASE", database)
        try:
            stack = running.enter_context(Stack(EmbeddedBroker(), port=free_port(), settings=settings))
        except BrokerNotInstalled as missing:
            pytest.skip(missing.user_message)
        targets = [Target(name.split()[0], port) for name, port in stack.metrics_ports.items()]
        targets.append(Target("desk", port := free_port()))
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        running.callback(_start(folder, "old_release", port).stop, 10.0)
        targets.append(Target("connector", port := free_port()))
        receiver_port = free_port()
        running.callback(_start(folder, "receiver", receiver_port, port, folder / "inbox").stop, 10.0)
        prometheus = Prometheus(folder, targets)
        running.callback(prometheus.stop)
        engine = create_engine(database)
        running.callback(engine.dispose)
        town = new_town(HOUSEHOLDS, seed)
        yield Trouble(stack, prometheus, targets, engine, chain(town.fill(), town.live()), receiver_port)


def _start(folder: Path, name: str, *words: object) -> ChildProcess:
    """A process that the demo does not have."""
    command = [sys.executable, "-m", f"tests.deploy.{name}", *map(str, words)]
    return ChildProcess(command, log=folder / f"{name}.log", environment=dict(os.environ))


def test_times_in_the_rules_are_shorter_and_nothing_else_is() -> None:
    (stalled, late, idle) = quickened({"groups": [{"name": "g", "rules": [
        {"expr": "sum(increase(a_total[10m] offset 15m)) >= 20", "for": "5m", "alert": "A"},
        {"expr": "time() - a_seconds > 3600", "alert": "B"},
        {"expr": "a_records > 1000", "for": "2m", "alert": "C"},
    ]}]})["groups"][0]["rules"]  # fmt: skip
    assert stalled == {"expr": "sum(increase(a_total[5000ms] offset 7500ms)) >= 20", "for": "2500ms", "alert": "A"}
    assert late == {"expr": "time() - a_seconds > 30.0", "alert": "B"}
    assert idle == {"expr": "a_records > 1000", "for": "1000ms", "alert": "C"}


@pytest.mark.timeout(600)
def test_every_alert_fires_when_what_it_is_for_happens(
    trouble: Trouble, rng: random.Random, close_with: Callable[[str], None]
) -> None:
    began = time.monotonic()
    trouble.until(lambda: trouble.prometheus.is_watching(len(trouble.targets)), "it watches")
    from_the_start = {("RegiehubMetricMissing", "desk"), ("RegiehubLooksNotAnchored", "desk")}
    trouble.await_fired(*from_the_start)
    fired = {(name, source) for name, source in trouble.prometheus.fired() if name != "RegiehubProcessDown"}
    assert fired == from_the_start, "nothing else is the matter, though a busy machine may answer late"
    trouble.deliver(FIRST_CHANGES)
    assert trouble.look() == httpx.codes.OK
    trouble.fill_disk_of_looks()
    trouble.compare_no_more()
    trouble.report_from_the_future()
    trouble.write_books()
    trouble.await_fired(("RegiehubViewLarge", ""))
    with trouble.load():
        trouble.park_a_record()
        trouble.lose_a_change()
        with trouble.database_slow():
            while ("RegiehubLooksUnavailable", "desk") not in trouble.prometheus.fired():
                assert trouble.look() == httpx.codes.SERVICE_UNAVAILABLE
            trouble.await_fired(("RegiehubLooksUnavailable", "desk"), ("RegiehubViewsLate", ""))
        with trouble.stopped("stream"), trouble.events_refused():
            trouble.await_fired(
                ("RegiehubStreamStalled", ""), ("RegiehubProcessDown", "stream"), ("RegiehubEventsRefused", "pushed"),
                ("RegiehubSourceStale", "zcd"),
            )  # fmt: skip
    with trouble.database_locked():
        trouble.deliver(10 * FIRST_CHANGES)
        for source, count in UNREADABLE.items():
            trouble.stack.simulators[source].apply_many(f"no record {rng.random()}" for _ in range(count))
        trouble.await_fired(("RegiehubDeadLetterBurst", "zcd"), ("RegiehubSourceHeld", "menscentraal"))
        trouble.stack.simulators["zcd"].set_faults(Faults(server_error_rate=1.0))
        trouble.stack.children.pop("connector istandaarden").kill()
        trouble.await_fired(
            ("RegiehubSourceUnreachable", "zcd"),
            ("RegiehubProcessDown", "connector"),
            ("RegiehubDeskStalled", "desk"),
            ("RegiehubDeskBehind", "desk"),
        )
    trouble.await_fired(("RegiehubSourceDiffers", "zcd"), ("RegiehubRecordsParked", "desk"))
    trouble.await_fired(("RegiehubNotReconciled", COMPARED), ("RegiehubClockWrong", AHEAD))
    with trouble.log_hung():
        trouble.await_fired(("RegiehubLogUnreachable", "desk"))
    trouble.prometheus.watch([target for target in trouble.targets if target.role != "stream"])
    trouble.await_fired(("RegiehubNotWatched", "stream"))
    names = {name for name, _ in trouble.prometheus.fired()}
    assert names == {rule["alert"] for rule in RULES}
    close_with(
        f"alerts: {len(names)} of {len(RULES)} provoked and fired in a real Prometheus, times in the rules divided by"
        f" {FACTOR}; {time.monotonic() - began:.0f} s"
    )
