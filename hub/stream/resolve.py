"""resolve: who is one household (protocol.md R1–R4). Steps record by record; its state is a function of the input
prefix alone.

State, all in one partition: `d/<dossier>` its register and assignment, `p/<person>` the dossiers that name them,
`h/<household>` its composition and label, `x/<decision>` a human's decision, `y/<dossier>` and `z/<person>` the
decisions that name them, `applied` the clock of the last step, `generation` the generation of the linking key,
`decided` that there is any decision at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from hub.errors import ContractError
from hub.events.codec import Value, decode, encode
from hub.events.decisions import SUBJECT as DECISION
from hub.events.ids import DossierRef
from hub.events.topics import ASSIGNMENTS, COMPOSITIONS, HOUSEHOLD_COMPOSITIONS, RESOLVE_STATE
from hub.household.clustering import Household, LineRef, Neighbourhood
from hub.household.dossier import Dossier, parse_dossier
from hub.household.rulings import Effect, Ruled, Ruling, parse_ruling
from hub.stream.reading import dead_letter, readable
from hub.stream.stage import Output, Record, State

APPLIED: Final = b"applied"
GENERATION: Final = b"generation"
DECIDED: Final = b"decided"
COMPOSITION: Final = "registrations.composition"
_INCARNATION_SHIFT: Final = 40
"""Offsets below 2**40 leave room for 8 million incarnations in a signed 64-bit clock."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One key of resolve's state. `at`: the clock of the step that wrote it. Fields that do not belong to the kind
    are empty."""

    kind: str
    at: int
    payload: bytes | None = None
    household: str | None = None
    since: int = -1
    dossiers: tuple[DossierRef, ...] = ()
    decisions: tuple[str, ...] = ()


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
                book.require_generation(clock, decoded.value["key_generation"])
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
        return seen if mine is None or _decode(seen).at >= _decode(mine).at else mine

    def implied(self, key: bytes, value: bytes) -> list[Output]:
        """See `Stage.implied`: the assignment of a dossier, the composition of a household."""
        return _implied(key, _decode(value))

    def repair(self, state: State, topic: str, key: bytes, seen: bytes) -> bytes | None:
        """See `Stage.repair`: since and label tell which is older."""
        value = decode(seen).value
        if topic == ASSIGNMENTS:
            kept = _read(state, b"d/" + key)
            older = kept is not None and value["since"] < kept.since
            return _assignment(DossierRef.from_key(key), kept) if kept and older else None
        kept = _read(state, b"h/" + key)
        return kept.payload if kept and value["label"] < kept.at else None


class NonsenseError(Exception):
    """A decision that can be decoded and means nothing. It changes nothing, and is kept as a dead letter."""


class Book:
    """Resolve's state while a list is handled: reads through to `State`, collects what changed. Also the `Statements`
    that the household rules ask."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._changed: dict[bytes, Kept] = {}
        applied = self._get(APPLIED)
        self.applied = applied.at if applied else -1
        self._decided = self._get(DECIDED) is not None

    def _get(self, key: bytes) -> Kept | None:
        return self._changed.get(key) or _read(self._state, key)

    def dossier(self, ref: DossierRef) -> Dossier | None:
        """Current composition, None when deleted or unknown."""
        found = self.register(ref)
        return None if found is None or found.deleted else found

    def register(self, ref: DossierRef) -> Dossier | None:
        """Current register, deleted ones included."""
        kept = self._get(b"d/" + ref.key)
        return _dossier(kept.payload) if kept and kept.payload else None

    def dossiers_of(self, person: str) -> tuple[DossierRef, ...]:
        """Every dossier that names this person."""
        kept = self._get(b"p/" + person.encode())
        return kept.dossiers if kept else ()

    def ruling(self, key: str) -> Ruling | None:
        """Current register of a decision."""
        kept = self._get(b"x/" + key.encode())
        return _ruling(kept.payload) if kept and kept.payload else None

    def rulings_about(self, ref: DossierRef) -> list[Ruling]:
        """See `Statements.rulings_about`."""
        return self._rulings(b"y/" + ref.key)

    def rulings_naming(self, person: str) -> list[Ruling]:
        """See `Statements.rulings_naming`."""
        return self._rulings(b"z/" + person.encode())

    def _rulings(self, key: bytes) -> list[Ruling]:
        kept = self._get(key) if self._decided else None
        return [found for name in (kept.decisions if kept else ()) if (found := self.ruling(name))]

    def assignment(self, ref: DossierRef) -> str | None:
        """The household the dossier is assigned to."""
        kept = self._get(b"d/" + ref.key)
        return kept.household if kept else None

    def label(self, household: str) -> int:
        """Label of a household's current content; -1 for an id that was never used."""
        kept = self._get(b"h/" + household.encode())
        return kept.at if kept else -1

    def apply(self, clock: int) -> None:
        """Everything up to this clock has been stepped over."""
        if clock > self.applied:
            self.applied = clock
            self._changed[APPLIED] = Kept("applied", clock)

    def require_generation(self, clock: int, generation: int) -> None:
        """Persons keyed with another secret would all become strangers to themselves: stop instead.

        Raises ContractError: the secret is changed by a new incarnation only (new topics, sources read again)."""
        kept = self._get(GENERATION)
        if kept is None:
            self._changed[GENERATION] = Kept("generation", clock, since=generation)
        elif kept.since != generation:
            raise ContractError(
                "The linking key has changed within one incarnation; nothing was linked.",
                f"generation {generation} after {kept.since}",
            )

    def register_composition(self, clock: int, dossier: Dossier, message: bytes) -> None:
        """Store a newer composition and bring the index person → dossiers up to date."""
        before = self.register(dossier.ref)
        key = b"d/" + dossier.ref.key
        kept = self._get(key) or Kept("dossier", clock)
        self._changed[key] = replace(kept, at=clock, payload=message)
        old = before.persons if before else frozenset()
        for person in old ^ dossier.persons:
            named = set(self.dossiers_of(person)) ^ {dossier.ref}
            self._changed[b"p/" + person.encode()] = Kept("person", clock, dossiers=tuple(sorted(named)))

    def register_ruling(self, clock: int, ruling: Ruling, message: bytes) -> None:
        """Store a newer decision and bring the indexes dossier → decisions and person → decisions up to date."""
        before = self.ruling(ruling.key)
        self._decided = True
        self._changed[DECIDED] = Kept("decided", clock)
        self._changed[b"x/" + ruling.key.encode()] = Kept("decision", clock, payload=message)
        for index in _indexes(ruling) ^ (_indexes(before) if before else set()):
            kept = self._get(index)
            names = set(kept.decisions if kept else ()) ^ {ruling.key}
            self._changed[index] = Kept("about", clock, decisions=tuple(sorted(names)))

    def assign(self, clock: int, ref: DossierRef, household: str | None) -> None:
        """R2: a dossier whose household changed gets since := clock."""
        key = b"d/" + ref.key
        kept = self._get(key)
        if kept and (kept.household != household or kept.since < 0):
            self._changed[key] = replace(kept, at=clock, household=household, since=clock)

    def publish(self, clock: int, household: Household, rulings: Iterable[tuple[Ruling, Effect]]) -> None:
        """R2: a household whose content changed gets label := clock."""
        key = b"h/" + household.id.encode()
        kept = self._get(key)
        decisions = [{"effect": effect.value, "decision": self._message(ruling)} for ruling, effect in rulings]
        if kept is None or kept.payload != self._composition(household, decisions, kept.at):
            payload = self._composition(household, decisions, clock)
            self._changed[key] = Kept("household", clock, payload=payload)

    def _message(self, ruling: Ruling) -> bytes | None:
        kept = self._get(b"x/" + ruling.key.encode())
        return kept.payload if kept else None

    def cease(self, clock: int, household: str) -> None:
        """R2: a household that ceased becomes gone; the key keeps {gone, label} for ever."""
        key = b"h/" + household.encode()
        self._changed[key] = Kept("household", clock, payload=_composition_message(household, clock, gone=True))

    def _composition(self, household: Household, decisions: Sequence[dict[str, Any]], label: int) -> bytes:
        dossiers = []
        for dossier in household.dossiers:
            kept = self._get(b"d/" + dossier.ref.key)
            if kept is None or kept.payload is None:
                raise LookupError("a household names a dossier that resolve does not hold")
            dossiers.append({**dossier.ref._asdict(), "since": kept.since, "composition": kept.payload})
        return _composition_message(
            household.id, label, gone=False, household=household, dossiers=dossiers, decisions=decisions
        )

    def close(self) -> list[Output]:
        """Write what changed to the state; return one output per changed assignment and household."""
        outputs: list[Output] = []
        for key, kept in self._changed.items():
            before = _read(self._state, key)
            if kept.kind == "household" or before is None or before.since != kept.since:
                outputs += _implied(key, kept)
            self._state.put(key, _encode(kept))
        return outputs


def _register_composition(book: Book, clock: int, event: Value, message: bytes) -> None:
    """One composition (R1, R2)."""
    book.apply(clock)
    dossier = parse_dossier(event)
    known = book.register(dossier.ref)
    if known and known.order >= dossier.order:
        return
    with _regrouping(book, clock, {dossier.ref}):
        book.register_composition(clock, dossier, message)


def _register_decision(book: Book, clock: int, event: Value, message: bytes) -> None:
    """One decision of a human (R1, R2)."""
    book.apply(clock)
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
    stated = Ruled(book)
    changed, named = stated.concerned(refs)
    named |= set(persons)
    before = Neighbourhood(stated).surroundings(changed, named)
    yield
    ruled = Ruled(book)
    _keep(book, clock, changed, Neighbourhood(ruled).around(changed, named, before), ruled)


def _keep(book: Book, clock: int, changed: set[DossierRef], households: list[Household], ruled: Ruled) -> None:
    moved = {found.ref for household in households for found in household.dossiers} | changed
    former = {home for ref in moved if (home := book.assignment(ref))}
    for ref in changed:
        if book.dossier(ref) is None:
            book.assign(clock, ref, None)
    for household in households:
        for found in household.dossiers:
            book.assign(clock, found.ref, household.id)
    for household in households:
        book.publish(clock, household, ruled.rulings(found.ref for found in household.dossiers))
    for household_id in sorted(former - {household.id for household in households}):
        book.cease(clock, household_id)


def _indexes(ruling: Ruling) -> set[bytes]:
    """Keys under which a decision is found."""
    about = {b"y/" + ref.key for ref in ruling.dossiers}
    return about | {b"z/" + person.encode() for person in ruling.persons}


def _implied(key: bytes, kept: Kept) -> list[Output]:
    if kept.kind == "household" and kept.payload:
        return [Output(HOUSEHOLD_COMPOSITIONS, key[2:], kept.payload)]
    if kept.kind == "dossier":
        return [Output(ASSIGNMENTS, key[2:], _assignment(DossierRef.from_key(key[2:]), kept))]
    return []


def _assignment(ref: DossierRef, kept: Kept) -> bytes:
    return encode("households.assignment", {**ref._asdict(), "household": kept.household, "since": kept.since})


def _lines(lines: Iterable[LineRef]) -> list[dict[str, Any]]:
    return [{**ref._asdict(), "line": line, "person": person} for ref, line, person in lines]


def _composition_message(
    household_id: str,
    label: int,
    *,
    gone: bool,
    household: Household | None = None,
    dossiers: Sequence[dict[str, Any]] = (),
    decisions: Sequence[dict[str, Any]] = (),
) -> bytes:
    lines = household or _NOBODY
    return encode(
        "households.composition",
        {
            "household": household_id,
            "label": label,
            "gone": gone,
            "status": "" if gone else "open" if lines.is_open else "closed",
            "oversized": lines.oversized,
            "dossiers": dossiers,
            "members": _lines(lines.members),
            "references": _lines(lines.references),
            "history": _lines(lines.history),
            "conflicts": _lines(lines.conflicts),
            "decisions": decisions,
        },
    )


_NOBODY: Final = Household("", False, False, (), (), (), (), ())


def _read(state: State, key: bytes) -> Kept | None:
    stored = state.get(key)
    return _decode(stored) if stored else None


@lru_cache(maxsize=16_384)
def _decode(message: bytes) -> Kept:
    value = decode(message).value
    dossiers = tuple(DossierRef(**ref) for ref in value["dossiers"])
    return Kept(
        value["kind"],
        value["at"],
        value["payload"],
        value["household"],
        value["since"],
        dossiers,
        tuple(value["decisions"]),
    )


@lru_cache(maxsize=16_384)
def _ruling(message: bytes) -> Ruling:
    return parse_ruling(decode(message).value)


@lru_cache(maxsize=16_384)
def _dossier(message: bytes) -> Dossier:
    return parse_dossier(decode(message).value)


def _encode(kept: Kept) -> bytes:
    return encode(
        "internal.resolve",
        {
            "kind": kept.kind,
            "at": kept.at,
            "payload": kept.payload,
            "household": kept.household,
            "since": kept.since,
            "dossiers": [ref._asdict() for ref in kept.dossiers],
            "decisions": list(kept.decisions),
        },
    )
