"""Avro written by hand, for what is mostly copied: fastavro would take apart and write anew all that did not change.

The bytes are those that fastavro writes; a test compares them for every message that is made so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from functools import cache
from typing import Final, Protocol

from hub.events.codec import packaged_codec

_CONTINUES: Final = 0x80
FALSE: Final = b"\0"
TRUE: Final = b"\1"
NULL: Final = b"\0"
"""A union's first branch, null."""
SOME: Final = b"\2"
"""Before the value of a union's second branch."""


class _Items(Sized, Iterable[bytes], Protocol): ...


def long(number: int) -> bytes:
    """An int or long: zigzag, seven bits a byte, the lowest first. Of 64 bits, as whatever was read from Avro."""
    rest = number << 1 if number >= 0 else (-number << 1) - 1
    if rest < _CONTINUES:
        return _ONE_BYTE[rest]
    out = bytearray()
    while rest >= _CONTINUES:
        out.append(rest & 0x7F | _CONTINUES)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def blob(content: bytes) -> bytes:
    """A value of type bytes."""
    return long(len(content)) + content


def text(content: str) -> bytes:
    """A string."""
    return blob(content.encode())


def array(items: _Items) -> bytes:
    """An array in one block, of items that are Avro already."""
    return b"".join((long(len(items)), *items, b"\0")) if items else b"\0"


@cache
def header(subject: str) -> bytes:
    """The first bytes of every message of a subject, in the version that this release writes."""
    return packaged_codec().header(subject)


_ONE_BYTE: Final = tuple(bytes([number]) for number in range(_CONTINUES))
