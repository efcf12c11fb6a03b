"""A source whose requests are counted, so that its limit of requests a second is kept. See `pace.Budget`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.connect.api import Cursor, InventoryItem, RawRecord
from hub.connect.ingest import backfilling, errands
from hub.connect.wire import TranslatedBatch


class CountedFeed:
    """Polls; of each as many requests as the connector says, of one that failed a single one."""

    def __init__(self, feed: backfilling.Feed, count: Callable[[int], None]) -> None:
        self._feed = feed
        self._count = count

    def poll(self, cursor: Cursor | None) -> TranslatedBatch | None:
        """As the feed's own."""
        requests = 1
        try:
            batch = self._feed.poll(cursor)
            requests = 1 if batch is None else batch.requests
        finally:
            self._count(requests)
        return batch


class CountedErrands:
    """What is read again; each record counts as a request."""

    def __init__(self, feed: errands.Feed, count: Callable[[int], None]) -> None:
        self._feed = feed
        self._count = count

    def reread(self, items: Sequence[InventoryItem]) -> TranslatedBatch | None:
        """As the feed's own."""
        self._count(len(items))
        return self._feed.reread(items)

    def translate(self, records: Sequence[RawRecord]) -> TranslatedBatch | None:
        """As the feed's own: asks nothing of the source."""
        return self._feed.translate(records)
