"""Runs one source: poll → translate (in the connector's process) → key → encode → publish → all acked → save the
cursor.

Delivery is at-least-once: a crash anywhere replays the last batch, and a replay gives the same events. What each
error means stands in `hub/errors.py`. Time, chance, the log and the connector's process are passed in. What people ask
meanwhile (pause, reset, repair, replay) comes by `Control`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from hub.connect.api import Cursor
from hub.connect.ingest import errands
from hub.connect.ingest.aside import set_aside
from hub.connect.ingest.backfill import Backfill
from hub.connect.ingest.backfilling import Backfiller
from hub.connect.ingest.clock import Clock
from hub.connect.ingest.control import Control, Errand, Orders, Reset
from hub.connect.ingest.counted import CountedErrands, CountedFeed
from hub.connect.ingest.erasing import Eraser
from hub.connect.ingest.errands import Asked, Errands
from hub.connect.ingest.events import SourceState, state
from hub.connect.ingest.index import Index, Progress
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.keys import KeyRing
from hub.connect.ingest.pace import Budget
from hub.connect.ingest.patience import Patience
from hub.connect.ingest.policy import Backoff, Breaker, RejectLimit
from hub.connect.ingest.publisher import Message, Publisher
from hub.connect.ingest.reporting import Facts, Reporter
from hub.connect.ingest.safety import SafetyLane
from hub.connect.ingest.tracing import Tracing
from hub.connect.ingest.work import Work, latest
from hub.connect.wire import TranslatedBatch, Unreadable
from hub.errors import DeadLetterLimitExceeded, LogUnavailable, RegiehubError, SourceUnavailable
from hub.events.records import Draft
from hub.ops import metrics
from hub.ops.logging import get_logger

_log: Final = get_logger()
_BACKFILL_SECONDS: Final = 0.1
"""Between two batches of a backfill: it asks the source ten times a second at most."""


class Feed(Protocol):
    """The connector as the engine sees it: its process, or a script in tests."""

    def poll(self, cursor: Cursor | None) -> TranslatedBatch | None:
        """What is new after the cursor; None when we were asked to stop. Raises as `Connector.poll`."""


@dataclass(frozen=True)
class Policy:
    """How often, how long, how much."""

    source_epoch: int = 0
    poll_seconds: float = 0.5
    heartbeat_seconds: float = 5.0
    limit: RejectLimit = field(default_factory=RejectLimit)
    backoff: Backoff = field(default_factory=Backoff)
    breaker: Breaker = field(default_factory=Breaker)
    trace_seconds: float = 10.0
    requests_per_second: float | None = None


class Ingest:
    """One source from poll to cursor. Blocking; used by one thread."""

    def __init__(
        self,
        feed: Feed,
        publisher: Publisher,
        index: Index,
        *,
        ring: KeyRing,
        identity: Identity,
        clock: Clock,
        policy: Policy | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._feed: Feed = CountedFeed(feed, self._count)
        self._publisher = publisher
        self._index = index
        self._ring = ring
        self._identity = identity
        self._clock = clock
        self._policy = policy or Policy()
        self._forget: Callable[[Cursor], None] = lambda _: None
        self._eraser: Eraser | None = None
        self._control: Control | None = None
        self._errands: Errands | None = None
        self._backfiller: Backfiller | None = None
        self._backfill: Backfill | None = None
        self._orders = Orders()
        self._is_admitted = False
        self._patience = Patience(identity.source, self._policy.backoff, self._policy.breaker, chance)
        self._budget = Budget(self._policy.requests_per_second, clock.monotonic())
        self._progress = index.progress()
        self._rejected = index.rejected_count()
        self._tracing = Tracing(identity.source, self._policy.trace_seconds, clock.monotonic)
        self._caught_up_at: datetime | None = None
        self._reporter = Reporter(publisher, identity, clock, self._policy.heartbeat_seconds)

    def obey(self, control: Control, feed: errands.Feed) -> None:
        """From the next step on do what people ask by the control file; `feed` answers their errands."""
        self._control = control
        counted = CountedErrands(feed, self._count)
        self._errands = Errands(
            control, counted, self._index, self._ring, self._identity, self._clock, self._policy.requests_per_second
        )
        self._backfiller = Backfiller(
            control, self._feed, self._index, self._ring, self._identity, clock=self._clock, limit=self._policy.limit
        )

    def forget_by(self, forget: Callable[[Cursor], None]) -> None:
        """Tell it each cursor that was saved: what came before that is published. It may raise SourceUnavailable."""
        self._forget = forget

    def erase_by(self, eraser: Eraser) -> None:
        """From the next step on publish nothing of whom it says must be forgotten."""
        self._eraser = eraser

    @property
    def progress(self) -> Progress:
        """What was saved last."""
        return self._progress

    @property
    def is_circuit_open(self) -> bool:
        """The source failed so often in a row that it is left alone but for one try in a while."""
        return self._patience.is_circuit_open

    @property
    def may_be_compared(self) -> bool:
        """The source was read to its end since this process started, or since a reset, and is not left alone."""
        return self._caught_up_at is not None and not self.is_circuit_open

    def run(self, stopping: Callable[[], bool]) -> None:
        """Until asked to stop. Raises what stops a connector (hub/errors.py), after its last heartbeat.

        After too many unreadable records it holds: nothing but child-safety signals goes on, until somebody says so
        (`connector resume`) or the process is stopped, which then raises DeadLetterLimitExceeded.
        """
        try:
            while not stopping():
                try:
                    seconds = self.step()
                except DeadLetterLimitExceeded as error:
                    self._hold(error, stopping)
                else:
                    self._wait(seconds, stopping)
        except RegiehubError as error:
            self._say_goodbye(error.user_message)
            raise
        self._say_goodbye(None)

    def step(self) -> float:
        """One poll and all that follows from it; gives the seconds to wait before the next one."""
        try:
            seconds = self._step()
        except (SourceUnavailable, LogUnavailable) as error:
            seconds = self._back_off(error)
        return self._spaced(seconds)

    def _spaced(self, seconds: float) -> float:
        """Not before the source may be asked again."""
        return max(seconds, self._budget.wait_seconds(self._clock.monotonic()))

    def _wait(self, seconds: float, stopping: Callable[[], bool]) -> None:
        """Wait, and go on saying how the source is."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > self._policy.heartbeat_seconds and not stopping():
            self._clock.wait(self._policy.heartbeat_seconds)
            self._reporter.say_again(self._facts)
        self._clock.wait(max(0.0, left))

    def _count(self, requests: int) -> None:
        self._budget = self._budget.spent(requests, self._clock.monotonic())

    def _step(self) -> float:
        self._erase()
        if self._is_paused():
            return self._policy.poll_seconds
        if self._leads():
            return 0.0
        asked_at = self._clock.now()
        batch = self._feed.poll(self._progress.cursor)
        if batch is None:
            return 0.0
        self._take(batch)
        if not batch.more:
            self._caught_up_at = asked_at
        if self._errands:
            self._errands.run(self.publish, self.source_epoch)
        is_busy = self._run_backfill()
        self._patience.succeeded()
        self._beat(SourceState.RUNNING, self._backfill.in_words() if self._backfill and is_busy else None)
        if batch.more:
            return 0.0
        return min(_BACKFILL_SECONDS, self._policy.poll_seconds) if is_busy else self._policy.poll_seconds

    def _leads(self) -> bool:
        """One batch of the compositions that go first since a reset. Whether there is more of them."""
        lead = self._backfiller.lead(self.publish, self.source_epoch) if self._backfiller else None
        if lead is None:
            return False
        self._patience.succeeded()
        self._beat(SourceState.RUNNING, lead.in_words("Reset"))
        return True

    def _run_backfill(self) -> bool:
        """One batch of it, after live changes. Whether there is more to do, or somebody to look."""
        if self._backfiller is None:
            return False
        self._backfill = self._backfiller.run(self.publish, self.source_epoch)
        return self._backfill is not None and self._backfill.done_at is None

    @property
    def source_epoch(self) -> int:
        """The one in which the source is read now: the connectors file's, or a later one by a reset."""
        return max(self._policy.source_epoch, self._orders.source_epoch)

    def _erase(self) -> None:
        """Also while the source is paused or held: that asks nothing of it."""
        if self._eraser:
            self._eraser.run(self.publish, self.source_epoch, self._clock.monotonic())

    def _kept(self, draft: Draft) -> Draft:
        return self._eraser.kept(draft) if self._eraser else draft

    def _is_paused(self) -> bool:
        """Look what people ask, obey, and say whether to leave the source alone."""
        if self._control:
            self._orders = self._control.orders()
            if self._orders.reset:
                self._reset(self._control, self._orders.reset)
        pause = self._orders.pause
        metrics.SOURCE_PAUSED.labels(self._identity.source).set(pause is not None)
        if pause is not None:
            self._beat(SourceState.PAUSED, f"Paused by {pause.by}: {pause.why}")
        return pause is not None

    def _reset(self, control: Control, reset: Reset) -> None:
        """Read from another place from now on, compositions first; positions of a new epoch are other records than
        before."""
        is_new = reset.source_epoch > self.source_epoch
        progress = self._progress._replace(cursor=reset.cursor, position=None, recent="")
        self._index.start_anew(progress, forget_rejected=is_new)
        if is_new:
            control.stop_backfill()
            for kind in Errand:  # what was asked for is about another state of the source
                control.stop(kind)
        lead = Backfill(reset.by, self._clock.now().isoformat(), reset.number, reset.cursor, cursor=reset.cursor)
        control.keep_lead(lead)
        control.reset_done(reset)
        self._progress, self._orders, self._caught_up_at = progress, control.orders(), None
        self._rejected = self._index.rejected_count()
        _log.warning("connector_reset", source=self._identity.source, by=reset.by, source_epoch=self.source_epoch)

    def _hold(self, error: DeadLetterLimitExceeded, stopping: Callable[[], bool]) -> None:
        """Read ahead, without moving the cursor, and let child-safety signals through, until somebody resets, or says
        to go on: the batch at hand is then taken whatever it holds. Raises the error when asked to stop."""
        source = self._identity.source
        _log.error("connector_held", source=source, why=error.user_message, detail=error.detail)
        metrics.SOURCE_HELD.labels(source).set(1)
        lane, cursor, asked = SafetyLane(), self._progress.cursor, self._orders.go_on
        held_at = (self._progress.cursor, self.source_epoch)
        while not stopping():
            seconds, cursor = self._look_ahead(lane, cursor, error)
            is_reset = held_at != (self._progress.cursor, self.source_epoch)
            if self._orders.go_on != asked or is_reset:
                self._is_admitted = not is_reset
                metrics.SOURCE_HELD.labels(source).set(0)
                return
            self._wait(self._spaced(seconds), stopping)
        raise error

    def _look_ahead(
        self, lane: SafetyLane, cursor: Cursor | None, error: DeadLetterLimitExceeded
    ) -> tuple[float, Cursor | None]:
        try:
            self._erase()
            if self._is_paused():
                return self._policy.poll_seconds, cursor
            batch = self._feed.poll(cursor)
            if batch is None:
                return 0.0, cursor
            self.publish([Asked(draft, self.source_epoch) for draft in lane.pass_on(batch.drafts)])
            self._beat(SourceState.STOPPED, error.user_message)
        except (SourceUnavailable, LogUnavailable) as failure:
            return self._back_off(failure), cursor
        self._patience.succeeded()
        return 0.0 if batch.more else self._policy.poll_seconds, batch.cursor

    def publish(self, asked: Iterable[Asked], also: Sequence[Message] = (), rejected: Iterable[str] = ()) -> int:
        """Publish beside the feed: acknowledged, then in the index; the cursor stays. Gives the number of events."""
        now = self._clock.now()
        work = Work()
        stated = [(state(self._kept(i.draft), self._ring, self._identity, i.source_epoch), i.forced) for i in asked]
        known = self._index.known(item.record for item, _ in stated)
        for item, forced in stated:
            work.add(item, known, now, forced=forced)
        messages, aside = [*work.messages, *also], list(rejected)
        if not messages:
            return 0
        self._index.intend(work.entries)
        self._publisher.publish(messages)
        newest = latest(self._progress.newest_recorded_at, work.newest_recorded_at)
        published = self._progress.published + len(work.entries)
        progress = self._progress._replace(newest_recorded_at=newest, published=published)
        self._index.commit(work.entries, aside, progress)
        self._progress = progress
        self._rejected += len(aside)
        metrics.RECORDS_PUBLISHED.labels(self._identity.source).inc(len(work.entries))
        metrics.DEAD_LETTERS.labels(self._identity.source).inc(len(aside))
        return len(work.entries)

    def _take(self, batch: TranslatedBatch) -> None:
        """Publish a batch, wait for the acks, then move index and cursor on together."""
        bad = [isinstance(record, Unreadable) for record in batch.records]
        recent = "" if self._is_admitted else self._policy.limit.add(self._progress.recent, bad)
        now = self._clock.now()
        work = self._plan(batch, now)
        if work.messages:
            self._index.intend(work.entries)
            traced = self._tracing.mark(work.messages, work.entries)
            self._publisher.publish(work.messages)
            if traced:
                _log.info("change_published", trace_id=traced, source=self._identity.source)
        progress = self._progress._replace(
            cursor=batch.cursor,
            position=batch.records[-1].position if batch.records else self._progress.position,
            polled_at=now,
            newest_recorded_at=latest(self._progress.newest_recorded_at, work.newest_recorded_at),
            published=self._progress.published + len(work.entries),
            recent=recent,
        )
        if batch.records or progress.cursor != self._progress.cursor:
            self._index.commit(work.entries, [record.position for record in work.rejected], progress)
        self._progress, self._is_admitted = progress, False
        self._rejected += len(work.rejected)
        work.count(batch, self._identity.source, self._clock.now())
        if progress.cursor is not None:
            self._forget(progress.cursor)

    def _plan(self, batch: TranslatedBatch, now: datetime) -> Work:
        epoch = self.source_epoch
        stated = [state(self._kept(draft), self._ring, self._identity, epoch) for draft in batch.drafts]
        aside = set_aside(batch, self._index, self._ring, self._identity, now, source_epoch=epoch)
        work = Work(rejected=aside.records)
        known = self._index.known(item.record for item in stated)
        for item in stated:
            work.add(item, known, now)
        work.messages.extend(aside.letters)
        return work

    def _back_off(self, error: SourceUnavailable | LogUnavailable) -> float:
        seconds = self._patience.failed(error)
        if isinstance(error, SourceUnavailable):
            self._reporter.try_to_beat(self._patience.state, error.user_message, self._facts)
        return seconds

    def _say_goodbye(self, message: str | None) -> None:
        self._reporter.try_to_beat(SourceState.STOPPED, message, self._facts)

    def _beat(self, source_state: SourceState, message: str | None) -> None:
        self._reporter.beat(source_state, message, self._facts)

    @property
    def _facts(self) -> Facts:
        completeness, caught_up_at = self._orders.completeness, self._caught_up_at
        return Facts(self._progress, self._rejected, self.source_epoch, completeness, caught_up_at)
