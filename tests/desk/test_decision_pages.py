"""The page of a household: why it is one, what was decided, and the forms by which a director decides."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.desk.reasons import Reasons
from hub.desk.translations import TEXTS
from hub.desk.words import Words
from hub.errors import LogUnavailable
from hub.events.codec import decode
from hub.events.decisions import ON_DOSSIERS, Kind, Snooze, decision_of
from hub.household.document import build
from hub.household.rulings import Effect
from tests.desk.conftest import DIRECTOR, KNOWN_BSN, OPERATOR, Desk
from tests.desk.decisions import direction_entry, named, opening_entry, packed, snooze_entry
from tests.desk.family import HOME
from tests.desk.test_api import looks
from tests.desk.test_deciding import POINT, decided_family
from tests.desk.test_pages import EN, NL, log_in, plain
from tests.desk.views import MENSCENTRAAL, ZCD, Line, composition, dossier, member, view

PAGE = f"/huishoudens/{HOME}"
FORM = f"{PAGE}/besluiten"
ANNA = json.dumps(["zcd", "Z-1", "2", "p-anna"], separators=(",", ":"))
OMA = json.dumps(["menscentraal", "MC-1", "2", "u-oma"], separators=(",", ":"))
SAME = {"kind": "same_person", "line": ANNA, "other": OMA, "why": "Paspoort gezien."}


@pytest.fixture
def browser(nobody: TestClient) -> TestClient:
    """A case director who is logged in on the pages."""
    return log_in(nobody, DIRECTOR)


class _Form(HTMLParser):
    """What stands in a page: forms, fields, labels, ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: list[dict[str, str | None]] = []
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.forms: list[dict[str, str | None]] = []
        self.options: list[str] = []
        self.legends = self.fieldsets = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        if tag in ("input", "select", "textarea") and found.get("type") != "hidden":
            self.fields.append(found)
        elif tag == "label":
            self.labels.add(found["for"] or "")
        elif tag == "form":
            self.forms.append(found)
        elif tag == "option":
            self.options.append(found["value"] or "")
        self.fieldsets += tag == "fieldset"
        self.legends += tag == "legend"


def test_the_page_says_why_it_is_one_household(home: str, browser: TestClient) -> None:
    shown = plain(browser.get(PAGE).text)
    for words in (
        "Waarom één huishouden",
        "Hetzelfde geldige BSN staat bij Anna van Dijk - de Vries in MC-1 en Z-1.",
        "Anna van Dijk - de Vries en Mia Smit wonen samen volgens het lopende dossier MC-1.",
        "Bas de Vries woont elders volgens dossier Z-1.",
        "Tom de Vries woont op een ander adres dan in dossier Z-1 staat: een latere opgave of een besluit gaat voor.",
        "Er is niets besloten",
    ):
        assert words in shown, words
    shown = plain(browser.get(f"{PAGE}?taal=en").text)
    assert "The same valid BSN stands with Anna van Dijk - de Vries in MC-1 and Z-1." in shown


def test_a_decision_is_told_with_who_when_and_why(desk: Desk, browser: TestClient) -> None:
    desk.show(decided_family(why="<b>twee</b> vrouwen"))
    text = browser.get(PAGE).text
    shown = plain(html.unescape(re.sub(r"<[^>]+>", " ", text)))
    told = "Mia Smit (dossier MC-1) en Anna van Dijk - de Vries (dossier Z-1) zijn niet dezelfde persoon"
    assert shown.count(told) >= 2  # as a reason and in the list
    assert "Besluit van dirk, 5 jan 2026 10:05: “ twee vrouwen”" in shown
    assert "<b>twee" not in text
    assert "van kracht" in shown
    desk.show(decided_family(label=2, minutes=9, withdrawn=True, why="toch niet"))
    shown = plain(browser.get(PAGE).text)
    assert "teruggenomen" in shown
    assert "Teruggenomen door dirk, 5 jan 2026 10:09: “toch niet”" in shown
    assert "Neem dit besluit terug" not in shown


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("words", [NL, EN], ids=["nl", "en"])
def test_every_decision_and_effect_has_words(kind: Kind, effect: Effect, words: Words) -> None:
    one, other = named(ZCD, "1", "p-noor"), named(MENSCENTRAAL, "7", "u-x", confirmed=False)
    two = kind in (Kind.SAME_PERSON, Kind.DIFFERENT_PERSON, Kind.SAME_HOUSEHOLD)
    changed: dict[str, Any] = {"doubted": other} if kind is Kind.DIFFERENT_PERSON else {}
    decisions, entries = [], []
    if kind is Kind.SNOOZE:
        entries = [snooze_entry(Snooze.model_validate(POINT))]
    elif kind is Kind.DIRECTION:
        entries = [direction_entry("Anna Smit")]
    elif kind in ON_DOSSIERS:
        entries = [opening_entry(kind)]
    else:
        decisions = [(effect.value, packed(kind, one, other if two else None, **changed))]
    stated = dossier(ZCD, [member("1", "p-noor")])
    parts = composition(HOME, [stated], members=[Line(ZCD, "1", "p-noor")], decisions=decisions)
    found = build(decode(view(HOME, parts, entries=entries)).value)
    assert found is not None
    (told,) = Reasons(words, found).decisions()
    unnamed = (Kind.SNOOZE, Kind.EMERGENCY, Kind.EMERGENCY_REVIEW)
    assert ("Anna Smit" in told.what) == (kind not in unnamed)
    assert ("MC-1" in told.what) == two
    without = (Effect.IDLE, Effect.CONTRADICTED, *([Effect.APPLIED] if kind is Kind.LIVES_ELSEWHERE else []))
    assert bool(told.effect_why) == (kind not in ON_DOSSIERS and effect in without), "she is at home here"
    assert "{" not in f"{told.what}{told.by}{told.effect_why}"


@pytest.mark.parametrize("at_home", [True, False])
def test_a_decision_that_another_one_overtook_is_not_said_to_be_in_force(at_home: bool) -> None:
    """That she lives here was decided before somebody decided that she lives in another dossier."""
    here = packed(Kind.LIVES_HERE, named(ZCD, "2", "p-anna"))
    stated = dossier(ZCD, [member("1", "p-noor"), member("2", "p-anna", role="mother")])
    noor, anna = Line(ZCD, "1", "p-noor"), Line(ZCD, "2", "p-anna")
    lists: dict[str, Any] = {"members": [noor, anna]} if at_home else {"members": [noor], "conflicts": [anna]}
    found = build(decode(view(HOME, composition(HOME, [stated], decisions=[("applied", here)], **lists))).value)
    assert found is not None
    (told,) = Reasons(NL, found).decisions()
    assert (told.in_force, told.effect) == (at_home, "applied" if at_home else "overtaken")
    assert ("Een later besluit gaat voor" in told.effect_why) != at_home


def test_every_reason_has_words() -> None:
    reasons = {
        "same_number", "lives_together", "client", "foreign_dossier", "later_address", "left_behind",
        "stated_elsewhere", "two_numbers", "contradicted", "too_large",
    }  # fmt: skip
    assert {key.removeprefix("reason.") for key in TEXTS if key.startswith("reason.")} == reasons


def test_every_field_has_a_label_and_every_id_is_used_once(desk: Desk, browser: TestClient) -> None:
    desk.show(decided_family())
    found = _Form(browser.get(PAGE).text)
    posting = [form for form in found.forms if "besluiten" in (form["action"] or "")]
    assert len(posting) >= 3
    assert all(form["method"] == "post" for form in posting)
    assert [field for field in found.fields if field.get("id") not in found.labels] == []
    assert len(set(found.ids)) == len(found.ids)
    assert found.labels <= set(found.ids)
    assert found.legends == found.fieldsets == 2
    described = {field["aria-describedby"] for field in found.fields if "aria-describedby" in field}
    assert described <= set(found.ids)
    named_by = {form["aria-labelledby"] for form in found.forms if "aria-labelledby" in form}
    assert named_by <= set(found.ids)
    assert {ANNA, OMA} <= set(found.options)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (SAME, "same_person"),
        (SAME | {"doubted": "other"}, "same_person"),
        (SAME | {"kind": "different_person", "doubted": "other"}, "different_person"),
        (SAME | {"kind": "same_household"}, "same_household"),
        ({"kind": "lives_here", "line": OMA, "why": "w"}, "lives_here"),
        ({"kind": "lives_elsewhere", "line": OMA, "why": "w"}, "lives_elsewhere"),
        ({"kind": "snooze", "why": "w", **POINT}, "snooze"),
    ],
)
def test_a_form_decides_and_leads_back_with_a_message(
    form: dict[str, str], kind: str, home: str, desk: Desk, browser: TestClient
) -> None:
    answer = browser.post(FORM, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?vastgelegd=true")
    assert decision_of(decode(desk.sent[0].value).value).kind == kind
    shown = browser.get(answer.headers["location"]).text
    assert "Het duurt even" in shown
    assert "Het duurt even" not in browser.get(PAGE).text


def test_a_form_takes_back(desk: Desk, browser: TestClient) -> None:
    desk.show(decided_family())
    text = browser.get(PAGE).text
    (action,) = re.findall(r'action="([^"]+/intrekking)"', text)
    (version,) = re.findall(r'name="version" value="(\d+)"', text)
    answer = browser.post(action, data={"why": "Vergissing.", "version": version})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?vastgelegd=true")
    assert decision_of(decode(desk.sent[0].value).value).withdrawn
    again = browser.post(action, data={"why": "Vergissing.", "version": "1"})
    assert (again.status_code, "nieuwer besluit" in again.text) == (409, True)
    assert browser.post(f"{FORM}/B0/intrekking", data={"why": "w"}).status_code == 404
    assert browser.post(action, data={}).status_code == 400


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"why": " "}, 400, "zeg waarom"),
        ({"why": "w" * 2001}, 400, "zeg waarom"),
        ({"why": f"BSN {KNOWN_BSN}"}, 400, "staat een BSN"),
        ({"kind": "x"}, 400, "zeg waarom"),
        ({"other": ANNA}, 400, "twee verschillende"),
        ({"other": ""}, 400, "twee verschillende"),
        ({"other": "onzin"}, 400, "twee verschillende"),
        ({"other": "[1,2,3,4]"}, 400, "twee verschillende"),
        ({"other": "[" * 5000}, 400, "twee verschillende"),
        ({"other": "[[],[],[],[]]"}, 400, "twee verschillende"),
        ({"line": json.dumps(["zcd", "Z-1", "9", "p-anna"])}, 409, "staat niet (meer) in dat dossier"),
        ({"line": json.dumps(["zcd", "Z-1", "2", "p-bea"])}, 409, "iemand anders"),
        ({"kind": "snooze"}, 400, "Er is niets vastgelegd"),
    ],
)
def test_what_is_wrong_is_said_on_the_page_and_what_was_typed_is_kept(
    changed: dict[str, str], status: int, words: str, home: str, desk: Desk, browser: TestClient
) -> None:
    answer = browser.post(FORM, data=SAME | changed)
    assert answer.status_code == status
    assert words in html.unescape(answer.text)
    assert 'role="alert"' in answer.text
    assert desk.sent == []
    if "why" not in changed:
        assert "Paspoort gezien.</textarea>" in answer.text
    assert f'href="{PAGE}?taal=en"' in answer.text


def test_a_log_that_does_not_answer_is_said_without_certainty(home: str, desk: Desk, browser: TestClient) -> None:
    desk.log_fails = LogUnavailable()
    answer = browser.post(FORM, data=SAME)
    assert (answer.status_code, "niet zeker" in answer.text) == (503, True)


def test_what_cannot_be_logged_is_not_decided(home: str, desk: Desk, browser: TestClient) -> None:
    desk.looks_path.unlink()
    assert browser.post(FORM, data=SAME).status_code == 503
    assert desk.sent == []


def test_operations_post_nothing(home: str, desk: Desk, nobody: TestClient) -> None:
    assert log_in(nobody, OPERATOR).post(FORM, data=SAME).status_code == 403
    assert desk.sent == []
    assert looks(desk)[-1]["action"] == "decide"


def test_nobody_posts_without_a_session(home: str, desk: Desk, nobody: TestClient) -> None:
    assert nobody.post(FORM, data=SAME).status_code == 401
    assert desk.sent == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_decides_nothing(site: str, home: str, desk: Desk, browser: TestClient) -> None:
    assert browser.post(FORM, data=SAME, headers={"Sec-Fetch-Site": site}).status_code == 400
    assert desk.sent == []
    assert browser.post(FORM, data=SAME, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_the_longest_reason_fits_in_a_form(home: str, desk: Desk, browser: TestClient) -> None:
    assert browser.post(FORM, data=SAME | {"why": "🙂" * 2000}).status_code == 303
    assert len(decision_of(decode(desk.sent[0].value).value).why) == 2000


def test_a_household_that_is_not_there_is_refused_like_one_of_others(browser: TestClient) -> None:
    assert browser.post("/huishoudens/H0/besluiten", data={}).status_code == 403
