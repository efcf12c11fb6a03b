"""A citizen erased by the desk: who may, what goes and what stays, and the order that is left in the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.desk import models
from hub.desk.erasing import Kept, plan
from hub.desk.erasure_letter import erasure_letter
from hub.desk.translations import LANGUAGES
from hub.desk.words import Words
from hub.errors import LogUnavailable
from hub.events.codec import decode
from hub.events.decisions import Kind
from hub.events.erasures import erasure_of
from hub.events.topics import ERASURES, RECORDS
from hub.household.rulings import TENTATIVE, Effect
from tests.desk.conftest import DIRECTOR, KNOWN_BSN, NOW, OFFICER, OPERATOR, Desk
from tests.desk.decisions import direction_entry, named, packed
from tests.desk.family import family
from tests.desk.test_explanation import ANNA_IN_MC, NOOR, document, menscentraal, zcd
from tests.desk.views import MENSCENTRAAL, ZCD, Line, one_dossier

pytestmark = pytest.mark.desk
ASK = "/api/v1/wisverzoeken"
WHY = "Jeugdwet 7.3.9, brief van 2 maart"


def ask(client: TestClient, *, order: bool = True, bsn: str = KNOWN_BSN, why: str = WHY) -> dict[str, Any]:
    answer = client.post(ASK, json={"bsn": bsn, "why": why, "order": order})
    assert answer.status_code == 200
    models.Erasure.model_validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


def test_what_would_go_is_told_and_nothing_is_ordered(home: str, desk: Desk, inspector: TestClient) -> None:
    found = ask(inspector, order=False)
    assert found["dossiers"] == [{"source": "menscentraal", "dossier_id": "MC-1", "is_open": True}]
    assert found["lines"] == [{"source": "zcd", "dossier_id": "Z-1", "line": "2"}]
    assert (found["held"], found["erasure_id"], found["records"], found["others_unknown"]) == (True, None, 4, 1)
    assert found["kept"] == list(Kept)
    assert not desk.sent


def test_the_order_names_numbers_and_a_key_and_no_bsn(home: str, desk: Desk, inspector: TestClient) -> None:
    found = ask(inspector)
    (sent,) = desk.sent
    order = erasure_of(decode(sent.value).value)
    assert (sent.topic, sent.key.decode(), order.erasure_id) == (ERASURES, found["erasure_id"], found["erasure_id"])
    assert (order.person, order.why, order.ordered_by) == ("p-anna", WHY, "ine")
    assert [tuple(item) for item in order.dossiers] == [MENSCENTRAAL]
    assert [tuple(item) for item in order.lines] == [(*ZCD, "2")]
    assert KNOWN_BSN.encode() not in sent.value


def test_decisions_on_his_dossiers_are_deleted_once_the_order_is_given(desk: Desk, inspector: TestClient) -> None:
    desk.show(family(extra=[direction_entry("Kim Bakker", **MENSCENTRAAL._asdict())]))
    assert ask(inspector)["decisions"] == 1
    order, decision = desk.sent
    value = decode(decision.value).value
    assert (decision.topic, value["deleted"], value["body"]) == (RECORDS, True, None)
    assert order.topic == ERASURES


def test_that_a_stranger_is_not_he_stays_decided() -> None:
    """His number stands in the stranger's dossier: without the decision that stranger would be taken for him."""
    doubted = named(ZCD, "2", "p-anna")
    decision = packed(Kind.DIFFERENT_PERSON, doubted, named(MENSCENTRAAL, "1", "p-anna"), doubted=doubted)
    found = document(
        [zcd(), menscentraal()],
        members=[NOOR, Line(ZCD, "2", TENTATIVE + "0" * 32), ANNA_IN_MC],
        decisions=[(Effect.APPLIED, decision)],
    )
    going = plan([found], "p-anna", lambda _: [])
    assert [tuple(item)[:2] for item in going.dossiers] == [MENSCENTRAAL]
    assert (going.lines, going.decisions) == ((), ())


def test_of_whoever_is_not_held_nothing_is_ordered(desk: Desk, inspector: TestClient) -> None:
    found = ask(inspector)
    assert (found["held"], found["erasure_id"], found["dossiers"], found["lines"]) == (False, None, [], [])
    assert not desk.sent


def test_another_order_has_another_id(home: str, inspector: TestClient) -> None:
    assert ask(inspector)["erasure_id"] != ask(inspector)["erasure_id"]


def test_nobody_else_is_among_what_goes(desk: Desk, home: str, inspector: TestClient) -> None:
    desk.show(one_dossier(ZCD._replace(dossier_id="Z-9"), person="p-noor"))
    desk.keys[KNOWN_BSN] = "p-bas"
    found = ask(inspector, order=False)
    assert (found["dossiers"], found["records"], found["others_unknown"]) == ([], 0, 0)
    assert [item["line"] for item in found["lines"]] == ["3"]


def test_nobody_but_the_inspection_officer_may_and_every_attempt_is_logged(
    home: str, desk: Desk, visit: Callable[[str | None], TestClient]
) -> None:
    for token, status in ((DIRECTOR, 403), (OPERATOR, 403), (OFFICER, 403), (None, 401)):
        answer = visit(token).post(ASK, json={"bsn": KNOWN_BSN, "why": WHY, "order": True})
        assert answer.status_code == status
        assert "MC-1" not in answer.text
    assert not desk.sent
    refused = [(look["action"], look["allowed"], look["persons"]) for look in desk.operations()]
    assert refused.count(("erase_person", False, 1)) == 3


def test_it_is_logged_with_its_ground_and_without_the_bsn(home: str, desk: Desk, inspector: TestClient) -> None:
    ask(inspector, order=False)
    ask(inspector)
    for look in desk.operations():
        assert (look["action"], look["allowed"], look["ground"]) == (
            "erase_person",
            True,
            "AVG_17 JEUGDWET_7_3_9",
        )
    assert KNOWN_BSN not in desk.looks_path.read_text()


def test_garbage_is_refused_by_name(desk: Desk, inspector: TestClient) -> None:
    for changed, said in (
        ({"bsn": "123456789"}, "body.bsn"),
        ({"bsn": "x" * 21}, "body.bsn"),
        ({"bsn": ""}, "body.bsn"),
        ({"why": ""}, "body.why"),
        ({"why": f"voor {KNOWN_BSN}"}, "body.why"),
        ({"order": "misschien"}, "body.order"),
        ({"ander": 1}, "body.ander"),
    ):
        answer = inspector.post(ASK, json={"bsn": KNOWN_BSN, "why": WHY} | changed)
        assert answer.status_code == 400
        assert said in {item["name"] for item in answer.json()["invalid_params"]}
        assert KNOWN_BSN not in answer.text
    assert not desk.sent


def test_a_log_that_does_not_answer_leaves_nothing_half_ordered(home: str, desk: Desk, inspector: TestClient) -> None:
    desk.log_fails = LogUnavailable()
    assert inspector.post(ASK, json={"bsn": KNOWN_BSN, "why": WHY, "order": True}).status_code == 503
    assert not desk.sent


def test_the_letter_says_all_that_stays(home: str, inspector: TestClient) -> None:
    found = ask(inspector)
    for language in LANGUAGES:
        words = Words(language, NOW.date())
        text = "\n".join(erasure_letter(found, words))
        assert all(words.t(f"erasure.kept.{item}") in text for item in Kept)
        assert found["erasure_id"] in text
        assert words.t("erasure.nothing") in "\n".join(erasure_letter({**found, "held": False}, words))
    assert "p-anna" not in json.dumps(found)
