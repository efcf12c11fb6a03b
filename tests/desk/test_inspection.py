from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from hub.desk import models
from hub.desk.blot import BLOT, Blot
from hub.desk.letter import letter
from hub.desk.translations import LANGUAGES, Language
from hub.desk.words import Words
from hub.events.codec import decode
from hub.events.decisions import Kind, Snooze
from hub.events.records import RecordType
from hub.household.document import build
from hub.household.document_shape import Document
from tests.desk.conftest import KNOWN_BSN, Desk
from tests.desk.decisions import named, opening_entry, packed, snooze_entry
from tests.desk.family import family
from tests.desk.views import MENSCENTRAAL, ZCD, address, entry, one_dossier

ASK = "/api/v1/inzageverzoeken"
OTHERS = ("Noor", "Bas", "Tom", "Mia", "2015-09-01", "1988", "a-there", "p-noor", "p-bas", "u-oma")


def ask(client: TestClient, bsn: str = KNOWN_BSN) -> dict[str, Any]:
    answer = client.post(ASK, json={"bsn": bsn})
    assert answer.status_code == 200
    models.Inspection.model_validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


def goal(number: int, **changed: Any) -> dict[str, Any]:
    body = {"life_domain": "finance", "wording": "-", "owner": None, "status": "open", "evaluation_on": None}
    return entry(MENSCENTRAAL, RecordType.GOAL, f"extra-{number}", body | changed)


def assessment(ref: Any, number: int, line: str | None) -> dict[str, Any]:
    body = {"instrument": "ZRM", "instrument_version": "2017", "taken_on": date(2026, 1, 12), "line": line}
    return entry(ref, RecordType.ASSESSMENT, f"extra-{number}", body | {"scores": []})


def test_a_citizen_gets_his_own_lines_with_both_values_where_sources_differ(home: str, inspector: TestClient) -> None:
    found = ask(inspector)
    (standing,) = found["standings"]
    assert (found["held"], standing["place"], standing["person"]["roles"]) == (True, "member", ["client", "mother"])
    fields = standing["person"]["fields"]
    assert [item["value"] for item in fields["name"]["values"]] == ["Anna van Dijk - de Vries", "Anna van Dijk"]
    assert fields["address"]["values"][0]["value"]["text"] == "Straat 1 (a-new)"
    assert standing["others"] == [["grandparent"], ["youth"]]


def test_a_citizen_gets_the_dossiers_of_which_he_is_the_client_and_no_other(home: str, inspector: TestClient) -> None:
    found = ask(inspector)
    assert [item["dossier_id"] for item in found["dossiers"]] == ["MC-1"]
    assert {item["dossier_id"] for item in found["records"]} == {"MC-1"}
    kinds = [item["record_type"] for item in found["records"]]
    assert kinds == ["assessment", "case_direction", "goal", "involvement"]


def test_nothing_of_anybody_else_is_in_it(desk: Desk, inspector: TestClient) -> None:
    texts = [
        goal(1, wording="Noor en TOM gaan samen naar oma Mia, geboren 2015-09-01", owner="Bas de Vries"),
        goal(2, wording="de school van Noor's broer", owner="Anna"),
        entry(MENSCENTRAAL, RecordType.SIGNAL, "extra-3", signal("ruzie met Bas", "buurvrouw Jansen")),
    ]
    desk.show(family(extra=texts))
    found = ask(inspector)
    assert not [mark for mark in (*OTHERS, "Jansen") if re.search(rf"(?i)(?<!\w){mark}(?!\w)", json.dumps(found))]
    goals = [item["body"] for item in found["records"] if item["record_type"] == "goal"]
    assert [(item["wording"], item["owner"]) for item in goals][:2] == [
        (f"{BLOT} en {BLOT} gaan samen naar oma {BLOT}, geboren {BLOT}", None),
        (f"de school van {BLOT}'s broer", "Anna"),
    ]
    assert found["cut_out"] == ["kind", "name", "owner", "phone", "raised_by", "wording"]


def signal(kind: str, raised_by: str) -> dict[str, Any]:
    raised = {"raised_by": raised_by, "severity": "low", "child_safety": False, "raised_on": date(2026, 2, 1)}
    return {"kind": kind, **raised}


def test_names_of_professionals_stay_and_those_of_volunteers_do_not(home: str, inspector: TestClient) -> None:
    found = ask(inspector)
    bodies = {item["record_type"]: item["body"] for item in found["records"]}
    assert bodies["case_direction"]["director"] == "Omar Yilmaz"
    volunteer = bodies["involvement"]
    assert (volunteer["name"], volunteer["phone"], volunteer["organisation"]) == (None, None, "Humanitas")


def test_a_measurement_of_another_member_is_left_out_and_one_of_him_elsewhere_is_not(
    desk: Desk, inspector: TestClient
) -> None:
    extra = [assessment(MENSCENTRAAL, 1, "1"), assessment(MENSCENTRAAL, 2, "2"), assessment(ZCD, 3, "2")]
    desk.show(family(extra=[*extra, assessment(ZCD, 4, "1"), assessment(ZCD, 5, None)]))
    found = [item for item in ask(inspector)["records"] if item["record_type"] == "assessment"]
    assert {(item["dossier_id"], item["body"]["line"]) for item in found} == {
        ("MC-1", None),
        ("MC-1", "1"),
        ("Z-1", "2"),
    }


def test_whoever_is_only_named_gets_his_own_line_and_nothing_of_the_household(
    desk: Desk, home: str, inspector: TestClient
) -> None:
    desk.keys[KNOWN_BSN] = "p-bas"
    found = ask(inspector)
    (standing,) = found["standings"]
    assert (standing["place"], standing["others"], found["dossiers"], found["records"]) == ("reference", [], [], [])
    assert "Anna" not in json.dumps(found)


def test_one_person_in_two_households_gets_both(desk: Desk, home: str, inspector: TestClient) -> None:
    desk.show(one_dossier(ZCD._replace(dossier_id="Z-9"), person="p-anna"))
    found = ask(inspector)
    assert len(found["standings"]) == 2
    assert sorted(item["dossier_id"] for item in found["dossiers"]) == ["MC-1", "Z-9"]


def test_every_look_at_him_is_in_it_this_one_first(
    desk: Desk, home: str, director: TestClient, operator: TestClient, inspector: TestClient
) -> None:
    director.get(f"/api/v1/huishoudens/{home}")
    director.get("/api/v1/huishoudens")
    operator.get(f"/api/v1/huishoudens/{home}")
    desk.show(one_dossier(ZCD._replace(dossier_id="Z-99"), person="p-stranger"))
    looks = ask(inspector)["looks"]
    assert [(item["user"], item["action"], item["allowed"]) for item in looks] == [
        ("ine", "inspect_person", True),
        ("olga", "read_household", False),
        ("dirk", "list_households", True),
        ("dirk", "read_household", True),
    ]
    assert looks[0]["ground"] == "AVG_15 JEUGDWET_7_3_10"
    assert looks[0]["organisation"] == "Gemeente Voorbeeld"


def test_the_inspection_itself_is_one_look_at_one_person(home: str, desk: Desk, inspector: TestClient) -> None:
    ask(inspector)
    operation, subject = desk.records()
    assert (operation["action"], operation["household_id"], operation["persons"]) == ("inspect_person", None, 1)
    assert (subject["person"], subject["dossiers"]) == ("p-anna", ["menscentraal/MC-1", "zcd/Z-1"])
    assert KNOWN_BSN not in desk.looks_path.read_text()


def test_of_whom_nothing_is_held_the_looks_are_shown_all_the_same(
    desk: Desk, home: str, inspector: TestClient, director: TestClient
) -> None:
    director.get(f"/api/v1/huishoudens/{home}")
    desk.show(family_without_anna())
    found = ask(inspector)
    assert (found["held"], found["standings"], found["dossiers"], found["records"]) == (False, [], [], [])
    assert [item["action"] for item in found["looks"]] == ["inspect_person", "read_household"]
    assert found["looks"][1]["dossiers"] == []


def family_without_anna() -> tuple[str, bytes]:
    return one_dossier(ZCD, label=9, person="p-noor")


def test_no_other_role_may_and_the_refusal_is_logged_under_the_person(
    home: str, desk: Desk, director: TestClient, operator: TestClient
) -> None:
    for client in (director, operator):
        answer = client.post(ASK, json={"bsn": KNOWN_BSN})
        assert answer.status_code == 403
        assert "Anna" not in answer.text
    assert [(item["allowed"], item["reason"]) for item in desk.operations()] == [(False, "role_may_not")] * 2
    assert {item["person"] for item in desk.records() if item["record"] == "subject"} == {"p-anna"}


def test_the_inspection_officer_may_nothing_else(home: str, inspector: TestClient) -> None:
    for path in ("", f"/{home}", f"/{home}/inzagen"):
        assert inspector.get(f"/api/v1/huishoudens{path}").status_code == 403


@pytest.mark.parametrize(
    "body", [{}, {"bsn": ""}, {"bsn": "123456789"}, {"bsn": "x" * 50}, {"bsn": KNOWN_BSN, "a": "b"}]
)
def test_a_wrong_bsn_is_a_400_that_repeats_nothing(body: dict[str, object], inspector: TestClient) -> None:
    answer = inspector.post(ASK, json=body)
    assert answer.status_code == 400
    assert not body.get("bsn") or str(body["bsn"]) not in answer.text


def test_when_the_inspection_cannot_be_logged_nothing_is_shown(home: str, desk: Desk, inspector: TestClient) -> None:
    desk.looks_path.mkdir()
    answer = inspector.post(ASK, json={"bsn": KNOWN_BSN})
    assert answer.status_code == 503
    assert "Anna" not in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letter_is_in_words_without_codes(language: Language, desk: Desk, inspector: TestClient) -> None:
    desk.show(family(extra=[goal(1, owner="Bas", evaluation_on=date(2026, 6, 1)), assessment(ZCD, 3, "2")]))
    text = "\n".join(letter(ask(inspector), Words(language, date(2026, 3, 1))))
    assert not [code for code in ("_", "None", "null", "{", "p-anna") if code in text]
    assert "Anna van Dijk" in text


def test_the_letter_says_what_a_citizen_wants_to_know(home: str, inspector: TestClient) -> None:
    text = "\n".join(letter(ask(inspector), Words("nl", date(2026, 3, 1))))
    for line in (
        "Naam: Anna van Dijk (ZCD (jeugd), 5 jan 2026 10:03)",
        "Andere gezinsleden (alleen hun rol): grootouder, jeugdige",
        "Dossier MC-1, MensCentraal (volwassenen)",
        "Scores: Financiën 2, Huisvesting 4",
        "Doel: schulden op een rij",
        "- 1 mrt 2026 13:00: ine, inzagefunctionaris, Gemeente Voorbeeld; inzage gegeven aan de persoon zelf; "
        "AVG artikel 15, Jeugdwet 7.3.10",
        "Gegevens over anderen zijn weggelaten. Dat is gebeurd in: Naam, Telefoon.",
    ):
        assert line in text


def test_a_point_of_his_that_was_put_off_is_in_the_letter_in_words(desk: Desk, inspector: TestClient) -> None:
    """The director's name stays though somebody of the household has a part of it."""
    point = Snooze(**MENSCENTRAAL._asdict(), rule="no_director", point="5eb63bbbe01e", until=date(2026, 4, 1))
    desk.show(family(extra=[snooze_entry(point)]))
    found = ask(inspector)
    (record,) = [item for item in found["records"] if item["record_type"] == "decision"]
    assert record["body"]["decided_by"] == "dirk"
    text = "\n".join(letter(found, Words("nl", date(2026, 3, 1))))
    for line in ("Besluit, MensCentraal", "Aandachtspunt: geen casusregisseur", "Tot en met: 1 apr 2026", "door: dirk"):
        assert line in text
    assert not [code for code in ("_", "5eb63bbbe01e", "confirmed", "withdrawn") if code in text]


def document(extra: list[dict[str, Any]] | None = None) -> Document:
    found = build(decode(family(extra=extra)[1]).value)
    assert found is not None
    return found


@given(st.lists(st.sampled_from(["Noor", "Vries", "de", "van", "Tom", "mia", "Anna", "Dijk", "school", "é", " ", "."])))
def test_no_name_of_another_stays_in_a_text_as_a_word(words: list[str]) -> None:
    shown = Blot(document(), "p-anna").text("wording", " ".join(words))
    assert not {"noor", "tom", "mia", "bas"} & set(shown.casefold().split())
    assert shown.split().count("Anna") == words.count("Anna")
    assert shown.split().count("de") == words.count("de")


@given(st.text())
def test_any_text_can_be_blotted(text: str) -> None:
    blot = Blot(document(), "p-bas")
    blot.text("wording", text)
    assert blot.is_known(None)


def test_a_secret_address_is_withheld_also_here_and_said_so(desk: Desk, inspector: TestClient) -> None:
    desk.show(one_dossier(ZCD, person="p-anna", address_secret=True, address=address("a-hiding")))
    found = ask(inspector)
    (stated,) = found["standings"][0]["person"]["fields"]["address"]["values"]
    assert stated["value"] == {"key": None, "text": None, "withheld": True}
    assert "a-hiding" not in json.dumps(found)
    assert "Adres: afgeschermd: geheim adres" in "\n".join(letter(found, Words("nl", date(2026, 3, 1))))


def test_a_citizen_sees_what_was_decided_on_him_and_nothing_of_another_family(
    desk: Desk, inspector: TestClient
) -> None:
    zoe = named(ZCD._replace(dossier_id="Z-7"), "1", "p-zoe")
    same = packed(Kind.SAME_PERSON, named(ZCD, "2", "p-anna"), zoe, why="zus Zoe belde")
    lives = packed(Kind.LIVES_HERE, named(ZCD, "1", "p-anna"), why="Anna was thuis", minutes=6)
    desk.show(one_dossier(ZCD, decisions=[("idle", same), ("applied", lives)]))
    found = ask(inspector)
    assert [(item["kind"], item["why"], len(item["lines"])) for item in found["decisions"]] == [
        ("same_person", "", 1),
        ("lives_here", "Anna was thuis", 1),
    ]
    assert not [mark for mark in ("Z-7", "p-zoe", "Zoe") if mark in json.dumps(found)]
    text = "\n".join(letter(found, Words("nl", date(2026, 3, 1))))
    assert "Reden: Anna was thuis" in text
    assert "other" in found["cut_out"]


def test_a_letter_says_in_words_who_may_see_what(desk: Desk, inspector: TestClient) -> None:
    consent = opening_entry(Kind.CONSENT, person="p-anna", domains=["finance"])
    others = opening_entry(Kind.CONSENT, person="p-noor")
    desk.show(one_dossier(ZCD, entries=[consent, others, opening_entry(Kind.EMERGENCY)]))
    found = ask(inspector)
    assert sorted(item["body"]["kind"] for item in found["records"]) == ["consent", "emergency"]
    text = "\n".join(letter(found, Words("nl", date(2026, 3, 1))))
    assert "de persoon zelf" in text
    assert "stef" in text
