"""Decisions as the desk finds them in the log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from hub.events.codec import decode
from hub.events.decisions import (
    ON_DOSSIER,
    Decision,
    DecisionMessage,
    Kind,
    NamedLine,
    Snooze,
    decided,
    decision_of,
    message_of,
)
from hub.events.direction import Direction
from hub.events.ids import DossierRef, RecordRef, decision_id
from hub.events.moments import micros
from tests.desk.views import at


def named(ref: DossierRef, line: str, person: str, *, confirmed: bool = True) -> NamedLine:
    """A line as a decision names it."""
    return NamedLine(**ref._asdict(), line=line, person=person, confirmed=confirmed)


def message(decision: Decision, minutes: int = 5) -> bytes:
    """The event of a decision made so many minutes after the start."""
    moment = at(minutes)
    sent = message_of(decision, version=micros(moment), decided_at=moment, jurisdiction="0599", key_generation=1)
    return sent.value


def packed(kind: Kind, one: NamedLine, other: NamedLine | None = None, *, minutes: int = 5, **changed: Any) -> bytes:
    """The event of a decision on persons."""
    said = {"decided_by": "dirk", "why": "paspoort gezien"} | changed
    return message(decided(kind, one, other, **said), minutes)


def id_of(event: bytes) -> str:
    """Id of the decision of an event."""
    value = decode(event).value
    return decision_id(RecordRef(*(value[name] for name in RecordRef._fields)))


def snooze_entry(snooze: Snooze, *, withdrawn: bool = False, minutes: int = 5) -> dict[str, Any]:
    """The entry of a view for a snooze."""
    event = Decision(kind=Kind.SNOOZE, withdrawn=withdrawn, decided_by="dirk", why="gesprek gepland", snooze=snooze)
    return decision_entry(event, minutes=minutes)


def direction_entry(name: str, *, withdrawn: bool = False, minutes: int = 5, **changed: Any) -> dict[str, Any]:
    """The entry of a view for who directs, decided on the youth dossier."""
    said = {"source": "zcd", "dossier_id": "Z-1", "name": name, "from_on": date(2026, 2, 1)} | changed
    direction = Direction.model_validate(said)
    event = Decision(kind=Kind.DIRECTION, withdrawn=withdrawn, decided_by="dirk", why="overdracht", direction=direction)
    return decision_entry(event, minutes=minutes)


def opening_entry(kind: Kind, *, withdrawn: bool = False, minutes: int = 5, **changed: Any) -> dict[str, Any]:
    """The entry of a view for a consent, an emergency access or its review, on the youth dossier."""
    said: dict[Kind, dict[str, Any]] = {
        Kind.CONSENT: {"person": "p-noor", "unit": "adult", "given_by": ["self"], "until": date(2026, 12, 31)},
        Kind.EMERGENCY: {"user": "stef", "until": datetime(2026, 3, 1, 14, tzinfo=UTC)},
        Kind.EMERGENCY_REVIEW: {"emergency": "B" + 20 * "0", "justified": True},
    }
    part = {"source": "zcd", "dossier_id": "Z-1"} | said[kind] | changed
    event = Decision.model_validate(
        {"kind": kind, "decided_by": "dirk", "why": "w", "withdrawn": withdrawn, ON_DOSSIER[kind]: part}
    )
    return decision_entry(event, minutes=minutes)


def sent_entries(sent: Iterable[DecisionMessage]) -> list[dict[str, Any]]:
    """What a desk sent, as it comes back from the log: of each decision on a dossier the newest."""
    values = [decode(item.value).value for item in sent]
    newest = {decision_of(value).record: value for value in values}
    return [decision_entry(decision_of(value), minutes=_minutes(value["recorded_at"])) for value in newest.values()]


def _minutes(moment: datetime) -> int:
    return round((moment - at(0)).total_seconds() / 60)


def decision_entry(event: Decision, *, minutes: int) -> dict[str, Any]:
    """The entry of a view for a decision on a dossier."""
    return {
        **event.record._asdict(),
        "since": 1,
        "source_epoch": 0,
        "version": micros(at(minutes)),
        "recorded_at": micros(at(minutes)),
        "revision": 0,
        "deleted": False,
        "payload": message(event, minutes),
    }
