"""Every page, in both languages and both sizes, without a violation that axe-core can find; and as a keyboard and a
magnifier use it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import machine
from tests.browser.conftest import SHOTS, log_in
from tests.browser.test_pages import NOT_WIDER
from tests.desk.conftest import KIM, LEADER, OPERATOR, Desk
from tests.desk.decisions import decision_entry
from tests.desk.family import HOME
from tests.desk.test_sight import consent, taken, the_family

NARROWEST = 320
"""In CSS pixels: WCAG 2.2, 1.4.10."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {
    "mine": (KIM, "/huishoudens"),
    "all": (KIM, "/huishoudens?wie=all"),
    "filtered": (KIM, "/huishoudens?wie=all&regel=no_shows"),
    "household": (KIM, f"/huishoudens/{HOME}"),
    "candidates": (KIM, f"/huishoudens/{HOME}/kandidaten"),
    "looks": (KIM, f"/huishoudens/{HOME}/inzagen"),
    "meeting-ask": (KIM, f"/huishoudens/{HOME}/bespreking"),
    "search": (KIM, "/zoeken"),
    "missing": (KIM, "/huishoudens/H0"),
    "team": (LEADER, "/team"),
    "requests": (LEADER, "/aanvragen"),
    "requests-none": (LEADER, "/aanvragen?toestand=ended"),
    "requests-mine": (KIM, "/aanvragen"),
    "sources": (OPERATOR, "/bronnen"),
    "console": (OPERATOR, "/beheer"),
    "console-source": (OPERATOR, "/beheer/bronnen/zcd?terug=reset_epoch"),
    "console-elsewhere": (OPERATOR, "/beheer/bronnen/menscentraal"),
    "console-letters": (OPERATOR, "/beheer/onleesbaar"),
    "console-letter": (OPERATOR, "/beheer/onleesbaar/een?bron=zcd&plaats=4"),
    "refused": (OPERATOR, "/huishoudens"),
}


def violations(page: Page) -> list[str]:
    """What axe-core finds, one line each. Its script is run by the tool that drives the browser, past the page's own
    policy, which lets in no script but ours."""
    page.evaluate(machine.axe().read_text())
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", RULES
    )
    return [
        f"{item['id']}: {node['target']} {node['html'][:120]}" for item in found["violations"] for node in item["nodes"]
    ]


def open_all(page: Page) -> None:
    """Also what is folded away must be right."""
    page.evaluate("document.querySelectorAll('details').forEach(item => { item.open = true; })")


OPENINGS = {
    "withheld": ("youth", f"/huishoudens/{HOME}"),
    "consent": ("adult", f"/huishoudens/{HOME}/toestemming"),
    "take-emergency": ("stranger", "/noodtoegang"),
    "no-relation": ("stranger", f"/huishoudens/{HOME}"),
    "under-way": ("adult", f"/huishoudens/{HOME}"),
    "reviews": ("safety", "/noodtoegangen"),
}
"""Pages of a desk at which nobody sees everything."""


@pytest.mark.parametrize("page", ["desk", pytest.param("phone", marks=pytest.mark.drill)], indirect=True)
@pytest.mark.parametrize("language", ["nl"])
def test_axe_finds_no_violation_where_something_is_withheld(
    page: Page, at_units: str, divided: Desk, shots: Path, language: str
) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    in_emergency = [decision_entry(taken(user=user), minutes=7 + n) for n, user in enumerate(("adam", "sofie"))]
    found: list[str] = []
    who = ""
    for name, (token, path) in OPENINGS.items():
        if token != who:
            page.context.clear_cookies()
            log_in(page, at_units, token)
            who = token
        if name == "under-way":
            divided.show(the_family(*in_emergency, consent()))
        page.goto(f"{at_units}{path}?taal={language}")
        if os.environ.get(SHOTS):
            page.screenshot(path=shots / f"page-{name}-{language}-{width}.png", full_page=True)
        open_all(page)
        found += [f"{name} {line}" for line in violations(page)]
        assert page.evaluate(NOT_WIDER), name
        if name in ("consent", "reviews", "take-emergency"):
            page.evaluate("document.querySelectorAll('main form').forEach(form => { form.noValidate = true; })")
            page.locator("main form").first.get_by_role("button").click()
            expect(page.get_by_role("alert")).to_be_visible()
            found += [f"{name} with errors {line}" for line in violations(page)]
    divided.show(the_family())
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("page", ["phone", pytest.param("desk", marks=pytest.mark.drill)], indirect=True)
@pytest.mark.parametrize("language", ["nl", pytest.param("en", marks=pytest.mark.drill)])
def test_axe_finds_no_violation_on_any_page(page: Page, address: str, shots: Path, language: str) -> None:
    width = page.viewport_size["width"] if page.viewport_size else 0
    found: list[str] = []
    page.goto(f"{address}/inloggen?taal={language}")
    found += [f"login {line}" for line in violations(page)]
    who = ""
    for name, (token, path) in PAGES.items():
        if token != who:
            page.context.clear_cookies()
            log_in(page, address, token)
            who = token
        page.goto(f"{address}{path}{'&' if '?' in path else '?'}taal={language}")
        assert page.locator("html").get_attribute("lang") == language
        if os.environ.get(SHOTS):
            page.screenshot(path=shots / f"page-{name}-{language}-{width}.png", full_page=True)
        open_all(page)
        found += [f"{name} {line}" for line in violations(page)]
        assert page.evaluate(NOT_WIDER), name
    assert found == [], "\n".join(found)


def test_the_meeting_and_errors_in_forms_are_right_too(page: Page, address: str, shots: Path) -> None:
    log_in(page, address, KIM)
    page.goto(f"{address}/huishoudens/{HOME}/bespreking")
    page.get_by_role("button", name="Maak de pagina").click()
    expect(page.get_by_role("alert")).to_contain_text("Kies ten minste één")
    assert violations(page) == []
    page.get_by_label("collega van jeugd").check()
    page.get_by_role("button", name="Maak de pagina").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Casusbespreking")
    assert violations(page) == []
    page.emulate_media(media="print")
    page.screenshot(path=shots / "meeting-printed.png", full_page=True)
    expect(page.locator("header.top")).to_be_hidden()


def test_at_200_percent_nothing_is_cut_off(page: Page, address: str) -> None:
    """Twice as large letters in the same window: half as many of them beside each other."""
    size = page.viewport_size
    assert size is not None
    log_in(page, address, KIM)
    page.set_viewport_size({"width": max(NARROWEST, size["width"] // 2), "height": size["height"] // 2})
    for path in ("/huishoudens?wie=all", f"/huishoudens/{HOME}", "/zoeken"):
        page.goto(f"{address}{path}")
        assert page.evaluate(NOT_WIDER), path


def test_the_keyboard_goes_in_the_order_of_the_screen_and_shows_where_it_is(page: Page, address: str) -> None:
    log_in(page, address, KIM)
    page.goto(f"{address}/huishoudens/{HOME}")
    seen: list[str] = []
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim()"))
        style = page.evaluate("(e => getComputedStyle(e).outlineStyle)(document.activeElement)")
        assert style != "none", seen
    wanted = ["Naar de inhoud", "Huishoudens", "Zoeken", "Bronnen", "Regie overnemen of overdragen"]
    assert [text for text in seen if text in wanted] == wanted
