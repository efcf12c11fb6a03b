"""Is it in sync, and if not: why, and what to do about it. Pure: what was measured goes in, findings come out.

Ordered as the flow goes: what is wrong upstream explains what is wrong below it, so the first finding is the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from hub.ops.flow import DESK, STAGES, Flow, Hop

SILENT_SECONDS: Final = 60.0
"""A connector reports every few seconds; after this long it is not late but gone."""
SKEW_SECONDS: Final = 5.0
"""A report from so far in the future says that a clock is wrong; less is the way of clocks."""
BEHIND_MESSAGES: Final = 2_000
"""More than this waiting at one hop is more than a busy moment."""
BEHIND_SECONDS: Final = 60.0
"""So is something that waits longer than this."""
STILL_SECONDS: Final = 10.0
"""What has waited less may have come between two looks, or while partitions moved: that stands for nothing."""
CHECK_HOURS: Final = 26
"""A reconciliation every night, and two hours to spare."""
DIFFERING: Final = ("missing", "stale", "ahead", "extra", "unshown")


class Level(StrEnum):
    """How bad a finding is."""

    BROKEN = "broken"
    """Directors see less, or older, than the sources hold, or soon will."""
    ATTENTION = "attention"
    """Somebody has to look; what is shown is right."""


SENTENCES: Final = {
    "log": "{problem}",
    "no_sources": "No source has ever reported.",
    "never_reported": "{source} has never reported.",
    "skew": "{source} is {skew_seconds} ahead: a clock is wrong.",
    "stopped": "{source} has stopped: {why}",
    "stopped_as_asked": "{source} has stopped: It was asked to.",
    "silent": "{source} is silent for {silent_seconds}: its connector is gone.",
    "never_reached": "{source} is never reached: {why}",
    "not_reached": "{source} is not reached for {last_seconds}: {why}",
    "circuit_open": "{source} failed so often in a row that it is left alone but for one try in a while: {why}",
    "paused": "{source} is paused. {why}",
    "no_worker": "No stream worker runs; {lag} messages wait.",
    "desk": "{problem}",
    "stands": "{stage} stands still; {lag} messages wait.",
    "behind": "{stage} is {lag} messages behind.",
    "late": "{stage} is {waits_seconds} behind; {lag} messages wait.",
    "ahead": "{source} went back in time ({counts}): restored from a backup?",
    "differs": "Of {records} records that {source} holds, not all are shown as they are: {counts}.",
    "never_checked": "{source} was never reconciled: whether all of it is shown is not proven.",
    "unchecked": "{source} was last reconciled {age_seconds} ago.",
    "letters": "{number} records of {source} could not be read.",
}
"""What each kind of finding says, in English. `..._seconds` is a duration, `counts` a number per way of differing."""

_ASK_ITS_OPERATORS: Final = "regiehub status --watch, and ask the source's own operators"


class Finding(NamedTuple):
    """Something that is not as it should be. `kind`: of SENTENCES, and `values` for it; `command`: what to do next."""

    level: Level
    where: str
    kind: str
    values: Mapping[str, object]
    command: str

    @property
    def what(self) -> str:
        """The sentence."""
        return say(SENTENCES[self.kind], self.values, in_words, lambda kind: kind)


def say(
    sentence: str, values: Mapping[str, object], duration: Callable[[float], str], word: Callable[[str], str]
) -> str:
    """A sentence of some language with its values filled in."""

    def said(name: str, value: object) -> object:
        if isinstance(value, Mapping):
            return ", ".join(f"{number} {word(kind)}" for kind, number in value.items())
        return duration(value) if name.endswith("_seconds") and isinstance(value, float) else value

    return sentence.format(**{name: said(name, value) for name, value in values.items()}).strip()


class Measured(NamedTuple):
    """What one look gave. `statuses`: last heartbeat per source; `expected`: sources that ought to report. `flow` None:
    the log could not be read, `log_problem` says why. `desk_problem`: why the read model cannot be read. `rates`: how
    many messages per second a (stage, topic) dealt with since the look before; `publishing`: what each source published
    per second between the reports that the two looks saw. `skews`: how many seconds ahead of ours the clock was of whom
    each of the statuses is, which are told by our clock; one that is not named is told by its own."""

    at: datetime
    statuses: Mapping[str, Mapping[str, Any]]
    expected: frozenset[str]
    open_letters: Mapping[str, int]
    flow: Flow | None
    log_problem: str | None = None
    desk_problem: str | None = None
    parked: int | None = None
    rates: Mapping[tuple[str, str], float] | None = None
    publishing: Mapping[str, float] | None = None
    skews: Mapping[str, float] = MappingProxyType({})

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


def publishing(before: Measured, after: Measured) -> Mapping[str, float]:
    """Events per second that each source published between two reports; of a source without a newer one nothing."""
    found = {}
    for source, status in after.statuses.items():
        known = before.statuses.get(source)
        seconds = (status["reported_at"] - known["reported_at"]).total_seconds() if known else 0.0
        if known and seconds > 0:
            found[source] = max(0, status["published"] - known["published"]) / seconds
    return found


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


def differing(completeness: Mapping[str, Any]) -> int:
    """Records that a reconciliation found otherwise than the source holds them."""
    return sum(completeness[kind] for kind in DIFFERING)


def is_healthy(found: Iterable[Finding]) -> bool:
    """Nothing is broken."""
    return not any(item.level is Level.BROKEN for item in found)


def _all(measured: Measured) -> Iterator[Finding]:
    if measured.flow is None:
        problem = measured.log_problem or "The log cannot be read."
        yield Finding(Level.BROKEN, "log", "log", {"problem": problem}, _log_command(problem))
        return
    if not measured.sources:
        yield Finding(Level.BROKEN, "sources", "no_sources", {}, "regiehub run connector NAME")
    for source in measured.sources:
        yield from _source(source, measured)
    yield from _stream(measured.flow, measured)
    yield from _desk(measured)
    for source in measured.sources:
        if (status := measured.statuses.get(source)) is not None:
            yield from _completeness(source, status["completeness"], measured.at)
    for source, count in sorted(measured.open_letters.items()):
        if count:
            values = {"source": source, "number": count}
            yield Finding(Level.ATTENTION, source, "letters", values, f"regiehub dead-letter list --source {source}")


def _log_command(problem: str) -> str:
    return "regiehub topics apply" if "topics apply" in problem else "start the broker, or set REGIEHUB_BROKER"


def _source(source: str, measured: Measured) -> Iterator[Finding]:
    status, run = measured.statuses.get(source), f"regiehub run connector {source}"
    if status is None:
        yield Finding(Level.BROKEN, source, "never_reported", {"source": source}, run)
        return
    if (skew := measured.skews.get(source, skew_seconds(measured.at, status))) > SKEW_SECONDS:
        values = {"source": source, "skew_seconds": skew}
        yield Finding(Level.ATTENTION, source, "skew", values, "set the clocks of both machines (NTP)")
    if (found := _trouble(source, status, measured.at)) is not None:
        yield found


def _trouble(source: str, status: Mapping[str, Any], at: datetime) -> Finding | None:
    """What its connector, or the silence of it, says."""
    silence = age_seconds(at, status["reported_at"]) or 0.0
    run, why = f"regiehub run connector {source}", status["message"]
    said = {"source": source, "why": why or "it does not answer."}
    match status["state"]:
        case "stopped":
            kind = "stopped" if why else "stopped_as_asked"
            return Finding(Level.BROKEN, source, kind, said, _after_a_stop(source, why or ""))
        case _ if silence > SILENT_SECONDS:
            return Finding(Level.BROKEN, source, "silent", {"source": source, "silent_seconds": silence}, run)
        case "degraded":
            last = age_seconds(at, status["polled_at"])
            kind = "never_reached" if last is None else "not_reached"
            return Finding(Level.BROKEN, source, kind, said | {"last_seconds": last}, _ASK_ITS_OPERATORS)
        case "circuit_open":
            return Finding(Level.BROKEN, source, "circuit_open", said, _ASK_ITS_OPERATORS)
        case "paused":
            values = {"source": source, "why": why or ""}
            return Finding(Level.ATTENTION, source, "paused", values, f"regiehub connector resume {source}")
    return None


def _after_a_stop(source: str, why: str) -> str:
    if "unreadable" in why:
        return f"regiehub dead-letter list --source {source}"
    if "back in time" in why:
        return f"regiehub connector reset {source} --new-epoch"
    return f"regiehub run connector {source}"


def _stream(flow: Flow, measured: Measured) -> Iterator[Finding]:
    if not flow.workers:
        waiting = sum(hop.lag for hop in flow.hops if hop.stage in STAGES)
        yield Finding(Level.BROKEN, "stream", "no_worker", {"lag": waiting}, "regiehub run stream")
        return
    for stage in STAGES:
        yield from _behind(stage, measured, "regiehub run stream")


def _desk(measured: Measured) -> Iterator[Finding]:
    if measured.desk_problem is not None:
        yield Finding(Level.BROKEN, DESK, "desk", {"problem": measured.desk_problem}, "regiehub run desk")
    else:
        yield from _behind(DESK, measured, "regiehub run desk")


def _behind(stage: str, measured: Measured, command: str) -> Iterator[Finding]:
    """It stands still with work waiting, or has far too much of it, or for far too long."""
    waiting = [hop for hop in (measured.flow.hops if measured.flow else ()) if hop.stage == stage and hop.lag]
    lag = sum(hop.lag for hop in waiting)
    values = {"stage": stage, "lag": lag}
    late = max((age_seconds(measured.at, hop.waiting_since) or 0.0 for hop in waiting), default=0.0)
    watch = "regiehub status --watch: does the number fall?"
    if stands_still(waiting, measured.rates, measured.at):
        yield Finding(Level.BROKEN, stage, "stands", values, command)
    elif lag > BEHIND_MESSAGES:
        yield Finding(Level.BROKEN, stage, "behind", values, watch)
    elif late > BEHIND_SECONDS:
        yield Finding(Level.BROKEN, stage, "late", values | {"waits_seconds": late}, watch)


def stands_still(waiting: Iterable[Hop], moved: Mapping[tuple[str, str], float] | None, at: datetime) -> bool:
    """Whether nothing was done between two looks at hops of one stage where something waits, and not only just."""
    hops = list(waiting)
    ages = [age_seconds(at, hop.waiting_since) for hop in hops]
    is_old = any(age is None or age > STILL_SECONDS for age in ages)
    return bool(is_old and moved and not any(moved.get((hop.stage, hop.topic)) for hop in hops))


def _completeness(source: str, found: Mapping[str, Any] | None, at: datetime) -> Iterator[Finding]:
    if found is None:
        yield Finding(Level.ATTENTION, source, "never_checked", {"source": source}, f"regiehub reconcile {source}")
        return
    counts = {kind: found[kind] for kind in DIFFERING if found[kind]}
    if found["ahead"]:
        reset = f"regiehub connector reset {source} --new-epoch"
        yield Finding(Level.BROKEN, source, "ahead", {"source": source, "counts": counts}, reset)
    elif counts:
        values = {"records": found["records"], "source": source, "counts": counts}
        yield Finding(Level.BROKEN, source, "differs", values, f"regiehub reconcile {source} --repair")
    if at - found["checked_at"] > timedelta(hours=CHECK_HOURS):
        age = {"source": source, "age_seconds": (at - found["checked_at"]).total_seconds()}
        yield Finding(Level.ATTENTION, source, "unchecked", age, f"regiehub reconcile {source}")


def in_words(seconds: float) -> str:
    """A duration for people: the two largest units at most."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds" if seconds >= 1 else "less than a second"
