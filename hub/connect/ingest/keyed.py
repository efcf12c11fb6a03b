"""From a draft to the value that is published: persons and addresses keyed, envelope complete. Pure."""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import NamedTuple

import orjson

from hub.connect.ingest.keys import ADDRESS_CONTEXT, KeyRing
from hub.events.codec import Value
from hub.events.ids import DossierRef, Order, RecordRef, event_id
from hub.events.moments import moment
from hub.events.records import Body, Composition, Draft, Member
from hub.events.sensitive import Address, Sensitive


class Identity(NamedTuple):
    """Which source speaks: its instance, its one municipality, and the connector with its version."""

    source: str
    jurisdiction: str
    connector: str
    connector_version: str = "0"


def keyed(draft: Draft, ring: KeyRing, identity: Identity) -> Value:
    """The content of an event: all but its place in the order (`stamp` adds that). Holds no Sensitive any more."""
    dossier = DossierRef(identity.source, draft.dossier_id)
    return {
        "version": draft.version,
        "recorded_at": draft.recorded_at.astimezone(UTC),
        "key_generation": ring.generation,
        "source": identity.source,
        "jurisdiction": identity.jurisdiction,
        "dossier_id": draft.dossier_id,
        "record_type": draft.record_type.value,
        "record_id": draft.record_id,
        "occurred_at": None if draft.occurred_at is None else draft.occurred_at.astimezone(UTC),
        "deleted": draft.deleted,
        "subject": _subject(draft.subject, ring, dossier),
        "body": None if draft.body is None else _body(draft.body, ring, dossier),
    }


def deletion(content: Value, dossier_id: str) -> Value:
    """The same version as a delete in another dossier: the one that the record has left."""
    return content | {"dossier_id": dossier_id, "deleted": True, "subject": None, "body": None}


def content_hash(content: Value) -> str:
    """Equal if and only if a source said the same. Absent and null are the same: a newer schema's new field changes
    nothing."""
    data = orjson.dumps(_without_nulls(content), option=orjson.OPT_SORT_KEYS, default=_hex)
    return hashlib.sha256(data).hexdigest()


def stamp(content: Value, order: Order, first_published_at: int) -> Value:
    """The complete value: content with its order, event id and the time (microseconds) the hub first published it."""
    record = RecordRef(content["source"], content["dossier_id"], content["record_type"], content["record_id"])
    return content | {
        "source_epoch": order.source_epoch,
        "revision": order.revision,
        "event_id": event_id(record, order),
        "first_published_at": moment(first_published_at),
    }


def _subject(bsn: Sensitive | None, ring: KeyRing, dossier: DossierRef) -> str | None:
    if bsn is None:
        return None
    person = ring.member(bsn, dossier, "")
    return person.key if person.confirmed else None


def _body(body: Body, ring: KeyRing, dossier: DossierRef) -> Value:
    if not isinstance(body, Composition):
        return {name: _listed(item) for name, item in body.model_dump().items()}
    value = body.model_dump(exclude={"address", "members"})
    value["address"] = _address(body.address, ring)
    value["members"] = [_member(member, ring, dossier) for member in body.members]
    return value


def _listed(value: object) -> object:
    """A list for a tuple: in a field that may be null, Avro's writer takes a tuple for a name and a value."""
    return list(value) if isinstance(value, tuple) else value


def _member(member: Member, ring: KeyRing, dossier: DossierRef) -> Value:
    person = ring.member(member.bsn, dossier, member.line)
    return member.model_dump(exclude={"bsn", "address"}) | {
        "stated_at": member.stated_at.astimezone(UTC),
        "address": _address(member.address, ring),
        "person": person.key,
        "confirmed": person.confirmed,
        "unconfirmed_reason": person.unconfirmed_reason,
    }


def _address(address: Address | None, ring: KeyRing) -> Value | None:
    if address is None:
        return None
    sealed = ring.seal(address.one_line().encode(), ADDRESS_CONTEXT)
    return {"key": ring.address_key(address), "sealed": sealed}


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(item) for item in value]
    return value


def _hex(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"no content of type {type(value).__name__}")
