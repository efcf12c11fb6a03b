"""The whole flow as people are shown it: source, connector, topics, stages, view, each with a state in words. Pure.

Made of one look; `regiehub status`, the console and the metrics all say what stands here, so they say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from hub.ops.flow import DESK, Hop
from hub.ops.freshness import Freshness, Point, freshness
from hub.ops.status import (
    BEHIND_MESSAGES,
    BEHIND_SECONDS,
    SILENT_SECONDS,
    Finding,
    Measured,
    age_seconds,
    differing,
    findings,
    is_healthy,
    stands_still,
)

QUIET_SECONDS: Final = 3_600.0
"""Nothing newer than so long ago, nothing published now, and read to its end: quiet, which is no fault."""
BACKLOG_SECONDS: Final = 60.0
"""Read, but for so long not to its end: there is a backlog."""


class Pulse(StrEnum):
    """How a source is, its connector and its silence taken together."""

    RUNNING = "running"
    QUIET = "quiet"
    BACKLOG = "backlog"
    DEGRADED = "degraded"
    CIRCUIT_OPEN = "circuit_open"
    PAUSED = "paused"
    STOPPED = "stopped"
    SILENT = "silent"
    NONE = "none"


class Pace(StrEnum):
    """How one hop is doing."""

    UP_TO_DATE = "up_to_date"
    BUSY = "busy"
    BEHIND = "behind"
    STANDS = "stands"
    NOBODY = "nobody"


class SourceRow(NamedTuple):
    """One source. `status`: its last heartbeat, None if it never reported; `per_second`: events published."""

    source: str
    pulse: Pulse
    freshness: Freshness
    status: Mapping[str, Any] | None
    per_second: float | None
    dead_letters: int

    @property
    def differing(self) -> int | None:
        """Records that the last reconciliation found otherwise than the source holds them; None: never reconciled."""
        completeness = self.status["completeness"] if self.status else None
        return None if completeness is None else differing(completeness)


class HopRow(NamedTuple):
    """One topic on its way into one stage. `waits_seconds`: for how long the oldest that waits does; None: nothing
    waits, or it is not known."""

    hop: Hop
    pace: Pace
    per_second: float | None
    waits_seconds: float | None


class Picture(NamedTuple):
    """Everything. `workers` None: the log could not be read, and there are no hops."""

    at: datetime
    sources: tuple[SourceRow, ...]
    hops: tuple[HopRow, ...]
    workers: int | None
    parked: int | None
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Nothing is broken."""
        return is_healthy(self.findings)


def picture(measured: Measured) -> Picture:
    """What one look shows."""
    flow = measured.flow
    return Picture(
        measured.at,
        tuple(_source(source, measured) for source in measured.sources),
        tuple(_hop(hop, measured) for hop in flow.hops) if flow else (),
        flow.workers if flow else None,
        measured.parked,
        tuple(findings(measured)),
    )


def _source(source: str, measured: Measured) -> SourceRow:
    status = measured.statuses.get(source)
    found = freshness(source, status, measured.flow, measured.at, measured.skews.get(source))
    per_second = (measured.publishing or {}).get(source)
    pulse = _pulse(status, measured.at, per_second or 0.0) if status else Pulse.NONE
    return SourceRow(source, pulse, found, status, per_second, measured.open_letters.get(source, 0))


def _pulse(status: Mapping[str, Any], at: datetime, per_second: float) -> Pulse:
    if status["state"] == "stopped":
        return Pulse.STOPPED
    if (age_seconds(at, status["reported_at"]) or 0.0) > SILENT_SECONDS:
        return Pulse.SILENT
    if status["state"] != "running":
        return Pulse(status["state"])
    read, newest = age_seconds(at, status["caught_up_at"]), age_seconds(at, status["newest_recorded_at"])
    if read is None or read > BACKLOG_SECONDS:
        return Pulse.BACKLOG
    return Pulse.QUIET if not per_second and (newest is None or newest > QUIET_SECONDS) else Pulse.RUNNING


def _hop(hop: Hop, measured: Measured) -> HopRow:
    waits = age_seconds(measured.at, hop.waiting_since)
    return HopRow(hop, _pace(hop, waits, measured), (measured.rates or {}).get((hop.stage, hop.topic)), waits)


def _pace(hop: Hop, waits: float | None, measured: Measured) -> Pace:
    if hop.stage != DESK and measured.flow is not None and not measured.flow.workers:
        return Pace.NOBODY
    if not hop.lag:
        return Pace.UP_TO_DATE
    if stands_still([hop], measured.rates, measured.at):
        return Pace.STANDS
    return Pace.BEHIND if hop.lag > BEHIND_MESSAGES or (waits or 0.0) > BEHIND_SECONDS else Pace.BUSY


def plain(shown: Picture) -> dict[str, Any]:
    """The same as one JSON object."""
    return {
        "healthy": shown.healthy,
        "at": shown.at.isoformat(),
        "sources": [_plain_source(row, shown.at) for row in shown.sources if row.status is not None],
        "hops": [_plain_hop(row) for row in shown.hops],
        "workers": shown.workers,
        "parked": shown.parked,
        "findings": [
            {"level": item.level, "where": item.where, "what": item.what, "command": item.command}
            for item in shown.findings
        ],
    }


def _plain_source(row: SourceRow, at: datetime) -> dict[str, Any]:
    item = row.status or {}
    completeness = item["completeness"]
    return {
        "source": row.source,
        "state": item["state"],
        "pulse": row.pulse,
        "message": item["message"],
        "seconds_since_report": age_seconds(at, item["reported_at"]),
        "seconds_since_poll": age_seconds(at, item["polled_at"]),
        "clock_skew_seconds": row.freshness.skew_seconds,
        "source_ahead_seconds": row.freshness.ahead_seconds,
        "newest_recorded_at": item["newest_recorded_at"] and item["newest_recorded_at"].isoformat(),
        "fresh_until": {point: _iso(row.freshness.at(point)) for point in Point},
        "freshness_seconds": {point: row.freshness.seconds(point, at) for point in Point},
        "published": item["published"],
        "published_per_second": row.per_second,
        "source_epoch": item["source_epoch"],
        "dead_letters": row.dead_letters,
        "completeness": completeness and completeness | {"checked_at": completeness["checked_at"].isoformat()},
    }


def _plain_hop(row: HopRow) -> dict[str, Any]:
    hop = row.hop
    return {
        "stage": hop.stage,
        "topic": hop.topic,
        "end": hop.end,
        "done": hop.done,
        "lag": hop.lag,
        "per_second": row.per_second,
        "waiting_seconds": row.waits_seconds,
        "state": row.pace,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
