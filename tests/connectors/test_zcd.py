"""The ZCD connector against a web server that misbehaves."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import ValidationError

from connectors.zcd.config import ZcdConfig
from connectors.zcd.connector import ZcdConnector
from connectors.zcd.simulator import ZcdSimulator
from hub.connect import RawRecord, SourceRejected, SourceUnavailable
from hub.connect.simulator import Faults
from tests.connectors.sources import read_all, zcd_contact

pytestmark = pytest.mark.core

Answer = tuple[int, dict[str, str], bytes]
TOKEN: Answer = (200, {}, b'{"access_token": "t", "expires_in": 300}')
EMPTY: Answer = (200, {}, b'{"wijzigingen": [], "laatste": 0, "meer": false, "stabielTot": 0}')


@contextmanager
def scripted(feed: Answer | Callable[[str], Answer], token: Answer = TOKEN) -> Iterator[ZcdConnector]:
    """A connector to a server that answers as told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(token)

        def do_GET(self) -> None:
            self._answer(feed(self.path) if callable(feed) else feed)

        def _answer(self, answer: Answer) -> None:
            self.send_response(answer[0])
            for name, value in answer[1].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer[2])))
            self.end_headers()
            self.wfile.write(answer[2])

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    connector = ZcdConnector(config(f"http://127.0.0.1:{server.server_port}"))
    try:
        yield connector
    finally:
        connector.close()
        server.shutdown()
        thread.join()
        server.server_close()


def config(url: str, **settings: object) -> ZcdConfig:
    return ZcdConfig.model_validate(
        {"base_url": url, "client_id": "hub", "client_secret": "GEHEIM", "timeout_seconds": 2, **settings}
    )


def test_a_request_to_wait_says_how_long() -> None:
    with scripted((429, {"Retry-After": "17"}, b"")) as connector, pytest.raises(SourceUnavailable) as asked:
        connector.poll(None)
    assert asked.value.retry_after_seconds == 17
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60))
    with scripted((429, {"Retry-After": later}, b"")) as connector, pytest.raises(SourceUnavailable) as asked:
        connector.poll(None)
    assert asked.value.retry_after_seconds is not None
    assert 50 < asked.value.retry_after_seconds <= 60


@pytest.mark.parametrize("value", ["", "soon", "-5", "9" * 400])
def test_a_strange_time_to_wait_does_no_harm(value: str) -> None:
    with scripted((429, {"Retry-After": value}, b"")) as connector, pytest.raises(SourceUnavailable) as asked:
        connector.poll(None)
    assert asked.value.retry_after_seconds in (None, 3600.0)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_fault_of_the_server_is_unavailable(status: int) -> None:
    with scripted((status, {}, b"<html>")) as connector, pytest.raises(SourceUnavailable):
        connector.poll(None)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
def test_a_refusal_is_rejected(status: int) -> None:
    with scripted((status, {}, b"")) as connector, pytest.raises(SourceRejected):
        connector.check()


@pytest.mark.parametrize("token", [(401, {}, b""), (200, {}, b"{}"), (200, {}, b"no"), (200, {}, b"[1]")])
def test_bad_credentials_are_rejected(token: Answer) -> None:
    with scripted(EMPTY, token) as connector, pytest.raises(SourceRejected):
        connector.check()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"wijzigingen": {}, "laatste": 0, "meer": false, "stabielTot": 0}',
        b'{"wijzigingen": [], "laatste": 0, "meer": 0, "stabielTot": 0}',
        b'{"wijzigingen": [{"volgnummer": "1"}], "laatste": 1, "meer": false, "stabielTot": 1}',
        b'{"wijzigingen": [17], "laatste": 1, "meer": false, "stabielTot": 1}',
        b"[" * 100_000,
    ],
)
def test_another_protocol_is_rejected(body: bytes) -> None:
    with scripted((200, {}, body)) as connector, pytest.raises(SourceRejected):
        connector.poll(None)


def test_an_expired_token_is_renewed_once(zcd: ZcdSimulator, zcd_connector: ZcdConnector) -> None:
    zcd.apply_many([zcd_contact(f"c{number}") for number in range(12)])
    zcd.set_faults(Faults(token_seconds=300))
    batch = zcd_connector.poll(None)
    zcd.stop()
    zcd.start()  # a new server knows none of the tokens that the old one gave
    assert read_all(zcd_connector, batch.cursor).positions == list(range(6, 13))


def test_a_token_that_is_never_valid_is_rejected(zcd: ZcdSimulator, zcd_connector: ZcdConnector) -> None:
    zcd.set_faults(Faults(token_seconds=0))
    with pytest.raises(SourceRejected, match="let the hub in"):
        zcd_connector.check()


def test_nobody_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    connector = ZcdConnector(config(f"http://127.0.0.1:{port}"))
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        connector.check()


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = config(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_seconds=0.2)
        with pytest.raises(SourceUnavailable):
            ZcdConnector(silent).poll(None)


def test_a_slow_server_is_given_up_in_time(zcd: ZcdSimulator) -> None:
    zcd.set_faults(Faults(delay_seconds=0.2))
    connector = ZcdConnector(ZcdConfig.model_validate({**zcd.settings(), "timeout_seconds": 0.3}))
    with pytest.raises(SourceUnavailable):
        connector.poll(None)
    connector.close()


def test_reads_on_through_every_mood_of_the_server(zcd: ZcdSimulator, zcd_connector: ZcdConnector) -> None:
    zcd.set_faults(Faults(too_many_rate=0.2, server_error_rate=0.2, token_seconds=6))
    zcd.apply_many([zcd_contact(f"c{number}") for number in range(100)])
    cursor, seen, refused = None, list[int](), 0
    while len(seen) < 100:
        try:
            batch = zcd_connector.poll(cursor)
        except SourceUnavailable:
            refused += 1
            assert refused < 1000
            continue
        cursor = batch.cursor
        seen += [int(record.position) for record in batch.records]
    assert seen == list(range(1, 101))
    assert refused > 0


def test_an_unchanged_page_is_not_sent_again(zcd: ZcdSimulator, caplog: pytest.LogCaptureFixture) -> None:
    zcd.apply_many([zcd_contact(f"c{number}") for number in range(3)])
    connector = ZcdConnector(ZcdConfig.model_validate(zcd.settings()))
    cursor = read_all(connector).cursor
    with caplog.at_level(logging.INFO, logger="httpx"):
        for _ in range(3):
            assert connector.poll(cursor).records == ()
        zcd.apply(zcd_contact("new"))
        assert len(connector.poll(cursor).records) == 1
    statuses = [message.rpartition("HTTP/1.1 ")[2] for message in caplog.messages]
    assert statuses == ['200 OK"', '304 Not Modified"', '304 Not Modified"', '200 OK"']
    connector.close()


def test_a_page_from_the_cache_is_judged_by_the_cursor_that_is_given() -> None:
    """A batch that was not published must come again although the server answers 304."""
    page = b'{"wijzigingen": [{"volgnummer": 1}], "laatste": 1, "meer": false, "stabielTot": 1}'
    statuses = iter([200, 304, 304])
    with scripted(lambda _: (next(statuses), {"ETag": '"a"'}, page)) as connector:
        batches = [connector.poll(None) for _ in range(3)]
    assert batches[0] == batches[1] == batches[2]
    assert [record.position for record in batches[2].records] == ["1"]


def test_one_hole_a_poll_and_all_of_them_in_turn(zcd: ZcdSimulator, zcd_connector: ZcdConnector) -> None:
    lates = []
    for number in range(5):
        lates.append(zcd.apply_late([zcd_contact(f"late{number}")]))
        zcd.apply_many([zcd_contact(f"c{number}{index}") for index in range(8)])
    cursor = read_all(zcd_connector).cursor
    lates[3].release()
    lates[4].release()
    seen = set[int]()
    for _ in range(10):
        batch = zcd_connector.poll(cursor)
        cursor = batch.cursor
        seen |= {int(record.position) for record in batch.records}
    assert seen == {28, 37}


def test_what_zcd_could_not_read_itself_comes_as_its_text(zcd: ZcdSimulator, zcd_connector: ZcdConnector) -> None:
    zcd.apply('{"soort": "contact", ')
    (record,) = read_all(zcd_connector).records
    assert record == RawRecord(position="1", payload=b'{"soort": "contact", ')


def test_the_secret_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    settings = config("http://127.0.0.1:9")
    caplog.set_level(logging.DEBUG)
    with scripted((401, {}, b"")) as connector, pytest.raises(SourceRejected) as refused:
        connector.check()
    shown = f"{settings!r}{settings}{settings.model_dump_json()}{refused.value!r}{refused.value.detail}{caplog.text}"
    assert "GEHEIM" not in shown


def test_a_wrong_setting_is_refused_without_its_value() -> None:
    with pytest.raises(ValidationError) as refused:
        config("ftp://zcd", page_size=5000)
    assert {error["loc"] for error in refused.value.errors()} == {("base_url",), ("page_size",)}


def test_building_a_connector_touches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", None)
    ZcdConnector(config("http://127.0.0.1:9")).close()
