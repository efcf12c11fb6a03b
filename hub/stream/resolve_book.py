"""resolve's state while a list of records is handled: what the household rules ask of it, what a step changes in it,
and the outputs that follow (protocol.md R2, R3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from hub.errors import ContractError
from hub.events import avro_bytes as avro
from hub.events.codec import decode
from hub.events.ids import DossierRef
from hub.events.topics import ASSIGNMENTS, HOUSEHOLD_COMPOSITIONS
from hub.household.clustering import Household, LineRef
from hub.household.dossier import Dossier
from hub.household.rulings import Effect, Ruling, parse_ruling
from hub.stream.resolve_state import (
    About,
    Assignment,
    Composed,
    Decided,
    Kept,
    Mark,
    Naming,
    PackedLine,
    Part,
    Register,
    Shelf,
    packed_key,
    unpack_register,
    unpacked_key,
    unpacker,
)
from hub.stream.stage import Output, State

APPLIED: Final = b"applied"
GENERATION: Final = b"generation"
DECIDED: Final = b"decided"


class Book:
    """Resolve's state while a list is handled. Also the `Statements` that the household rules ask."""

    def __init__(self, state: State) -> None:
        self._dossiers = Shelf(state, _dossier_key, unpacked_dossier)
        self._persons = Shelf(state, _person_key, _NAMING)
        self._households = Shelf(state, _household_key, _COMPOSED)
        self._decisions = Shelf(state, _decision_key, _DECIDED)
        self._about = Shelf(state, bytes, _ABOUT)
        self._marks = Shelf(state, bytes, _MARK)
        self._arrived: dict[DossierRef, bytes] = {}
        applied = self._marks.get(APPLIED)
        self.applied = applied.at if applied else -1
        self.has_decisions = self._marks.get(DECIDED) is not None

    def dossier(self, ref: DossierRef) -> Dossier | None:
        """Current composition, None when deleted or unknown."""
        found = self.register(ref)
        return None if found is None or found.deleted else found

    def register(self, ref: DossierRef) -> Dossier | None:
        """Current register, deleted ones included."""
        kept = self._dossiers.get(ref)
        return kept.value.dossier if kept else None

    def dossiers_of(self, person: str) -> tuple[DossierRef, ...]:
        """Every dossier that names this person."""
        kept = self._persons.get(person)
        return kept.value.dossiers if kept else ()

    def ruling(self, key: str) -> Ruling | None:
        """Current register of a decision."""
        kept = self._decisions.get(key)
        return _ruling(kept.value.message) if kept else None

    def rulings_about(self, ref: DossierRef) -> list[Ruling]:
        """See `Statements.rulings_about`."""
        return self._rulings(b"y/" + ref.key) if self.has_decisions else []

    def rulings_naming(self, person: str) -> list[Ruling]:
        """See `Statements.rulings_naming`."""
        return self._rulings(b"z/" + person.encode()) if self.has_decisions else []

    def _rulings(self, key: bytes) -> list[Ruling]:
        kept = self._about.get(key)
        return [found for name in (kept.value.decisions if kept else ()) if (found := self.ruling(name))]

    def assignment(self, ref: DossierRef) -> str | None:
        """The household the dossier is assigned to."""
        kept = self._dossiers.get(ref)
        return kept.value.assignment.household if kept else None

    def label(self, household: str) -> int:
        """Label of a household's current content; -1 for an id that was never used."""
        kept = self._households.get(household)
        return kept.at if kept else -1

    def apply(self, clock: int) -> None:
        """Everything up to this clock has been stepped over."""
        if clock > self.applied:
            self.applied = clock
            self._marks.put(clock, APPLIED, Mark(clock))

    def require_generation(self, clock: int, generation: int) -> None:
        """Persons keyed with another secret would all become strangers to themselves: stop instead.

        Raises ContractError: the secret is changed by a new incarnation only (new topics, sources read again)."""
        kept = self._marks.get(GENERATION)
        if kept is None:
            self._marks.put(clock, GENERATION, Mark(generation))
        elif kept.value.value != generation:
            raise ContractError(
                "The linking key has changed within one incarnation; nothing was linked.",
                f"generation {generation} after {kept.value.value}",
            )

    def has_generation(self, generation: int) -> bool:
        """Whether persons are keyed with this secret, as far as is known yet."""
        kept = self._marks.get(GENERATION)
        return kept is None or kept.value.value == generation

    def register_composition(self, clock: int, dossier: Dossier, message: bytes) -> None:
        """Store a newer composition and bring the index person → dossiers up to date."""
        self._arrived[dossier.ref] = message
        kept = self._dossiers.get(dossier.ref)
        register = kept.value._replace(dossier=dossier) if kept else Register(Assignment(None, -1), dossier)
        self._dossiers.put(clock, dossier.ref, register)
        old = kept.value.dossier.persons if kept else frozenset()
        for person in old ^ dossier.persons:
            named = set(self.dossiers_of(person)) ^ {dossier.ref}
            self._persons.put(clock, person, Naming(tuple(sorted(named))))

    def register_ruling(self, clock: int, ruling: Ruling, message: bytes) -> None:
        """Store a newer decision and bring the indexes dossier → decisions and person → decisions up to date."""
        before = self.ruling(ruling.key)
        self.has_decisions = True
        self._marks.put(clock, DECIDED, Mark(1))
        self._decisions.put(clock, ruling.key, Decided(message))
        for index in _indexes(ruling) ^ (_indexes(before) if before else set()):
            kept = self._about.get(index)
            names = set(kept.value.decisions if kept else ()) ^ {ruling.key}
            self._about.put(clock, index, About(tuple(sorted(names))))

    def assign(self, clock: int, ref: DossierRef, household: str | None) -> None:
        """R2: a dossier whose household changed gets since := clock."""
        kept = self._dossiers.get(ref)
        if kept and (kept.value.assignment.household != household or kept.value.assignment.since < 0):
            self._dossiers.put(clock, ref, kept.value._replace(assignment=Assignment(household, clock)))

    def messages(self, refs: Collection[DossierRef]) -> dict[DossierRef, bytes]:
        """The current compositions, as published, of dossiers that are in a household or have just arrived."""
        homes = {self.assignment(ref) for ref in refs}
        found = (self._households.get(home) for home in homes if home)
        parts = (part for kept in found if kept for part in kept.value.parts)
        messages = {part.ref: part.message for part in parts if part.ref in refs}
        return messages | {ref: self._arrived[ref] for ref in refs if ref in self._arrived}

    def publish(
        self,
        clock: int,
        household: Household,
        messages: Mapping[DossierRef, bytes],
        rulings: Iterable[tuple[Ruling, Effect]],
    ) -> None:
        """R2: a household whose content changed gets label := clock."""
        decisions = tuple((effect.value, self._message(ruling)) for ruling, effect in rulings)
        composed = _composed(household, tuple(self._parts(household, messages)), decisions)
        kept = self._households.get(household.id)
        if kept is None or kept.value != composed:
            self._households.put(clock, household.id, composed)

    def _parts(self, household: Household, messages: Mapping[DossierRef, bytes]) -> Iterator[Part]:
        for dossier in household.dossiers:
            kept = self._dossiers.get(dossier.ref)
            # Neither is ever missing while the changelog of a list is whole.
            if kept is not None and dossier.ref in messages:
                yield Part(dossier.ref, kept.value.assignment.since, messages[dossier.ref])

    def _message(self, ruling: Ruling) -> bytes:
        kept = self._decisions.get(ruling.key)
        if kept is None:
            raise LookupError("a decision has an effect and resolve does not hold it")
        return kept.value.message

    def cease(self, clock: int, household: str) -> None:
        """R2: a household that ceased becomes gone; the key keeps {gone, label} for ever."""
        self._households.put(clock, household, Composed(gone=True))

    def close(self) -> list[Output]:
        """Write what changed to the state; return one output per changed assignment and household."""
        outputs = [composition_of(name, kept) for name, kept in self._households.changed()]
        for ref, kept in self._dossiers.changed():
            before = self._dossiers.before(ref)
            if before is None or before.value.assignment != kept.value.assignment:
                outputs.append(assignment_of(ref.key, kept.value.assignment))
        for shelf in (self._dossiers, self._persons, self._households, self._decisions, self._about, self._marks):
            shelf.write()
        return outputs


def _indexes(ruling: Ruling) -> set[bytes]:
    """Keys under which a decision is found."""
    about = {b"y/" + ref.key for ref in ruling.dossiers}
    return about | {b"z/" + person.encode() for person in ruling.persons}


def _composed(household: Household, parts: tuple[Part, ...], decisions: tuple[tuple[str, bytes], ...]) -> Composed:
    places = {part.ref: place for place, part in enumerate(parts)}

    def packed(lines: Iterable[LineRef]) -> tuple[PackedLine, ...]:
        return tuple((places[ref], line, packed_key(person)) for ref, line, person in lines if ref in places)

    return Composed(
        gone=False,
        is_open=household.is_open,
        oversized=household.oversized,
        parts=parts,
        members=packed(household.members),
        references=packed(household.references),
        history=packed(household.history),
        conflicts=packed(household.conflicts),
        decisions=decisions,
    )


def assignment_of(key: bytes, found: Assignment) -> Output:
    """What is published of a dossier."""
    fields = avro.dossier(DossierRef.from_key(key)), avro.optional(found.household), avro.long(found.since)
    return Output(ASSIGNMENTS, key, b"".join((avro.header("households.assignment"), *fields)))


def composition_of(household_id: str, kept: Kept[Composed]) -> Output:
    """What is published of a household."""
    at, found = kept
    dossiers = [avro.dossier(part.ref) for part in found.parts]

    def lines(packed: tuple[PackedLine, ...]) -> bytes:
        written = (
            dossiers[place] + avro.text(line) + avro.text(unpacked_key(person)) for place, line, person in packed
        )
        return avro.array(list(written))

    parts = [
        ref + avro.long(part.since) + avro.blob(part.message) for ref, part in zip(dossiers, found.parts, strict=True)
    ]
    status = "" if found.gone else "open" if found.is_open else "closed"
    fields = (
        avro.text(household_id),
        avro.long(at),
        avro.boolean(found.gone),
        avro.text(status),
        avro.boolean(found.oversized),
        avro.array(parts),
        lines(found.members),
        lines(found.references),
        lines(found.history),
        lines(found.conflicts),
        avro.array([avro.text(effect) + avro.blob(message) for effect, message in found.decisions]),
    )
    message = b"".join((avro.header("households.composition"), *fields))
    return Output(HOUSEHOLD_COMPOSITIONS, household_id.encode(), message)


def _dossier_key(ref: DossierRef) -> bytes:
    return b"d/" + ref.key


def _person_key(person: str) -> bytes:
    return b"p/" + person.encode()


def _household_key(household: str) -> bytes:
    return b"h/" + household.encode()


def _decision_key(decision: str) -> bytes:
    return b"x/" + decision.encode()


unpacked_dossier: Final = lru_cache(maxsize=1_024)(unpack_register)
"""Unpacking takes some 20 us and what is unpacked 3 kB, so only a burst of changes on one dossier is worth keeping."""
_NAMING: Final = unpacker(Naming)
_COMPOSED: Final = unpacker(Composed)
_DECIDED: Final = unpacker(Decided)
_ABOUT: Final = unpacker(About)
_MARK: Final = unpacker(Mark)


@lru_cache(maxsize=16_384)
def _ruling(message: bytes) -> Ruling:
    return parse_ruling(decode(message).value)
