"""Dossiers as one of the two sources holds them: what somebody wrote down, right or wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from hub.demo.town.changes import JsonObject, JsonValue
from hub.demo.town.people import Address, Person

UNKNOWN: Literal["unknown"] = "unknown"


@dataclass(eq=False)
class Line:
    """One member line. `address`: None is at the dossier's address. `stated_at`: None is the dossier's own."""

    number: int
    person: Person
    client: bool
    lives_here: bool
    bsn: str | None
    family_name: str
    birth_parts: int
    """How many parts of the birth date are known: 3, 2 (year and month), 1 (year) or 0."""
    address: Address | Literal["unknown"] | None = None
    stated_at: datetime | None = None
    since: date | None = None
    secret: bool | None = None
    """What the source says of his address being secret; None: nothing."""


@dataclass(eq=False)
class Record:
    """Anything in a dossier but the dossier itself; `facts` are the shared fields, dates as ISO text."""

    type: str
    id: str
    facts: dict[str, JsonValue]
    version: int = 0


@dataclass(eq=False)
class Dossier:
    """A dossier. `version` rises with each change, also when it is deleted and made again."""

    source: str
    id: str
    opened: date
    address: Address | None
    lines: list[Line]
    intake: JsonObject | None
    team: str
    closed: date | None = None
    version: int = 0
    deleted: bool = False
    last_line: int = 0
    """Number of the last line that was added: no other line ever gets one that was given."""
    records: list[Record] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Still being worked on, and not deleted."""
        return self.closed is None and not self.deleted

    @property
    def client(self) -> Person:
        """The one whom the dossier is about."""
        return next(line.person for line in self.lines if line.client)

    def line_of(self, person: Person) -> Line | None:
        """The line that names this person."""
        return next((line for line in self.lines if line.person is person), None)

    def of_type(self, kind: str) -> list[Record]:
        """The records of one type, oldest first."""
        return [record for record in self.records if record.type == kind]
