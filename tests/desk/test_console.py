"""The console: what operations see of the flow, what they can ask, and that nobody is named there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.connect.ingest.asking import Asking
from hub.connect.ingest.control import Check, Control
from hub.connect.ingest.publisher import Message
from hub.connect.ingest.runner import control_file
from hub.desk.completeness import completeness
from hub.desk.console.looking import Looking
from hub.desk.projector import Consumed, apply_list
from hub.desk.translations import TEXTS
from hub.events.codec import decode
from hub.events.topics import COMPOSITIONS, DEAD_LETTERS, SOURCES, VIEWS
from hub.ops.flow import Flow, Hop
from hub.ops.picture import Pace, Pulse, picture
from hub.ops.recent import remembered
from hub.ops.status import DIFFERING, SENTENCES, Level, Measured
from hub.ops.watch import ReadModel, Watch
from hub.settings import Settings
from tests.desk.conftest import DIRECTOR, NOW, OPERATOR, Desk
from tests.desk.family import HOME, family
from tests.desk.test_pages import log_in, plain
from tests.desk.views import dead_letter, source_status

COMPLETE: dict[str, Any] = dict.fromkeys([*DIFFERING, "waiting", "missing_dossiers"], 0) | {
    "checked_at": NOW - timedelta(hours=2), "records": 40, "teams": [{"team": "Noord", "records": 40, "differing": 0}],
}  # fmt: skip


def status(source: str = "zcd", **changed: Any) -> dict[str, Any]:
    told = {"reported_at": NOW, "polled_at": NOW, "caught_up_at": NOW, "newest_recorded_at": NOW} | changed
    value: dict[str, Any] = decode(source_status(source, **told)).value
    return value


def seen(*statuses: dict[str, Any], **changed: Any) -> Measured:
    flow = Flow((Hop("resolve", COMPOSITIONS, 90, 90), Hop("desk", VIEWS, 30, 30)), 2)
    return Measured(NOW, {item["source"]: item for item in statuses}, frozenset(), {}, flow, parked=0)._replace(
        **changed
    )


@pytest.fixture
def sent() -> list[Message]:
    return []


@pytest.fixture
def control(tmp_path: Path) -> Control:
    return Control(control_file(Settings(data_folder=tmp_path), "zcd"))


@pytest.fixture
def asking(desk: Desk, tmp_path: Path, sent: list[Message]) -> Asking:
    """Made before the application is."""
    desk.orders = found = Asking(Settings(data_folder=tmp_path), sent.extend, lambda: NOW)
    return found


@pytest.fixture
def console(desk: Desk, asking: Asking, nobody: TestClient) -> TestClient:
    """Operations, logged in; zcd keeps its files here (if a test makes them), menscentraal elsewhere."""
    desk.show(family())
    letters = [dead_letter(position="4"), dead_letter("menscentraal", position="81", reason="invalid_date")]
    apply_list(desk.engine, [Consumed(DEAD_LETTERS, 0, n, b"k", value) for n, value in enumerate(letters)], [])
    desk.picture = picture(seen(status(completeness=COMPLETE), status("menscentraal", state="degraded", message="429")))
    assert desk.orders is asking
    return log_in(nobody, OPERATOR)


def test_the_map_says_in_words_how_each_part_is(desk: Desk, console: TestClient) -> None:
    assert console.get("/").headers["location"] == "/beheer"
    shown = plain(console.get("/beheer").text)
    assert "Koppelingen 2 van 2 melden zich" in shown
    assert "Wie is één huishouden bij 0 wachten, – per seconde Leest: registrations. compositions. v1" in shown
    assert "Het beeld dat men ziet bij 0 wachten, – per seconde MensCentraal (volwassenen): 0 s geleden" in shown
    assert "MensCentraal (volwassenen) hapert 429" in shown
    assert "is al" not in shown.split("De weg van")[1]
    assert "MensCentraal (volwassenen) is al 0 s niet bereikt: 429" in shown
    late = Hop("desk", VIEWS, 30, 20, NOW - timedelta(minutes=9))
    desk.picture = picture(seen(status(), flow=Flow((late,), 1), rates={("desk", VIEWS): 0.5}))
    shown = plain(console.get("/beheer").text)
    assert "Het beeld dat men ziet loopt achter 10 wachten (oudste 9 min), 0.5 per seconde" in shown
    assert "ZCD (jeugd): 9 min geleden Leest: households. views. v1" in shown
    assert "desk loopt 9 min achter; er wachten 10 berichten." in shown
    assert "regiehub status --watch" in shown
    assert "ZCD (jeugd) werkt 0 s geleden 0 s geleden 9 min geleden" in shown


def test_what_was_wrong_lately_stays_to_be_read_with_what_helps(desk: Desk, console: TestClient) -> None:
    assert desk.picture is not None
    desk.recent = remembered((), desk.picture)
    desk.picture = picture(seen(status(completeness=COMPLETE), at=NOW + timedelta(minutes=4)))
    desk.recent = remembered(desk.recent, desk.picture)
    shown = plain(console.get("/beheer").text)
    assert "Wat er was" in shown
    assert "voorbij MensCentraal (volwassenen) is al 0 s niet bereikt: 429" in shown
    assert "Komt het terug, doe dan dit: regiehub status --watch" in shown


def test_a_console_that_cannot_look_says_so(desk: Desk, console: TestClient) -> None:
    desk.picture = picture(seen(flow=None, log_problem="Nothing answers.", at=NOW - timedelta(minutes=5)))
    shown = plain(console.get("/beheer?taal=en").text)
    assert "something is broken" in shown
    assert "This measurement is old" in shown
    assert "Nothing answers." in shown
    desk.picture = None
    assert "Nobody has looked yet" in console.get("/beheer").text


def test_only_operations_see_it_and_refreshing_a_page_leaves_no_line(
    desk: Desk, console: TestClient, visit: Callable[[str | None], TestClient]
) -> None:
    for path in ("/beheer", "/beheer/bronnen/zcd", "/beheer/onleesbaar", "/beheer/wijzigingen"):
        assert log_in(visit(None), DIRECTOR).get(path).status_code == 403, path
    before = len(desk.operations())
    console.get("/beheer?opnieuw=true")
    assert len(desk.operations()) == before
    console.get("/beheer")
    assert desk.operations()[-1]["action"] == "read_console"
    director = log_in(visit(None), DIRECTOR)
    assert director.post("/beheer/bronnen/zcd", data={"doen": "resume"}).status_code == 403
    assert director.post("/beheer/onleesbaar", data={"doen": "replay", "welke": "all"}).status_code == 403
    assert director.get("/beheer?opnieuw=true").status_code == 403


@pytest.mark.usefixtures("desk")
def test_nothing_of_anybody_stands_there(console: TestClient, control: Control) -> None:
    paths = ["/beheer", "/beheer/bronnen/zcd", "/beheer/bronnen/menscentraal", "/beheer/onleesbaar"]
    paths += ["/beheer/bronnen/zcd?terug=reset_epoch", "/beheer/onleesbaar/een?bron=zcd&plaats=4"]
    for path in paths:
        answer = console.get(path)
        assert answer.status_code == 200, path
        for word in ("Noor", "Jansen", "Straat", "123456782", HOME, "p-anna"):
            assert word not in answer.text, (path, word)


def test_what_is_asked_goes_to_the_file_of_the_source(console: TestClient, control: Control) -> None:
    answer = console.post("/beheer/bronnen/zcd", data={"doen": "pause", "why": "onderhoud"}, follow_redirects=False)
    assert answer.headers["location"] == "/beheer/bronnen/zcd?gedaan=pause"
    assert "Gevraagd: pauzeren" in console.get(answer.headers["location"]).text
    pause = control.orders().pause
    assert pause is not None
    assert (pause.by, pause.why) == ("olga", "onderhoud")
    console.post("/beheer/bronnen/zcd", data={"doen": "resume"})
    console.post("/beheer/bronnen/zcd", data={"doen": "repair"})
    assert (control.orders().pause, control.orders().check) == (None, Check("olga", True))
    console.post("/beheer/bronnen/zcd", data={"doen": "backfill"})
    assert "alles nog eens lezen: gezinnen en dossiers, 0 gelezen" in plain(console.get("/beheer/bronnen/zcd").text)
    console.post("/beheer/bronnen/zcd", data={"doen": "stop_backfill"})
    assert control.backfill() is None
    shown = plain(console.get("/beheer/bronnen/zcd?terug=reset_epoch").text)
    assert "Het tijdperk van de bron gaat van 0 naar 1" in shown
    assert control.orders().reset is None, "it is only shown"
    console.post("/beheer/bronnen/zcd", data={"doen": "reset_epoch"})
    reset = control.orders().reset
    assert reset is not None
    assert (reset.source_epoch, reset.by) == (1, "olga")


@pytest.mark.parametrize(
    ("source", "form", "code"),
    [
        ("zcd", {"doen": "pause"}, 400),
        ("zcd", {"doen": "pause", "why": "x" * 501}, 400),
        ("zcd", {"doen": "erase"}, 400),
        ("zcd", {}, 400),
        ("menscentraal", {"doen": "resume"}, 409),
        ("nergens", {"doen": "resume"}, 404),
        ("..%2F..%2Fetc", {"doen": "resume"}, 404),
    ],
)
@pytest.mark.usefixtures("control")
def test_what_cannot_be_asked_is_refused(source: str, form: dict[str, str], code: int, console: TestClient) -> None:
    assert console.post(f"/beheer/bronnen/{source}", data=form).status_code == code


def test_where_ingest_keeps_its_files_elsewhere_the_command_is_shown(console: TestClient) -> None:
    shown = plain(console.get("/beheer/bronnen/menscentraal").text)
    assert "regiehub connector pause menscentraal --why …" in shown
    assert "regiehub reconcile menscentraal --repair" in shown
    assert "Pauzeren</button>" not in console.get("/beheer/bronnen/menscentraal").text


def test_a_reconciliation_is_shown_per_source_and_team(desk: Desk, console: TestClient, control: Control) -> None:
    found = COMPLETE | {"missing": 3, "missing_dossiers": 1, "teams": [{"team": "Zuid", "records": 9, "differing": 3}]}
    desk.picture = picture(seen(status(completeness=found)))
    assert "3 3 ontbreekt 1 40" in plain(console.get("/beheer").text)
    assert "Zuid 9 3" in plain(console.get("/beheer/bronnen/zcd").text)
    control.check_done(Check("olga", False), "there is no read model", NOW)
    assert "mislukte: there is no read model" in plain(console.get("/beheer/bronnen/zcd").text)


def test_dead_letters_are_browsed_replayed_and_discarded(
    desk: Desk, console: TestClient, control: Control, sent: list[Message]
) -> None:
    assert "2 onleesbare gegevens" in plain(console.get("/beheer/onleesbaar").text)
    shown = plain(console.get("/beheer/onleesbaar?bron=menscentraal&reden=invalid_date").text)
    assert "1 onleesbare gegevens" in shown
    assert "dead-letter show zcd 4 --content" in plain(console.get("/beheer/onleesbaar/een?bron=zcd&plaats=4").text)
    assert console.get("/beheer/onleesbaar/een?bron=zcd&plaats=5").status_code == 404
    answer = console.post("/beheer/onleesbaar", data={"doen": "replay", "kies-1": "zcd|4"}, follow_redirects=False)
    assert answer.headers["location"] == "/beheer/onleesbaar?gedaan=replay&aantal=1"
    assert [(letter.position, letter.by) for letter in control.letters(9)] == [("4", "olga")]
    assert console.post("/beheer/onleesbaar", data={"doen": "replay", "kies-1": "menscentraal|81"}).status_code == 400
    for form in ({"doen": "replay"}, {"doen": "discard", "kies-1": "zcd|4"}, {"doen": "eat", "kies-1": "zcd|4"}):
        assert console.post("/beheer/onleesbaar", data=form).status_code == 400
    assert not sent
    console.post("/beheer/onleesbaar", data={"doen": "discard", "welke": "all", "bron": "zcd", "why": "proef"})
    (value,) = [decode(message.value).value for message in sent]
    assert (value["position"], value["state"], value["why"], value["by"]) == ("4", "discarded", "proef", "olga")
    apply_list(desk.engine, [Consumed(DEAD_LETTERS, 0, 9, b"zcd", sent[0].value)], [])
    assert "1 onleesbare gegevens" in plain(console.get("/beheer/onleesbaar").text)


def test_a_nul_is_a_400(console: TestClient) -> None:
    for path in (
        "/beheer/onleesbaar?bron=%00",
        "/beheer/onleesbaar?reden=%00",
        "/beheer/onleesbaar/een?bron=x&plaats=%00",
    ):
        assert console.get(path).status_code == 400, path
    assert console.post("/beheer/onleesbaar", data={"doen": "replay", "welke": "all", "bron": "\0"}).status_code == 400


def test_every_state_and_finding_has_words() -> None:
    for group, names in {"pulse": Pulse, "pace": Pace, "level": Level, "difference": DIFFERING}.items():
        assert {f"code.{group}.{name}" for name in names} <= TEXTS.keys()
    assert {f"finding.{kind}" for kind in SENTENCES} == {key for key in TEXTS if key.startswith("finding.")}


def test_the_desk_looks_as_long_as_it_runs_whatever_it_sees() -> None:
    thrice = threading.Semaphore(0)

    def read_model() -> ReadModel:
        thrice.release()
        return ReadModel(None, None, {}, "gone")

    looking = Looking(lambda: Watch("127.0.0.1:1", "stream", read_model), seconds=0.01)
    looking.start()
    try:
        assert all(thrice.acquire(timeout=30) for _ in range(3))
    finally:
        looking.stop()
    shown = looking.latest()
    assert shown is not None
    assert [item.kind for item in shown.findings] == ["log"]


def test_a_household_says_whether_the_hub_is_complete(desk: Desk, visit: Callable[[str | None], TestClient]) -> None:
    home = desk.show(family())
    director = log_in(visit(None), DIRECTOR)
    assert "is de hub nog niet vergeleken" in plain(director.get(f"/huishoudens/{home}").text)
    found = COMPLETE | {"missing": 3, "missing_dossiers": 2}
    for name, told in (("zcd", COMPLETE), ("menscentraal", found)):
        message = source_status(name, completeness=told)
        apply_list(desk.engine, [Consumed(SOURCES, 0, 0, b"k", message)], [])
    shown = plain(director.get(f"/huishoudens/{home}").text)
    assert "op 1 mrt 2026 11:00: 2 dossiers ontbreken in de hub." in shown


def test_completeness_is_as_old_as_the_oldest_comparison_of_the_sources_that_matter() -> None:
    plain_ones: list[dict[str, Any]] = [
        {"source": "a", "completeness": COMPLETE | {"checked_at": "2026-01-02"}},
        {"source": "b", "completeness": COMPLETE | {"checked_at": "2026-01-01", "stale": 2}},
        {"source": "c", "completeness": None},
        {"source": "d", "completeness": COMPLETE | {"checked_at": "2025-01-01", "missing": 9}},
    ]
    found = completeness(plain_ones, {"a", "b", "c"})
    assert (found.checked, found.checked_at, found.differing, found.unchecked) == (("a", "b"), "2026-01-01", 2, ("c",))
