"""The messages that ingest publishes: events, dead letters and the source's heartbeat. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from hub.connect.ingest.index import Entry, RecordKey
from hub.connect.ingest.keyed import Identity, content_hash, deletion, keyed, stamp
from hub.connect.ingest.keys import DEAD_LETTER_CONTEXT, KeyRing
from hub.connect.ingest.plan import Incoming, Known, Plan
from hub.connect.ingest.publisher import Message
from hub.connect.wire import Unreadable
from hub.errors import ContractError
from hub.events.codec import UnencodableError, Value, encode
from hub.events.ids import ref_of
from hub.events.moments import micros
from hub.events.records import Draft, RecordType
from hub.events.topics import COMPOSITIONS, DEAD_LETTERS, RECORDS, SOURCES

_MAX_SEALED_BYTES: Final = 900_000
"""What fits the topic's 1 MiB. Of a longer record the beginning is kept: it must not stop the records behind it."""


class SourceState(StrEnum):
    """How a source is, as its heartbeat says."""

    RUNNING = "running"
    DEGRADED = "degraded"
    CIRCUIT_OPEN = "circuit_open"
    PAUSED = "paused"
    STOPPED = "stopped"


class Stated(NamedTuple):
    """A draft, keyed: its content and what the plan needs to know of it."""

    record: RecordKey
    content: Value
    incoming: Incoming


def state(draft: Draft, ring: KeyRing, identity: Identity, source_epoch: int) -> Stated:
    """Key a draft."""
    content = keyed(draft, ring, identity)
    incoming = Incoming(
        dossier_id=draft.dossier_id,
        source_epoch=source_epoch,
        version=draft.version,
        recorded_at=micros(draft.recorded_at),
        content_hash=content_hash(content),
        deleted=draft.deleted,
    )
    return Stated(RecordKey(draft.record_type.value, draft.record_id), content, incoming)


def events(stated: Stated, plan: Plan) -> list[tuple[Entry, Message]]:
    """The messages of one version: deletes in the dossiers it leaves, then the version itself; with their index
    entries."""
    left = [deletion(stated.content, dossier_id) for dossier_id in plan.leaves]
    return [_event(stated, plan, content) for content in (*left, stated.content)]


def _event(stated: Stated, plan: Plan, content: Value) -> tuple[Entry, Message]:
    value = stamp(content, plan.order, plan.first_published_at)
    known = Known(
        dossier_id=content["dossier_id"],
        order=plan.order,
        content_hash=stated.incoming.content_hash,
        deleted=content["deleted"],
        first_published_at=plan.first_published_at,
        published=True,
    )
    return Entry(stated.record, known), event_message(value)


def event_message(value: Value) -> Message:
    """The message of a complete value, on its topic and under its key. Raises ContractError if it breaks its schema."""
    record_type = RecordType(value["record_type"])
    try:
        data = encode(record_type.subject, value)
    except UnencodableError as error:
        raise ContractError("An event does not fit its schema; nothing was published.", str(error)) from error
    if record_type is RecordType.COMPOSITION:
        return Message(COMPOSITIONS, value["jurisdiction"].encode(), data)
    return Message(RECORDS, ref_of(value).key, data)


def dead_letter(
    record: Unreadable, ring: KeyRing, identity: Identity, now: datetime, *, source_epoch: int, attempt: int = 1
) -> Message:
    """An unreadable record, sealed. The headers say what an operator needs to choose; they hold nothing of the
    record."""
    value = {
        "source": identity.source,
        "position": record.position,
        "reason": record.reason.value,
        "field": record.field,
        "connector": identity.connector,
        "connector_version": identity.connector_version,
        "failed_at": now,
        "attempt": attempt,
        "sealed": ring.seal(record.payload[:_MAX_SEALED_BYTES], DEAD_LETTER_CONTEXT),
        "source_epoch": source_epoch,
    }
    headers = (("reason", record.reason.value.encode()), ("position", record.position.encode()))
    return Message(DEAD_LETTERS, identity.source.encode(), encode("hub.dead_letter", value), headers)


def letter_state_message(settled: Settled, source: str) -> Message:
    """What became of a dead letter, beside it in the log."""
    value = {"source": source, **settled._asdict(), "state": settled.state.value}
    headers = (("state", settled.state.value.encode()), ("position", settled.position.encode()))
    return Message(DEAD_LETTERS, source.encode(), encode("hub.dead_letter_state", value), headers)


class LetterState(StrEnum):
    """What became of a dead letter."""

    REPLAYED = "replayed"
    DISCARDED = "discarded"


class Settled(NamedTuple):
    """A dead letter that is no longer open. `why`: of one that was discarded."""

    position: str
    attempt: int
    state: LetterState
    by: str
    why: str
    at: datetime


class Heartbeat(NamedTuple):
    """The status of a source at one moment."""

    state: SourceState
    polled_at: datetime | None
    reported_at: datetime
    position: str | None
    newest_recorded_at: datetime | None
    published: int
    rejected: int
    message: str | None
    source_epoch: int = 0
    completeness: Value | None = None
    caught_up_at: datetime | None = None
    """All that the source had recorded by then is published."""


def heartbeat_message(heartbeat: Heartbeat, identity: Identity) -> Message:
    """The message of a heartbeat."""
    value = heartbeat._asdict() | {
        "source": identity.source,
        "connector": identity.connector,
        "state": heartbeat.state.value,
    }
    return Message(SOURCES, identity.source.encode(), encode("hub.source_status", value))
