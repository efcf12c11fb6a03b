"""Finds lines of the list: whose, which, in what order, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple, cast

import orjson
from sqlalchemy import ColumnElement, Connection, and_, false, func, select

from hub.desk.access import Actor, Household
from hub.desk.caseload.asked import Asked, TeamRequest
from hub.desk.caseload.case import Line, keys_of
from hub.desk.readmodel import Asker, reached_by
from hub.desk.tables import TEAM_SIGNS, case_people, case_requests, case_rules, case_teams, cases
from hub.desk.visits import last_seen
from hub.events.ids import DossierRef

SCOPES: Final = ("mine", "team", "all")
"""Those that somebody directs; those in which a team of his has an open dossier; every one that he may see."""
SORTS: Final = ("urgency", "due", "since", "name", "changed")


class Wanted(NamedTuple):
    """Which households, in what order. `rule`: "" for any; `attention`: only those in which something waits."""

    scope: str = "mine"
    attention: bool = False
    rule: str = ""
    sort: str = "urgency"
    page: int = 1
    page_size: int = 25


class Listed(NamedTuple):
    """One household of the list. `changed`: something came in since the reader last looked at it."""

    household_id: str
    line: Line
    changed: bool


class Found(NamedTuple):
    """One page, out of so many; and how many of the reader's own changed since he last looked at them."""

    total: int
    households: list[Listed]
    changed: int


class TeamRow(NamedTuple):
    """A request of a team, and the household that it is of."""

    household_id: str
    request: TeamRequest


class Work(NamedTuple):
    """What one household is for a team; see `hub.desk.tables.case_teams`."""

    household_id: str
    line: Line
    waiting_since: str
    past_since: str


def find(connection: Connection, actor: Actor, wanted: Wanted, limits: Sequence[ColumnElement[bool]] = ()) -> Found:
    """The page. `limits`: what else must hold of `cases`, such as a table of who may see what."""
    conditions = [*_scope(actor, wanted.scope), *limits]
    if wanted.attention:
        conditions.append(cases.c.points > 0)
    if wanted.rule:
        ruled = select(case_rules.c.household_id).where(case_rules.c.rule == wanted.rule)
        conditions.append(cases.c.household_id.in_(ruled))
    total = connection.scalar(select(func.count()).select_from(cases).where(*conditions)) or 0
    query = select(cases.c.household_id, cases.c.line).where(*conditions).order_by(*_order(wanted.sort))
    rows = connection.execute(query.offset((wanted.page - 1) * wanted.page_size).limit(wanted.page_size)).all()
    ids = [str(row.household_id) for row in rows]
    news = changed(connection, actor, [cases.c.household_id.in_(ids)])
    listed = [Listed(str(row.household_id), _line(row.line), row.household_id in news) for row in rows]
    mine = changed(connection, actor, [*_scope(actor, "mine"), *limits])
    return Found(int(total), listed, len(mine))


def changed(connection: Connection, actor: Actor, conditions: Sequence[ColumnElement[bool]]) -> set[str]:
    """Of these households those that somebody has looked at before and that hold something newer."""
    asked = select(cases.c.household_id).where(*conditions)
    seen = last_seen(actor.user, asked)
    query = select(cases.c.household_id).join(seen, seen.c.household_id == cases.c.household_id)
    return set(connection.scalars(query.where(seen.c.seen_at != "", cases.c.changed_at > seen.c.seen_at)))


def work_of(connection: Connection, team: str, limits: Sequence[ColumnElement[bool]] = ()) -> list[Work]:
    """What a team has in hand, the longest waiting first."""
    query = (
        select(cases.c.household_id, cases.c.line, case_teams.c.waiting_since, case_teams.c.past_since)
        .join(case_teams, and_(case_teams.c.household_id == cases.c.household_id, case_teams.c.team == team))
        .where(*limits)
        .order_by(case_teams.c.waiting_since, cases.c.sort_key)
    )
    return [
        Work(str(row.household_id), _line(row.line), str(row.waiting_since), str(row.past_since))
        for row in connection.execute(query)
    ]


def reached(asker: Asker) -> list[ColumnElement[bool]]:
    """Only the households that somebody has to do with."""
    return [cases.c.household_id.in_(reached_by(asker))]


def concerned(household_id: str, line: Line) -> Household:
    """What the log of looks names of a line: its dossiers, and the members it shows."""
    dossiers = tuple(DossierRef(source, dossier) for source, dossier in line["dossiers"])
    return Household(household_id, dossiers, tuple(line["persons"]))


def mine(connection: Connection, actor: Actor, limits: Sequence[ColumnElement[bool]] = (), *, limit: int) -> list[str]:
    """Ids of at most so many households that somebody directs, the most pressing first."""
    query = select(cases.c.household_id).where(*_scope(actor, "mine"), *limits).order_by(*_order("urgency"))
    return list(connection.scalars(query.limit(limit)))


def shares_of(connection: Connection, people: Collection[str]) -> dict[str, dict[str, set[str]]]:
    """Which households each of these (as in `case_people`) directs, by team."""
    query = select(case_people.c.who, case_teams.c.team, case_teams.c.household_id).join(
        case_teams, case_teams.c.household_id == case_people.c.household_id
    )
    found: dict[str, dict[str, set[str]]] = {}
    for row in connection.execute(query.where(case_people.c.who.in_(people))):
        found.setdefault(row.who, {}).setdefault(row.team, set()).add(row.household_id)
    return found


def requests_of(connection: Connection, teams: Collection[str]) -> list[TeamRow]:
    """The requests of these teams (each by its `team_key`)."""
    named = case_requests.c.team.in_([team[:TEAM_SIGNS] for team in teams])
    query = select(case_requests).where(named).order_by(case_requests.c.household_id, case_requests.c.number)
    return [
        TeamRow(row.household_id, TeamRequest(row.team, row.unit, cast(Asked, orjson.loads(row.asked))))
        for row in connection.execute(query)
    ]


def _scope(actor: Actor, scope: str) -> list[ColumnElement[bool]]:
    if scope == "all":
        return []
    if scope == "team":
        own = select(case_teams.c.household_id).where(case_teams.c.team.in_(actor.teams))
        return [cases.c.household_id.in_(own) if actor.teams else false()]
    directed = select(case_people.c.household_id).where(case_people.c.who.in_(keys_of(actor)))
    return [cases.c.household_id.in_(directed)]


def _order(sort: str) -> list[ColumnElement[str]]:
    by_id = cases.c.household_id
    orders: dict[str, list[ColumnElement[str]]] = {
        "urgency": [cast(ColumnElement[str], cases.c.rank), cases.c.due, cases.c.since, by_id],
        "due": [cases.c.due, cast(ColumnElement[str], cases.c.rank), by_id],
        "since": [cases.c.since, cast(ColumnElement[str], cases.c.rank), by_id],
        "name": [cases.c.sort_key, by_id],
        "changed": [cases.c.changed_at.desc(), by_id.desc()],  # as the index can be read backwards
    }
    return orders.get(sort, orders["urgency"])


def _line(text: str) -> Line:
    return cast(Line, orjson.loads(text))
