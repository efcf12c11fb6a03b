"""What somebody sends to decide something, or to take it back; and how it is accepted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from hub.desk.agreeing import ConsentToMake, EmergencyToTake, ReviewToMake
from hub.events.day import Day
from hub.events.decisions import ON_DOSSIER, Decision, Kind, NamedLine, OnDossier, Snooze, decided
from hub.events.direction import Direction

MOST_WHY: Final = 2000
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_WHY, pattern="^[^\\x00]*$")]
"""A reason, in the decider's own words."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern="^[^\\x00]*$")]
_SOMEBODY: Final = "?"
"""Stands for a person key that is still to be looked up."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LineToDecide(_Asked):
    """A member line as the decider saw it. `person_key`: whom it showed; if that has changed, nothing is decided."""

    source: Name
    dossier_id: Name
    line: Annotated[str, StringConstraints(max_length=200, pattern="^[^\\x00]*$")]
    person_key: str | None = Field(default=None, max_length=80)

    def named(self, person: str, *, confirmed: bool) -> NamedLine:
        """This line as a decision names it."""
        return NamedLine(
            source=self.source, dossier_id=self.dossier_id, line=self.line, person=person, confirmed=confirmed
        )


Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern="^[^\\x00]*$")]


class Directing(_Asked):
    """Somebody who directs. What is not known of him is empty."""

    name: Annotated[Short, Field(min_length=1)]
    user: Short = ""
    organisation: Short = ""
    unit: Literal["youth", "adult", ""] = ""
    team: Short = ""
    phone: Short = ""
    staff: Short = ""


class DirectionToMake(_Asked):
    """Who directs from a day on (none: today), said on a dossier of the household. `director` none: the decider."""

    source: Name
    dossier_id: Name
    director: Directing | None = None
    from_on: Day | None = None

    def made(self, decider: Directing, today: date) -> Direction:
        """The direction itself."""
        who = self.director or decider
        start = self.from_on or today
        return Direction(source=self.source, dossier_id=self.dossier_id, from_on=start, **who.model_dump())


OnDossierToMake = Snooze | DirectionToMake | ConsentToMake | EmergencyToTake | ReviewToMake


class DecisionToMake(_Asked):
    """What to decide. `line`: of all kinds on persons; `other`: if it is about two; `doubted`: of
    `different_person` alone, whose number is taken to be wrong where both state the same one. `snooze`, `direction`,
    `consent`, `emergency`, `review` (of `emergency_review`): each of that kind alone, and then no line."""

    kind: Kind
    why: Why
    line: LineToDecide | None = None
    other: LineToDecide | None = None
    doubted: Literal["line", "other"] | None = None
    snooze: Snooze | None = None
    direction: DirectionToMake | None = None
    consent: ConsentToMake | None = None
    emergency: EmergencyToTake | None = None
    review: ReviewToMake | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> DecisionToMake:
        said = {kind for kind, name in ON_DOSSIER.items() if getattr(self, name) is not None}
        if said != {self.kind} & ON_DOSSIER.keys():
            raise ValueError("a decision on a dossier, and only that, says what its kind says")
        if said and (self.line or self.other or self.doubted):
            raise ValueError("a decision is about a dossier or about persons, not both")
        if self.doubted and self.kind is not Kind.DIFFERENT_PERSON:
            raise ValueError("whose number is doubted is said if and only if they are different persons")
        if self.snooze and "\0" in "".join((self.snooze.source, self.snooze.dossier_id, self.snooze.point)):
            raise ValueError("a NUL is no text")
        if not said:
            self._check_lines()
        return self

    def _check_lines(self) -> None:
        try:
            self.on_persons(_SOMEBODY, lambda line: line.named(_SOMEBODY, confirmed=False))
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None

    @property
    def places(self) -> list[LineToDecide | OnDossierToMake]:
        """Everything it names that stands in a dossier."""
        named = (self.line, self.other, self.snooze, self.direction, self.consent, self.emergency, self.review)
        return [item for item in named if item is not None]

    def on_persons(self, decided_by: str, named: Callable[[LineToDecide], NamedLine]) -> Decision:
        """The decision itself; `named` looks a line up. Raises what `named` raises, and ValidationError."""
        line, other = (named(item) if item else None for item in (self.line, self.other))
        if line is None:
            return Decision(kind=self.kind, decided_by=decided_by, why=self.why, other=other, doubted=self.doubted)
        doubted = {"line": line, "other": other}.get(self.doubted or "")
        return decided(self.kind, line, other, decided_by=decided_by, why=self.why, doubted=doubted)

    def on_dossier(self, decided_by: str, said: OnDossier) -> Decision:
        """The decision that says this of a dossier."""
        return on_dossier(self.kind, said, decided_by=decided_by, why=self.why)


def on_dossier(kind: Kind, said: OnDossier, *, decided_by: str, why: str, withdrawn: bool = False) -> Decision:
    """A decision on a dossier."""
    part = {ON_DOSSIER[kind]: said}
    return Decision.model_validate({"kind": kind, "decided_by": decided_by, "why": why, "withdrawn": withdrawn, **part})


class DecisionToTakeBack(_Asked):
    """`version`: of the decision as it was seen; if there is a newer one, nothing is taken back."""

    why: Why
    version: int | None = None


class DecisionAccepted(_Asked):
    """A decision is in the log; it takes a second to come through. `link`: where it can then be read, at this version
    or a later one; `households`: whose page will say it."""

    decision_id: str
    version: int
    link: str
    households: list[str]
