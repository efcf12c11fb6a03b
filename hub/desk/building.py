"""A read model built beside the live one, which goes on answering: for a new release, another database, or a doubt.

It goes on where it stopped: a long run first, and one of seconds when the desk is stopped to be told of it.
"""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from sqlalchemy import Engine, insert, inspect, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from hub.desk import database
from hub.desk.caseload.writing import REFRESHED, Attending, refresh
from hub.desk.feed import Feed
from hub.desk.tables import households, kept
from hub.errors import ConfigError

_LOOK_SECONDS: Final = 0.1


class Built(NamedTuple):
    """What stands in the new one: live households, messages taken in, and rows that the log cannot give again."""

    households: int
    messages: int
    kept: int


class _Counting:
    """The observer of a feed of which nobody measures how fresh it is."""

    def __init__(self) -> None:
        self.messages = 0

    def applied(self, topic: str, count: int) -> None:
        """Add up."""
        self.messages += count

    def visible(self, *, since_published_seconds: float, since_recorded_seconds: float) -> None:
        """Nobody reads it yet."""

    def view(self, size_bytes: int) -> None:
        """Not counted here."""

    def lag(self, records: int, parked: int) -> None:
        """Told by the desk of the live one."""


def build(broker: str, live: str, into: str, attending: Attending) -> Built:
    """Fill the read model `into` with all that the log holds now, and copy what only the `live` one keeps. Blocking;
    waits for the log. Raises ConfigError for an address that does not work, or that is the live one's."""
    if make_url(live) == make_url(into):
        raise ConfigError("--into", problem="is the read model that the desk writes")
    try:
        engine = database.open_engine(into)
    except (SQLAlchemyError, OSError, ImportError) as error:
        raise ConfigError("--into", problem=f"cannot be opened ({type(error).__name__})") from error
    try:
        count = asyncio.run(_fill(broker, engine, attending))
        while refresh(engine, attending) == REFRESHED:  # lines that came later than their households
            pass
        rows = _copy_kept(live, engine)
        with engine.connect() as connection:
            found = len(connection.execute(select(households.c.household_id).where(households.c.live)).all())
        return Built(found, count, rows)
    finally:
        engine.dispose()


async def _fill(broker: str, engine: Engine, attending: Attending) -> int:
    counting = _Counting()
    feed = Feed(broker, engine, counting, attending=attending)
    running = asyncio.create_task(feed.run())
    while feed.progress.why_not_ready() is not None and not running.done():
        await asyncio.sleep(_LOOK_SECONDS)
    feed.stop()
    await running
    return counting.messages


def _copy_kept(live: str, into: Engine) -> int:
    """What people did there since the last run too. An older release may lack a table."""
    source = database.engine_of(make_url(live))
    count = 0
    try:
        with source.connect() as reading, into.begin() as writing:
            for table in kept.sorted_tables:
                if inspect(reading).has_table(table.name):
                    rows = [dict(row) for row in reading.execute(select(table)).mappings()]
                    writing.execute(table.delete())
                    if rows:
                        writing.execute(insert(table), rows)
                    count += len(rows)
    except SQLAlchemyError as error:
        problem = f"cannot be read ({type(error).__name__})"
        raise ConfigError("REGIEHUB_DESK_DATABASE", problem=problem) from error
    finally:
        source.dispose()
    return count
