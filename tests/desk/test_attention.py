"""What asks for attention, as the API and the pages tell it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.desk import attention_words, models
from hub.desk.attention import source_troubles
from hub.desk.projector import Consumed, apply_list
from hub.desk.settings_file import load_terms
from hub.desk.surroundings import around
from hub.desk.translations import LANGUAGES, TEXTS
from hub.desk.words import Words
from hub.errors import ConfigError
from hub.events.codec import decode, encode
from hub.events.decisions import Decision, Kind, Snooze, message_of
from hub.events.ids import DossierRef
from hub.events.records import RecordType
from hub.events.topics import DEAD_LETTERS, SOURCES
from hub.household.attention.point import AttentionPoint, Rule, SourceState, SourceTrouble
from hub.household.attention.points import attention_points
from hub.household.attention.terms import Terms
from hub.household.document import build
from tests.core.attention_facts import EVERYTHING, full
from tests.desk.conftest import DIRECTOR, NOW, Desk
from tests.desk.family import direction, family
from tests.desk.test_pages import log_in
from tests.desk.views import ZCD, at, dead_letter, entry, gone, one_dossier, source_status

LIST = "/api/v1/huishoudens"


@pytest.fixture
def browser(nobody: TestClient) -> Iterator[TestClient]:
    """A case director who is logged in on the pages."""
    yield log_in(nobody, DIRECTOR)


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def section(html: str) -> str:
    """The part of a household's page on attention, as text, without its forms."""
    found = re.search(r'<section class="card" aria-labelledby="attention">(.*?)</section>', html, re.DOTALL)
    assert found is not None
    aside = r'<details class="decide">.*?</details>|<p class="sight">.*?</p>'
    return plain(re.sub(aside, "", found.group(1), flags=re.DOTALL))


def all_well(desk: Desk, *, now: datetime = NOW) -> None:
    """Both sources report and were read."""
    values = [source_status(name, reported_at=now, polled_at=now) for name in ("zcd", "menscentraal")]
    apply_list(desk.engine, [Consumed(SOURCES, 0, n, b"k", value) for n, value in enumerate(values)], [])


def snoozed(point: dict[str, Any], until: str, *, withdrawn: bool = False, why: str = "overleg") -> dict[str, Any]:
    """The entry of a view that puts off a point of the API's answer, on its first dossier."""
    ref = DossierRef(**point["dossiers"][0])
    named = Snooze(**ref._asdict(), rule=point["rule"], point=point["point"], until=date.fromisoformat(until))
    decision = Decision(kind=Kind.SNOOZE, decided_by="dirk", why=why, snooze=named, withdrawn=withdrawn)
    message = message_of(decision, version=1, decided_at=at(60), jurisdiction="0599", key_generation=1)
    order = {"source_epoch": 0, "version": 1, "recorded_at": int(at(60).timestamp() * 1_000_000), "revision": 0}
    return {**decision.record._asdict(), **order, "since": 1, "deleted": False, "payload": message.value}


def points(client: TestClient, home: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{LIST}/{home}").json()["attention"]
    return found


def test_a_household_tells_what_asks_for_attention(home: str, desk: Desk, director: TestClient) -> None:
    all_well(desk)
    answer = director.get(f"{LIST}/{home}")
    models.Household.model_validate_json(answer.content)
    found = answer.json()["attention"]
    assert [item["rule"] for item in found] == ["child_safety", "plans_contradict", "unconfirmed_identity"]
    assert found[0] | {"point": ""} == {
        "rule": "child_safety",
        "point": "",
        "severity": "high",
        "since": "2026-02-10",
        "due": None,
        "sources": ["zcd"],
        "dossiers": [{"source": "zcd", "dossier_id": "Z-1"}],
        "persons": [],
        "detail": {"kind": "verzuim", "raised_by": "school", "severity": "high"},
        "snooze": None,
        "hidden": False,
    }


def test_a_row_of_the_list_counts_what_is_open(home: str, desk: Desk, director: TestClient) -> None:
    answer = director.get(LIST)
    models.HouseholdPage.model_validate_json(answer.content)
    assert answer.json()["households"][0]["attention"] == {"open": 3, "child_safety": True}
    found = director.post(f"{LIST}/zoekopdrachten", json={"name": "noor"}).json()
    assert found["households"][0]["attention"]["open"] == 3
    wanted = next(item for item in points(director, home) if item["rule"] == "unconfirmed_identity")
    desk.show(family(label=2, extra=[snoozed(wanted, "2026-03-01")]))
    assert director.get(LIST).json()["households"][0]["attention"] == {"open": 2, "child_safety": True}


def test_attention_leaves_no_look_of_its_own(home: str, desk: Desk, director: TestClient) -> None:
    director.get(f"{LIST}/{home}")
    director.get(LIST)
    assert len(desk.operations()) == 2


def test_operations_are_told_nothing_of_it(home: str, operator: TestClient) -> None:
    answer = operator.get(f"{LIST}/{home}")
    assert answer.status_code == 403
    assert "child_safety" not in answer.text


def test_the_page_says_it_in_words_and_how_much_it_presses(home: str, desk: Desk, browser: TestClient) -> None:
    all_well(desk)
    shown = section(browser.get(f"/huishoudens/{home}").text)
    assert shown.partition(" Wie de inhoud ziet")[0] == (
        "Wat aandacht vraagt"
        " dringend Signaal over de veiligheid van een kind, 10 feb 2026: verzuim (ernst: hoog). ZCD (jeugd) Z-1"
        " actie nodig Financiën: MensCentraal (volwassenen) werkt nog aan doelen die voor ZCD (jeugd)"
        " bereikt of gestopt zijn (sinds 5 jan 2026). MensCentraal (volwassenen) en ZCD (jeugd) MC-1 Z-1"
        " actie nodig Mia Smit is niet bevestigd: BSN ontbreekt in de bron (sinds 5 jan 2026)."
        " Een ander dossier van deze persoon kan hier ontbreken. MensCentraal (volwassenen) MC-1"
    )
    english = section(browser.get(f"/huishoudens/{home}?taal=en").text)
    assert (
        "urgent Signal about the safety of a child, 10 Feb 2026: verzuim (severity: high). ZCD (youth) Z-1" in english
    )
    assert "action needed Mia Smit is unconfirmed: the source has no BSN (since 5 Jan 2026)." in english


def test_the_overview_and_the_search_count_it_per_row(home: str, desk: Desk, browser: TestClient) -> None:
    shown = plain(browser.get("/huishoudens?wie=all").text)
    assert "dringend Signaal over de veiligheid van een kind" in shown
    assert "+2 meer actie nodig Financiën: MensCentraal" in shown
    assert "kindveiligheid 3 aandachtspunten 3 verschillen" in plain(
        browser.post("/zoeken", data={"name": "Noor"}).text
    )
    assert "kindveiligheid 3 aandachtspunten" in plain(browser.post("/zoeken", data={"name": "noor"}).text)
    assert "+2 more action needed" in plain(browser.get("/huishoudens?wie=all&taal=en").text)
    desk.show((home, gone(home, label=9)))
    desk.show(one_dossier(ZCD._replace(dossier_id="Z-8")))
    assert "1 point of attention" in plain(browser.post("/zoeken", data={"name": "Anna"}).text)


def test_when_nothing_asks_for_attention_the_page_says_so(desk: Desk, browser: TestClient) -> None:
    all_well(desk)
    home = desk.show(one_dossier(entries=[entry(ZCD, RecordType.CASE_DIRECTION, "1", direction("Kim Bakker"))]))
    address = f"/huishoudens/{home}"
    assert section(browser.get(address).text).startswith("Wat aandacht vraagt Er is nu niets dat aandacht vraagt.")
    assert "Nothing asks for attention now." in section(browser.get(f"{address}?taal=en").text)
    assert "Niets vraagt aandacht" in browser.get("/huishoudens?wie=all&taal=nl").text


def test_what_is_put_off_stands_apart_with_who_and_why(
    home: str, desk: Desk, browser: TestClient, director: TestClient
) -> None:
    all_well(desk)
    wanted = next(item for item in points(director, home) if item["rule"] == "unconfirmed_identity")
    desk.show(family(label=2, extra=[snoozed(wanted, "2026-03-01", why="paspoort is aangevraagd")]))
    (seen,) = (item for item in points(director, home) if item["hidden"])
    assert seen["snooze"] == {"until": "2026-03-01", "by": "dirk", "why": "paspoort is aangevraagd"}
    assert seen | {"snooze": None, "hidden": False} == wanted
    shown = section(browser.get(f"/huishoudens/{home}").text)
    open_part, put_off = shown.split("Uitgesteld (1)")
    assert "Mia Smit" not in open_part
    assert "Mia Smit" in put_off
    assert "Uitgesteld tot en met 1 mrt 2026 door dirk: paspoort is aangevraagd" in put_off


@pytest.mark.parametrize(("until", "withdrawn"), [("2026-02-28", False), ("2026-12-31", True)])
def test_a_snooze_that_is_over_or_taken_back_hides_nothing(
    until: str, withdrawn: bool, home: str, desk: Desk, director: TestClient
) -> None:
    before = points(director, home)
    desk.show(family(label=2, extra=[snoozed(before[0], until, withdrawn=withdrawn)]))
    assert points(director, home) == before


def test_a_child_safety_signal_stays_in_sight_with_what_was_said_about_it(
    home: str, desk: Desk, browser: TestClient, director: TestClient
) -> None:
    all_well(desk)
    desk.show(family(label=2, extra=[snoozed(points(director, home)[0], "2026-12-31", why="<b>besproken</b>")]))
    first = points(director, home)[0]
    assert (first["rule"], first["hidden"], first["snooze"]["by"]) == ("child_safety", False, "dirk")
    html = browser.get(f"/huishoudens/{home}").text
    assert "<b>besproken" not in html
    assert "dirk schreef hierbij (geldig tot en met 31 dec 2026)" in section(html)
    assert "Uitgesteld (" not in section(html)
    assert director.get(LIST).json()["households"][0]["attention"] == {"open": 3, "child_safety": True}


# sources


def troubles(desk: Desk, terms: Terms | None = None) -> list[SourceState]:
    document = build(decode(family()[1]).value)
    assert document is not None
    with desk.engine.connect() as connection:
        return source_troubles(around(connection, NOW.date()), document, terms or Terms(), NOW)


def heard(desk: Desk, topic: str, value: bytes) -> None:
    apply_list(desk.engine, [Consumed(topic, 0, 0, b"k", value)], [])


@pytest.mark.parametrize(
    ("reported", "polled", "trouble"),
    [(15, 15, None), (16, 16, SourceTrouble.SILENT), (0, 16, SourceTrouble.STALE), (0, None, SourceTrouble.STALE)],
)
def test_a_source_is_in_trouble_after_a_quarter_of_an_hour(
    reported: int, polled: int | None, trouble: SourceTrouble | None, desk: Desk
) -> None:
    heard(desk, SOURCES, source_status("menscentraal", reported_at=NOW, polled_at=NOW))
    since = None if polled is None else NOW - timedelta(minutes=polled)
    heard(desk, SOURCES, source_status(reported_at=NOW - timedelta(minutes=reported), polled_at=since))
    assert [item.trouble for item in troubles(desk)] == ([trouble] if trouble else [])
    longer = troubles(desk, Terms(source_stale_minutes=16))
    assert [item.since for item in longer] == ([] if polled else [None])


def test_a_source_that_never_reported_but_has_a_dossier_here_is_in_trouble(desk: Desk) -> None:
    heard(desk, SOURCES, source_status(reported_at=NOW, polled_at=NOW))
    heard(desk, SOURCES, source_status("elders", reported_at=NOW, polled_at=NOW))
    assert troubles(desk) == [("menscentraal", SourceTrouble.SILENT, None)]


@pytest.mark.parametrize(("days", "found"), [(7, 1), (8, 0)])
def test_a_source_is_incomplete_for_a_week_after_what_could_not_be_read(days: int, found: int, desk: Desk) -> None:
    all_well(desk)
    failed = NOW - timedelta(days=days)
    letter = dict(decode(dead_letter()).value) | {"failed_at": failed}
    heard(desk, DEAD_LETTERS, encode("hub.dead_letter", letter))
    assert [item.trouble for item in troubles(desk)] == [SourceTrouble.INCOMPLETE] * found


def test_a_director_is_told_that_a_source_is_incomplete_and_not_how_much(
    home: str, desk: Desk, director: TestClient, browser: TestClient
) -> None:
    all_well(desk)
    letter = dict(decode(dead_letter(position="geheim-7")).value) | {"failed_at": NOW}
    heard(desk, DEAD_LETTERS, encode("hub.dead_letter", letter))
    answer = director.get(f"{LIST}/{home}")
    (point,) = (item for item in answer.json()["attention"] if item["rule"] == "source")
    assert (point["sources"], point["detail"]) == (["zcd"], {"case": "incomplete"})
    assert "geheim-7" not in answer.text
    assert "Niet alles uit ZCD (jeugd) was leesbaar, het laatst op 1 mrt 2026" in section(
        browser.get(f"/huishoudens/{home}").text
    )


# words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_point_is_said_in_both_languages(language: str) -> None:
    words = Words("nl" if language == "nl" else "en", date(2026, 7, 1))
    quiet = attention_points(full(), date(2025, 12, 15), Terms(), [])
    for point in [*EVERYTHING, *quiet]:
        said = attention_words.sentence(words, point, full())
        assert "None" not in said
        assert "{" not in said
        assert "_" not in said
        assert said[-1] in ".?"
    lines = [line for point in EVERYTHING for line in attention_words.remaining(words, point)]
    assert not any("None" in line or "_" in line for line in lines)


CASES = {
    Rule.ADULT_TERM: ("near", "past"),
    Rule.COMING_OF_AGE: ("exact", "about"),
    Rule.REQUEST_OVERDUE: ("unconfirmed", "unanswered", "undecided", "not_started", "not_stopped"),
    Rule.SOURCE: (*(trouble.value for trouble in SourceTrouble), "never"),
}


def test_there_are_words_for_every_rule_and_case_and_no_others() -> None:
    wanted = {f"attention.{rule}.{case}" for rule, cases in CASES.items() for case in cases}
    wanted |= {f"attention.{rule}" for rule in Rule if rule not in CASES}
    wanted |= {f"attention.still_open.{kind}" for kind in ("request", "goals", "child_safety")}
    assert {key for key in TEXTS if key.startswith("attention.")} == wanted | {
        "attention.put_off",
        "attention.acknowledged",
    }


def test_several_persons_or_directors_are_listed_as_people_do() -> None:
    two = AttentionPoint(
        Rule.TWO_DIRECTORS, "k", EVERYTHING[0].severity, date(2026, 3, 1), None, (ZCD,), ("zcd",),
        detail={"directors": ["Kim", "Omar", "Bo"]},
    )  # fmt: skip
    words = Words("nl", date(2026, 7, 1))
    assert attention_words.sentence(words, two, full()).endswith("casusregisseurs: Kim, Omar en Bo.")


# terms


def test_terms_come_from_a_file_and_the_rest_are_defaults(tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text("adult_help_months: 9\n")
    assert load_terms(path) == Terms(adult_help_months=9)
    path.write_text("")
    assert load_terms(path) == load_terms(None) == Terms()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("adult_help_months: 0", "adult_help_months"),
        ("adult_help_month: 9", "adult_help_month"),
        ("no_shows: veel", "no_shows"),
        ("- 1", "is not valid"),
        ("a: [", "is not YAML"),
        (b"\xff\xfe\x00", "is not YAML"),
    ],
)
def test_wrong_terms_stop_the_start_and_say_which(content: str | bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "terms.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match=said) as caught:
        load_terms(path)
    assert caught.value.setting == "REGIEHUB_TERMS_FILE"
    assert "\n" not in str(caught.value)


def test_a_terms_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"terms\.yaml"):
        load_terms(tmp_path / "terms.yaml")
