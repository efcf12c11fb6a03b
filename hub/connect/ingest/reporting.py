"""The heartbeat of a source: what its ingest tells the log about itself, at once when it changes, else at intervals."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from hub.connect.ingest.clock import Clock
from hub.connect.ingest.events import Heartbeat, SourceState, heartbeat_message
from hub.connect.ingest.index import Progress
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.publisher import Publisher
from hub.errors import LogUnavailable
from hub.events.codec import Value
from hub.ops import metrics
from hub.ops.logging import get_logger

_log: Final = get_logger()


class Facts(NamedTuple):
    """How far the source is read, as it stands now."""

    progress: Progress
    rejected: int
    source_epoch: int
    completeness: Value | None
    caught_up_at: datetime | None = None
    """When the source was last read to its end."""


class Reporter:
    """Publishes the status of one source. Used by the thread of its engine."""

    def __init__(self, publisher: Publisher, identity: Identity, clock: Clock, interval_seconds: float) -> None:
        self._publisher = publisher
        self._identity = identity
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._reported: tuple[object, ...] | None = None
        self._said: tuple[SourceState, str | None] | None = None
        self._reported_at = float("-inf")

    def beat(self, state: SourceState, message: str | None, facts: Facts) -> None:
        """Publish the source's status if it changed, or was silent for long; also before the first good poll.

        Raises LogUnavailable."""
        self._said = state, message
        now = self._clock.monotonic()
        essence = (state, message, facts.source_epoch, facts.completeness)
        if now - self._reported_at < self._interval_seconds and essence == self._reported:
            return
        progress = facts.progress
        heartbeat = Heartbeat(
            state=state,
            polled_at=progress.polled_at,
            reported_at=self._clock.now(),
            position=progress.position,
            newest_recorded_at=progress.newest_recorded_at,
            published=progress.published,
            rejected=facts.rejected,
            message=message,
            source_epoch=facts.source_epoch,
            completeness=facts.completeness,
            caught_up_at=facts.caught_up_at,
        )
        self._publisher.publish([heartbeat_message(heartbeat, self._identity)])
        self._reported, self._reported_at = essence, now
        if facts.completeness is not None:
            metrics.show_completeness(self._identity.source, facts.completeness)

    def say_again(self, facts: Facts) -> None:
        """What was said last, if that was long ago. Nothing before the first beat."""
        if self._said is not None:
            self.try_to_beat(*self._said, facts)

    def try_to_beat(self, state: SourceState, message: str | None, facts: Facts) -> None:
        """The same where the log may be what is down."""
        try:
            self.beat(state, message, facts)
        except LogUnavailable as error:
            _log.warning("heartbeat_not_published", source=self._identity.source, detail=error.detail)
