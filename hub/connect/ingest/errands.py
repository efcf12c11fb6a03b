"""What ingest does on request beside reading its source: repair what a reconciliation found, replay dead letters.

A slice of it after each poll, so that live changes never wait behind it and the source is asked for little at a time.
It goes the way of everything: keyed, planned against the index, acknowledged, then the index; then it is done. A crash
anywhere repeats the slice, which gives the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Final, NamedTuple, Protocol

from hub.connect.api import InventoryItem, RawRecord
from hub.connect.ingest.aside import set_aside
from hub.connect.ingest.clock import Clock
from hub.connect.ingest.control import Control, Letter, Repair
from hub.connect.ingest.events import LetterState, Settled, dead_letter, letter_state_message
from hub.connect.ingest.index import Index, RecordKey
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.keys import DEAD_LETTER_CONTEXT, KeyRing, SealBrokenError
from hub.connect.ingest.plan import Known
from hub.connect.ingest.publisher import Message
from hub.connect.wire import Translated, TranslatedBatch
from hub.errors import SourceRejected
from hub.events.moments import moment
from hub.events.records import Draft, RecordType
from hub.ops import metrics
from hub.ops.logging import get_logger

SLICE: Final = 50
"""Requests per poll: some 100 records a second beside a source that is up to date, and no second of waiting for it."""
_log: Final = get_logger()


class Feed(Protocol):
    """What of the connector's process errands need."""

    def reread(self, items: Sequence[InventoryItem]) -> TranslatedBatch | None:
        """These records as the source holds them now; None when we were asked to stop."""

    def translate(self, records: Sequence[RawRecord]) -> TranslatedBatch | None:
        """Records that were read before, translated; None when we were asked to stop."""


class Asked(NamedTuple):
    """A draft to publish beside the feed. `forced`: also if the index says that it was, under a higher revision."""

    draft: Draft
    source_epoch: int
    forced: bool = False


class Publish(Protocol):
    """How the engine publishes beside the feed: events and other messages, acknowledged, then the index."""

    def __call__(self, asked: Iterable[Asked], also: Sequence[Message], rejected: Iterable[str]) -> int:
        """How many events that came to; `rejected`: positions of records set aside."""


class Errands:
    """The requests of one source. Used by the thread of its engine."""

    def __init__(
        self,
        control: Control,
        feed: Feed,
        index: Index,
        ring: KeyRing,
        identity: Identity,
        clock: Clock,
        requests_per_second: float | None = None,
    ) -> None:
        self._control = control
        self._feed = feed
        self._index = index
        self._ring = ring
        self._identity = identity
        self._clock = clock
        self._slice = SLICE if requests_per_second is None else max(1, min(SLICE, int(requests_per_second)))

    def run(self, publish: Publish, source_epoch: int) -> None:
        """One slice of each kind. Raises SourceUnavailable, LogUnavailable: the slice comes again."""
        if repairs := self._control.repairs(self._slice):
            self._repair(repairs, publish, source_epoch)
        if letters := self._control.letters(SLICE):
            self._replay(letters, publish)

    def _repair(self, repairs: Sequence[Repair], publish: Publish, epoch: int) -> None:
        try:
            batch = self._feed.reread([repair.item for repair in repairs])
            gone = [] if batch is None else self._gone(repairs, batch)
        except SourceRejected as error:
            _log.error("repair_refused", source=self._identity.source, why=error.user_message, detail=error.detail)
            self._control.repairs_done(repairs)
            return
        if batch is None:
            return
        forced = {_key(repair.item) for repair in repairs if repair.forced}
        asked = [Asked(draft, epoch, _record(draft) in forced) for draft in batch.drafts]
        asked += [Asked(draft, epoch, _record(draft) in forced) for draft in self._deletions(gone, forced)]
        aside = set_aside(batch, self._index, self._ring, self._identity, self._clock.now(), source_epoch=epoch)
        landed = publish(asked, aside.letters, aside.positions)
        self._control.repairs_done(repairs)
        metrics.RECORDS_REPAIRED.labels(self._identity.source).inc(landed)
        _log.info("records_repaired", source=self._identity.source, asked=len(repairs), published=landed)

    def _gone(self, repairs: Sequence[Repair], batch: TranslatedBatch) -> list[RecordKey]:
        """What the source said that it does not hold, and does not return. An unreadable record does not say which it
        is: beside one each is asked for alone, and what comes back is there. Raises SourceUnavailable, SourceRejected.
        """
        returned = {_record(draft) for draft in batch.drafts}
        gone = [repair.item for repair in repairs if not repair.held and _key(repair.item) not in returned]
        is_sure = not batch.unreadable
        return [_key(item) for item in gone if is_sure or self._is_gone(item)]

    def _is_gone(self, item: InventoryItem) -> bool:
        """Not if we are asked to stop: the next comparison finds it again."""
        batch = self._feed.reread([item])
        return batch is not None and not batch.records

    def _deletions(self, gone: Iterable[RecordKey], forced: Set[RecordKey]) -> Iterator[Draft]:
        """The source does not know these any more, and never said so: a delete of what was published last."""
        for record, versions in self._index.known(gone).items():
            latest = max(versions, key=lambda item: item.order)
            if record in forced or not latest.deleted:
                yield deletion(record, latest)

    def _replay(self, letters: Sequence[Letter], publish: Publish) -> None:
        by_position = {letter.position: letter for letter in letters}
        batch = self._feed.translate([record for letter in letters for record in self._opened(letter)])
        if batch is None:
            return
        now, source = self._clock.now(), self._identity.source
        asked: list[Asked] = []
        messages: list[Message] = []
        for record in batch.records:
            letter = by_position[record.position]
            if isinstance(record, Translated):
                asked += [Asked(draft, letter.source_epoch) for draft in record.drafts]
                settled = Settled(letter.position, letter.attempt, LetterState.REPLAYED, letter.by, "", now)
                messages.append(letter_state_message(settled, source))
            else:
                again = {"source_epoch": letter.source_epoch, "attempt": letter.attempt + 1}
                messages.append(dead_letter(record, self._ring, self._identity, now, **again))
            outcome = "read" if isinstance(record, Translated) else "unreadable"
            metrics.DEAD_LETTERS_REPLAYED.labels(source, outcome).inc()
        publish(asked, messages, ())
        self._control.letters_done(list(by_position))
        _log.info("dead_letters_replayed", source=source, asked=len(letters), events=len(asked))

    def _opened(self, letter: Letter) -> Iterator[RawRecord]:
        """The record as it was read; nothing, and a line in the log, if it was sealed with another key."""
        try:
            yield RawRecord(position=letter.position, payload=self._ring.open(letter.sealed, DEAD_LETTER_CONTEXT))
        except SealBrokenError:
            metrics.DEAD_LETTERS_REPLAYED.labels(self._identity.source, "sealed_otherwise").inc()
            _log.error("dead_letter_cannot_be_opened", source=self._identity.source, position=letter.position)


def _key(item: InventoryItem) -> RecordKey:
    return RecordKey(item.record_type, item.record_id)


def _record(draft: Draft) -> RecordKey:
    return RecordKey(draft.record_type.value, draft.record_id)


def deletion(record: RecordKey, latest: Known) -> Draft:
    """That a record is not there any more, in the version that was published last: a higher revision makes it win."""
    return Draft(
        record_type=RecordType(record.record_type),
        dossier_id=latest.dossier_id,
        record_id=record.record_id,
        version=latest.order.version,
        recorded_at=moment(latest.order.recorded_at),
        body=None,
    )
