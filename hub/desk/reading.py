"""Every read of a household, for API and pages alike: fetch, decide, write the look, and only then answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, cast

from sqlalchemy import Connection

from hub.desk import candidates, digest, inspection, readmodel, searching
from hub.desk.access import Action, Actor, Decision, Household, Rules, Viewer, cut, known_of, may, viewers
from hub.desk.access.decide import Openings
from hub.desk.access.facts import dossiers_of
from hub.desk.admission import Admission, Request
from hub.desk.candidates import Candidate, Side
from hub.desk.digest import NO_SECRETS, OpenAddress, Secrets
from hub.desk.inspection import Inspection
from hub.desk.looks.record import Record
from hub.desk.precedence import give_way
from hub.desk.readmodel import Held
from hub.desk.searching import Search
from hub.desk.surroundings import Around
from hub.desk.worked_out import Kept
from hub.events.ids import DossierRef, ref_of
from hub.household.document_shape import Document

SEARCH_LIMIT: Final = 50
"""Most households that a search answers; whoever gets so many has to ask more precisely."""
HIDDEN_LIMIT: Final = 10
"""So many that may not be seen are counted; to tell more would be to tell how common a name is among families."""
_HOUSEHOLD_ID: Final = re.compile(r"H[0-9a-f]{20}")


class NotThere(Exception):
    """There is no such household (any more)."""


class Moved(Exception):
    """The household lives on under another id."""

    def __init__(self, household_id: str) -> None:
        super().__init__(household_id)
        self.household_id = household_id


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


class Seen(NamedTuple):
    """One household. `document`: as somebody sees it; `whole`: altogether, to work things out by, never to show;
    `kept`: what was worked out of that before; `about`: what a decision on it depends on."""

    document: Document
    whole: Document
    kept: Kept
    about: Household


class _Opened(NamedTuple):
    """A whole household, what a decision on it depends on, dossiers of others that may be named, and what may be seen
    of its own."""

    held: Held
    about: Household
    also: list[DossierRef]
    openings: Openings


class Reading(Admission):
    """The reads. Every method raises Refused, or LooksUnavailable if its look cannot be logged."""

    def households(self, request: Request, *, page: int, page_size: int) -> Page:
        """One page of the live households that somebody has to do with, as he may see them; pages count from 1."""
        asker = self.asker(request, Action.LIST_HOUSEHOLDS)
        with self.connect() as connection:
            found = readmodel.page(connection, asker, skip=(page - 1) * page_size, limit=page_size)
            number = readmodel.count(connection, asker)
        shown = self._shown(request, found)
        self.decide(request, Action.LIST_HOUSEHOLDS, shown=shown)
        return Page(number, shown)

    def search(self, request: Request, wanted: Search) -> Page:
        """At most SEARCH_LIMIT households; what was searched for is not logged, what was found is. Of those that
        somebody may not see is told only how many there are, up to HIDDEN_LIMIT; of a secret address not even that."""
        asker = self.asker(request, Action.SEARCH_HOUSEHOLDS)
        with self.connect() as connection:
            found = searching.search(connection, wanted, asker, limit=SEARCH_LIMIT, hidden=HIDDEN_LIMIT)
            secret = searching.is_secret(connection, wanted.address_key)
        asked = ((whole, self.cut_down(request.actor, whole)) for whole in found.households)
        shown = [
            item
            for whole, item in asked
            if item is not None and searching.fits(item, wanted)
            if not secret or self._sees_secrets(request, self.facts(whole["household_id"], whole))
        ]
        self.decide(request, Action.SEARCH_HOUSEHOLDS, shown=shown)
        return Page(len(shown), shown, found.hidden)

    def cut_down(self, actor: Actor | None, document: Document) -> Document | None:
        """What somebody may see of a household; None if nothing."""
        give_way()
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
        whole, secrets, kept = there.held
        shown = cut(whole, there.openings, there.also)
        if secrets != NO_SECRETS and not (addresses and self._sees_secrets(request, there.about)):
            shown = digest.withheld(shown, secrets)
        return Seen(shown, whole, kept, there.about)

    def _open(self, request: Request, household_id: str, action: Action) -> _Opened:
        """A whole household, for an action that may be done with it. Whoever may not is not told whether it exists."""
        around = self.around  # before a connection is taken: it may need one
        with self.connect() as connection:
            asked, moved = _found(connection, household_id)
            about = _with_deputies(self.facts(_known_id(household_id), asked.document if asked else None), around)
            others = self._readable(connection, request, asked.document) if asked else []
        decision = self.decide(request, action, household=about, also=others)
        there = _there(asked, moved, household_id)
        if action is not Action.READ_HOUSEHOLD:
            decision = may(request.actor, Action.READ_HOUSEHOLD, about)
        return _Opened(there, about, [ref for item in others for ref in item.dossiers], decision.openings)

    def _readable(self, connection: Connection, request: Request, document: Document) -> list[Household]:
        """Of the other households that its decisions name: of those that somebody may read, what is shown of them."""
        own = set(dossiers_of(document))
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
        assert known is not None, "of a household that is there"
        if shown["records"] != seen.whole["records"]:
            known = known_of(shown, known.at, self.rules)._replace(deputies=known.deputies)
        return viewers(shown, known)

    def _sees_secrets(self, request: Request, household: Household) -> bool:
        """A look at what is secret is logged as such, beside that at the household. That it was withheld is no
        refusal: nobody asked for it."""
        if not may(request.actor, Action.SEE_SECRET_ADDRESS, household).allowed:
            return False
        self.decide(request, Action.SEE_SECRET_ADDRESS, household=household)
        return True

    def candidates(self, request: Request, household_id: str, open_address: OpenAddress) -> Candidates:
        """Who may be the same person as somebody of this household. Shown are only those of households that the asker
        may read, each of them in the log of looks; a secret address is no evidence. Raises NotThere or Moved."""
        action = Action.READ_CANDIDATES
        with self.connect() as connection:
            asked, moved = _found(connection, household_id)
            about = self.facts(_known_id(household_id), asked.document if asked else None)
            may_ask = not moved and may(request.actor, action, about).allowed
            pairs = self._pairs(connection, request, asked.document, open_address) if asked and may_ask else []
        homes = {item.other.household["household_id"]: item.other.household for item in pairs}
        readable = {home for home, item in homes.items() if item["access"]}
        shown = [item for item in pairs if item.other.household["household_id"] in readable]
        also = [_of_side(item.other) for item in shown]
        self.decide(request, action, household=about, also=also)
        _there(asked, moved, household_id)
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
        found = self._open(request, household_id, Action.READ_LOOKS).held.document
        own = {ref.key.decode() for ref in dossiers_of(found)}
        persons = [person["person_key"] for person in found["members"]]
        total, looks = self.looks.of_household(own, persons, skip=(page - 1) * page_size, limit=page_size)
        return LooksPage(total, [inspection.within(look, own) for look in looks])

    def inspect(self, request: Request, person_key: str, open_address: OpenAddress) -> Inspection:
        """Everything held of one person and every look at him, this one included; others cut out, and every address
        that is secret: whoever asks for a child may be the one who must not know it."""
        named_in = self.of_person(request, Action.INSPECT_PERSON, person_key)
        with self.connect() as connection:
            secrets = _secrets(connection, named_in)
        found = [digest.withheld(item, secrets) for item in named_in]
        return inspection.inspect(found, person_key, self.looks.of_person(person_key), open_address)

    def of_person(self, request: Request, action: Action, person_key: str) -> list[Document]:
        """The households that name a person, for what is done with all of him; the look is logged first. Raises
        Refused."""
        with self.connect() as connection:
            found = readmodel.naming(connection, person_key)
        decision = may(request.actor, action)
        own = inspection.dossiers(found, person_key)
        self.conclude(request, action, decision, None, [Household("", own, (person_key,))])
        return found


def _found(connection: Connection, household_id: str) -> tuple[Held | None, str | None]:
    """The household, if it is there. If it lives on under another id: the household that does, and that id."""
    if "\0" in household_id:  # PostgreSQL takes no such text
        return None, None
    found = readmodel.held(connection, household_id)
    moved = None if found else readmodel.forward(connection, household_id)
    return readmodel.held(connection, moved) if moved else found, moved


def _there(found: Held | None, moved: str | None, household_id: str) -> Held:
    if moved is not None:
        raise Moved(moved)
    if found is None:
        raise NotThere(household_id)
    return found


def _of_side(side: Side) -> Household:
    """What is shown of a candidate: himself, as the dossiers that name him state him. The decision is about all of
    his household; the look is in the log of these dossiers."""
    person = side.person
    dossiers = set(map(ref_of, person["source_refs"]))
    return Household(side.household["household_id"], tuple(sorted(dossiers)), (person["person_key"],))


def facts(household_id: str, document: Document | None, now: datetime, rules: Rules) -> Household:
    """What an access decision on a household may depend on, and what the log of looks names of it."""
    if document is None:
        return Household(household_id)
    persons = {item["person_key"] for item in digest.persons(document)}
    return Household(household_id, dossiers_of(document), tuple(sorted(persons)), known_of(document, now, rules))


def _with_deputies(about: Household, around: Around) -> Household:
    """Together with who stands in for its workers."""
    known = about.known
    if known is None:
        return about
    workers = {staff for item in known.dossiers for staff in item.named | item.directed_by}
    workers |= {known.director.staff} if known.director else set()
    return about._replace(known=known._replace(deputies=around.deputies_of(workers - {""})))


def _known_id(household_id: str) -> str:
    """An id as it may stand in the log of looks: what is none may be anything that somebody typed."""
    return household_id if _HOUSEHOLD_ID.fullmatch(household_id) else ""


def _secrets(connection: Connection, documents: Sequence[Document]) -> Secrets:
    persons = {person["person_key"] for document in documents for person in digest.persons(document)}
    addresses = {key for document in documents for key in digest.address_keys(document)}
    return readmodel.secrets_in(connection, persons, addresses)
