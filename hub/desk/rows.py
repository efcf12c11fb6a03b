"""Writes the rows of households. Of one that changed most say what they said: by the mark of what was written before,
kept beside it in the same transaction, only the others are written. One writer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import Final

import orjson
from sqlalchemy import Connection, Delete, Insert, Table, bindparam, insert

Row = Mapping[str, object]
_MARK_BYTES: Final = 8
"""Of a digest, held against the one before it only: equal by accident once in 2 ** 64 changes."""


def mark(content: object) -> str:
    """By which it is seen that something is what it was; of anything that JSON can say, in its order."""
    return blake2b(orjson.dumps(content), digest_size=_MARK_BYTES).hexdigest()


def replace_rows(connection: Connection, table: Table, homes: Collection[str], rows: Sequence[Row]) -> None:
    """Replace all rows of these households. The statements are put together once: that costs as much as to run them."""
    if homes:
        connection.execute(_delete_of(table), {"homes": list(homes)})
    if rows:
        connection.execute(_insert_into(table), rows)


@cache
def _delete_of(table: Table) -> Delete:
    return table.delete().where(table.c.household_id.in_(bindparam("homes", expanding=True)))


@cache
def _insert_into(table: Table) -> Insert:
    return insert(table)
