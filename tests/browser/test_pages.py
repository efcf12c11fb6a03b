from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import log_in
from tests.desk.conftest import OPERATOR
from tests.desk.family import HOME

NOT_WIDER = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
CONTRAST = """() => {
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const found = parts(getComputedStyle(node).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.getClientRects().length) continue;
    const [a, b] = [light(parts(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push(walk.currentNode.data.trim() + ' ' + ratio.toFixed(2));
  }
  return poor;
}"""


def assert_decent(page: Page, shots: Path, name: str) -> None:
    """It fits the screen, text stands out, one main heading, landmarks, and no table cell without its heading."""
    page.screenshot(
        path=shots / f"{name}-{page.viewport_size['width'] if page.viewport_size else 0}.png", full_page=True
    )
    assert page.evaluate(NOT_WIDER), name
    assert page.evaluate(CONTRAST) == [], name
    assert page.locator("h1").count() == 1
    for landmark in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    assert page.locator("td:not([data-label])").count() == 0


def test_a_director_logs_in_and_reads_a_household(page: Page, address: str, shots: Path) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    outside: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(address) else outside.append(request.url))
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Inloggen")
    assert_decent(page, shots, "login")
    log_in(page, address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Mijn huishoudens")
    page.get_by_role("link", name="Alle huishoudens").first.click()
    expect(page.get_by_text("40 huishoudens")).to_be_visible()
    assert_decent(page, shots, "overview")
    page.get_by_role("link", name="de Vries / van Dijk").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("de Vries")
    expect(page.get_by_text("Anna van Dijk - de Vries").first).to_be_visible()
    assert_decent(page, shots, "household")
    page.get_by_role("link", name="Bekijk wie dit huishouden heeft ingezien").click()
    expect(page.get_by_role("cell", name="inzagen bekeken").first).to_be_visible()
    assert_decent(page, shots, "looks")
    assert (errors, outside) == ([], [])


def test_the_language_is_switched_and_kept(page: Page, address: str, shots: Path) -> None:
    log_in(page, address)
    page.get_by_role("link", name="EN", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My households")
    page.goto(f"{address}/huishoudens/{HOME}")
    expect(page.get_by_role("heading", name="Who is involved").first).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"
    assert_decent(page, shots, "household-en")


def test_a_director_decides_by_a_form_and_it_fits_the_screen(page: Page, address: str, shots: Path) -> None:
    log_in(page, address)
    page.goto(f"{address}/huishoudens/{HOME}")
    page.get_by_text("Leg een besluit vast").click()
    assert_decent(page, shots, "decide")
    form = page.get_by_role("form", name="Over twee personen")
    form.get_by_label("Dit is dezelfde persoon").check()
    form.get_by_label("Eerste", exact=True).select_option(
        label="Mia Smit – dossier MC-1, regel 2, MensCentraal (volwassenen)"
    )
    form.get_by_label("Tweede", exact=True).select_option(index=1)
    form.get_by_role("button", name="Vastleggen").click()
    expect(form.get_by_label("Waarom")).to_be_focused()  # the browser asks for a reason before anything is sent
    form.get_by_label("Waarom").fill("Paspoort gezien.")
    form.get_by_role("button", name="Vastleggen").click()
    expect(page.get_by_role("status")).to_contain_text("Vastgelegd")
    assert page.url.startswith(f"{address}/huishoudens/{HOME}?")
    assert_decent(page, shots, "decided")


def test_a_search_finds_a_household_and_leaves_no_trace_in_the_address(page: Page, address: str, shots: Path) -> None:
    log_in(page, address)
    page.get_by_role("link", name="Zoeken", exact=True).click()
    page.get_by_label("Naam", exact=True).fill("noor")
    page.get_by_role("button", name="Zoeken").click()
    expect(page.get_by_role("link", name="de Vries / van Dijk")).to_be_visible()
    assert page.url == f"{address}/zoeken"
    assert_decent(page, shots, "search")


def test_operations_see_the_sources_and_no_household(page: Page, address: str, shots: Path) -> None:
    log_in(page, address, OPERATOR)
    expect(page.get_by_role("heading", level=1)).to_have_text("Beheer")
    page.get_by_role("link", name="Bronnen", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bronnen")
    assert_decent(page, shots, "sources")
    page.goto(f"{address}/huishoudens/{HOME}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Geen toegang")
    assert_decent(page, shots, "refused")


def test_the_keyboard_reaches_the_content_first(page: Page, address: str) -> None:
    log_in(page, address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Mijn huishoudens")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Naar de inhoud")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_page_is_styled_and_only_a_household_runs_a_script_of_ours(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    assert "default-src 'none'" in (answer.header_value("content-security-policy") or "")
    colour = page.evaluate("getComputedStyle(document.querySelector('header.top')).backgroundColor")
    assert colour == "rgb(11, 74, 87)"
    assert page.locator("script").count() == 0
