"""Who owes what by when: the clocks of a request. Pure; the day of looking comes in.

Working days are those of the Algemene termijnenwet; a term in weeks that ends on a free day ends on the next working
day (its article 1). Source of the terms: iJw and iWmo 3.2, OP090 (a retour), OP271 and OP272 (start and stop), OP274
and OP346 (answer; 8 weeks when it is investigated), OP359 (residence principle).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from hub.household.attention.terms import Terms
from hub.household.days import add_days
from hub.household.requests.claim import Claim, Step
from hub.household.requests.codes import RESIDENCE, Duty, Party
from hub.household.workdays import add_workdays, workday_from

_ANSWERED: Final = ("under_investigation", "rejected", "granted", "started", "paused", "ended")
_DECIDED: Final = ("rejected", "granted", "started", "paused", "ended")


class Owed(NamedTuple):
    """One thing that is owed. `due`: the last day on which it is in time; `met_on`: when it was done, None if not."""

    duty: Duty
    party: Party
    due: date
    met_on: date | None

    def is_late(self, today: date) -> bool:
        """Whether it came after the last day, or that day has passed without it."""
        return (self.met_on or today) > self.due


def owed(claims: Sequence[Claim], state: str, today: date, terms: Terms) -> list[Owed]:
    """Everything that is or was owed in a request, in the order of the clocks. `claims`: all accounts of it; `state`:
    where it is by all of them. What one account says was done, was done."""
    clock = next((claim for claim in claims if claim.is_message), claims[0])
    found = [*_of_request(claims, clock, state, terms), *_of_delivery(clock, state, terms)]
    return [item for item in found if item.met_on is not None or item.duty in _open_in(state)]


def _open_in(state: str) -> set[Duty]:
    """What can still be owed in a state: nobody owes an answer to a request that is decided."""
    return {
        "submitted": {Duty.RETOUR, Duty.ANSWER},
        "received": {Duty.ANSWER},
        "under_investigation": {Duty.DECISION},
        "granted": {Duty.START},
        "started": {Duty.STOP},
    }.get(state, set())


def _of_request(claims: Sequence[Claim], clock: Claim, state: str, terms: Terms) -> Iterator[Owed]:
    if state == "concept":
        return
    asked = clock.submitted_on
    decided = _earliest(claims, asked, *_DECIDED)
    if clock.is_message and clock.first("submitted") is not None:
        yield Owed(Duty.RETOUR, Party.MUNICIPALITY, add_workdays(asked, terms.request_retour_workdays), clock.retour_on)
    yield Owed(
        Duty.ANSWER,
        Party.MUNICIPALITY,
        add_workdays(asked, terms.request_answer_workdays),
        _earliest(claims, asked, *_ANSWERED),
    )
    if _earliest(claims, asked, "under_investigation") is not None:
        yield Owed(Duty.DECISION, Party.MUNICIPALITY, _weeks(asked, terms.request_decision_weeks), decided)
    if any(claim.reason_code == RESIDENCE for claim in claims):
        rejected = _earliest(claims, asked, "rejected")
        yield Owed(Duty.RESIDENCE, Party.MUNICIPALITY, _weeks(asked, terms.request_residence_weeks), rejected)


def _of_delivery(clock: Claim, state: str, terms: Terms) -> Iterator[Owed]:
    """Start and stop are owed within so many working days after the day itself; as long as nothing was said, after the
    day from which (until which) help was granted."""
    for duty, states, granted in ((Duty.START, ("started",), "starts_on"), (Duty.STOP, ("paused", "ended"), "ends_on")):
        said = [step for step in clock.steps if step.state in states and clock.is_message and not _is_withdrawal(step)]
        for step in said:
            yield Owed(duty, Party.PROVIDER, add_workdays(step.on, terms.request_delivery_workdays), step.reported_on)
        day = min((day for item in clock.allocations if (day := getattr(item, granted)) is not None), default=None)
        if day is not None and duty in _open_in(state):
            yield Owed(duty, Party.PROVIDER, add_workdays(day, terms.request_delivery_workdays), None)


def _is_withdrawal(step: Step) -> bool:
    """That an allocation was deleted is no stop: the municipality says it."""
    return step.code.isdigit()


def _earliest(claims: Sequence[Claim], since: date, *states: str) -> date | None:
    """The first day on which any account has one of these states, of this round of the request."""
    days = [step.on for claim in claims for step in claim.steps if step.state in states and step.reported_on >= since]
    return min(days, default=None)


def _weeks(day: date, weeks: int) -> date:
    return workday_from(add_days(day, 7 * weeks))
