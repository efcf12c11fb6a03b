"""Who stands in for whom, as the log says it: kept in the read model, asked when somebody comes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, select

from hub.desk.access import Actor
from hub.desk.access.facts import Deputy, team_key
from hub.desk.access.roles import Replaced
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


def standing_in(connection: Connection, actor: Actor, today: date) -> tuple[Replaced, ...]:
    """For whom somebody stands in on a day."""
    if not actor.staff:
        return ()
    rows = connection.execute(_STANDING_IN, {"staff": actor.staff, "day": today.isoformat()})
    return tuple(Replaced(row.team, row.replaced_staff) for row in rows)


def of(connection: Connection, replaced: Collection[str], today: date) -> tuple[Deputy, ...]:
    """Who stands in for these workers (personnel numbers) on a day."""
    texts = connection.scalars(_OF, {"replaced": list(replaced), "day": today.isoformat()})
    found = (DeputyshipSaid.model_validate_json(text).deputyship for text in texts)
    return tuple(
        Deputy(team_key(item.team), item.replaced_staff, item.deputy_name, item.to_on.isoformat()) for item in found
    )


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
_HOLDING: Final = (deputies.c.from_on <= _DAY, deputies.c.to_on >= _DAY, ~deputies.c.withdrawn)
_STANDING_IN: Final = (
    select(deputies.c.team, deputies.c.replaced_staff)
    .where(deputies.c.deputy_staff == bindparam("staff"), *_HOLDING)
    .distinct()
)
_OF: Final = select(deputies.c.said).where(
    deputies.c.replaced_staff.in_(bindparam("replaced", expanding=True)), *_HOLDING
)
"""What every read asks is put together once: that takes SQLAlchemy longer than the database answers."""
