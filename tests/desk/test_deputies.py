"""Who stands in for whom: decided by a team leader, for some days, in his own team; and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from hub.desk import models
from hub.desk.access import Actor, Role
from hub.desk.deciding import Deciding
from hub.desk.projector import Consumed, apply_list
from hub.desk.reading import Reading
from hub.desk.surroundings import KEPT_SECONDS, Surroundings
from hub.desk.tokens import Tokens
from hub.errors import LogUnavailable
from hub.events.codec import decode
from hub.events.deputies import Deputyship, said_of
from hub.events.records import RecordType
from hub.events.topics import DEPUTIES
from tests.desk.conftest import NOW, AppOf, Desk
from tests.desk.decisions import direction_entry
from tests.desk.family import direction, involvement
from tests.desk.test_pages import log_in, plain
from tests.desk.test_requests import household, ref
from tests.desk.views import entry

pytestmark = pytest.mark.desk
PATH, LIST = "/api/v1/vervangingen", "/api/v1/huishoudens"
TODAY = NOW.date()
ACTORS = {
    "lea": Actor("lea", Role.TEAM_LEADER, name="Lea Vos", unit="adult", teams=("Noord",), staff="50"),
    "dee": Actor("dee", Role.CASE_DIRECTOR, name="Dee Smit", unit="adult", teams=("West",), staff="9"),
    "kim": Actor("kim", Role.CASE_DIRECTOR, name="Kim Bakker", unit="adult", staff="7"),
}
WANTED: dict[str, Any] = {
    "team": "Noord", "replaced_name": "Kim Bakker", "replaced_staff": "7", "deputy_name": "Dee Smit",
    "deputy_staff": "9", "from_on": "2026-03-01", "to_on": "2026-03-14", "why": "vakantie",
}  # fmt: skip


class Town:
    """A desk at which everybody sees what he may see, on a day that can be changed."""

    def __init__(self, desk: Desk, app_of: AppOf) -> None:
        self.desk, self.now = desk, NOW
        reading = Reading(desk.engine, desk.log, lambda: self.now)
        deciding = Deciding(reading, desk.publish, "0599", 1, desk.person_key)
        site = replace(desk.site, reading=reading, deciding=deciding, tokens=Tokens(ACTORS), now=lambda: self.now)
        self._client = TestClient(app_of(site), follow_redirects=False)
        directed = entry(ref(1), RecordType.CASE_DIRECTION, "r", direction("Kim Bakker", staff="7"))
        named = entry(ref(2), RecordType.INVOLVEMENT, "i", involvement("Kim Bakker", staff="7"))
        elsewhere = entry(ref(3), RecordType.CASE_DIRECTION, "r", direction("Kim Bakker", staff="7"))
        for view in (household(1, directed), household(2, named), household(3, elsewhere, team="Zuid")):
            desk.show(view)

    def ask(self, who: str, method: str, path: str, body: object = None) -> Any:
        return self._client.request(method, path, json=body, headers={"Authorization": f"Bearer {who}"})

    def sees(self, who: str) -> list[str]:
        return [row["title"] for row in self.ask(who, "GET", LIST).json()["households"]]

    def browser(self) -> TestClient:
        return log_in(self._client, "lea")

    def come_through(self) -> None:
        messages = [Consumed(item.topic, 0, n, item.key, item.value) for n, item in enumerate(self.desk.sent)]
        apply_list(self.desk.engine, messages, [])


@pytest.fixture
def town(desk: Desk, app_of: AppOf) -> Iterator[Town]:
    found = Town(desk, app_of)
    yield found
    found._client.close()


def test_a_deputy_sees_in_the_team_and_on_the_days_what_whom_he_stands_in_for_sees(town: Town) -> None:
    assert town.sees("kim") == ["Gezin 1", "Gezin 2", "Gezin 3"]
    assert town.sees("dee") == []
    answer = town.ask("lea", "POST", PATH, WANTED)
    assert answer.status_code == 202
    models.DeputyAccepted.model_validate_json(answer.content)
    assert town.sees("dee") == []  # not before it has come through
    town.come_through()
    assert town.sees("dee") == ["Gezin 1", "Gezin 2"]
    first = town.ask("dee", "GET", LIST).json()["households"][0]["link"]
    shown = town.ask("dee", "GET", first).json()
    assert shown["access"][0]["content"] == "all"
    assert town.desk.operations()[-1]["reason"] == "deputy directs"
    who = {(item["why"], item["who"], item["until"]) for item in shown["viewers"]}
    assert ("deputy", "Dee Smit", "2026-03-14") in who
    town.now = NOW + timedelta(days=13)
    assert town.sees("dee") == ["Gezin 1", "Gezin 2"]
    town.now = NOW + timedelta(days=14)
    assert town.sees("dee") == []
    assert town.ask("dee", "GET", first).status_code == 403


def test_what_was_taken_back_counts_a_second_later_at_most(town: Town) -> None:
    seconds, today = [0.0], NOW.date()
    found = Surroundings(town.desk.engine, KEPT_SECONDS, lambda: seconds[0])
    assert found.on(today).replaced_by(ACTORS["dee"]) == ()
    identity = town.ask("lea", "POST", PATH, WANTED).json()["deputyship_id"]
    town.come_through()
    seconds[0] += KEPT_SECONDS
    assert [item.staff for item in found.on(today).replaced_by(ACTORS["dee"])] == ["7"]
    assert town.ask("lea", "POST", f"{PATH}/{identity}/intrekking", {"why": "is er weer"}).status_code == 202
    town.come_through()
    seconds[0] += KEPT_SECONDS - 0.01
    assert found.on(today).replaced_by(ACTORS["dee"])
    seconds[0] += 0.01
    assert found.on(today).replaced_by(ACTORS["dee"]) == ()
    assert not found.on(today).deputies_of({"7"})


def test_the_deputy_finds_them_among_his_own_and_may_decide(town: Town) -> None:
    town.ask("lea", "POST", PATH, WANTED)
    town.come_through()
    page = plain(log_in(town._client, "dee").get("/huishoudens").text)
    assert "Gezin 1" in page and "Gezin 2" not in page  # he directs one of the two
    place = {"source": "menscentraal", "dossier_id": "D-1"}
    body = {"kind": "direction", "why": "waarneming", "direction": place}
    assert town.ask("dee", "POST", "/api/v1/besluiten", body).status_code == 202


def test_taken_back_it_ends_at_once_and_comes_back_no_more(town: Town) -> None:
    identity = town.ask("lea", "POST", PATH, WANTED).json()["deputyship_id"]
    town.come_through()
    assert town.ask("lea", "POST", f"{PATH}/{identity}/intrekking", {"why": "toch niet"}).status_code == 202
    town.come_through()
    assert town.sees("dee") == []
    assert town.ask("lea", "POST", f"{PATH}/{identity}/intrekking", {"why": "nog eens"}).status_code == 409
    assert town.ask("lea", "GET", "/api/v1/teams").json()["teams"][0]["deputies"] == []
    assert town.ask("lea", "POST", f"{PATH}/P{'0' * 20}/intrekking", {"why": "x"}).status_code == 403
    last = said_of(decode(town.desk.sent[-1].value).value)
    assert (last.withdrawn, last.why, last.decided_by, town.desk.sent[-1].topic) == (True, "toch niet", "lea", DEPUTIES)


def test_in_any_order_and_twice_the_newest_counts(town: Town) -> None:
    town.ask("lea", "POST", PATH, WANTED)
    town.ask("lea", "POST", PATH, WANTED | {"to_on": "2026-03-02"})
    town.desk.sent.reverse()
    town.come_through()
    town.come_through()
    (found,) = town.ask("lea", "GET", "/api/v1/teams").json()["teams"][0]["deputies"]
    assert (found["to_on"], found["why"]) == ("2026-03-02", "vakantie")


def test_garbage_on_the_topic_lets_nobody_in(town: Town) -> None:
    wrong = said_of(decode(town_message(town)).value).model_copy(update={"why": ""})
    apply_list(
        town.desk.engine,
        [Consumed(DEPUTIES, 0, n, b"k", value) for n, value in enumerate([b"x", wrong.message("0599").value])],
        [],
    )
    assert town.sees("dee") == []


def town_message(town: Town) -> bytes:
    town.ask("lea", "POST", PATH, WANTED)
    return town.desk.sent[-1].value


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"team": "West"}, 403),
        ({"team": "Zuid"}, 403),
        ({"deputy_staff": "7"}, 400),
        ({"to_on": "2026-02-28"}, 400),
        ({"to_on": "2028-01-01"}, 400),
        ({"from_on": "2026-03-20"}, 400),
        ({"from_on": "2020-01-01"}, 400),
        ({"deputy_name": "Dee 123456782"}, 400),
        ({"why": "123456782"}, 400),
        ({"why": " "}, 400),
        ({"replaced_staff": ""}, 400),
        ({"meer": 1}, 400),
    ],
)
def test_what_a_leader_may_not_say_is_refused_and_nothing_is_published(
    changed: dict[str, Any], status: int, town: Town
) -> None:
    assert town.ask("lea", "POST", PATH, WANTED | changed).status_code == status
    assert town.desk.sent == []


@pytest.mark.parametrize("who", ["dee", "kim"])
def test_nobody_but_a_leader_names_a_deputy(who: str, town: Town) -> None:
    assert town.ask(who, "POST", PATH, WANTED | {"team": "West"}).status_code == 403
    look = town.desk.operations()[-1]
    assert (look["action"], look["allowed"], look["reason"]) == ("name_deputy", False, "role_may_not")


def test_the_page_names_a_deputy_shows_him_with_his_days_and_takes_him_back(town: Town) -> None:
    browser = town.browser()
    form = {name: WANTED[name] for name in ("team", "from_on", "to_on", "why")}
    form |= {"replaced": '["7","Kim Bakker"]', "deputy_name": "Dee Smit", "deputy_staff": "9"}
    assert 'value="[&#34;7&#34;,&#34;Kim Bakker&#34;]"' in browser.get("/team").text
    assert browser.post("/team/vervangingen", data=form).headers["location"] == "/team?vastgelegd=true"
    town.come_through()
    shown = plain(browser.get("/team?vastgelegd=true").text)
    assert "Dee Smit vervangt Kim Bakker, van 1 mrt 2026 tot en met 14 mrt 2026. nu" in shown
    assert "vastgelegd door lea: vakantie" in shown
    wrong = browser.post("/team/vervangingen", data=form | {"replaced": "[]"})
    assert wrong.status_code == 400 and "Kies of noem wie er niet is" in plain(wrong.text)
    identity = Deputyship.model_validate({key: WANTED[key] for key in Deputyship.model_fields}).deputyship_id
    undone = browser.post(f"/team/vervangingen/{identity}/intrekking", data={"why": "terug"})
    assert undone.status_code == 303
    town.desk.log_fails = LogUnavailable("weg")
    assert browser.post("/team/vervangingen", data=form).status_code == 503


def test_a_decision_in_the_hub_that_somebody_directs_is_stood_in_for_too(town: Town) -> None:
    place: dict[str, Any] = {"source": ref(4).source, "dossier_id": ref(4).dossier_id}
    town.desk.show(household(4, direction_entry("Kim Bakker", user="kim", staff="7", unit="adult", **place)))
    town.ask("lea", "POST", PATH, WANTED)
    town.come_through()
    assert "Gezin 4" in town.sees("dee")


def test_a_deputyship_ends_no_earlier_than_it_begins() -> None:
    said = {key: WANTED[key] for key in Deputyship.model_fields}
    with pytest.raises(ValidationError):
        Deputyship.model_validate(said | {"to_on": date(2026, 2, 1)})
    one, other = (Deputyship.model_validate(said | {"team": team}) for team in ("Noord", " noord"))
    assert one.deputyship_id == other.deputyship_id
