"""Finds lines of the list: whose, which, in what order, a page at a time."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, Final, Literal, NamedTuple, cast, get_args

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Table,
    and_,
    bindparam,
    case,
    func,
    select,
    true,
)

from hub.desk.access import Actor, Household
from hub.desk.caseload.asked import Asked, TeamRequest
from hub.desk.caseload.case import URGENT, Line, keys_of, said_rules
from hub.desk.readmodel import HAS_TO_DO, REACHED, Asker
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

Scope = Literal["mine", "team", "all"]
Sort = Literal["urgency", "due", "since", "name", "changed"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""Those that somebody directs; those in which a team of his has an open dossier; every one that he may see."""
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)


class Wanted(NamedTuple):
    """Which households, in what order. `rule`: the value of a `Rule`, "" for any; `attention`: only those in which
    something waits."""

    scope: Scope = "mine"
    attention: bool = False
    rule: str = ""
    sort: Sort = "urgency"
    page: int = 1
    page_size: int = 25


class Listed(NamedTuple):
    """One household of the list. `changed`: something came in since the reader last looked at it."""

    household_id: str
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
    asked = _asked(actor, asker) | {"says": _literal(said_rules([wanted.rule]))}
    count, page = _listing(wanted.scope, attention=wanted.attention, is_ruled=bool(wanted.rule), sort=wanted.sort)
    total = connection.scalar(count, asked) or 0
    place = {"skip": (wanted.page - 1) * wanted.page_size, "most": wanted.page_size}
    ids = [str(home) for home in connection.scalars(page, asked | place)]
    news = set(connection.scalars(_CHANGED_OF, {"user": actor.user, "homes": ids}))
    listed = [Listed(home, home in news) for home in ids]
    mine = connection.scalar(_CHANGED_OF_MINE, asked | {"user": actor.user}) or 0
    return Found(int(total), listed, int(mine))


@cache
def _listing(scope: Scope, *, attention: bool, is_ruled: bool, sort: Sort) -> tuple[Select[int], Select[str]]:
    """How many there are, and one page of them. Put together once: that takes SQLAlchemy longer than the database
    answers."""
    told = _told(_SCOPES[scope], is_ruled)
    conditions = [told.c.place == 1]
    if attention:
        conditions.append(told.c.points > 0)
    if is_ruled:
        conditions.append(told.c.is_ruled == 1)
    page = select(told.c.household_id).where(*conditions).order_by(*_order(told, sort))
    count = select(func.count()).select_from(told).where(*conditions)
    return count, page.offset(bindparam("skip")).limit(bindparam("most"))


def _changed(*conditions: ColumnElement[bool]) -> Select[str]:
    """Of these households those that somebody (`user`) has looked at before and that hold something newer."""
    seen = last_seen(bindparam("user"), select(cases.c.household_id).where(*conditions))
    query = select(cases.c.household_id).join(seen, seen.c.household_id == cases.c.household_id)
    return query.where(seen.c.seen_at != "", cases.c.changed_at > seen.c.seen_at)


def work_of(connection: Connection, actor: Actor, asker: Asker, team: str, units: Collection[str]) -> list[Work]:
    """What a team has in hand, the longest waiting first. `units`: of whose dossiers of the team the reader may see
    what stands in them."""
    days = (case_teams.c.waiting_since, case_teams.c.past_since)
    first = [func.coalesce(func.min(_seen_day(day, units)), "").label(day.name) for day in days]
    parts = select(case_teams.c.household_id, *first).where(case_teams.c.team == team)
    part = parts.group_by(case_teams.c.household_id).subquery()
    own = select(case_teams.c.household_id).where(case_teams.c.team == team)
    told = _told(cases.c.household_id.in_(own))
    query = (
        select(told.c.household_id, told.c.line, part.c.waiting_since, part.c.past_since, told.c.points, told.c.rank)
        .join(part, part.c.household_id == told.c.household_id)
        .where(told.c.place == 1)
        .order_by(part.c.waiting_since, told.c.sort_key)
    )
    return [
        Work(str(home), _line(line), str(waiting), str(past), int(points), int(rank) <= URGENT)
        for home, line, waiting, past, points, rank in connection.execute(query, _asked(actor, asker))
    ]


def _seen_day(day: ColumnElement[str], units: Collection[str]) -> ColumnElement[str | None]:
    return case((and_(case_teams.c.unit.in_(units), day != ""), day))


def concerned(household_id: str, line: Line) -> Household:
    """What the log of looks names of a line: its dossiers, and the members it shows."""
    dossiers = tuple(DossierRef(source, dossier) for source, dossier in line["dossiers"])
    return Household(household_id, dossiers, tuple(line["persons"]))


def mine(connection: Connection, actor: Actor, asker: Asker, *, limit: int) -> list[str]:
    """Ids of at most so many households that somebody directs, the most pressing first."""
    _, page = _listing("mine", attention=False, is_ruled=False, sort="urgency")
    return list(connection.scalars(page, _asked(actor, asker) | {"skip": 0, "most": limit}))


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


def _asked(actor: Actor, asker: Asker) -> dict[str, object]:
    """What these statements are executed with."""
    of_actor = {"units": ["", actor.unit], "teams": list(actor.teams), "directors": keys_of(actor)}
    return {**asker._asdict(), **of_actor}


def _told(limit: ColumnElement[bool], is_ruled: bool = False) -> Subquery:
    """The households that somebody has to do with, and what of each he is told (`hub.desk.tables.case_sights`); what
    counts are the rows with `place` 1: by what shows him most. `limit`: what else must hold of `cases`. `is_ruled`: if
    asked for, whether a rule (`says`) says something of a household, by any of his relations."""
    sight = case_sights.c
    of_relation = and_(_finds(case_sights), case_sights.c.unit.in_(bindparam("units", expanding=True)))
    names = ("rank", "points", "due", "since")
    rank, *others = (func.coalesce(sight[name], cases.c[name]).label(name) for name in names)
    most = func.row_number().over(
        partition_by=reaches.c.household_id, order_by=[func.coalesce(sight.dossiers, 0).desc(), rank]
    )
    shown = (cases.c.household_id, cases.c.line, cases.c.sort_key, cases.c.changed_at)
    asked = [_is_ruled().label("is_ruled")] if is_ruled else []
    return (
        select(*shown, rank, *others, most.label("place"), *asked)
        .select_from(reaches)
        .join(cases, cases.c.household_id == reaches.c.household_id)
        .outerjoin(case_sights, of_relation)
        .where(*HAS_TO_DO, limit)
        .subquery()
    )


_ESCAPE: Final = "/"


def _literal(text: str) -> str:
    """A text as LIKE finds it: none of its signs stands for any other."""
    for sign in (_ESCAPE, "%", "_"):
        text = text.replace(sign, _ESCAPE + sign)
    return text


def _is_ruled() -> ColumnElement[int]:
    said = func.coalesce(case_sights.c.rules, cases.c.rules)
    says = said.contains(bindparam("says"), escape=_ESCAPE)
    return func.max(case((says, 1), else_=0)).over(partition_by=reaches.c.household_id)


def _finds(table: Table) -> ColumnElement[bool]:
    return and_(reaches.c.household_id == table.c.household_id, reaches.c.grantee == table.c.grantee)


def _order(told: Subquery, sort: Sort) -> list[ColumnElement[Any]]:
    of, by_id = told.c, told.c.household_id
    orders: dict[Sort, list[ColumnElement[Any]]] = {
        "urgency": [of.rank, of.due, of.since, by_id],
        "due": [of.due, of.rank, by_id],
        "since": [of.since, of.rank, by_id],
        "name": [of.sort_key, by_id],
        "changed": [of.changed_at.desc(), by_id.desc()],
    }
    return orders[sort]


def _line(text: str) -> Line:
    return cast(Line, orjson.loads(text))


_SCOPES: Final[dict[Scope, ColumnElement[bool]]] = {
    "all": true(),
    "team": cases.c.household_id.in_(
        select(case_teams.c.household_id).where(case_teams.c.team.in_(bindparam("teams", expanding=True)))
    ),
    "mine": cases.c.household_id.in_(
        select(case_people.c.household_id).where(case_people.c.who.in_(bindparam("directors", expanding=True)))
    ),
}
_CHANGED_OF: Final = _changed(cases.c.household_id.in_(bindparam("homes", expanding=True)))
_CHANGED_OF_MINE: Final = select(func.count()).select_from(
    _changed(_SCOPES["mine"], cases.c.household_id.in_(REACHED)).subquery()
)
