from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from hub.desk import models
from hub.desk.projector import Consumed, apply_list
from hub.events.ids import household_id
from hub.events.topics import DEAD_LETTERS, SOURCES
from tests.desk.conftest import KNOWN_BSN, NOW, Desk
from tests.desk.family import HOME
from tests.desk.views import (
    MENSCENTRAAL,
    ZCD,
    Line,
    composition,
    dead_letter,
    dossier,
    gone,
    member,
    one_dossier,
    source_status,
    view,
)

NOW_MINUS_90 = NOW - timedelta(seconds=90)
LIST = "/api/v1/huishoudens"
ALL = [
    LIST,
    f"{LIST}/{HOME}",
    f"{LIST}/{HOME}/tijdlijn",
    f"{LIST}/{HOME}/betrokkenen",
    f"{LIST}/{HOME}/besluiten",
    f"{LIST}/{HOME}/inzagen",
    f"{LIST}/{HOME}/kandidaten",
    "/api/v1/bronnen",
    "/api/v1/nothing",
    "/",
    "/huishoudens",
    f"/huishoudens/{HOME}",
    "/bronnen",
    "/zoeken",
    "/docs",
]


def looks(desk: Desk) -> list[dict[str, Any]]:
    return desk.operations()


def assert_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    models.Problem.model_validate(body)
    assert body["status"] == status
    return body


@pytest.mark.parametrize("path", ALL)
def test_without_a_token_nothing_answers(path: str, home: str, nobody: TestClient, desk: Desk) -> None:
    answer = nobody.get(path)
    if path.startswith("/api"):
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    else:
        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/inloggen")
    assert "Noor" not in answer.text
    (line,) = looks(desk)
    assert (line["allowed"], line["reason"], line["user"]) == (False, "not_logged_in", "")


@pytest.mark.parametrize("token", ["", "wrong", "token-of-the-directo", "token-of-the-director2", "é"])
def test_a_wrong_token_is_no_token(token: str, home: str, nobody: TestClient) -> None:
    headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
    assert_problem(nobody.get(LIST, headers=headers), 401)
    assert_problem(nobody.post(f"{LIST}/zoekopdrachten", headers=headers, content=b"{"), 401)


def test_state_and_metrics_answer_without_a_token(nobody: TestClient, desk: Desk) -> None:
    assert nobody.get("/healthz").json() == {"status": "ok"}
    assert nobody.get("/readyz").json() == {"status": "ready"}
    assert nobody.get("/metrics").text == "regiehub_up 1\n"
    assert looks(desk) == []


def test_the_desk_is_not_ready_until_it_has_caught_up(nobody: TestClient, desk: Desk) -> None:
    desk.not_ready = "catching up with the log"
    assert "catching up" in assert_problem(nobody.get("/readyz"), 503)["detail"]
    assert nobody.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("path", "model"),
    [
        (LIST, models.HouseholdPage),
        (f"{LIST}/{HOME}", models.Household),
        (f"{LIST}/{HOME}/tijdlijn", models.Timeline),
        (f"{LIST}/{HOME}/betrokkenen", models.Involved),
        (f"{LIST}/{HOME}/besluiten", models.Decisions),
        (f"{LIST}/{HOME}/inzagen", models.Looks),
        (f"{LIST}/{HOME}/kandidaten", models.Candidates),
        ("/api/v1/bronnen", models.Sources),
    ],
)
def test_answers_are_as_described(path: str, model: type[BaseModel], home: str, director: TestClient) -> None:
    answer = director.get(path)
    assert answer.status_code == 200
    model.model_validate_json(answer.content)
    assert answer.headers["api-version"] == "1.0.0"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_household_shows_both_values_where_sources_differ(home: str, director: TestClient) -> None:
    body = director.get(f"{LIST}/{home}").json()
    anna = next(item for item in body["members"] if item["person_key"] == "p-anna")
    assert [(item["value"], item["source"]) for item in anna["fields"]["name"]["values"]] == [
        ("Anna van Dijk - de Vries", "menscentraal"),
        ("Anna van Dijk", "zcd"),
    ]
    assert {"kind": "field", "field": "name", "person_key": "p-anna"} in body["conflicts"]


def test_addresses_are_opened_and_one_of_another_key_says_so(home: str, director: TestClient) -> None:
    answer = director.get(f"{LIST}/{home}")
    body = answer.json()
    assert body["dossiers"][0]["address"] == {"key": "a-here", "text": "Straat 1 (a-here)", "withheld": False}
    there = body["references"][0]["fields"]["address"]["values"][0]["value"]
    assert there == {"key": "a-there", "text": None, "withheld": False}
    assert "sealed" not in answer.text


def test_the_list_is_paged_and_says_where_the_other_pages_are(desk: Desk, director: TestClient) -> None:
    for number in range(5):
        desk.show(one_dossier(ZCD._replace(dossier_id=f"Z-{number}"), family_name=f"Naam {number}"))
    body = director.get(LIST, params={"pagina": 2, "paginaGrootte": 2}).json()
    assert (body["count"], [row["title"] for row in body["households"]]) == (5, ["Naam 2", "Naam 3"])
    assert body["links"] == {
        name: number and f"{LIST}?pagina={number}&paginaGrootte=2"
        for name, number in (("self", 2), ("first", 1), ("prev", 1), ("next", 3), ("last", 3))
    }
    assert director.get(LIST, params={"pagina": 9}).json()["households"] == []


@pytest.mark.parametrize("query", ["pagina=0", "pagina=x", "paginaGrootte=101", "paginaGrootte="])
def test_a_wrong_parameter_is_a_400(query: str, director: TestClient) -> None:
    body = assert_problem(director.get(f"{LIST}?{query}"), 400)
    assert body["invalid_params"][0]["name"].startswith("query.pagina")


def test_a_parameter_that_does_not_exist_is_a_400_that_does_not_repeat_it(director: TestClient) -> None:
    body = assert_problem(director.get(f"{LIST}?page=2&123456782=x"), 400)
    assert body["invalid_params"] == [{"name": "query", "reason": "a parameter that does not exist"}]
    assert_problem(director.get("/api/v1/bronnen?pagina=2"), 400)
    assert director.get("/healthz?x=1").status_code == 200


def test_a_household_that_is_not_there_is_refused_like_one_of_others(desk: Desk, director: TestClient) -> None:
    assert_problem(director.get(f"{LIST}/H00000000000000000000"), 403)
    assert_problem(director.get("/api/v1/huishoudens/x/y/z"), 404)
    assert_problem(director.put(LIST), 405)
    assert [line["household_id"] for line in looks(desk)] == ["H00000000000000000000"]


@pytest.mark.parametrize("part", ["", "/tijdlijn", "/betrokkenen", "/besluiten", "/inzagen", "/kandidaten"])
def test_an_id_that_is_gone_leads_to_where_its_anchor_lives_now(part: str, desk: Desk, director: TestClient) -> None:
    old = desk.show(one_dossier(ZCD))
    new = household_id(MENSCENTRAAL)
    packed = [dossier(ref, [member("1", "p-anna")]) for ref in (MENSCENTRAAL, ZCD)]
    lines = [Line(ref, "1", "p-anna") for ref in (MENSCENTRAAL, ZCD)]
    desk.show((new, view(new, composition(new, packed, label=9, since=9, members=lines), label=9)))
    desk.show((old, gone(old, label=9)))
    answer = director.get(f"{LIST}/{old}{part}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"{LIST}/{new}{part}")
    assert director.get(answer.headers["location"]).status_code == 200


def test_what_was_asked_of_an_id_that_is_gone_is_asked_of_the_new_one(desk: Desk, director: TestClient) -> None:
    old, new = desk.show(one_dossier(ZCD)), household_id(MENSCENTRAAL)
    packed = [dossier(ref, [member("1", "p-anna")]) for ref in (MENSCENTRAAL, ZCD)]
    lines = [Line(ref, "1", "p-anna") for ref in (MENSCENTRAAL, ZCD)]
    desk.show((new, view(new, composition(new, packed, label=9, since=9, members=lines), label=9)))
    desk.show((old, gone(old, label=9)))
    answer = director.get(f"{LIST}/{old}/inzagen?pagina=2")
    assert (answer.status_code, answer.headers["location"]) == (308, f"{LIST}/{new}/inzagen?pagina=2")
    known = director.get("/api/v1/openapi.json").json()["paths"]["/huishoudens/{household_id}/kandidaten"]
    assert "308" in known["get"]["responses"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": "van dijk"},
        {"birth_date": "2015-09-01"},
        {"dossier_number": "mc-1"},
        {"bsn": KNOWN_BSN},
        {"name": "noor", "dossier_number": "Z-1"},
    ],
)
def test_a_household_is_found_by_a_member_or_a_dossier(wanted: dict[str, str], home: str, director: TestClient) -> None:
    answer = director.post(f"{LIST}/zoekopdrachten", json=wanted)
    models.SearchResult.model_validate_json(answer.content)
    assert [row["household_id"] for row in answer.json()["households"]] == [home]


@pytest.mark.parametrize(
    "wanted", [{}, {"name": "x"}, {"birth_date": "gisteren"}, {"bsn": "123456789"}, {"bsn": "1234567820"}, {"b": 1}]
)
def test_a_wrong_search_is_a_400_that_repeats_nothing(
    wanted: dict[str, str], home: str, director: TestClient, desk: Desk
) -> None:
    body = assert_problem(director.post(f"{LIST}/zoekopdrachten", json=wanted), 400)
    assert body["invalid_params"]
    assert not any(str(value) in json.dumps(body["invalid_params"]) for value in wanted.values() if len(str(value)) > 1)
    assert looks(desk) == []


def test_a_body_that_is_no_json_is_a_400(director: TestClient) -> None:
    assert_problem(director.post(f"{LIST}/zoekopdrachten", content=b"{nee"), 400)


def test_a_bsn_stands_in_no_address_and_no_look(home: str, desk: Desk, director: TestClient) -> None:
    director.post(f"{LIST}/zoekopdrachten", json={"bsn": KNOWN_BSN, "name": "anna"})
    assert desk.asked == [KNOWN_BSN]
    text = desk.looks_path.read_text()
    assert KNOWN_BSN not in text
    assert "anna" not in text.lower().replace("p-anna", "")
    described = director.get("/api/v1/openapi.json").json()
    named = [
        item["name"]
        for path in described["paths"].values()
        for op in path.values()
        for item in op.get("parameters", [])
    ]
    assert not any("bsn" in name.lower() for name in [*named, *described["paths"]])


def test_each_read_leaves_one_record_that_says_what_was_seen(home: str, desk: Desk, director: TestClient) -> None:
    director.get(f"{LIST}/{home}", headers={"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"})
    director.get(LIST)
    read, listed = looks(desk)
    span = read.pop("span_id")
    assert len(span) == 16
    assert read == {
        "number": 1,
        "previous": "",
        "record": "operation",
        "application": "regiehub-desk",
        "at": "2026-03-01T12:00:00.000000Z",
        "user": "dirk",
        "role": "case_director",
        "organisation": "",
        "action": "read_household",
        "activity": "urn:regiehub:verwerking:huishouden-inzien",
        "household_id": home,
        "dossiers": ["menscentraal/MC-1", "zcd/Z-1"],
        "persons": 5,
        "allowed": True,
        "reason": "named team",
        "ground": "JEUGDWET_7_4_0",
        "trace_id": "ab" * 16,
        "parent_span_id": "cd" * 8,
    }
    assert (listed["action"], listed["dossiers"], listed["household_id"]) == ("list_households", read["dossiers"], None)


@pytest.mark.parametrize("trace", ["", "x", f"00-{'0' * 32}-{'cd' * 8}-01", f"00-{'ab' * 16}-{'0' * 16}-01"])
def test_without_a_trace_of_the_caller_an_operation_gets_one_of_its_own(
    trace: str, home: str, desk: Desk, director: TestClient
) -> None:
    for _ in range(2):
        director.get(f"{LIST}/{home}", headers={"traceparent": trace})
    first, second = looks(desk)
    assert first["parent_span_id"] == second["parent_span_id"] == ""
    assert len({first["trace_id"], second["trace_id"], "0" * 32, "ab" * 16}) == 4


@pytest.mark.parametrize("path", [f"{LIST}/{HOME}", f"{LIST}/{HOME}/tijdlijn", f"{LIST}/{HOME}/inzagen"])
def test_each_person_whose_data_are_shown_has_a_record_under_the_operation(
    path: str, home: str, desk: Desk, director: TestClient
) -> None:
    director.get(path)
    assert_one_record_per_person(desk, allowed=True)


def test_each_member_whom_a_list_shows_has_a_record(home: str, desk: Desk, director: TestClient) -> None:
    director.get(LIST)
    assert_one_record_per_person(desk, ["p-anna", "p-noor", "u-oma"], allowed=True)


def test_each_member_whom_a_search_finds_has_a_record(home: str, desk: Desk, director: TestClient) -> None:
    director.post(f"{LIST}/zoekopdrachten", json={"name": "noor"})
    assert_one_record_per_person(desk, ["p-anna", "p-noor", "u-oma"], allowed=True)


def test_each_person_whose_data_were_refused_has_a_record(home: str, desk: Desk, operator: TestClient) -> None:
    operator.get(f"{LIST}/{home}")
    assert_one_record_per_person(desk, allowed=False)


EVERYBODY = ("p-anna", "p-bas", "p-noor", "p-tom", "u-oma")


def assert_one_record_per_person(desk: Desk, persons: Sequence[str] = EVERYBODY, *, allowed: bool) -> None:
    operation, *subjects = desk.records()
    assert [item["person"] for item in subjects] == list(persons)
    assert operation["persons"] == len(subjects)
    spans = [item["span_id"] for item in (operation, *subjects)]
    assert len(set(spans)) == len(spans)
    shared = ("at", "trace_id", "user", "role", "organisation", "action", "activity", "ground", "allowed", "reason")
    for item in subjects:
        assert (item["record"], item["parent_span_id"]) == ("subject", operation["span_id"])
        assert [item[name] for name in shared] == [operation[name] for name in shared]
        assert item["dossiers"] == ["menscentraal/MC-1", "zcd/Z-1"]
        assert item["allowed"] is allowed
    assert not any(name in desk.looks_path.read_text() for name in ("Noor", "Vries", "Dijk", "Mia", "Straat"))


def test_operations_see_no_household_and_each_refusal_leaves_one_line(
    home: str, desk: Desk, operator: TestClient
) -> None:
    refused = [LIST, f"{LIST}/{home}", f"{LIST}/{home}/tijdlijn", f"{LIST}/{home}/inzagen", f"{LIST}/unknown"]
    for path in refused:
        assert_problem(operator.get(path), 403)
    assert_problem(operator.post(f"{LIST}/zoekopdrachten", json={"name": "noor"}), 403)
    assert [(line["user"], line["allowed"]) for line in looks(desk)] == [("olga", False)] * 6
    assert looks(desk)[1]["dossiers"] == ["menscentraal/MC-1", "zcd/Z-1"]


def test_a_household_shows_who_looked_and_who_was_refused(
    home: str, director: TestClient, operator: TestClient
) -> None:
    operator.get(f"{LIST}/{home}")
    director.get(f"{LIST}/{home}")
    answer = director.get(f"{LIST}/{home}/inzagen").json()
    found = answer["looks"]
    assert answer["count"] == 3
    assert [(item["user"], item["action"], item["allowed"]) for item in found] == [
        ("dirk", "read_looks", True),
        ("dirk", "read_household", True),
        ("olga", "read_household", False),
    ]


def test_the_looks_at_a_household_name_nobody_elses_dossiers(home: str, desk: Desk, director: TestClient) -> None:
    desk.show(one_dossier(ZCD._replace(dossier_id="Z-99"), person="p-stranger"))
    director.get(LIST)
    answer = director.get(f"{LIST}/{home}/inzagen")
    assert {tuple(item["dossiers"]) for item in answer.json()["looks"]} == {("menscentraal/MC-1", "zcd/Z-1")}
    assert "Z-99" not in answer.text


def test_a_look_at_a_member_in_another_household_is_one_at_this_household(
    home: str, desk: Desk, director: TestClient
) -> None:
    other = desk.show(one_dossier(ZCD._replace(dossier_id="Z-99"), person="p-anna"))
    director.get(f"{LIST}/{other}")
    seen, _ = director.get(f"{LIST}/{home}/inzagen").json()["looks"][::-1]
    assert (seen["action"], seen["dossiers"]) == ("read_household", [])


def test_looks_follow_a_dossier_to_another_household(desk: Desk, director: TestClient) -> None:
    old = desk.show(one_dossier(ZCD))
    director.get(f"{LIST}/{old}")
    new = household_id(MENSCENTRAAL)
    packed = [dossier(ref, [member("1", "p-anna")]) for ref in (MENSCENTRAAL, ZCD)]
    lines = [Line(ref, "1", "p-anna") for ref in (MENSCENTRAAL, ZCD)]
    desk.show((new, view(new, composition(new, packed, label=9, since=9, members=lines), label=9)))
    desk.show((old, gone(old, label=9)))
    found = director.get(f"{LIST}/{new}/inzagen").json()["looks"]
    assert [item["action"] for item in found] == ["read_looks", "read_household"]


def test_the_looks_are_paged(home: str, director: TestClient) -> None:
    for _ in range(4):
        director.get(f"{LIST}/{home}")
    first = director.get(f"{LIST}/{home}/inzagen", params={"paginaGrootte": 3}).json()
    assert (first["count"], len(first["looks"])) == (5, 3)
    last = director.get(first["links"]["last"]).json()
    assert (last["count"], len(last["looks"]), last["links"]["next"]) == (6, 3, None)
    assert director.get(f"{LIST}/{home}/inzagen", params={"pagina": 9}).json()["looks"] == []


@pytest.mark.parametrize("path", [LIST, f"{LIST}/{HOME}", "/api/v1/bronnen", f"/huishoudens/{HOME}"])
def test_when_the_look_cannot_be_logged_nothing_is_shown(
    path: str, home: str, desk: Desk, visit: Callable[[str | None], TestClient]
) -> None:
    desk.looks_path.mkdir()
    answer = visit("token-of-the-director").get(path)
    assert answer.status_code == 503
    assert "Noor" not in answer.text


def test_sources_tell_how_fresh_they_are(desk: Desk, director: TestClient, operator: TestClient) -> None:
    messages = [
        Consumed(SOURCES, 0, 0, b"zcd", source_status(polled_at=NOW_MINUS_90)),
        Consumed(DEAD_LETTERS, 0, 0, b"zcd", dead_letter()),
    ]
    apply_list(desk.engine, messages, [])
    assert operator.get("/api/v1/bronnen").json()["sources"][0]["silent"] is True
    fresh = source_status(polled_at=NOW_MINUS_90, reported_at=NOW)
    apply_list(desk.engine, [Consumed(SOURCES, 0, 1, b"zcd", fresh)], [])
    (seen,) = operator.get("/api/v1/bronnen").json()["sources"]
    assert seen["silent"] is False
    assert (seen["source"], seen["state"], seen["seconds_since_poll"], seen["dead_letters"]) == (
        "zcd",
        "running",
        90.0,
        1,
    )
    assert director.get("/api/v1/bronnen").json()["sources"][0]["dead_letters"] is None


def test_dead_letters_of_what_never_reports_are_counted_too(
    desk: Desk, director: TestClient, operator: TestClient
) -> None:
    messages = [
        Consumed(SOURCES, 0, 0, b"zcd", source_status(reported_at=NOW)),
        Consumed(DEAD_LETTERS, 0, 0, b"hub", dead_letter("hub", "registrations.records.v1@7:zcd/Z-1")),
    ]
    apply_list(desk.engine, messages, [])
    answer = operator.get("/api/v1/bronnen")
    zcd, hub = models.Sources.model_validate_json(answer.content).sources
    assert (zcd.source, zcd.state, zcd.dead_letters) == ("zcd", "running", 0)
    assert (hub.source, hub.state, hub.silent, hub.dead_letters) == ("hub", "none", False, 1)
    assert [item["source"] for item in director.get("/api/v1/bronnen").json()["sources"]] == ["zcd"]


def test_who_is_involved_and_who_directs(home: str, director: TestClient) -> None:
    body = director.get(f"{LIST}/{home}/betrokkenen").json()
    assert body["directors"] == ["Kim Bakker"]
    assert [entry["current"] for entry in body["directions"]] == [True, False]
    assert {item["body"]["name"] for item in body["involved"]} == {"Kim Bakker", "Piet Jansen"}


def test_the_timeline_runs_from_new_to_old(home: str, director: TestClient) -> None:
    events = director.get(f"{LIST}/{home}/tijdlijn").json()["events"]
    assert [item["kind"] for item in events][:4] == ["signal", "request_decided", "contact", "direction_ended"]
    assert [item["on"] for item in events] == sorted((item["on"] for item in events), reverse=True)
