"""The unreadable records in the read model: where they stood and why; their sealed content only to be dealt with."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select

from hub.desk.tables import dead_letters
from hub.ops.orders import Kept


class DeadLetterRow(NamedTuple):
    """One record that could not be read; its sealed content stays in the table."""

    source: str
    position: str
    reason: str
    field: str
    failed_at: str


class Place(NamedTuple):
    """Where an unreadable record stood."""

    source: str
    position: str


class Letters(NamedTuple):
    """Which open dead letters; what is empty does not matter. `places`: only these."""

    source: str = ""
    reason: str = ""
    places: tuple[Place, ...] | None = None


class LetterRow(NamedTuple):
    """One open dead letter, without its content."""

    source: str
    position: str
    reason: str
    field: str
    failed_at: str
    attempt: int


def dead_letter_counts(connection: Connection) -> dict[str, int]:
    """Distinct unreadable records per source that nobody has dealt with."""
    query = select(dead_letters.c.source, func.count()).where(dead_letters.c.is_open).group_by(dead_letters.c.source)
    return {str(source): int(number) for source, number in connection.execute(query)}


def last_dead_letters(connection: Connection) -> dict[str, str]:
    """When a record of each source was last unreadable, of those that are open: ISO time per source that has any."""
    return {str(source): str(moment) for source, moment in connection.execute(_LAST_DEAD_LETTERS)}


_LAST_DEAD_LETTERS: Final = (
    select(dead_letters.c.source, func.max(dead_letters.c.failed_at))
    .where(dead_letters.c.is_open)
    .group_by(dead_letters.c.source)
)


def newest_dead_letters(connection: Connection, limit: int) -> list[DeadLetterRow]:
    """The last that failed and are open, newest first; never their content."""
    columns = [dead_letters.c[name] for name in DeadLetterRow._fields]
    query = (
        select(*columns)
        .where(dead_letters.c.is_open)
        .order_by(dead_letters.c.failed_at.desc(), dead_letters.c.position)
        .limit(limit)
    )
    return [DeadLetterRow(*row) for row in connection.execute(query)]


def open_letters(connection: Connection, wanted: Letters, *, skip: int, limit: int) -> list[LetterRow]:
    """Those that are open, newest first; never their content."""
    query = select(*(dead_letters.c[name] for name in LetterRow._fields)).where(*_letter_conditions(wanted))
    ordered = query.order_by(dead_letters.c.failed_at.desc(), dead_letters.c.source, dead_letters.c.position)
    return [LetterRow(*row) for row in connection.execute(ordered.offset(skip).limit(limit))]


def count_letters(connection: Connection, wanted: Letters) -> dict[str, int]:
    """How many of them there are, per reason."""
    query = select(dead_letters.c.reason, func.count()).where(*_letter_conditions(wanted))
    return {str(reason): int(number) for reason, number in connection.execute(query.group_by(dead_letters.c.reason))}


def kept_letters(connection: Connection, wanted: Letters) -> list[Kept]:
    """All of them, with what is kept sealed, the oldest first."""
    query = select(*(dead_letters.c[name] for name in Kept._fields)).where(*_letter_conditions(wanted))
    ordered = query.order_by(dead_letters.c.failed_at, dead_letters.c.source, dead_letters.c.position)
    return [Kept(*row) for row in connection.execute(ordered)]


def _letter_conditions(wanted: Letters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [dead_letters.c.is_open.is_(True)]
    if wanted.source:
        conditions.append(dead_letters.c.source == wanted.source)
    if wanted.reason:
        conditions.append(dead_letters.c.reason == wanted.reason)
    if wanted.places is not None:
        chosen = [
            and_(dead_letters.c.source == place.source, dead_letters.c.position == place.position)
            for place in wanted.places
        ]
        conditions.append(or_(false(), *chosen))
    return conditions
