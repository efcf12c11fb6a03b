"""Lists of households, and the search."""

from __future__ import annotations

from pydantic import Field, SecretStr, model_validator

from hub.desk.models.shared import Body
from hub.events.day import Day
from hub.events.sensitive import Address


class DossierRow(Body):
    """A dossier in a list."""

    source: str
    dossier_id: str
    kind: str
    status: str


class Counts(Body):
    """How much there is in a household."""

    members: int
    dossiers: int
    open_dossiers: int
    goals: int
    conflicts: int


class AttentionSummary(Body):
    """`open`: points that are not put off, without those of a whole source. `child_safety`: whether one is about it."""

    open: int
    child_safety: bool


class HouseholdRow(Body):
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


class Links(Body):
    """Where the other pages are."""

    self: str
    first: str
    prev: str | None
    next: str | None
    last: str


class HouseholdPage(Body):
    """One page of the list. `count`: of all pages."""

    count: int
    page: int
    page_size: int
    links: Links
    households: list[HouseholdRow]


class SearchResult(Body):
    """`complete` is false if there may be more than fit."""

    count: int
    complete: bool
    hidden: int
    households: list[HouseholdRow]


class HouseholdSearch(Body):
    """At least one of these; all that are given must hold of one member (`dossier_number`: of the household). `name`:
    how his names begin, in any order and without accents. An address is a postcode with a house number, and its suffix
    if it has one. A BSN or an address stands here and never in a URL."""

    name: str | None = Field(default=None, min_length=2, max_length=100, pattern="^[^\\x00]*$")
    birth_date: Day | None = None
    dossier_number: str | None = Field(default=None, min_length=1, max_length=200, pattern="^[^\\x00]*$")
    bsn: SecretStr | None = Field(default=None, max_length=9)
    postcode: str | None = Field(default=None, pattern="^[1-9][0-9]{3} ?[A-Za-z]{2}$")
    house_number: int | None = Field(default=None, ge=1, le=99_999)
    house_number_suffix: str | None = Field(default=None, max_length=20, pattern="^[^\\x00]*$")

    @property
    def address(self) -> Address | None:
        """The address that is looked for."""
        if self.postcode is None or self.house_number is None:
            return None
        return Address(postcode=self.postcode, number=self.house_number, suffix=self.house_number_suffix)

    @model_validator(mode="after")
    def _something_to_look_for(self) -> HouseholdSearch:
        if (self.postcode is None) != (self.house_number is None) or (self.house_number_suffix and not self.postcode):
            raise ValueError("an address is a postcode with a house_number")
        if not any((self.name and self.name.strip(), self.birth_date, self.dossier_number, self.bsn, self.postcode)):
            raise ValueError("give at least one of name, birth_date, dossier_number, bsn, postcode with house_number")
        return self
