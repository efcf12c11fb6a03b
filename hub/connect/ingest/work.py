"""What one batch comes down to: messages, index entries, what is set aside and what is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.connect.ingest.events import Stated, events
from hub.connect.ingest.index import Entry, RecordKey
from hub.connect.ingest.plan import Known, Verdict, plan
from hub.connect.ingest.publisher import Message
from hub.connect.wire import TranslatedBatch, Unreadable
from hub.events.moments import micros
from hub.ops import metrics
from hub.ops.logging import get_logger

_log: Final = get_logger()


@dataclass
class Work:
    """Grows record by record. The messages are in order; `rejected`: what was set aside."""

    messages: list[Message] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    rejected: list[Unreadable] = field(default_factory=list)
    skipped: Counter[Verdict] = field(default_factory=Counter)
    unconfirmed: Counter[str] = field(default_factory=Counter)
    newest_recorded_at: datetime | None = None

    def add(self, item: Stated, known: dict[RecordKey, list[Known]], now: datetime, *, forced: bool = False) -> None:
        """Publish this, or skip it. `known`: the versions that the index has, moved on: the next version in this batch
        follows upon this one."""
        decided = plan(item.incoming, known.get(item.record, ()), micros(now), forced=forced)
        if decided.verdict is not Verdict.PUBLISH:
            self.skipped[decided.verdict] += 1
            return
        made = events(item, decided)
        self.messages.extend(message for _, message in made)
        self.entries.extend(entry for entry, _ in made)
        self.unconfirmed.update(_unconfirmed_reasons(item))
        known[item.record] = [made[-1][0].known]
        self.newest_recorded_at = latest(self.newest_recorded_at, item.content["recorded_at"])

    def count(self, batch: TranslatedBatch, source: str, now: datetime) -> None:
        """Tell metrics and log what became of a batch that is published."""
        bad = batch.unreadable
        metrics.RECORDS_READ.labels(source).inc(len(batch.records))
        metrics.RECORDS_TRANSLATED.labels(source).inc(len(batch.records) - len(bad))
        for record in bad:
            metrics.RECORDS_REJECTED.labels(source, record.reason.value).inc()
        for record in self.rejected:
            metrics.DEAD_LETTERS.labels(source).inc()
            _log.warning(
                "record_rejected", source=source, position=record.position, reason=record.reason, field=record.field
            )
        for verdict, count in self.skipped.items():
            metrics.RECORDS_SKIPPED.labels(source, verdict.value).inc(count)
        for reason, count in self.unconfirmed.items():
            metrics.UNCONFIRMED_MEMBERS.labels(source, reason).inc(count)
        metrics.RECORDS_PUBLISHED.labels(source).inc(len(self.entries))
        for entry in self.entries:
            lag_seconds = max(0, micros(now) - entry.known.order.recorded_at) / 1_000_000
            metrics.SOURCE_LAG_SECONDS.labels(source).observe(lag_seconds)


def latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two moments, of which none, one or both are known."""
    return max((moment for moment in (one, other) if moment is not None), default=None)


def _unconfirmed_reasons(item: Stated) -> Iterable[str]:
    members = (item.content["body"] or {}).get("members", ())
    return [member["unconfirmed_reason"] for member in members if member["unconfirmed_reason"] is not None]
