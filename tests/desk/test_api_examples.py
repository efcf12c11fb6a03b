"""The examples in the description of the API are what a desk answers now to the family of these tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

import hub.desk
from hub.desk.openapi import examples
from hub.desk.projector import Consumed, apply_list
from hub.desk.site import API
from hub.events.decisions import Kind
from hub.events.deputies import Deputyship, DeputyshipSaid
from hub.events.ids import RecordRef, decision_id
from hub.events.topics import DEPUTIES, SOURCES
from tests.desk.conftest import DIRECTOR, INSPECTOR, KNOWN_BSN, LEADER, NOW, OFFICER, Desk
from tests.desk.decisions import direction_entry, opening_entry
from tests.desk.family import HOME, family
from tests.desk.test_deciding import SAME
from tests.desk.test_requests import household, ref, request
from tests.desk.views import ZCD, one_dossier, source_status

FOLDER = Path(hub.desk.__file__).parent / "examples"
TRACE = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
DECIDED = direction_entry("Kim Bakker")
DECISION = decision_id(RecordRef(*(DECIDED[name] for name in RecordRef._fields)))
DEPUTY = Deputyship(
    team="Noord",
    replaced_name="Kim Bakker",
    replaced_staff="100201",
    deputy_name="Omar Yilmaz",
    deputy_staff="100203",
    from_on=date(2026, 3, 2),
    to_on=date(2026, 3, 15),
)
HOUSEHOLD = f"/huishoudens/{HOME}"
OPERATIONS: dict[str, tuple[str, str, Any]] = {
    "listHouseholds": (DIRECTOR, "/huishoudens", None),
    "searchHouseholds": (DIRECTOR, "/huishoudens/zoekopdrachten", {"name": "de vries", "birth_date": "2015-09-01"}),
    "readHousehold": (DIRECTOR, HOUSEHOLD, None),
    "readTimeline": (DIRECTOR, f"{HOUSEHOLD}/tijdlijn", None),
    "readDecisions": (DIRECTOR, f"{HOUSEHOLD}/besluiten", None),
    "readInvolved": (DIRECTOR, f"{HOUSEHOLD}/betrokkenen", None),
    "readCandidates": (DIRECTOR, f"{HOUSEHOLD}/kandidaten", None),
    "readLooks": (DIRECTOR, f"{HOUSEHOLD}/inzagen", None),
    "inspectPerson": (INSPECTOR, "/inzageverzoeken", {"bsn": KNOWN_BSN}),
    "erasePerson": (INSPECTOR, "/wisverzoeken", {"bsn": KNOWN_BSN, "why": "Jeugdwet 7.3.9, brief van 2 maart"}),
    "makeDecision": (DIRECTOR, "/besluiten", SAME),
    "readDecision": (DIRECTOR, f"/besluiten/{DECISION}", None),
    "takeBackDecision": (DIRECTOR, f"/besluiten/{DECISION}/intrekking", {"why": "Toch niet overgedragen."}),
    "listEmergencies": (OFFICER, "/noodtoegangen", None),
    "listRequests": (LEADER, "/aanvragen", None),
    "listTeams": (LEADER, "/teams", None),
    "nameDeputy": (LEADER, "/vervangingen", DEPUTY.model_dump(mode="json") | {"why": "Vakantie."}),
    "takeBackDeputy": (LEADER, f"/vervangingen/{DEPUTY.deputyship_id}/intrekking", {"why": "Toch niet weg."}),
    "listSources": (DIRECTOR, "/bronnen", None),
}
"""Whose token, where, and what is sent."""


def test_every_operation_has_an_example(director: TestClient) -> None:
    described = director.get(f"{API}/openapi.json").json()
    names = {item["operationId"] for path in described["paths"].values() for item in path.values()}
    assert names == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_example_is_what_the_desk_answers(name: str, desk: Desk, visit: Callable[[str | None], TestClient]) -> None:
    """To make an example anew, delete its file and run this."""
    desk.show(family(extra=[DECIDED, opening_entry(Kind.EMERGENCY, minutes=6)]))
    desk.show(one_dossier(ZCD._replace(dossier_id="Z-7"), person="u-mia", confirmed=False, given_name="Mia"))
    apply_list(desk.engine, [Consumed(SOURCES, 0, 0, b"zcd", source_status(polled_at=NOW, reported_at=NOW))], [])
    if name in ("listRequests", "listTeams"):
        desk.show(household(1, request(ref(1), 1)))
    said = DeputyshipSaid(deputyship=DEPUTY, version=1, why="Vakantie.", decided_by="lea", decided_at=NOW)
    apply_list(desk.engine, [Consumed(DEPUTIES, 0, 0, b"P", said.message("0599").value)], [])
    token, path, body = OPERATIONS[name]
    client = visit(token)
    method = "GET" if body is None else "POST"
    answer = client.request(method, f"{API}{path}", json=body, headers=TRACE)
    assert answer.status_code in (200, 202)
    found = {"answer": answer.json()} | ({"request": body} if body is not None else {})
    file = FOLDER / f"{name}.json"
    if not file.exists():
        file.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        pytest.fail(f"{file} was written; look at it")
    assert examples()[name] == found
