"""route: send every register of a dossier to the household the dossier belongs to now (protocol.md R5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hub.events import avro_bytes as avro
from hub.events.codec import decode
from hub.events.decisions import SUBJECT as DECISION_SUBJECT
from hub.events.ids import DossierRef
from hub.events.records import RecordType
from hub.events.topics import ASSIGNMENTS, HOUSEHOLD_RECORDS, RECORDS, ROUTE_STATE
from hub.household.dossier import order_of
from hub.household.view import Entry, EntryKey, entry_of, record_message, register_bytes
from hub.stream.memo import Memo
from hub.stream.reading import readable
from hub.stream.stage import Output, Record, State

_SUBJECTS: Final = (
    *(kind.subject for kind in RecordType if kind is not RecordType.COMPOSITION),
    DECISION_SUBJECT,
)
_STATE: Final = "internal.route"
_UNKNOWN: Final = -1
"""Clock of a dossier of which no assignment has come."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Where a dossier belongs since when, and all its registers, deleted ones included. Household None: nowhere
    (yet)."""

    ref: DossierRef
    household: str | None
    since: int
    registers: Mapping[EntryKey, Entry]


class Route:
    """The second stage. Two inputs in any order, no join window, no detach message."""

    name: Final = "route"
    inputs: Final = (RECORDS, ASSIGNMENTS)
    changelog: Final = ROUTE_STATE
    guarded: Final = ()

    def __init__(self, waiting: Callable[[int], None] = lambda _: None) -> None:
        """`waiting` is told how many registers were kept without a household to send them to."""
        self._waiting = waiting
        self._dossiers = Memo(_decode)

    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        """See `Stage.handle`. A put is returned for each register that changed, for all of them when the dossier
        moved."""
        outputs: list[Output] = []
        dossiers: dict[bytes, Dossier] = {}
        touched: dict[bytes, set[EntryKey]] = {}
        subjects = _SUBJECTS if topic == RECORDS else ("households.assignment",)
        for record, decoded in readable(self.name, topic, records, subjects, outputs):
            before = dossiers.get(record.key) or self._dossier(state, record.key)
            after = _registered(before, decoded.value, record) if topic == RECORDS else _assigned(before, decoded.value)
            if after is not before:
                dossiers[record.key] = after
                touched.setdefault(record.key, set()).update(_to_send(before, after))
        for key, dossier in dossiers.items():
            self._put(state, key, dossier)
            outputs += _puts(dossier, touched[key])
            if dossier.household is None:
                self._waiting(len(touched[key]))
        return outputs

    def _dossier(self, state: State, key: bytes) -> Dossier:
        stored = state.get(key)
        return self._dossiers.get(stored) if stored else Dossier(DossierRef.from_key(key), None, _UNKNOWN, {})

    def _put(self, state: State, key: bytes, dossier: Dossier) -> None:
        message = _encode(dossier)
        state.put(key, message)
        self._dossiers.put(message, dossier)

    def merge(self, key: bytes, mine: bytes | None, seen: bytes) -> bytes:
        """See `Stage.merge`: the later assignment, and of each register the greater order."""
        if mine is None or mine == seen:
            return seen
        one, other = _decode(mine), _decode(seen)
        newest = other if other.since > one.since else one
        joined = replace(newest, registers=_newest([one.registers, other.registers]))
        is_same = joined == other and seen.startswith(avro.header(_STATE))
        return seen if is_same else _encode(joined)

    def implied(self, key: bytes, value: bytes) -> list[Output]:
        """See `Stage.implied`: a put of every register."""
        dossier = _decode(value)
        return _puts(dossier, dossier.registers)

    def repair(self, state: State, topic: str, key: bytes, seen: bytes) -> bytes | None:
        """See `Stage.repair`: route has no compacted output but its changelog."""
        return None


def _registered(dossier: Dossier, event: Mapping[str, Any], record: Record) -> Dossier:
    """R5a: keep the register if it is newer by the order."""
    key = dossier.ref, event["record_type"], event["record_id"]
    entry = Entry(0, order_of(event), event["deleted"], record.value)
    stored = dossier.registers.get(key)
    if stored and stored.order >= entry.order:
        return dossier
    return replace(dossier, registers={**dossier.registers, key: entry})


def _assigned(dossier: Dossier, assignment: Mapping[str, Any]) -> Dossier:
    """R5b: take the assignment if it is later."""
    if assignment["since"] <= dossier.since:
        return dossier
    return replace(dossier, household=assignment["household"], since=assignment["since"])


def _to_send(before: Dossier, after: Dossier) -> set[EntryKey]:
    if after.since != before.since:
        return set(after.registers)
    return {key for key, entry in after.registers.items() if before.registers.get(key) is not entry}


def _puts(dossier: Dossier, keys: Iterable[EntryKey]) -> list[Output]:
    if dossier.household is None:
        return []
    household = dossier.household.encode()
    registers, since = dossier.registers, dossier.since
    return [Output(HOUSEHOLD_RECORDS, household, record_message(key, since, registers[key])) for key in sorted(keys)]


def _newest(copies: Iterable[Mapping[EntryKey, Entry]]) -> dict[EntryKey, Entry]:
    registers: dict[EntryKey, Entry] = {}
    for copy in copies:
        for key, entry in copy.items():
            if key not in registers or entry.order > registers[key].order:
                registers[key] = entry
    return registers


def _decode(message: bytes) -> Dossier:
    value = decode(message).value
    ref = DossierRef(value["source"], value["dossier_id"])
    registers = dict(entry_of({**ref._asdict(), "since": 0, **register}) for register in value["registers"])
    return Dossier(ref, value["household"], value["since"], registers)


def _encode(dossier: Dossier) -> bytes:
    registers = [register_bytes(key, dossier.registers[key]) for key in sorted(dossier.registers)]
    return b"".join(
        (
            avro.header(_STATE),
            avro.dossier(dossier.ref),
            avro.optional(dossier.household),
            avro.long(dossier.since),
            avro.array(registers),
        )
    )
