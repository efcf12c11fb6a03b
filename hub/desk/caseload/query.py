"""Finds lines of the list: whose, which, in what order, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple, cast

import orjson
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Table,
    and_,
    case,
    false,
    func,
    select,
    union,
)

from hub.desk.access import Actor, Household
from hub.desk.caseload.asked import Asked, TeamRequest
from hub.desk.caseload.case import URGENT, Line, keys_of
from hub.desk.readmodel import Asker, has_to_do, reached_by
from hub.desk.tables import (
    TEAM_SIGNS,
    case_people,
    case_requests,
    case_rules,
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
    conditions, told = [*_scope(actor, wanted.scope), *_reached(asker)], _told(actor, asker)
    if wanted.attention:
        conditions.append(told.points > 0)
    if wanted.rule:
        conditions.append(cases.c.household_id.in_(_ruled(actor, asker, wanted.rule)))
    total = connection.scalar(select(func.count()).select_from(told.source).where(*conditions)) or 0
    query = select(cases.c.household_id, cases.c.line).select_from(told.source).where(*conditions)
    query = query.order_by(*_order(told, wanted.sort))
    rows = connection.execute(query.offset((wanted.page - 1) * wanted.page_size).limit(wanted.page_size)).all()
    ids = [str(row.household_id) for row in rows]
    news = changed(connection, actor, [cases.c.household_id.in_(ids)])
    listed = [Listed(str(row.household_id), _line(row.line), row.household_id in news) for row in rows]
    mine = changed(connection, actor, [*_scope(actor, "mine"), *_reached(asker)])
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
    told, days = _told(actor, asker), (case_teams.c.waiting_since, case_teams.c.past_since)
    first = [func.coalesce(func.min(_seen_day(day, units)), "").label(day.name) for day in days]
    parts = select(case_teams.c.household_id, *first).where(case_teams.c.team == team)
    part = parts.group_by(case_teams.c.household_id).subquery()
    query = (
        select(cases.c.household_id, cases.c.line, part.c.waiting_since, part.c.past_since, told.points, told.rank)
        .select_from(told.source.join(part, part.c.household_id == cases.c.household_id))
        .where(*_reached(asker))
        .order_by(part.c.waiting_since, cases.c.sort_key)
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
    told = _told(actor, asker)
    query = select(cases.c.household_id).select_from(told.source).where(*_scope(actor, "mine"), *_reached(asker))
    return list(connection.scalars(query.order_by(*_order(told, "urgency")).limit(limit)))


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


def _reached(asker: Asker) -> list[ColumnElement[bool]]:
    """Only the households that somebody has to do with."""
    return [cases.c.household_id.in_(reached_by(asker))]


class _Told(NamedTuple):
    """The households, and what of each its reader is told; see `hub.desk.tables.case_sights`."""

    source: FromClause
    rank: ColumnElement[int]
    points: ColumnElement[int]
    due: ColumnElement[str]
    since: ColumnElement[str]


def _told(actor: Actor, asker: Asker) -> _Told:
    """By the relation that shows him most of a household; by none: what anybody is told."""
    sight = case_sights.c
    most = func.row_number().over(
        partition_by=sight.household_id, order_by=[sight.dossiers.desc(), sight.rank, sight.due, sight.since]
    )
    own = select(case_sights, most.label("place")).join(reaches, _finds(case_sights))
    found = own.where(*has_to_do(asker), _of_unit(case_sights, actor)).subquery()
    source = cases.outerjoin(found, and_(found.c.household_id == cases.c.household_id, found.c.place == 1))
    names = ("rank", "points", "due", "since")
    return _Told(source, *(func.coalesce(found.c[name], cases.c[name]) for name in names))


def _ruled(actor: Actor, asker: Asker, rule: str) -> CompoundSelect[str]:
    """Ids of the households of which a rule says something to a reader."""
    said = select(case_rules.c.household_id).where(case_rules.c.rule == rule)
    own = said.join(reaches, _finds(case_rules)).where(*has_to_do(asker), _of_unit(case_rules, actor))
    return union(said.where(case_rules.c.grantee == ""), own)


def _finds(table: Table) -> ColumnElement[bool]:
    return and_(reaches.c.household_id == table.c.household_id, reaches.c.grantee == table.c.grantee)


def _of_unit(table: Table, actor: Actor) -> ColumnElement[bool]:
    return table.c.unit.in_(("", actor.unit))


def _order(told: _Told, sort: str) -> list[ColumnElement[Any]]:
    by_id = cases.c.household_id
    orders: dict[str, list[ColumnElement[Any]]] = {
        "urgency": [told.rank, told.due, told.since, by_id],
        "due": [told.due, told.rank, by_id],
        "since": [told.since, told.rank, by_id],
        "name": [cases.c.sort_key, by_id],
        "changed": [cases.c.changed_at.desc(), by_id.desc()],  # as the index can be read backwards
    }
    return orders.get(sort, orders["urgency"])


def _line(text: str) -> Line:
    return cast(Line, orjson.loads(text))
