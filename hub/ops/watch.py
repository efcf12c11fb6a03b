"""Looks at the whole flow, time after time, from outside the processes that make it: the log, the heartbeats in it, and
how far the read model is. Blocking; used by one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hub.errors import LogRefused, LogUnavailable
from hub.events.codec import UndecodableError, UnknownSchemaError, decode
from hub.events.topics import SOURCES
from hub.ops.broker import Broker, Place
from hub.ops.flow import measure
from hub.ops.status import Measured, publishing, rates

Status = Mapping[str, Any]


class ReadModel(NamedTuple):
    """What the read model says of itself: the next offset of what it reads, parked entries, open dead letters per
    source; `problem`: why it cannot be asked, and nothing else is known."""

    offsets: Mapping[Place, int] | None
    parked: int | None
    open_letters: Mapping[str, int]
    problem: str | None = None


class Watch:
    """A context manager. Remembers heartbeats, and the look before: what moves is told from what stands still."""

    def __init__(
        self,
        broker: str,
        group: str,
        read_model: Callable[[], ReadModel],
        expected: frozenset[str] = frozenset(),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`group`: of the stream's workers; `expected`: sources that ought to report."""
        self._address = broker
        self._group = group
        self._read_model = read_model
        self._expected = expected
        self._now = now
        self._exit = ExitStack()
        self._broker: Broker | None = None
        self._read: dict[int, int] = {}
        self._statuses: dict[str, Status] = {}
        self._skews: dict[str, float] = {}
        self._before: Measured | None = None

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the log."""
        self._let_go()

    def look(self) -> Measured:
        """What is so now, and how much was done since the look before. A log that does not answer is an answer."""
        desk = self._read_model()
        try:
            broker = self._connected()
            flow = measure(broker, self._group, desk.offsets)
            self._hear(broker.messages_after(SOURCES, self._read))
        except (LogUnavailable, LogRefused) as error:
            self._let_go()
            self._before = None
            return Measured(
                self._now(),
                self._statuses,
                self._expected,
                {},
                None,
                error.user_message,
                desk.problem,
                skews=self._skews,
            )
        found = Measured(
            self._now(), dict(self._statuses), self._expected, desk.open_letters, flow, None, desk.problem, desk.parked,
            skews=dict(self._skews),
        )  # fmt: skip
        if self._before is not None:
            found = found._replace(rates=rates(self._before, found), publishing=publishing(self._before, found))
        self._before = found
        return found

    def _hear(self, messages: Iterable[bytes]) -> None:
        """Take in the newest heartbeats, each by our clock."""
        for source, status in newest_statuses(messages).items():
            moved, self._skews[source] = by_our_clock(status, self._now())
            self._statuses[source] = _with_what_was_known(moved, self._statuses.get(source))

    def _connected(self) -> Broker:
        if self._broker is None:
            self._broker = self._exit.enter_context(Broker(self._address))
        return self._broker

    def _let_go(self) -> None:
        self._broker = None
        self._exit.close()


def newest_statuses(messages: Iterable[bytes]) -> dict[str, Status]:
    """The last heartbeat of each source in the log, by source: its clock may have been set back since the one before.
    What cannot be read is left out. A connector that has just started does not know when the source was last read to
    its end: what it said before still holds."""
    found: dict[str, Status] = {}
    for data in messages:
        try:
            status = decode(data).value
        except (UndecodableError, UnknownSchemaError):
            continue
        found[status["source"]] = _with_what_was_known(status, found.get(status["source"]))
    return found


def by_our_clock(status: Status, heard_at: datetime) -> tuple[Status, float]:
    """A heartbeat that was first heard then, and by how many seconds its clock is ahead of ours. What lies in our
    future is put back to when it was heard: else one that dies would be called fresh until we have come so far."""
    ahead = max(status["reported_at"] - heard_at, timedelta(0))
    if not ahead:
        return status, 0.0
    by_its_clock = ("reported_at", "polled_at", "caught_up_at")
    moved = {name: status[name] and status[name] - ahead for name in by_its_clock}
    return {**status, **moved}, ahead.total_seconds()


def _with_what_was_known(status: Status, before: Status | None) -> Status:
    is_same_feed = before is not None and before["source_epoch"] == status["source_epoch"]
    if before is None or not is_same_feed or status["caught_up_at"] is not None:
        return status
    return {**status, "caught_up_at": before["caught_up_at"]}
