"""What somebody looked at during an emergency access: read out of the log of looks, for whoever judges it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from hub.desk.access import Action
from hub.desk.emergencies import ToReview
from hub.desk.looks import LookLog
from hub.desk.looks.record import Record
from hub.events.ids import ref_of
from hub.household.document_shape import EmergencyAccess
from hub.household.rulings import Effect

_SECOND: Final = timedelta(seconds=1)
_PART: Final = 1_000
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


def during(looks: LookLog, found: ToReview, hours: int) -> During:
    """What whoever took it looked at, from then until its end. `hours`: how long an access lasts. Raises
    LooksUnavailable."""
    access = found.decision["emergency"]
    assert access is not None
    key = ref_of(access).key.decode()
    seen: dict[str, Seen] = {}
    began, latest = _taken(found), _latest_taking(access, hours)
    for look in _newest_first(looks, key):
        moment = datetime.fromisoformat(look["at"])
        if began and moment < began:
            break
        if look["user"] != access["user"] or not look["allowed"] or moment > found.until:
            continue
        if look["action"] == Action.BREAK_GLASS:
            began = moment if began is None and moment < latest else began
            continue
        before = seen.get(look["action"], Seen(look["action"], 0, "", look["at"]))
        seen[look["action"]] = before._replace(times=before.times + 1, first=look["at"])
    in_order = sorted(seen.values(), key=lambda item: item.first)
    return During(began.isoformat() if began else "", in_order)


def _taken(found: ToReview) -> datetime | None:
    """When it was taken. Of one that was ended the decision says when that was: then only the log knows."""
    is_ended = found.decision["effect"] == Effect.WITHDRAWN
    return None if is_ended else datetime.fromisoformat(found.decision["decided_at"])


def _latest_taking(access: EmergencyAccess, hours: int) -> datetime:
    """Before when it was asked for: its planned end, which is kept in whole seconds, tells. Who asks for another one
    meanwhile does not make this one begin later."""
    return datetime.fromisoformat(access["until"]) - timedelta(hours=hours) + _SECOND


def _newest_first(looks: LookLog, dossier: str) -> Iterator[Record]:
    skip = 0
    while found := looks.of_household([dossier], (), skip=skip, limit=_PART).looks:
        yield from found
        skip += _PART
