"""What somebody sends to show a dossier to others, or to see it in an emergency; and what is checked of it. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hub.desk.access.consent import required
from hub.desk.access.facts import births_of
from hub.events.agreements import Consent, Emergency, Giver, Review
from hub.events.day import Day
from hub.events.records import LifeDomain
from hub.household.document_shape import Document, EmergencyAccess, MemberLine

MOST_CONSENT_DAYS: Final = 366
"""A plan is evaluated at least each year, and consent with it."""
_Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern="^[^\\x00]*$")]


class ConsentRefused(Exception):
    """A consent is for the other unit, for at most a year, and given by whoever must give it at that age. `field`:
    which is wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class OwnEmergency(Exception):
    """Nobody judges his own emergency access."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: _Name
    dossier_id: _Name


class ConsentToMake(_Asked):
    """Consent of the person on a member line of a dossier. `domains` none: all, and what has none; `until`: the last
    day."""

    line: Annotated[str, StringConstraints(max_length=200, pattern="^[^\\x00]*$")]
    unit: Literal["youth", "adult"]
    domains: list[LifeDomain] | None = Field(default=None, min_length=1)
    given_by: list[Giver] = Field(min_length=1)
    until: Day

    def made(self, line: MemberLine, document: Document, today: date) -> Consent:
        """The consent itself. Raises ConsentRefused."""
        if any(
            item["kind"] == self.unit
            for item in document["dossiers"]
            if _is_of(self, item["source"], item["dossier_id"])
        ):
            raise ConsentRefused("unit")
        if not today <= self.until <= today + timedelta(days=MOST_CONSENT_DAYS):
            raise ConsentRefused("until")
        if not required(births_of(document, line["person_key"]), today) <= set(self.given_by):
            raise ConsentRefused("given_by")
        return Consent(
            source=self.source,
            dossier_id=self.dossier_id,
            person=line["stated_key"],
            unit=self.unit,
            domains=None if self.domains is None else tuple(self.domains),
            given_by=tuple(self.given_by),
            until=self.until,
        )


class EmergencyToTake(_Asked):
    """A dossier to be seen in an emergency, by whoever asks, for as long as the municipality says."""

    def made(self, user: str, now: datetime, hours: int) -> Emergency:
        """The emergency access itself."""
        until = now.astimezone(UTC).replace(microsecond=0) + timedelta(hours=hours)
        return Emergency(source=self.source, dossier_id=self.dossier_id, user=user, until=until)


class ReviewToMake(_Asked):
    """What was found of an emergency access. `emergency`: the id of its decision."""

    emergency: Annotated[str, Field(pattern="^B[0-9a-f]{20}$")]
    justified: bool

    def made(self, user: str, judged: EmergencyAccess) -> Review:
        """The review itself. Raises OwnEmergency."""
        if judged["user"] == user:
            raise OwnEmergency
        return Review.model_validate(self.model_dump())


def _is_of(asked: _Asked, source: str, dossier_id: str) -> bool:
    return (asked.source, asked.dossier_id) == (source, dossier_id)
