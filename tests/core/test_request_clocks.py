"""The clocks of a request, each at its edge, over Christmas and King's Day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.household.attention.point import Rule, Severity
from hub.household.document_shape import RecordEntry
from hub.household.requests.codes import Duty, Party
from hub.household.requests.threads import Thread
from tests.core.attention_facts import MC, dossier, line
from tests.core.attention_facts import found as points
from tests.core.request_facts import (
    answered,
    asked,
    confirmed,
    granted,
    registered,
    started,
    stopped,
    thread,
    with_messages,
)

pytestmark = pytest.mark.core
CHRISTMAS, KINGS_DAY = "2025-12-23", "2026-04-23"
"""A Tuesday before Thursday 25 and Friday 26 December; a Thursday before Monday 27 April."""


def late(duty: Duty, *records: RecordEntry, today: str) -> bool:
    """Whether a duty is owed and past its day."""
    return any(
        item.duty is duty and item.met_on is None and item.is_late(date.fromisoformat(today))
        for item in thread(*records, today=today).owed
    )


def met_late(found: Thread, duty: Duty) -> list[bool]:
    """Of what was done: whether each came too late."""
    return [item.is_late(date.max) for item in found.owed if item.duty is duty and item.met_on is not None]


@pytest.mark.parametrize(
    ("sent", "last", "after"), [(CHRISTMAS, "2025-12-30", "2025-12-31"), (KINGS_DAY, "2026-04-29", "2026-04-30")]
)
def test_a_message_is_confirmed_within_3_working_days(sent: str, last: str, after: str) -> None:
    assert not late(Duty.RETOUR, asked(sent), today=last)
    assert late(Duty.RETOUR, asked(sent), today=after)
    assert met_late(thread(asked(sent), confirmed(last, "0200")), Duty.RETOUR) == [False]
    assert met_late(thread(asked(sent), confirmed(after, "0200")), Duty.RETOUR) == [True]


@pytest.mark.parametrize(
    ("sent", "last", "after"), [(CHRISTMAS, "2026-01-02", "2026-01-03"), (KINGS_DAY, "2026-05-01", "2026-05-02")]
)
def test_a_request_is_answered_within_5_working_days(sent: str, last: str, after: str) -> None:
    course = [asked(sent), confirmed(sent, "0200")]
    assert not late(Duty.ANSWER, *course, today=last)
    assert late(Duty.ANSWER, *course, today=after)
    for answer in (answered(last, "under_investigation", number=2), granted(last)):
        assert met_late(thread(*course, answer), Duty.ANSWER) == [False]
    assert met_late(thread(*course, granted(after)), Duty.ANSWER) == [True]


@pytest.mark.parametrize(
    ("begin", "last", "after"), [(CHRISTMAS, "2026-01-02", "2026-01-05"), (KINGS_DAY, "2026-05-01", "2026-05-04")]
)
def test_a_start_is_reported_within_5_working_days(begin: str, last: str, after: str) -> None:
    course = [asked("2025-12-01"), granted("2025-12-05", starts_on=begin)]
    assert not late(Duty.START, *course, today=last)
    assert late(Duty.START, *course, today=after)
    assert met_late(thread(*course, started(last, begin)), Duty.START) == [False]
    assert met_late(thread(*course, started(after, begin)), Duty.START) == [True]


@pytest.mark.parametrize(
    ("end", "last", "after"), [(CHRISTMAS, "2026-01-02", "2026-01-05"), (KINGS_DAY, "2026-05-01", "2026-05-04")]
)
def test_a_stop_is_reported_within_5_working_days(end: str, last: str, after: str) -> None:
    course = [
        asked("2025-06-02"),
        granted("2025-06-05", starts_on="2025-06-10", ends_on=end),
        started("2025-06-11", "2025-06-10"),
    ]
    assert not late(Duty.STOP, *course, today=last)
    assert late(Duty.STOP, *course, today=after)
    assert met_late(thread(*course, stopped(last, "2025-06-10", end)), Duty.STOP) == [False]
    assert met_late(thread(*course, stopped(after, "2025-06-10", end)), Duty.STOP) == [True]


@pytest.mark.parametrize(
    ("sent", "last", "after"),
    [
        ("2026-03-02", "2026-04-28", "2026-04-29"),
        ("2025-10-30", "2025-12-29", "2025-12-30"),
        ("2026-01-12", "2026-03-09", "2026-03-10"),
    ],
)
def test_what_is_investigated_is_decided_within_8_weeks(sent: str, last: str, after: str) -> None:
    """Eight weeks that end on King's Day, or on the first day of Christmas, end on the next working day."""
    course = [asked(sent), answered(sent, "under_investigation", number=2)]
    assert not late(Duty.DECISION, *course, today=last)
    assert late(Duty.DECISION, *course, today=after)
    assert met_late(thread(*course, granted(last)), Duty.DECISION) == [False]
    assert met_late(thread(*course, granted(after)), Duty.DECISION) == [True]


@pytest.mark.parametrize(
    ("sent", "last", "after"),
    [
        ("2026-04-13", "2026-04-28", "2026-04-29"),
        ("2025-12-11", "2025-12-29", "2025-12-30"),
        ("2026-03-02", "2026-03-16", "2026-03-17"),
    ],
)
def test_another_municipality_is_pointed_out_within_2_weeks(sent: str, last: str, after: str) -> None:
    def pointed_out(on: str) -> Thread:
        said = {"rejection_code": "8", "residence_municipality": "0518"}
        return thread(asked(sent), answered(on, "rejected", number=2, **said))

    assert met_late(pointed_out(last), Duty.RESIDENCE) == [False]
    assert met_late(pointed_out(after), Duty.RESIDENCE) == [True]
    decision = pointed_out(last).decision
    assert decision is not None and (decision.code, decision.municipality) == ("8", "0518")


def test_nobody_owes_an_answer_to_what_is_decided() -> None:
    found = thread(asked("2026-01-05"), granted("2026-01-06"), started("2026-05-04", "2026-05-01"), today="2026-05-05")
    assert (found.late, found.next_party, str(found.next_due)) == (False, Party.PROVIDER, "2026-11-06")


def test_a_registration_has_the_same_clocks_but_no_confirmation() -> None:
    found = thread(registered("submitted", KINGS_DAY), today="2026-05-02")
    assert [(item.duty, str(item.due)) for item in found.owed] == [(Duty.ANSWER, "2026-05-01")]
    assert found.late


def test_what_one_source_says_was_done_was_done() -> None:
    course = [
        asked(KINGS_DAY),
        registered("under_investigation", KINGS_DAY, reference="V1", recorded="2026-04-28T09:00:00.000000Z"),
    ]
    assert not late(Duty.ANSWER, *course, today="2026-05-20")


def test_a_late_thread_raises_one_point_where_its_registration_is() -> None:
    document = with_messages([asked("2026-04-01"), registered("submitted", "2026-04-01", reference="V1")])
    (point,) = points(Rule.REQUEST_OVERDUE, document, "2026-04-20")
    assert (point.detail["case"], point.severity, point.dossiers[0].source) == ("unanswered", Severity.HIGH, "zcd")


def test_what_only_messages_know_stands_with_the_dossier_of_its_client() -> None:
    document = with_messages([asked("2026-04-01"), granted("2026-04-03", starts_on="2026-04-06")])
    (point,) = points(Rule.REQUEST_OVERDUE, document, "2026-04-20")
    assert (point.detail["case"], point.severity, point.dossiers[0].source) == ("not_started", Severity.MEDIUM, "zcd")


def test_what_only_messages_know_stands_with_dossiers_of_its_law() -> None:
    document = with_messages([asked("2026-04-01")])

    def where(youth_client: str, adult_client: str) -> list[str]:
        document["dossiers"] = [dossier(client=youth_client), dossier(MC, client=adult_client)]
        (point,) = points(Rule.REQUEST_OVERDUE, document, "2026-04-20")
        return [ref.source for ref in point.dossiers]

    assert where("p-noor", "p-noor") == ["zcd"]
    assert where("p-bas", "p-noor") == ["menscentraal", "zcd"]
    document["lines"] = [line("p-noor")]
    assert where("p-bas", "p-noor") == ["zcd"]


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 90))
def test_later_is_never_less_late(sent: date, days: int) -> None:
    first = sent + timedelta(days=days)
    now, later = (
        thread(asked(sent.isoformat()), today=day.isoformat()).late for day in (first, first + timedelta(days=1))
    )
    assert now <= later
