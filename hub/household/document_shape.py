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


class NameParts(TypedDict):
    """A name as one source writes it, in parts."""

    given_name: str | None
    prefix: str | None
    family_name: str | None


class SourceRef(TypedDict):
    """One member line in a source."""

    source: str
    dossier_id: str
    line: str


class Person(TypedDict):
    """One person with all that the dossiers of this household state of them. `names`: each distinct name in parts,
    newest first. `address_secret`: one of them says so."""

    person_key: str
    confirmed: bool
    unconfirmed_reason: str | None
    address_secret: bool
    source_refs: list[SourceRef]
    roles: list[str]
    names: list[NameParts]
    fields: dict[str, StatedField]


class MemberLine(TypedDict):
    """One member line of a dossier here, as a decision can name it. `person_key`: who it is, as decided; `stated_key`:
    the person key that the line itself states; `confirmed`: whether by a valid number."""

    source: str
    dossier_id: str
    line: str
    person_key: str
    stated_key: str
    confirmed: bool


class DecidedLine(TypedDict):
    """A line that a decision names. `stated_key`, `confirmed`: as it was then; `person_key`: who is meant of those in
    this household now, None if nobody. `doubted`: its number is the one taken to be wrong."""

    source: str
    dossier_id: str
    line: str
    stated_key: str
    confirmed: bool
    doubted: bool
    person_key: str | None


class SnoozedPoint(TypedDict):
    """An attention point of a dossier that is hidden until and including a day."""

    source: str
    dossier_id: str
    rule: str
    point: str
    until: str


class DecidedDirection(TypedDict):
    """That somebody directs from a day on, across both systems, as decided on a dossier. Empty: not known."""

    source: str
    dossier_id: str
    user: str
    name: str
    organisation: str
    unit: str
    team: str
    phone: str
    staff: str
    from_on: str


class GivenConsent(TypedDict):
    """That a person lets a unit see what a dossier knows of him. `person`: the key that the dossier stated then;
    `domains` None: all; `given_by`: `self`, `custodians`; `until`: the last day."""

    source: str
    dossier_id: str
    person: str
    unit: str
    domains: list[str] | None
    given_by: list[str]
    until: str


class EmergencyAccess(TypedDict):
    """That somebody sees a dossier in an emergency, until a moment (UTC)."""

    source: str
    dossier_id: str
    user: str
    until: str


class EmergencyReview(TypedDict):
    """What was found of an emergency access, by the id of its decision."""

    source: str
    dossier_id: str
    emergency: str
    justified: bool


class DossierAccess(TypedDict):
    """How a reader sees a dossier: `content` all, part or none; on what `grounds`; `why` (a relation, or `consent`); of
    what is opened in part the life `domains`, none if that is not by domain."""

    source: str
    dossier_id: str
    content: str
    grounds: list[str]
    why: list[str]
    domains: list[str]


class DecisionEntry(TypedDict):
    """What somebody decided (or took back: `decided_by`, `decided_at` and `why` are then of that), with what it does
    now: an `Effect`. `lines`: one or two; none of a decision on a dossier. `version`: what a later decision must
    exceed. `withheld`: whose it is or why is not the reader's to see."""

    decision_id: str
    version: int
    kind: str
    effect: str
    decided_by: str
    decided_at: str
    why: str
    lines: list[DecidedLine]
    snooze: SnoozedPoint | None
    direction: DecidedDirection | None
    consent: GivenConsent | None
    emergency: EmergencyAccess | None
    review: EmergencyReview | None
    withheld: bool


class DossierLink(TypedDict):
    """A dossier that a reason is about."""

    source: str
    dossier_id: str


class Reason(TypedDict):
    """Why persons or dossiers are together here, or why not. `decision_id`: of a human's reason.

    Together: `same_number` (one valid number in several dossiers), `lives_together` (by one open dossier), `client`
    (a dossier follows its client, who does not live where it says), `foreign_dossier` (some live together by a dossier
    that follows its client elsewhere), and the decisions `same_person`, `same_household`,
    `lives_here`. Apart: `later_address` (another statement, or a decision, goes before this one), `left_behind`
    (the dossier follows its client; this one does not), `stated_elsewhere`, `two_numbers`, `contradicted` (a decision
    that two are one person would, with others, join two numbers or two who differ), `too_large`, and the decisions
    `different_person`, `lives_elsewhere`.
    """

    kind: str
    persons: list[str]
    dossiers: list[DossierLink]
    decision_id: str | None


class Dossier(TypedDict):
    """One dossier of the household. `client`: the key of the person it is about; `team`: the one that works on it.
    Dates ISO 8601; times in UTC."""

    source: str
    dossier_id: str
    kind: str
    client: str
    status: str
    opened_on: str
    closed_on: str | None
    referred_by: str | None
    received_on: str | None
    first_contact_on: str | None
    team: str | None
    address: SealedAddress | None
    version: int
    recorded_at: str
    first_published_at: str


class MessageDossier(TypedDict):
    """What messages on a request stand in: no dossier of a team. `client`: the key of the person they are about."""

    source: str
    dossier_id: str
    client: str


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
    """One live household: one with a dossier of a team. `message_dossiers`: where national messages about its members
    stand. `title`: the family names of the dossiers' clients. `contested`: persons named in a residence
    conflict who are nothing else here. `lines`: every member line of its dossiers. `links`: why it is one household;
    `apart`: why who or what could be part of it is not. A decision on a dossier (a snooze,
    who directs, consent …) stands in `decisions` and among the records. `access`: how whoever reads it sees each
    dossier; empty in the read model, where it is whole."""

    household_id: str
    label: int
    status: str
    oversized: bool
    title: str
    dossiers: list[Dossier]
    message_dossiers: list[MessageDossier]
    members: list[Person]
    references: list[Person]
    history: list[Person]
    contested: list[Person]
    conflicts: list[dict[str, str]]
    lines: list[MemberLine]
    decisions: list[DecisionEntry]
    access: list[DossierAccess]
    links: list[Reason]
    apart: list[Reason]
    records: list[RecordEntry]
    freshness: list[Freshness]
