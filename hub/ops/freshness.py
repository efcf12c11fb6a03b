"""Up to which moment everything that a source recorded has come: published, applied by the stream, visible. Pure.

A moment, not a delay: while a consumer is down its moment stands still and so grows older, with no word of the consumer
itself. A source in which nothing happens stays fresh as long as its connector says that it has read it to the end; one
whose connector is gone grows old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from hub.events.topics import VIEWS
from hub.ops.flow import DESK, STAGES, Flow


class Point(StrEnum):
    """How far something has come on its way to the reader, in order."""

    PUBLISHED = "published"
    APPLIED = "applied"
    VISIBLE = "visible"


class Freshness(NamedTuple):
    """Of one source: everything that it recorded until then has come so far. None: not known.

    `newest`: when the newest record that was published was recorded; old in a quiet source, which is no delay.
    `skew_seconds`: how far its reports lie in our future, `ahead_seconds`: its newest record beyond these; the
    clock of the connector's machine, of the source, is wrong."""

    source: str
    published: datetime | None
    applied: datetime | None
    visible: datetime | None
    newest: datetime | None
    skew_seconds: float
    ahead_seconds: float

    def at(self, point: Point) -> datetime | None:
        """The moment of one point."""
        found: datetime | None = getattr(self, Point(point))
        return found

    def seconds(self, point: Point, now: datetime) -> float | None:
        """How old the view of the source is there, in seconds; never negative. None: not known."""
        moment = self.at(point)
        return None if moment is None else max(0.0, (now - moment).total_seconds())


def freshness(
    source: str, status: Mapping[str, Any] | None, flow: Flow | None, now: datetime, skew_seconds: float | None = None
) -> Freshness:
    """Out of its last heartbeat and of what waits now. What waits holds up everybody: whose it is is not looked into,
    so a source may be fresher than this says, and never less fresh, but for what a stage held up before and sent on.
    `skew_seconds`: the heartbeat was put back by so much, to be told by our clock; None: it is told by its own."""
    if status is None:
        return Freshness(source, None, None, None, None, 0.0, 0.0)
    published = _not_after(now, status["caught_up_at"])
    applied = _held_up(published, flow, STAGES, now)
    knows_desk = flow is not None and any(hop.stage == DESK for hop in flow.hops)
    visible = _held_up(applied, flow, (DESK,), now) if knows_desk else None
    newest, reported = status["newest_recorded_at"], status["reported_at"]
    skew = _seconds_beyond(now, reported) if skew_seconds is None else skew_seconds
    told = reported + timedelta(seconds=skew_seconds or 0.0)
    return Freshness(source, published, applied, visible, newest, skew, _seconds_beyond(told, newest or told))


def _seconds_beyond(now: datetime, moment: datetime) -> float:
    return max(0.0, (moment - now).total_seconds())


def _held_up(through: datetime | None, flow: Flow | None, stages: Iterable[str], now: datetime) -> datetime | None:
    """The moment before, or that of the oldest message that waits for these stages if it is earlier."""
    if through is None or flow is None:
        return None
    hops = [hop for hop in flow.hops if hop.stage in stages and hop.lag and (hop.stage != DESK or hop.topic == VIEWS)]
    if any(hop.waiting_since is None for hop in hops):
        return None
    return min([through, *(min(now, hop.waiting_since) for hop in hops if hop.waiting_since)])


def _not_after(now: datetime, moment: datetime | None) -> datetime | None:
    return None if moment is None else min(now, moment)
