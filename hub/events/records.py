"""What `translate` returns: one draft per register, typed, frozen, before ingest keys and encodes it.

Field lists and codes are those of `schemas/avro/registrations.*`; a test holds the two together.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hub.events.sensitive import Address, Sensitive

LifeDomain = Literal[
    "finance", "work_education", "daytime_activities", "housing", "domestic_relations", "mental_health",
    "physical_health", "substance_use", "basic_adl", "instrumental_adl", "social_network", "participation", "justice",
    "upbringing", "safety",
]  # fmt: skip
"""ZRM-2017's thirteen domains and two of the youth instruments."""
MemberRole = Literal[
    "client", "child", "youth", "mother", "father", "step_parent", "foster_parent", "parent", "sibling", "partner",
    "grandparent", "other",
]  # fmt: skip
RequestState = Literal[
    "concept", "submitted", "received", "rejected_technically", "under_investigation", "granted", "rejected", "started",
    "paused", "ended",
]  # fmt: skip
Law = Literal["jw", "wmo"]
"""Jeugdwet or Wmo 2015: the legal domain of a national message. Codes mean different things in each."""
Unit = Literal["minute", "hour", "day", "half_day", "output", "euro", "effort"]
"""What help is counted in (WJ756): a day is one of 24 hours, half a day 4 hours; output and effort are pieces."""
Frequency = Literal["day", "week", "month", "total"]
"""Per what the units are counted (WMO757); total: within the whole period."""
EndReason = Literal[
    "death", "paused", "as_planned", "early_by_client", "early_by_provider", "early_together", "external_cause",
    "by_municipality", "change_request", "other_provider", "other_domain", "moved_away",
]  # fmt: skip
"""Why help stopped, the same words for both laws: their code lists give one code two meanings (31)."""
Score = Annotated[int, Field(ge=1, le=5)]


def _aware(value: datetime) -> datetime:
    """A time that has a zone and can be told in UTC: the first and last hours of the calendar may not."""
    if value.tzinfo is None:
        raise ValueError("a time needs a zone")
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time beyond the calendar") from None
    return value


AwareTime = Annotated[datetime, AfterValidator(_aware)]
PartialDate = Annotated[str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
"""YYYY, YYYY-MM or YYYY-MM-DD: parts of a birth date may be unknown."""


class RecordType(StrEnum):
    """The registers a source can hold in a dossier."""

    COMPOSITION = "composition"
    INVOLVEMENT = "involvement"
    CASE_DIRECTION = "case_direction"
    GOAL = "goal"
    ASSESSMENT = "assessment"
    SUPPORT_REQUEST = "support_request"
    CONTACT = "contact"
    SIGNAL = "signal"
    REQUEST_MESSAGE = "request_message"

    @property
    def subject(self) -> str:
        """Schema subject of the published event."""
        return f"registrations.{self.value}"


class Body(BaseModel):
    """Content of one register; absent when the source deleted it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    record_type: ClassVar[RecordType]


class Member(BaseModel):
    """One member line of a dossier. `stated_at`: when *this line* last changed, the order of residence statements.

    `address_secret`: where this person lives is to be kept secret (geheimhouding); None: the source does not say. It
    holds for the person, whichever line says so, and changes nothing of who lives with whom.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: str
    bsn: Sensitive | None = None
    role: MemberRole
    is_client: bool = False
    lives_here: bool
    stated_at: AwareTime
    address: Address | None = None
    address_unknown: bool = False
    from_on: date | None = None
    to_on: date | None = None
    given_name: str | None = None
    prefix: str | None = None
    family_name: str | None = None
    birth_date: PartialDate | None = None
    gender: Literal["male", "female", "other"] | None = None
    address_secret: bool | None = None


class Composition(Body):
    """Who is in a dossier. Exactly one member line is the client's; an address of null is unknown.

    Kind `request`: no dossier of a team, but that national messages on a request are about this client (ADR 0011). It
    is closed, names nobody else and no address, and was opened on the last day there is: so it links nobody, opens no
    household and gives none its id; its records go where its client is. `team`: the neighbourhood team that works on
    it."""

    record_type: ClassVar[RecordType] = RecordType.COMPOSITION
    kind: Literal["youth", "adult", "request"]
    status: Literal["open", "closed"]
    opened_on: date
    closed_on: date | None = None
    referred_by: str | None = None
    received_on: date | None = None
    first_contact_on: date | None = None
    address: Address | None = None
    members: tuple[Member, ...]
    team: str | None = None

    @model_validator(mode="after")
    def _one_client_and_distinct_lines(self) -> Composition:
        if sum(member.is_client for member in self.members) != 1:
            raise ValueError("exactly one member line must be the client's")
        if len({member.line for member in self.members}) != len(self.members):
            raise ValueError("member lines must have distinct numbers")
        return self


class Involvement(Body):
    """Somebody involved: professional, informal carer or volunteer. `staff`: a worker's personnel number."""

    record_type: ClassVar[RecordType] = RecordType.INVOLVEMENT
    name: str | None = None
    function: str | None = None
    kind: Literal["professional", "informal", "volunteer"]
    organisation: str | None = None
    unit: str | None = None
    role: str | None = None
    phone: str | None = None
    email: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    staff: str | None = None


class CaseDirection(Body):
    """Who directs the case according to this source. `staff`: his personnel number."""

    record_type: ClassVar[RecordType] = RecordType.CASE_DIRECTION
    director: str
    organisation: str | None = None
    unit: str | None = None
    phone: str | None = None
    from_on: date
    to_on: date | None = None
    reason: str | None = None
    staff: str | None = None


class Goal(Body):
    """A goal of the plan, on one life domain."""

    record_type: ClassVar[RecordType] = RecordType.GOAL
    life_domain: LifeDomain
    wording: str
    owner: str | None = None
    status: Literal["open", "achieved", "stopped"]
    evaluation_on: date | None = None


class DomainScore(BaseModel):
    """Score of one domain: 1 acute … 5 fully self-sufficient. A domain that was not scored has no entry."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    domain: LifeDomain
    score: Score


class Assessment(Body):
    """One measurement. `line`: the member line that was assessed; null: the household."""

    record_type: ClassVar[RecordType] = RecordType.ASSESSMENT
    instrument: Literal["ZRM", "LIRIK", "GIZ", "VRAAGANALYSE"]
    instrument_version: str
    taken_on: date
    line: str | None = None
    scores: tuple[DomainScore, ...] = ()


class StateDay(BaseModel):
    """Since when a request was in a state."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: RequestState
    on: date


class SupportRequest(Body):
    """A request for specialist help and how far it is. Money in euro cents.

    `reference`, `allocation_number`, `provider_code` (AGB): how the national messages call it. `steps`: since when it
    was in each state, as far as the source keeps it. `volume` units per `frequency`, each of `tariff_cents`. `law`:
    needed in a dossier of kind `request`, of which nobody else knows whom it concerns; elsewhere the kind says it."""

    record_type: ClassVar[RecordType] = RecordType.SUPPORT_REQUEST
    product_code: str
    product: str
    provider: str | None = None
    state: RequestState
    submitted_on: date | None = None
    decided_on: date | None = None
    decision: str | None = None
    reason: str | None = None
    committed_cents: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    reference: str | None = None
    allocation_number: str | None = None
    provider_code: str | None = None
    reason_code: str | None = None
    return_codes: tuple[str, ...] | None = None
    steps: tuple[StateDay, ...] | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    volume: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    unit: Unit | None = None
    frequency: Frequency | None = None
    tariff_cents: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    law: Law | None = None


class Contact(Body):
    """That a contact took place and when; never what was said."""

    record_type: ClassVar[RecordType] = RecordType.CONTACT
    kind: Literal["home_visit", "conversation", "no_show", "telephone"]
    held_on: date


class Signal(Body):
    """A signal about the household."""

    record_type: ClassVar[RecordType] = RecordType.SIGNAL
    kind: str
    raised_by: str | None = None
    severity: Literal["low", "medium", "high"]
    child_safety: bool
    raised_on: date


class RequestMessage(Body):
    """What one part of a national message (iJw, iWmo 3.2) states of a request. Never changes: a message is corrected by
    another one.

    `sent_on`: Dagtekening. `starts_on`, `ends_on`: asked or granted; of 305 and 307 when the help began and stopped.
    A retour (302, 306 … 320) names the message that it answers by `identification`; with neither reference nor
    allocation number it is about all of that message. Money in euro cents."""

    record_type: ClassVar[RecordType] = RecordType.REQUEST_MESSAGE
    law: Law
    message: Literal["301", "302", "305", "306", "307", "308", "315", "316", "317", "318", "319", "320"]
    municipality: str
    provider_code: str
    identification: str
    sent_on: date
    reference: str | None = None
    allocation_number: str | None = None
    product_category: str | None = None
    product_code: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    allocation_starts_on: date | None = None
    delivery_status: Literal["first", "delete"] | None = None
    end_reason: EndReason | None = None
    end_reason_code: str | None = None
    change_reason_code: str | None = None
    request_reason_code: str | None = None
    answer: Literal["rejected", "under_investigation"] | None = None
    rejection_code: str | None = None
    residence_municipality: str | None = None
    decided_at: AwareTime | None = None
    volume: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    unit: Unit | None = None
    frequency: Frequency | None = None
    budget_cents: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    return_codes: tuple[str, ...] | None = None


AnyBody = (
    Composition | Involvement | CaseDirection | Goal | Assessment | SupportRequest | Contact | Signal | RequestMessage
)
BODIES: dict[RecordType, type[Body]] = {
    body.record_type: body
    for body in (
        Composition,
        Involvement,
        CaseDirection,
        Goal,
        Assessment,
        SupportRequest,
        Contact,
        Signal,
        RequestMessage,
    )
}


class Draft(BaseModel):
    """One version of one register, as a connector states it.

    The source instance, epoch, revision, keys and event id are added by ingest. `version` must rise with each change of
    the record, also across delete and re-creation; where the source has no such number, use its feed position.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    record_type: RecordType
    dossier_id: str = Field(min_length=1, max_length=200)
    record_id: str = Field(min_length=1, max_length=200)
    version: int = Field(ge=0, lt=2**63)
    recorded_at: AwareTime
    occurred_at: AwareTime | None = None
    subject: Sensitive | None = None
    body: AnyBody | None = Field(description="None if and only if the source deleted the record.")

    @property
    def deleted(self) -> bool:
        """Whether the source deleted the record."""
        return self.body is None

    @model_validator(mode="after")
    def _body_of_its_type(self) -> Draft:
        if self.body is not None and self.body.record_type is not self.record_type:
            raise ValueError(f"a {self.record_type} cannot carry a {self.body.record_type} body")
        if self.record_type is RecordType.COMPOSITION and self.record_id != self.dossier_id:
            raise ValueError("the record id of a composition is the dossier number")
        return self

    @model_validator(mode="after")
    def _called_by_no_number_of_a_person(self) -> Draft:
        """The ids are published in clear, as keys too."""
        members = self.body.members if isinstance(self.body, Composition) else ()
        stated = filter(None, map(_digits, (self.subject, *(member.bsn for member in members))))
        if any(number in text for number in stated for text in (self.dossier_id, self.record_id)):
            raise ValueError("a number of a person stands in the number of the dossier or record")
        return self


def _digits(bsn: Sensitive | None) -> str:
    """A number that is long enough to be no accident, without the zero before it that some leave out; else nothing."""
    written = re.sub(r"[ .-]", "", bsn.get_secret_value()) if bsn else ""
    return written.zfill(9).removeprefix("0") if re.fullmatch(r"[0-9]{8,9}", written) else ""
