"""What a person decides in the hub: a register like any other, about a member line of a dossier.

Written by the desk alone, never by a connector. Its identity is (source and number of the dossier it is about,
"decision", an id derived from what it decides on): a later decision on the same replaces it, and taking one back is a
later version that says `withdrawn`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.events.agreements import Consent, Emergency, Review
from hub.events.codec import encode
from hub.events.day import Day
from hub.events.direction import Direction
from hub.events.ids import DossierRef, Order, RecordRef, event_id
from hub.events.moments import micros
from hub.events.topics import COMPOSITIONS, RECORDS

DECISION: Final = "decision"
"""Record type of every decision."""
SUBJECT: Final = "registrations.decision"


class Kind(StrEnum):
    """What can be decided.

    Those in ON_DOSSIERS change nothing of who is one household; all others go through resolve."""

    SAME_PERSON = "same_person"
    DIFFERENT_PERSON = "different_person"
    SAME_HOUSEHOLD = "same_household"
    LIVES_HERE = "lives_here"
    LIVES_ELSEWHERE = "lives_elsewhere"
    SNOOZE = "snooze"
    DIRECTION = "direction"
    CONSENT = "consent"
    EMERGENCY = "emergency"
    EMERGENCY_REVIEW = "emergency_review"


_FAMILY: Final = {
    Kind.SAME_PERSON: "person",
    Kind.DIFFERENT_PERSON: "person",
    Kind.SAME_HOUSEHOLD: "household",
    Kind.LIVES_HERE: "residence",
    Kind.LIVES_ELSEWHERE: "residence",
    Kind.SNOOZE: "snooze",
    Kind.DIRECTION: "direction",
    Kind.CONSENT: "consent",
    Kind.EMERGENCY: "emergency",
    Kind.EMERGENCY_REVIEW: "emergency_review",
}
"""Decisions of one family on the same lines are versions of one register: they can't both hold."""
ON_DOSSIER: Final = {
    Kind.SNOOZE: "snooze",
    Kind.DIRECTION: "direction",
    Kind.CONSENT: "consent",
    Kind.EMERGENCY: "emergency",
    Kind.EMERGENCY_REVIEW: "review",
}
"""Per kind of decision on a dossier the field that says what is decided."""
ON_DOSSIERS: Final = frozenset(ON_DOSSIER)
"""Decisions on a dossier, not on persons: they go with its records."""
_WHOLE: Final = ("direction", "consent", "emergency", "review")
"""Fields that are a record of their own in the event; a snooze is not."""
_PLACE: Final = {"source", "dossier_id"}
"""Of a decision on a dossier: the envelope says it."""
_ABOUT_TWO: Final = frozenset({Kind.SAME_PERSON, Kind.DIFFERENT_PERSON, Kind.SAME_HOUSEHOLD})


class NamedLine(BaseModel):
    """A member line as it was when somebody decided on it.

    `confirmed`: its person key came from a valid number, so the decision is about that person wherever the dossier
    names him; otherwise it is about the line with this number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1, max_length=200)
    dossier_id: str = Field(min_length=1, max_length=200)
    line: str = Field(max_length=200)
    person: str = Field(min_length=1, max_length=80)
    confirmed: bool

    @property
    def dossier(self) -> DossierRef:
        """The dossier the line stands in."""
        return DossierRef(self.source, self.dossier_id)


class Snooze(BaseModel):
    """Hide one attention point of a dossier, until and including a day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1, max_length=200)
    dossier_id: str = Field(min_length=1, max_length=200)
    rule: str = Field(min_length=1, max_length=100)
    point: str = Field(min_length=1, max_length=1000)
    until: Day

    @property
    def dossier(self) -> DossierRef:
        """The dossier that it is said on."""
        return DossierRef(self.source, self.dossier_id)

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it the decision it is, within its dossier."""
        return self.rule, self.point


OnDossier = Snooze | Direction | Consent | Emergency | Review
"""What can be decided on a dossier."""


class Decision(BaseModel):
    """One decision. `doubted` (different_person only): whose number is taken to be wrong where both state the same.

    Make one with `decided`, which puts the two lines in their one order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    withdrawn: bool = False
    decided_by: str = Field(min_length=1, max_length=200)
    why: str = Field(min_length=1, max_length=2000)
    line: NamedLine | None = None
    other: NamedLine | None = None
    doubted: Literal["line", "other"] | None = None
    snooze: Snooze | None = None
    direction: Direction | None = None
    consent: Consent | None = None
    emergency: Emergency | None = None
    review: Review | None = None

    @model_validator(mode="after")
    def _complete(self) -> Decision:
        said = {kind for kind, name in ON_DOSSIER.items() if getattr(self, name) is not None}
        if said != {self.kind} & ON_DOSSIER.keys():
            raise ValueError("a decision on a dossier, and only that, says what its kind says")
        if (self.line is None) == (self.kind not in ON_DOSSIERS):
            raise ValueError("a decision on persons names a member line")
        if (self.other is None) == (self.kind in _ABOUT_TWO):
            raise ValueError("two member lines are named if and only if the decision is about two")
        if (self.doubted is None) == (self.kind is Kind.DIFFERENT_PERSON):
            raise ValueError("whose number is doubted is said if and only if they are different persons")
        if self.other is not None and self.line is not None and _place(self.line) == _place(self.other):
            raise ValueError("the two member lines are the same one")
        return self

    @property
    def record(self) -> RecordRef:
        """Identity of the register."""
        lines = [line for line in (self.line, self.other) if line]
        about: list[tuple[str, ...]] = [_place(line) for line in lines] if lines else [self._on.key]
        digest = hashlib.sha256("\0".join(part for item in about for part in item).encode()).hexdigest()[:20]
        dossier = self.line.dossier if self.line else self._on.dossier
        return RecordRef(*dossier, DECISION, f"{_FAMILY[self.kind]}-{digest}")

    @property
    def _on(self) -> OnDossier:
        found = self.snooze or self.direction or self.consent or self.emergency or self.review
        assert found is not None
        return found


class DecisionMessage(NamedTuple):
    """Where a decision goes: (topic, message key, message)."""

    topic: str
    key: bytes
    value: bytes


def decided(
    kind: Kind,
    line: NamedLine,
    other: NamedLine | None = None,
    *,
    decided_by: str,
    why: str,
    withdrawn: bool = False,
    doubted: NamedLine | None = None,
) -> Decision:
    """A decision on persons. The order of the two lines makes no difference. Raises pydantic's ValidationError."""
    first, second = (line, other) if other is None or _place(line) <= _place(other) else (other, line)
    whose: Literal["line", "other"] | None = None
    if doubted is not None:
        whose = "line" if _place(doubted) == _place(first) else "other"
    return Decision(
        kind=kind, withdrawn=withdrawn, decided_by=decided_by, why=why, line=first, other=second, doubted=whose
    )


def message_of(
    decision: Decision, *, version: int, decided_at: datetime, jurisdiction: str, key_generation: int
) -> DecisionMessage:
    """The event of a decision. `version`: greater than that of the decision it replaces; the desk takes the
    microseconds of `decided_at`, or one more than the version it replaces, whichever is greater."""
    value = _envelope(decision, version, decided_at, jurisdiction, key_generation) | {"body": _body(decision)}
    through_resolve = decision.kind not in ON_DOSSIERS
    topic, key = (COMPOSITIONS, jurisdiction.encode()) if through_resolve else (RECORDS, decision.record.dossier.key)
    return DecisionMessage(topic, key, encode(SUBJECT, value))


def _envelope(
    decision: Decision, version: int, decided_at: datetime, jurisdiction: str, key_generation: int
) -> dict[str, Any]:
    record = decision.record
    moment = decided_at.astimezone(UTC)
    order = Order(0, version, micros(moment), 0)
    return {
        **record._asdict(),
        **order._asdict(),
        "recorded_at": moment,
        "event_id": event_id(record, order),
        "key_generation": key_generation,
        "jurisdiction": jurisdiction,
        "occurred_at": None,
        "first_published_at": moment,
        "deleted": False,
        "subject": None,
    }


def forgetting(
    decision: Decision, *, version: int, decided_at: datetime, jurisdiction: str, key_generation: int
) -> DecisionMessage:
    """What is published over a decision of which nothing may be left: on a dossier that it is deleted; on persons that
    it is taken back, by and of nobody, since resolve knows no deleted decision. See `message_of`."""
    if decision.kind in ON_DOSSIERS:
        value = _envelope(decision, version, decided_at, jurisdiction, key_generation) | {"deleted": True, "body": None}
        return DecisionMessage(RECORDS, decision.record.dossier.key, encode(SUBJECT, value))
    nobody = {"person": _NOBODY, "confirmed": False}
    assert decision.line is not None
    blank = decision.model_copy(
        update={
            "withdrawn": True,
            "decided_by": _NOBODY,
            "why": _NOBODY,
            "line": decision.line.model_copy(update=nobody),
            "other": decision.other and decision.other.model_copy(update=nobody),
        }
    )
    return message_of(
        blank, version=version, decided_at=decided_at, jurisdiction=jurisdiction, key_generation=key_generation
    )


_NOBODY: Final = "-"


def _body(decision: Decision) -> dict[str, Any]:
    line, snooze = decision.line, decision.snooze
    return {
        "kind": decision.kind.value,
        "withdrawn": decision.withdrawn,
        "decided_by": decision.decided_by,
        "why": decision.why,
        "line": line.line if line else None,
        "person": line.person if line else None,
        "confirmed": line.confirmed if line else False,
        "other": decision.other.model_dump() if decision.other else None,
        "doubted": decision.doubted,
        "rule": snooze.rule if snooze else None,
        "point": snooze.point if snooze else None,
        "until": snooze.until if snooze else None,
        **{name: _said(getattr(decision, name)) for name in _WHOLE},
    }


def _said(part: BaseModel | None) -> dict[str, Any] | None:
    """Lists, not tuples: fastavro takes a tuple in a union for the name of a branch and its value."""
    if part is None:
        return None
    said = part.model_dump(exclude=_PLACE)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}


def decision_of(event: Mapping[str, Any]) -> Decision:
    """Inverse: the decision of a decoded event. Raises pydantic's ValidationError for one that makes no sense."""
    body = event["body"]
    place = {"source": event["source"], "dossier_id": event["dossier_id"]}
    line = {**place, "line": body["line"], "person": body["person"], "confirmed": body["confirmed"]}
    snooze = {**place, **{name: body[name] for name in ("rule", "point", "until")}}
    return Decision.model_validate(
        {
            **{name: body[name] for name in ("kind", "withdrawn", "decided_by", "why", "other", "doubted")},
            "line": line if body["line"] is not None else None,
            "snooze": snooze if body["rule"] is not None else None,
            **{name: place | body[name] if body[name] is not None else None for name in _WHOLE},
        }
    )


def _place(line: NamedLine) -> tuple[str, str, str]:
    return line.source, line.dossier_id, line.line
