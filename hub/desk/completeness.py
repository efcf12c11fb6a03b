"""Whether the hub holds all that the sources of a household hold, as the last reconciliations found it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from hub.ops.status import differing


class Completeness(NamedTuple):
    """Of some sources. `checked_at`: ISO time of the oldest of their comparisons, None if there is none; the numbers
    are of all that they hold, not of one household. `unchecked`: those that were never compared."""

    checked: tuple[str, ...]
    checked_at: str | None
    missing_dossiers: int
    differing: int
    unchecked: tuple[str, ...]


def completeness(statuses: Iterable[Mapping[str, Any]], sources: Collection[str]) -> Completeness:
    """Out of the last heartbeats, times ISO. `sources`: those that matter."""
    found = {item["source"]: item["completeness"] for item in statuses if item["completeness"] is not None}
    checked = {source: found[source] for source in sorted(sources) if source in found}
    return Completeness(
        tuple(checked),
        min((item["checked_at"] for item in checked.values()), default=None),
        sum(item["missing_dossiers"] for item in checked.values()),
        sum(differing(item) for item in checked.values()),
        tuple(sorted(set(sources) - set(checked))),
    )
