"""The normal way in and out, by the demo's provider, in a browser that holds us to our own policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hub.desk import database
from tests.browser.test_pages import assert_decent
from tests.desk.conftest import AppOf, Desk, app_of
from tests.desk.identity import House, housing

__all__ = ["app_of"]


@pytest.fixture
def house(tmp_path: Path, app_of: AppOf) -> Iterator[House]:
    """A desk and its provider."""
    desk = Desk(database.open_engine(f"sqlite:///{tmp_path / 'desk.sqlite'}"), tmp_path / "looks.jsonl")
    with housing(desk, app_of) as found:
        yield found
    desk.log.close()
    desk.engine.dispose()


def test_somebody_logs_in_by_the_provider_and_out_again(house: House, page: Page, shots: Path) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{house.url}/zoeken")
    assert_decent(page, shots, "login")
    page.get_by_role("link", name="Inloggen", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wie bent u?")
    assert page.url.startswith(house.identity.config.issuer)
    page.screenshot(path=shots / "provider.png")
    page.get_by_role("button", name="Dirk de Wit").click()
    page.wait_for_url(f"{house.url}/zoeken")
    page.get_by_label("Naam", exact=True).fill("noor")
    page.get_by_role("button", name="Zoeken").click()
    expect(page.get_by_text("Geen huishouden gevonden")).to_be_visible()
    page.get_by_role("button", name="Uitloggen").click()
    page.wait_for_url(f"{house.url}/inloggen")
    assert house.look()["reason"] == "logged_out"
    page.goto(f"{house.url}/huishoudens")
    expect(page.get_by_role("heading", level=1)).to_have_text("Inloggen")
    assert errors == []


def test_somebody_without_a_role_reads_why(house: House, page: Page, shots: Path) -> None:
    page.goto(f"{house.url}/inloggen")
    page.get_by_role("link", name="Inloggen", exact=True).click()
    page.get_by_role("button", name="gast", exact=False).click()
    expect(page.get_by_role("alert")).to_contain_text("geen rol in Regiehub")
    assert_decent(page, shots, "login-refused")


def test_the_providers_page_can_be_used_with_the_keyboard_alone(house: House, page: Page) -> None:
    page.goto(f"{house.url}/inloggen/begin")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Dirk de Wit")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{house.url}/huishoudens")
