"""Who has looked, and what a citizen is told."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, SecretStr

from hub.desk.decision_models import Why
from hub.desk.models.household import DecisionBody, Dossier, Person, RecordBody
from hub.desk.models.lists import Links
from hub.desk.models.shared import Body


class Look(Body):
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


class Looks(Body):
    """Who looked at this household's dossiers or members, newest first. `count`: of all pages."""

    household_id: str
    count: int
    page: int
    page_size: int
    links: Links
    looks: list[Look]


class InspectionRequest(Body):
    """Of whom. A BSN stands here and never in an address."""

    bsn: SecretStr = Field(min_length=1, max_length=20)


class Standing(Body):
    """How one household names him. `place`: member, reference (he lives elsewhere), history or contested; `others`:
    the roles of each other member, if he is one."""

    place: str
    person: Person
    others: list[list[str]]


class Inspection(Body):
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


class ErasureRequest(Body):
    """Whom, and on what ground, in one's own words. `order` false: only what would go and what stays."""

    bsn: SecretStr = Field(min_length=1, max_length=20)
    why: Why
    order: bool = False


class ErasedDossier(Body):
    """A dossier of which he is the client."""

    source: str
    dossier_id: str
    is_open: bool


class ErasedLine(Body):
    """A member line that names him in a dossier of somebody else."""

    source: str
    dossier_id: str
    line: str


class Erasure(Body):
    """What goes of a person: his own dossiers with all their records, his lines in dossiers of others with what is
    recorded about him there, and the decisions that name him. `others_unknown`: how many other persons are named
    nowhere but in his dossiers. `kept`: what is not reached. `erasure_id`: of the order; null if none was given, since
    it was only asked what would go, or nothing is `held`."""

    held: bool
    erasure_id: str | None
    dossiers: list[ErasedDossier]
    lines: list[ErasedLine]
    records: int
    decisions: int
    others_unknown: int
    kept: list[str]
