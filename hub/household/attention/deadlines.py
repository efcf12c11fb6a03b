"""Attention points with a clock: the end of adult help, coming of age, evaluations, after-care, requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from hub.events.records import RecordType
from hub.household.attention.facts import Facts, closed_day, dossiers_of, identity, raised, ref_of
from hub.household.attention.point import AttentionPoint, Rule, Severity
from hub.household.attention.terms import Terms
from hub.household.days import Span, add_days, add_months, birthday, born_within, local_day, parse_day
from hub.household.document_shape import Person, RecordEntry
from hub.household.workdays import add_workdays, workday_from

OF_AGE: Final = 18
"""Source: Burgerlijk Wetboek 1:233; Jeugdwet 1.1: help to youth ends there, but for exceptions."""
UNANSWERED: Final = frozenset({"submitted", "received"})
"""States in which the municipality has not said anything yet."""


def adult_term(facts: Facts) -> Iterator[AttentionPoint]:
    """Help to an adult is past its term, or will be within the notice. Low until it is past; the last day is not.

    Counted from the opening of the dossier, the only start that a source states. Opened again on another day is a new
    matter. Source: Rotterdam's wijkteams: help by the adult unit ends after 6 months."""
    for dossier in facts.open_dossiers:
        opened = parse_day(dossier["opened_on"])
        if dossier["kind"] != "adult" or opened is None:
            continue
        due = add_months(opened, facts.terms.adult_help_months)
        if facts.today >= add_days(due, -facts.terms.adult_help_notice_days):
            is_past = facts.today > due
            yield raised(
                Rule.ADULT_TERM,
                [*ref_of(dossier), opened],
                [ref_of(dossier)],
                {"case": "past" if is_past else "near"},
                since=opened,
                due=due,
                severity=Severity.MEDIUM if is_past else Severity.LOW,
            )


def coming_of_age(facts: Facts) -> Iterator[AttentionPoint]:
    """A member turns 18 within the notice; the birthday itself is the last day of it.

    Where parts of the birth date are unknown, from the earliest to the latest day it may be; where sources differ, by
    each date that they state. Source: Jeugdwet 1.1 (`OF_AGE`): the adult unit has to know in time."""
    for person in facts.document["members"] if facts.open_dossiers else ():
        births = _coming_birthdays(person, facts)
        if births:
            due = min(span.first for span in births)
            is_exact = all(span.first == span.last == due for span in births)
            yield raised(
                Rule.COMING_OF_AGE,
                [person["person_key"]],
                dossiers_of(person),
                {"case": "exact" if is_exact else "about"},
                due=due,
                persons=[person["person_key"]],
            )


def _coming_birthdays(person: Person, facts: Facts) -> list[Span]:
    """The 18th birthdays, by each birth date that is stated, of which the notice runs today."""
    born = [born_within(str(item["value"])) for item in person["fields"]["birth_date"]["values"]]
    birthdays = [Span(birthday(span.first, OF_AGE), birthday(span.last, OF_AGE)) for span in born if span is not None]
    horizon = add_months(facts.today, facts.terms.coming_of_age_notice_months)
    return [span for span in birthdays if span.first <= horizon and facts.today <= span.last]


def evaluation_overdue(facts: Facts) -> Iterator[AttentionPoint]:
    """The day for which an open goal's evaluation was planned has passed. Planned for another day is a new matter.

    Source: this hub's design: whoever planned an evaluation wants to be told that it did not come."""
    for goal in facts.running(RecordType.GOAL):
        due = parse_day(goal["body"]["evaluation_on"])
        if goal["body"]["status"] == "open" and due is not None and due < facts.today:
            yield raised(
                Rule.EVALUATION_OVERDUE,
                [*identity(goal), due],
                [ref_of(goal)],
                {name: goal["body"][name] for name in ("life_domain", "wording")},
                since=add_days(due, 1),
                due=due,
            )


def aftercare_overdue(facts: Facts) -> Iterator[AttentionPoint]:
    """All help has ended, and nobody has asked since how it goes, though the term for that is over.

    A no-show is no contact, nor is the talk on the day of closing. Ends by itself when a return would no longer count
    as one (`reregistration_months`). Source: this hub's design: closed households come back unless somebody asks."""
    closings = [day for item in facts.dossiers if (day := closed_day(item)) is not None]
    if facts.open_dossiers or not closings:
        return
    closed = max(closings)
    due = add_months(closed, facts.terms.aftercare_months)
    asked = any(
        item["body"]["kind"] != "no_show" and closed.isoformat() < str(item["body"]["held_on"])
        for item in facts.records(RecordType.CONTACT)
    )
    if not asked and due < facts.today <= add_months(closed, facts.terms.reregistration_months):
        last = [ref_of(item) for item in facts.dossiers if closed_day(item) == closed]
        detail = {"closed_on": closed.isoformat()}
        yield raised(Rule.AFTERCARE_OVERDUE, [closed], last, detail, since=add_days(due, 1), due=due)


def request_overdue(facts: Facts) -> Iterator[AttentionPoint]:
    """A request for help has no answer after 5 working days, or, while it is investigated, no decision after 8 weeks.

    Both count from the day of the request; 8 weeks that end on a free day end on the next working day. Another state,
    or submitted again, is a new matter. Also in a closed dossier: an answer is owed all the same.
    Source: iJw/iWmo 3.2 OP274 and OP346 (8 weeks after the date of the request); Algemene termijnenwet, article 1."""
    for request in facts.records(RecordType.SUPPORT_REQUEST):
        submitted, due = _submitted(request), answer_due(request, facts.terms)
        if due is not None and due < facts.today:
            state = str(request["body"]["state"])
            detail = {
                "case": "unanswered" if state in UNANSWERED else "undecided",
                "product": request["body"]["product"],
                "submitted_on": submitted.isoformat(),
            }
            yield raised(
                Rule.REQUEST_OVERDUE,
                [*identity(request), state, submitted],
                [ref_of(request)],
                detail,
                since=add_days(due, 1),
                due=due,
            )


def answer_due(request: RecordEntry, terms: Terms) -> date | None:
    """The last day for what the municipality owes now; None if it owes nothing."""
    submitted, state = _submitted(request), request["body"]["state"]
    if state in UNANSWERED:
        return add_workdays(submitted, terms.request_answer_workdays)
    if state == "under_investigation":
        return workday_from(add_days(submitted, 7 * terms.request_decision_weeks))
    return None


def _submitted(request: RecordEntry) -> date:
    """Where the source states no day, that on which it recorded the request: later, never earlier."""
    return parse_day(request["body"]["submitted_on"]) or local_day(request["recorded_at"])
