"""Where something is shown on which to decide, the form stands beside it: a candidate, an attention point."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.desk.translations import TEXTS
from hub.events.codec import decode
from hub.events.decisions import Decision, Kind, decision_of
from hub.events.ids import decision_id
from hub.household.attention.point import Rule
from tests.desk.conftest import DIRECTOR, OFFICER, Desk
from tests.desk.decisions import sent_entries
from tests.desk.test_candidates import MIA, UNCONFIRMED, found_in
from tests.desk.test_pages import log_in
from tests.desk.views import MENSCENTRAAL, ZCD, one_dossier


@pytest.fixture
def home(desk: Desk) -> str:
    """A household of somebody without a number, who is like somebody in another one."""
    desk.show(one_dossier(MENSCENTRAAL, person="p-mia", **MIA))
    return desk.show(one_dossier(ZCD, person="u-mia", **MIA, **UNCONFIRMED))


@pytest.fixture
def browser(nobody: TestClient) -> TestClient:
    """A case director who is logged in on the pages."""
    return log_in(nobody, DIRECTOR)


def forms(text: str, label: str) -> list[dict[str, str]]:
    """Names and values of the hidden fields of each form with this label."""
    found = re.findall(rf'<form[^>]*aria-label="{re.escape(label)}[^"]*">(.*?)</form>', text, flags=re.DOTALL)
    hidden = (re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form) for form in found)
    return [{name: html.unescape(value) for name, value in fields} for fields in hidden]


def sent(desk: Desk, browser: TestClient, home: str, form: dict[str, str]) -> Decision:
    answer = browser.post(f"/huishoudens/{home}/besluiten", data=form, follow_redirects=False)
    assert answer.status_code == 303
    return decision_of(decode(desk.sent[-1].value).value)


@pytest.mark.parametrize("kind", [Kind.SAME_PERSON, Kind.DIFFERENT_PERSON])
def test_a_candidate_is_confirmed_or_rejected_where_he_is_shown(
    kind: Kind, desk: Desk, home: str, browser: TestClient
) -> None:
    (form,) = forms(browser.get(f"/huishoudens/{home}/kandidaten").text, "Is dit dezelfde persoon?")
    decision = sent(desk, browser, home, form | {"kind": kind.value, "why": "Gesproken met de moeder."})
    assert decision.kind is kind
    assert decision.line is not None
    assert decision.other is not None
    assert {decision.line.person, decision.other.person} == {"p-mia", "u-mia"}
    doubted = decision.line if decision.doubted == "line" else decision.other
    assert kind is Kind.SAME_PERSON or doubted.person == "u-mia"


def test_who_was_decided_on_is_no_candidate_any_more(desk: Desk, home: str, browser: TestClient) -> None:
    (form,) = forms(browser.get(f"/huishoudens/{home}/kandidaten").text, "Is dit dezelfde persoon?")
    sent(desk, browser, home, form | {"kind": "different_person", "why": "Twee nichten."})
    assert found_in(desk, home) == [("u-mia", "p-mia")]
    made = [("applied", desk.sent[-1].value)]
    desk.show(one_dossier(ZCD, label=2, decisions=made, person="u-mia", **MIA, **UNCONFIRMED))
    assert found_in(desk, home) == []


def test_an_attention_point_is_put_off_where_it_is_shown(desk: Desk, home: str, browser: TestClient) -> None:
    shown = forms(browser.get(f"/huishoudens/{home}").text, "Stel uit")
    by_rule: dict[str, dict[str, Any]] = {form["rule"]: form for form in shown}
    assert {"no_director", "unconfirmed_identity"} <= by_rule.keys()
    wanted = by_rule["no_director"] | {"until": "2026-04-01", "why": "Overleg is donderdag."}
    decision = sent(desk, browser, home, wanted)
    assert decision.snooze is not None
    assert (decision.snooze.rule, decision.snooze.point) == ("no_director", by_rule["no_director"]["point"])


def test_what_was_put_off_leads_to_where_it_is_taken_back(desk: Desk, home: str, browser: TestClient) -> None:
    (form,) = (
        form for form in forms(browser.get(f"/huishoudens/{home}").text, "Stel uit") if form["rule"] == "no_director"
    )
    decision = sent(desk, browser, home, form | {"until": "2026-04-01", "why": "Overleg is donderdag."})
    entries = sent_entries(desk.sent)
    desk.show(one_dossier(ZCD, label=2, entries=entries, person="u-mia", **MIA, **UNCONFIRMED))
    text = browser.get(f"/huishoudens/{home}").text
    identity = decision_id(decision.record)
    assert f'href="#{identity}">Terugnemen' in text
    assert f'<li id="{identity}">' in text
    assert f"besluiten/{identity}/intrekking" in text


def test_who_may_not_decide_sees_no_form(home: str, nobody: TestClient) -> None:
    text = log_in(nobody, OFFICER).get(f"/huishoudens/{home}").text
    assert f'action="/huishoudens/{home}/besluiten"' not in text


def test_every_rule_has_a_name() -> None:
    assert {f"code.rule.{rule}" for rule in Rule} == {key for key in TEXTS if key.startswith("code.rule.")}
