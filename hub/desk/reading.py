"""Every read of the desk, for API and pages alike: fetch, decide, write the look, and only then answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeVar, cast

from sqlalchemy import Connection, Engine

from hub.desk import candidates, deputies, digest, inspection, readmodel, searching
from hub.desk.access import Action, Actor, Decision, Household, Rules, Viewer, cut, grantees_of, known_of, may, viewers
from hub.desk.access.decide import Openings, may_show_on
from hub.desk.access.facts import DEFAULT_RULES, ref_of, team_key
from hub.desk.access.reach import TO_REVIEW, moment_text
from hub.desk.activities import activity_of
from hub.desk.candidates import Candidate, Side
from hub.desk.digest import NO_SECRETS, OpenAddress, Secrets
from hub.desk.inspection import Inspection
from hub.desk.looks import Look, LookLog
from hub.desk.looks.record import Record
from hub.desk.readmodel import Asker, DeadLetterRow, LetterRow, Letters, iso
from hub.desk.searching import Search
from hub.events.ids import DossierRef
from hub.household.document_shape import DecisionEntry, Document
from hub.ops.orders import Kept

SEARCH_LIMIT: Final = 50
"""Most households that a search answers; whoever gets so many has to ask more precisely."""
HIDDEN_LIMIT: Final = 10
"""So many that may not be seen are counted; to tell more would be to tell how common a name is among families."""
DEAD_LETTER_LIMIT: Final = 100
TO_REVIEW_LIMIT: Final = 200
"""Households in one list of emergency accesses to be reviewed; those that are reviewed make room."""
SILENT_SECONDS: Final = 60.0
"""A connector reports every few seconds; after this long it is not late but gone."""


_HOUSEHOLD_ID: Final = re.compile(r"H[0-9a-f]{20}")
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
    "source_epoch": None,
    "completeness": None,
    "caught_up_at": None,
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
    """Some households out of so many, as somebody may see them. `hidden`: how many more a search found that he may not
    see, at most HIDDEN_LIMIT."""

    total: int
    households: list[Document]
    hidden: int = 0


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


class LettersPage(NamedTuple):
    """Some unreadable records out of so many; `reasons`: all that they have."""

    total: int
    letters: list[LetterRow]
    reasons: list[str]


class ToReview(NamedTuple):
    """An emergency access that nobody has reviewed; when it ends or was ended, and whether it is over. `title`: of its
    household."""

    household_id: str
    title: str
    decision: DecisionEntry
    until: datetime
    over: bool


class Seen(NamedTuple):
    """One household. `document`: as somebody sees it; `whole`: altogether, to work things out by, never to show;
    `about`: what a decision on it depends on."""

    document: Document
    whole: Document
    about: Household


class _Opened(NamedTuple):
    """A whole household, what a decision on it depends on, its secrets, dossiers of others that may be named, and what
    may be seen of its own."""

    document: Document
    about: Household
    secrets: Secrets
    also: list[DossierRef]
    openings: Openings


@dataclass(frozen=True)
class Reading:
    """The reads. Every method raises Refused, or LooksUnavailable if its look cannot be logged."""

    engine: Engine
    looks: LookLog
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    rules: Rules = DEFAULT_RULES

    def households(self, request: Request, *, page: int, page_size: int) -> Page:
        """One page of the live households that somebody has to do with, as he may see them; pages count from 1."""
        asker = self._asker(request, Action.LIST_HOUSEHOLDS)
        with self.engine.connect() as connection:
            found = readmodel.page(connection, asker, skip=(page - 1) * page_size, limit=page_size)
            number = readmodel.count(connection, asker)
        shown = self._shown(request, found)
        self._decide(request, Action.LIST_HOUSEHOLDS, shown=shown)
        return Page(number, shown)

    def search(self, request: Request, wanted: Search) -> Page:
        """At most SEARCH_LIMIT households; what was searched for is not logged, what was found is. Of those that
        somebody may not see is told only how many there are, up to HIDDEN_LIMIT; of a secret address not even that."""
        asker = self._asker(request, Action.SEARCH_HOUSEHOLDS)
        with self.engine.connect() as connection:
            found = searching.search(connection, wanted, asker, limit=SEARCH_LIMIT, hidden=HIDDEN_LIMIT)
            secret = searching.is_secret(connection, wanted.address_key)
        asked = ((whole, self.cut_down(request.actor, whole)) for whole in found.households)
        shown = [
            item
            for whole, item in asked
            if item is not None and searching.fits(item, wanted)
            if not secret or self._sees_secrets(request, self.facts(whole["household_id"], whole))
        ]
        self._decide(request, Action.SEARCH_HOUSEHOLDS, shown=shown)
        return Page(len(shown), shown, found.hidden)

    def _asker(self, request: Request, action: Action) -> Asker:
        self._refuse_early(request, action)
        grantees = grantees_of(request.actor) if request.actor else ()
        return Asker(grantees, moment_text(self.now()))

    def cut_down(self, actor: Actor | None, document: Document) -> Document | None:
        """What somebody may see of a household; None if nothing."""
        decision = self.sight(actor, document)
        return cut(document, decision.openings) if decision.allowed else None

    def _shown(self, request: Request, documents: Iterable[Document]) -> list[Document]:
        """Those of these households that somebody may read, each cut down to what he may see."""
        asked = (self.cut_down(request.actor, item) for item in documents)
        return [item for item in asked if item is not None]

    def sight(self, actor: Actor | None, document: Document) -> Decision:
        """Whether somebody may read a household, and what of it. `document`: the whole one."""
        return may(actor, Action.READ_HOUSEHOLD, self.facts(document["household_id"], document))

    def facts(self, household_id: str, document: Document | None) -> Household:
        """What an access decision on a household depends on now."""
        return facts(household_id, document, self.now(), self.rules)

    def household(
        self, request: Request, household_id: str, action: Action = Action.READ_HOUSEHOLD, *, addresses: bool = False
    ) -> Document:
        """One household as somebody may see it: see `seen`."""
        return self.seen(request, household_id, action, addresses=addresses).document

    def seen(
        self, request: Request, household_id: str, action: Action = Action.READ_HOUSEHOLD, *, addresses: bool = False
    ) -> Seen:
        """One household as somebody may see it, without the addresses that are secret; `addresses`: they are shown to
        whoever may see them. Raises NotThere or Moved, after the decision and its look."""
        there = self._open(request, household_id, action)
        shown = cut(there.document, there.openings, there.also)
        if there.secrets != NO_SECRETS and not (addresses and self._sees_secrets(request, there.about)):
            shown = digest.withheld(shown, there.secrets)
        return Seen(shown, there.document, there.about)

    def _open(self, request: Request, household_id: str, action: Action) -> _Opened:
        """A whole household, for an action that may be done with it. Whoever may not is not told whether it exists."""
        with self.engine.connect() as connection:
            found, moved = _present(connection, household_id)
            asked = found or (readmodel.load(connection, moved) if moved else None)
            secrets = _secrets(connection, [asked]) if asked else NO_SECRETS
            others = self._readable(connection, request, asked) if asked else []
        about = self.facts(_known_id(household_id), asked)
        decision = self._decide(request, action, household=about, also=others)
        there = _there(found, moved, household_id)
        if action is not Action.READ_HOUSEHOLD:
            decision = may(request.actor, Action.READ_HOUSEHOLD, about)
        return _Opened(there, about, secrets, [ref for item in others for ref in item.dossiers], decision.openings)

    def _readable(self, connection: Connection, request: Request, document: Document) -> list[Household]:
        """Of the other households that its decisions name: of those that somebody may read, what is shown of them."""
        own = set(_dossiers(document))
        named = {ref_of(line) for item in document["decisions"] for line in item["lines"]} - own
        found: list[Household] = []
        for ref in sorted(named):
            holding = readmodel.holding(connection, ref)
            if holding is not None and self.sight(request.actor, holding).allowed:
                found.append(Household(holding["household_id"], (ref,)))
        return found

    def viewers(self, seen: Seen) -> list[Viewer]:
        """Who sees the content of each dossier of a household that somebody reads; as far as he may know it."""
        shown, known = seen.document, seen.about.known
        if known is None or shown["records"] != seen.whole["records"]:
            known = known_of(shown, self.now(), self.rules)
        workers = {staff for item in known.dossiers for staff in item.named | item.directed_by}
        workers |= {known.director.staff} if known.director else set()
        with self.engine.connect() as connection:
            standing_in = deputies.of(connection, workers - {""}, known.today)
        return viewers(shown, known._replace(deputies=standing_in))

    def emergencies(self, request: Request) -> list[ToReview]:
        """The emergency accesses that nobody has reviewed yet, the oldest first."""
        self._refuse_early(request, Action.REVIEW_EMERGENCIES)
        found = self._with_emergencies()
        self._decide(request, Action.REVIEW_EMERGENCIES, shown=found)
        open_ones = [item for document in found for item in self._to_review(document)]
        return sorted(open_ones, key=lambda item: item.decision["decided_at"])

    def count_emergencies(self, actor: Actor | None) -> int:
        """How many await the judgement of somebody; 0 for who judges none. Tells of no household, so it is no look."""
        if not may(actor, Action.REVIEW_EMERGENCIES).allowed:
            return 0
        return sum(1 for document in self._with_emergencies() for _ in self._to_review(document))

    def _with_emergencies(self) -> list[Document]:
        with self.engine.connect() as connection:
            asker = Asker([TO_REVIEW], moment_text(self.now()))
            homes = readmodel.reached(connection, asker, limit=TO_REVIEW_LIMIT)
            return list(readmodel.load_all(connection, homes).values())

    def _to_review(self, document: Document) -> Iterator[ToReview]:
        known = known_of(document, self.now(), self.rules)
        waiting = {item.decision_id: item for item in known.emergencies if not item.reviewed}
        for decision in document["decisions"]:
            if (found := waiting.get(decision["decision_id"])) is not None:
                yield ToReview(
                    document["household_id"], document["title"], decision, found.until, found.until <= known.at
                )

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
            asked = found or (readmodel.load(connection, moved) if moved else None)
            about = self.facts(_known_id(household_id), asked)
            may_ask = may(request.actor, action, about).allowed
            pairs = self._pairs(connection, request, found, open_address) if found and may_ask else []
        homes = {item.other.household["household_id"]: item.other.household for item in pairs}
        readable = {home for home, item in homes.items() if item["access"]}
        shown = [item for item in pairs if item.other.household["household_id"] in readable]
        also = [_of_side(item.other) for item in shown]
        self._decide(request, action, household=about, also=also)
        _there(found, moved, household_id)
        return Candidates(shown, len(pairs) - len(shown))

    def _pairs(
        self, connection: Connection, request: Request, document: Document, open_address: OpenAddress
    ) -> list[Candidate]:
        """Compared by what the asker may see. A household that he may not read has no `access`: of it only the number
        of pairs is told."""

        def visible(item: Document) -> Document:
            decision = self.sight(request.actor, item)
            shown = cut(item, decision.openings)
            return shown if decision.allowed else cast(Document, {**shown, "access": []})

        def withheld(documents: Sequence[Document]) -> list[Document]:
            secrets = _secrets(connection, documents)
            return [digest.withheld(visible(item), secrets) for item in documents]

        return candidates.find(connection, document, open_address, withheld)

    def looks_at(self, request: Request, household_id: str, *, page: int = 1, page_size: int = 50) -> LooksPage:
        """Who looked at this household's dossiers or members, this look included; pages count from 1."""
        found = self._open(request, household_id, Action.READ_LOOKS).document
        own = {ref.key.decode() for ref in _dossiers(found)}
        persons = [person["person_key"] for person in found["members"]]
        total, looks = self.looks.of_household(own, persons, skip=(page - 1) * page_size, limit=page_size)
        return LooksPage(total, [inspection.within(look, own) for look in looks])

    def inspect(self, request: Request, person_key: str, open_address: OpenAddress) -> Inspection:
        """Everything held of one person and every look at him, this one included; others cut out, and every address
        that is secret: whoever asks for a child may be the one who must not know it."""
        named_in = self.of_person(request, Action.INSPECT_PERSON, person_key)
        with self.engine.connect() as connection:
            secrets = _secrets(connection, named_in)
        found = [digest.withheld(item, secrets) for item in named_in]
        return inspection.inspect(found, person_key, self.looks.of_person(person_key), open_address)

    def of_person(self, request: Request, action: Action, person_key: str) -> list[Document]:
        """The households that name a person, for what is done with all of him; the look is logged first. Raises
        Refused."""
        with self.engine.connect() as connection:
            found = readmodel.naming(connection, person_key)
        decision = may(request.actor, action)
        own = inspection.dossiers(found, person_key)
        self._write(request, action, decision, None, [Household("", own, (person_key,))])
        if not decision.allowed:
            raise Refused(decision)
        return found

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

    def console(self, request: Request, action: Action, *, again: bool = False) -> None:
        """Ask whether somebody may see how the flow is, or act on it. `again`: a page that is open asks once more, of
        which no line is left but a refusal: nobody's data are shown."""
        if again:
            self._refuse_early(request, action)
        else:
            self._decide(request, action)

    def letters(self, request: Request, wanted: Letters, *, page: int = 1, page_size: int = 50) -> LettersPage:
        """A page of the unreadable records that are open, the newest first: where and why, never what stood in them."""
        self._decide(request, Action.READ_DEAD_LETTERS)
        with self.engine.connect() as connection:
            found = readmodel.open_letters(connection, wanted, skip=(page - 1) * page_size, limit=page_size)
            counts = readmodel.count_letters(connection, wanted)
            return LettersPage(sum(counts.values()), found, sorted(counts))

    def kept_letters(self, request: Request, wanted: Letters) -> list[Kept]:
        """The same with what is kept of them, sealed, to be dealt with."""
        self._decide(request, Action.OPERATE)
        with self.engine.connect() as connection:
            return readmodel.kept_letters(connection, wanted)

    def enter(self, request: Request) -> None:
        """Let somebody in, or log that not. What they then do is decided and logged by itself."""
        if not may(request.actor, Action.ENTER).allowed:
            self._decide(request, Action.ENTER)

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
        self._write(request, action, decision, only or None, households)
        if not decision.allowed:
            raise Refused(decision)

    def in_team(self, request: Request, action: Action, team: str | None) -> None:
        """Ask whether something may be done in a team, which has to be one's own, and leave one line. None: there is no
        such team, which is refused like one of others."""
        decision = may(request.actor, action)
        own = {team_key(name) for name in request.actor.teams} if request.actor else set()
        if decision.allowed and (team is None or team_key(team) not in own):
            decision = Decision(False, "no_relation")
        self._write(request, action, decision)
        if not decision.allowed:
            raise Refused(decision)

    def listing(self, request: Request, action: Action, find: Callable[[Connection, Asker], Listing[Found]]) -> Found:
        """Something that a list shows of households: refused before it is looked for, logged with what it shows."""
        asker = self._asker(request, action)
        with self.engine.connect() as connection:
            found, concerned = find(connection, asker)
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
    ) -> Decision:
        decision = may(request.actor, action, household)
        concerned = [household, *also] if household else [_listed(item) for item in shown]
        self._write(request, action, decision, (household.household_id or None) if household else None, concerned)
        if not decision.allowed:
            raise Refused(decision)
        return decision

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


def facts(household_id: str, document: Document | None, now: datetime, rules: Rules) -> Household:
    """What an access decision on a household may depend on, and what the log of looks names of it."""
    if document is None:
        return Household(household_id)
    persons = {item["person_key"] for item in digest.persons(document)}
    return Household(household_id, _dossiers(document), tuple(sorted(persons)), known_of(document, now, rules))


def _known_id(household_id: str) -> str:
    """An id as it may stand in the log of looks: what is none may be anything that somebody typed."""
    return household_id if _HOUSEHOLD_ID.fullmatch(household_id) else ""


def _secrets(connection: Connection, documents: Sequence[Document]) -> Secrets:
    persons = {person["person_key"] for document in documents for person in digest.persons(document)}
    addresses = {key for document in documents for key in digest.address_keys(document)}
    return readmodel.secrets_in(connection, persons, addresses)


def _dossiers(document: Document) -> tuple[DossierRef, ...]:
    return tuple(DossierRef(item["source"], item["dossier_id"]) for item in document["dossiers"])
