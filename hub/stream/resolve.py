"""resolve: who is one household (protocol.md R1–R4). Steps record by record; its state is a function of the input
prefix alone.

State, all in one partition: `d/<dossier>` its assignment and register, `p/<person>` the dossiers that name them,
`h/<household>` its composition and label, and in it the messages of its dossiers, which are kept nowhere else,
`x/<decision>` a human's decision, `y/<dossier>` and `z/<person>` the decisions that name them, `applied` the clock of
the last step, `generation` the generation of the linking key, `decided` that there is any decision at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from hub.events.codec import Value, decode, decode_start
from hub.events.decisions import SUBJECT as DECISION
from hub.events.ids import DossierRef
from hub.events.topics import ASSIGNMENTS, COMPOSITIONS, HOUSEHOLD_COMPOSITIONS, RESOLVE_STATE
from hub.household.clustering import Household, Neighbourhood
from hub.household.dossier import parse_dossier
from hub.household.rulings import Ruled, parse_ruling
from hub.stream.reading import dead_letter, readable
from hub.stream.resolve_book import Book, assignment_of, composition_of
from hub.stream.resolve_book import unpacked_dossier as _dossier
from hub.stream.resolve_state import Assignment, Composed, clock_of, unpacker
from hub.stream.stage import Output, Record, State

__all__ = ["Book", "NonsenseError", "Resolve", "_dossier"]

COMPOSITION: Final = "registrations.composition"
_LABEL_FIELDS: Final = 2
"""Of a household's composition: those up to and including its label."""
_ASSIGNMENT: Final = unpacker(Assignment)
_COMPOSED: Final = unpacker(Composed)
_INCARNATION_SHIFT: Final = 40
"""Offsets below 2**40 leave room for 8 million incarnations in a signed 64-bit clock."""


class Resolve:
    """The first stage. `incarnation` is raised when the input topic is replaced or the linking secret changes."""

    name: Final = "resolve"
    inputs: Final = (COMPOSITIONS,)
    changelog: Final = RESOLVE_STATE
    guarded: Final = (ASSIGNMENTS, HOUSEHOLD_COMPOSITIONS)

    def __init__(self, incarnation: int = 0) -> None:
        self._epoch = incarnation << _INCARNATION_SHIFT

    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        """See `Stage.handle`. Every key that changed at any step is returned once, with its final value (R3)."""
        rejected: list[Output] = []
        book = Book(state)
        for record, decoded in readable(self.name, topic, records, (COMPOSITION, DECISION), rejected):
            clock = self._epoch | record.offset
            if clock > book.applied:
                step = _register_decision if decoded.subject == DECISION else _register_composition
                try:
                    step(book, clock, decoded.value, record.value)
                except NonsenseError:
                    rejected.append(dead_letter(self.name, topic, record))
        if records:
            book.apply(self._epoch | records[-1].offset)
        return rejected + book.close()

    def merge(self, key: bytes, mine: bytes | None, seen: bytes) -> bytes:
        """See `Stage.merge`: a key's value is a function of its clock, so the greater clock wins."""
        return seen if mine is None or clock_of(seen) >= clock_of(mine) else mine

    def implied(self, key: bytes, value: bytes) -> list[Output]:
        """See `Stage.implied`: the assignment of a dossier, the composition of a household."""
        if key.startswith(b"h/"):
            return [composition_of(key[2:].decode(), _COMPOSED(value))]
        return [assignment_of(key[2:], _ASSIGNMENT(value).value)] if key.startswith(b"d/") else []

    def repair(self, state: State, topic: str, key: bytes, seen: bytes) -> bytes | None:
        """See `Stage.repair`: since and label tell which is older."""
        stored = state.get((b"d/" if topic == ASSIGNMENTS else b"h/") + key)
        if stored is None:
            return None
        if topic == ASSIGNMENTS:
            assignment = _ASSIGNMENT(stored).value
            older = decode(seen).value["since"] < assignment.since
            return assignment_of(key, assignment).value if older else None
        older = decode_start(seen, _LABEL_FIELDS)["label"] < clock_of(stored)
        return composition_of(key.decode(), _COMPOSED(stored)).value if older else None


class NonsenseError(Exception):
    """A decision that can be decoded and means nothing. It changes nothing, and is kept as a dead letter."""


def _register_composition(book: Book, clock: int, event: Value, message: bytes) -> None:
    """One composition (R1, R2)."""
    book.require_generation(clock, event["key_generation"])
    book.apply(clock)
    dossier = parse_dossier(event)
    known = book.register(dossier.ref)
    if known and known.order >= dossier.order:
        return
    with _regrouping(book, clock, {dossier.ref}):
        book.register_composition(clock, dossier, message)


def _register_decision(book: Book, clock: int, event: Value, message: bytes) -> None:
    """One decision of a human (R1, R2). One that names persons by keys of another secret names nobody."""
    book.apply(clock)
    if not book.has_generation(event["key_generation"]):
        raise NonsenseError
    try:
        ruling = parse_ruling(event)
    except ValueError as error:
        raise NonsenseError from error
    known = book.ruling(ruling.key)
    if known and known.order >= ruling.order:
        return
    both = [ruling, known] if known else [ruling]
    dossiers = {ref for item in both for ref in item.dossiers}
    with _regrouping(book, clock, dossiers, {person for item in both for person in item.persons}):
        book.register_ruling(clock, ruling, message)


@contextmanager
def _regrouping(book: Book, clock: int, refs: set[DossierRef], persons: Collection[str] = ()) -> Iterator[None]:
    """Around a change of these dossiers, or of decisions on these persons: afterwards the touched households are
    computed anew, and what changed of them is kept (R2)."""
    stated = Ruled(book, any_rulings=book.has_decisions)
    changed, named = stated.concerned(refs)
    named |= set(persons)
    before = Neighbourhood(stated).surroundings(changed, named)
    yield
    ruled = Ruled(book, any_rulings=book.has_decisions)
    _keep(book, clock, changed, Neighbourhood(ruled).around(changed, named, before), ruled)


def _keep(book: Book, clock: int, changed: set[DossierRef], households: list[Household], ruled: Ruled) -> None:
    moved = {found.ref for household in households for found in household.dossiers} | changed
    messages = book.messages(moved)
    former = {home for ref in moved if (home := book.assignment(ref))}
    for ref in changed:
        if book.dossier(ref) is None:
            book.assign(clock, ref, None)
    for household in households:
        for found in household.dossiers:
            book.assign(clock, found.ref, household.id)
    for household in households:
        book.publish(clock, household, messages, ruled.rulings(found.ref for found in household.dossiers))
    for household_id in sorted(former - {household.id for household in households}):
        book.cease(clock, household_id)
