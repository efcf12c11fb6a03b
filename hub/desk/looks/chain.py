"""How the records hang together: each line holds the hash of the line before it. Pure, but for `tail`, which reads."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from hub.desk.looks.record import parsed

NEWLINE: Final = b"\n"
_BLOCK_BYTES: Final = 1 << 16
"""Read first from the end of a log; a hundred records."""


class Head(NamedTuple):
    """Where a log ends: the number of its last record, the hash of its last line, and its size in bytes."""

    records: int = 0
    hash: str = ""
    size: int = 0


class Tail(NamedTuple):
    """The end of a log as it is found. `torn`: the lines after its last record, oldest first; `terminated`: whether it
    ends in a line end."""

    head: Head
    torn: tuple[bytes, ...] = ()
    terminated: bool = True


def hash_of(line: bytes) -> str:
    """SHA-256 of a line without its line end, 64 hex digits."""
    return hashlib.sha256(line).hexdigest()


def chain(head: Head, bodies: Sequence[bytes], *, terminated: bool = True) -> tuple[bytes, Head]:
    """The text that puts records behind a head, and the head after it. `bodies`: JSON objects, not empty; `terminated`:
    whether what is there ends in a line end."""
    number, previous = head.records, head.hash
    lines = [] if terminated else [b""]
    for body in bodies:
        number += 1
        lines.append(b'{"number":%d,"previous":"%s",%s' % (number, previous.encode(), body[1:]))
        previous = hash_of(lines[-1])
    text = NEWLINE.join([*lines, b""])
    return text, Head(number, previous, head.size + len(text))


def tail(handle: int, size: int) -> Tail:
    """The end of the first `size` bytes of a log. Raises OSError."""
    length = _BLOCK_BYTES
    while True:
        start = max(0, size - length)
        lines = os.pread(handle, size - start, start).split(NEWLINE)
        terminated = lines[-1] == b""
        whole = lines[1 if start else 0 : -1 if terminated else None]
        torn: list[bytes] = []
        for line in reversed(whole):
            record = parsed(line)
            if record is not None:
                return Tail(Head(record["number"], hash_of(whole[-1]), size), tuple(torn[::-1]), terminated)
            torn.append(line)
        if start == 0:
            return Tail(Head(0, hash_of(whole[-1]) if whole else "", size), tuple(torn[::-1]), terminated)
        length *= 2
