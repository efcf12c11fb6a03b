"""From the log into the read model: messages and the offsets after them in one transaction. No Kafka here.

Applying a message twice, or a whole log again, ends in the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson
import structlog
from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Table, insert, or_, select

from hub.desk import deputies, readmodel
from hub.desk.caseload import writing
from hub.desk.caseload.writing import Attending
from hub.desk.found_by import PARTS, WHO_FINDS, RowsOf
from hub.desk.readmodel import replace_row
from hub.desk.rows import Row, mark, replace_rows
from hub.desk.tables import (
    dead_letters,
    dossiers,
    households,
    offsets,
    sources,
)
from hub.events.codec import Decoded, UndecodableError, UnknownSchemaError, Value, decode
from hub.events.ids import DossierRef, household_id, ref_of
from hub.events.moments import text_of
from hub.events.topics import DEAD_LETTERS, DEPUTIES, SOURCES, VIEWS
from hub.household import document
from hub.household.document_shape import Document

TOPICS: Final = (VIEWS, SOURCES, DEAD_LETTERS, DEPUTIES)
"""What the read model is made of."""

_WHO_FINDS: Final = PARTS.index(WHO_FINDS)
_BY_DEFAULT: Final = Attending()
"""One for all lists: what it is stamped with is worked out once."""
_log = structlog.get_logger()


class Consumed(NamedTuple):
    """One message of the log."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes


class Offset(NamedTuple):
    """Where to read on. `topic_id`: the broker's id of the topic, to notice a new one; None if unknown."""

    topic: str
    partition: int
    next_offset: int
    topic_id: str | None = None


class Shown(NamedTuple):
    """A household of which something newer became visible: ISO times of the newest that it shows."""

    household_id: str
    newest_recorded_at: str
    newest_published_at: str


def apply_list(
    engine: Engine,
    messages: Sequence[Consumed],
    positions: Iterable[Offset],
    attending: Attending | None = None,
    *,
    lines_later: bool = False,
) -> list[Shown]:
    """Apply a list and keep the positions after it: all or nothing. Returns what became visible. `attending`: on what
    the lines of the list of households depend; None: today, and the terms by default. `lines_later`: of a household
    that the same people find as before, the line is written by `hub.desk.caseload.writing.refresh`, for which the
    caller has to see. Of any other it is written at once: a line must not tell a team what is not its own any more.

    Raises UndecodableError or UnknownSchemaError for a view that cannot be read: to skip it would hide data.
    """
    with engine.begin() as connection:
        views = [(item.key, item.value) for item in messages if item.topic == VIEWS]
        shown = apply_views(connection, views, attending, lines_later=lines_later)
        for item in messages:
            if item.topic == SOURCES:
                apply_source_status(connection, item.value)
            elif item.topic == DEAD_LETTERS:
                apply_dead_letter(connection, item.value)
            elif item.topic == DEPUTIES:
                apply_deputyship(connection, item.value)
        for topic, partition, next_offset, topic_id in positions:
            key = {"topic": topic, "partition": partition}
            replace_row(connection, offsets, key, {"next_offset": next_offset, "topic_id": topic_id})
    return shown


def apply_views(
    connection: Connection,
    messages: Iterable[tuple[bytes, bytes]],
    attending: Attending | None = None,
    *,
    lines_later: bool = False,
) -> list[Shown]:
    """Apply messages of households.views; of each key only the greatest label, of equals the last. `attending`,
    `lines_later`: see `apply_list`."""
    newest: dict[str, Value] = {}
    for key, value in messages:
        view = decode(value).value
        home = key.decode()
        if home not in newest or view["label"] >= newest[home]["label"]:
            newest[home] = view
    homes = list(newest)
    parts = (homes[start : start + readmodel.PART] for start in range(0, len(homes), readmodel.PART))
    on = attending or _BY_DEFAULT
    applied = (_apply_part(connection, {home: newest[home] for home in part}, on, lines_later) for part in parts)
    return [shown for part in applied for shown in part]


def apply_view(connection: Connection, key: bytes, value: bytes, attending: Attending | None = None) -> Shown | None:
    """Apply one message of households.views; a smaller label than the known one changes nothing (R8)."""
    shown = apply_views(connection, [(key, value)], attending)
    return shown[0] if shown else None


@dataclass(frozen=True)
class _Change:
    """One household as it must be from now on; `content` None: nothing of it is shown. `stood`: the marks of what
    stands; none if nothing does."""

    home: str
    view: Value
    content: Document | None
    stood: Sequence[str] = ()

    @cached_property
    def marks(self) -> list[str]:
        """Of each part of what it is found by; none if nothing of it is shown."""
        return [mark(part.made_of(self.content)) for part in PARTS] if self.content else []

    def is_other(self, number: int) -> bool:
        """Whether a part is another than what stands."""
        return not (self.stood and self.marks) or self.stood[number] != self.marks[number]

    @cached_property
    def dossiers(self) -> dict[DossierRef, int]:
        """Those that its composition holds, and since when (label); none where it has no composition."""
        packed = self.view["composition"]
        held = decode(packed).value["dossiers"] if packed else []
        return {ref_of(item): item["since"] for item in held}

    @property
    def newest(self) -> tuple[str, str]:
        """Newest recorded_at and first_published_at that it shows."""
        fresh = self.content["freshness"] if self.content else []
        recorded = max((item["newest_recorded_at"] for item in fresh), default="")
        return recorded, max((item["newest_published_at"] for item in fresh), default="")


def _apply_part(
    connection: Connection, views: Mapping[str, Value], attending: Attending, lines_later: bool
) -> list[Shown]:
    """Apply views of different households with a handful of statements: one each would cost most of the time."""
    column = households.c
    query = select(column.household_id, column.label, column.newest_published_at, column.written)
    known = {row.household_id: row for row in connection.execute(query.where(column.household_id.in_(views)))}
    changes = [
        _Change(home, view, document.build(view), known[home].written.split() if home in known else ())
        for home, view in views.items()
        if home not in known or view["label"] >= known[home].label
    ]
    made = _made(changes)
    later = {item.home for item in changes if item.content and not item.is_other(_WHO_FINDS)} if lines_later else set()
    lines = writing.lines_of({item.home: item.content for item in changes if item.home not in later}, attending)
    for table, rows in made.items():  # from here on SQLite lets nobody else write: all that takes long is done
        replace_rows(connection, table, rows.keys(), [row for of_home in rows.values() for row in of_home])
    _place_dossiers(connection, changes)
    writing.write(connection, lines)
    writing.postpone(connection, later)
    return [
        Shown(change.home, *change.newest)
        for change in changes
        if change.content and (change.home not in known or change.newest[1] > known[change.home].newest_published_at)
    ]


def _made(changes: Sequence[_Change]) -> dict[Table, dict[str, list[Row]]]:
    """The rows of each household that has other ones than stand, by table and household."""
    found: dict[Table, dict[str, list[Row]]] = {households: {item.home: [_household_row(item)] for item in changes}}
    for number, part in enumerate(PARTS):
        others = [item for item in changes if item.is_other(number)]
        for table, rows_of in part.tables.items():
            found[table] = {item.home: _rows(item, rows_of) for item in others}
    return found


def _rows(change: _Change, rows_of: RowsOf) -> list[Row]:
    return [{"household_id": change.home, **row} for row in rows_of(change.content)] if change.content else []


def _household_row(change: _Change) -> dict[str, object]:
    """Of one that is gone only (id, label) stay: no personal data."""
    title = change.content["title"] if change.content else ""
    recorded, published = change.newest
    content = orjson.dumps(change.content) if change.content else None
    return {
        "household_id": change.home,
        "label": change.view["label"],
        "gone": change.view["gone"],
        "live": change.content is not None,
        "title": title,
        "sort_key": readmodel.sort_key(title),
        "newest_recorded_at": recorded,
        "newest_published_at": published,
        "parked": _parked(change),
        "written": " ".join(change.marks),
        "digest": blake2b(content or b"", digest_size=16).hexdigest(),
        "document": readmodel.packed(content) if content else None,
    }


def _parked(change: _Change) -> int:
    """Also of a household that is not shown because no team has a dossier in it: its entries wait for nothing."""
    entries = change.view["entries"]
    return sum(ref_of(entry) not in change.dossiers for entry in entries)


class _Place(NamedTuple):
    """Where a dossier lives. Views under way may claim one twice: the later `since` is right."""

    since: int
    home: str


def _place_dossiers(connection: Connection, changes: Sequence[_Change]) -> None:
    claims: dict[DossierRef, _Place] = {}
    for change in changes:
        for ref, since in (change.dossiers if change.content else {}).items():
            claims[ref] = max(claims.get(ref, _Place(-1, "")), _Place(since, change.home))
    homes = {change.home for change in changes}
    own_ids = {household_id(ref): ref for ref in claims}
    concerned = or_(dossiers.c.household_id.in_(homes), dossiers.c.own_id.in_(own_ids))
    stands = {
        DossierRef(row.source, row.dossier_id): _Place(row.since, row.household_id)
        for row in connection.execute(select(dossiers).where(concerned))
    }
    for ref, place in stands.items():
        if ref in claims and place.home not in homes and place.since > claims[ref].since:
            claims[ref] = place
    gone = [household_id(ref) for ref, place in stands.items() if claims.get(ref) != place]
    if gone:
        connection.execute(dossiers.delete().where(dossiers.c.own_id.in_(gone)))
    rows = [
        {**ref._asdict(), "household_id": place.home, "since": place.since, "own_id": household_id(ref)}
        for ref, place in claims.items()
        if stands.get(ref) != place
    ]
    if rows:
        connection.execute(insert(dossiers), rows)


def apply_source_status(connection: Connection, value: bytes) -> None:
    """Keep the last heartbeat of a source in the log, whatever its clock says: that may have been set back. One that
    cannot be read is logged: the next one follows soon."""
    if (decoded := _readable(SOURCES, value)) is None:
        return
    status = decoded.value
    values = {"reported_at": text_of(status["reported_at"]), "status": orjson.dumps(_plain(status)).decode()}
    replace_row(connection, sources, {"source": status["source"]}, values)


def apply_dead_letter(connection: Connection, value: bytes) -> None:
    """Keep one row per (source, position), with the last attempt of the last epoch, and whether anybody dealt with it;
    its content stays sealed."""
    if (decoded := _readable(DEAD_LETTERS, value)) is None:
        return
    letter = decoded.value
    key = {"source": letter["source"], "position": letter["position"]}
    query = select(dead_letters.c.source_epoch, dead_letters.c.attempt)
    known = connection.execute(query.where(*(dead_letters.c[name] == item for name, item in key.items()))).first()
    if decoded.subject == "hub.dead_letter_state":
        if known is not None and letter["attempt"] >= known.attempt:
            replace_row(connection, dead_letters, key, {"is_open": False})
    elif known is None or (letter["source_epoch"], letter["attempt"]) > tuple(known):
        values = {name: letter[name] for name in ("reason", "field", "attempt", "source_epoch", "sealed")}
        values |= {"failed_at": text_of(letter["failed_at"]), "is_open": True}
        replace_row(connection, dead_letters, key, values)


def apply_deputyship(connection: Connection, value: bytes) -> None:
    """Keep who stands in for whom. One that cannot be read lets nobody in, and is logged."""
    if (decoded := _readable(DEPUTIES, value)) is None:
        return
    try:
        deputies.keep(connection, decoded.value)
    except ValidationError:
        _log.warning("unreadable_message_left_out", topic=DEPUTIES, error="ValidationError")


def _readable(topic: str, value: bytes) -> Decoded | None:
    """A message of a topic on which every connector writes: one bad connector must not stop the desk."""
    try:
        return decode(value)
    except (UndecodableError, UnknownSchemaError) as error:
        _log.warning("unreadable_message_left_out", topic=topic, error=type(error).__name__)
        return None


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return text_of(value) if isinstance(value, datetime) else value
