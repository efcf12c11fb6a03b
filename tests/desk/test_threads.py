"""What happened to a request, as page and API say it; with what it costs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from hub.desk import models, thread_models, threads
from hub.desk.settings_file import load_prices
from hub.desk.threads import ThreadWords
from hub.desk.translations import LANGUAGES, TEXTS, Language
from hub.desk.words import Words
from hub.errors import ConfigError
from hub.household.attention import acting
from hub.household.prices import Prices
from hub.household.requests.codes import NEXT, Party
from hub.household.requests.threads import Thread
from tests.core.request_facts import answered, asked, confirmed, granted, registered, started, stopped, thread
from tests.desk.conftest import DIRECTOR

pytestmark = pytest.mark.desk
TODAY = date(2026, 4, 20)
PRICES = Prices.model_validate(
    {"products": {"45A04": {"nl": "ambulante hulp", "en": "outpatient help", "unit": "minute", "tariff_cents": 125}}}
)


def tell(language: Language = "nl", prices: Prices = PRICES) -> ThreadWords:
    return ThreadWords(Words(language, TODAY), TODAY, prices)


def test_the_api_gives_the_threads_of_a_household(home: str, director: TestClient) -> None:
    found = director.get(f"/api/v1/huishoudens/{home}")
    models.Household.model_validate_json(found.content)
    (one,) = found.json()["threads"]
    assert (one["state"], one["law"], one["product"]) == ("granted", "jw", "Jeugdhulp ambulant")
    assert one["next"] == {"party": "provider", "due": None, "late": False}
    assert [step["state"] for step in one["steps"]] == ["submitted", "granted"]
    assert found.json()["message_dossiers"] == []


def test_the_page_says_what_happened(home: str, nobody: TestClient) -> None:
    nobody.post("/inloggen", data={"token": DIRECTOR})
    text = nobody.get(f"/huishoudens/{home}").text
    assert "Nu aan zet: de aanbieder" in text
    assert "Toegewezen op 3 feb 2026." in text


def test_it_says_who_must_act_and_by_when() -> None:
    assert tell().next(thread(asked("2026-04-17"))) == "Nu aan zet: de gemeente, uiterlijk 22 apr 2026"
    assert tell("en").next(thread(registered("concept"))) == "Next to act: the neighbourhood team"


def test_it_says_the_decision_with_its_reason_in_plain_words() -> None:
    no = answered("2026-04-10", "rejected", number=2, rejection_code="8", residence_municipality="0518")
    assert tell().decision(thread(asked("2026-04-01"), no)) == [
        "Afgewezen op 10 apr 2026.",
        "Reden: een andere gemeente betaalt, volgens het woonplaatsbeginsel.",
        "De gemeente met code 0518 moet beslissen.",
    ]
    assert tell().decision(thread(asked("2026-04-01"))) == []


def test_it_says_what_is_missing_and_what_was_filled_in_wrong() -> None:
    assert list(tell().faults(thread(asked("2026-04-01"), confirmed("2026-04-02", "S329")))) == [
        "Niet goed ingevuld: de productcode klopt niet"
    ]
    assert list(tell("en").faults(thread(registered("submitted", provider=None)))) == [
        "Missing: the provider and the day of the request"
    ]


def test_it_says_the_course_with_why_help_ended() -> None:
    course = [asked("2026-04-01"), granted("2026-04-03"), started("2026-05-04", "2026-05-01")]
    ended = thread(*course, stopped("2026-06-02", "2026-05-01", "2026-06-01", "moved_away"))
    assert [tell().step(step) for step in ended.steps][-1] == (
        "1 jun 2026: beëindigd (verhuisd naar een andere gemeente), landelijke berichten"
    )


def test_it_says_what_is_committed_this_year_or_that_nobody_knows() -> None:
    volume = {"volume": 240, "unit": "minute", "frequency": "week"}
    found = thread(asked("2026-04-01"), granted("2026-04-03", **volume))
    assert tell().cost(found) == "Toegezegd in 2026: € 7.842,85"
    assert tell(prices=Prices()).cost(found).startswith("Wat is toegezegd valt niet op te tellen")
    assert tell().cost(thread(asked("2026-04-01"))) == ""


def test_the_price_list_says_what_a_product_is_where_only_its_code_is_known() -> None:
    found = thread(asked("2026-04-01"))
    assert [tell(language).product(found) for language in LANGUAGES] == ["ambulante hulp", "outpatient help"]
    assert tell(prices=Prices()).product(found) == "45A04"


@pytest.mark.parametrize("state", NEXT)
def test_every_state_can_be_said_in_both_languages(state: str) -> None:
    found: Thread = thread(registered(state, "2026-02-02"))
    for language in LANGUAGES:
        words = tell(language)
        said = [words.next(found), *words.decision(found), *words.account(found), *map(words.step, found.steps)]
        assert all(said)


def test_there_are_words_for_every_party() -> None:
    assert {key for key in TEXTS if key.startswith("code.party.")} == {
        f"code.party.{party}" for party in (*Party, *acting.Party)
    }


def test_the_answer_is_what_the_description_says() -> None:
    found = thread(asked("2026-04-01"), granted("2026-04-03"), registered("submitted", reference="V1"))
    for item in threads.answer([found], TODAY, PRICES):
        thread_models.Thread.model_validate(item)


def test_prices_come_from_a_file_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("budgets: {Bloemhof: {2026: 100}}\n")
    assert load_prices(path).budgets == {"Bloemhof": {2026: 100}}
    assert load_prices(None) == Prices()
    for text in ("budgets: {Bloemhof: {2026: veel}}", "winst: 1", ": : :", "products: {45A04: {nl: x}}"):
        path.write_text(text)
        with pytest.raises(ConfigError):
            load_prices(path)
    with pytest.raises(ConfigError):
        load_prices(tmp_path / "weg.yaml")
