"""The receiver says yes when an event is on disk, and tells everybody else what is wrong."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from hub.connect import Cursor, SourceUnavailable
from hub.connect.inbox import Inbox
from hub.connect.ingest.cloud_events import Refused, read_event
from hub.connect.ingest.receiver import Receiver, make_inbox_folder, push_config
from hub.connect.push import PushConfig
from hub.errors import ConfigError
from hub.ops import metrics
from tests.vendor.pusher import PushedConnector

pytestmark = pytest.mark.vendor
TOKEN = "a-token-for-the-tests"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=UTF-8"}
EVENT = {"specversion": "1.0", "id": "1", "source": "urn:source", "type": "nl.source.changed", "data": {"é": 1}}
BODY = json.dumps(EVENT).encode()
BINARY = {
    "Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "%E2%82%AC-1", "ce-source": "urn:source",
    "ce-type": "nl.source.changed", "ce-subject": "zaak",
}  # fmt: skip


class Answer:
    """Status, headers and problem of an answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        text = response.read()
        self.problem = json.loads(text) if text else None


@pytest.fixture
def config(tmp_path: Path) -> PushConfig:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return PushConfig(
        instance="pushed", inbox_folder=tmp_path / "inbox", listen_port=port, receiver_token=SecretStr(TOKEN),
        max_event_bytes=2048,
    )  # fmt: skip


@pytest.fixture
def receiver(config: PushConfig) -> Iterator[Receiver]:
    running = Receiver(config, config.instance)
    yield running
    running.stop()


def send(
    config: PushConfig, body: bytes, headers: Mapping[str, str], method: str = "POST", path: str = "/events"
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", config.listen_port, timeout=10)
    try:
        connection.request(method, path, body, dict(headers))
        return Answer(connection.getresponse())
    finally:
        connection.close()


def kept(config: PushConfig) -> list[dict[str, object]]:
    inbox = Inbox(config.inbox_folder)
    try:
        return [dict(event.content()) for event in inbox.after(0, 1000)]
    finally:
        inbox.close()


def counted(outcome: str) -> float:
    return metrics.REGISTRY.get_sample_value(
        "regiehub_events_received_total", {"source": "pushed", "outcome": outcome}
    ) or 0.0  # fmt: skip


@pytest.mark.usefixtures("receiver")
def test_structured_binary_and_plain_become_one_form_and_an_event_twice_is_once(config: PushConfig) -> None:
    before = counted("duplicate")
    for headers, body in ((STRUCTURED, BODY), (BINARY, b'{"a": [1]}'), ({"Content-Type": "application/json"}, b"{}")):
        for _ in range(2):
            assert send(config, body, {**headers, **AUTH}).status == 204
    structured, binary, plain, again = kept(config)
    assert structured == EVENT
    assert (binary["id"], binary["subject"], binary["data"]) == ("€-1", "zaak", {"a": [1]})
    assert (plain["source"], plain["data"]) == ("urn:regiehub:webhook", {})
    assert again["data"] == {} and again["id"] != plain["id"]  # what changed back says the same again
    assert counted("duplicate") == before + 2


@pytest.mark.usefixtures("receiver")
def test_data_that_is_no_json_is_kept_as_it_is(config: PushConfig) -> None:
    assert send(config, b"<a/>", {**BINARY, **AUTH, "Content-Type": "application/xml"}).status == 204
    assert kept(config)[0]["data_base64"] == "PGEvPg=="


REFUSED: dict[str, tuple[int, str, bytes, dict[str, str]]] = {
    "no token": (401, "unauthorised", BODY, STRUCTURED),
    "another token": (401, "unauthorised", BODY, {**STRUCTURED, "Authorization": "Bearer x"}),
    "another scheme": (401, "unauthorised", BODY, {**STRUCTURED, "Authorization": f"Basic {TOKEN}"}),
    "too large": (413, "too_large", b" " * 100_000, {**STRUCTURED, **AUTH}),
    "text": (415, "unsupported", BODY, {"Content-Type": "text/plain", **AUTH}),
    "no content type": (415, "unsupported", BODY, AUTH),
    "a batch": (415, "unsupported", b"[]", {"Content-Type": "application/cloudevents-batch+json", **AUTH}),
    "another charset": (415, "unsupported", BODY, {**AUTH, "Content-Type": "application/json; charset=utf-16"}),
    "no JSON": (400, "malformed", b"{", {**STRUCTURED, **AUTH}),
    "nothing": (400, "malformed", b"", {**STRUCTURED, **AUTH}),
    "a list": (400, "malformed", b"[1]", {**STRUCTURED, **AUTH}),
    "deep": (400, "malformed", b"[" * 2000, {**STRUCTURED, **AUTH}),
    "a lone surrogate": (400, "malformed", BODY.replace(b'"1"', b'"\\ud800"'), {**STRUCTURED, **AUTH}),
    "no id": (400, "malformed", BODY.replace(b'"id"', b'"ids"'), {**STRUCTURED, **AUTH}),
    "an id that is a number": (400, "malformed", BODY.replace(b'"1"', b"1"), {**STRUCTURED, **AUTH}),
    "another version": (400, "malformed", BODY.replace(b"1.0", b"0.3"), {**STRUCTURED, **AUTH}),
    "a header that is no UTF-8": (400, "malformed", b"{}", {**BINARY, **AUTH, "ce-subject": "%ff"}),
    "a header with a name in it": (400, "malformed", b"{}", {**BINARY, **AUTH, "ce-subject": "Jos\xe9"}),
    "a length that is none": (411, "malformed", b"", {**STRUCTURED, **AUTH, "Content-Length": "-1"}),
}


@pytest.mark.usefixtures("receiver")
@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_taken_is_told_and_counted(config: PushConfig, what: str) -> None:
    status, outcome, body, headers = REFUSED[what]
    before = counted(outcome)
    answer = send(config, body, headers)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.problem is not None and answer.problem["status"] == status and answer.problem["detail"]
    assert counted(outcome) == before + 1
    assert kept(config) == []


@pytest.mark.usefixtures("receiver")
def test_other_methods_and_paths(config: PushConfig) -> None:
    assert send(config, b"", {}, method="GET").headers["Allow"] == "OPTIONS, POST"
    assert send(config, BODY, {**STRUCTURED, **AUTH}, path="/").status == 404
    handshake = send(config, b"", {**AUTH, "WebHook-Request-Origin": "events.example"}, method="OPTIONS")
    assert (handshake.status, handshake.headers["WebHook-Allowed-Origin"]) == (200, "events.example")
    assert send(config, b"", {}, method="OPTIONS").status == 401


def test_what_cannot_be_kept_is_not_acknowledged(config: PushConfig, receiver: Receiver) -> None:
    def full(source: str, event_id: str, body: bytes) -> bool:
        raise SourceUnavailable

    receiver._inbox.keep = full  # type: ignore[method-assign]  # a full disk
    answer = send(config, BODY, {**STRUCTURED, **AUTH})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert kept(config) == []


@pytest.mark.usefixtures("receiver")
def test_a_sender_that_goes_away_half_way_leaves_nothing(config: PushConfig) -> None:
    with socket.create_connection(("127.0.0.1", config.listen_port)) as half:
        half.sendall(
            f"POST /events HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n{{".encode()
        )
    assert send(config, BODY, {**STRUCTURED, **AUTH}).status == 204
    assert len(kept(config)) == 1


@settings(max_examples=40)
@given(
    content_type=st.sampled_from(["application/cloudevents+json", "application/json", "text/xml", ""]) | st.text(),
    headers=st.dictionaries(st.sampled_from(["ce-id", "ce-source", "ce-type", "ce-specversion", "ce-x"]), st.text()),
    body=st.binary()
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps({**EVENT, "data": value}).encode()
    ),
)
def test_any_request_is_an_event_or_is_refused(content_type: str, headers: dict[str, str], body: bytes) -> None:
    try:
        event = read_event({"content-type": content_type, **headers}, body, "new")
    except Refused:
        return
    content = orjson.loads(event.body)
    assert (content["source"], content["id"]) == (event.source, event.id)


SERVE = """
import sys
from hub.connect.ingest.receiver import Receiver
from hub.connect.push import PushConfig
Receiver(PushConfig.model_validate_json(sys.argv[1]), "pushed")
print("up", flush=True)
sys.stdin.read()
"""


def test_kill_9_loses_nothing_that_was_acknowledged(config: PushConfig) -> None:
    settings = {**json.loads(config.model_dump_json()), "receiver_token": TOKEN}
    command = [sys.executable, "-c", SERVE, json.dumps(settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        taken: set[str] = set()
        enough = threading.Event()
        senders = [threading.Thread(target=keep_sending, args=(config, number, taken, enough)) for number in range(3)]
        for sender in senders:
            sender.start()
        assert enough.wait(30)
        os.kill(process.pid, signal.SIGKILL)
        for sender in senders:
            sender.join()
    found = [str(event["id"]) for event in kept(config)]
    assert taken <= set(found)
    assert len(found) == len(set(found))


def keep_sending(config: PushConfig, sender: int, taken: set[str], enough: threading.Event) -> None:
    number = 0
    while True:
        number += 1
        name = f"{sender}-{number}"
        try:
            answer = send(config, json.dumps({**EVENT, "id": name}).encode(), {**STRUCTURED, **AUTH})
        except (OSError, http.client.HTTPException):
            return
        if answer.status == 204:
            taken.add(name)
        if len(taken) >= 30:
            enough.set()


def test_settings_of_the_hub_are_checked_before_anything_listens(config: PushConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="listen_port, receiver_token"):
        push_config({"instance": "pushed", "inbox_folder": str(tmp_path / "x"), "other": 1})
    with pytest.raises(ConfigError, match="where no connector may read"):
        make_inbox_folder({"inbox_folder": str(tmp_path / "data" / "inbox")}, (tmp_path / "data",))
    make_inbox_folder({"inbox_folder": str(tmp_path / "new" / "inbox")}, (tmp_path / "data",))
    assert (tmp_path / "new" / "inbox").stat().st_mode & 0o077 == 0
    make_inbox_folder({}, (tmp_path / "data",))


def test_a_port_and_an_inbox_are_one_sources_only(config: PushConfig, tmp_path: Path) -> None:
    running = Receiver(config, "pushed")
    with pytest.raises(ConfigError, match="listen_port"):
        Receiver(config.model_copy(update={"inbox_folder": tmp_path / "another"}), "other")
    with pytest.raises(ConfigError, match="is in use"):
        Receiver(config.model_copy(update={"listen_port": 1}), "other")
    running.stop()
    Receiver(config, "pushed").stop()


def slow(config: PushConfig) -> socket.socket:
    """A sender without a token that never gets to the end of its first line."""
    made = socket.create_connection(("127.0.0.1", config.listen_port), timeout=10)
    made.sendall(b"POST /")
    return made


def test_senders_without_a_token_that_never_end_neither_stop_it_nor_keep_it_from_stopping(
    config: PushConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.connect.ingest.receiver._MOST_AT_ONCE", 2)
    monkeypatch.setattr("hub.connect.ingest.receiver._WAIT_SECONDS", 0.05)
    running = Receiver(config, "pushed")
    before = counted("not_kept")
    senders = [slow(config) for _ in range(3)]
    assert senders[2].recv(1) == b"", "let go: nobody waits for it"
    assert counted("not_kept") == before + 1
    stopper = threading.Thread(target=running.stop, daemon=True)
    stopper.start()
    stopper.join(5)
    assert not stopper.is_alive()
    for sender in senders:
        sender.close()


def test_a_request_that_comes_byte_by_byte_is_ended(config: PushConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.connect.ingest.receiver._REQUEST_SECONDS", 0.3)
    running = Receiver(config, "pushed")
    never = threading.Event()
    with slow(config) as sender, pytest.raises(ConnectionError):
        for _ in range(100):
            sender.sendall(b"x")
            never.wait(0.05)
    assert send(config, BODY, {**STRUCTURED, **AUTH}).status == 204
    running.stop()


def test_what_a_saved_cursor_is_beyond_leaves_the_inbox_when_it_is_old(config: PushConfig, receiver: Receiver) -> None:
    for number in ("1", "2", "3"):
        receiver._inbox.keep("urn:source", number, b"{}")
    receiver.forget(Cursor(state={"inbox": 3}))
    assert len(kept(config)) == 3
    with closing(sqlite3.connect(config.inbox_folder / "inbox.sqlite")) as file, file:
        file.execute("UPDATE events SET kept_at = 0")
    receiver.forget(Cursor(state={"another": 3}))
    receiver.forget(Cursor(state={"inbox": 2}))
    assert len(kept(config)) == 1


def test_check_finds_the_receiver(config: PushConfig) -> None:
    connector = PushedConnector(config)
    with pytest.raises(SourceUnavailable):
        connector.check()
    running = Receiver(config, "pushed")
    try:
        connector.check()
    finally:
        running.stop()
