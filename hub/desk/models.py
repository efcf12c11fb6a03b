"""The bodies of the API as its description (OpenAPI) states them. Answers are made elsewhere, tested against these."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from hub.desk.thread_models import Thread
from hub.events.agreements import Consent, Emergency, Review
from hub.events.decisions import Snooze
from hub.events.direction import Direction


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(_Body):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    invalid_params: list[dict[str, str]] | None = None


class Address(_Body):
    """`key`: equal for equal addresses; `text`: null if it was sealed with another key. `withheld`: the address is
    secret and this role may not see it; both are null."""

    key: str | None
    text: str | None
    withheld: bool


class StatedValue(_Body):
    """One distinct value with the newest statement of it."""

    value: str | Address
    source: str
    dossier_id: str
    stated_at: datetime


class StatedField(_Body):
    """All distinct values, newest statement first."""

    values: list[StatedValue]
    differs: bool


class SourceRef(_Body):
    """One member line in a source."""

    source: str
    dossier_id: str
    line: str


class NameParts(_Body):
    """A name as one source writes it, in parts."""

    given_name: str | None
    prefix: str | None
    family_name: str | None


class PersonFields(_Body):
    """What sources state of a person."""

    name: StatedField
    birth_date: StatedField
    gender: StatedField
    address: StatedField


class Person(_Body):
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


class Dossier(_Body):
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


class Conflict(_Body):
    """`residence`: a line says here, a later one elsewhere. `field`: sources state different values."""

    kind: str
    person_key: str
    source: str | None = None
    dossier_id: str | None = None
    line: str | None = None
    field: str | None = None


class MemberLine(_Body):
    """A member line as a decision can name it. `person_key`: who it is, as decided; `stated_key`: as it states."""

    source: str
    dossier_id: str
    line: str
    person_key: str
    stated_key: str
    confirmed: bool


class DecidedLine(_Body):
    """A line that a decision names, as it was then; `person_key`: who is meant in this household, null if nobody."""

    source: str
    dossier_id: str
    line: str
    stated_key: str
    confirmed: bool
    doubted: bool
    person_key: str | None


class DecisionBody(_Body):
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


class DossierAccess(_Body):
    """How you see a dossier: its content `all`, in `part` or `none` (then only that it exists, who is in it, who helps
    and who directs); on what grounds, and why: own team, named in it, directing, consent, emergency, safety. Of a part
    the life domains, none if it is not by domain."""

    source: str
    dossier_id: str
    content: str
    grounds: list[str]
    why: list[str]
    domains: list[str]


class Viewer(_Body):
    """Who sees the content of a dossier and why; `who`: a team, a worker, a unit (consent) or a user. `until`: empty if
    it does not end by itself."""

    source: str
    dossier_id: str
    why: str
    who: str
    ground: str
    until: str


class DossierLink(_Body):
    """A dossier that a reason is about."""

    source: str
    dossier_id: str


class Reason(_Body):
    """Why persons or dossiers are together in this household, or kept apart. `decision_id`: of a human's reason."""

    kind: str
    persons: list[str]
    dossiers: list[DossierLink]
    decision_id: str | None


class MessageDossier(_Body):
    """Where national messages about a member stand (iJw, iWmo): no dossier of a team. `client`: the person's key."""

    source: str
    dossier_id: str
    client: str


class RecordBody(_Body):
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


class Freshness(_Body):
    """How fresh a source is in this household."""

    source: str
    newest_recorded_at: datetime
    newest_published_at: datetime


class Snoozed(_Body):
    """Put off up to and including a day."""

    until: date
    by: str
    why: str


class DossierNumber(_Body):
    """A dossier by its number."""

    source: str
    dossier_id: str


class AttentionPoint(_Body):
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


class Household(_Body):
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


class DossierRow(_Body):
    """A dossier in a list."""

    source: str
    dossier_id: str
    kind: str
    status: str


class Counts(_Body):
    """How much there is in a household."""

    members: int
    dossiers: int
    open_dossiers: int
    goals: int
    conflicts: int


class AttentionSummary(_Body):
    """`open`: points that are not put off, without those of a whole source. `child_safety`: whether one is about it."""

    open: int
    child_safety: bool


class HouseholdRow(_Body):
    """A household in a list. `members`: names, null where no source states one."""

    household_id: str
    label: int
    status: str
    oversized: bool
    title: str
    members: list[str | None]
    dossiers: list[DossierRow]
    counts: Counts
    attention: AttentionSummary
    link: str


class Links(_Body):
    """Where the other pages are."""

    self: str
    first: str
    prev: str | None
    next: str | None
    last: str


class HouseholdPage(_Body):
    """One page of the list. `count`: of all pages."""

    count: int
    page: int
    page_size: int
    links: Links
    households: list[HouseholdRow]


class SearchResult(_Body):
    """`complete` is false if there may be more than fit."""

    count: int
    complete: bool
    hidden: int
    households: list[HouseholdRow]


class HouseholdSearch(_Body):
    """At least one of these; all that are given must hold. A BSN stands here and never in an address."""

    name: str | None = Field(default=None, min_length=2, max_length=100, pattern="^[^\\x00]*$")
    birth_date: date | None = None
    dossier_number: str | None = Field(default=None, min_length=1, max_length=200, pattern="^[^\\x00]*$")
    bsn: SecretStr | None = Field(default=None, max_length=9)

    @model_validator(mode="after")
    def _something_to_look_for(self) -> HouseholdSearch:
        if not any((self.name and self.name.strip(), self.birth_date, self.dossier_number, self.bsn)):
            raise ValueError("give at least one of name, birth_date, dossier_number, bsn")
        return self


class TimelineEvent(_Body):
    """Something that happened; `detail` as in its record."""

    on: date
    kind: str
    source: str
    dossier_id: str
    record_id: str | None
    detail: dict[str, Any]


class Timeline(_Body):
    """Newest first."""

    household_id: str
    events: list[TimelineEvent]


class Directing(_Body):
    """Who directs according to one record. `decided`: by a person in the hub; the record then holds that decision."""

    current: bool
    decided: bool
    record: RecordBody


class Involved(_Body):
    """Everybody involved. `directors`: names of those who direct today; it should be one."""

    household_id: str
    directors: list[str]
    directions: list[Directing]
    involved: list[RecordBody]


class Decisions(_Body):
    """All decisions on a household's dossiers, the newest first; those taken back too."""

    household_id: str
    decisions: list[DecisionBody]


class Look(_Body):
    """One look. `organisation`: on whose behalf, empty if not known; `activity`: id of the processing activity;
    `dossiers`: those of the household, or of the person, that it concerned."""

    at: datetime
    user: str
    role: str
    organisation: str
    action: str
    activity: str
    ground: str
    allowed: bool
    reason: str
    dossiers: list[str]
    trace_id: str


class Looks(_Body):
    """Who looked at this household's dossiers or members, newest first. `count`: of all pages."""

    household_id: str
    count: int
    page: int
    page_size: int
    links: Links
    looks: list[Look]


class InspectionRequest(_Body):
    """Of whom. A BSN stands here and never in an address."""

    bsn: SecretStr = Field(min_length=1, max_length=20)


class Standing(_Body):
    """How one household names him. `place`: member, reference (he lives elsewhere), history or contested; `others`:
    the roles of each other member, if he is one."""

    place: str
    person: Person
    others: list[list[str]]


class Inspection(_Body):
    """What is held of one person, and every look at him, newest first; others cut out. `records`: of the dossiers of
    which he is the client, and measurements of him; `cut_out`: fields of which something was left out."""

    person_key: str
    held: bool
    standings: list[Standing]
    dossiers: list[Dossier]
    decisions: list[DecisionBody]
    records: list[RecordBody]
    looks: list[Look]
    cut_out: list[str]


class CandidateLine(_Body):
    """One member line of a person: what a decision about the pair names."""

    source: str
    dossier_id: str
    line: str
    person_key: str
    confirmed: bool


class CandidatePerson(_Body):
    """One of the two. `place`: where the household names him: members, references, history or contested. `name` and
    `birth_date`: as stated last."""

    household_id: str
    link: str
    place: str
    person_key: str
    confirmed: bool
    unconfirmed_reason: str | None
    lines: list[CandidateLine]
    name: str | None
    birth_date: str | None


class Translated(_Body):
    """A text in Dutch and in English."""

    nl: str
    en: str


class Evidence(_Body):
    """One thing that speaks for the two being one person (`weight` above 0, in bits) or against."""

    code: str
    weight: float
    text: Translated


class Candidate(_Body):
    """Two persons who may be one. At least one of them is unconfirmed: `one` is of the household that was asked about.
    `score`: the sum of the weights. `strength`: strong, fair or weak. Nobody is linked by it: a human decides."""

    score: float
    strength: str
    one: CandidatePerson
    other: CandidatePerson
    evidence: list[Evidence]


class Candidates(_Body):
    """Who may be the same person as somebody of this household, the likeliest first. `withheld`: how many more there
    are in households that the asker may not read."""

    household_id: str
    candidates: list[Candidate]
    withheld: int


class TeamCompleteness(_Body):
    """Of one team, "" if not known: the records of its dossiers, and how many of them differ."""

    team: str
    records: int
    differing: int


class Completeness(_Body):
    """What the last reconciliation of a source found. `records`: that the source holds. Of them are not published
    (`missing`), published older (`stale`) or newer (`ahead`) than the source holds; `extra` are published and not held
    any more, `unshown` are shown otherwise than published, `waiting` have no readable composition of their dossier."""

    checked_at: datetime
    records: int
    missing: int
    stale: int
    ahead: int
    extra: int
    unshown: int
    waiting: int
    teams: list[TeamCompleteness]


class Source(_Body):
    """One source as its connector last reported it. `silent`: it no longer reports. `dead_letters`: null for those who
    may not see it. `completeness`: null if it was never reconciled. Who may see dead letters also sees what has some
    and never reported (`hub`: the stages of the stream): its `state` is `none`, and the rest null."""

    source: str
    connector: str | None
    state: str
    polled_at: datetime | None
    reported_at: datetime | None
    position: str | None
    newest_recorded_at: datetime | None
    published: int | None
    rejected: int | None
    message: str | None
    source_epoch: int | None
    completeness: Completeness | None
    silent: bool
    seconds_since_poll: float | None
    dead_letters: int | None


class EmergencyRow(_Body):
    """An emergency access that nobody has reviewed yet. `over`: it has ended."""

    decision_id: str
    household_id: str
    link: str
    source: str
    dossier_id: str
    user: str
    decided_at: datetime
    until: datetime
    over: bool
    why: str


class Emergencies(_Body):
    """Emergency accesses that nobody has reviewed yet, the oldest first."""

    emergencies: list[EmergencyRow]


class Sources(_Body):
    """All sources."""

    sources: list[Source]


class State(_Body):
    """Of the desk itself."""

    status: str
