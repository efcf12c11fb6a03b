"""That somebody stands in for somebody else, as a team leader decides it in the hub."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from hub.events.codec import encode
from hub.events.day import Day
from hub.events.decisions import DecisionMessage
from hub.events.topics import DEPUTIES

SUBJECT: Final = "hub.deputyship"
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern="^[^\\x00]*$")]


class Deputyship(BaseModel):
    """Somebody (`deputy`) stands in for another (`replaced`) in a team's dossiers, from the first to the last day. Each
    is known by his personnel number (`staff`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    team: _Text
    replaced_name: _Text
    replaced_staff: _Text
    deputy_name: _Text
    deputy_staff: _Text
    from_on: Day
    to_on: Day

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.replaced_staff == self.deputy_staff:
            raise ValueError("nobody stands in for himself")
        if self.to_on < self.from_on:
            raise ValueError("it ends before it begins")
        return self

    @property
    def deputyship_id(self) -> str:
        """Equal for what one team decides of these two from one day on: said again, it is replaced."""
        team = " ".join(self.team.split()).casefold()
        parts = (team, self.replaced_staff, self.deputy_staff, self.from_on.isoformat())
        return "P" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


class DeputyshipSaid(BaseModel):
    """A deputyship as it was decided or, if `withdrawn`, taken back: by whom, when (UTC) and why. The greater `version`
    counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    deputyship: Deputyship
    version: int
    why: Annotated[str, Field(min_length=1, max_length=2000)]
    decided_by: Annotated[str, Field(min_length=1, max_length=200)]
    decided_at: datetime
    withdrawn: bool = False

    def message(self, jurisdiction: str) -> DecisionMessage:
        """Its event."""
        identity = self.deputyship.deputyship_id
        value = {
            **self.model_dump(exclude={"deputyship"}),
            **self.deputyship.model_dump(),
            "decided_at": self.decided_at.astimezone(UTC),
            "deputyship_id": identity,
            "jurisdiction": jurisdiction,
        }
        return DecisionMessage(DEPUTIES, identity.encode(), encode(SUBJECT, value))


def said_of(event: Mapping[str, Any]) -> DeputyshipSaid:
    """What a decoded event says. Raises pydantic's ValidationError for one that makes no sense."""
    own = {name: event[name] for name in Deputyship.model_fields}
    about = {name: event[name] for name in DeputyshipSaid.model_fields if name != "deputyship"}
    return DeputyshipSaid.model_validate({"deputyship": own, **about})
