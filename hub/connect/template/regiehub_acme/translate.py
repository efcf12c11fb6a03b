"""Acme's records as shared events. Pure: the one module that knows Acme's fields and codes."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from hub.connect import RejectReason
from hub.connect.fields import MAX_INTEGER, Fields, models, read_object
from hub.events.records import (
    AnyBody,
    Composition,
    Draft,
    Goal,
    Involvement,
    LifeDomain,
    Member,
    MemberRole,
    RecordType,
)
from hub.events.sensitive import Address, Sensitive

RECORD_TYPES: Final = {
    "file": RecordType.COMPOSITION,
    "worker": RecordType.INVOLVEMENT,
    "goal": RecordType.GOAL,
}
"""Acme's `kind` and the shared record type. Add yours here, and its function to `_body`."""
_STATUS: Final[dict[str, Literal["open", "closed"]]] = {"running": "open", "ended": "closed"}
_ROLES: Final[dict[str, MemberRole]] = {"client": "client", "partner": "partner", "child": "child", "other": "other"}
_DOMAINS: Final[dict[str, LifeDomain]] = {"money": "finance", "home": "housing", "work": "work_education"}
_GOALS: Final[dict[str, Literal["open", "achieved", "stopped"]]] = {
    "busy": "open",
    "reached": "achieved",
    "given up": "stopped",
}


def translate(payload: bytes) -> list[Draft]:
    """The event of one record. Raises TranslationError, and nothing else."""
    record = read_object(payload)
    record_type = record.code("kind", RECORD_TYPES, unknown=RejectReason.UNKNOWN_TYPE)
    changed = record.moment("changed")
    with models():
        return [
            Draft(
                record_type=record_type,
                dossier_id=record.text("file"),
                record_id=record.text("id"),
                version=record.integer("version", low=1, high=MAX_INTEGER),
                recorded_at=changed,
                body=None if record.flag("removed") else _body(record.child("data"), record_type, changed),
            )
        ]


def _body(data: Fields, record_type: RecordType, changed: datetime) -> AnyBody:
    if record_type is RecordType.COMPOSITION:
        return _composition(data, changed)
    if record_type is RecordType.INVOLVEMENT:
        return _involvement(data)
    return _goal(data)


def _composition(data: Fields, changed: datetime) -> Composition:
    return Composition(
        kind="adult",
        status=data.code("status", _STATUS),
        opened_on=data.day("opened"),
        closed_on=data.opt_day("closed"),
        team=data.opt_text("team"),
        address=_address(data.child("address")) if data.has("address") else None,
        members=tuple(_member(person, changed) for person in data.children("people")),
    )


def _member(person: Fields, changed: datetime) -> Member:
    """A person without a citizen number is shown, and never linked by the machine: leave `bsn` None, make none up."""
    number = person.opt_text("citizen_number")
    return Member(
        line=person.text("line"),
        bsn=None if number is None else Sensitive(number),
        role=person.code("role", _ROLES),
        is_client=person.flag("is_client"),
        lives_here=person.flag("lives_here"),
        stated_at=changed,
        given_name=person.opt_text("first_name"),
        family_name=person.opt_text("last_name"),
        birth_date=person.opt_text("born"),
    )


def _address(data: Fields) -> Address:
    return Address(
        street=data.opt_text("street"),
        number=data.integer("number"),
        suffix=data.opt_text("suffix"),
        postcode=data.text("postcode"),
        city=data.opt_text("city"),
    )


def _involvement(data: Fields) -> Involvement:
    return Involvement(
        kind="professional",
        name=data.opt_text("name"),
        organisation=data.opt_text("organisation"),
        role=data.opt_text("role"),
        phone=data.opt_text("phone"),
    )


def _goal(data: Fields) -> Goal:
    return Goal(
        life_domain=data.code("domain", _DOMAINS),
        wording=data.text("goal"),
        owner=data.opt_text("who"),
        status=data.code("state", _GOALS),
    )
