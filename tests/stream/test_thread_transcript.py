"""A request from 315 to 307 as page and API tell it: each XML message through its connector, ingest's keys, the three
stages and the read model, without a broker. `pytest -s` prints what is told after each."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.desk import database
from hub.desk.access import Actor, Role
from hub.desk.app import create_app
from hub.desk.tokens import Tokens
from hub.household.prices import Prices
from tests.desk.conftest import Desk
from tests.desk.open_reading import STAFF, OpenReading
from tests.desk.test_pages import log_in, plain
from tests.stream.inline import documents_in, read_model, translated
from tests.stream.test_request_messages import FAMILY, HELP, zcd

pytestmark = pytest.mark.stream
TOKEN = "reader"
PRICES = Prices.model_validate(
    {"products": {"45A04": {"nl": "ambulante hulp", "en": "outpatient help", "unit": "minute", "tariff_cents": 130}}}
)
ASKED = {"productcode": "45A04", "product": "Ambulant", "referentie": "V0001", "aanbieder": "De Brug"}
COURSE: list[tuple[str, str, tuple[str, object]]] = [
    ("2026-03-31", "ZCD: concept", zcd("aanvraag", "A-1", ASKED | {"toestand": "concept"})),
    ("2026-04-01", "315", ("istandaarden", HELP.asked("A1", "2026-04-01"))),
    ("2026-04-02", "316", ("istandaarden", HELP.confirmed("A1", "2026-04-01", "2026-04-02"))),
    ("2026-04-07", "319", ("istandaarden", HELP.answered("G1", "2026-04-07"))),
    ("2026-04-20", "301", ("istandaarden", HELP.granted("G2", "2026-04-20"))),
    ("2026-05-04", "305", ("istandaarden", HELP.started("A3", "2026-05-04", "2026-05-01"))),
    (
        "2026-07-01",
        "307 tijdelijk",
        ("istandaarden", HELP.stopped("A4", "2026-07-01", "2026-05-01", "2026-06-30", "20")),
    ),
    ("2026-08-03", "305", ("istandaarden", HELP.started("A5", "2026-08-03", "2026-08-01"))),
    ("2026-10-31", "307", ("istandaarden", HELP.stopped("A6", "2026-10-31", "2026-08-01", "2026-10-30", "31"))),
]
"""On which day, what comes in, and the change itself."""
EXPECTED = [
    ("concept", "team", None),
    ("submitted", "municipality", "2026-04-08"),
    ("received", "municipality", "2026-04-10"),
    ("under_investigation", "municipality", "2026-05-27"),
    ("granted", "provider", "2026-05-11"),
    ("started", "provider", "2026-11-06"),
    ("paused", "provider", None),
    ("started", "provider", "2026-11-06"),
    ("ended", "nobody", None),
]
"""State, who must act, until when: 3 April is Good Friday, 6 April Easter Monday, 5 May a holiday."""


class Telling:
    """A desk that hears of the changes one by one, on days that are told."""

    def __init__(self, folder: Path) -> None:
        self._desk = Desk(database.open_engine("sqlite://"), folder / "looks.jsonl")
        self._day, self._changes = COURSE[0][0], [FAMILY]
        actor = Actor("kim", Role.CASE_DIRECTOR, unit="youth", staff=STAFF)
        reading = OpenReading(self._desk.engine, self._desk.log, self._now)
        site = replace(self._desk.site, reading=reading, tokens=Tokens({TOKEN: actor}), now=self._now)
        app = create_app(replace(site, prices=PRICES, open_sealed=str))
        self.client = TestClient(app, follow_redirects=False)

    def _now(self) -> datetime:
        return datetime.fromisoformat(f"{self._day}T12:00:00").replace(tzinfo=UTC)

    def hear(self, *changes: tuple[str, object]) -> None:
        """All that was heard so far goes the whole way again."""
        self._changes += changes
        messages, unreadable = translated(self._changes)
        assert unreadable == 0
        read_model(messages, random.Random(7), engine=self._desk.engine)

    def told(self, day: str) -> tuple[dict[str, Any], str]:
        """The thread as the API gives it, and as the page of the household says it, on a day."""
        self._day = day
        (home,) = (item["household_id"] for item in documents_in(self._desk.engine))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        (thread,) = self.client.get(f"/api/v1/huishoudens/{home}", headers=headers).json()["threads"]
        page = log_in(self.client, TOKEN).get(f"/huishoudens/{home}").text  # a session lasts no day
        block = page.split('<ul class="threads">', 1)[1].split("</section>", 1)[0].split("<table", 1)[0]
        return thread, plain(block)

    def close(self) -> None:
        """Let go of everything."""
        self.client.close()
        self._desk.log.close()
        self._desk.engine.dispose()


@pytest.fixture
def telling(tmp_path: Path) -> Iterator[Telling]:
    found = Telling(tmp_path)
    yield found
    found.close()


def test_from_315_to_307_page_and_api_tell_every_state(telling: Telling) -> None:
    thread: dict[str, Any] = {}
    for (day, what, change), (state, party, due) in zip(COURSE, EXPECTED, strict=True):
        telling.hear(change)
        thread, page = telling.told(day)
        following = thread["next"]
        lines = (f"{day}  {what}", f"API   {state} since {thread['since']}; next {following}", f"page  {page}")
        sys.stdout.write("\n  ".join(lines) + "\n")
        assert (thread["state"], following["party"], following["due"]) == (state, party, due)
        assert page.startswith("Ambulant")
    assert [(step["state"], step["on"]) for step in thread["steps"]] == [
        ("concept", "2026-01-05"),
        ("submitted", "2026-04-01"),
        ("received", "2026-04-02"),
        ("under_investigation", "2026-04-07"),
        ("granted", "2026-04-20"),
        ("started", "2026-05-01"),
        ("paused", "2026-06-30"),
        ("started", "2026-08-01"),
        ("ended", "2026-10-30"),
    ]


def test_what_is_not_done_in_time_is_late_on_the_page_and_in_the_api(telling: Telling) -> None:
    telling.hear(*(change for _, _, change in COURSE[:3]))
    for day, is_late in (("2026-04-10", False), ("2026-04-13", True)):
        thread, page = telling.told(day)
        assert (thread["next"]["late"], "te laat" in page) == (is_late, is_late)
