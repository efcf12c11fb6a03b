"""Every read of the desk, for API and pages alike: fetch, decide, write the look, and only then answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine

from hub.desk import candidates, digest, inspection, readmodel
from hub.desk.access import Action, Actor, Decision, Household, may
from hub.desk.activities import activity_of
from hub.desk.candidates import Candidate, Side
from hub.desk.digest import NO_SECRETS, OpenAddress, Secrets
from hub.desk.inspection import Inspection
from hub.desk.looks import Look, LookLog
from hub.desk.looks.record import Record
from hub.desk.readmodel import DeadLetterRow, Search, iso
from hub.events.ids import DossierRef
from hub.household.document_shape import Document

SEARCH_LIMIT: Final = 50
"""Most households that a search answers; whoever gets so many has to ask more precisely."""
DEAD_LETTER_LIMIT: Final = 100
SILENT_SECONDS: Final = 60.0
"""A connector reports every few seconds; after this long it is not late but gone."""


_NEVER_REPORTED: Final[dict[str, Any]] = {
    "connector": None,
    "state": "none",
    "polled_at": None,
    "reported_at": None,
    "position": None,
    "newest_recorded_at": None,
    "published": None,
    "rejected": None,
    "message": None,
}
"""Status of a source that has dead letters and no heartbeat."""


Found = TypeVar("Found")
Listing = tuple[Found, Sequence[Household]]
"""What is shown, and the households of which it is."""


class Refused(Exception):
    """The access decision was no. `reason` is the decision's."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason)
        self.reason = decision.reason


class NotThere(Exception):
    """There is no such household (any more)."""


class Moved(Exception):
    """The household lives on under another id."""

    def __init__(self, household_id: str) -> None:
        super().__init__(household_id)
        self.household_id = household_id


class Request(NamedTuple):
    """Who asks (None: nobody logged in), and the id under which the look is logged. `caller_span_id`: the caller's own
    (W3C trace context), empty without one."""

    actor: Actor | None
    request_id: str
    caller_span_id: str = ""


class Page(NamedTuple):
    """Some households out of so many."""

    total: int
    households: list[Document]


class LooksPage(NamedTuple):
    """Some looks at a household out of so many, newest first; of each only the household's own dossiers."""

    total: int
    looks: list[Record]


class Candidates(NamedTuple):
    """Pairs that may be one person, the likeliest first, and how many more are withheld."""

    pairs: list[Candidate]
    withheld: int


class Source(NamedTuple):
    """One source. Times ISO; `silent`: its connector has stopped reporting, whatever state it reported last; one that
    never reported is not silent, its state is `none`;
    `seconds_since_poll` None: never reached;
    `dead_letters` None for those who may not see them."""

    status: dict[str, Any]
    silent: bool
    seconds_since_poll: float | None
    dead_letters: int | None


@dataclass(frozen=True)
class Reading:
    """The reads. Every method raises Refused, or LooksUnavailable if its look cannot be logged."""

    engine: Engine
    looks: LookLog
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def households(self, request: Request, *, page: int, page_size: int) -> Page:
        """One page of all live households; pages count from 1."""
        self._refuse_early(request, Action.LIST_HOUSEHOLDS)
        with self.engine.connect() as connection:
            found = readmodel.page(connection, skip=(page - 1) * page_size, limit=page_size)
            number = readmodel.count(connection)
        self._decide(request, Action.LIST_HOUSEHOLDS, shown=found)
        return Page(number, found)

    def search(self, request: Request, wanted: Search) -> Page:
        """At most SEARCH_LIMIT households; what was searched for is not logged, what was found is."""
        self._refuse_early(request, Action.SEARCH_HOUSEHOLDS)
        with self.engine.connect() as connection:
            found = readmodel.search(connection, wanted, limit=SEARCH_LIMIT)
        self._decide(request, Action.SEARCH_HOUSEHOLDS, shown=found)
        return Page(len(found), found)

    def household(
        self, request: Request, household_id: str, action: Action = Action.READ_HOUSEHOLD, *, addresses: bool = False
    ) -> Document:
        """One household, without the addresses that are secret; `addresses`: they are shown to whoever may see them.
        Raises NotThere or Moved, after the decision and its look."""
        with self.engine.connect() as connection:
            found, moved = _present(connection, household_id)
            secrets = _secrets(connection, [found]) if found else NO_SECRETS
        self._decide(request, action, household=facts(household_id, found))
        there = _there(found, moved, household_id)
        if secrets == NO_SECRETS or (addresses and self._sees_secrets(request, facts(household_id, found))):
            return there
        return digest.withheld(there, secrets)

    def _sees_secrets(self, request: Request, household: Household) -> bool:
        """A look at what is secret is logged as such, beside that at the household. That it was withheld is no
        refusal: nobody asked for it."""
        if not may(request.actor, Action.SEE_SECRET_ADDRESS, household).allowed:
            return False
        self._decide(request, Action.SEE_SECRET_ADDRESS, household=household)
        return True

    def candidates(self, request: Request, household_id: str, open_address: OpenAddress) -> Candidates:
        """Who may be the same person as somebody of this household. Shown are only those of households that the asker
        may read, each of them in the log of looks; a secret address is no evidence. Raises NotThere or Moved."""
        action = Action.READ_CANDIDATES
        with self.engine.connect() as connection:
            found, moved = _present(connection, household_id)
            may_ask = may(request.actor, action, facts(household_id, found)).allowed
            pairs = self._pairs(connection, found, open_address) if found and may_ask else []
        homes = {item.other.household["household_id"]: item.other.household for item in pairs}
        readable = {home for home, item in homes.items() if may(request.actor, action, facts(home, item)).allowed}
        shown = [item for item in pairs if item.other.household["household_id"] in readable]
        also = [_of_side(item.other) for item in shown]
        self._decide(request, action, household=facts(household_id, found), also=also)
        _there(found, moved, household_id)
        return Candidates(shown, len(pairs) - len(shown))

    def _pairs(self, connection: Connection, document: Document, open_address: OpenAddress) -> list[Candidate]:
        def withheld(documents: Sequence[Document]) -> list[Document]:
            secrets = _secrets(connection, documents)
            return [digest.withheld(item, secrets) for item in documents]

        return candidates.find(connection, document, open_address, withheld)

    def looks_at(self, request: Request, household_id: str, *, page: int = 1, page_size: int = 50) -> LooksPage:
        """Who looked at this household's dossiers or members, this look included; pages count from 1."""
        found = self.household(request, household_id, Action.READ_LOOKS)
        own = {ref.key.decode() for ref in _dossiers(found)}
        persons = [person["person_key"] for person in found["members"]]
        total, looks = self.looks.of_household(own, persons, skip=(page - 1) * page_size, limit=page_size)
        return LooksPage(total, [inspection.within(look, own) for look in looks])

    def inspect(self, request: Request, person_key: str, open_address: OpenAddress) -> Inspection:
        """Everything held of one person and every look at him, this one included; others cut out, and every address
        that is secret: whoever asks for a child may be the one who must not know it."""
        with self.engine.connect() as connection:
            named_in = readmodel.naming(connection, person_key)
            secrets = _secrets(connection, named_in)
        found = [digest.withheld(item, secrets) for item in named_in]
        own = inspection.dossiers(found, person_key)
        decision = may(request.actor, Action.INSPECT_PERSON)
        self._write(request, Action.INSPECT_PERSON, decision, None, [Household("", own, (person_key,))])
        if not decision.allowed:
            raise Refused(decision)
        return inspection.inspect(found, person_key, self.looks.of_person(person_key), open_address)

    def sources(self, request: Request) -> list[Source]:
        """State and freshness of each source, as seen now; for those who may see dead letters also each that has
        nothing but those (`hub`: what the stages could not read)."""
        self._decide(request, Action.READ_SOURCES)
        counts_allowed = may(request.actor, Action.READ_DEAD_LETTERS).allowed
        with self.engine.connect() as connection:
            statuses = readmodel.source_statuses(connection)
            counts = readmodel.dead_letter_counts(connection)
        found = [
            Source(
                status,
                self._seconds_since(status["reported_at"]) > SILENT_SECONDS,
                self._seconds_since(status["polled_at"]) if status["polled_at"] else None,
                counts.pop(status["source"], 0) if counts_allowed else None,
            )
            for status in statuses
        ]
        unreported = sorted(counts.items()) if counts_allowed else []
        return found + [Source(_NEVER_REPORTED | {"source": name}, False, None, n) for name, n in unreported]

    def _seconds_since(self, moment: str) -> float:
        return max(0.0, (self.now() - datetime.fromisoformat(moment)).total_seconds())

    def dead_letters(self, request: Request) -> list[DeadLetterRow]:
        """The last unreadable records: where and why, never what stood in them."""
        self._decide(request, Action.READ_DEAD_LETTERS)
        with self.engine.connect() as connection:
            return readmodel.newest_dead_letters(connection, DEAD_LETTER_LIMIT)

    def enter(self, request: Request) -> None:
        """Let somebody in, or log that not. What they then do is decided and logged by itself."""
        if not may(request.actor, Action.ENTER).allowed:
            self._decide(request, Action.ENTER)

    def description(self, request: Request) -> None:
        """Ask whether the description of the API may be read."""
        self._decide(request, Action.READ_DESCRIPTION)

    def allow(self, request: Request, action: Action, households: Sequence[Household]) -> None:
        """Ask whether something may be done with each of these households (at least one), and leave one line."""
        decisions = [may(request.actor, action, item) for item in households]
        decision = next((item for item in decisions if not item.allowed), decisions[0])
        only = households[0].household_id if len(households) == 1 else ""
        self._write(request, action, decision, only or None, households)
        if not decision.allowed:
            raise Refused(decision)

    def listing(self, request: Request, action: Action, find: Callable[[Connection], Listing[Found]]) -> Found:
        """Something that a list shows of households: refused before it is looked for, logged with what it shows."""
        self._refuse_early(request, action)
        with self.engine.connect() as connection:
            found, concerned = find(connection)
        self._write(request, action, may(request.actor, action), None, concerned)
        return found

    def _refuse_early(self, request: Request, action: Action) -> None:
        """Spare the query if the answer is no, and log it; a yes is logged once it is known what is shown."""
        if not may(request.actor, action).allowed:
            self._decide(request, action)

    def _decide(
        self,
        request: Request,
        action: Action,
        *,
        household: Household | None = None,
        also: Sequence[Household] = (),
        shown: Sequence[Document] = (),
    ) -> None:
        decision = may(request.actor, action, household)
        concerned = [household, *also] if household else [_listed(item) for item in shown]
        self._write(request, action, decision, household.household_id if household else None, concerned)
        if not decision.allowed:
            raise Refused(decision)

    def _write(
        self,
        request: Request,
        action: Action,
        decision: Decision,
        household_id: str | None = None,
        concerned: Sequence[Household] = (),
    ) -> None:
        self.looks.write(
            Look(
                at=iso(self.now().astimezone(UTC)),
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


def _keys(households: Iterable[Household]) -> list[str]:
    return sorted({ref.key.decode() for item in households for ref in item.dossiers})


def _subjects(households: Sequence[Household]) -> dict[str, list[str]]:
    """Each person once, with the dossiers of every household in which he is concerned."""
    of_person: dict[str, list[Household]] = {}
    for item in households:
        for person in item.persons:
            of_person.setdefault(person, []).append(item)
    return {person: _keys(items) for person, items in sorted(of_person.items())}


def _present(connection: Connection, household_id: str) -> tuple[Document | None, str | None]:
    """The household, or the id under which it lives on, or neither."""
    if "\0" in household_id:  # PostgreSQL takes no such text
        return None, None
    found = readmodel.load(connection, household_id)
    return found, None if found else readmodel.forward(connection, household_id)


def _there(found: Document | None, moved: str | None, household_id: str) -> Document:
    if moved is not None:
        raise Moved(moved)
    if found is None:
        raise NotThere(household_id)
    return found


def _of_side(side: Side) -> Household:
    """What is shown of a candidate: himself, as the dossiers that name him state him. The decision is about all of
    his household; the look is in the log of these dossiers."""
    person = side.person
    dossiers = {DossierRef(ref["source"], ref["dossier_id"]) for ref in person["source_refs"]}
    return Household(side.household["household_id"], tuple(sorted(dossiers)), (person["person_key"],))


def _listed(document: Document) -> Household:
    """A household in a list: of its persons only the members are shown there."""
    members = sorted(person["person_key"] for person in document["members"])
    return Household(document["household_id"], _dossiers(document), tuple(members))


def facts(household_id: str, document: Document | None) -> Household:
    """What an access decision on a household may depend on, and what the log of looks names of it."""
    if document is None:
        return Household(household_id)
    persons = {item["person_key"] for item in digest.persons(document)}
    return Household(household_id, _dossiers(document), tuple(sorted(persons)))


def _secrets(connection: Connection, documents: Sequence[Document]) -> Secrets:
    persons = {person["person_key"] for document in documents for person in digest.persons(document)}
    addresses = {key for document in documents for key in digest.address_keys(document)}
    return readmodel.secrets_in(connection, persons, addresses)


def _dossiers(document: Document) -> tuple[DossierRef, ...]:
    return tuple(DossierRef(item["source"], item["dossier_id"]) for item in document["dossiers"])
