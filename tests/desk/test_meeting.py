"""The page for a case meeting: it asks who attends, leaves out what they may not see, and is logged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from hub.desk.meeting import ATTENDING
from hub.desk.translations import TEXTS
from tests.desk.conftest import DIRECTOR, OFFICER, Desk
from tests.desk.test_pages import log_in, plain

Visit = Callable[[str | None], TestClient]


@pytest.fixture
def browser(visit: Visit) -> TestClient:
    return log_in(visit(None), DIRECTOR)


def test_colleagues_of_one_unit_get_what_is_known_there(home: str, browser: TestClient, desk: Desk) -> None:
    assert "Wie is erbij?" in browser.get(f"/huishoudens/{home}/bespreking").text
    shown = plain(browser.post(f"/huishoudens/{home}/bespreking", data={"youth": "ja"}).text)
    for words in ("Jeugdhulp ambulant", "collega van jeugd", "Kim Bakker"):
        assert words in shown
    assert "schulden op een rij" not in shown
    look = desk.operations()[-1]
    assert (look["action"], look["activity"]) == ("print_household", "urn:regiehub:verwerking:casus-bespreken")


def test_without_consent_two_units_at_one_table_get_what_both_may_see(home: str, browser: TestClient) -> None:
    shown = plain(browser.post(f"/huishoudens/{home}/bespreking", data={"youth": "ja", "adult": "ja"}).text)
    assert "Niet iedereen aan tafel mag alles zien" in shown
    for words in ("Kim Bakker", "10 jaar"):
        assert words in shown
    for hidden in ("schulden", "Jeugdhulp"):
        assert hidden not in shown, hidden


@pytest.mark.parametrize("guest", [who for who, unit in ATTENDING.items() if not unit])
def test_with_a_guest_only_that_help_is_given_is_printed(guest: str, home: str, browser: TestClient) -> None:
    shown = plain(browser.post(f"/huishoudens/{home}/bespreking", data={"youth": "ja", guest: "ja"}).text)
    assert "Niet iedereen aan tafel mag alles zien" in shown
    assert "Kim Bakker" in shown
    assert "Noor de Vries" in shown
    for hidden in ("schulden", "Jeugdhulp", "verzuim", "2015", "10 jaar", "Straat"):
        assert hidden not in shown, hidden


def test_nobody_at_the_table_is_asked_again(home: str, browser: TestClient, desk: Desk) -> None:
    answer = browser.post(f"/huishoudens/{home}/bespreking", data={"stranger": "ja"})
    assert answer.status_code == 400
    assert "Kies ten minste één" in answer.text
    assert desk.operations()[-1]["action"] == "read_household"


def test_who_may_not_print_is_refused_and_that_is_logged(home: str, visit: Visit, desk: Desk) -> None:
    answer = log_in(visit(None), OFFICER).post(f"/huishoudens/{home}/bespreking", data={"youth": "ja"})
    assert answer.status_code == 403
    look = desk.operations()[-1]
    assert (look["action"], look["allowed"]) == ("print_household", False)


def test_everybody_who_can_attend_has_a_name() -> None:
    assert {f"code.attending.{who}" for who in ATTENDING} == {key for key in TEXTS if key.startswith("code.attending.")}
