"""What the help to a household costs, as far as its requests say. Cents."""

from __future__ import annotations

from typing import Final, NamedTuple

from hub.desk import digest
from hub.events.records import RecordType
from hub.household.document_shape import Document

_COMMITTED: Final = frozenset({"granted", "started", "paused", "ended"})
"""States in which the municipality has bound itself."""


class Cost(NamedTuple):
    """`committed`: the sum of what was granted. `unknown`: how many granted requests state no amount."""

    committed: int
    unknown: int
    by_source: dict[str, int]


def cost(document: Document) -> Cost:
    """The sum over all requests that were granted, and per source."""
    granted = [
        item for item in digest.records(document, RecordType.SUPPORT_REQUEST) if item["body"]["state"] in _COMMITTED
    ]
    amounts = [(item["source"], item["body"]["committed_cents"]) for item in granted]
    known = [(source, cents) for source, cents in amounts if isinstance(cents, int)]
    sources = sorted({source for source, _ in known})
    by_source = {name: sum(cents for source, cents in known if source == name) for name in sources}
    return Cost(sum(by_source.values()), len(amounts) - len(known), by_source)
