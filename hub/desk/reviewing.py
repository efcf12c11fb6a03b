"""What somebody looked at during an emergency access: read out of the log of looks, for whoever judges it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from hub.desk.access import Action
from hub.desk.looks import LookLog
from hub.desk.looks.record import Record
from hub.desk.reading import ToReview
from hub.events.ids import DossierRef
from hub.household.rulings import Effect

_PART: Final = 200
"""Looks read at once."""


class Seen(NamedTuple):
    """An action that was done so often, and when first and last (ISO, UTC)."""

    action: str
    times: int
    first: str
    last: str


class During(NamedTuple):
    """`began`: when it was taken (ISO, UTC), empty if the log does not say. `seen`: in the order in which it began."""

    began: str
    seen: list[Seen]


def during(looks: LookLog, found: ToReview) -> During:
    """What whoever took it looked at, from then until its end. Raises LooksUnavailable."""
    access = found.decision["emergency"]
    assert access is not None
    key = DossierRef(access["source"], access["dossier_id"]).key.decode()
    taken = None if found.decision["effect"] == Effect.WITHDRAWN else found.decision["decided_at"]
    seen: dict[str, Seen] = {}
    began = ""
    for look in _newest_first(looks, key):
        if taken and look["at"] < taken and look["action"] != Action.BREAK_GLASS:
            break
        if look["user"] != access["user"] or not look["allowed"] or _moment(look) > found.until:
            continue
        if look["action"] == Action.BREAK_GLASS and (taken is None or look["at"] <= taken):
            began = look["at"]
            break
        before = seen.get(look["action"], Seen(look["action"], 0, "", look["at"]))
        seen[look["action"]] = before._replace(times=before.times + 1, first=look["at"])
    return During(taken or began, sorted(seen.values(), key=lambda item: item.first))


def _newest_first(looks: LookLog, dossier: str) -> Iterator[Record]:
    skip = 0
    while found := looks.of_household([dossier], (), skip=skip, limit=_PART).looks:
        yield from found
        skip += _PART


def _moment(look: Record) -> datetime:
    return datetime.fromisoformat(look["at"])
