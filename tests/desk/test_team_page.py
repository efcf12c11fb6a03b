"""A team leader's page: what each worker has in hand, who waits, whose help is past its term."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from fastapi.testclient import TestClient

from hub.desk import models
from hub.events.ids import DossierRef, household_id
from hub.household.prices import Prices
from tests.desk.conftest import DIRECTOR, LEADER, AppOf, Desk
from tests.desk.decisions import direction_entry
from tests.desk.test_pages import log_in, plain
from tests.desk.test_requests import household, ref
from tests.desk.test_requests import request as asked_for
from tests.desk.views import Line, composition, dossier, member, view

Visit = Callable[[str | None], TestClient]


def help_of(desk: Desk, number: int, team: str, director: str = "", *, staff: str = "", **changed: Any) -> None:
    ref = DossierRef("menscentraal", f"D-{number}")
    packed = dossier(ref, [member("1", f"p-{number}", family_name=f"Gezin {number}")], team=team, **changed)
    whole = composition(household_id(ref), [packed], members=[Line(ref, "1", f"p-{number}")])
    said = [direction_entry(director, source=ref.source, dossier_id=ref.dossier_id, staff=staff)] if director else []
    desk.show((household_id(ref), view(household_id(ref), whole, label=1, entries=said)))


def test_a_leader_sees_his_own_teams_worker_by_worker(desk: Desk, visit: Visit) -> None:
    met: dict[str, Any] = {"first_contact_on": date(2026, 1, 9)}
    help_of(desk, 1, "Noord", "Kim Bakker", **met)
    help_of(desk, 2, "Noord", "Kim Bakker", opened_on=date(2025, 6, 1), **met)
    help_of(desk, 3, "Noord", received_on=date(2026, 2, 2))
    help_of(desk, 4, "Zuid", "Omar", **met)
    help_of(desk, 5, "Elders", "Niemand van hier", **met)
    browser = log_in(visit(None), LEADER)
    assert browser.get("/", follow_redirects=False).headers["location"] == "/team"
    shown = plain(browser.get("/team").text)
    noord, zuid = shown.split(" Zuid ", 1)
    assert "3 huishoudens" in noord
    assert "Kim Bakker 2 1 0" in noord
    assert "Geen casusregisseur vastgelegd 1 1 1" in noord
    assert "Wacht op eerste contact (1)" in noord and "Gezin 3 2 feb 2026 geen" in noord
    assert "Voorbij de zes maanden (1)" in noord and "Gezin 2 1 dec 2025 Kim Bakker" in noord
    assert "Omar 1 0 0" in zuid
    assert "Niemand van hier" not in shown
    look = desk.operations()[-1]
    assert (look["action"], len(look["dossiers"]), look["user"]) == ("read_team", 4, "lea")


def test_a_team_of_nobody_is_said(desk: Desk, visit: Visit) -> None:
    shown = plain(log_in(visit(None), LEADER).get("/team").text)
    assert "Niemand wacht op een eerste contact." in shown


def test_a_team_page_is_a_leaders_alone(desk: Desk, visit: Visit) -> None:
    assert log_in(visit(None), DIRECTOR).get("/team").status_code == 403
    assert desk.operations()[-1]["allowed"] is False


def test_somebody_of_two_teams_is_shown_as_such_and_each_household_counts_once(desk: Desk, visit: Visit) -> None:
    for number, team in enumerate(("Noord", "Noord", "Zuid", "Verweg")):
        help_of(desk, number, team, "Kim Bakker", staff="100201", first_contact_on=date(2026, 1, 9))
    help_of(desk, 8, "Noord", "Kim Bakker", first_contact_on=date(2026, 1, 9))
    help_of(desk, 9, "Noord", "Omar", staff="100300", first_contact_on=date(2026, 1, 9))
    noord, zuid = models.Teams.model_validate_json(visit(LEADER).get("/api/v1/teams").content).teams
    kim = noord.workers[0]
    assert (kim.name, kim.households, kim.altogether) == ("Kim Bakker", 3, 5)
    assert [(share.team, share.households) for share in kim.elsewhere] == [("Verweg", 1), ("Zuid", 1)]
    assert [(worker.name, worker.households, worker.elsewhere) for worker in noord.workers[1:]] == [("Omar", 1, [])]
    assert [(worker.name, worker.households, worker.altogether) for worker in zuid.workers] == [("Kim Bakker", 1, 4)]
    shown = plain(log_in(visit(None), LEADER).get("/team").text)
    assert "Kim Bakker ook in Verweg: 1, ook in Zuid: 1; samen 5 huishoudens 3 0 0" in shown


def test_a_household_of_two_teams_is_no_more_work_for_who_directs_it(desk: Desk, visit: Visit) -> None:
    both = (ref(1), ref(2))
    packed = [dossier(one, [member("1", "p-1")], team=team) for one, team in zip(both, ("Noord", "Zuid"), strict=True)]
    whole = composition(household_id(ref(1)), packed, members=[Line(one, "1", "p-1") for one in both])
    said = direction_entry("Kim Bakker", source=ref(1).source, dossier_id=ref(1).dossier_id, staff="7")
    desk.show((household_id(ref(1)), view(household_id(ref(1)), whole, label=1, entries=[said])))
    for team in visit(LEADER).get("/api/v1/teams").json()["teams"]:
        (kim,) = team["workers"]
        assert (kim["households"], kim["elsewhere"], kim["altogether"]) == (1, [], 1)


def test_two_who_have_one_name_are_two(desk: Desk, visit: Visit) -> None:
    help_of(desk, 1, "Noord", "Kim Bakker", staff="1")
    help_of(desk, 2, "Noord", "Kim Bakker", staff="2")
    help_of(desk, 3, "Noord", "Kim Bakker")
    workers = visit(LEADER).get("/api/v1/teams").json()["teams"][0]["workers"]
    assert [worker["households"] for worker in workers] == [1, 1, 1]


PRICES = Prices(budgets={"noord": {2026: 5_000}, "Zuid": {2025: 1}})


def test_the_budget_stands_beside_what_is_committed_and_what_is_not_known_is_said(desk: Desk, app_of: AppOf) -> None:
    known = {"committed_cents": 7_050, "starts_on": date(2026, 2, 1), "ends_on": date(2026, 2, 28)}
    desk.show(household(2, asked_for(ref(2), 1, "granted")))
    desk.show(household(1, asked_for(ref(1), 1, "granted", **known)))
    site = replace(desk.site, prices=PRICES)
    with TestClient(app_of(site), follow_redirects=False) as client:
        noord, zuid = client.get("/api/v1/teams", headers={"Authorization": f"Bearer {LEADER}"}).json()["teams"]
        shown = plain(log_in(client, LEADER).get("/team").text)
    assert noord["budget"] == {
        "year": 2026,
        "budget_cents": 5_000,
        "committed_cents": 7_050,
        "unknown": 1,
        "left_cents": -2_050,
        "withheld": False,
    }
    assert (zuid["budget"]["budget_cents"], zuid["budget"]["left_cents"]) == (None, None)
    assert "Toegezegd € 70,50 Budget € 50,00 Meer toegezegd dan er is € 20,50" in shown
    assert "Van 1 toewijzing is het bedrag niet bekend" in shown
    assert "De gemeente heeft voor dit team en dit jaar geen budget ingesteld." in shown
