"""Whether somebody may: asked for all that is read or done, and in the log of looks before it is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, Engine

from hub.desk import database
from hub.desk.access import Action, Actor, Decision, Household, Rules, grantees_of, may
from hub.desk.access.decide import may_show_on
from hub.desk.access.facts import DEFAULT_RULES, dossiers_of, team_key
from hub.desk.access.reach import moment_text
from hub.desk.activities import activity_of
from hub.desk.looks import Look, LookLog
from hub.desk.readmodel import Asker
from hub.desk.surroundings import Around, Surroundings
from hub.events.ids import DossierRef
from hub.events.moments import text_of
from hub.household.days import TIME_ZONE
from hub.household.document_shape import Document

Found = TypeVar("Found")
Listing = tuple[Found, Sequence[Household]]
"""What is shown, and the households of which it is."""


class Refused(Exception):
    """The access decision was no. `reason` is the decision's."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason)
        self.reason = decision.reason


class Request(NamedTuple):
    """Who asks (None: nobody logged in), and the id under which the look is logged. `caller_span_id`: the caller's own
    (W3C trace context), empty without one."""

    actor: Actor | None
    request_id: str
    caller_span_id: str = ""


@dataclass(frozen=True)
class Admission:
    """Every method raises Refused, or LooksUnavailable if its look cannot be logged."""

    engine: Engine
    looks: LookLog
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    rules: Rules = DEFAULT_RULES
    kept_seconds: float = 0.0
    """How old what is told of the sources and of deputies may be (`hub.desk.surroundings`)."""

    def connect(self) -> Connection:
        """A connection to read by; close it. What is written needs a transaction: `engine.begin()`."""
        return self._reads.connect()

    @cached_property
    def _reads(self) -> Engine:
        return database.for_reads(self.engine)

    @property
    def around(self) -> Around:
        """How the sources are, and who stands in for whom today. Blocking."""
        return self._surroundings.on(self.now().astimezone(TIME_ZONE).date())

    @cached_property
    def _surroundings(self) -> Surroundings:
        return Surroundings(self._reads, self.kept_seconds)

    def enter(self, request: Request) -> None:
        """Let somebody in, or log that not. What they then do is decided and logged by itself."""
        if not may(request.actor, Action.ENTER).allowed:
            self.decide(request, Action.ENTER)

    def allow(
        self, request: Request, action: Action, households: Sequence[Household], *, content: DossierRef | None = None
    ) -> None:
        """Ask whether something may be done with each of these households (at least one), and leave one line.
        `content`: it is about what this dossier says, so it must be part of the asker's own work."""
        decisions = [may(request.actor, action, item) for item in households]
        decision = next((item for item in decisions if not item.allowed), decisions[0])
        if decision.allowed and content is not None and not may_show_on(decision.openings, content):
            decision = Decision(False, "content_not_yours")
        only = households[0].household_id if len(households) == 1 else ""
        self.conclude(request, action, decision, only or None, households)

    def in_team(self, request: Request, action: Action, team: str | None) -> None:
        """Ask whether something may be done in a team, which has to be one's own, and leave one line. None: there is no
        such team, which is refused like one of others."""
        decision = may(request.actor, action)
        own = {team_key(name) for name in request.actor.teams} if request.actor else set()
        if decision.allowed and (team is None or team_key(team) not in own):
            decision = Decision(False, "no_relation")
        self.conclude(request, action, decision)

    def listing(self, request: Request, action: Action, find: Callable[[Connection, Asker], Listing[Found]]) -> Found:
        """Something that a list shows of households: refused before it is looked for, logged with what it shows."""
        asker = self.asker(request, action)
        with self.connect() as connection:
            found, concerned = find(connection, asker)
        self.conclude(request, action, may(request.actor, action), None, concerned)
        return found

    def asker(self, request: Request, action: Action) -> Asker:
        """By what the households of a list are looked for."""
        self.refuse_early(request, action)
        grantees = grantees_of(request.actor) if request.actor else ()
        return Asker(grantees, moment_text(self.now()))

    def refuse_early(self, request: Request, action: Action) -> None:
        """Spare the query if the answer is no, and log it; a yes is logged once it is known what is shown."""
        if not may(request.actor, action).allowed:
            self.decide(request, action)

    def decide(
        self,
        request: Request,
        action: Action,
        *,
        household: Household | None = None,
        also: Sequence[Household] = (),
        shown: Sequence[Document] = (),
    ) -> Decision:
        """Ask for one household (`also`: parts of others that are shown with it), or for all that a list shows, and
        leave one line."""
        decision = may(request.actor, action, household)
        concerned = [household, *also] if household else [_listed(item) for item in shown]
        self.conclude(request, action, decision, (household.household_id or None) if household else None, concerned)
        return decision

    def conclude(
        self,
        request: Request,
        action: Action,
        decision: Decision,
        household_id: str | None = None,
        concerned: Sequence[Household] = (),
    ) -> None:
        """Leave one line of a decision, a yes or a no; a no raises Refused after that."""
        self.looks.write(
            Look(
                at=text_of(self.now().astimezone(UTC)),
                user=request.actor.user if request.actor else "",
                role=request.actor.role.value if request.actor else "",
                organisation=request.actor.organisation if request.actor else "",
                action=action.value,
                activity=activity_of(action),
                ground=decision.ground,
                allowed=decision.allowed,
                reason=decision.reason,
                household_id=household_id,
                dossiers=_keys(concerned),
                subjects=_subjects(concerned),
                trace_id=request.request_id,
                parent_span_id=request.caller_span_id,
            )
        )
        if not decision.allowed:
            raise Refused(decision)


def _keys(households: Iterable[Household]) -> list[str]:
    return sorted({ref.key.decode() for item in households for ref in item.dossiers})


def _subjects(households: Sequence[Household]) -> dict[str, list[str]]:
    """Each person once, with the dossiers of every household in which he is concerned."""
    of_person: dict[str, list[Household]] = {}
    for item in households:
        for person in item.persons:
            of_person.setdefault(person, []).append(item)
    return {person: _keys(items) for person, items in sorted(of_person.items())}


def _listed(document: Document) -> Household:
    """A household in a list: of its persons only the members are shown there."""
    members = sorted(person["person_key"] for person in document["members"])
    return Household(document["household_id"], dossiers_of(document), tuple(members))
