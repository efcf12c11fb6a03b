"""All of a source once more, beside its live changes: first the compositions, then the rest. And what a reset reads
ahead: of all that is read again the compositions, before anything else of the source is.

It has a cursor of its own, in the control file, and goes a batch at a time after each poll, so that live changes never
wait behind it. It can be stopped, paused with its source, and goes on where it was after a crash. What it reads goes
the way of everything: keyed, planned against the index, acknowledged; so only what differs is published, or, if asked,
all of it anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from hub.connect.api import Cursor
from hub.connect.ingest.aside import set_aside
from hub.connect.ingest.backfill import Backfill, Phase
from hub.connect.ingest.clock import Clock
from hub.connect.ingest.control import Control
from hub.connect.ingest.errands import Asked, Publish
from hub.connect.ingest.index import Index
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.keys import KeyRing
from hub.connect.ingest.policy import RejectLimit
from hub.connect.ingest.safety import is_child_safety
from hub.connect.wire import TranslatedBatch, Unreadable
from hub.errors import DeadLetterLimitExceeded
from hub.events.records import Draft, RecordType
from hub.ops import metrics
from hub.ops.logging import get_logger

_log: Final = get_logger()


class Feed(Protocol):
    """The connector's process."""

    def poll(self, cursor: Cursor | None) -> TranslatedBatch | None:
        """What is new after the cursor; None when we were asked to stop."""


class Backfiller:
    """Does the backfill of one source. Used by the thread of its engine."""

    def __init__(
        self,
        control: Control,
        feed: Feed,
        index: Index,
        ring: KeyRing,
        identity: Identity,
        *,
        clock: Clock,
        limit: RejectLimit,
    ) -> None:
        self._control = control
        self._feed = feed
        self._index = index
        self._ring = ring
        self._identity = identity
        self._clock = clock
        self._limit = limit

    def run(self, publish: Publish, source_epoch: int) -> Backfill | None:
        """One batch of it; gives how far it is, None if there is none. Raises SourceUnavailable, LogUnavailable: the
        batch comes again."""
        backfill = self._control.backfill()
        if backfill is None or not backfill.is_active:
            return backfill
        batch = self._feed.poll(backfill.cursor)
        if batch is None:
            return backfill
        try:
            after = self._take(backfill, batch, publish, source_epoch)
        except DeadLetterLimitExceeded as error:
            _log.error("backfill_held", source=self._identity.source, why=error.user_message, detail=error.detail)
            after = backfill._replace(held="too many of its records are unreadable")
        self._control.keep_backfill(after)
        metrics.BACKFILL_READ.labels(self._identity.source).set(after.read if after.is_active else 0)
        return after

    def lead(self, publish: Publish, source_epoch: int) -> Backfill | None:
        """One batch of the compositions that go first after a reset; child-safety signals go along, for they wait for
        nobody. None: none is to be read any more, and all follows in the order of the feed. Where too much is
        unreadable it ends: the feed comes to the same records, and is held there. Raises as `run`."""
        lead = self._control.lead()
        if lead is None:
            return None
        batch = self._feed.poll(lead.cursor)
        if batch is None:
            return lead
        try:
            after: Backfill | None = self._take(lead, batch, publish, source_epoch, also=is_child_safety)
        except DeadLetterLimitExceeded:
            after = None
        after = after if after and after.phase is Phase.COMPOSITIONS else None
        self._control.keep_lead(after)
        return after

    def _take(
        self,
        backfill: Backfill,
        batch: TranslatedBatch,
        publish: Publish,
        source_epoch: int,
        *,
        also: Callable[[Draft], bool] = lambda _: False,
    ) -> Backfill:
        recent = self._limit.add(backfill.recent, [isinstance(record, Unreadable) for record in batch.records])
        now_due = (draft for draft in batch.drafts if _belongs(draft, backfill.phase) or also(draft))
        asked = [Asked(draft, source_epoch, backfill.everything) for draft in now_due]
        now = self._clock.now()
        aside = set_aside(batch, self._index, self._ring, self._identity, now, source_epoch=source_epoch)
        landed = publish(asked, aside.letters, aside.positions)
        read, published = backfill.read + len(batch.records), backfill.published + landed
        after = backfill._replace(cursor=batch.cursor, read=read, published=published, recent=recent)
        return after if batch.more else self._next_pass(after)

    def _next_pass(self, backfill: Backfill) -> Backfill:
        if backfill.phase is Phase.COMPOSITIONS:
            return backfill._replace(phase=Phase.RECORDS, cursor=backfill.start, read=0)
        _log.info("backfill_done", source=self._identity.source, records=backfill.read, published=backfill.published)
        return backfill._replace(done_at=self._clock.now().isoformat())


def _belongs(draft: Draft, phase: Phase) -> bool:
    """A composition goes in the first pass; one that came meanwhile is read by the live poll as well."""
    return (draft.record_type is RecordType.COMPOSITION) is (phase is Phase.COMPOSITIONS)
