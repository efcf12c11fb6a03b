"""Is it in sync, and if not: why, and what to do about it. Pure: what was measured goes in, findings come out.

Ordered as the flow goes: what is wrong upstream explains what is wrong below it, so the first finding is the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from hub.ops.flow import DESK, STAGES, Flow, Hop

SILENT_SECONDS: Final = 60.0
"""A connector reports every few seconds; after this long it is not late but gone."""
SKEW_SECONDS: Final = 5.0
"""A report from so far in the future says that a clock is wrong; less is the way of clocks."""
BEHIND_MESSAGES: Final = 2_000
"""More than this waiting at one hop is more than a busy moment."""
CHECK_HOURS: Final = 26
"""A reconciliation every night, and two hours to spare."""
DIFFERING: Final = ("missing", "stale", "ahead", "extra", "unshown")


class Level(StrEnum):
    """How bad a finding is."""

    BROKEN = "broken"
    """Directors see less, or older, than the sources hold, or soon will."""
    ATTENTION = "attention"
    """Somebody has to look; what is shown is right."""


class Finding(NamedTuple):
    """Something that is not as it should be. `what`: a sentence; `command`: what to do next."""

    level: Level
    where: str
    what: str
    command: str


class Measured(NamedTuple):
    """What one look gave. `statuses`: last heartbeat per source; `expected`: sources that ought to report. `flow` None:
    the log could not be read, `log_problem` says why. `desk_problem`: why the read model cannot be read. `rates`: how
    many messages per second a (stage, topic) dealt with since the look before."""

    at: datetime
    statuses: Mapping[str, Mapping[str, Any]]
    expected: frozenset[str]
    open_letters: Mapping[str, int]
    flow: Flow | None
    log_problem: str | None = None
    desk_problem: str | None = None
    parked: int | None = None
    rates: Mapping[tuple[str, str], float] | None = None

    @property
    def sources(self) -> list[str]:
        """All that report or ought to, sorted."""
        return sorted(self.expected | set(self.statuses))


def rates(before: Measured, after: Measured) -> Mapping[tuple[str, str], float] | None:
    """Messages per second that each hop dealt with between two looks."""
    seconds = (after.at - before.at).total_seconds()
    if before.flow is None or after.flow is None or seconds <= 0:
        return None
    done = {(hop.stage, hop.topic): hop.done for hop in before.flow.hops}
    return {
        (hop.stage, hop.topic): max(0, hop.done - done.get((hop.stage, hop.topic), hop.done)) / seconds
        for hop in after.flow.hops
    }


def age_seconds(at: datetime, moment: datetime | None) -> float | None:
    """How long ago; None: never. Never negative: what lies in the future is a clock's fault, see `skew_seconds`."""
    return None if moment is None else max(0.0, (at - moment).total_seconds())


def skew_seconds(at: datetime, status: Mapping[str, Any]) -> float:
    """How far a report lies in the future: its machine's clock, or ours, is wrong."""
    reported: datetime = status["reported_at"]
    return max(0.0, (reported - at).total_seconds())


def findings(measured: Measured) -> list[Finding]:
    """All that is not as it should be: what is broken before what needs attention, each in the order of the flow."""
    found = list(_all(measured))
    return [item for level in Level for item in found if item.level is level]


def is_healthy(found: Iterable[Finding]) -> bool:
    """Nothing is broken."""
    return not any(item.level is Level.BROKEN for item in found)


def _all(measured: Measured) -> Iterator[Finding]:
    if measured.flow is None:
        problem = measured.log_problem or "The log cannot be read."
        yield Finding(Level.BROKEN, "log", problem, _log_command(problem))
        return
    if not measured.sources:
        yield Finding(Level.BROKEN, "sources", "No source has ever reported.", "regiehub run connector NAME")
    for source in measured.sources:
        yield from _source(source, measured)
    yield from _stream(measured.flow, measured.rates or {})
    yield from _desk(measured)
    for source in measured.sources:
        if (status := measured.statuses.get(source)) and status.get("completeness"):
            yield from _completeness(source, status["completeness"], measured.at)
    for source, count in sorted(measured.open_letters.items()):
        if count:
            what = f"{count} records of {source} could not be read."
            yield Finding(Level.ATTENTION, source, what, f"regiehub dead-letter list --source {source}")


def _log_command(problem: str) -> str:
    return "regiehub topics apply" if "topics apply" in problem else "start the broker, or set REGIEHUB_BROKER"


def _source(source: str, measured: Measured) -> Iterator[Finding]:
    status = measured.statuses.get(source)
    run = f"regiehub run connector {source}"
    if status is None:
        yield Finding(Level.BROKEN, source, f"{source} has never reported.", run)
        return
    silence = age_seconds(measured.at, status["reported_at"]) or 0.0
    if (skew := skew_seconds(measured.at, status)) > SKEW_SECONDS:
        what = f"{source} reports from {skew:.0f} seconds in the future: a clock is wrong."
        yield Finding(Level.ATTENTION, source, what, "set the clocks of both machines (NTP)")
    if status["state"] == "stopped":
        why = status["message"] or "It was asked to."
        yield Finding(Level.BROKEN, source, f"{source} has stopped: {why}", _after_a_stop(source, why))
    elif silence > SILENT_SECONDS:
        yield Finding(Level.BROKEN, source, f"{source} is silent for {in_words(silence)}: its connector is gone.", run)
    elif status["state"] == "degraded":
        last = age_seconds(measured.at, status["polled_at"])
        since = "never reached" if last is None else f"not reached for {in_words(last)}"
        what = f"{source} is {since}: {status['message'] or 'it does not answer.'}"
        yield Finding(Level.BROKEN, source, what, "regiehub status --watch, and ask the source's own operators")
    elif status["state"] == "paused":
        what = f"{source} is paused. {status['message'] or ''}".strip()
        yield Finding(Level.ATTENTION, source, what, f"regiehub connector resume {source}")


def _after_a_stop(source: str, why: str) -> str:
    if "unreadable" in why:
        return f"regiehub dead-letter list --source {source}"
    if "back in time" in why:
        return f"regiehub connector reset {source} --new-epoch"
    return f"regiehub run connector {source}"


def _stream(flow: Flow, moving: Mapping[tuple[str, str], float]) -> Iterator[Finding]:
    if not flow.workers:
        waiting = sum(hop.lag for hop in flow.hops if hop.stage in STAGES)
        what = f"No stream worker runs; {waiting} messages wait."
        yield Finding(Level.BROKEN, "stream", what, "regiehub run stream")
        return
    for stage in STAGES:
        yield from _behind(stage, [hop for hop in flow.hops if hop.stage == stage], moving, "regiehub run stream")


def _desk(measured: Measured) -> Iterator[Finding]:
    if measured.desk_problem is not None:
        yield Finding(Level.BROKEN, DESK, measured.desk_problem, "regiehub run desk")
    elif measured.flow is not None:
        hops = [hop for hop in measured.flow.hops if hop.stage == DESK]
        yield from _behind(DESK, hops, measured.rates or {}, "regiehub run desk")


def _behind(
    stage: str, hops: Iterable[Hop], moving: Mapping[tuple[str, str], float], command: str
) -> Iterator[Finding]:
    """It stands still with work waiting, or has far too much of it."""
    waiting = [hop for hop in hops if hop.lag]
    lag = sum(hop.lag for hop in waiting)
    stands = waiting and moving and not any(moving.get((stage, hop.topic)) for hop in waiting)
    if stands:
        yield Finding(Level.BROKEN, stage, f"{stage} stands still; {lag} messages wait.", command)
    elif lag > BEHIND_MESSAGES:
        what = f"{stage} is {lag} messages behind."
        yield Finding(Level.BROKEN, stage, what, "regiehub status --watch: does the number fall?")


def _completeness(source: str, found: Mapping[str, Any], at: datetime) -> Iterator[Finding]:
    counts = ", ".join(f"{found[kind]} {kind}" for kind in DIFFERING if found[kind])
    if found["ahead"]:
        what = f"{source} went back in time ({counts}): restored from a backup?"
        yield Finding(Level.BROKEN, source, what, f"regiehub connector reset {source} --new-epoch")
    elif counts:
        what = f"Of {found['records']} records that {source} holds, not all are shown as they are: {counts}."
        yield Finding(Level.BROKEN, source, what, f"regiehub reconcile {source} --repair")
    if at - found["checked_at"] > timedelta(hours=CHECK_HOURS):
        age = in_words((at - found["checked_at"]).total_seconds())
        what = f"{source} was last reconciled {age} ago."
        yield Finding(Level.ATTENTION, source, what, f"regiehub reconcile {source}")


def in_words(seconds: float) -> str:
    """A duration for people: the two largest units at most."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds" if seconds >= 1 else "less than a second"
