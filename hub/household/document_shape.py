"""The shape of the household document, as the read model keeps it. Dates ISO 8601, times in UTC."""

from __future__ import annotations

from typing import TypedDict


class SealedAddress(TypedDict):
    """A keyed hash to compare by, and the sealed text (base64) that only the desk opens."""

    key: str
    sealed: str


class StatedValue(TypedDict):
    """One distinct value and the newest statement of it."""

    value: str | SealedAddress
    source: str
    dossier_id: str
    stated_at: str


class StatedField(TypedDict):
    """Every distinct value of one field, newest first. A source that states nothing does not differ."""

    values: list[StatedValue]
    differs: bool


class SourceRef(TypedDict):
    """One member line in a source."""

    source: str
    dossier_id: str
    line: str


class Person(TypedDict):
    """One person with all that the dossiers of this household state of them. `address_secret`: one of them says so."""

    person_key: str
    confirmed: bool
    unconfirmed_reason: str | None
    address_secret: bool
    source_refs: list[SourceRef]
    roles: list[str]
    fields: dict[str, StatedField]


class Dossier(TypedDict):
    """One dossier of the household. Dates ISO 8601; times in UTC."""

    source: str
    dossier_id: str
    kind: str
    status: str
    opened_on: str
    closed_on: str | None
    referred_by: str | None
    received_on: str | None
    first_contact_on: str | None
    address: SealedAddress | None
    version: int
    recorded_at: str
    first_published_at: str


class RecordEntry(TypedDict):
    """One visible register: its identity, order and content."""

    record_type: str
    source: str
    dossier_id: str
    record_id: str
    version: int
    revision: int
    recorded_at: str
    first_published_at: str
    body: dict[str, object]


class Freshness(TypedDict):
    """How fresh one source is in this household."""

    source: str
    newest_recorded_at: str
    newest_published_at: str


class Document(TypedDict):
    """One live household. `title`: the family names of the dossiers' clients. `contested`: persons named in a residence
    conflict who are nothing else here."""

    household_id: str
    label: int
    status: str
    oversized: bool
    title: str
    dossiers: list[Dossier]
    members: list[Person]
    references: list[Person]
    history: list[Person]
    contested: list[Person]
    conflicts: list[dict[str, str]]
    records: list[RecordEntry]
    freshness: list[Freshness]
