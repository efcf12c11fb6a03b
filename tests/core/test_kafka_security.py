"""How a process gets into a broker that is locked, and what it says when it is told too little."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaTimeoutError

from hub.connect.ingest.runner import denied_to_connectors
from hub.errors import ConfigError
from hub.ops import kafka_security
from hub.ops.kafka_clients import connected
from hub.ops.kafka_security import KAFKA_PREFIX, KafkaSecurity, client_options
from hub.settings import Settings
from tests.kafka.municipal_login import self_signed
from tests.silence import silent_server
from tests.stream.demos import eventually

PASSWORD = "GEHEIM"


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """SASL_SSL with a password; gives its file."""
    for name in KafkaSecurity.model_fields:
        monkeypatch.delenv(KAFKA_PREFIX + name.upper(), raising=False)
    file = tmp_path / "password.txt"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.setenv("REGIEHUB_KAFKA_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("REGIEHUB_KAFKA_USER", "hub")
    monkeypatch.setenv("REGIEHUB_KAFKA_PASSWORD_FILE", str(file))
    return file


def test_a_password_goes_over_tls_that_checks_the_broker() -> None:
    options = client_options()
    assert (options["security_protocol"], options["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("hub", PASSWORD)
    context = options["ssl_context"]
    assert context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED


def test_without_anything_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGIEHUB_KAFKA_PROTOCOL")
    assert client_options() == {}


def test_tls_alone_needs_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGIEHUB_KAFKA_PROTOCOL", "SSL")
    assert client_options().keys() == {"security_protocol", "ssl_context"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROTOCOL", "SASL_PLAINTEXT"),
        ("PROTOCOL", "sasl_ssl"),
        ("MECHANISM", "GSSAPI"),
        ("USER", ""),
        ("PASSWORD_FILE", ""),
        ("PASSWORD_FILE", "/none/at/all"),
        ("CA_FILE", "/none/at/all"),
        ("CA_FILE", __file__),
    ],
)
def test_what_is_wrong_is_named_and_nothing_secret_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(KAFKA_PREFIX + name, value)
    with pytest.raises(ConfigError) as refused:
        client_options()
    assert refused.value.setting == KAFKA_PREFIX + name
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_file_without_a_password_is_refused(told: Path, content: bytes) -> None:
    told.write_bytes(content)
    with pytest.raises(ConfigError, match="holds no password"):
        client_options()


def test_a_password_that_others_may_read_is_refused(told: Path) -> None:
    told.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        client_options()


def test_no_connector_reads_the_password(told: Path, tmp_path: Path) -> None:
    assert told in denied_to_connectors(Settings(data_folder=tmp_path / "data"))


def test_every_setting_is_described_and_none_holds_the_password_itself() -> None:
    assert all(field.description for field in KafkaSecurity.model_fields.values())
    assert {name for name in KafkaSecurity.model_fields if "password" in name} == {"password_file"}


@pytest.fixture
def silent() -> Iterator[str]:
    """A broker that hangs."""
    with silent_server() as address:
        yield address


def held() -> tuple[int, int]:
    """How many threads and descriptors this process has, without those of sockets that only wait to be collected."""
    gc.collect()
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("make", [KafkaAdminClient, KafkaConsumer, KafkaProducer])
def test_a_broker_that_says_nothing_is_given_up_and_nothing_of_it_is_left(
    make: type, protocol: str, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    """kafka-python itself would wait without end in a TLS handshake, and keep a thread of every client."""
    monkeypatch.setattr(kafka_security, "_HANDSHAKE_SECONDS", 0.2)
    monkeypatch.setenv("REGIEHUB_KAFKA_PROTOCOL", protocol)
    before = held()
    with pytest.raises(KafkaTimeoutError):
        connected(make, bootstrap_servers=silent, bootstrap_timeout_ms=500, **client_options())
    assert eventually(lambda: all(now <= then for now, then in zip(held(), before, strict=True)), 10)


@pytest.mark.timeout(60)
def test_aiokafka_gives_it_up_by_itself(silent: str) -> None:
    async def start() -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=silent, request_timeout_ms=200, **client_options())
        try:
            await consumer.start()
        finally:
            await consumer.stop()

    with pytest.raises(KafkaConnectionError):
        asyncio.run(start())


def step_by_step(client: ssl.SSLSocket, server: ssl.SSLSocket) -> None:
    """The handshake of both, neither of which blocks."""
    waiting = [client, server]
    while waiting:
        for one in list(waiting):
            with suppress(ssl.SSLWantReadError):
                one.do_handshake()
                waiting.remove(one)


def test_a_handshake_goes_on_step_by_step_and_is_left_alone_when_it_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kafka_security, "_HANDSHAKE_SECONDS", 2.0)
    key, certificate = self_signed(tmp_path)
    monkeypatch.setenv("REGIEHUB_KAFKA_CA_FILE", str(certificate))
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(certificate, key)
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    before = threading.active_count()
    with (
        client_options()["ssl_context"].wrap_socket(
            ours, server_hostname="127.0.0.1", do_handshake_on_connect=False
        ) as client,
        there.wrap_socket(theirs, server_side=True, do_handshake_on_connect=False) as server,
    ):
        step_by_step(client, server)
        assert client.gettimeout() == 0
        assert eventually(lambda: threading.active_count() <= before, 10)
        assert client.send(b"asked") == 5
        assert server.recv(9) == b"asked"
