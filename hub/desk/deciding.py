"""What directors decide, for API and pages alike: fetch, ask for access, write the look, publish, and only then answer.

The desk keeps nothing of it: a decision comes back through the log, as part of the households it is about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Any, Final, Literal, NamedTuple

from hub.desk import readmodel
from hub.desk.access import Action, Household, cut
from hub.desk.admission import Refused, Request
from hub.desk.agreeing import OwnEmergency
from hub.desk.decision_models import (
    DecisionToMake,
    DecisionToTakeBack,
    Directing,
    DirectionToMake,
    LineToDecide,
)
from hub.desk.reading import Reading
from hub.desk.taking_back import ACTIONS, action_to_withdraw, judges_own, withdrawn
from hub.errors import LogUnavailable
from hub.events.decisions import (
    ON_DOSSIERS,
    Decision,
    DecisionMessage,
    Kind,
    NamedLine,
    OnDossier,
    Snooze,
    message_of,
)
from hub.events.ids import DossierRef, decision_id, ref_of
from hub.events.moments import micros
from hub.household.attention.point import Rule
from hub.household.days import TIME_ZONE
from hub.household.document_shape import DecidedLine, DecisionEntry, Document, MemberLine
from hub.household.rulings import Effect

Publish = Callable[[DecisionMessage], None]
"""Returns when the message is acknowledged. Raises LogUnavailable or LogRefused. Used by one thread at a time."""

TURN_SECONDS: Final = 10.0
"""How long a decision waits for others that are being published: while the log is away, threads must not pile up."""
MOST_SNOOZED_DAYS: Final = 366
"""Longer would be to hide a matter for good; by then somebody should look again."""
MOST_DIRECTION_DAYS: Final = 366
"""A handover is planned or written down afterwards; further away it is a slip of the pen."""
_DECISION_ID: Final = re.compile(r"B[0-9a-f]{20}")
_NINE_DIGITS: Final = re.compile(r"(?<!\d)(?:\d{4}[ .]\d\d[ .]\d{3}|\d{3}[ .]\d{3}[ .]\d{3}|\d{9})(?!\d)")
"""Also as passports and letters group them: 1234.56.789, 123 456 789."""
_NO_DIGIT: Final = re.compile(r"\D")


class NoDecision(Exception):
    """There is no such decision, or it has not come through yet."""


class NotAsSeen(Exception):
    """What was decided on is not there, or has changed since it was seen. `reason`: `unknown_dossier`, `unknown_line`,
    `somebody_else`, `newer` or `taken_back`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReasonHoldsBsn(Exception):
    """A reason stays for ever, where many read it: no number of a person may stand in it."""


class SnoozeRefused(Exception):
    """A point can be put off up to a year, from tomorrow on, and only if there is such a rule. `field`: which is
    wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class DirectionRefused(Exception):
    """Who directs can be said for days up to a year from now, or ago, and no number of a person may stand in it.
    `field`: which is wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Accepted(NamedTuple):
    """A decision that is in the log. `households`: ids of those whose page will say it."""

    decision_id: str
    version: int
    households: list[str]


@dataclass
class Deciding:
    """The decisions. `person_key`: see `Site`. Every method raises Refused, or LooksUnavailable if its look cannot be
    logged: then nothing is published."""

    reading: Reading
    publish: Publish
    jurisdiction: str
    key_generation: int
    person_key: Callable[[str], str | None]
    _lock: Lock = field(default_factory=Lock)
    _last_version: int = 0

    def decide(self, request: Request, wanted: DecisionToMake) -> Accepted:
        """Make a decision; one on the same lines is replaced. Raises NotAsSeen, NoDecision, ReasonHoldsBsn,
        SnoozeRefused, DirectionRefused, ConsentRefused, OwnEmergency, and what publishing raises."""
        self._refuse_bsn(wanted.why)
        if wanted.snooze is not None:
            self._check(wanted.snooze)
        if wanted.direction is not None:
            self._check_direction(wanted.direction)
        refs = list(dict.fromkeys(DossierRef(item.source, item.dossier_id) for item in wanted.places))
        with self.reading.connect() as connection:
            found = {ref: readmodel.holding(connection, ref) for ref in refs}
        content = refs[0] if wanted.kind in _OF_CONTENT else None
        self.reading.allow(request, ACTIONS.get(wanted.kind, Action.DECIDE), self._concerned(found), content=content)
        known = [document for document in found.values() if document]
        if len(known) < len(found):
            raise NotAsSeen("unknown_dossier")
        return self._accept(self._made(request, wanted, known), known)

    def _made(self, request: Request, wanted: DecisionToMake, known: Sequence[Document]) -> Decision:
        user, lines = _user(request), {_place(line): line for document in known for line in document["lines"]}
        if wanted.kind in ON_DOSSIERS:
            return wanted.on_dossier(user, self._said(request, wanted, known[0], lines))
        return wanted.on_persons(user, lambda line: _as_known(line, lines))

    def _said(
        self, request: Request, wanted: DecisionToMake, document: Document, lines: Mapping[_Line, MemberLine]
    ) -> OnDossier:
        if wanted.direction is not None:
            return wanted.direction.made(_decider(request), self.today())
        if wanted.consent is not None:
            asked = wanted.consent
            line = _line_at(lines, (asked.source, asked.dossier_id, asked.line))
            return asked.made(line, document, self.today())
        if wanted.emergency is not None:
            return wanted.emergency.made(_user(request), self.reading.now(), self.reading.rules.emergency_hours)
        if wanted.review is not None:
            judged = _newest([document], wanted.review.emergency)["emergency"]
            if judged is None or _ref(judged) != _ref(wanted.review.model_dump()):
                raise NoDecision
            return wanted.review.made(_user(request), judged)
        assert wanted.snooze is not None
        return wanted.snooze

    def withdraw(self, request: Request, wanted_id: str, wanted: DecisionToTakeBack) -> Accepted:
        """Take a decision back. Raises NoDecision, NotAsSeen, ReasonHoldsBsn, OwnEmergency, and what publishing
        raises."""
        self._refuse_bsn(wanted.why)
        found = self._carrying(wanted_id)
        newest = _newest(found, wanted_id) if found else None
        action = action_to_withdraw(newest, _user(request))
        self._permit(request, action, found)
        if newest is None:
            raise NoDecision
        if judges_own(newest, found, _user(request)):
            raise OwnEmergency
        if newest["effect"] == Effect.WITHDRAWN:
            raise NotAsSeen("taken_back")
        if wanted.version not in (None, newest["version"]):
            raise NotAsSeen("newer")
        return self._accept(withdrawn(newest, _user(request), wanted.why), found)

    def decision(self, request: Request, wanted_id: str) -> DecisionEntry:
        """One decision, as it is known now, and as somebody may see it. Raises NoDecision."""
        every = self._carrying(wanted_id)
        found = [item for item in every if self.reading.sight(request.actor, item).allowed] or every
        self._permit(request, Action.READ_HOUSEHOLD, found)
        also = [ref_of(item) for document in found for item in document["dossiers"]]
        shown = [cut(item, self.reading.sight(request.actor, item).openings, also) for item in found]
        return _newest(shown, wanted_id)

    def _permit(self, request: Request, action: Action, found: Iterable[Document]) -> None:
        """Ask for access to a decision. Of one on others' households is told no more than of one that is not there
        (yet): raises NoDecision."""
        asked = [self.reading.facts(item["household_id"], item) for item in found] or [Household("")]
        try:
            self.reading.allow(request, action, asked)
        except Refused as refused:
            if refused.reason == "no_relation":
                raise NoDecision from refused
            raise

    def _refuse_bsn(self, why: str) -> None:
        if self.holds_bsn(why):
            raise ReasonHoldsBsn

    def holds_bsn(self, text: str) -> bool:
        """Whether a number of a person stands in a text."""
        return any(self.person_key(_NO_DIGIT.sub("", found)) for found in _NINE_DIGITS.findall(text))

    def today(self) -> date:
        """Today in the Netherlands."""
        return self.reading.now().astimezone(TIME_ZONE).date()

    def _check_direction(self, wanted: DirectionToMake) -> None:
        if wanted.from_on and abs(wanted.from_on - self.today()).days > MOST_DIRECTION_DAYS:
            raise DirectionRefused("from_on")
        said = wanted.director
        if said and self.holds_bsn(" / ".join((said.name, said.organisation, said.team))):
            raise DirectionRefused("director")

    def _check(self, snooze: Snooze) -> None:
        today = self.today()
        if not today < snooze.until <= today + timedelta(days=MOST_SNOOZED_DAYS):
            raise SnoozeRefused("until")
        if snooze.rule not in set(Rule):
            raise SnoozeRefused("rule")

    def _carrying(self, wanted_id: str) -> list[Document]:
        with self.reading.connect() as connection:
            return readmodel.carrying(connection, wanted_id) if _DECISION_ID.fullmatch(wanted_id) else []

    def _concerned(self, found: Mapping[DossierRef, Document | None]) -> list[Household]:
        """Each household once. A dossier that is not known is asked for too, and not logged: its number is whatever
        somebody typed."""
        known = {item["household_id"]: item for item in found.values() if item}
        unknown = [Household("")] if None in found.values() else []
        return [*(self.reading.facts(home, item) for home, item in known.items()), *unknown]

    def _accept(self, decision: Decision, concerned: Iterable[Document]) -> Accepted:
        """Publish."""
        accepted = decision_id(decision.record)
        version = self.in_turn(
            lambda: self._known_version(accepted), lambda version, now: self._message(decision, version, now)
        )
        return Accepted(accepted, version, sorted({document["household_id"] for document in concerned}))

    def in_turn(self, known: Callable[[], int], message: Callable[[int, datetime], DecisionMessage]) -> int:
        """Publish a message of the next version, and return that. `known`: the newest version there is; `message`: made
        of the version and the time (UTC). Versions of one desk only rise, whatever its clock does; of two desks the
        later clock wins. Raises what publishing raises."""
        if not self._lock.acquire(timeout=TURN_SECONDS):
            raise LogUnavailable
        try:
            now = self.reading.now().astimezone(UTC)
            version = max(micros(now), known() + 1, self._last_version + 1)
            self._last_version = version
            self.publish(message(version, now))
        finally:
            self._lock.release()
        return version

    def _known_version(self, known_id: str) -> int:
        with self.reading.connect() as connection:
            return readmodel.decision_version(connection, known_id)

    def _message(self, decision: Decision, version: int, now: datetime) -> DecisionMessage:
        return message_of(
            decision,
            version=version,
            decided_at=now,
            jurisdiction=self.jurisdiction,
            key_generation=self.key_generation,
        )


def _user(request: Request) -> str:
    return request.actor.user if request.actor else ""


def _decider(request: Request) -> Directing:
    actor = request.actor
    if actor is None:
        return Directing(name="?")
    unit: Literal["youth", "adult", ""] = "youth" if actor.unit == "youth" else "adult" if actor.unit == "adult" else ""
    return Directing(
        name=actor.name or actor.user,
        user=actor.user,
        organisation=actor.organisation,
        unit=unit,
        team=", ".join(actor.teams),
        phone=actor.phone,
        staff=actor.staff,
    )


_Line = tuple[str, str, str]
_OF_CONTENT: Final = frozenset({Kind.SNOOZE, Kind.CONSENT})
"""Kinds that are about what a dossier says: only of one that is part of the decider's own work."""


def _place(line: MemberLine | DecidedLine) -> _Line:
    return line["source"], line["dossier_id"], line["line"]


def _ref(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["source"], item["dossier_id"]


def _line_at(lines: Mapping[_Line, MemberLine], place: _Line) -> MemberLine:
    if place not in lines:
        raise NotAsSeen("unknown_line")
    return lines[place]


def _as_known(wanted: LineToDecide, lines: Mapping[_Line, MemberLine]) -> NamedLine:
    known = _line_at(lines, (wanted.source, wanted.dossier_id, wanted.line))
    if wanted.person_key not in (None, known["person_key"]):
        raise NotAsSeen("somebody_else")
    return wanted.named(known["stated_key"], confirmed=known["confirmed"])


def _newest(documents: Iterable[Document], wanted_id: str) -> DecisionEntry:
    """Of several households one may be behind. Raises NoDecision if none of them shows it."""
    found = [item for document in documents for item in document["decisions"] if item["decision_id"] == wanted_id]
    if not found:
        raise NoDecision
    return max(found, key=lambda item: item["version"])
