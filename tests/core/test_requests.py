"""Threads of requests: states, what belongs together, corrections, and that order and repetition do not matter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.events.ids import DossierRef
from hub.household.document_shape import RecordEntry
from hub.household.requests.claim import Wrong
from hub.household.requests.codes import NEXT, Party
from tests.core.request_facts import (
    answered,
    asked,
    confirmed,
    followed,
    granted,
    message,
    registered,
    started,
    stopped,
    thread,
)

pytestmark = pytest.mark.core
COURSE = [
    (asked("2026-04-01"), "submitted", Party.MUNICIPALITY),
    (confirmed("2026-04-02", "0200"), "received", Party.MUNICIPALITY),
    (answered("2026-04-07", "under_investigation", number=2), "under_investigation", Party.MUNICIPALITY),
    (granted("2026-04-20"), "granted", Party.PROVIDER),
    (started("2026-05-04", "2026-05-01"), "started", Party.PROVIDER),
    (stopped("2026-06-02", "2026-05-01", "2026-06-01", "paused"), "paused", Party.PROVIDER),
    (started("2026-07-02", "2026-07-01", number=2), "started", Party.PROVIDER),
    (stopped("2026-10-31", "2026-07-01", "2026-10-30", number=2), "ended", Party.NOBODY),
]
"""A request from 315 to the last 307, and where it is after each message."""


@pytest.mark.parametrize("length", range(1, len(COURSE) + 1))
def test_a_request_is_followed_from_the_first_message_to_the_last(length: int) -> None:
    _, state, party = COURSE[length - 1]
    found = thread(*(record for record, _, _ in COURSE[:length]))
    assert (found.state, found.next_party) == (state, party)
    assert [step.state for step in found.steps] == [state for _, state, _ in COURSE[:length]]


def test_without_the_messages_in_between_the_end_is_the_same() -> None:
    whole = thread(*(record for record, _, _ in COURSE))
    late = thread(COURSE[0][0], COURSE[3][0], COURSE[7][0])
    assert (late.state, late.since) == (whole.state, whole.since)


def test_granted_is_said_by_an_allocation_and_rejected_by_an_answer() -> None:
    rejected = thread(asked("2026-04-01"), answered("2026-04-03", "rejected", number=2, rejection_code="3"))
    assert rejected.decision is not None
    assert (rejected.state, rejected.decision.outcome, rejected.decision.code) == ("rejected", "rejected", "3")
    assert thread(asked("2026-04-01"), granted("2026-04-03")).state == "granted"


def test_of_rejected_and_granted_the_later_decision_holds() -> None:
    no, yes = answered("2026-04-10", "rejected", number=2, rejection_code="2"), granted("2026-04-20")
    assert thread(asked("2026-04-01"), no, yes).state == "granted"
    assert thread(asked("2026-04-01"), no, granted("2026-04-03")).state == "rejected"


def test_what_is_asked_anew_after_a_rejection_is_open_again() -> None:
    no = answered("2026-04-10", "rejected", number=2, rejection_code="2")
    assert thread(asked("2026-04-01"), no, asked("2026-04-13", number=5)).state == "submitted"


def test_a_refused_message_says_what_is_wrong_and_goes_back_to_its_sender() -> None:
    found = thread(asked("2026-04-01"), confirmed("2026-04-02", "0233", "S329"))
    assert (found.state, found.next_party) == ("rejected_technically", Party.PROVIDER)
    assert found.wrong == (Wrong("315", "S329"),)
    assert (
        thread(asked("2026-04-01"), confirmed("2026-04-02", "S329"), asked("2026-04-03", number=9)).state == "submitted"
    )


def test_a_retour_without_any_reference_is_about_the_whole_message() -> None:
    assert thread(asked("2026-04-01"), confirmed("2026-04-02", "0001", reference=None)).state == "rejected_technically"


def test_a_refused_start_did_not_happen() -> None:
    refused = message("306", "2026-05-05", allocation_number="700123", return_codes=["9019"])
    found = thread(asked("2026-04-01"), granted("2026-04-03"), started("2026-05-04", "2026-05-01"), refused)
    assert (found.state, found.wrong) == ("granted", (Wrong("305", "9019"),))


def test_a_start_is_corrected_by_deleting_it_and_delivering_it_anew() -> None:
    first, gone = (
        started("2026-05-04", "2026-05-01"),
        started("2026-05-05", "2026-05-01", number=2, delivery_status="delete"),
    )
    anew = started("2026-05-05", "2026-05-04", number=3)
    course = [asked("2026-04-01"), granted("2026-04-03")]
    assert thread(*course, first, gone).state == "granted"
    corrected = thread(*course, first, gone, anew)
    assert (corrected.state, str(corrected.since)) == ("started", "2026-05-04")
    assert thread(*course, gone, first, started("2026-05-06", "2026-05-01", number=4)).state == "started"


def test_a_stop_for_a_time_becomes_a_stop_for_good() -> None:
    course = [asked("2026-04-01"), granted("2026-04-03"), started("2026-05-04", "2026-05-01")]
    paused = stopped("2026-06-02", "2026-05-01", "2026-06-01", "paused")
    assert thread(*course, paused).state == "paused"
    ended = stopped("2026-06-20", "2026-05-01", "2026-06-01", "early_by_client", number=2)
    assert thread(*course, paused, ended).state == "ended"


def test_the_newest_decision_on_an_allocation_holds_whatever_was_sent_last() -> None:
    old = granted("2026-04-03", number=9, ends_on="2026-12-31", sent_on="2026-04-30")
    new = granted("2026-04-20", number=2)
    found = thread(asked("2026-04-01"), old, new)
    assert [str(item.ends_on) for item in found.allocations] == ["2026-10-30"]


def test_an_allocation_that_is_deleted_ends_the_request() -> None:
    gone = granted("2026-04-20", number=2, change_reason_code="13")
    found = thread(asked("2026-04-01"), granted("2026-04-03"), gone)
    assert (found.state, found.allocations[0].volume) == ("ended", 0)


def test_an_answer_without_a_person_is_found_by_its_reference() -> None:
    found = thread(answered("2026-04-07", "under_investigation", number=2), asked("2026-04-01"))
    assert (found.state, found.persons) == ("under_investigation", ("p-noor",))


def test_a_start_without_a_number_joins_the_one_request_for_that_product() -> None:
    bare: dict[str, Any] = {"allocation_number": None, "allocation_starts_on": "2026-05-01"}
    course = [asked("2026-04-01"), granted("2026-04-03")]
    assert thread(*course, started("2026-05-04", "2026-05-02", **bare)).state == "started"
    assert thread(*course, stopped("2026-06-02", "2026-05-02", "2026-06-01", **bare)).state == "ended"
    second = [
        asked("2026-04-01", number=2, reference="V2"),
        granted("2026-04-03", number=2, reference="V2", allocation_number="8"),
    ]
    assert len(followed(*course, *second, started("2026-05-04", "2026-05-02", **bare))) == 3


def test_a_change_request_is_a_thread_of_its_own() -> None:
    change = message("317", "2026-06-01", reference="V2", request_reason_code="1")
    found = followed(asked("2026-04-01"), granted("2026-04-03"), change)
    assert sorted((item.kind, item.state) for item in found) == [("change", "submitted"), ("new", "granted")]


def test_the_same_numbers_under_another_law_are_another_request() -> None:
    assert len(followed(asked("2026-04-01"), asked("2026-04-01", law="wmo"))) == 2


# registrations


def test_a_registration_joins_by_reference_then_number_then_product_and_first_day() -> None:
    course = [asked("2026-04-01"), granted("2026-04-20")]
    by_reference = registered("submitted", "2026-03-30", reference="V1")
    by_number = registered("granted", "2026-03-30", allocation_number="700123")
    by_start = registered("submitted", "2026-03-30", starts_on="2026-05-01")
    for record in (by_reference, by_number, by_start):
        found = thread(*course, record)
        assert {account.source for account in found.accounts} == {"istandaarden", "zcd"}
        assert found.state == "granted"


def test_a_registration_of_another_provider_law_or_reference_stays_apart() -> None:
    course = [asked("2026-04-01")]
    assert len(followed(*course, registered("submitted", reference="V1", provider_code="41000009"))) == 2
    assert len(followed(*course, registered("submitted", reference="V9", starts_on="2026-05-01"))) == 2
    assert len(followed(*course, registered("submitted"))) == 2


def test_where_two_requests_fit_a_registration_joins_neither() -> None:
    two = [asked("2026-04-01"), asked("2026-04-01", number=2, reference="V2")]
    assert len(followed(*two, registered("submitted", starts_on="2026-05-01"))) == 3


def test_each_source_keeps_its_own_state_and_the_furthest_is_that_of_the_thread() -> None:
    found = thread(asked("2026-04-01"), registered("submitted", "2026-03-30", reference="V1"), granted("2026-04-20"))
    assert [(account.source, account.state) for account in found.accounts] == [
        ("istandaarden", "granted"),
        ("zcd", "submitted"),
    ]
    assert (found.state, found.differs) == ("granted", True)
    assert (found.product, found.provider) == ("Ambulant", "De Brug")


def test_what_a_registration_keeps_of_its_steps_is_the_course() -> None:
    steps = [{"state": "submitted", "on": "2026-02-02"}, {"state": "received", "on": "2026-02-04"}]
    found = thread(registered("granted", "2026-02-02", steps=steps, decided_on="2026-02-20"))
    assert [(step.state, str(step.on)) for step in found.steps] == [
        ("submitted", "2026-02-02"),
        ("received", "2026-02-04"),
        ("granted", "2026-02-20"),
    ]


def test_it_says_what_a_request_lacks_once_it_was_handed_in() -> None:
    assert thread(registered("submitted", provider=None)).missing == ("provider", "submitted_on")
    assert thread(registered("concept", provider=None)).missing == ()
    found = thread(registered("rejected_technically", "2026-02-02", return_codes=["S329"]))
    assert (found.wrong, found.next_party) == ((Wrong("", "S329"),), Party.TEAM)


def test_every_state_has_somebody_who_acts() -> None:
    assert {thread(registered(state, "2026-02-02")).next_party for state in NEXT} == set(Party)


# order and repetition

EVERYTHING = [
    *(record for record, _, _ in COURSE),
    asked("2026-04-01", number=2, reference="V2"),
    confirmed("2026-04-02", "S329", number=2, reference="V2"),
    granted("2026-04-20", number=4, reference="V2", allocation_number="8"),
    started("2026-05-04", "2026-05-02", number=7, allocation_number=None, allocation_starts_on="2026-05-01"),
    started("2026-05-05", "2026-05-01", number=8, delivery_status="delete"),
    message("317", "2026-06-01", reference="V3", number=3),
    granted("2026-06-03", number=5, reference="V3", allocation_number="8", change_reason_code="06"),
    registered("submitted", "2026-03-30", reference="V1"),
    registered("started", "2026-03-30", allocation_number="8", record_id="A-2"),
    registered("granted", "2026-03-30", ref=DossierRef("menscentraal", "MC-1"), record_id="V-1"),
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(EVERYTHING), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_order_and_repetition_of_records_make_no_difference(records: list[RecordEntry], random: Any) -> None:
    again = [*records, *random.sample(records, len(records) // 2)]
    random.shuffle(again)
    assert followed(*again) == followed(*records)


@settings(max_examples=200, deadline=None)
@given(st.sets(st.sampled_from(range(len(EVERYTHING))), min_size=1))
def test_every_record_is_in_exactly_one_thread(chosen: set[int]) -> None:
    records = [EVERYTHING[index] for index in chosen]
    shown = [record for item in followed(*records) for record in item.records]
    assert len(shown) == len(set(shown))
    known = {(item["source"], item["dossier_id"], item["record_id"]) for item in records}
    assert set(shown) <= known
    dossiers = {("zcd", "Z-1")}
    missing = {item for item in known - set(shown) if item[:2] not in dossiers}
    assert all("316" in item[2] or item[0] == "menscentraal" for item in missing)
