"""What a team has in hand."""

from __future__ import annotations

from datetime import date

from hub.desk.models.shared import Body


class TeamShare(Body):
    """So many households of a team."""

    team: str
    households: int


class TeamWorker(Body):
    """What one directs of a team's households; `name` "": nobody does. `elsewhere`: what more, in other teams;
    `altogether`: households, each once."""

    name: str
    households: int
    with_attention: int
    urgent: int
    altogether: int
    elsewhere: list[TeamShare]


class TeamWork(Body):
    """One household. `waiting_since`: of its intake, where there was no first contact yet; `past_since`: the last day
    of the term, where help to an adult is past it."""

    household_id: str
    title: str
    waiting_since: date | None
    past_since: date | None
    directors: list[str]


class TeamBudget(Body):
    """Euro cents in a calendar year. `budget_cents` null: none is set. `unknown`: allocations of which the amount is
    not known; `withheld`: there are requests that you may not see, and they are not counted."""

    year: int
    budget_cents: int | None
    committed_cents: int
    unknown: int
    left_cents: int | None
    withheld: bool


class TeamDeputy(Body):
    """Somebody who stands in for somebody else, now or later; the first and the last day."""

    deputyship_id: str
    replaced_name: str
    replaced_staff: str
    deputy_name: str
    deputy_staff: str
    from_on: date
    to_on: date
    why: str
    decided_by: str


class Team(Body):
    """A team of yours. `past_term`: help to an adult that should have ended."""

    team: str
    households: int
    workers: list[TeamWorker]
    waiting: list[TeamWork]
    past_term: list[TeamWork]
    budget: TeamBudget
    deputies: list[TeamDeputy]


class Teams(Body):
    """Your teams."""

    teams: list[Team]


class DeputyAccepted(Body):
    """It is in the log; it takes a second to come through."""

    deputyship_id: str
