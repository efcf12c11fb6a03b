"""Short answers go before what is long; nothing waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from datetime import date
from threading import Event, Lock, Thread

import pytest
from fastapi.testclient import TestClient
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from hub.desk import precedence
from hub.desk.gate import Gate
from hub.desk.precedence import Precedence, alone, give_way
from hub.desk.site import Site
from hub.desk.words import Words
from tests.desk.conftest import DIRECTOR, Desk
from tests.desk.test_pages import log_in

DEADLINE_SECONDS = 30
API_HOUSEHOLD = "/api/v1/huishoudens/{}"


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


class Counted(Precedence):
    """Does not wait: keeps for how long it should, as if that time had passed."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, seconds: float) -> float:
        """Keep it."""
        self.waited.append(seconds)
        return 0.25


def test_what_is_long_waits_so_long_in_all_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "LONGEST_SECONDS", 1.0)
    turns = Counted()
    with turns.long(), turns.short():
        for _ in range(9):
            give_way()
    assert turns.waited == [1.0, 0.75, 0.5, 0.25]


class Looking(Counted):
    """Keeps too whether a lock was held when it should have waited."""

    def __init__(self, lock: Lock) -> None:
        super().__init__()
        self.lock = lock
        self.seen: list[bool] = []

    def wait(self, seconds: float) -> float:
        """Look, and keep it."""
        self.seen.append(self.lock.locked())
        return super().wait(seconds)


def test_a_lock_is_let_go_while_what_is_long_waits() -> None:
    lock = Lock()
    turns = Looking(lock)
    with turns.long(), alone(lock):
        give_way()
        with turns.short():
            give_way()
        assert lock.locked()
    assert turns.seen == [False]


def test_a_lock_of_before_is_left_alone() -> None:
    lock = Lock()
    turns = Looking(lock)
    with turns.long(), turns.short():
        with alone(lock):
            pass
        with lock:  # as another page holds it
            give_way()
    assert turns.seen == [True]


@pytest.mark.parametrize("say", [lambda words: words.t("and"), lambda words: words.code("source", "zcd")])
def test_whoever_asks_for_words_gives_way(say: Callable[[Words], str]) -> None:
    turns = Counted()
    with turns.long(), turns.short():
        say(Words("nl", date(2026, 1, 5)))
    assert len(turns.waited) == 1


async def _gone_through(site: Site, method: str, path: str) -> tuple[list[bool], list[bool]]:
    """Whether what is long would wait: inside the application before its answer begins, and while it is sent."""
    waits: list[bool] = []
    sent: list[bool] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        waits.append(gate.precedence.is_asked)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(_message: Message) -> None:
        sent.append(gate.precedence.is_asked)

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
    turns = Counted()
    with turns.short():
        give_way()
    assert not turns.waited


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """As if a short answer were always under way: for how long each that gives way would have waited."""
    found: list[float] = []

    def wait(_turns: Precedence, seconds: float) -> float:
        found.append(seconds)
        return 0.0

    monkeypatch.setattr(Precedence, "is_asked", True)
    monkeypatch.setattr(Precedence, "wait", wait)
    return found


@pytest.mark.parametrize(
    ("path", "is_long"),
    [("/huishoudens/{}", True), ("/huishoudens", True), (API_HOUSEHOLD, False)],
)
def test_a_page_gives_way_while_it_is_made(
    path: str, is_long: bool, visit: Callable[[str | None], TestClient], home: str, waited: list[float]
) -> None:
    client = log_in(visit(None), DIRECTOR) if is_long else visit(DIRECTOR)
    waited.clear()
    assert client.get(path.format(home)).status_code == 200
    assert (len(waited) > 20) == is_long


def test_a_search_gives_way_at_each_household(home: str, director: TestClient, waited: list[float]) -> None:
    """Before it is cut down to what may be seen of it, and before its points are worked out."""
    found = director.post(API_HOUSEHOLD.format("zoekopdrachten"), json={"name": "van dijk"})
    assert [row["household_id"] for row in found.json()["households"]] == [home]
    assert len(waited) == 2
