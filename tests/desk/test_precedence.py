"""Short answers go before what is long; nothing waits for ever."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from threading import Event, Thread

import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from hub.desk import precedence
from hub.desk.gate import Gate
from hub.desk.precedence import Precedence, give_way
from hub.desk.site import Site
from tests.desk.conftest import DIRECTOR, Desk

DEADLINE_SECONDS = 30


def test_what_is_long_waits_until_the_short_answer_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "LONGEST_SECONDS", DEADLINE_SECONDS)
    turns, begun, gone_on = Precedence(), Event(), Event()

    def make() -> None:
        begun.set()
        give_way()
        gone_on.set()

    with turns.long():
        maker = Thread(target=copy_context().run, args=(make,))
        with turns.short():
            maker.start()
            assert begun.wait(DEADLINE_SECONDS)
            assert not gone_on.wait(0.05)
        assert gone_on.wait(DEADLINE_SECONDS)
    maker.join()


def test_what_is_long_waits_so_long_in_all_and_no_longer() -> None:
    turns = Precedence()
    with turns.short():
        assert turns.wait(0.001) >= 0.001
        with turns.long():
            for _ in range(1_000):
                give_way()  # the first takes all that there is
    assert turns.wait(DEADLINE_SECONDS) == 0.0


async def _gone_through(site: Site, method: str, path: str) -> tuple[list[bool], list[bool]]:
    """Whether what is long would wait: inside the application before its answer begins, and while it is sent."""
    waits: list[bool] = []
    sent: list[bool] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        waits.append(gate.precedence.wait(0.001) > 0)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(_message: Message) -> None:
        sent.append(gate.precedence.wait(0.001) > 0)

    async def receive() -> Message:
        raise AssertionError("nobody asks for a body")

    gate = Gate(app, site=site, refusal=lambda _request, _error: Response(status_code=403))
    headers = [(b"authorization", f"Bearer {DIRECTOR}".encode())]
    await gate({"type": "http", "method": method, "path": path, "headers": headers, "client": None}, receive, send)
    return waits, sent


@pytest.mark.parametrize(
    ("method", "path", "is_short"),
    [
        ("GET", "/api/v1/huishoudens/H1", True),
        ("POST", "/api/v1/huishoudens/zoekopdrachten", False),
        ("GET", "/static/desk.css", False),
    ],
)
def test_an_answer_of_the_api_goes_first_until_it_begins(method: str, path: str, is_short: bool, desk: Desk) -> None:
    """However long its reader takes over it."""
    assert asyncio.run(_gone_through(desk.site, method, path)) == ([is_short], [False, False])


def test_outside_of_what_is_long_nobody_waits() -> None:
    with Precedence().short():
        give_way()
