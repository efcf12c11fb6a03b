"""National messages through the whole hub: to the household of their client, whatever comes first, and to no other."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.istandaarden.samples import Request, rendered
from hub.demo.oracle import compare
from hub.demo.reference import answer
from hub.demo.town.correspondence import ISTANDAARDEN, Correspondence
from hub.demo.town.town import Town
from hub.household.attention.terms import Terms
from hub.household.document_shape import Document
from hub.household.requests.threads import Thread, threads
from tests.stream.inline import documents, translated

pytestmark = pytest.mark.stream
CHILD, STRANGER = "123456782", "111222333"
MOMENT = "2026-01-05T10:00:00+01:00"
HELP = Request("jw", CHILD, "V0001", "700123", "45A04", "2026-05-01", "2026-10-30")
OF_A_STRANGER = Request("jw", STRANGER, "V0002", "700124", "45A04", "2026-05-01", None)
ADDRESS = {"straat": "Putselaan", "huisnummer": 7, "toevoeging": None, "postcode": "3074JB", "plaats": "Rotterdam"}


def zcd(kind: str, record: str, content: dict[str, Any]) -> tuple[str, object]:
    head = {"soort": kind, "actie": "vastgelegd", "dossiernummer": "Z-1", "id": record, "versie": 1}
    return "zcd", head | {"gewijzigdOp": MOMENT, "gegevens": content}


def line(number: str, bsn: str | None, *, client: bool) -> dict[str, Any]:
    role = "jeugdige" if client else "moeder"
    return {"regel": number, "bsn": bsn, "rol": role, "client": client, "woontHier": True, "achternaam": "Vries"}


FAMILY = zcd(
    "dossier",
    "Z-1",
    {
        "status": "open",
        "openingsdatum": "2026-01-05",
        "adres": ADDRESS,
        "gezinsleden": [line("1", CHILD, client=True), line("2", None, client=False)],
    },
)
REGISTERED = zcd(
    "aanvraag", "A-1", {"productcode": "45A04", "product": "Ambulant", "toestand": "ingediend", "referentie": "V0001"}
)
COURSE = [
    HELP.asked("A1", "2026-04-01"),
    HELP.confirmed("A1", "2026-04-01", "2026-04-02"),
    HELP.answered("G1", "2026-04-07"),
    HELP.granted("G2", "2026-04-20"),
    HELP.started("A3", "2026-05-04", "2026-05-01"),
    HELP.stopped("A4", "2026-10-31", "2026-05-01", "2026-10-30", "31"),
]
EVERYTHING = [FAMILY, REGISTERED, *(("istandaarden", text) for text in COURSE)]


def shown(changes: list[tuple[str, object]], seed: int) -> list[Document]:
    messages, unreadable = translated(changes)
    assert unreadable == 0
    return cast(list[Document], documents(messages, random.Random(seed)))


def followed(document: Document) -> list[Thread]:
    return threads(document, date(2026, 11, 2), Terms())


@settings(max_examples=40, deadline=None)
@given(st.permutations(EVERYTHING), st.integers(0, 2**16))
def test_in_any_order_a_request_is_one_thread_in_the_household_of_its_client(
    changes: list[tuple[str, object]], seed: int
) -> None:
    (document,) = shown(changes, seed)
    (thread,) = followed(document)
    assert (thread.state, len(thread.steps), {account.source for account in thread.accounts}) == (
        "ended",
        7,
        {"istandaarden", "zcd"},
    )
    assert [item["dossier_id"] for item in document["dossiers"]] == ["Z-1"]
    assert len(document["message_dossiers"]) == 5
    assert {ref["source"] for person in document["members"] for ref in person["source_refs"]} == {"zcd"}
    assert {item["source"] for item in document["lines"]} == {"zcd"}


def test_messages_link_nobody_and_change_no_household() -> None:
    (without,) = shown([FAMILY, REGISTERED], 1)
    (document,) = shown(EVERYTHING, 1)
    for name in ("household_id", "status", "dossiers", "members", "lines", "links", "apart", "conflicts", "title"):
        assert document[name] == without[name], name


def test_whom_only_messages_name_is_shown_to_nobody() -> None:
    assert shown([("istandaarden", OF_A_STRANGER.asked("A1", "2026-04-01"))], 1) == []
    documents_of = shown([*EVERYTHING, ("istandaarden", OF_A_STRANGER.asked("A9", "2026-04-01"))], 2)
    assert [len(followed(item)) for item in documents_of] == [1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_town_and_its_messages_end_as_the_reference_says(seed: int) -> None:
    town = Town(15, seed, start=datetime(2025, 1, 6, tzinfo=UTC))
    changes = [
        (c.source, rendered(c.payload) if c.source == ISTANDAARDEN and isinstance(c.payload, dict) else c.payload)
        for c in Correspondence().with_messages(town.fill())
    ]

    def lines(source: str) -> list[str]:
        own = [(place, payload) for place, (name, payload) in enumerate(changes, 1) if name == source]
        return [text if isinstance(text, str) else json.dumps(text | _numbers(source, place)) for place, text in own]

    messages, unreadable = translated(changes)
    wanted = answer(lines("zcd"), lines("menscentraal"), (), [text.replace("\n", " ") for text in lines(ISTANDAARDEN)])
    assert compare(documents(messages, random.Random(seed)), wanted) == []
    assert unreadable == sum(wanted.summary["dead_letters"].values())


def _numbers(source: str, place: int) -> dict[str, Any]:
    return {"volgnummer": place} if source == "zcd" else {"seq": place, "tx": place}


def test_a_message_about_another_person_under_the_same_reference_does_not_go_along() -> None:
    stranger = Request("jw", STRANGER, "V0001", "700125", "45A04", "2026-05-01", None)
    (document,) = shown([*EVERYTHING, ("istandaarden", stranger.started("A8", "2026-05-04", "2026-05-01"))], 3)
    assert len(followed(document)[0].steps) == 7
