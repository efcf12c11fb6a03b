"""A team leader decides who stands in for whom in his team, or takes it back: ask, write the look, publish, answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from hub.desk import deputies
from hub.desk.access import Action
from hub.desk.admission import Request
from hub.desk.deciding import Deciding, NoDecision, NotAsSeen, ReasonHoldsBsn
from hub.desk.decision_models import Why
from hub.desk.reading import Reading
from hub.events.decisions import DecisionMessage
from hub.events.deputies import Deputyship, DeputyshipSaid

MOST_DAYS: Final = 366
"""Longer is no deputyship but another division of work."""
_ID: Final = re.compile(r"P[0-9a-f]{20}")


class DeputyRefused(Exception):
    """Somebody stands in up to a year from now, not in the past alone, and no number of a person stands in a name.
    `field`: which is wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class DeputyToName(Deputyship):
    """Who stands in for whom, and why."""

    why: Why


class DeputyToTakeBack(BaseModel):
    """Why it is taken back."""

    model_config = ConfigDict(extra="forbid")

    why: Why


@dataclass(frozen=True)
class Deputising:
    """The decisions. Every method raises Refused, LooksUnavailable, ReasonHoldsBsn, and what publishing raises."""

    reading: Reading
    deciding: Deciding

    def name(self, request: Request, wanted: DeputyToName) -> str:
        """Let somebody stand in; returns the id. Said again of the same two and first day, it is replaced. Raises
        DeputyRefused."""
        self._check(wanted)
        self.reading.in_team(request, Action.NAME_DEPUTY, wanted.team)
        deputyship = Deputyship.model_validate(wanted.model_dump(exclude={"why"}))
        self._publish(request, deputyship, wanted.why, withdrawn=False)
        return deputyship.deputyship_id

    def take_back(self, request: Request, deputyship_id: str, why: str) -> None:
        """Take it back. Raises NoDecision; NotAsSeen if it was already."""
        if self.deciding.holds_bsn(why):
            raise ReasonHoldsBsn
        with self.reading.connect() as connection:
            known = deputies.one(connection, deputyship_id) if _ID.fullmatch(deputyship_id) else None
        self.reading.in_team(request, Action.NAME_DEPUTY, known.deputyship.team if known else None)
        if known is None:
            raise NoDecision
        if known.withdrawn:
            raise NotAsSeen("taken_back")
        self._publish(request, known.deputyship, why, withdrawn=True)

    def _check(self, wanted: DeputyToName) -> None:
        today = self.deciding.today()
        if self.deciding.holds_bsn(wanted.why):
            raise ReasonHoldsBsn
        if self.deciding.holds_bsn(f"{wanted.replaced_name} / {wanted.deputy_name} / {wanted.team}"):
            raise DeputyRefused("deputy_name")
        if not today <= wanted.to_on <= today + timedelta(days=MOST_DAYS):
            raise DeputyRefused("to_on")
        if wanted.from_on < today - timedelta(days=MOST_DAYS):
            raise DeputyRefused("from_on")

    def _publish(self, request: Request, deputyship: Deputyship, why: str, *, withdrawn: bool) -> None:
        user = request.actor.user if request.actor else ""

        def message(version: int, now: datetime) -> DecisionMessage:
            said = DeputyshipSaid(
                deputyship=deputyship,
                version=version,
                why=why,
                decided_by=user,
                decided_at=now,
                withdrawn=withdrawn,
            )
            return said.message(self.deciding.jurisdiction)

        self.deciding.in_turn(lambda: self._known_version(deputyship.deputyship_id), message)

    def _known_version(self, deputyship_id: str) -> int:
        with self.reading.connect() as connection:
            known = deputies.one(connection, deputyship_id)
        return known.version if known else 0
