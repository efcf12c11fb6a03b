"""Hand-built messages of the log, encoded as the stream would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from hub.desk.access import Actor, Role, grantees_of
from hub.desk.readmodel import Asker
from hub.events.codec import encode
from hub.events.ids import DossierRef, household_id
from hub.events.records import RecordType

TEAM = "Noord"
"""Of every dossier here, unless a test says otherwise."""
COLLEAGUE = Asker(grantees_of(Actor("kim", Role.CASE_DIRECTOR, teams=(TEAM,))), "2026-03-01")
"""Somebody of that team."""
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ZCD = DossierRef("zcd", "Z-1")
MENSCENTRAAL = DossierRef("menscentraal", "MC-1")


class Line(NamedTuple):
    """A line of households.composition."""

    ref: DossierRef
    line: str
    person: str

    def value(self) -> dict[str, str]:
        return {**self.ref._asdict(), "line": self.line, "person": self.person}


def at(minutes: int) -> datetime:
    """A moment so many minutes after the start of these tests' world."""
    return START + timedelta(minutes=minutes)


def address(key: str) -> dict[str, Any]:
    """A keyed address whose sealed text is its own key backwards."""
    return {"key": key, "sealed": key[::-1].encode()}


def member(line: str, person: str, **changed: Any) -> dict[str, Any]:
    """A member line; by default a confirmed woman who lives here."""
    return {
        "line": line,
        "person": person,
        "confirmed": True,
        "unconfirmed_reason": None,
        "role": "client",
        "is_client": changed.get("role", "client") == "client",
        "lives_here": True,
        "stated_at": at(0),
        "address": None,
        "address_unknown": False,
        "from_on": None,
        "to_on": None,
        "given_name": "Anna",
        "prefix": None,
        "family_name": "Smit",
        "birth_date": "1990-05-01",
        "gender": "female",
        "address_secret": None,
    } | changed


def envelope(ref: DossierRef, record_type: str, record_id: str, body: object, **changed: Any) -> dict[str, Any]:
    """The envelope of a registrations.* message."""
    return {
        "source_epoch": 0,
        "version": 1,
        "recorded_at": at(0),
        "revision": 0,
        "event_id": "e",
        "key_generation": 1,
        "source": ref.source,
        "jurisdiction": "0599",
        "dossier_id": ref.dossier_id,
        "record_type": record_type,
        "record_id": record_id,
        "occurred_at": None,
        "first_published_at": at(1),
        "deleted": body is None,
        "subject": None,
        "body": body,
    } | changed


def dossier(ref: DossierRef, members: Sequence[Mapping[str, Any]], **changed: Any) -> tuple[DossierRef, bytes]:
    """A registrations.composition message of one dossier."""
    body = {
        "kind": "youth" if ref.source == "zcd" else "adult",
        "status": "open",
        "opened_on": date(2026, 1, 5),
        "closed_on": None,
        "referred_by": "huisarts",
        "received_on": date(2026, 1, 2),
        "first_contact_on": None,
        "team": TEAM,
        "address": address("a-here"),
        "members": list(members),
    } | changed
    value = envelope(ref, "composition", ref.dossier_id, body)
    return ref, encode("registrations.composition", value)


def entry(
    ref: DossierRef,
    record_type: RecordType,
    record_id: str,
    body: object,
    *,
    published: int = 1,
    recorded: int = 0,
) -> dict[str, Any]:
    """An entry of a view: one register as it was routed to the household."""
    moment = at(recorded)
    value = envelope(ref, record_type.value, record_id, body, recorded_at=moment, first_published_at=at(published))
    return {
        **ref._asdict(),
        "since": 1,
        "record_type": record_type.value,
        "record_id": record_id,
        "source_epoch": 0,
        "version": 1,
        "recorded_at": int(moment.timestamp() * 1_000_000),
        "revision": 0,
        "deleted": body is None,
        "payload": encode(record_type.subject, value),
    }


def composition(
    household: str,
    dossiers: Sequence[tuple[DossierRef, bytes]],
    *,
    label: int = 1,
    since: int = 1,
    gone: bool = False,
    members: Sequence[Line] = (),
    references: Sequence[Line] = (),
    history: Sequence[Line] = (),
    conflicts: Sequence[Line] = (),
    decisions: Sequence[tuple[str, bytes]] = (),
    oversized: bool = False,
) -> bytes:
    """A households.composition message."""
    value = {
        "household": household,
        "label": label,
        "gone": gone,
        "status": "" if gone else "open",
        "oversized": oversized,
        "dossiers": [{**ref._asdict(), "since": since, "composition": packed} for ref, packed in dossiers],
        "members": [line.value() for line in members],
        "references": [line.value() for line in references],
        "history": [line.value() for line in history],
        "conflicts": [line.value() for line in conflicts],
        "decisions": [{"effect": effect, "decision": decision} for effect, decision in decisions],
    }
    return encode("households.composition", value)


def view(
    household: str,
    packed: bytes | None,
    *,
    label: int = 1,
    gone: bool = False,
    entries: Sequence[object] = (),
) -> bytes:
    """A households.view message."""
    value = {
        "household": household,
        "label": label,
        "gone": gone,
        "composition": packed,
        "entries": list(entries),
    }
    return encode("households.view", value)


def gone(household: str, *, label: int) -> bytes:
    """The view of a household that ceased."""
    return view(household, None, label=label, gone=True)


def one_dossier(
    ref: DossierRef = ZCD,
    *,
    label: int = 1,
    household: str | None = None,
    entries: Sequence[object] = (),
    decisions: Sequence[tuple[str, bytes]] = (),
    **changed: Any,
) -> tuple[str, bytes]:
    """Id and view of a household of one person with one dossier; `changed`: fields of the member line."""
    home = household or household_id(ref)
    person = changed.pop("person", "p-anna")
    packed = dossier(ref, [member("1", person, **changed)])
    whole = composition(home, [packed], label=label, since=label, members=[Line(ref, "1", person)], decisions=decisions)
    return home, view(home, whole, label=label, entries=entries)


def source_status(source: str = "zcd", *, reported: int = 10, **changed: Any) -> bytes:
    """A heartbeat."""
    value = {
        "source": source,
        "connector": source,
        "state": "running",
        "polled_at": at(reported),
        "reported_at": at(reported),
        "position": "17",
        "newest_recorded_at": at(reported - 1),
        "published": 17,
        "rejected": 1,
        "message": None,
        "source_epoch": 0,
        "completeness": None,
        "caught_up_at": at(reported),
    }
    return encode("hub.source_status", value | changed)


def dead_letter_state(source: str = "zcd", position: str = "4", *, attempt: int = 1) -> bytes:
    """A dead letter that was replayed."""
    value = {"source": source, "position": position, "attempt": attempt, "by": "olga", "why": "", "at": at(99)}
    return encode("hub.dead_letter_state", value | {"state": "replayed"})


def dead_letter(
    source: str = "zcd", position: str = "4", *, attempt: int = 1, reason: str = "malformed", source_epoch: int = 0
) -> bytes:
    """A record that could not be read."""
    value = {
        "source": source,
        "position": position,
        "reason": reason,
        "field": "gegevens.rol",
        "connector": source,
        "connector_version": "1",
        "failed_at": at(attempt),
        "attempt": attempt,
        "sealed": b"sealed",
        "source_epoch": source_epoch,
    }
    return encode("hub.dead_letter", value)
