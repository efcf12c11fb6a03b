"""Who stands in for whom, as the log says it: kept in the read model (`hub.desk.surroundings` asks for those
of the day)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import BindParameter, Connection, bindparam, select

from hub.desk.access.facts import Deputy, team_key
from hub.desk.tables import TEAM_SIGNS, deputies
from hub.events.codec import Value
from hub.events.deputies import DeputyshipSaid, said_of


def keep(connection: Connection, event: Value) -> None:
    """Keep the newest of each deputyship. Raises pydantic's ValidationError for an event that makes no sense."""
    said, identity = said_of(event), str(event["deputyship_id"])
    known = connection.scalar(select(deputies.c.version).where(deputies.c.deputyship_id == identity))
    if known is not None and known >= said.version:
        return
    connection.execute(deputies.delete().where(deputies.c.deputyship_id == identity))
    about = said.deputyship
    row = {
        "deputyship_id": identity,
        "version": said.version,
        "team": team_key(about.team)[:TEAM_SIGNS],
        "deputy_staff": about.deputy_staff,
        "replaced_staff": about.replaced_staff,
        "from_on": about.from_on.isoformat(),
        "to_on": about.to_on.isoformat(),
        "withdrawn": said.withdrawn,
        "said": said.model_dump_json(),
    }
    connection.execute(deputies.insert().values(row))


class Deputyship(NamedTuple):
    """That somebody (`deputy_staff`: his personnel number) stands in for a worker in a team (its `team_key`).
    `deputy`: as those are told of it who read a household of that worker."""

    team: str
    deputy_staff: str
    replaced_staff: str
    deputy: Deputy


def holding(connection: Connection, today: date) -> list[Deputyship]:
    """Those that hold on a day, in the order of their ids."""
    rows = connection.execute(_HOLDING, {"day": today.isoformat()})
    return [Deputyship(team, deputy, replaced, _deputy(text)) for team, deputy, replaced, text in rows]


def _deputy(text: str) -> Deputy:
    said = DeputyshipSaid.model_validate_json(text).deputyship
    return Deputy(team_key(said.team), said.replaced_staff, said.deputy_name, said.to_on.isoformat())


def of_teams(connection: Connection, teams: Collection[str], today: date) -> list[DeputyshipSaid]:
    """Those of these teams (each by its `team_key`) that hold or will hold, by their first day."""
    query = select(deputies.c.said).where(
        deputies.c.team.in_([team[:TEAM_SIGNS] for team in teams]),
        deputies.c.to_on >= today.isoformat(),
        ~deputies.c.withdrawn,
    )
    ordered = query.order_by(deputies.c.from_on, deputies.c.deputyship_id)
    return [DeputyshipSaid.model_validate_json(text) for text in connection.scalars(ordered)]


def one(connection: Connection, deputyship_id: str) -> DeputyshipSaid | None:
    """A deputyship as it was last said; None if there is none."""
    text = connection.scalar(select(deputies.c.said).where(deputies.c.deputyship_id == deputyship_id))
    return None if text is None else DeputyshipSaid.model_validate_json(text)


_DAY: Final[BindParameter[str]] = bindparam("day")
_HOLDING: Final = (
    select(deputies.c.team, deputies.c.deputy_staff, deputies.c.replaced_staff, deputies.c.said)
    .where(deputies.c.from_on <= _DAY, deputies.c.to_on >= _DAY, ~deputies.c.withdrawn)
    .order_by(deputies.c.deputyship_id)
)
