"""Decisions through the API: made, read, taken back; who may; what is logged; what is published."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.desk import models
from hub.desk.access import Actor, Role
from hub.desk.admission import Request
from hub.desk.decision_models import DecisionAccepted, DecisionToMake
from hub.errors import LogRefused, LogUnavailable
from hub.events.codec import decode
from hub.events.decisions import DecisionMessage, Kind, Snooze, decision_of
from hub.events.moments import micros
from hub.events.topics import COMPOSITIONS, RECORDS
from hub.household.rulings import Effect
from tests.desk.conftest import DIRECTOR, KNOWN_BSN, NOW, Desk
from tests.desk.decisions import id_of, named, packed, snooze_entry
from tests.desk.family import HOME, family
from tests.desk.open_reading import STAFF
from tests.desk.test_api import assert_problem, looks
from tests.desk.views import MENSCENTRAAL, START, ZCD, Line, composition, one_dossier, view

DIRK = Request(Actor("dirk", Role.CASE_DIRECTOR, unit="youth", staff=STAFF), "a" * 32)
DECISIONS = "/api/v1/besluiten"
OMA = {"source": "menscentraal", "dossier_id": "MC-1", "line": "2"}
ANNA = {"source": "zcd", "dossier_id": "Z-1", "line": "2"}
NOOR = {"source": "zcd", "dossier_id": "Z-1", "line": "1"}
POINT = {**{"source": "zcd", "dossier_id": "Z-1"}, "rule": "no_director", "point": "p", "until": "2026-04-01"}
SAID = {"source": "zcd", "dossier_id": "Z-1"}
SAME = {"kind": "same_person", "line": ANNA, "other": OMA, "why": "Paspoort gezien."}
EVERY: list[dict[str, Any]] = [
    SAME,
    SAME | {"kind": "different_person", "doubted": "other"},
    SAME | {"kind": "same_household"},
    {"kind": "lives_here", "line": OMA, "why": "Gesproken."},
    {"kind": "lives_elsewhere", "line": OMA, "why": "Gesproken."},
    {"kind": "snooze", "snooze": POINT, "why": "Gesprek staat."},
    {"kind": "direction", "direction": SAID, "why": "Afgesproken."},
]
WRONG: list[dict[str, Any]] = [
    {},
    {"kind": "friends", "line": ANNA, "why": "w"},
    SAME | {"why": ""},
    SAME | {"why": "  \n"},
    SAME | {"why": "w" * 2001},
    SAME | {"why": "w\0"},
    SAME | {"why": f"BSN {KNOWN_BSN} gezien"},
    SAME | {"why": f"BSN {KNOWN_BSN[:4]}.{KNOWN_BSN[4:6]}.{KNOWN_BSN[6:]} gezien"},
    SAME | {"why": f"BSN {KNOWN_BSN[:3]} {KNOWN_BSN[3:6]} {KNOWN_BSN[6:]} gezien"},
    SAME | {"other": None},
    SAME | {"other": ANNA},
    SAME | {"doubted": "line"},
    SAME | {"kind": "different_person"},
    SAME | {"kind": "lives_here"},
    {"kind": "lives_here", "line": OMA, "doubted": "other", "why": "w"},
    {"kind": "snooze", "snooze": POINT | {"point": "p\0"}, "why": "w"},
    SAME | {"snooze": POINT},
    SAME | {"person": "p"},
    {"kind": "snooze", "why": "w"},
    {"kind": "snooze", "snooze": POINT | {"until": "ooit"}, "why": "w"},
    {"kind": "snooze", "snooze": POINT | {"until": "2026-03-01"}, "why": "w"},
    {"kind": "snooze", "snooze": POINT | {"until": "9999-12-31"}, "why": "w"},
    {"kind": "snooze", "snooze": POINT | {"rule": "no_such_rule"}, "why": "w"},
    {"kind": "snooze", "snooze": POINT, "line": ANNA, "why": "w"},
    {"kind": "direction", "why": "w"},
    {"kind": "direction", "direction": SAID, "line": ANNA, "why": "w"},
    {"kind": "direction", "direction": SAID | {"from_on": "2027-03-03"}, "why": "w"},
    {"kind": "direction", "direction": SAID | {"from_on": "0001-01-01"}, "why": "w"},
    {"kind": "direction", "direction": SAID | {"director": {"name": " "}}, "why": "w"},
    {"kind": "direction", "direction": SAID | {"director": {"name": "Kim\0"}}, "why": "w"},
    {"kind": "direction", "direction": SAID | {"director": {"name": f"Kim {KNOWN_BSN}"}}, "why": "w"},
    {"kind": "direction", "direction": SAID | {"director": {"name": "Kim", "unit": "other"}}, "why": "w"},
    {"kind": "snooze", "snooze": POINT, "direction": SAID, "why": "w"},
    {"kind": "lives_here", "line": OMA | {"line": 7}, "why": "w"},
    {"kind": "lives_here", "line": OMA | {"dossier_id": ""}, "why": "w"},
]


def made(desk: Desk, number: int = -1) -> Any:
    """A published decision."""
    return decision_of(decode(desk.sent[number].value).value)


@pytest.mark.parametrize("wanted", EVERY, ids=[item["kind"] for item in EVERY])
def test_a_decision_is_published_as_an_event_with_who_when_and_why(
    wanted: dict[str, Any], home: str, desk: Desk, director: TestClient
) -> None:
    answer = director.post(DECISIONS, json=wanted)
    assert answer.status_code == 202
    accepted = DecisionAccepted.model_validate_json(answer.content)
    assert answer.headers["location"] == accepted.link == f"{DECISIONS}/{accepted.decision_id}"
    assert accepted.households == [home]
    (sent,) = desk.sent
    assert sent.topic == (RECORDS if wanted["kind"] in {"snooze", "direction"} else COMPOSITIONS)
    event = decode(sent.value).value
    assert (event["version"], event["recorded_at"], event["jurisdiction"]) == (micros(NOW), NOW, "0599")
    assert id_of(sent.value) == accepted.decision_id
    decision = decision_of(event)
    assert (decision.kind, decision.decided_by, decision.why) == (wanted["kind"], "dirk", wanted["why"])
    assert not decision.withdrawn


def test_a_line_is_named_as_it_is_stated_not_as_it_is_shown(home: str, desk: Desk, director: TestClient) -> None:
    director.post(DECISIONS, json=SAME)
    decision = made(desk)
    assert (decision.line.person, decision.line.confirmed) == ("u-oma", False)
    assert (decision.other.person, decision.other.confirmed) == ("p-anna", True)
    director.post(DECISIONS, json=SAME | {"kind": "different_person", "doubted": "line"})
    assert made(desk).doubted == "other"  # the two lines have one order, whoever is named first


@pytest.mark.parametrize("wanted", WRONG)
def test_nonsense_is_a_400_and_nothing_is_logged_or_published(
    wanted: dict[str, Any], home: str, desk: Desk, director: TestClient
) -> None:
    body = assert_problem(director.post(DECISIONS, json=wanted), 400)
    assert body["invalid_params"]
    assert KNOWN_BSN not in json.dumps(body)
    assert (desk.sent, looks(desk)) == ([], [])


def test_the_longest_reason_is_accepted(home: str, desk: Desk, director: TestClient) -> None:
    assert director.post(DECISIONS, json=SAME | {"why": "é" * 2000}).status_code == 202
    assert director.post(DECISIONS, content=b"{nee").status_code == 400
    assert director.post(DECISIONS, json=SAME | {"why": "tel 0612345678, dossier 123456789"}).status_code == 202


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (OMA | {"line": "9"}, "line"),
        (OMA | {"person_key": "p-somebody"}, "somebody else"),
    ],
)
def test_what_is_not_as_it_was_seen_is_a_409_in_clear_words(
    line: dict[str, str], why: str, home: str, desk: Desk, director: TestClient
) -> None:
    body = assert_problem(director.post(DECISIONS, json=SAME | {"other": line}), 409)
    assert why in body["detail"]
    assert desk.sent == []
    (look,) = looks(desk)
    assert (look["action"], look["allowed"]) == ("decide", True)
    assert f"{line['source']}/{line['dossier_id']}" in look["dossiers"]


def test_who_was_seen_may_be_passed_along(home: str, desk: Desk, director: TestClient) -> None:
    seen = {"other": OMA | {"person_key": "u-oma"}, "line": ANNA | {"person_key": "p-anna"}}
    assert director.post(DECISIONS, json=SAME | seen).status_code == 202


def test_operations_and_strangers_decide_nothing_and_it_is_logged(
    home: str, desk: Desk, operator: TestClient, nobody: TestClient
) -> None:
    for path in (DECISIONS, f"{DECISIONS}/B0/intrekking"):
        body = SAME if path == DECISIONS else {"why": "w"}
        assert_problem(operator.post(path, json=body), 403)
        assert_problem(nobody.post(path, json=body), 401)
    assert_problem(operator.get(f"{DECISIONS}/B0"), 403)
    assert_problem(operator.get(f"/api/v1/huishoudens/{home}/besluiten"), 403)
    assert desk.sent == []
    assert not any(line["allowed"] for line in looks(desk))
    assert len(looks(desk)) == 6


@pytest.mark.parametrize("changed", [{"dossier_id": "MC-9"}, {"source": "elders"}])
def test_a_dossier_that_is_not_known_is_refused_like_one_of_others(
    changed: dict[str, str], home: str, desk: Desk, director: TestClient
) -> None:
    assert_problem(director.post(DECISIONS, json=SAME | {"other": OMA | changed}), 403)
    (look,) = looks(desk)
    assert (look["allowed"], look["reason"], desk.sent) == (False, "no_relation", [])
    assert not set(changed.values()) & set(" ".join(look["dossiers"]).replace("/", " ").split())


def test_each_decision_leaves_one_line_that_names_its_dossiers(home: str, desk: Desk, director: TestClient) -> None:
    director.post(DECISIONS, json=SAME)
    (look,) = looks(desk)
    assert (look["user"], look["action"], look["household_id"]) == ("dirk", "decide", home)
    assert (look["dossiers"], look["ground"]) == (["menscentraal/MC-1", "zcd/Z-1"], "JEUGDWET_7_4_0")
    assert "Paspoort" not in desk.looks_path.read_text()


def test_a_decision_on_two_households_is_asked_of_both(desk: Desk, director: TestClient) -> None:
    homes = [desk.show(one_dossier(ZCD)), desk.show(one_dossier(MENSCENTRAAL, person="p-bea"))]
    wanted = SAME | {"kind": "same_household", "line": NOOR, "other": OMA | {"line": "1"}}
    assert director.post(DECISIONS, json=wanted).json()["households"] == sorted(homes)
    (look,) = looks(desk)
    assert (look["household_id"], look["dossiers"], look["persons"]) == (None, ["menscentraal/MC-1", "zcd/Z-1"], 2)


def test_what_cannot_be_logged_is_not_decided(home: str, desk: Desk, visit: Callable[[str | None], TestClient]) -> None:
    desk.looks_path.mkdir()
    assert_problem(visit(DIRECTOR).post(DECISIONS, json=SAME), 503)
    assert desk.sent == []


@pytest.mark.parametrize(("error", "words"), [(LogUnavailable(), "no harm"), (LogRefused(), "nothing was decided")])
def test_what_the_log_does_not_acknowledge_is_a_503(
    error: Exception, words: str, home: str, desk: Desk, director: TestClient
) -> None:
    desk.log_fails = error
    assert words in assert_problem(director.post(DECISIONS, json=SAME), 503)["detail"]
    desk.log_fails = None
    assert director.post(DECISIONS, json=SAME).status_code == 202
    assert decode(desk.sent[0].value).value["version"] == micros(NOW) + 1  # the first may have come through


def test_many_at_once_get_versions_of_their_own(home: str, desk: Desk, director: TestClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: director.post(DECISIONS, json=SAME), range(24)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["version"] for answer in answers}) == len(desk.sent) == 24


def test_who_waits_too_long_for_his_turn_is_told_so(
    home: str, desk: Desk, visit: Callable[[str | None], TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.desk.deciding.TURN_SECONDS", 0.01)
    busy, done = threading.Event(), threading.Event()

    def slow(message: DecisionMessage) -> None:
        busy.set()
        done.wait(10)

    deciding = replace(desk.site.deciding, publish=slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(deciding.decide, DIRK, DecisionToMake.model_validate(SAME))
        busy.wait(10)
        with pytest.raises(LogUnavailable):
            deciding.decide(DIRK, DecisionToMake.model_validate(SAME))
        done.set()
        assert first.result(10).households == [home]


def test_the_same_decision_twice_is_two_versions_of_one_register(home: str, desk: Desk, director: TestClient) -> None:
    one, two = (director.post(DECISIONS, json=SAME).json() for _ in range(2))
    assert one["decision_id"] == two["decision_id"]
    assert one["version"] < two["version"]
    third = director.post(DECISIONS, json=SAME | {"kind": "different_person", "doubted": "line"}).json()
    assert (third["decision_id"], third["version"]) == (one["decision_id"], two["version"] + 1)
    other = director.post(DECISIONS, json=SAME | {"kind": "same_household"}).json()
    assert other["decision_id"] != one["decision_id"]


def decided_family(*, label: int = 1, minutes: int = 5, **changed: Any) -> tuple[str, bytes]:
    """The family with Anna and her mother said to be two, and who said so."""
    one, other = named(ZCD, "2", "p-anna"), named(MENSCENTRAAL, "2", "u-oma", confirmed=False)
    decision = packed(Kind.DIFFERENT_PERSON, one, other, minutes=minutes, **{"doubted": other, **changed})
    home, value = family(label=label)
    whole = decode(decode(value).value["composition"]).value
    lists: dict[str, Any] = {
        name: [Line(_ref(item), item["line"], item["person"]) for item in whole[name]]
        for name in ("members", "references", "conflicts")
    }
    dossiers = [(_ref(item), item["composition"]) for item in whole["dossiers"]]
    effect = Effect.WITHDRAWN if changed.get("withdrawn") else Effect.APPLIED
    again = composition(home, dossiers, label=label, decisions=[(effect, decision)], **lists)
    return home, view(home, again, label=label)


def _ref(item: dict[str, Any]) -> Any:
    return type(ZCD)(item["source"], item["dossier_id"])


@pytest.fixture
def decided(desk: Desk, director: TestClient) -> str:
    """Id of a decision that the read model knows."""
    home = desk.show(decided_family())
    (found,) = director.get(f"/api/v1/huishoudens/{home}/besluiten").json()["decisions"]
    return str(found["decision_id"])


def test_a_decision_can_be_read_by_its_id_and_with_its_household(
    decided: str, desk: Desk, director: TestClient
) -> None:
    answer = director.get(f"{DECISIONS}/{decided}")
    found = models.DecisionBody.model_validate_json(answer.content)
    assert (found.kind, found.effect, found.decided_by, found.why) == (
        "different_person", "applied", "dirk", "paspoort gezien",
    )  # fmt: skip
    listed = director.get(f"/api/v1/huishoudens/{HOME}/besluiten")
    assert models.Decisions.model_validate_json(listed.content).decisions == [found]
    assert [line["action"] for line in looks(desk)] == ["read_household"] * 3
    assert looks(desk)[1]["household_id"] == HOME


def test_a_decision_that_is_not_there_yet_is_a_404_that_says_so(home: str, director: TestClient) -> None:
    accepted = director.post(DECISIONS, json=SAME).json()
    assert "not come through yet" in assert_problem(director.get(accepted["link"]), 404)["detail"]
    assert_problem(director.post(f"{accepted['link']}/intrekking", json={"why": "w"}), 404)


def test_taking_back_repeats_the_decision_as_it_was_made(decided: str, desk: Desk, director: TestClient) -> None:
    answer = director.post(f"{DECISIONS}/{decided}/intrekking", json={"why": "Vergissing."})
    assert answer.status_code == 202
    assert answer.json()["decision_id"] == decided
    decision = made(desk)
    assert (decision.withdrawn, decision.decided_by, decision.why) == (True, "dirk", "Vergissing.")
    assert (decision.kind, decision.doubted) == (Kind.DIFFERENT_PERSON, "line")
    assert (decision.line.person, decision.other.person) == ("u-oma", "p-anna")
    assert looks(desk)[-1]["action"] == "decide"


@pytest.mark.parametrize("wanted", [{}, {"why": ""}, {"why": KNOWN_BSN}, {"why": "w", "version": "x"}])
def test_taking_back_needs_a_reason(wanted: dict[str, Any], decided: str, desk: Desk, director: TestClient) -> None:
    assert_problem(director.post(f"{DECISIONS}/{decided}/intrekking", json=wanted), 400)
    assert desk.sent == []


def test_what_was_taken_back_or_replaced_meanwhile_is_a_409(decided: str, desk: Desk, director: TestClient) -> None:
    seen = director.get(f"{DECISIONS}/{decided}").json()["version"]
    desk.show(decided_family(label=2, minutes=9))
    path = f"{DECISIONS}/{decided}/intrekking"
    assert "newer" in assert_problem(director.post(path, json={"why": "w", "version": seen}), 409)["detail"]
    assert director.post(path, json={"why": "w", "version": seen + 4 * 60_000_000}).status_code == 202
    desk.show(decided_family(label=3, minutes=10, withdrawn=True))
    assert "taken back" in assert_problem(director.post(path, json={"why": "w"}), 409)["detail"]


def test_a_later_version_beats_the_known_one_also_when_the_clock_is_behind(desk: Desk, director: TestClient) -> None:
    ahead = int((NOW - START).total_seconds() // 60) + 60
    desk.show(decided_family(minutes=ahead))
    accepted = director.post(DECISIONS, json=SAME).json()
    assert accepted["version"] == micros(NOW + timedelta(minutes=60)) + 1


def test_a_snooze_is_taken_back_as_a_snooze(desk: Desk, director: TestClient) -> None:
    desk.show(family(extra=[snooze_entry(Snooze.model_validate(POINT))]))
    (found,) = director.get(f"/api/v1/huishoudens/{HOME}/besluiten").json()["decisions"]
    director.post(f"{DECISIONS}/{found['decision_id']}/intrekking", json={"why": "w"})
    decision = made(desk)
    assert (decision.kind, decision.withdrawn, decision.snooze.rule) == (Kind.SNOOZE, True, "no_director")
    assert id_of(desk.sent[0].value) == found["decision_id"]


def test_decisions_leave_the_read_model_with_their_household(decided: str, desk: Desk, director: TestClient) -> None:
    desk.show(family(label=2))
    assert_problem(director.get(f"{DECISIONS}/{decided}"), 404)


def test_garbage_never_breaks_the_desk(home: str, desk: Desk, director: TestClient) -> None:
    rng = random.Random(7)
    values = [None, 0, True, "", "x" * 300, [], {}, ["a"], {"a": 1}, ANNA, POINT, "line", "\ud800", "é\0"]
    for _ in range(300):
        wanted = {name: rng.choice(values) for name in ("kind", "why", "line", "other", "doubted", "snooze")}
        wanted["kind"] = rng.choice([*Kind, "x"])
        answer = director.post(DECISIONS, content=json.dumps(wanted))
        assert answer.status_code in (202, 400, 403, 409), wanted
    for path in ("B0", "x" * 5000, "%00", "é"):
        assert director.get(f"{DECISIONS}/{path}").status_code == 404
