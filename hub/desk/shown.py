"""What the read model shows of one source, for those who look after it: no content, only which version of what.

Read by commands, beside the desk that writes: nothing here makes or changes a table.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

from sqlalchemy import Connection, Engine, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from hub.desk import database, readmodel, unreadable
from hub.desk.tables import SCHEMA, households, meta
from hub.errors import ConfigError
from hub.events.moments import micros
from hub.household.document_shape import Document
from hub.ops.watch import ReadModel

_PAGE: Final = 200
_SETTING: Final = "REGIEHUB_DESK_DATABASE"


class ShownRecord(NamedTuple):
    """One record as the read model shows it. `published_at`: microseconds since 1970, when that version was first
    published: it tells versions apart, silent edits too."""

    dossier_id: str
    record_type: str
    record_id: str
    published_at: int


def open_read_only(url: str) -> Engine:
    """A read model that exists already. Raises ConfigError if there is none, or one of another release."""
    parsed = make_url(url)
    if parsed.drivername.startswith("sqlite"):
        parsed = parsed.set(database=f"file:{quote(parsed.database or '')}", query={"mode": "ro", "uri": "true"})
    engine = database.engine_of(parsed)
    try:
        with engine.connect() as connection:
            number = connection.scalar(select(meta.c.schema_number))
    except SQLAlchemyError as error:
        engine.dispose()
        raise ConfigError(_SETTING, problem=f"names no read model that can be read ({type(error).__name__})") from None
    if number != SCHEMA:
        engine.dispose()
        raise ConfigError(_SETTING, problem=f"names a read model of another release (number {number})")
    return engine


def state(engine: Engine) -> ReadModel:
    """How far the read model is, what is parked in it, which dead letters are open. A problem is part of the answer."""
    try:
        with engine.connect() as connection:
            offsets = {place: offset for place, (_, offset) in readmodel.next_offsets(connection).items()}
            return ReadModel(offsets, readmodel.parked(connection), unreadable.dead_letter_counts(connection))
    except SQLAlchemyError as error:
        return ReadModel(None, None, {}, f"The read model cannot be read ({type(error).__name__}).")


def records(engine: Engine, source: str) -> Iterator[ShownRecord]:
    """Every record of a source in a live household, dossiers as compositions; people's decisions are left out."""
    for document in _documents(engine):
        for dossier in document["dossiers"]:
            if dossier["source"] == source:
                name = dossier["dossier_id"]
                yield ShownRecord(name, "composition", name, _micros(dossier["first_published_at"]))
        for record in document["records"]:
            if record["source"] == source and record["record_type"] != "decision":
                yield ShownRecord(
                    record["dossier_id"],
                    record["record_type"],
                    record["record_id"],
                    _micros(record["first_published_at"]),
                )


def teams(engine: Engine, source: str) -> dict[str, str]:
    """Dossier number to the team that works on it; where the dossier does not say, to that of whoever directs it."""
    found: dict[str, tuple[str, str]] = {}
    own: dict[str, str] = {}
    for document in _documents(engine):
        own |= {d["dossier_id"]: d["team"] for d in document["dossiers"] if d["source"] == source and d["team"]}
        for record in document["records"]:
            if record["source"] == source and record["record_type"] == "case_direction" and record["body"].get("unit"):
                stated = (record["recorded_at"], str(record["body"]["unit"]))
                found[record["dossier_id"]] = max(found.get(record["dossier_id"], ("", "")), stated)
    return {dossier: team for dossier, (_, team) in found.items()} | own


def _documents(engine: Engine) -> Iterator[Document]:
    """All live households, page by page: no long transaction beside the desk's."""
    after = ""
    while True:
        with engine.connect() as connection:
            ids = _ids_after(connection, after)
            found = readmodel.load_all(connection, ids)
        yield from found.values()
        if len(ids) < _PAGE:
            return
        after = ids[-1]


def _ids_after(connection: Connection, after: str) -> list[str]:
    query = select(households.c.household_id).where(households.c.household_id > after, households.c.live)
    return list(connection.scalars(query.order_by(households.c.household_id).limit(_PAGE)))


def _micros(text: str) -> int:
    return micros(datetime.datetime.fromisoformat(text))
