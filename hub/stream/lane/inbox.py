"""The records of one input partition between Kafka and the stage: in order, bounded, with the position that is done."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

from hub.events.trace import carried
from hub.stream.stage import Record


class Inbox:
    """Holds what was fetched and not done. Filled and emptied on one event loop."""

    def __init__(self, topic: str, max_bytes: int) -> None:
        self.topic = topic
        self.done: int | None = None
        """Offset after the last record whose effects are durable; None before the first."""
        self.since = 0.0
        """`time.monotonic()` since when the next list has been waiting; says nothing of an empty inbox."""
        self._max_bytes = max_bytes
        self._queued: deque[Record] = deque()
        self._bytes = 0
        self._next_offset = 0
        self._traces: dict[int, bytes] = {}
        """By offset, of the few that are traced."""

    def __len__(self) -> int:
        return len(self._queued)

    @property
    def is_full(self) -> bool:
        """Whether the partition should not be fetched for now. What arrives all the same is kept."""
        return self._bytes > self._max_bytes

    def has_whole_list(self, max_records: int, max_bytes: int) -> bool:
        """Whether what is queued, a list in work included, makes a list that could not be longer."""
        return len(self._queued) >= max_records or self._bytes > max_bytes

    def add(self, fetched: Sequence[Any]) -> None:
        """Add aiokafka's records, in offset order. What came before is dropped: lists may come twice."""
        if not self._queued:
            self.since = time.monotonic()
        for message in fetched:
            if message.offset >= self._next_offset:
                record = Record(message.offset, message.key or b"", message.value or b"", message.timestamp)
                self._queued.append(record)
                if message.headers and (trace := carried(message.headers)):
                    self._traces[message.offset] = trace
                self._bytes += _size(record)
                self._next_offset = message.offset + 1

    def head(self, max_records: int, max_bytes: int) -> list[Record]:
        """The next records, at least one if there are any. They stay until `finish`. Those of one trace make a list of
        their own, so that what follows from them is known to follow from them."""
        taken: list[Record] = []
        size = 0
        for record in islice(self._queued, max_records):
            size += _size(record)
            if taken and (size > max_bytes or (self._traces and self.trace(record) != self.trace(taken[0]))):
                break
            taken.append(record)
        return taken

    def trace(self, record: Record) -> bytes:
        """The `traceparent` of a record; empty for nearly all."""
        return self._traces.get(record.offset, b"")

    def finish(self, records: Sequence[Record]) -> None:
        """The effects of these records, the oldest here, are durable."""
        for _ in records:
            self._bytes -= _size(self._queued.popleft())
        self.done = records[-1].offset + 1
        for record in records if self._traces else ():
            self._traces.pop(record.offset, None)
        self.since = time.monotonic()


def _size(record: Record) -> int:
    return len(record.key) + len(record.value) + 200
