"""Who has looked, and what a citizen is told."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, SecretStr

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
