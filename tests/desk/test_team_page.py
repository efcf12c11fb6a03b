"""A team leader's page: what each worker has in hand, who waits, whose help is past its term."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from fastapi.testclient import TestClient

from hub.events.ids import DossierRef, household_id
from tests.desk.conftest import DIRECTOR, LEADER, Desk
from tests.desk.decisions import direction_entry
from tests.desk.test_pages import log_in, plain
from tests.desk.views import Line, composition, dossier, member, view

Visit = Callable[[str | None], TestClient]


def help_of(desk: Desk, number: int, team: str, director: str = "", **changed: date) -> None:
    ref = DossierRef("menscentraal", f"D-{number}")
    packed = dossier(ref, [member("1", f"p-{number}", family_name=f"Gezin {number}")], team=team, **changed)
    whole = composition(household_id(ref), [packed], members=[Line(ref, "1", f"p-{number}")])
    said = [direction_entry(director, source=ref.source, dossier_id=ref.dossier_id)] if director else []
    desk.show((household_id(ref), view(household_id(ref), whole, label=1, entries=said)))


def test_a_leader_sees_his_own_teams_worker_by_worker(desk: Desk, visit: Visit) -> None:
    met = {"first_contact_on": date(2026, 1, 9)}
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
    assert "Voorbij de zes maanden (1)" in noord and "Gezin 2" in noord
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
