"""A person's data erased, as an inspection officer orders it: first what would go and what stays, then the order.

The hub forgets; the sources are the truth and do not. Decisions that name him are written over here, by their only
writer; all that sources stated is deleted by their ingest (`hub.connect.ingest.erasing`), which obeys the order in the
log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from hub.desk import digest, inspection, readmodel
from hub.desk.access import Action
from hub.desk.admission import Request
from hub.desk.deciding import Deciding, ReasonHoldsBsn
from hub.desk.reading import Reading
from hub.desk.taking_back import withdrawn
from hub.events.decisions import DecisionMessage, Kind, forgetting
from hub.events.erasures import Erasure, LineRef, new_id
from hub.events.ids import DossierRef
from hub.household.document_shape import DecisionEntry, Document, Person

_NOBODY: Final = "-"


class Kept(StrEnum):
    """What an erasure leaves, and why (`hub/docs/adr/0014-a-person-is-forgotten-at-the-door.md`)."""

    SOURCES = "sources"
    TOPICS = "topics"
    COMPACTION = "compaction"
    WORDS_OF_OTHERS = "words_of_others"
    DEAD_LETTERS = "dead_letters"
    LOOKS = "looks"
    ORDER = "order"
    BACKUPS = "backups"


class OwnDossier(NamedTuple):
    """A dossier of which he is the client: it goes altogether."""

    source: str
    dossier_id: str
    is_open: bool


@dataclass(frozen=True)
class Plan:
    """What goes. `lines`: those that name him in dossiers of others; `alone`: how many other persons are named nowhere
    but in his dossiers, and so are not known any more either; `records`: of his dossiers, and measurements of him."""

    dossiers: tuple[OwnDossier, ...]
    lines: tuple[LineRef, ...]
    records: int
    decisions: tuple[DecisionEntry, ...]
    alone: int

    @property
    def refs(self) -> tuple[DossierRef, ...]:
        """His dossiers."""
        return tuple(DossierRef(item.source, item.dossier_id) for item in self.dossiers)

    @property
    def is_empty(self) -> bool:
        """Nothing is held of him."""
        return not (self.dossiers or self.lines or self.decisions)


def plan(documents: Sequence[Document], person_key: str, naming: Callable[[str], Iterable[Document]]) -> Plan:
    """What goes of a person, by the households that name him. `naming`: those that name another person."""
    dossiers = sorted({item for document in documents for item in _own(document, person_key)})
    own = {DossierRef(item.source, item.dossier_id) for item in dossiers}
    lines = {ref for document in documents for ref in _lines(document, person_key)}
    decisions = {item["decision_id"]: item for document in documents for item in _naming(document, person_key, own)}
    return Plan(
        dossiers=tuple(dossiers),
        lines=tuple(sorted(line for line in lines if DossierRef(line.source, line.dossier_id) not in own)),
        records=sum(1 for document in documents for _ in inspection.records(document, person_key)),
        decisions=tuple(decisions.values()),
        alone=sum(_is_alone(key, own, naming) for key in _others(documents, person_key)),
    )


def _own(document: Document, person_key: str) -> Iterator[OwnDossier]:
    for item in document["dossiers"]:
        if item["client"] == person_key:
            yield OwnDossier(item["source"], item["dossier_id"], item["status"] == "open")
    for about in document["message_dossiers"]:
        if about["client"] == person_key:
            yield OwnDossier(about["source"], about["dossier_id"], is_open=False)


def _lines(document: Document, person_key: str) -> Iterator[LineRef]:
    for person in digest.persons(document):
        if person["person_key"] == person_key:
            yield from _refs(person)


def _refs(person: Person) -> Iterator[LineRef]:
    return (LineRef(ref["source"], ref["dossier_id"], ref["line"]) for ref in person["source_refs"])


def _naming(document: Document, person_key: str, own: set[DossierRef]) -> Iterator[DecisionEntry]:
    """Decisions on him, on his dossiers, and what he agreed to elsewhere. Not that a line elsewhere is somebody else,
    although it states his number: without it that person would be taken for him."""
    keys = {person_key, *(line["stated_key"] for line in document["lines"] if line["person_key"] == person_key)}
    for item in document["decisions"]:
        said = item["snooze"] or item["direction"] or item["consent"] or item["emergency"] or item["review"]
        is_named = any(keys & {line["person_key"], line["stated_key"]} for line in item["lines"])
        is_on_his = said is not None and DossierRef(said["source"], said["dossier_id"]) in own
        if item["kind"] == Kind.DIFFERENT_PERSON and not _all_in(item, own):
            continue
        if is_named or is_on_his or (item["consent"] is not None and item["consent"]["person"] in keys):
            yield item


def _all_in(decision: DecisionEntry, own: set[DossierRef]) -> bool:
    return all(DossierRef(line["source"], line["dossier_id"]) in own for line in decision["lines"])


def _others(documents: Iterable[Document], person_key: str) -> set[str]:
    named = {person["person_key"] for document in documents for person in digest.persons(document)}
    return named - {person_key}


def _is_alone(key: str, own: set[DossierRef], naming: Callable[[str], Iterable[Document]]) -> bool:
    lines = (line for document in naming(key) for line in _lines(document, key))
    return all(DossierRef(line.source, line.dossier_id) in own for line in lines)


class Erased(NamedTuple):
    """What goes, and the id of the order; None if it was only asked what would."""

    plan: Plan
    erasure_id: str | None


@dataclass(frozen=True)
class Erasing:
    """The orders. Raises Refused, LooksUnavailable, ReasonHoldsBsn, and what publishing raises."""

    reading: Reading
    deciding: Deciding

    def erase(self, request: Request, person_key: str, why: str, *, order: bool) -> Erased:
        """Say what goes and, if that is ordered and anything is held, give the order. Ordered again, it reaches what
        was not known the first time."""
        if self.deciding.holds_bsn(why):
            raise ReasonHoldsBsn
        found = self.reading.of_person(request, Action.ERASE_PERSON, person_key)
        with self.reading.connect() as connection:
            going = plan(found, person_key, lambda key: readmodel.naming(connection, key))
        if not order or going.is_empty:
            return Erased(going, None)
        ordered = self._order(request, person_key, why, going)  # first: a decision that is written over is gone
        for entry in going.decisions:
            self._write_over(entry)
        return Erased(going, ordered)

    def _order(self, request: Request, person_key: str, why: str, going: Plan) -> str:
        given = [""]

        def message(version: int, now: datetime) -> DecisionMessage:
            order = Erasure(
                erasure_id=new_id(person_key, version),
                jurisdiction=self.deciding.jurisdiction,
                key_generation=self.deciding.key_generation,
                person=person_key,
                dossiers=going.refs,
                lines=going.lines,
                why=why,
                ordered_by=request.actor.user if request.actor else "",
                ordered_at=now,
            )
            given[0] = order.erasure_id
            return order.message()

        self.deciding.in_turn(lambda: 0, message)
        return given[0]

    def _write_over(self, entry: DecisionEntry) -> None:
        """A later version of the same decision that says nothing of anybody."""
        decision = withdrawn(entry, _NOBODY, _NOBODY)
        self.deciding.in_turn(
            lambda: entry["version"],
            lambda version, now: forgetting(
                decision,
                version=version,
                decided_at=now,
                jurisdiction=self.deciding.jurisdiction,
                key_generation=self.deciding.key_generation,
            ),
        )
