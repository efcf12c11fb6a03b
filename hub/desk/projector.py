"""From the log into the read model: messages and the offsets after them in one transaction. No Kafka here.

Applying a message twice, or a whole log again, ends in the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import orjson
import structlog
from sqlalchemy import Connection, Engine, insert, select

from hub.desk import readmodel
from hub.desk.readmodel import dead_letters, dossiers, households, members, offsets, replace_row, sources
from hub.events.codec import UndecodableError, UnknownSchemaError, Value, decode
from hub.events.ids import DossierRef, household_id
from hub.events.topics import DEAD_LETTERS, SOURCES, VIEWS
from hub.household import document
from hub.household.document_shape import Document

TOPICS: Final = (VIEWS, SOURCES, DEAD_LETTERS)
"""What the read model is made of."""

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


def apply_list(engine: Engine, messages: Sequence[Consumed], positions: Iterable[Offset]) -> list[Shown]:
    """Apply a list and keep the positions after it: all or nothing. Returns what became visible.

    Raises UndecodableError or UnknownSchemaError for a view that cannot be read: to skip it would hide data.
    """
    with engine.begin() as connection:
        shown = apply_views(connection, [(item.key, item.value) for item in messages if item.topic == VIEWS])
        for item in messages:
            if item.topic == SOURCES:
                apply_source_status(connection, item.value)
            elif item.topic == DEAD_LETTERS:
                apply_dead_letter(connection, item.value)
        for topic, partition, next_offset, topic_id in positions:
            key = {"topic": topic, "partition": partition}
            replace_row(connection, offsets, key, {"next_offset": next_offset, "topic_id": topic_id})
    return shown


def apply_views(connection: Connection, messages: Iterable[tuple[bytes, bytes]]) -> list[Shown]:
    """Apply messages of households.views; of each key only the greatest label, of equals the last."""
    newest: dict[bytes, Value] = {}
    for key, value in messages:
        view = decode(value).value
        if key not in newest or view["label"] >= newest[key]["label"]:
            newest[key] = view
    applied = (_apply_decoded(connection, key.decode(), view) for key, view in newest.items())
    return [shown for shown in applied if shown is not None]


def apply_view(connection: Connection, key: bytes, value: bytes) -> Shown | None:
    """Apply one message of households.views; a smaller label than the known one changes nothing (R8)."""
    return _apply_decoded(connection, key.decode(), decode(value).value)


def _apply_decoded(connection: Connection, household: str, view: Value) -> Shown | None:
    query = select(households.c.label, households.c.newest_recorded_at, households.c.newest_published_at)
    known = connection.execute(query.where(households.c.household_id == household)).one_or_none()
    if known is not None and view["label"] < known.label:
        return None
    content = document.build(view)
    recorded, published = _newest(content)
    _store(connection, household, view, content, newest=(recorded, published))
    if content is None or (known is not None and published <= known.newest_published_at):
        return None
    return Shown(household, recorded, published)


def _newest(content: Document | None) -> tuple[str, str]:
    fresh = content["freshness"] if content else []
    recorded = max((item["newest_recorded_at"] for item in fresh), default="")
    return recorded, max((item["newest_published_at"] for item in fresh), default="")


def _store(
    connection: Connection, household: str, view: Value, content: Document | None, *, newest: tuple[str, str]
) -> None:
    """Replace all rows of a household. Of one that is gone only (id, label) stay: no personal data."""
    title = content["title"] if content else ""
    values = {
        "label": view["label"],
        "gone": view["gone"],
        "live": content is not None,
        "title": title,
        "sort_key": _sort_key(title),
        "newest_recorded_at": newest[0],
        "newest_published_at": newest[1],
        "document": orjson.dumps(content).decode() if content else None,
    }
    replace_row(connection, households, {"household_id": household}, values)
    connection.execute(members.delete().where(members.c.household_id == household))
    rows = _member_rows(household, content)
    if rows:
        connection.execute(insert(members), rows)
    _store_dossiers(connection, household, _since_by_dossier(view) if content else {})


def _sort_key(title: str) -> str:
    """As Dutch lists sort: "de Vries" stands under V."""
    words = title.split()
    while len(words) > 1 and words[0].islower():
        words.pop(0)
    return " ".join(words).casefold()


def _member_rows(household: str, content: Document | None) -> list[dict[str, str]]:
    def stated(fields: Mapping[str, object], name: str) -> list[str]:
        field = fields[name]
        values = field["values"] if isinstance(field, dict) else []
        return [item["value"] for item in values]

    return [
        {
            "household_id": household,
            "person_key": member["person_key"],
            "names": readmodel.search_text(stated(member["fields"], "name")),
            "birth_dates": readmodel.search_text(stated(member["fields"], "birth_date")),
        }
        for member in (content["members"] if content else [])
    ]


def _since_by_dossier(view: Value) -> dict[DossierRef, int]:
    composition = decode(view["composition"]).value
    return {DossierRef(item["source"], item["dossier_id"]): item["since"] for item in composition["dossiers"]}


def _store_dossiers(connection: Connection, household: str, since_by_dossier: Mapping[DossierRef, int]) -> None:
    """Say where dossiers live. Views under way may claim one twice: the later `since` is right."""
    kept = connection.execute(
        select(dossiers.c.source, dossiers.c.dossier_id).where(dossiers.c.household_id == household)
    )
    for source, dossier_id in kept.all():
        if DossierRef(source, dossier_id) not in since_by_dossier:
            _at = (dossiers.c.source == source, dossiers.c.dossier_id == dossier_id)
            connection.execute(dossiers.delete().where(*_at))
    for ref, since in since_by_dossier.items():
        known = connection.scalar(
            select(dossiers.c.since).where(dossiers.c.source == ref.source, dossiers.c.dossier_id == ref.dossier_id)
        )
        if known is None or since >= known:
            values = {"household_id": household, "since": since, "own_id": household_id(ref)}
            replace_row(connection, dossiers, ref._asdict(), values)


def apply_source_status(connection: Connection, value: bytes) -> None:
    """Keep the newest heartbeat of a source. One that cannot be read is logged: the next one follows soon."""
    status = _readable(SOURCES, value)
    if status is None:
        return
    reported = readmodel.iso(status["reported_at"])
    known = connection.scalar(select(sources.c.reported_at).where(sources.c.source == status["source"]))
    if known is None or reported >= known:
        text = orjson.dumps({name: _plain(item) for name, item in status.items()}).decode()
        replace_row(connection, sources, {"source": status["source"]}, {"reported_at": reported, "status": text})


def apply_dead_letter(connection: Connection, value: bytes) -> None:
    """Keep one row per (source, position), with the last attempt; its content stays sealed."""
    letter = _readable(DEAD_LETTERS, value)
    if letter is None:
        return
    key = {"source": letter["source"], "position": letter["position"]}
    known = connection.scalar(
        select(dead_letters.c.attempt).where(*(dead_letters.c[name] == item for name, item in key.items()))
    )
    if known is None or letter["attempt"] >= known:
        values = {name: letter[name] for name in ("reason", "field", "attempt", "sealed")}
        replace_row(connection, dead_letters, key, values | {"failed_at": readmodel.iso(letter["failed_at"])})


def _readable(topic: str, value: bytes) -> Value | None:
    """A message of a topic on which every connector writes: one bad connector must not stop the desk."""
    try:
        return decode(value).value
    except (UndecodableError, UnknownSchemaError) as error:
        _log.warning("unreadable_message_left_out", topic=topic, error=type(error).__name__)
        return None


def _plain(value: object) -> object:
    return readmodel.iso(value) if isinstance(value, datetime) else value
