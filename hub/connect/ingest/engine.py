"""Runs one source: poll → translate (in the connector's process) → key → encode → publish → all acked → save the
cursor.

Delivery is at-least-once: a crash anywhere replays the last batch, and a replay gives the same events. What each
error means stands in `hub/errors.py`. Time, chance, the log and the connector's process are passed in.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from hub.connect.api import Cursor
from hub.connect.ingest.clock import Clock
from hub.connect.ingest.events import (
    Heartbeat,
    SourceState,
    Stated,
    dead_letter,
    events,
    heartbeat_message,
    state,
)
from hub.connect.ingest.index import Entry, Index, Progress, RecordKey
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.keys import KeyRing
from hub.connect.ingest.plan import Known, Verdict, plan
from hub.connect.ingest.policy import Backoff, RejectLimit
from hub.connect.ingest.publisher import Message, Publisher
from hub.connect.wire import TranslatedBatch, Unreadable
from hub.errors import LogUnavailable, RegiehubError, SourceUnavailable
from hub.events.moments import micros
from hub.ops import metrics
from hub.ops.logging import get_logger

_log: Final = get_logger()


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


class Work(NamedTuple):
    """What one batch comes down to: the messages in order, the index entries, the positions set aside."""

    messages: list[Message]
    entries: list[Entry]
    rejected: list[Unreadable]
    skipped: Counter[Verdict]
    unconfirmed: Counter[str]
    newest_recorded_at: datetime | None


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
        self._feed = feed
        self._publisher = publisher
        self._index = index
        self._ring = ring
        self._identity = identity
        self._clock = clock
        self._policy = policy or Policy()
        self._chance = chance
        self._backoff = self._policy.backoff
        self._progress = index.progress()
        self._rejected = index.rejected_count()
        self._reported: tuple[SourceState, str | None, int, int] | None = None
        self._reported_at = float("-inf")

    @property
    def progress(self) -> Progress:
        """What was saved last."""
        return self._progress

    def run(self, stopping: Callable[[], bool]) -> None:
        """Until asked to stop. Raises what stops a connector (hub/errors.py), after its last heartbeat."""
        try:
            while not stopping():
                self._clock.wait(self.step())
        except RegiehubError as error:
            self._say_goodbye(error.user_message)
            raise
        self._say_goodbye(None)

    def step(self) -> float:
        """One poll and all that follows from it; gives the seconds to wait before the next one."""
        try:
            return self._step()
        except (SourceUnavailable, LogUnavailable) as error:
            return self._back_off(error)

    def _step(self) -> float:
        batch = self._feed.poll(self._progress.cursor)
        if batch is None:
            return 0.0
        self._take(batch)
        self._backoff = self._backoff.succeeded()
        self._beat(SourceState.RUNNING, None)
        return 0.0 if batch.more else self._policy.poll_seconds

    def _take(self, batch: TranslatedBatch) -> None:
        """Publish a batch, wait for the acks, then move index and cursor on together."""
        bad = [isinstance(record, Unreadable) for record in batch.records]
        recent = self._policy.limit.add(self._progress.recent, bad)
        now = self._clock.now()
        work = self._plan(batch, now)
        if work.messages:
            self._index.intend(work.entries)
            self._publisher.publish(work.messages)
        progress = self._progress._replace(
            cursor=batch.cursor,
            position=batch.records[-1].position if batch.records else self._progress.position,
            polled_at=now,
            newest_recorded_at=_latest(self._progress.newest_recorded_at, work.newest_recorded_at),
            published=self._progress.published + len(work.entries),
            recent=recent,
        )
        if batch.records or progress.cursor != self._progress.cursor:
            self._index.commit(work.entries, [record.position for record in work.rejected], progress)
        self._progress = progress
        self._rejected += len(work.rejected)
        self._count(batch, work)

    def _plan(self, batch: TranslatedBatch, now: datetime) -> Work:
        epoch = self._policy.source_epoch
        drafts = [draft for record in batch.records if not isinstance(record, Unreadable) for draft in record.drafts]
        stated = [state(draft, self._ring, self._identity, epoch) for draft in drafts]
        rejected = self._new_rejects(batch)
        work = Work([], [], rejected, Counter(), Counter(), None)
        known = self._index.known(item.record for item in stated)
        for item in stated:
            work = self._plan_one(item, known, micros(now), work)
        work.messages.extend(dead_letter(record, self._ring, self._identity, now) for record in rejected)
        return work

    def _plan_one(self, item: Stated, known: dict[RecordKey, list[Known]], now: int, work: Work) -> Work:
        decided = plan(item.incoming, known.get(item.record, ()), now)
        if decided.verdict is not Verdict.PUBLISH:
            work.skipped[decided.verdict] += 1
            return work
        made = events(item, decided)
        work.messages.extend(message for _, message in made)
        work.entries.extend(entry for entry, _ in made)
        work.unconfirmed.update(_unconfirmed_reasons(item))
        known[item.record] = [made[-1][0].known]  # the next version in this batch follows upon this one
        newest = _latest(work.newest_recorded_at, item.content["recorded_at"])
        return work._replace(newest_recorded_at=newest)

    def _new_rejects(self, batch: TranslatedBatch) -> list[Unreadable]:
        """Unreadable records that were not set aside before; one per position."""
        unreadable = {record.position: record for record in batch.records if isinstance(record, Unreadable)}
        fresh = self._index.new_positions(list(unreadable))
        return [record for position, record in unreadable.items() if position in fresh]

    def _back_off(self, error: SourceUnavailable | LogUnavailable) -> float:
        self._backoff = self._backoff.failed()
        asked = error.retry_after_seconds if isinstance(error, SourceUnavailable) else None
        seconds = self._backoff.seconds(self._chance(), asked)
        reason = "source_unavailable" if isinstance(error, SourceUnavailable) else "log_unavailable"
        metrics.SOURCE_FAILURES.labels(self._identity.source, reason).inc()
        _log.warning(reason, source=self._identity.source, detail=error.detail, wait_seconds=round(seconds, 3))
        if isinstance(error, SourceUnavailable):
            self._try_beat(SourceState.DEGRADED, error.user_message)
        return seconds

    def _say_goodbye(self, message: str | None) -> None:
        self._try_beat(SourceState.STOPPED, message)

    def _try_beat(self, source_state: SourceState, message: str | None) -> None:
        try:
            self._beat(source_state, message)
        except LogUnavailable as error:
            _log.warning("heartbeat_not_published", source=self._identity.source, detail=error.detail)

    def _beat(self, source_state: SourceState, message: str | None) -> None:
        """Publish the source's status if it changed, or was silent for long; also before the first good poll."""
        progress, now = self._progress, self._clock.monotonic()
        essence = (source_state, message, progress.published, self._rejected)
        is_due = now - self._reported_at >= self._policy.heartbeat_seconds
        if not is_due and self._reported is not None and essence[:2] == self._reported[:2]:
            return
        heartbeat = Heartbeat(
            state=source_state,
            polled_at=progress.polled_at,
            reported_at=self._clock.now(),
            position=progress.position,
            newest_recorded_at=progress.newest_recorded_at,
            published=progress.published,
            rejected=self._rejected,
            message=message,
        )
        self._publisher.publish([heartbeat_message(heartbeat, self._identity)])
        self._reported, self._reported_at = essence, now

    def _count(self, batch: TranslatedBatch, work: Work) -> None:
        source = self._identity.source
        bad = [record for record in batch.records if isinstance(record, Unreadable)]
        metrics.RECORDS_READ.labels(source).inc(len(batch.records))
        metrics.RECORDS_TRANSLATED.labels(source).inc(len(batch.records) - len(bad))
        for record in bad:
            metrics.RECORDS_REJECTED.labels(source, record.reason.value).inc()
        for record in work.rejected:
            metrics.DEAD_LETTERS.labels(source).inc()
            _log.warning(
                "record_rejected", source=source, position=record.position, reason=record.reason, field=record.field
            )
        for verdict, count in work.skipped.items():
            metrics.RECORDS_SKIPPED.labels(source, verdict.value).inc(count)
        for reason, count in work.unconfirmed.items():
            metrics.UNCONFIRMED_MEMBERS.labels(source, reason).inc(count)
        metrics.RECORDS_PUBLISHED.labels(source).inc(len(work.entries))
        now = micros(self._clock.now())
        for entry in work.entries:
            lag_seconds = max(0, now - entry.known.order.recorded_at) / 1_000_000
            metrics.SOURCE_LAG_SECONDS.labels(source).observe(lag_seconds)


def _unconfirmed_reasons(item: Stated) -> Iterable[str]:
    members = (item.content["body"] or {}).get("members", ())
    return [member["unconfirmed_reason"] for member in members if member["unconfirmed_reason"] is not None]


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)
