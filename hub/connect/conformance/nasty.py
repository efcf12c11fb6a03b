"""What may arrive instead of a readable record: the record itself, broken in every place, and bytes of any kind."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Final

MARK: Final = "MERKTEKEN-7f3a9c"
"""Stands for a family's data: it may turn up in no error and no log line."""
_VALUES: Final[tuple[object, ...]] = (
    None, True, 0, -1, 2**63, 10**400, 1.5, "", MARK, "\x00", "\ud800", "2026-02-30", "2026-01-05T10:00:00",
    "0001-01-01", "9999-12-31T23:59:59-23:59", "9" * 5000, [], {}, [[]], [None], {"a": {}},
)  # fmt: skip
_BYTES: Final = (
    b"", b"null", b"[]", b"{}", b'"text"', b"NaN", b'{"x": NaN}', b"\x00", b"\xff\xfe", b"\xef\xbb\xbf{}",
    b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b"9" * 10_000, b"<", b"<a/>", b"<a><b></a>",
    b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///dev/null">]><a>&x;</a>',
    b'<!DOCTYPE a [<!ENTITY b "' + b"b" * 1000 + b'"><!ENTITY c "' + b"&b;" * 1000 + b'"><!ENTITY d "' + b"&c;" * 1000
    + b'">]><a>&d;</a>',
)  # fmt: skip
_SEED: Final = 7
_FLIPS: Final = 40


def broken(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """A record, broken in many ways, each with what was done to it (no values: it may be shown)."""
    yield from _replaced(payload)
    yield from _damaged(payload)


def anything() -> Iterator[tuple[str, bytes]]:
    """Bytes that were never a record."""
    for at, data in enumerate(_BYTES):
        yield f"bytes {at} ({len(data)} long)", data


def _replaced(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """Each place of a JSON record in turn: without it, and with each value that does not belong there."""
    try:
        data = json.loads(payload)
    except ValueError:
        return
    for place in list(_places(data, ())):
        name = ".".join(map(str, place))
        yield f"without {name}", _changed(payload, place)
        for at, value in enumerate(_VALUES):
            yield f"{name} replaced by value {at} ({type(value).__name__})", _changed(payload, place, value)


def _places(data: object, place: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if place:
        yield place
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in items:
        yield from _places(item, (*place, key))


_ABSENT: Final = object()


def _changed(payload: bytes, place: tuple[str | int, ...], value: object = _ABSENT) -> bytes:
    data = json.loads(payload)
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    if value is _ABSENT:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return json.dumps(data).encode()


def _damaged(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """Cut off, bits turned over, doubled, in another encoding. The same each time: the seed is fixed."""
    chance = random.Random(_SEED)
    for part in range(1, 8):
        yield f"cut off after {part}/8", payload[: len(payload) * part // 8]
    for _ in range(_FLIPS if payload else 0):
        at = chance.randrange(len(payload))
        turned = bytes([payload[at] ^ (1 << chance.randrange(8))])
        yield f"a bit turned over in byte {at}", payload[:at] + turned + payload[at + 1 :]
    yield "doubled", payload * 2
    yield "in UTF-16", payload.decode(errors="replace").encode("utf-16")
    yield "with NUL at the end", payload + b"\x00"
