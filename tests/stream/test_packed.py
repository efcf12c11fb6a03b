"""Messages that are written by hand are, byte for byte, those that fastavro writes; what is remembered of bytes is what
they say."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.events.avro_bytes import array, blob, header, long, text
from hub.events.codec import decode, encode
from hub.events.ids import DossierRef, Order
from hub.household.view import (
    Entry,
    EntryKey,
    View,
    decode_view,
    encode_view,
    entry_of_message,
    record_message,
    register_bytes,
)
from hub.stream.memo import Memo
from hub.stream.resolve_book import assignment_of, composition_of
from hub.stream.resolve_state import Assignment, Composed, Kept, PackedLine, Part, packed_key, unpacked_key
from hub.stream.route import Dossier, _decode, _encode

whole = st.integers(-(2**63), 2**63 - 1)
small = st.integers(-(2**31), 2**31 - 1)
words = st.text(max_size=8)
refs = st.builds(DossierRef, words, words)
orders = st.builds(Order, small, whole, whole, small)
contents = st.one_of(st.binary(max_size=9), st.binary(min_size=120, max_size=140))
keys: st.SearchStrategy[EntryKey] = st.tuples(refs, words, words)
entries = st.builds(Entry, whole, orders, st.booleans(), contents)
views = st.builds(
    View, words, whole, st.booleans(), st.none() | contents, st.just({}), st.dictionaries(keys, entries, max_size=4)
)


parts = st.lists(st.builds(Part, refs, whole, contents), min_size=1, max_size=3).map(tuple)
persons = st.one_of(words, st.just("p" + "0f" * 16))
lines = st.lists(st.tuples(st.just(0), words, persons.map(packed_key)), max_size=3).map(tuple)
decisions = st.lists(st.tuples(words, contents), max_size=2).map(tuple)
composed = st.builds(
    Composed, st.just(False), st.booleans(), st.booleans(), parts, lines, lines, lines, lines, decisions
)
LINES = ("members", "references", "history", "conflicts")


def fields(key: EntryKey, entry: Entry) -> dict[str, Any]:
    register = {"record_type": key[1], "record_id": key[2], **entry.order._asdict()}
    return register | {"deleted": entry.deleted, "payload": entry.payload}


def record(key: EntryKey, entry: Entry) -> dict[str, Any]:
    return {**key[0]._asdict(), "since": entry.since, **fields(key, entry)}


@given(views)
def test_a_view_is_written_as_avro(view: View) -> None:
    records = [record(key, view.entries[key]) for key in sorted(view.entries)]
    top = {"household": view.household, "label": view.label, "gone": view.gone, "composition": view.composition}
    message = encode("households.view", {**top, "entries": records})
    assert encode_view(view) == message
    assert encode_view(view) == message, "what is packed once stays right"


@given(keys, entries)
def test_a_routed_record_is_written_as_avro(key: EntryKey, entry: Entry) -> None:
    message = encode("households.record", record(key, entry))
    assert record_message(key, entry.since, entry) == message
    found, read = entry_of_message(message, decode(message).value)
    assert (found, read, read.packed) == (key, entry, register_bytes(key, entry)), (
        "taken from the message, and the same"
    )
    other = message[:1] + (999).to_bytes(4, "big") + message[5:]
    assert not entry_of_message(other, decode(message).value)[1].packed, "of another version nothing is taken"


@given(st.builds(DossierRef, st.just("zcd"), words), st.none() | words, whole)
def test_an_assignment_is_written_as_avro(ref: DossierRef, household: str | None, since: int) -> None:
    value = {**ref._asdict(), "household": household, "since": since}
    assert assignment_of(ref.key, Assignment(household, since)).value == encode("households.assignment", value)


@given(words, whole, composed | st.just(Composed(gone=True)))
def test_a_composition_is_written_as_avro(household: str, at: int, found: Composed) -> None:
    def shown(packed: tuple[PackedLine, ...]) -> list[dict[str, Any]]:
        named = ((found.parts[place].ref, line, unpacked_key(person)) for place, line, person in packed)
        return [{**ref._asdict(), "line": line, "person": person} for ref, line, person in named]

    value = {
        "household": household,
        "label": at,
        "gone": found.gone,
        "status": "" if found.gone else "open" if found.is_open else "closed",
        "oversized": found.oversized,
        "dossiers": [{**part.ref._asdict(), "since": part.since, "composition": part.message} for part in found.parts],
        "decisions": [{"effect": effect, "decision": message} for effect, message in found.decisions],
    } | {name: shown(getattr(found, name)) for name in LINES}
    assert composition_of(household, Kept(at, found)).value == encode("households.composition", value)


@given(refs, st.none() | words, whole, st.dictionaries(st.tuples(words, words), entries, max_size=4))
def test_what_route_keeps_is_written_as_avro(
    ref: DossierRef, household: str | None, since: int, registers: dict[tuple[str, str], Entry]
) -> None:
    kept = Dossier(ref, household, since, {(ref, *name): entry for name, entry in registers.items()})
    value = {**ref._asdict(), "household": household, "since": since}
    value["registers"] = [fields(key, kept.registers[key]) for key in sorted(kept.registers)]
    assert _encode(kept) == encode("internal.route", value)
    assert _encode(_decode(_encode(kept))) == _encode(kept)


def test_a_view_of_another_writer_is_kept_byte_for_byte_where_nothing_changed() -> None:
    """Payloads and compositions keep the header of the version that they were written with."""
    old = b"\0" + (7).to_bytes(4, "big") + b"of an older version"
    key = (DossierRef("zcd", "Z-1"), "contact", "c")
    view = View("H1", 3, False, None, {}, {key: Entry(4, Order(0, 1, 2, 3), False, old)})
    again = decode_view(encode_view(view))
    assert again.entries[key].payload == old
    blocks = b"".join(
        (header("households.view"), text("H1"), long(3), b"\0\0", b"\1", long(len(_body(key, view))), _body(key, view))
    )
    split = blocks + b"\0"  # another writer's array: a block that tells its size
    assert decode_view(split) == view
    assert encode_view(decode_view(split)) == encode_view(view)


def _body(key: EntryKey, view: View) -> bytes:
    return encode("households.record", record(key, view.entries[key]))[len(header("households.record")) :]


def test_an_empty_array_has_no_block() -> None:
    assert (array([]), array([b"a", b"b"]), blob(b"")) == (b"\0", b"\4ab\0", b"\0")


def test_a_memo_reads_once_and_forgets_the_oldest() -> None:
    asked: list[bytes] = []

    def read(stored: bytes) -> int:
        asked.append(stored)
        return len(stored)

    memo = Memo(read, max_bytes=5)
    assert [memo.get(b"aa"), memo.get(b"bb"), memo.get(b"aa"), memo.get(b"cc"), memo.get(b"aa")] == [2] * 5
    assert asked == [b"aa", b"bb", b"cc"]
    memo.put(b"dd", 2)
    assert (memo.get(b"dd"), memo.get(b"longer than all"), memo.get(b"dd")) == (2, 15, 2)
    assert asked == [b"aa", b"bb", b"cc", b"longer than all", b"dd"]
