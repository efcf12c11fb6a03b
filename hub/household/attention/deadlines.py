"""Attention points with a clock: the end of adult help, coming of age, evaluations, after-care, requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from hub.events.ids import DossierRef, ref_of
from hub.events.records import RecordType
from hub.household.attention.facts import Facts, closed_day, dossiers_of, identity, raised
from hub.household.attention.point import AttentionPoint, Rule, Severity
from hub.household.days import Span, add_days, add_months, birthday, born_within, parse_day
from hub.household.document_shape import Person
from hub.household.requests.codes import LAW_OF_KIND, Duty
from hub.household.requests.threads import Thread

OF_AGE: Final = 18
"""Source: Burgerlijk Wetboek 1:233; Jeugdwet 1.1: help to youth ends there, but for exceptions."""
_CASES: Final = {
    Duty.RETOUR: "unconfirmed",
    Duty.ANSWER: "unanswered",
    Duty.DECISION: "undecided",
    Duty.RESIDENCE: "undecided",
    Duty.START: "not_started",
    Duty.STOP: "not_stopped",
}


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
    """Something that is owed in a request for help is past its day: confirmation, answer, decision, start or stop.

    A request that is in another state, submitted again, or late in another way, is a new matter. Also in a closed
    dossier: an answer is owed all the same. Medium where no decision is waited for.
    Source: the clocks of `hub.household.requests.clocks` (iJw/iWmo 3.2 OP090, OP271, OP272, OP274, OP346)."""
    for thread in facts.threads:
        late = [item for item in thread.owed if item.met_on is None and item.is_late(facts.today)]
        if not late:
            continue
        worst = max(late, key=lambda item: (item.due, item.duty))
        case = _CASES[worst.duty]
        is_decision = worst.duty in (Duty.ANSWER, Duty.DECISION)
        detail = {
            "case": case,
            "product": thread.product or thread.product_code,
            "submitted_on": thread.submitted_on.isoformat(),
        }
        point = raised(
            Rule.REQUEST_OVERDUE,
            [*thread.anchor, thread.state, thread.submitted_on, *([] if is_decision else [case])],
            _dossiers_of_request(thread, facts),
            detail,
            since=add_days(worst.due, 1),
            due=worst.due,
            severity=None if is_decision else Severity.MEDIUM,
        )
        yield replace(point, thread=thread.key)


def _dossiers_of_request(thread: Thread, facts: Facts) -> list[DossierRef]:
    """Those in which it is recorded. Of one that only messages know those of its law whose client it is about, else
    those of its law that name him; if there is none, all: what it tells is then nobody's to see."""
    recorded = {DossierRef(item.source, item.dossier_id) for item in thread.records}
    of_law = [item for item in facts.dossiers if LAW_OF_KIND.get(item["kind"]) == thread.law]
    lines = [item for item in facts.document["lines"] if item["person_key"] in thread.persons]
    naming = {(item["source"], item["dossier_id"]) for item in lines}
    ways = (
        [item for item in facts.dossiers if ref_of(item) in recorded],
        [item for item in of_law if item["client"] in thread.persons],
        [item for item in of_law if ref_of(item) in naming],
    )
    return [ref_of(item) for item in next(filter(None, ways), facts.dossiers)]
