"""How resolve's state is packed: every value comes back as it was, and is a message of its own schema."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ContractError
from hub.events.codec import decode, encode
from hub.events.ids import DossierRef, Order
from hub.events.topics import COMPOSITIONS, HOUSEHOLD_COMPOSITIONS
from hub.household.dossier import Dossier, Line
from hub.ops.contract import examples, from_json, registry
from hub.stream import resolve_state
from hub.stream.resolve import Resolve
from hub.stream.resolve_state import (
    About,
    Assignment,
    Composed,
    Decided,
    Kept,
    Mark,
    Naming,
    Part,
    Register,
    Shelf,
    clock_of,
    pack,
    packed_key,
    unpack_register,
    unpacked_key,
    unpacker,
)
from hub.stream.stage import Record
from tests.stream.adversary.lane import Overlay
from tests.stream.adversary.registrations import Registrations

CLOCKS = st.integers(0, 2**63 - 1)
NUMBERS = st.integers(0, 2**31 - 1)
TEXTS = st.text(max_size=40)
HASHES = st.binary(min_size=16, max_size=16).map(lambda digits: "p" + digits.hex())
KEYS = HASHES | TEXTS
REFS = st.builds(DossierRef, TEXTS, TEXTS)
LINES = st.builds(
    Line, TEXTS, KEYS, st.booleans(), st.booleans(), st.integers(-(2**62), 2**62), st.none() | KEYS, st.booleans()
)
DOSSIERS = st.builds(
    Dossier,
    REFS,
    st.builds(Order, NUMBERS, CLOCKS, CLOCKS, NUMBERS),
    st.booleans(),
    st.booleans(),
    st.dates(),
    KEYS,
    st.lists(LINES, max_size=5).map(tuple),
)
PACKED_LINES = st.lists(st.tuples(st.integers(0, 5), TEXTS, KEYS.map(packed_key)), max_size=4).map(tuple)
COMPOSED = st.builds(
    Composed,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.lists(st.builds(Part, REFS, CLOCKS, st.binary(max_size=300)), max_size=3).map(tuple),
    *[PACKED_LINES] * 4,
    st.lists(st.tuples(TEXTS, st.binary(max_size=9)), max_size=2).map(tuple),
)
OTHERS = st.one_of(
    st.builds(Mark, CLOCKS),
    st.builds(Naming, st.lists(REFS, max_size=3).map(tuple)),
    st.builds(About, st.lists(TEXTS, max_size=3).map(tuple)),
    st.builds(Decided, st.binary(max_size=300)),
    COMPOSED,
)


@given(KEYS)
def test_a_key_comes_back(key: str) -> None:
    assert unpacked_key(packed_key(key)) == key


@given(HASHES)
def test_a_keyed_hash_takes_seventeen_bytes(key: str) -> None:
    assert len(packed_key(key)) == 17


@given(CLOCKS, DOSSIERS, st.none() | TEXTS, st.integers(-1, 2**62))
def test_a_dossier_comes_back(at: int, dossier: Dossier, household: str | None, since: int) -> None:
    register = Register(Assignment(household, since), dossier)
    message = pack(at, register)
    assert unpack_register(message) == (at, register)
    assert unpacker(Assignment)(message) == (at, register.assignment)


@given(CLOCKS, OTHERS)
def test_any_other_value_comes_back(at: int, value: Mark | Naming | About | Decided | Composed) -> None:
    message = pack(at, value)
    assert unpacker(type(value))(message) == (at, value)
    assert clock_of(message) == at


@given(CLOCKS, OTHERS)
def test_a_value_is_a_message_of_its_schema(at: int, value: object) -> None:
    message = pack(at, value)
    found = decode(message)
    assert found.subject == resolve_state.SUBJECT
    assert found.value["at"] == at
    assert encode(found.subject, found.value) == message


def test_the_examples_can_be_unpacked() -> None:
    unpack: dict[str, Callable[[bytes], Kept[Any]]] = {
        "dossier": unpack_register,
        "person": unpacker(Naming),
        "household": unpacker(Composed),
    }
    newest = registry().newest(resolve_state.SUBJECT)
    found = [example for example in examples() if example[:2] == (resolve_state.SUBJECT, newest)]
    assert sorted(example.name for example in found) == sorted(unpack)
    for example in found:
        schema = registry().schema(registry().id_of(resolve_state.SUBJECT, newest))
        assert unpack[example.name](encode(resolve_state.SUBJECT, from_json(schema, example.json_value))).at == 17


def test_the_state_of_another_release_stops_resolve() -> None:
    with pytest.raises(ContractError):
        clock_of(encode("households.assignment", {"source": "a", "dossier_id": "1", "household": None, "since": 3}))


def test_a_shelf_shows_what_it_changed_and_remembers_what_was() -> None:
    state = Overlay({b"1": pack(4, Mark(1))})
    shelf = Shelf(state, bytes, unpacker(Mark))
    shelf.put(5, b"1", Mark(2))
    assert (shelf.get(b"1"), shelf.before(b"1"), shelf.get(b"2")) == ((5, Mark(2)), (4, Mark(1)), None)
    assert state.puts == {}
    shelf.write()
    assert state.puts == {b"1": pack(5, Mark(2))}


def test_what_is_published_follows_from_the_kept_value_alone(town: Registrations) -> None:
    """A joined value of a contested key is published without the rest of the state (R9)."""
    state, resolve = Overlay({}), Resolve()
    records = [Record(offset, b"0599", event.message) for offset, event in enumerate(town.compositions)]
    outputs = resolve.handle(state, COMPOSITIONS, records)
    implied = [output for key, value in state.puts.items() for output in resolve.implied(key, value)]
    assert set(outputs) <= set(implied)
    assert any(output.topic == HOUSEHOLD_COMPOSITIONS for output in outputs)


def test_a_composition_is_kept_once(town: Registrations) -> None:
    state = Overlay({})
    records = [Record(offset, b"0599", event.message) for offset, event in enumerate(town.compositions)]
    Resolve().handle(state, COMPOSITIONS, records)
    for event in town.compositions:
        assert sum(event.message in value for value in state.puts.values()) <= 1


@pytest.fixture
def town(rng: random.Random) -> Registrations:
    """A town with some compositions."""
    made = Registrations(rng)
    while len(made.compositions) < 10:
        made.happen()
    return made


def test_a_day_far_away_is_packed() -> None:
    deleted = Dossier(DossierRef("zcd", "1"), Order(0, 1, 2, 3), True, False, date.max, "", ())
    register = Register(Assignment(None, 7), deleted)
    assert unpack_register(pack(1, register)).value == register
