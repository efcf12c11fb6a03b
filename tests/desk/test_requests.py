"""The requests of many households: whose, how long, where they lie, and nothing that a reader may not see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, cast

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from hub.desk import models
from hub.desk.access import Actor, Role
from hub.desk.access.facts import DEFAULT_RULES, team_key
from hub.desk.caseload.asked import of_teams
from hub.desk.caseload.query import requests_of
from hub.desk.caseload.writing import Attending
from hub.desk.insight import Whole
from hub.desk.projector import Consumed, apply_list
from hub.desk.requests import sees_team
from hub.desk.tables import case_requests
from hub.events.codec import decode
from hub.events.ids import DossierRef, household_id
from hub.events.records import RecordType, SupportRequest
from hub.events.topics import VIEWS
from hub.household.attention.terms import Terms
from hub.household.document import build
from hub.household.document_shape import Document, MemberLine
from hub.household.prices import Prices
from tests.core.attention_facts import dossier as a_dossier
from tests.core.request_facts import CLIENT, asked, granted, with_messages
from tests.desk.conftest import DIRECTOR, LEADER, NOW, OPERATOR, Desk
from tests.desk.decisions import direction_entry
from tests.desk.family import HOME, family
from tests.desk.test_pages import log_in, plain
from tests.desk.views import ZCD, Line, composition, dossier, entry, member, view

pytestmark = pytest.mark.desk
PATH = "/api/v1/aanvragen"
Visit = Callable[[str | None], TestClient]


def request(ref: DossierRef, number: int, state: str = "submitted", **said: Any) -> dict[str, Any]:
    """An entry: a request as a registration keeps it, handed in on Monday 23 February 2026."""
    body = dict.fromkeys(SupportRequest.model_fields) | {
        "product_code": "02A03", "product": "Begeleiding", "provider": "De Brug", "state": state,
        "submitted_on": date(2026, 2, 23),
    }  # fmt: skip
    return entry(ref, RecordType.SUPPORT_REQUEST, f"A-{number}", body | said)


def household(number: int, *entries: dict[str, Any], team: str = "Noord", **changed: Any) -> tuple[str, bytes]:
    """Id and view of a household with one dossier of the adult unit."""
    ref = DossierRef("menscentraal", f"D-{number}")
    packed = dossier(ref, [member("1", f"p-{number}", family_name=f"Gezin {number}")], team=team, **changed)
    whole = composition(household_id(ref), [packed], members=[Line(ref, "1", f"p-{number}")])
    return household_id(ref), view(household_id(ref), whole, entries=entries)


def ref(number: int) -> DossierRef:
    return DossierRef("menscentraal", f"D-{number}")


def town(desk: Desk) -> None:
    """Three households of Noord's adult unit, one of somewhere else, and a family of both units."""
    desk.show(household(1, request(ref(1), 1), request(ref(1), 2, "under_investigation")))
    decided = request(ref(2), 1, "rejected", decided_on=date(2026, 2, 26), product="Dagbesteding", product_code="07A01")
    desk.show(household(2, decided))
    desk.show(household(3, request(ref(3), 1, "granted", decided_on=date(2026, 2, 25), committed_cents=1200)))
    desk.show(household(4, request(ref(4), 1, product="Elders gevraagd"), team="Elders"))
    desk.show(family())


def test_a_team_that_a_dossier_left_is_told_no_more_of_it_however_much_waits(desk: Desk) -> None:
    attending = Attending(now=lambda: NOW)
    for turn, team in enumerate(("Noord", "Zuid")):
        home, value = household(1, request(ref(1), 1), team=team)
        apply_list(desk.engine, [Consumed(VIEWS, 0, turn, home.encode(), value)], [], attending, lines_later=True)
        with desk.engine.connect() as connection:
            told = [len(requests_of(connection, [team_key(name)])) for name in ("Noord", "Zuid")]
        assert told == [1 - turn, turn]


def test_a_leader_sees_how_long_they_take_and_where_they_lie(desk: Desk, visit: Visit) -> None:
    town(desk)
    answer = visit(LEADER).get(PATH)
    body = models.RequestPage.model_validate_json(answer.content)
    seen = body.overview
    assert (body.count, seen.running, seen.late, body.withheld_teams) == (3, 3, 0, ["Noord"])
    assert [(it.state, it.so_far.number) for it in seen.states] == [
        ("submitted", 1),
        ("under_investigation", 1),
        ("granted", 1),
    ]
    assert [(it.party, it.number) for it in seen.parties] == [("municipality", 2), ("provider", 1)]
    assert [(it.product, it.to_decision.number, it.to_decision.median) for it in seen.products] == [
        ("Begeleiding", 1, 2),
        ("Dagbesteding", 1, 3),
    ]
    first = body.requests[0]
    assert (first.title, first.next.due, first.link) == (
        "Gezin 1",
        date(2026, 3, 2),
        f"/api/v1/huishoudens/{first.household_id}",
    )
    for hidden in ("Elders", "Jeugdhulp", "de Vries"):
        assert hidden not in answer.text
    look = desk.operations()[-1]
    assert (look["action"], look["user"], len(look["dossiers"])) == ("read_requests", "lea", 2)
    assert look["ground"] == "WMO_5_1_1"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("toestand=submitted", 1),
        ("toestand=rejected", 1),
        ("aanZet=provider", 1),
        ("aanZet=municipality", 2),
        ("toestand=submitted&aanZet=provider", 0),
        ("teLaat=true", 0),
        ("toestand=ended", 0),
    ],
)
def test_it_can_be_narrowed_and_the_overview_stays(query: str, count: int, desk: Desk, visit: Visit) -> None:
    town(desk)
    body = visit(LEADER).get(f"{PATH}?{query}").json()
    assert (body["count"], len(body["requests"]), body["overview"]["running"]) == (count, count, 3)
    assert body["links"]["self"] == f"{PATH}?{query}&pagina=1&paginaGrootte=25"


@pytest.mark.parametrize("query", ["toestand=x", "aanZet=gemeente", "teLaat=soms", "pagina=0", "paginaGrootte=101"])
def test_a_wrong_choice_is_a_400(query: str, visit: Visit) -> None:
    assert visit(LEADER).get(f"{PATH}?{query}").status_code == 400


def test_a_director_sees_those_of_his_own_households(desk: Desk, visit: Visit) -> None:
    town(desk)
    mine = direction_entry("Dirk", user="dirk", unit="youth")
    desk.show(family(label=2, extra=[mine]))
    body = visit(DIRECTOR).get(PATH).json()
    assert [row["household_id"] for row in body["requests"]] == [HOME]
    assert body["requests"][0]["product"] == "Jeugdhulp ambulant"
    assert desk.operations()[-1]["dossiers"] == ["zcd/Z-1"]
    assert visit(OPERATOR).get(PATH).status_code == 403


def test_the_page_shows_it_links_to_the_household_and_says_when_there_is_nothing(desk: Desk, visit: Visit) -> None:
    browser = log_in(visit(None), LEADER)
    assert "Er zijn geen aanvragen" in plain(browser.get("/aanvragen").text)
    town(desk)
    text = browser.get("/aanvragen").text
    shown = plain(text)
    assert "3 aanvragen lopen, waarvan 0 over een termijn heen." in shown
    assert "Niet meegeteld zijn de aanvragen van Noord uit dossiers die u niet mag inzien." in shown
    assert "de gemeente 2 0 de aanbieder 1 0" in shown
    assert "ingediend 1 4 4 0" in shown
    assert "Dagbesteding 1 3 3 0 0" in shown
    assert f'href="/huishoudens/{household_id(ref(1))}#requests"' in text
    assert "Geen aanvraag voldoet hieraan" in plain(browser.get("/aanvragen?toestand=ended").text)
    assert "3 aanvragen Gezin" not in plain(browser.get("/aanvragen?toestand=granted").text)
    assert "1 aanvraag" in plain(browser.get("/aanvragen?toestand=granted&taal=nl").text)
    assert "3 aanvragen" in plain(browser.get("/aanvragen?toestand=onzin&aan_zet=niemand-bekend").text)


def test_pages_keep_their_choices(desk: Desk, visit: Visit) -> None:
    for number in range(26):
        desk.show(household(number, request(ref(number), 1)))
    text = log_in(visit(None), LEADER).get("/aanvragen?aan_zet=municipality").text
    assert 'rel="next" href="/aanvragen?aan_zet=municipality&amp;pagina=2"' in text
    assert len(desk.operations()[-1]["dossiers"]) == 25


# what a team's rows are made of


def rows(view_: tuple[str, bytes]) -> list[tuple[str, str, str]]:
    document = cast(Document, build(decode(view_[1]).value))
    found = of_teams(Whole(document, NOW.date(), Terms()), Prices())
    return [(team, unit, asked["key"]) for team, unit, asked in found]


def test_each_team_has_the_requests_of_its_own_dossiers_closed_ones_too() -> None:
    assert rows(household(1, request(ref(1), 1), team=" Noord  Volwassenen ", status="closed")) == [
        ("noord volwassenen", "adult", "menscentraal/D-1/A-1")
    ]
    assert rows(household(1, request(ref(1), 1), team="")) == []
    assert rows(household(1)) == []


def test_of_two_teams_in_a_household_each_has_its_own() -> None:
    other = DossierRef("menscentraal", "D-2")
    packed = [dossier(ref(1), [member("1", "p-1")], team="Noord"), dossier(other, [member("1", "p-2")], team="Zuid")]
    lines = [Line(ref(1), "1", "p-1"), Line(other, "1", "p-2")]
    entries = [request(ref(1), 1), request(other, 2, product="Andere hulp")]
    assert rows((HOME, view(HOME, composition(HOME, packed, members=lines), entries=entries))) == [
        ("noord", "adult", "menscentraal/D-1/A-1"),
        ("zuid", "adult", "menscentraal/D-2/A-2"),
    ]


def messages(*teams: tuple[str, str], named: bool = True) -> Document:
    """A household with a request that messages alone tell of. `teams`: of its youth dossiers, each with its status."""
    refs = [ZCD._replace(dossier_id=f"Z-{number}") for number, _ in enumerate(teams, start=1)]
    found = with_messages([asked("2026-02-20"), granted("2026-02-25", volume=1, unit="hour", frequency="week")])
    found["dossiers"] = [
        a_dossier(ref) | {"team": team, "status": status} for ref, (team, status) in zip(refs, teams, strict=True)
    ]
    found["lines"] = [
        MemberLine(
            source=ref.source,
            dossier_id=ref.dossier_id,
            line="1",
            person_key=CLIENT,
            stated_key=CLIENT,
            confirmed=True,
        )
        for ref in (refs if named else [])
    ]
    return found


@pytest.mark.parametrize(
    ("document", "team"),
    [
        (messages(("Noord", "open")), ["noord"]),
        (messages(("Noord", "closed"), ("Zuid", "open")), ["zuid"]),
        (messages(("Noord", "open"), ("Zuid", "closed")), ["noord"]),
        (messages(("Noord", "open"), named=False), []),
    ],
)
def test_a_request_that_only_messages_tell_of_is_one_team_s(document: Document, team: list[str]) -> None:
    found = of_teams(Whole(document, NOW.date(), Terms()), Prices())
    assert [item.team for item in found] == team
    assert all(item.asked["unknown"] == 1 and item.asked["state"] == "granted" for item in found)


def test_what_came_to_an_end_long_ago_is_left_out(desk: Desk) -> None:
    old = {"submitted_on": date(2024, 1, 8), "decided_on": date(2024, 1, 20)}
    assert rows(household(1, request(ref(1), 1, "rejected", **old))) == []
    assert len(rows(household(1, request(ref(1), 1, "granted", **old)))) == 1


def test_a_household_that_changes_has_its_rows_written_again(desk: Desk) -> None:
    desk.show(household(1, request(ref(1), 1), request(ref(1), 2)))
    desk.show(household(1, request(ref(1), 1)))
    with desk.engine.connect() as connection:
        assert [row.number for row in connection.execute(select(case_requests))] == [0]


# who sees a team's rows: the one decision


@pytest.mark.parametrize(
    ("actor", "sees"),
    [
        (Actor("x", Role.TEAM_LEADER, unit="adult", teams=("Noord",)), True),
        (Actor("x", Role.TEAM_LEADER, unit="youth", teams=("Noord",)), False),
        (Actor("x", Role.TEAM_LEADER, teams=("Noord",)), False),
        (Actor("x", Role.TEAM_LEADER, unit="adult", teams=("Zuid",)), False),
        (Actor("x", Role.OPERATIONS, unit="adult", teams=("Noord",)), False),
        (Actor("x", Role.SAFETY_OFFICER, unit="adult", teams=("Noord",)), False),
    ],
)
def test_a_team_s_requests_are_for_its_own_unit(actor: Actor, sees: bool) -> None:
    assert sees_team(actor, "noord", "adult", NOW, DEFAULT_RULES) == sees


def test_what_a_team_sees_of_a_family_of_both_units_is_its_own(desk: Desk) -> None:
    adult = request(DossierRef("menscentraal", "MC-1"), 1, product="Alleen van volwassenen")
    desk.show(family(extra=[adult]))
    with desk.engine.connect() as connection:
        found = {row.unit: row.asked for row in connection.execute(select(case_requests))}
    assert "Alleen van volwassenen" in found["adult"] and "Alleen van volwassenen" not in found["youth"]
    assert "Jeugdhulp ambulant" in found["youth"] and "Jeugdhulp ambulant" not in found["adult"]
    assert ZCD.dossier_id in found["youth"]
