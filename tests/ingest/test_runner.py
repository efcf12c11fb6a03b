"""`regiehub run connector zcd` as a process: a real source on HTTP, a real log, signals and kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest
import yaml

from connectors.zcd.simulator import ZcdSimulator
from hub.connect.ingest.secrets import create_secrets_file
from hub.demo.brokers import BrokerNotInstalled
from hub.demo.brokers.embedded import EmbeddedBroker
from hub.events.codec import decode
from hub.events.topics import COMPOSITIONS, DEAD_LETTERS, RECORDS, SOURCES
from hub.stream.provision import ensure_topics
from tests.ingest.kafka_log import LogReader

pytestmark = pytest.mark.stream


class Start(Protocol):
    """Starts a process that ends with the test."""

    def __call__(self, command: Sequence[str] = ...) -> subprocess.Popen[bytes]:
        """The process; by default that of zcd."""


COMMAND = [sys.executable, "-m", "hub.cli.main", "run", "connector", "zcd"]
SAME_SOURCE = [*COMMAND[:-1], "zcd-anew"]
"""Another entry of the connectors file, with the instance of the first: the same source, in a later epoch."""


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    try:
        with EmbeddedBroker() as running:
            ensure_topics(running.bootstrap)
            yield running
    except BrokerNotInstalled as missing:
        pytest.skip(missing.user_message)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[ZcdSimulator]:
    running = ZcdSimulator(tmp_path / "source", in_process=True)
    running.start()
    yield running
    running.stop()
    running.close()


@pytest.fixture
def environment(tmp_path: Path, broker: EmbeddedBroker, simulator: ZcdSimulator) -> dict[str, str]:
    create_secrets_file(tmp_path / "data" / "secrets" / "keys.json")
    file = tmp_path / "data" / "secrets" / "connectors.yaml"
    anew = simulator.settings() | {"connector": "zcd", "instance": "zcd", "source_epoch": 3}
    file.write_text(yaml.safe_dump({"zcd": simulator.settings(), "zcd-anew": anew}))
    file.chmod(0o600)
    settings = {"BROKER": broker.bootstrap, "DATA_FOLDER": str(tmp_path / "data"), "POLL_SECONDS": "0.05"}
    settings["RECONCILE_HOURS"] = "0"  # there is no read model to compare with
    return os.environ | {f"REGIEHUB_{name}": value for name, value in settings.items()}


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def process(command: Sequence[str] = COMMAND) -> subprocess.Popen[bytes]:
        with (tmp_path / f"log-{len(running)}").open("wb") as log:
            running.append(subprocess.Popen(command, env=environment, stderr=log))
        return running[-1]

    yield process
    for one in running:
        one.kill()
        one.wait()


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def goal(number: int, version: int = 1) -> dict[str, object]:
    return {
        "soort": "doel",
        "actie": "vastgelegd",
        "dossiernummer": f"Z-{number % 20:06}",
        "id": f"Z-D-{number:04}",
        "versie": version,
        "gewijzigdOp": "2026-01-05T10:00:00+01:00",
        "gegevens": {"leefgebied": "financien", "doel": f"doel {number}", "status": "open"},
    }


@pytest.fixture
def log(broker: EmbeddedBroker) -> Iterator[LogReader]:
    with LogReader(broker.bootstrap, COMPOSITIONS, RECORDS, DEAD_LETTERS, SOURCES) as reader:
        yield reader


def record_ids(log: LogReader) -> list[str]:
    return [decode(message.value).value["record_id"] for message in log.read(RECORDS)]


def test_a_source_is_read_published_and_left_in_good_order(
    log: LogReader, simulator: ZcdSimulator, start: Start
) -> None:
    simulator.apply_many([*(goal(n) for n in range(30)), "no json"])
    process = start()
    until(lambda: len(log.read(DEAD_LETTERS)) == 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert sorted(record_ids(log)) == [f"Z-D-{n:04}" for n in range(30)]
    last = decode(log.read(SOURCES)[-1].value).value
    assert (last["state"], last["published"], last["rejected"]) == ("stopped", 30, 1)
    assert not log.read(COMPOSITIONS)


def test_killed_at_any_moment_it_loses_nothing(log: LogReader, simulator: ZcdSimulator, start: Start) -> None:
    written = 0
    for _ in range(4):
        simulator.apply_many(goal(n) for n in range(written, written + 150))
        written += 150
        process = start()
        seen = len(record_ids(log))
        until(lambda seen=seen: len(record_ids(log)) > seen)  # type: ignore[misc]  # bound now, on purpose
        process.kill()
        process.wait()
    start()
    expected = {f"Z-D-{n:04}" for n in range(written)}
    until(lambda: set(record_ids(log)) == expected)


def test_a_source_is_read_by_one_process_at_a_time(
    simulator: ZcdSimulator, start: Start, environment: dict[str, str], log: LogReader
) -> None:
    simulator.apply(goal(1))
    start()
    until(lambda: len(record_ids(log)) == 1)
    for command in (COMMAND, SAME_SOURCE):
        second = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 2
        assert second.stderr.splitlines()[-1].startswith(
            "regiehub: The setting source zcd is being read by another process."
        )


def test_a_source_whose_index_was_lost_is_published_again_in_its_new_epoch(
    simulator: ZcdSimulator, start: Start, log: LogReader, tmp_path: Path
) -> None:
    simulator.apply(goal(1))
    first = start()
    until(lambda: len(record_ids(log)) == 1)
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    kept = tmp_path / "data" / "ingest"
    for file in kept.iterdir():
        file.unlink()
    start(SAME_SOURCE)
    until(lambda: len(record_ids(log)) == 2)
    events = [decode(message.value).value for message in log.read(RECORDS)]
    assert [(event["source"], event["source_epoch"]) for event in events] == [("zcd", 0), ("zcd", 3)]
    assert {file.name.partition(".")[0] for file in kept.iterdir()} == {"zcd"}


def test_a_source_that_refuses_us_ends_the_process_with_one(
    tmp_path: Path, environment: dict[str, str], simulator: ZcdSimulator
) -> None:
    wrong = simulator.settings() | {"client_secret": "wrong-secret"}
    (tmp_path / "data" / "secrets" / "connectors.yaml").write_text(yaml.safe_dump({"zcd": wrong}))
    done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    last = json.loads(done.stderr.splitlines()[-1])
    assert (last["event"], last["source"]) == ("connector_stopped", "zcd")
    assert "wrong-secret" not in done.stderr
    assert "Traceback" not in done.stderr
