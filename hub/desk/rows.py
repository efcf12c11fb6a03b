"""Writes the rows of households. Of one that changed most say what they said: by the mark of what was written before,
kept beside it in the same transaction, only the others are written. One writer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import Final

import orjson
from sqlalchemy import Connection, Delete, Insert, Select, Table, bindparam, insert, select

Row = Mapping[str, object]
_MARK_BYTES: Final = 8
"""Of a digest, held against the one before it only: equal by accident once in 2 ** 64 changes."""


def mark(content: object) -> str:
    """By which it is seen that something is what it was; of anything that JSON can say, in its order."""
    return blake2b(orjson.dumps(content), digest_size=_MARK_BYTES).hexdigest()


def replace_rows(connection: Connection, table: Table, homes: Collection[str], rows: Sequence[Row]) -> None:
    """Replace all rows of these households. Where there may be many of one, those that stand as they must are left: to
    write one anew touches as many pages of the file as the table has indexes. Statements are put together once: that
    costs as much as to run them."""
    if not homes:
        return
    if len(table.primary_key) == 1:
        connection.execute(_delete_of(table), {"homes": list(homes)})
        new = rows
    else:
        names = table.c.keys()
        stood = {tuple(row): row for row in connection.execute(_select_of(table), {"homes": list(homes)})}
        wanted = {tuple(row[name] for name in names): row for row in rows}
        gone = [row for values, row in stood.items() if values not in wanted]
        new = [row for values, row in wanted.items() if values not in stood]
        if gone:
            keys = [str(column.name) for column in table.primary_key]
            connection.execute(_delete_one(table), [{f"this_{key}": row._mapping[key] for key in keys} for row in gone])
    if new:
        connection.execute(_insert_into(table), new)


@cache
def _delete_of(table: Table) -> Delete:
    return table.delete().where(table.c.household_id.in_(bindparam("homes", expanding=True)))


@cache
def _select_of(table: Table) -> Select[tuple[object, ...]]:
    return select(table).where(table.c.household_id.in_(bindparam("homes", expanding=True)))


@cache
def _delete_one(table: Table) -> Delete:
    return table.delete().where(*(column == bindparam(f"this_{column.name}") for column in table.primary_key))


@cache
def _insert_into(table: Table) -> Insert:
    return insert(table)
