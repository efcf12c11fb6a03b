"""Avro written by hand, for what is mostly copied: fastavro would take apart and write anew all that did not change.

The bytes are those that fastavro writes; a test compares them for every message that is made so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sized
from functools import cache, lru_cache
from typing import Final, Protocol

from hub.events.codec import packaged_codec
from hub.events.ids import DossierRef

_CONTINUES: Final = 0x80


class _Items(Sized, Iterable[bytes], Protocol): ...


@lru_cache(maxsize=4096)
def long(number: int) -> bytes:
    """An int or long: zigzag, seven bits a byte, the lowest first. Of 64 bits, as whatever was read from Avro."""
    rest = number << 1 if number >= 0 else (-number << 1) - 1
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


def boolean(value: bool) -> bytes:
    """A boolean."""
    return b"\1" if value else b"\0"


def optional(content: bytes | str | None) -> bytes:
    """A union of null and bytes, or of null and string."""
    if content is None:
        return b"\0"
    return b"\2" + (text(content) if isinstance(content, str) else blob(content))


def array(items: _Items) -> bytes:
    """An array in one block, of items that are Avro already."""
    return b"".join((long(len(items)), *items, b"\0")) if items else b"\0"


@lru_cache(maxsize=4096)
def dossier(ref: DossierRef) -> bytes:
    """The fields `source` and `dossier_id`."""
    return text(ref.source) + text(ref.dossier_id)


@cache
def header(subject: str) -> bytes:
    """The first bytes of every message of a subject, in the version that this release writes."""
    return packaged_codec().header(subject)
