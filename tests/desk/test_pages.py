from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from fastapi.testclient import TestClient

from hub.desk.login.sessions import form_token
from hub.desk.pages import FORM_TOKEN_HEADER
from hub.desk.projector import Consumed, apply_list
from hub.desk.site import SESSION_COOKIE
from hub.desk.translations import LANGUAGES, TEXTS, code, text
from hub.desk.words import Words
from hub.events.codec import decode
from hub.events.records import RecordType
from hub.events.topics import DEAD_LETTERS, SOURCES
from hub.household.direction import directors
from hub.household.document import build
from tests.desk.conftest import DIRECTOR, KNOWN_BSN, OPERATOR, Desk
from tests.desk.family import direction, family
from tests.desk.views import MENSCENTRAAL, ZCD, dead_letter, entry, one_dossier, source_status

NL, EN = Words("nl", date(2026, 3, 1)), Words("en", date(2026, 3, 1))


def log_in(client: TestClient, token: str) -> TestClient:
    answer = client.post("/inloggen", data={"token": token})
    assert answer.status_code == 303
    client.headers[FORM_TOKEN_HEADER] = form_token(client.cookies[SESSION_COOKIE])
    return client


@pytest.fixture
def browser(nobody: TestClient) -> Iterator[TestClient]:
    """A case director who is logged in on the pages."""
    yield log_in(nobody, DIRECTOR)


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_login_gives_a_cookie_that_no_script_and_no_other_site_can_use(nobody: TestClient) -> None:
    answer = nobody.post("/inloggen", data={"token": DIRECTOR, "naar": "/bronnen"})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert DIRECTOR not in cookie
    assert answer.headers["location"] == "/bronnen"


@pytest.mark.parametrize("elsewhere", ["https://elders.example", "//elders.example", "/\\elders.example", "elders"])
def test_login_leads_to_no_other_site(elsewhere: str, nobody: TestClient) -> None:
    answer = nobody.post("/inloggen", data={"token": DIRECTOR, "naar": elsewhere})
    assert answer.headers["location"] == "/"


def test_a_wrong_token_is_told_and_not_repeated(nobody: TestClient) -> None:
    answer = nobody.post("/inloggen", data={"token": "geheim-woord"})
    assert answer.status_code == 401
    assert "niet geldig" in answer.text
    assert "geheim-woord" not in answer.text
    assert nobody.post("/inloggen", content=b"x" * 20_000).status_code == 401


def test_a_wrong_token_is_logged_as_a_refusal_without_the_token(desk: Desk, nobody: TestClient) -> None:
    nobody.post("/inloggen", data={"token": "geheim-woord"})
    (look,) = desk.operations()
    assert (look["user"], look["action"], look["allowed"], look["reason"]) == ("", "enter", False, "wrong_token")
    assert "geheim-woord" not in desk.looks_path.read_text()


def test_a_wrong_token_that_cannot_be_logged_is_not_answered(desk: Desk, nobody: TestClient) -> None:
    desk.looks_path.mkdir()
    assert nobody.post("/inloggen", data={"token": "geheim-woord"}).status_code == 503


def test_after_log_out_the_session_is_of_no_use(browser: TestClient) -> None:
    kept = dict(browser.cookies)
    assert browser.post("/uitloggen").headers["location"] == "/inloggen"
    browser.cookies.update(kept)
    assert browser.get("/huishoudens").status_code == 303


def test_a_session_cookie_opens_no_api_and_a_token_no_page(browser: TestClient, director: TestClient) -> None:
    assert browser.get("/api/v1/huishoudens").status_code == 401
    assert director.get("/huishoudens").status_code == 303


def test_the_overview_is_empty_at_first(browser: TestClient) -> None:
    assert "Er zijn nog geen huishoudens" in browser.get("/huishoudens?wie=all").text
    assert "U hebt van geen huishouden de regie" in browser.get("/huishoudens").text
    assert "Uw team heeft geen lopende dossiers" in browser.get("/huishoudens?wie=team").text


def test_the_overview_lists_households_and_pages_them(desk: Desk, browser: TestClient) -> None:
    for number in range(26):
        desk.show(one_dossier(ZCD._replace(dossier_id=f"Z-{number:02}"), family_name=f"Naam {number:02}"))
    first, second = (browser.get(f"/huishoudens?wie=all&orde=name{page}").text for page in ("", "&pagina=2"))
    assert "26 huishoudens" in first
    assert "Pagina 1 van 2" in plain(first)
    assert "Naam 24" in first and "Naam 25" not in first
    assert "Naam 25" in second
    assert browser.get("/huishoudens?pagina=0").status_code == 400


def test_a_household_page_shows_all_there_is(home: str, browser: TestClient) -> None:
    shown = plain(browser.get(f"/huishoudens/{home}").text)
    for words in (
        "de Vries / van Dijk - de Vries",
        "Kim Bakker",
        "Regie, nu en eerder",
        "Omar Yilmaz",
        "Bronnen verschillen",
        "Anna van Dijk - de Vries MensCentraal (volwassenen), 5 jan 2026 10:09",
        "ZCD (jeugd), 5 jan 2026 10:03",
        "1 sep 2015 (10 jaar)",
        "1988 (ongeveer 37 jaar)",
        "BSN ontbreekt in de bron",
        "Tom de Vries staat als inwonend in dossier Z-1 van ZCD (jeugd), maar woont op een ander adres:"
        " een latere opgave of een besluit gaat voor.",
        "Van Anna van Dijk - de Vries verschilt het adres tussen de bronnen",
        "schulden op een rij",
        "evaluatie 1 jun 2026",
        "€ 1.234,50",
        "ZRM 2017",
        "Signaal: verzuim, door school, ernst: hoog, kindveiligheid",
        "huisarts, 2 jan 2026",
        "Woont elders",
    ):
        assert words in shown, words
    assert "None" not in shown


def test_nobody_or_two_who_direct_is_said_plainly(desk: Desk, browser: TestClient) -> None:
    home = desk.show(one_dossier())
    assert "Geen casusregisseur vastgelegd" in browser.get(f"/huishoudens/{home}").text
    second = entry(MENSCENTRAAL, RecordType.CASE_DIRECTION, "r2", direction("Omar Yilmaz"))
    desk.show(family(label=2, extra=[second]))
    shown = plain(browser.get(f"/huishoudens/{home}").text)
    assert "2 casusregisseurs tegelijk" in shown


def test_one_director_in_two_sources_is_one() -> None:
    again = entry(MENSCENTRAAL, RecordType.CASE_DIRECTION, "r2", direction(" kim  bakker"))
    document = build(decode(family(extra=[again])[1]).value)
    assert document is not None
    assert directors(document, date(2026, 3, 1)) == ["kim bakker"]
    assert directors(document, date(2026, 1, 4)) == []


def test_text_of_a_source_is_never_markup(desk: Desk, browser: TestClient) -> None:
    home = desk.show(one_dossier(family_name="<script>alert(1)</script>"))
    for path in ("/huishoudens?wie=all", f"/huishoudens/{home}"):
        shown = browser.get(path).text.replace('<script src="/static/live.js" defer></script>', "")
        assert "<script" not in shown
        assert "&lt;script&gt;" in shown


def test_a_search_by_form_finds_and_explains(home: str, browser: TestClient, desk: Desk) -> None:
    assert "de Vries" in browser.post("/zoeken", data={"bsn": KNOWN_BSN}).text
    assert "Geen huishouden gevonden" in browser.post("/zoeken", data={"name": "zzzz"}).text
    for wrong in ({}, {"bsn": "1"}, {"name": "x"}):
        answer = browser.post("/zoeken", data=wrong)
        assert answer.status_code == 400
        assert "ten minste één veld" in answer.text
    assert browser.get("/zoeken").status_code == 200


def test_what_was_searched_for_stands_in_the_fields_again_but_for_a_bsn(home: str, browser: TestClient) -> None:
    typed = {"name": 'zz"<b>', "birth_date": "1990-01-02", "postcode": "3011 AB", "house_number": "4", "bsn": KNOWN_BSN}
    for wrong in ({}, {"house_number": "vier"}):
        text = browser.post("/zoeken", data=typed | wrong).text
        assert 'value="zz&#34;&lt;b&gt;"' in text and 'value="1990-01-02"' in text and 'value="3011 AB"' in text
        assert KNOWN_BSN not in text
    assert ' value="' not in browser.get("/zoeken").text.partition('id="z-naam"')[2].partition("</form>")[0]


def test_whoever_types_a_street_reads_how_an_address_is_found(home: str, browser: TestClient) -> None:
    told = "Een adres zoekt u met postcode en huisnummer. Op straatnaam kan niet"
    for street in ("Coolsingel", "’s-Gravenweg 12", "  Élisabethplein 3"):
        answer = browser.post("/zoeken", data={"postcode": street, "house_number": "40"})
        assert answer.status_code == 400
        assert plain(answer.text).count(told) == 2
        found = browser.post("/zoeken", data={"name": street.strip()})
        assert "Geen huishouden gevonden" in found.text and told in plain(found.text)
    assert plain(browser.post("/zoeken", data={"postcode": "301 AB", "house_number": "1"}).text).count(told) == 1


def test_the_page_of_looks_names_this_look(home: str, browser: TestClient) -> None:
    browser.get("/huishoudens?wie=all")
    shown = plain(browser.get(f"/huishoudens/{home}/inzagen").text)
    assert "dirk casusregisseur inzagen bekeken toegestaan Jeugdwet 7.4.0" in shown
    assert "in een lijst gezien" in shown
    assert "2 inzagen" in shown


def test_the_page_of_looks_says_who_was_refused_and_is_paged(
    home: str, browser: TestClient, operator: TestClient
) -> None:
    operator.get(f"/api/v1/huishoudens/{home}")
    shown = plain(browser.get(f"/huishoudens/{home}/inzagen").text)
    assert "olga beheer huishouden bekeken geweigerd deze rol mag dit niet" in shown
    for _ in range(25):
        browser.get(f"/huishoudens/{home}")
    first = plain(browser.get(f"/huishoudens/{home}/inzagen").text)
    (last,) = re.findall(r"Pagina 1 van (\d)", first)
    assert "olga beheer" not in first
    assert "olga beheer" in plain(browser.get(f"/huishoudens/{home}/inzagen?pagina={last}").text)


def test_english_is_chosen_in_the_address_and_remembered(home: str, browser: TestClient) -> None:
    assert 'lang="en"' in browser.get("/huishoudens?taal=en").text
    shown = browser.get(f"/huishoudens/{home}").text
    assert "Who is involved" in shown
    assert "€1,234.50" in shown
    assert 'lang="nl"' in browser.get("/huishoudens?taal=nl").text
    assert 'lang="nl"' in browser.get("/huishoudens?taal=fr").text


def test_operations_see_sources_and_unreadable_records_and_no_household(
    home: str, desk: Desk, nobody: TestClient
) -> None:
    messages = [
        Consumed(SOURCES, 0, 0, b"zcd", source_status(message="429")),
        Consumed(DEAD_LETTERS, 0, 0, b"zcd", dead_letter(reason="invalid_date")),
    ]
    apply_list(desk.engine, messages, [])
    operator = log_in(nobody, OPERATOR)
    assert operator.get("/").headers["location"] == "/beheer"
    shown = plain(operator.get("/bronnen").text)
    assert "ongeldige datum" in shown
    assert "55 dagen geleden" in shown
    assert "stil heeft zich niet gemeld sinds 5 jan 2026 10:10" in shown
    assert "Huishoudens" not in shown
    answer = operator.get(f"/huishoudens/{home}")
    assert (answer.status_code, "Geen toegang" in answer.text, "Noor" in answer.text) == (403, True, False)


def test_what_the_hub_itself_could_not_read_is_on_the_page(desk: Desk, nobody: TestClient) -> None:
    apply_list(desk.engine, [Consumed(DEAD_LETTERS, 0, 0, b"hub", dead_letter("hub"))], [])
    shown = plain(log_in(nobody, OPERATOR).get("/bronnen").text)
    assert "de hub zelf meldt zich niet nog nooit geen – – 1" in shown
    assert "None" not in shown


def test_a_director_sees_sources_without_unreadable_records(desk: Desk, browser: TestClient) -> None:
    assert "Er heeft zich nog geen bron gemeld" in browser.get("/bronnen").text
    apply_list(desk.engine, [Consumed(SOURCES, 0, 0, b"zcd", source_status())], [])
    assert "Onleesbaar" not in browser.get("/bronnen").text


def test_pages_that_are_not_there_are_decent(browser: TestClient) -> None:
    for path in ("/nergens", "/static/nergens.css"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "Niet gevonden" in answer.text
    assert browser.post("/huishoudens").status_code == 405


def test_a_page_says_that_it_may_be_behind(desk: Desk, browser: TestClient) -> None:
    desk.not_ready = "behind"
    assert "loopt mogelijk achter" in browser.get("/huishoudens").text


def test_a_defect_shows_no_detail(
    desk: Desk, visit: Callable[[str | None], TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("geheim")

    monkeypatch.setattr("hub.desk.readmodel.page", broken)
    monkeypatch.setattr("hub.desk.list_pages.find", broken)
    answer = visit(DIRECTOR).get("/api/v1/huishoudens")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "geheim" not in answer.text
    page = log_in(visit(None), DIRECTOR).get("/huishoudens")
    assert (page.status_code, "Er ging iets mis" in page.text, "geheim" in page.text) == (500, True, False)


def test_every_text_is_there_in_both_languages_with_the_same_blanks() -> None:
    for key, both in TEXTS.items():
        assert len(both) == len(LANGUAGES), key
        assert all(item.strip() for item in both), key
        blanks = [{name for _, name, _, _ in string.Formatter().parse(item) if name} for item in both]
        assert blanks[0] == blanks[1], key
    assert text("en", "count", n=2) == "2 households"
    assert code("nl", "role", "step_mother") == "step mother"


def test_dates_times_ages_and_money_are_said_as_people_say_them() -> None:
    assert [NL.date(item) for item in ("2026-03-05", "2026-03", "2026", None)] == ["5 mrt 2026", "mrt 2026", "2026", ""]
    assert NL.time("2026-07-01T22:30:00.000000Z") == "2 jul 2026 00:30"
    assert EN.time("2026-01-01T23:30:00.000000Z") == "2 Jan 2026 00:30"
    assert [NL.age(item) for item in ("2015-03-01", "2015-03-02", "2015", "2015-02")] == [
        "11 jaar",
        "10 jaar",
        "ongeveer 10 jaar",
        "ongeveer 11 jaar",
    ]
    assert [NL.ago(item) for item in (0.2, 61, 7300, 200_000)] == [
        "0 s geleden",
        "1 min geleden",
        "2 uur geleden",
        "2 dagen geleden",
    ]
    assert NL.money(0) == "€ 0,00"
    assert EN.money(None) == ""
