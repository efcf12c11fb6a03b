"""The desk as a real Chromium sees it: the application on a free port of this machine, with households to show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from hub.connect.ingest.asking import Asking
from hub.connect.ingest.control import Control
from hub.connect.ingest.runner import control_file
from hub.desk import database
from hub.desk.app import create_app
from hub.desk.deciding import Deciding
from hub.desk.projector import Consumed, apply_list
from hub.desk.reading import Reading
from hub.desk.server import listen
from hub.desk.tokens import Tokens
from hub.events.ids import DossierRef, household_id
from hub.events.topics import COMPOSITIONS, DEAD_LETTERS, HOUSEHOLD_RECORDS, RECORDS, SOURCES, VIEWS
from hub.ops.flow import Flow, Hop
from hub.ops.picture import picture
from hub.settings import Settings
from tests import machine
from tests.browser.town import busy_family
from tests.desk.conftest import DIRECTOR, NOW, Desk
from tests.desk.test_console import COMPLETE, seen, status
from tests.desk.test_sight import ACTORS, the_family
from tests.desk.views import Line, composition, dead_letter, dossier, member, one_dossier, source_status, view
from tests.serving import serving

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"phone": (390, 844), "desk": (1280, 800)}
SHOTS = "REGIEHUB_SCREENSHOTS_DIR"
"""Where screenshots go, to be looked at; without it they are thrown away."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with forty households, two sources and two unreadable records."""
    folder = tmp_path_factory.mktemp("desk")
    desk = Desk(database.open_engine(f"sqlite:///{folder / 'desk.sqlite'}"), folder / "looks.jsonl")
    desk.show(busy_family())
    for number in range(3):
        ref = DossierRef("menscentraal", f"MC-{2000 + number}")
        packed = dossier(ref, [member("1", f"p-t{number}", family_name=f"Noord {number}")], team="Noord")
        whole = composition(household_id(ref), [packed], members=[Line(ref, "1", f"p-t{number}")])
        desk.show((household_id(ref), view(household_id(ref), whole)))
    for number in range(36):
        ref = DossierRef("menscentraal", f"MC-{1000 + number}")
        desk.show(one_dossier(ref, person=f"p-{number}", family_name=f"Wijk {number:02}"))
    values = [
        (SOURCES, source_status(reported_at=NOW, polled_at=NOW)),
        (SOURCES, source_status("menscentraal", state="degraded", message="429 Too Many Requests")),
        (DEAD_LETTERS, dead_letter(position="4")),
        (DEAD_LETTERS, dead_letter("menscentraal", position="81", reason="invalid_date")),
    ]
    apply_list(desk.engine, [Consumed(topic, 0, n, b"k", value) for n, (topic, value) in enumerate(values)], [])
    operate(desk, folder)
    yield desk
    desk.log.close()
    desk.engine.dispose()


def operate(desk: Desk, folder: Path) -> None:
    """What operations see: a stage that is late, a source that differs in two teams, one whose files are elsewhere."""
    teams = [{"team": name, "records": 400, "differing": 2} for name in ("Noord", "Zuid")]
    found = COMPLETE | {"missing": 3, "stale": 1, "missing_dossiers": 1, "teams": teams}
    late = Hop("assemble", HOUSEHOLD_RECORDS, 4_210, 4_198, NOW - timedelta(minutes=3))
    calm = [Hop("resolve", COMPOSITIONS, 900, 900), Hop("route", RECORDS, 3_100, 3_100), Hop("desk", VIEWS, 810, 810)]
    flow = Flow((*calm[:2], late, calm[2]), 2)
    statuses = (status(completeness=found), status("menscentraal", state="degraded", message="429 Too Many Requests"))
    rates = {("assemble", HOUSEHOLD_RECORDS): 4.2}
    desk.picture = picture(seen(*statuses, flow=flow, rates=rates, open_letters={"zcd": 1, "menscentraal": 1}))
    settings = Settings(data_folder=folder)
    Control(control_file(settings, "zcd")).close()
    desk.orders = Asking(settings, lambda messages: None)


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    """Where that desk answers."""
    with serving(create_app(desk.site), listen("127.0.0.1", 0)) as found:
        yield found


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk at which nobody sees everything, with one family that both units help: see `tests.desk.test_sight`."""
    folder = tmp_path_factory.mktemp("divided")
    desk = Desk(database.open_engine(f"sqlite:///{folder / 'desk.sqlite'}"), folder / "looks.jsonl")
    desk.show(the_family())
    statuses = [source_status(reported_at=NOW, polled_at=NOW), source_status("menscentraal", reported_at=NOW)]
    apply_list(desk.engine, [Consumed(SOURCES, 0, n, b"k", value) for n, value in enumerate(statuses)], [])
    yield desk
    desk.log.close()
    desk.engine.dispose()


@pytest.fixture(scope="module")
def at_units(divided: Desk) -> Iterator[str]:
    """Where that desk answers."""
    reading = Reading(divided.engine, divided.log, lambda: NOW)
    deciding = Deciding(reading, divided.publish, "0599", 1, divided.person_key)
    site = replace(divided.site, reading=reading, deciding=deciding, tokens=Tokens(ACTORS))
    with serving(create_app(site), listen("127.0.0.1", 0)) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's browser, without a window."""
    program = machine.chromium()
    if program is None:
        pytest.skip(machine.chromium_missing() or "")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *FLAGS])
        yield browser
        browser.close()


@pytest.fixture(params=list(WIDTHS))
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """A fresh page, as wide as a phone and as a desk."""
    width, height = WIDTHS[request.param]
    context = chromium.new_context(viewport={"width": width, "height": height}, locale="nl-NL")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def shots(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where screenshots of this test go."""
    folder = Path(os.environ.get(SHOTS) or tmp_path / "shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def log_in(page: Page, address: str, token: str = DIRECTOR) -> None:
    """Through the form, as people do."""
    page.goto(address)
    page.get_by_label("Toegangstoken").fill(token)
    page.get_by_role("button", name="Inloggen").click()
