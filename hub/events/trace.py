"""W3C Trace Context in message headers: one change followed from its source to the page that shows it. Pure.

`traceparent` is `00-<trace id>-<parent id>-01`. The trace id of a change is its event id, which any release works out
again. The header says nothing of its message and is no part of it: with and without it a message is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

HEADER: Final = "traceparent"
_FORM: Final = re.compile(rb"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent(event_id: str) -> bytes:
    """What a change carries from its publication on. `event_id`: 32 hex digits."""
    return f"00-{event_id}-{event_id[:16]}-01".encode()


def carried(headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    """The `traceparent` among these headers; empty if there is none of the one form that is passed on. A header in
    Kafka may have no value."""
    found = next((value for name, value in headers if name == HEADER), b"")
    return found if found and _FORM.fullmatch(found) else b""


def trace_id(traceparent: bytes) -> str:
    """The trace id in what `carried` gave: the event id of the change. Raises ValueError for anything else."""
    found = _FORM.fullmatch(traceparent)
    if found is None:
        raise ValueError("not a traceparent")
    return found[1].decode()
