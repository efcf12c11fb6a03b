"""One household: persons, dossiers, records, decisions, what asks for attention, and who sees what."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hub.desk.models.shared import Body
from hub.desk.thread_models import Thread
from hub.events.agreements import Consent, Emergency, Review
from hub.events.decisions import Snooze
from hub.events.direction import Direction


class Address(Body):
    """`key`: equal for equal addresses; `text`: null if it was sealed with another key. `withheld`: the address is
    secret and this role may not see it; both are null."""

    key: str | None
    text: str | None
    withheld: bool


class StatedValue(Body):
    """One distinct value with the newest statement of it."""

    value: str | Address
    source: str
    dossier_id: str
    stated_at: datetime


class StatedField(Body):
    """All distinct values, newest statement first."""

    values: list[StatedValue]
    differs: bool


class SourceRef(Body):
    """One member line in a source."""

    source: str
    dossier_id: str
    line: str


class NameParts(Body):
    """A name as one source writes it, in parts."""

    given_name: str | None
    prefix: str | None
    family_name: str | None


class PersonFields(Body):
    """What sources state of a person."""

    name: StatedField
    birth_date: StatedField
    gender: StatedField
    address: StatedField


class Person(Body):
    """A person with all that the household's dossiers state. `names`: each distinct name in parts, newest first.
    `address_secret`: one of them says so."""

    person_key: str
    confirmed: bool
    unconfirmed_reason: str | None
    address_secret: bool
    source_refs: list[SourceRef]
    roles: list[str]
    names: list[NameParts]
    fields: PersonFields


class Dossier(Body):
    """A dossier of the household. `client`: the key of the person it is about."""

    source: str
    dossier_id: str
    kind: str
    client: str
    status: str
    opened_on: date
    closed_on: date | None
    referred_by: str | None
    received_on: date | None
    first_contact_on: date | None
    team: str | None
    address: Address | None
    version: int
    recorded_at: datetime
    first_published_at: datetime


class Conflict(Body):
    """`residence`: a line says here, what goes before it says elsewhere, or the dossier went with its client. `field`:
    sources state different values."""

    kind: str
    person_key: str
    source: str | None = None
    dossier_id: str | None = None
    line: str | None = None
    field: str | None = None


class MemberLine(Body):
    """A member line as a decision can name it. `person_key`: who it is, as decided; `stated_key`: as it states."""

    source: str
    dossier_id: str
    line: str
    person_key: str
    stated_key: str
    confirmed: bool


class DecidedLine(Body):
    """A line that a decision names, as it was then; `person_key`: who is meant in this household, null if nobody."""

    source: str
    dossier_id: str
    line: str
    stated_key: str
    confirmed: bool
    doubted: bool
    person_key: str | None


class DecisionBody(Body):
    """A decision with what it does now: `applied`, `withdrawn`, `contradicted` (it would make two valid numbers one
    person, or another decision says the opposite) or `idle` (what it names is not there now). Of one that was taken
    back `decided_by`, `decided_at` and `why` say by whom, when and why."""

    decision_id: str
    version: int
    kind: str
    effect: str
    decided_by: str
    decided_at: datetime
    why: str
    lines: list[DecidedLine]
    snooze: Snooze | None
    direction: Direction | None
    consent: Consent | None
    emergency: Emergency | None
    review: Review | None
    withheld: bool


class DossierAccess(Body):
    """How you see a dossier: its content `all`, in `part` or `none` (then only that it exists, who is in it, who helps
    and who directs); on what grounds, and why: own team, named in it, directing, consent, emergency, safety. Of a part
    the life domains, none if it is not by domain."""

    source: str
    dossier_id: str
    content: str
    grounds: list[str]
    why: list[str]
    domains: list[str]


class Viewer(Body):
    """Who sees the content of a dossier and why; `who`: a team, a worker, a unit (consent) or a user. `until`: empty if
    it does not end by itself."""

    source: str
    dossier_id: str
    why: str
    who: str
    ground: str
    until: str


class DossierLink(Body):
    """A dossier that a reason is about."""

    source: str
    dossier_id: str


class Reason(Body):
    """Why persons or dossiers are together in this household, or kept apart. `decision_id`: of a human's reason."""

    kind: str
    persons: list[str]
    dossiers: list[DossierLink]
    decision_id: str | None


class MessageDossier(Body):
    """Where national messages about a member stand (iJw, iWmo): no dossier of a team. `client`: the person's key."""

    source: str
    dossier_id: str
    client: str


class RecordBody(Body):
    """One register of a dossier; `body` as in the schema of its record type."""

    record_type: str
    source: str
    dossier_id: str
    record_id: str
    version: int
    revision: int
    recorded_at: datetime
    first_published_at: datetime
    body: dict[str, Any]


class Freshness(Body):
    """How fresh a source is in this household."""

    source: str
    newest_recorded_at: datetime
    newest_published_at: datetime


class Snoozed(Body):
    """Put off up to and including a day."""

    until: date
    by: str
    why: str


class DossierNumber(Body):
    """A dossier by its number."""

    source: str
    dossier_id: str


class AttentionPoint(Body):
    """Something that asks for attention today. `point`: key of the matter; a snooze names it with the rule, and is kept
    with the first dossier. `severity`: high, medium or low. `hidden`: it is put off today. `detail`: per rule."""

    rule: str
    point: str
    severity: str
    since: date | None
    due: date | None
    sources: list[str]
    dossiers: list[DossierNumber]
    persons: list[str]
    detail: dict[str, Any]
    snooze: Snoozed | None
    hidden: bool


class Household(Body):
    """The one household view. `attention`: what asks for it today, most pressing first; what is put off among it.
    `threads`: what happened to each request for specialist help, late ones first."""

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
    conflicts: list[Conflict]
    lines: list[MemberLine]
    decisions: list[DecisionBody]
    links: list[Reason]
    apart: list[Reason]
    records: list[RecordBody]
    freshness: list[Freshness]
    attention: list[AttentionPoint]
    threads: list[Thread]
    access: list[DossierAccess]
    viewers: list[Viewer]
