"""What people come for, done in a real browser, per role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hub.events.codec import decode
from hub.events.decisions import decision_of
from hub.ops.picture import picture
from tests.browser.conftest import log_in
from tests.browser.town import busy_family
from tests.desk.conftest import KIM, LEADER, NOW, OPERATOR, Desk
from tests.desk.decisions import decision_entry, sent_entries
from tests.desk.family import HOME
from tests.desk.test_console import COMPLETE, seen, status
from tests.desk.test_sight import taken, the_family

ON_FIRST_SCREEN = "selector => document.querySelector(selector).getBoundingClientRect().bottom <= window.innerHeight"
LABELS = count(10)
"""A later view of the family has a greater label."""
BLOCKS = ("director", "stuck", "involved-now", "blind")


@pytest.fixture(autouse=True)
def as_before(desk: Desk) -> Iterator[None]:
    """Each task leaves the family as it found it."""
    yield
    desk.show(busy_family(label=next(LABELS)))


def shot(page: Page, shots: Path, name: str) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.screenshot(path=shots / f"task-{name}-{width}.png")


def test_a_director_finds_a_household_and_reads_it_off_the_first_screen(page: Page, address: str, shots: Path) -> None:
    log_in(page, address, KIM)
    page.get_by_role("link", name="de Vries / van Dijk").click()
    shot(page, shots, "first-screen")
    for name in BLOCKS:
        assert page.evaluate(ON_FIRST_SCREEN, f'[aria-labelledby="{name}"]'), name
    director = page.get_by_role("region", name="Casusregisseur")
    expect(director).to_contain_text("2 casusregisseurs tegelijk")
    expect(director.get_by_role("link", name="010-0000002")).to_be_visible()
    involved = page.get_by_role("region", name="Nu betrokken")
    for who in ("Kim Bakker", "Lotte Jansen", "Piet Jansen"):
        expect(involved.get_by_text(who)).to_be_visible()
    stuck = page.get_by_role("region", name="Wat staat stil, bij wie")
    expect(stuck).to_contain_text("Signaal over de veiligheid van een kind")
    expect(stuck).to_contain_text("Aan zet")
    expect(page.get_by_role("region", name="Wat hier niet te zien is")).to_contain_text("Mia Smit is niet bevestigd")


def test_a_request_is_seen_to_go_from_investigated_to_granted(
    page: Page, address: str, desk: Desk, shots: Path
) -> None:
    log_in(page, address, KIM)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/huishoudens/{HOME}")
    requests = page.get_by_role("region", name="Aanvragen voor hulp")
    expect(requests).to_contain_text("in onderzoek")
    page.locator("summary").filter(has_text="Regie overdragen").click()
    typed = page.get_by_role("form", name="Regie overdragen").get_by_label("Naam")
    typed.fill("Lea Vos")
    desk.show(busy_family("granted", label=next(LABELS)))
    expect(requests).not_to_contain_text("in onderzoek")
    expect(requests.get_by_text("toegewezen", exact=True).first).to_be_visible()
    expect(page.get_by_text("Deze pagina is bijgewerkt.")).to_have_count(1)
    expect(typed).to_have_value("Lea Vos")  # whoever is writing keeps what he has written
    requests.scroll_into_view_if_needed()
    shot(page, shots, "live")
    assert errors == []


def test_a_director_hands_over_and_can_take_it_back(page: Page, address: str, desk: Desk, shots: Path) -> None:
    log_in(page, address, KIM)
    page.goto(f"{address}/huishoudens/{HOME}")
    page.get_by_role("link", name="Regie overnemen of overdragen").click()
    page.locator("summary").filter(has_text="Regie overdragen").click()
    form = page.get_by_role("form", name="Regie overdragen")
    form.get_by_label("Naam").fill("Lea Vos")
    form.get_by_label("Telefoon").fill("06-12345678")
    form.get_by_label("Team").select_option("adult")
    form.get_by_label("Waarom").fill("Afgesproken in het overleg.")
    shot(page, shots, "hand-over")
    form.get_by_role("button", name="Regie overdragen").click()
    expect(page.get_by_role("status").filter(has_text="Vastgelegd")).to_be_visible()
    said = decision_of(decode(desk.sent[-1].value).value).direction
    assert said is not None
    assert (said.name, said.phone, said.unit) == ("Lea Vos", "06-12345678", "adult")
    desk.show(busy_family(label=next(LABELS), handed_to="Lea Vos"))
    page.goto(f"{address}/huishoudens/{HOME}")
    expect(page.get_by_role("region", name="Casusregisseur")).to_contain_text("Lea Vos")
    decisions = page.get_by_role("region", name="Waarom één huishouden")
    decisions.get_by_text("Terugnemen", exact=False).first.click()
    decisions.get_by_role("form", name="Neem dit besluit terug").get_by_label("Waarom").fill("Toch niet.")
    decisions.get_by_role("button", name="Neem dit besluit terug").click()
    expect(page.get_by_role("status").filter(has_text="Vastgelegd")).to_be_visible()
    assert decision_of(decode(desk.sent[-1].value).value).withdrawn


def test_a_stranger_is_refused_and_the_refusal_stands_in_the_log(page: Page, address: str, shots: Path) -> None:
    log_in(page, address, OPERATOR)
    page.goto(f"{address}/huishoudens/{HOME}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Geen toegang")
    shot(page, shots, "refused")
    page.context.clear_cookies()
    log_in(page, address, KIM)
    page.goto(f"{address}/huishoudens/{HOME}/inzagen")
    refused = page.get_by_role("row").filter(has_text="olga").filter(has_text="geweigerd")
    expect(refused.first).to_contain_text("huishouden bekeken")
    shot(page, shots, "refusal-logged")


@pytest.fixture
def as_divided(divided: Desk) -> Iterator[None]:
    """Each task finds the family of the two units as it was, and nothing sent."""
    divided.sent.clear()
    divided.show(the_family())
    yield


@pytest.mark.usefixtures("as_divided")
def test_a_youth_worker_sees_only_that_an_adult_worker_helps_and_in_an_emergency_what(
    page: Page, at_units: str, divided: Desk, shots: Path
) -> None:
    log_in(page, at_units, "youth")
    page.goto(f"{at_units}/huishoudens/{HOME}")
    for name in BLOCKS:
        assert page.evaluate(ON_FIRST_SCREEN, f'[aria-labelledby="{name}"]'), name
    expect(page.get_by_role("region", name="Nu betrokken").get_by_text("Adam Oud")).to_be_visible()
    expect(page.get_by_text("schulden op een rij")).to_have_count(0)
    shot(page, shots, "withheld")
    page.get_by_role("link", name="Waarom, en wat u kunt doen").click()
    more = page.get_by_role("region", name="Er is meer dan u hier ziet")
    expect(more).to_contain_text("omdat dit dossier van de hulp aan volwassenen is, en u van jeugd bent")
    expect(more.get_by_role("link", name="010-0000001")).to_be_visible()
    more.locator("summary").click()
    expect(more).to_contain_text("De aandachtsfunctionaris krijgt het meteen te zien")
    more.get_by_role("button", name="Noodtoegang nemen voor 4 uur").click()
    expect(more.get_by_label("Waarom is het nodig?")).to_be_focused()  # nothing is taken without a reason
    more.get_by_label("Waarom is het nodig?").fill("Kind alleen thuis, moeder onbereikbaar.")
    shot(page, shots, "emergency-asked")
    more.get_by_role("button", name="Noodtoegang nemen voor 4 uur").click()
    expect(page.get_by_role("status").filter(has_text="Vastgelegd")).to_be_visible()
    divided.show(the_family(*sent_entries(divided.sent)))
    page.goto(f"{at_units}/huishoudens/{HOME}")
    expect(page.get_by_role("note")).to_contain_text("Noodtoegang tot dossier MC-1, tot 17:00 Nog 4 uur.")
    expect(page.get_by_text("schulden op een rij").first).to_be_visible()
    shot(page, shots, "emergency")
    page.context.clear_cookies()
    log_in(page, at_units, "safety")
    page.get_by_role("link", name="Noodtoegang 1 te beoordelen").click()
    review = page.get_by_role("region", name="yara zag dossier MC-1")
    expect(review).to_contain_text("Kind alleen thuis, moeder onbereikbaar.")
    expect(review).to_contain_text("huishouden bekeken")
    review.get_by_label("Niet terecht").check()
    review.get_by_label("Waarom").fill("Een collega was bereikbaar.")
    shot(page, shots, "review")
    review.get_by_role("button", name="Oordeel vastleggen").click()
    expect(page.get_by_role("status")).to_contain_text("Uw oordeel is vastgelegd")
    divided.show(the_family(*sent_entries(divided.sent)))
    page.goto(f"{at_units}/noodtoegangen")
    expect(page.get_by_role("heading", name="Er is niets te beoordelen")).to_be_visible()


@pytest.mark.usefixtures("as_divided")
def test_whoever_has_emergency_access_ends_it_with_one_press(page: Page, at_units: str, divided: Desk) -> None:
    divided.show(the_family(decision_entry(taken(user="yara"), minutes=7)))
    log_in(page, at_units, "youth")
    page.goto(f"{at_units}/huishoudens/{HOME}")
    page.get_by_role("note").get_by_role("button").click()
    expect(page.get_by_role("status").filter(has_text="Vastgelegd")).to_be_visible()
    assert decision_of(decode(divided.sent[-1].value).value).withdrawn


@pytest.mark.usefixtures("as_divided")
def test_consent_is_recorded_and_withdrawn_without_script(page: Page, at_units: str, divided: Desk) -> None:
    assert page.context.browser is not None
    context = page.context.browser.new_context(java_script_enabled=False, viewport=page.viewport_size, locale="nl-NL")
    plain = context.new_page()
    log_in(plain, at_units, "adult")
    plain.goto(f"{at_units}/huishoudens/{HOME}")
    plain.get_by_role("link", name="Toestemming vastleggen").click()
    plain.get_by_label("Anna van Dijk").check()
    plain.get_by_label("wie het gezag heeft", exact=True).check()
    plain.get_by_role("radio", name="Alleen deze leefgebieden:").check()
    plain.get_by_label("Financiën").check()
    plain.get_by_label("Tot en met").fill("2026-12-31")
    plain.get_by_label("Hoe is de toestemming gegeven?").fill("Gezegd in het gesprek thuis.")
    plain.get_by_role("button", name="Toestemming vastleggen").click()
    expect(plain.get_by_role("group", name="Wie gaf de toestemming?")).to_contain_text("staat wie haar moet geven")
    plain.get_by_label("de persoon zelf", exact=True).check()
    plain.get_by_label("wie het gezag heeft", exact=True).uncheck()
    plain.get_by_role("button", name="Toestemming vastleggen").click()
    expect(plain.get_by_role("status").filter(has_text="Vastgelegd")).to_be_visible()
    divided.show(the_family(*sent_entries(divided.sent)))
    plain.goto(f"{at_units}/huishoudens/{HOME}")
    openings = plain.get_by_role("region", name="Toestemming en noodtoegang")
    expect(openings).to_contain_text("Anna van Dijk - de Vries vindt goed")
    openings.locator("summary").filter(has_text="Toestemming intrekken").click()
    openings.get_by_label("Waarom").fill("Zij wil het niet meer.")
    openings.get_by_role("button", name="Toestemming intrekken").click()
    assert decision_of(decode(divided.sent[-1].value).value).withdrawn
    context.close()


def test_a_team_leader_sees_who_waits(page: Page, address: str, shots: Path) -> None:
    log_in(page, address, LEADER)
    expect(page.get_by_role("heading", level=1)).to_have_text("Team")
    expect(page.get_by_role("heading", name="Wacht op eerste contact (40)")).to_be_visible()
    shot(page, shots, "team")


def test_without_script_the_page_works_all_the_same(page: Page, address: str, desk: Desk) -> None:
    size = page.viewport_size
    assert page.context.browser is not None and size is not None
    context = page.context.browser.new_context(java_script_enabled=False, viewport=size, locale="nl-NL")
    plain = context.new_page()
    log_in(plain, address, KIM)
    plain.goto(f"{address}/huishoudens/{HOME}")
    expect(plain.get_by_role("region", name="Aanvragen voor hulp")).to_contain_text("in onderzoek")
    context.close()


def test_operations_see_live_that_all_is_well_again_and_keep_their_place(page: Page, address: str, desk: Desk) -> None:
    before = desk.picture
    assert before is not None
    log_in(page, address, OPERATOR)
    expect(page.get_by_role("heading", level=1)).to_have_text("Beheer")
    expect(page.get_by_role("region", name="De weg van bron naar beeld")).to_contain_text("loopt achter")
    page.get_by_role("region", name="Hoe vers is wat men ziet").get_by_role(
        "link", name="ZCD (jeugd)", exact=True
    ).focus()
    desk.picture = picture(seen(status(completeness=COMPLETE), at=NOW + timedelta(seconds=1)))
    try:
        expect(page.get_by_role("region", name="Wat er is")).to_contain_text("Alles wat de bronnen meldden, is te zien")
        expect(page.get_by_role("region", name="De weg van bron naar beeld")).not_to_contain_text("loopt achter")
        expect(page.locator(":focus")).to_have_text("ZCD (jeugd)")
    finally:
        desk.picture = before
