"""The page of one household: its first screen, its blocks, who directs, what is new."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.desk.access import Viewer
from hub.desk.blocks.changes import changed_blocks
from hub.desk.blocks.cost import cost
from hub.desk.blocks.glance import agreed, contacts, unknown_units
from hub.desk.blocks.plan import plan
from hub.desk.blocks.scores import scores
from hub.desk.blocks.sight import THAT, THAT_FIRST, WHAT, WHAT_FIRST, sights
from hub.desk.live import Live
from hub.desk.translations import TEXTS
from hub.desk.words import Words
from hub.events.codec import decode
from hub.events.decisions import decision_of
from hub.events.records import RecordType
from hub.household.attention.points import attention_points
from hub.household.attention.terms import Terms
from hub.household.document import build
from hub.household.document_shape import Document
from tests.desk.conftest import DIRECTOR, KIM, KNOWN_BSN, OFFICER, Desk
from tests.desk.decisions import direction_entry
from tests.desk.family import HOME, direction, family
from tests.desk.test_forms import forms
from tests.desk.test_pages import log_in, plain
from tests.desk.views import MENSCENTRAAL, ZCD, entry, one_dossier

TODAY = date(2026, 3, 1)


@pytest.fixture
def browser(visit: Callable[[str | None], TestClient]) -> TestClient:
    return log_in(visit(None), KIM)


def document(*extra: dict[str, Any]) -> Document:
    found = build(decode(family(extra=list(extra))[1]).value)
    assert found is not None
    return found


def block(text: str, name: str) -> str:
    found = re.search(rf'<section class="card[^>]*aria-labelledby="{name}">(.*?)</section>', text, re.DOTALL)
    assert found, name
    return plain(found[1])


def assessed(taken: date, number: int, **scored: int) -> dict[str, Any]:
    body = {
        "instrument": "ZRM",
        "instrument_version": "2017",
        "taken_on": taken,
        "line": None,
        "scores": [{"domain": domain, "score": score} for domain, score in scored.items()],
    }
    return entry(MENSCENTRAAL, RecordType.ASSESSMENT, f"zrm-{number}", body)


def test_the_first_screen_says_who_directs_who_is_involved_what_is_stuck_and_what_is_not_seen(
    home: str, browser: TestClient
) -> None:
    text = browser.get(f"/huishoudens/{home}").text
    assert "Kim Bakker 010-0000002 Wijkteam Noord · sinds 5 jan 2026 · ZCD (jeugd)" in block(text, "director")
    stuck = block(text, "stuck")
    assert "Signaal over de veiligheid van een kind" in stuck
    assert "Aan zet: Stichting Voorbeeld · sinds 3 feb 2026" in stuck
    involved = block(text, "involved-now")
    assert "jeugd Kim Bakker 010-0000001 jeugdhulpverlener · Wijkteam Noord · ZCD (jeugd)" in involved
    assert "netwerk Piet Jansen" in involved
    assert "Mia Smit is niet bevestigd" in block(text, "blind")
    assert "Wie: Anna (35), Mia (35), Noor (10)" in plain(text)
    assert "Afgesproken: 2 lopende doelen , Opvoeding en Financiën · evaluatie 1 jun 2026" in plain(text)


def test_what_is_agreed_is_nothing_if_no_goal_is_open() -> None:
    found = build(decode(one_dossier(ZCD)[1]).value)
    assert found is not None
    assert agreed(found) == (0, [], None)


def test_one_unit_alone_is_said_to_be_all_that_is_known() -> None:
    found = build(decode(one_dossier(ZCD)[1]).value)
    assert found is not None
    assert unknown_units(found) == ["adult"]
    assert unknown_units(document()) == []


def test_somebody_named_by_both_sources_is_one_contact_with_the_newest_number() -> None:
    body = {
        "name": "kim bakker", "function": None, "kind": "professional", "organisation": "Wijkteam Noord", "unit": None,
        "role": None, "phone": "010-9", "email": None, "from_on": None, "to_on": None, "staff": None,
    }  # fmt: skip
    twice = entry(ZCD, RecordType.INVOLVEMENT, "again", body, recorded=60)
    past = entry(ZCD, RecordType.INVOLVEMENT, "past", body | {"name": "Jan", "to_on": date(2026, 2, 1)})
    found = contacts(document(twice, past), TODAY)["youth"]
    assert [(item.name, item.phone, item.current) for item in found] == [
        ("kim bakker", "010-9", True),
        ("Jan", "010-9", False),
    ]


def test_the_plan_marks_where_goals_contradict_each_other() -> None:
    found = document()
    rows = {row.domain: row for row in plan(found, attention_points(found, TODAY, Terms()))}
    assert [mark.rule for mark in rows["finance"].marks] == ["plans_contradict"]
    assert set(rows["finance"].by_source) == {"menscentraal", "zcd"}
    assert rows["upbringing"].marks == []


def test_a_domain_that_was_not_scored_is_missing_and_not_zero(desk: Desk, browser: TestClient) -> None:
    later = assessed(date(2026, 2, 12), 2, finance=3)
    (table,) = scores(document(later))
    assert {row.domain: row.scores for row in table.rows} == {"finance": [2, 3], "housing": [4, None]}
    assert {row.domain: row.first_and_last for row in table.rows} == {"finance": (2, 3), "housing": None}
    home = desk.show(family(extra=[later]))
    shown = block(browser.get(f"/huishoudens/{home}").text, "scores")
    assert "Huisvesting 4 niet gemeten" in shown
    assert "Financiën 2 3 2 → 3, beter" in shown


def test_cost_adds_up_what_was_granted_and_says_what_states_no_amount() -> None:
    body = document()["records"]
    request = next(item["body"] for item in body if item["record_type"] == "support_request")
    days = {name: date.fromisoformat(str(request[name])) for name in ("submitted_on", "decided_on")}
    more = [
        entry(
            ZCD,
            RecordType.SUPPORT_REQUEST,
            f"r-{state}-{cents}",
            request | days | {"state": state, "committed_cents": cents},
        )
        for state, cents in (("started", 100), ("rejected", 999), ("granted", None))
    ]
    assert cost(document(*more)) == (123_550, 1, {"zcd": 123_550})


def test_a_director_takes_over_and_it_is_published(home: str, desk: Desk, browser: TestClient) -> None:
    (form,) = forms(browser.get(f"/huishoudens/{home}").text, "Regie overnemen")
    answer = browser.post(f"/huishoudens/{home}/besluiten", data=form | {"why": "Afgesproken."})
    assert answer.headers["location"] == f"/huishoudens/{home}?vastgelegd=true"
    said = decision_of(decode(desk.sent[-1].value).value).direction
    assert said is not None
    assert (said.name, said.user, said.unit, said.dossier, said.from_on) == (
        "Kim Bakker",
        "k.bakker",
        "youth",
        ZCD,
        TODAY,
    )


def test_direction_is_handed_over_to_somebody_who_is_typed(home: str, desk: Desk, browser: TestClient) -> None:
    (form,) = forms(browser.get(f"/huishoudens/{home}").text, "Regie overdragen")
    typed = {"name": "Lea Vos", "phone": "06-1", "unit": "adult", "organisation": "Wijkteam", "from_on": "2026-03-09"}
    browser.post(f"/huishoudens/{home}/besluiten", data=form | typed | {"why": "Verlof."})
    said = decision_of(decode(desk.sent[-1].value).value).direction
    assert said is not None
    assert (said.name, said.phone, said.unit, said.user, said.from_on) == (
        "Lea Vos",
        "06-1",
        "adult",
        "",
        date(2026, 3, 9),
    )


@pytest.mark.parametrize(
    "wrong",
    [{"name": f"Lea {KNOWN_BSN}"}, {"from_on": "2030-01-01"}, {"from_on": "ooit"}, {"unit": "zorg"}, {"why": ""}],
)
def test_a_wrong_handover_comes_back_with_what_was_typed(
    wrong: dict[str, str], home: str, desk: Desk, browser: TestClient
) -> None:
    (form,) = forms(browser.get(f"/huishoudens/{home}").text, "Regie overdragen")
    answer = browser.post(
        f"/huishoudens/{home}/besluiten", data=form | {"name": "Lea Vos", "phone": "06-77", "why": "Verlof."} | wrong
    )
    assert (answer.status_code, desk.sent) == (400, [])
    assert 'value="06-77"' in answer.text


def test_a_decided_director_is_shown_beside_the_one_a_source_names(desk: Desk, browser: TestClient) -> None:
    home = desk.show(family(extra=[direction_entry("Omar Yilmaz", phone="010-5")]))
    text = browser.get(f"/huishoudens/{home}").text
    first = block(text, "director")
    assert "2 casusregisseurs tegelijk" in first
    assert "Omar Yilmaz 010-5 sinds 1 feb 2026 · besluit in Regiehub" in first
    assert "Omar Yilmaz heeft de regie vanaf 1 feb 2026." in block(text, "why")
    assert "Regie gestart: Omar Yilmaz de hub zelf" in block(text, "timeline")


def test_one_day_two_directors_was_never_a_term_of_the_first(desk: Desk, browser: TestClient) -> None:
    taken = direction_entry("Kim Bakker", user="k.bakker")
    home = desk.show(family(extra=[taken, direction_entry("Omar", minutes=9)]))
    found = block(browser.get(f"/huishoudens/{home}").text, "directing")
    assert "Omar nu" in found


def test_who_may_not_decide_reads_who_directs_and_has_no_form(
    home: str, visit: Callable[[str | None], TestClient]
) -> None:
    text = log_in(visit(None), OFFICER).get(f"/huishoudens/{home}").text
    assert "Kim Bakker" in block(text, "directing")
    assert "Regie overnemen" not in text


def test_beside_each_block_stands_who_can_see_it_and_why(home: str, browser: TestClient) -> None:
    text = browser.get(f"/huishoudens/{home}").text
    for name in THAT:
        assert "Te zien voor iedereen die met dit huishouden te maken heeft" in block(text, name), name
    for name in WHAT:
        assert "Wie de inhoud ziet, en waarom" in block(text, name), name
    for name in (*THAT_FIRST, *WHAT_FIRST):
        assert "Wie ziet dit?" in block(text, name), name
    assert len(re.findall('<section class="card', text)) == len(re.findall('class="sight', text))
    seer = Viewer(source="zcd", dossier_id="1", why="consent", who="adult", ground="TOESTEMMING", until="2026-12-31")
    (found,) = sights([seer, seer | {"dossier_id": "2"}])["goals"].seers
    said = Words("nl", date(2026, 3, 1)).seer(found)
    assert said == "volwassenen, toestemming, toestemming, tot 31 dec 2026: dossier 1 en 2"
    assert {f"toc.{name}" for name in (*THAT, *WHAT)} == {key for key in TEXTS if key.startswith("toc.")}


def test_what_came_in_since_the_last_visit_is_marked(desk: Desk, browser: TestClient) -> None:
    home = desk.show(family())
    first = browser.get(f"/huishoudens/{home}").text
    assert "nieuw" not in block(first, "goals")
    found = document()
    assert changed_blocks(found, "2027") == frozenset()
    assert {"goals", "directing", "requests", "members"} <= changed_blocks(found, "2025")
    goal = {"life_domain": "housing", "wording": "dak", "owner": None, "status": "open", "evaluation_on": None}
    late = entry(ZCD, RecordType.GOAL, "g", goal, published=90_000)
    assert changed_blocks(document(late), "2026-02-01") == frozenset({"goals"})
    handed = direction_entry("Omar", minutes=90_000)
    assert changed_blocks(document(handed), "2026-02-01") == frozenset({"directing"})
    assert document(entry(ZCD, RecordType.CASE_DIRECTION, "x", direction("K")))["household_id"] == HOME


def test_marks_stand_on_the_page(desk: Desk, browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    home = desk.show(family())
    monkeypatch.setattr("hub.desk.visits.Visits.visit", lambda *_: "2026-01-01T00:00:00.000000Z")
    text = browser.get(f"/huishoudens/{home}").text
    assert "nieuw" in block(text, "goals")
    assert "Nieuw sinds uw vorige bezoek, 1 jan 2026 01:00" in plain(text)


def test_a_director_who_is_not_logged_in_gets_no_stream(home: str, nobody: TestClient, desk: Desk) -> None:
    assert nobody.get(f"/huishoudens/{home}/wijzigingen").status_code == 303
    assert log_in(nobody, DIRECTOR).get("/huishoudens/H0/wijzigingen").status_code == 403
    assert desk.operations()[-1]["action"] == "follow_household"


def test_a_page_follows_from_what_it_shows(home: str, desk: Desk, browser: TestClient) -> None:
    """What changes before its stream has begun is told too."""
    text = browser.get(f"/huishoudens/{home}").text
    assert f'data-live="/huishoudens/{home}/wijzigingen?sinds={Live(desk.engine).mark(home)}"' in text
