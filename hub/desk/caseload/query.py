"""Finds lines of the list: whose, which, in what order, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple, cast

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    Table,
    and_,
    case,
    false,
    func,
    select,
)

from hub.desk.access import Actor, Household
from hub.desk.caseload.asked import Asked, TeamRequest
from hub.desk.caseload.case import URGENT, Line, keys_of, said_rules
from hub.desk.readmodel import Asker, has_to_do, reached_by
from hub.desk.tables import (
    TEAM_SIGNS,
    case_people,
    case_requests,
    case_sights,
    case_teams,
    cases,
    reaches,
)
from hub.desk.visits import last_seen
from hub.events.ids import DossierRef

SCOPES: Final = ("mine", "team", "all")
"""Those that somebody directs; those in which a team of his has an open dossier; every one that he may see."""
SORTS: Final = ("urgency", "due", "since", "name", "changed")


class Wanted(NamedTuple):
    """Which households, in what order. `rule`: the value of a `Rule`, "" for any; `attention`: only those in which
    something waits."""

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
    """What one household is for a team; see `hub.desk.tables.case_teams`. `points`: how many its reader is told of;
    `urgent`: one of them is for today."""

    household_id: str
    line: Line
    waiting_since: str
    past_since: str
    points: int
    urgent: bool


def find(connection: Connection, actor: Actor, asker: Asker, wanted: Wanted) -> Found:
    """The page, of households that the reader has to do with: narrowed, counted and sorted by what he is told."""
    told = _told(actor, asker, _scope(actor, wanted.scope), wanted.rule)
    conditions = [told.c.place == 1]
    if wanted.attention:
        conditions.append(told.c.points > 0)
    if wanted.rule:
        conditions.append(told.c.is_ruled == 1)
    total = connection.scalar(select(func.count()).select_from(told).where(*conditions)) or 0
    query = select(told.c.household_id, told.c.line).where(*conditions).order_by(*_order(told, wanted.sort))
    rows = connection.execute(query.offset((wanted.page - 1) * wanted.page_size).limit(wanted.page_size)).all()
    ids = [str(row.household_id) for row in rows]
    news = changed(connection, actor, [cases.c.household_id.in_(ids)])
    listed = [Listed(str(row.household_id), _line(row.line), row.household_id in news) for row in rows]
    mine = changed(connection, actor, [*_scope(actor, "mine"), cases.c.household_id.in_(reached_by(asker))])
    return Found(int(total), listed, len(mine))


def changed(connection: Connection, actor: Actor, conditions: Sequence[ColumnElement[bool]]) -> set[str]:
    """Of these households those that somebody has looked at before and that hold something newer."""
    asked = select(cases.c.household_id).where(*conditions)
    seen = last_seen(actor.user, asked)
    query = select(cases.c.household_id).join(seen, seen.c.household_id == cases.c.household_id)
    return set(connection.scalars(query.where(seen.c.seen_at != "", cases.c.changed_at > seen.c.seen_at)))


def work_of(connection: Connection, actor: Actor, asker: Asker, team: str, units: Collection[str]) -> list[Work]:
    """What a team has in hand, the longest waiting first. `units`: of whose dossiers of the team the reader may see
    what stands in them."""
    days = (case_teams.c.waiting_since, case_teams.c.past_since)
    first = [func.coalesce(func.min(_seen_day(day, units)), "").label(day.name) for day in days]
    parts = select(case_teams.c.household_id, *first).where(case_teams.c.team == team)
    part = parts.group_by(case_teams.c.household_id).subquery()
    own = select(case_teams.c.household_id).where(case_teams.c.team == team)
    told = _told(actor, asker, [cases.c.household_id.in_(own)])
    query = (
        select(told.c.household_id, told.c.line, part.c.waiting_since, part.c.past_since, told.c.points, told.c.rank)
        .join(part, part.c.household_id == told.c.household_id)
        .where(told.c.place == 1)
        .order_by(part.c.waiting_since, told.c.sort_key)
    )
    return [
        Work(str(home), _line(line), str(waiting), str(past), int(points), int(rank) <= URGENT)
        for home, line, waiting, past, points, rank in connection.execute(query)
    ]


def _seen_day(day: ColumnElement[str], units: Collection[str]) -> ColumnElement[str | None]:
    return case((and_(case_teams.c.unit.in_(units), day != ""), day))


def concerned(household_id: str, line: Line) -> Household:
    """What the log of looks names of a line: its dossiers, and the members it shows."""
    dossiers = tuple(DossierRef(source, dossier) for source, dossier in line["dossiers"])
    return Household(household_id, dossiers, tuple(line["persons"]))


def mine(connection: Connection, actor: Actor, asker: Asker, *, limit: int) -> list[str]:
    """Ids of at most so many households that somebody directs, the most pressing first."""
    told = _told(actor, asker, _scope(actor, "mine"))
    query = select(told.c.household_id).where(told.c.place == 1).order_by(*_order(told, "urgency"))
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


def _told(actor: Actor, asker: Asker, limits: Sequence[ColumnElement[bool]], rule: str = "") -> Subquery:
    """The households that somebody has to do with, and what of each he is told (`hub.desk.tables.case_sights`); what
    counts are the rows with `place` 1: by what shows him most. `limits`: what else must hold of `cases`. `rule`: if
    given, `is_ruled` is whether it says something of a household, by any of his relations."""
    sight = case_sights.c
    of_relation = and_(_finds(case_sights), _of_unit(case_sights, actor))
    names = ("rank", "points", "due", "since")
    rank, *others = (func.coalesce(sight[name], cases.c[name]).label(name) for name in names)
    most = func.row_number().over(
        partition_by=reaches.c.household_id, order_by=[func.coalesce(sight.dossiers, 0).desc(), rank]
    )
    shown = (cases.c.household_id, cases.c.line, cases.c.sort_key, cases.c.changed_at)
    asked = [_is_ruled(rule).label("is_ruled")] if rule else []
    return (
        select(*shown, rank, *others, most.label("place"), *asked)
        .select_from(reaches)
        .join(cases, cases.c.household_id == reaches.c.household_id)
        .outerjoin(case_sights, of_relation)
        .where(*has_to_do(asker), *limits)
        .subquery()
    )


def _is_ruled(rule: str) -> ColumnElement[int]:
    says = func.coalesce(case_sights.c.rules, cases.c.rules).contains(said_rules([rule]), autoescape=True)
    return func.max(case((says, 1), else_=0)).over(partition_by=reaches.c.household_id)


def _finds(table: Table) -> ColumnElement[bool]:
    return and_(reaches.c.household_id == table.c.household_id, reaches.c.grantee == table.c.grantee)


def _of_unit(table: Table, actor: Actor) -> ColumnElement[bool]:
    return table.c.unit.in_(("", actor.unit))


def _order(told: Subquery, sort: str) -> list[ColumnElement[Any]]:
    of, by_id = told.c, told.c.household_id
    orders: dict[str, list[ColumnElement[Any]]] = {
        "urgency": [of.rank, of.due, of.since, by_id],
        "due": [of.due, of.rank, by_id],
        "since": [of.since, of.rank, by_id],
        "name": [of.sort_key, by_id],
        "changed": [of.changed_at.desc(), by_id.desc()],
    }
    return orders.get(sort, orders["urgency"])


def _line(text: str) -> Line:
    return cast(Line, orjson.loads(text))
