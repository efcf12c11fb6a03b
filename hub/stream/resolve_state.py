"""resolve's state as it is kept: packed values, and a look at them for one list of records (protocol.md, "resolve's
size").

Every value is a message of `internal.resolve`: its clock, then the rest packed as MessagePack, in the order of the
fields below. Only this file knows that form.
"""

from __future__ import annotations

from binascii import hexlify, unhexlify
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache, lru_cache
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from hub.errors import ContractError
from hub.events.codec import HEADER_BYTES, encode, packaged_codec
from hub.events.ids import DossierRef, Order
from hub.household.dossier import Dossier, Line
from hub.stream.stage import State

SUBJECT: Final = "internal.resolve"
_KEYED_HASH: Final = 33
"""Length of a person's or address's key: a letter, and 32 hex digits that are kept as 16 bytes."""
_CONTINUES: Final = 0x80
_PRESENT: Final = b"\2"
"""Avro's mark of the second branch of ["null", "bytes"]: null is what older versions are read as."""

_TEXT: Final = b"\0"
"""First byte of any other key, which is kept as it is."""


class Mark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A number that stands by itself."""

    value: int


class Naming(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The dossiers that name a person."""

    dossiers: tuple[DossierRef, ...]


class About(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The decisions that name a dossier or a person."""

    decisions: tuple[str, ...]


class Decided(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A human's decision as published."""

    message: bytes


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A dossier of a household: since when, and its composition as published. Nowhere else is that kept."""

    ref: DossierRef
    since: int
    message: bytes


PackedLine = tuple[int, str, bytes]
"""Place of the dossier among the household's, line, person."""


class Composed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A household. `members` to `conflicts` as in `clustering.Household`; `decisions`: effect and decision as
    published. All empty when gone."""

    gone: bool
    is_open: bool = False
    oversized: bool = False
    parts: tuple[Part, ...] = ()
    members: tuple[PackedLine, ...] = ()
    references: tuple[PackedLine, ...] = ()
    history: tuple[PackedLine, ...] = ()
    conflicts: tuple[PackedLine, ...] = ()
    decisions: tuple[tuple[str, bytes], ...] = ()


class Assignment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """To which household a dossier belongs, since when (-1: never). The start of what is kept of a dossier: read as
    this, the rest is skipped."""

    household: str | None
    since: int


class Register(NamedTuple):
    """A dossier: its assignment, and what the household rules need of it."""

    assignment: Assignment
    dossier: Dossier


class _Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A member line. `address`: its place among the dossier's addresses, from 1 on; 0: unknown."""

    line: str
    person: bytes
    is_client: bool
    lives_here: bool
    stated_at: int
    address: int
    confirmed: bool


class _Register(Assignment, frozen=True, array_like=True, gc=False):
    ref: DossierRef
    order: Order
    deleted: bool
    is_open: bool
    opened_on: int
    client: bytes
    addresses: tuple[bytes, ...]
    lines: tuple[_Line, ...]


_encode: Final = msgspec.msgpack.Encoder().encode
Stored = TypeVar("Stored")
Name = TypeVar("Name")


class Kept(NamedTuple, Generic[Stored]):
    """One key's value. `at`: the clock of the step that wrote it."""

    at: int
    value: Stored


def pack(at: int, value: object) -> bytes:
    """The message of a value."""
    body = _encode(_packed_register(value) if isinstance(value, Register) else value)
    return b"".join((_header(), _avro_long(at), _PRESENT, _avro_long(len(body)), body))


def unpacker(kind: type[Stored]) -> Callable[[bytes], Kept[Stored]]:
    """What reads the messages of one kind of value. They raise ContractError for what another release kept."""
    decode = msgspec.msgpack.Decoder(kind).decode

    def unpack(message: bytes) -> Kept[Stored]:
        at, place = _read_avro_long(message, _after_header(message))
        _, start = _read_avro_long(message, place + len(_PRESENT))
        return Kept(at, decode(memoryview(message)[start:]))

    return unpack


def unpack_register(message: bytes) -> Kept[Register]:
    """A dossier's value."""
    kept = _unpack_register(message)
    return Kept(kept.at, _register(kept.value))


_unpack_register: Final = unpacker(_Register)


def clock_of(message: bytes) -> int:
    """The clock of any value. Raises ContractError for what another release kept."""
    return _read_avro_long(message, _after_header(message))[0]


@lru_cache(maxsize=4_096)
def packed_key(key: str) -> bytes:
    """A person's or address's key, in 17 bytes if it is a keyed hash."""
    text = key.encode()
    if len(text) == _KEYED_HASH and text[:1] != _TEXT:
        try:
            digits = unhexlify(text[1:])
        except ValueError:
            return _TEXT + text
        if hexlify(digits) == text[1:]:
            return text[:1] + digits
    return _TEXT + text


@lru_cache(maxsize=4_096)
def unpacked_key(packed: bytes) -> str:
    """Inverse of `packed_key`."""
    return packed[1:].decode() if packed[:1] == _TEXT else chr(packed[0]) + packed[1:].hex()


class Shelf(Generic[Name, Stored]):
    """The values of one kind while a list is handled: each is read once, and what changed is written at the end."""

    def __init__(self, state: State, key: Callable[[Name], bytes], unpack: Callable[[bytes], Kept[Stored]]) -> None:
        self._state = state
        self._key = key
        self._unpack = unpack
        self._before: dict[Name, Kept[Stored] | None] = {}
        self._now: dict[Name, Kept[Stored]] = {}

    def get(self, name: Name) -> Kept[Stored] | None:
        """Value of a key, with what this list has changed."""
        return self._now.get(name) or self.before(name)

    def before(self, name: Name) -> Kept[Stored] | None:
        """Value of a key before this list."""
        try:
            return self._before[name]
        except KeyError:
            stored = self._state.get(self._key(name))
            found = self._before[name] = self._unpack(stored) if stored else None
            return found

    def put(self, at: int, name: Name, value: Stored) -> None:
        """Change a value."""
        self._now[name] = Kept(at, value)

    def changed(self) -> Iterator[tuple[Name, Kept[Stored]]]:
        """What this list has changed."""
        return iter(self._now.items())

    def write(self) -> None:
        """Put what changed into the state."""
        for name, kept in self._now.items():
            self._state.put(self._key(name), pack(*kept))


def _register(kept: _Register) -> Register:
    addresses = [None, *map(unpacked_key, kept.addresses)]
    lines = tuple(
        Line(
            line.line,
            unpacked_key(line.person),
            line.is_client,
            line.lives_here,
            line.stated_at,
            addresses[line.address],
            line.confirmed,
        )
        for line in kept.lines
    )
    opened_on, client = date.fromordinal(kept.opened_on), unpacked_key(kept.client)
    dossier = Dossier(kept.ref, kept.order, kept.deleted, kept.is_open, opened_on, client, lines)
    return Register(Assignment(kept.household, kept.since), dossier)


def _packed_register(register: Register) -> _Register:
    dossier = register.dossier
    addresses = sorted({line.address for line in dossier.lines if line.address is not None})
    places = {None: 0} | {address: place for place, address in enumerate(addresses, start=1)}
    lines = tuple(
        _Line(
            line.line,
            packed_key(line.person),
            line.is_client,
            line.lives_here,
            line.stated_at,
            places[line.address],
            line.confirmed,
        )
        for line in dossier.lines
    )
    return _Register(
        register.assignment.household,
        register.assignment.since,
        dossier.ref,
        dossier.order,
        dossier.deleted,
        dossier.is_open,
        dossier.opened_on.toordinal(),
        packed_key(dossier.client),
        tuple(map(packed_key, addresses)),
        lines,
    )


@cache
def _header() -> bytes:
    return encode(SUBJECT, {"at": 0, "packed": None})[:HEADER_BYTES]


def _after_header(message: bytes) -> int:
    if not message.startswith(_header()):
        raise ContractError(
            "Another release kept the state of resolve; nothing was linked. Make new topics, with a new incarnation.",
            f"schema {packaged_codec().peek(message)}",
        )
    return HEADER_BYTES


def _avro_long(number: int) -> bytes:
    """A number of at least 0 as Avro writes it: twice that, seven bits a byte, the lowest first."""
    rest = number << 1
    out = bytearray()
    while rest >= _CONTINUES:
        out.append(rest & 0x7F | _CONTINUES)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def _read_avro_long(message: bytes, place: int) -> tuple[int, int]:
    """Inverse of `_avro_long`, and the place after it."""
    doubled = shift = 0
    while (byte := message[place]) & _CONTINUES:
        doubled |= (byte & 0x7F) << shift
        shift += 7
        place += 1
    return (doubled | byte << shift) >> 1, place + 1
