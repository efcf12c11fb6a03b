"""The reader of what the lane wrote: changelogs at a takeover, and from then on whatever stands in an owned compacted
output that was not acknowledged to its owner.

One consumer without a group for all partitions of the worker; each owner says where it starts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from aiokafka import TopicPartition

from hub.ops.log_consumer import LogConsumer
from hub.stream.lane.options import LaneOptions
from hub.stream.lane.store import TailKey
from hub.stream.lane.writer import WRITER_HEADER

_MAX_QUEUED_CHUNKS = 2
_BUSY_SECONDS = 0.02
_IDLE_SECONDS = 0.5
_PACE_SECONDS = 0.05
_CALM_SECONDS = 0.25
"""Between two looks when nobody is being taken over: what a former owner wrote late may stand so much longer."""
_FULL_LOOK = 500
"""aiokafka's own limit of records: after so many there are more at hand."""


class TailRecord(NamedTuple):
    """A record that the present owner did not write."""

    offset: int
    key: bytes
    value: bytes


class Chunk(NamedTuple):
    """What one fetch gave of one tail: whole record batches, so that a list's changelog is never torn; or, without
    records, that everything up to `next_offset` is the owner's own."""

    tail: TailKey
    next_offset: int
    foreign: list[TailRecord]
    records: int


class TailOwner(Protocol):
    """Who reads a tail."""

    @property
    def writer_id(self) -> bytes:
        """Records with this id are skipped."""

    @property
    def chunks(self) -> deque[Chunk]:
        """Where chunks are put, oldest first."""

    @property
    def recovered(self) -> bool:
        """Whether it does not wait for what is read."""

    def wake(self) -> None:
        """Called after a chunk was put."""


class TailProgress:
    """How far a tail has been looked at, and which offsets from there on need no look: the owner wrote them.

    The broker told the owner so when it acknowledged them. Whatever stands between two such runs is somebody else's
    (R9), so only a run that begins at or before the position is gone past, never a gap."""

    def __init__(self, position: int) -> None:
        self.position = position
        """Next offset to look at."""
        self._own = range(0)

    def wrote(self, base: int, records: int) -> None:
        """These are the owner's. Of two runs with a gap between them only the later is remembered; the other is
        read."""
        begin = self._own.start if self._own.stop == base else base
        self._own = range(begin, base + records)

    def skip(self) -> bool:
        """Go past the owner's run, if nothing before it is left to be looked at; whether that led any further."""
        if self.position not in self._own:
            return False
        self.position = self._own.stop
        return True


class TailReader:
    """Reads on while it runs. For one event loop."""

    def __init__(self, options: LaneOptions) -> None:
        self._options = options
        self._consumer: LogConsumer | None = None
        self._owners: dict[TopicPartition, TailOwner] = {}
        self._progress: dict[TopicPartition, TailProgress] = {}
        self._changed = asyncio.Event()

    async def start(self) -> None:
        """Connect. Raises KafkaError. Nothing happens when it is connected."""
        if self._consumer is None:
            consumer = LogConsumer(
                idle_seconds=_PACE_SECONDS,
                bootstrap_servers=self._options.bootstrap,
                group_id=None,
                auto_offset_reset="none",
                fetch_max_wait_ms=int(self._options.fetch_wait_seconds * 1000),
                max_partition_fetch_bytes=2 << 20,
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer

    async def stop(self) -> None:
        """Disconnect. Safe to call twice."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    def assign(self, tails: Iterable[TailKey]) -> None:
        """Every tail of the coming assignment; nothing is read of a tail before `follow`."""
        self._owners.clear()
        self._progress.clear()
        consumer = self._ready()
        places = [TopicPartition(*tail) for tail in tails]
        if not places:
            return
        consumer.assign(places)
        for place in places:
            consumer.seek(place, 0)
        consumer.pause(*places)

    def follow(self, tail: TailKey, offset: int, owner: TailOwner) -> None:
        """Read a tail from an offset on, for this owner; again from there if it was read before."""
        place = TopicPartition(*tail)
        self._owners[place] = owner
        self._progress[place] = TailProgress(offset)
        self._ready().seek(place, offset)
        self._ready().resume(place)
        self._changed.set()

    def wrote(self, tail: TailKey, base: int, records: int, owner: TailOwner) -> None:
        """The broker acknowledged these offsets to somebody, and they are in his state: if he is the owner of this tail
        they need no look. `base`: -1 for not said."""
        place = TopicPartition(*tail)
        if base >= 0 and self._owners.get(place) is owner:
            self._progress[place].wrote(base, records)

    def leave(self, tails: Iterable[TailKey]) -> None:
        """Stop reading; nothing of these tails is delivered after the call."""
        for tail in tails:
            place = TopicPartition(*tail)
            self._progress.pop(place, None)
            if self._owners.pop(place, None) is not None and self._consumer is not None:
                self._consumer.pause(place)

    async def bounds(self, tails: Iterable[TailKey]) -> Mapping[TailKey, tuple[int, int]]:
        """First offset and end of each tail, now."""
        places = [TopicPartition(*tail) for tail in tails]
        begins = await self._ready().beginning_offsets(places)
        ends = await self._ready().end_offsets(places)
        return {TailKey(*place): (begins[place], ends[place]) for place in places}

    async def run(self) -> None:
        """Read for ever. An error ends it: the worker stops, and starts again with a look at what it has."""
        while True:
            self._changed.clear()
            full = [place for place, owner in self._owners.items() if len(owner.chunks) >= _MAX_QUEUED_CHUNKS]
            wanted = [place for place in self._owners if place not in full] if full else []
            if not self._owners or (full and not wanted):
                await _wait(self._changed, _BUSY_SECONDS)
                continue
            self._skip_own()
            seconds = _BUSY_SECONDS if full else _IDLE_SECONDS
            # Without a list of partitions it also returns those that are followed while it waits.
            fetched = await self._ready().getmany(*wanted, timeout_ms=int(seconds * 1000))
            for place, records in fetched.items():
                self._deliver(place, records)
            is_calm = sum(map(len, fetched.values())) < _FULL_LOOK and all(o.recovered for o in self._owners.values())
            await _wait(self._changed, _CALM_SECONDS) if is_calm else await asyncio.sleep(0)

    def _skip_own(self) -> None:
        """Go past what the owner wrote, wherever everything before it has been read."""
        for place, progress in self._progress.items():
            if progress.skip():
                self._ready().seek(place, progress.position)
                self._put(place, Chunk(TailKey(*place), progress.position, [], 0))

    def _deliver(self, place: TopicPartition, records: list[Any]) -> None:
        owner = self._owners.get(place)
        if owner is None:
            return
        own = ((WRITER_HEADER, owner.writer_id),)
        foreign = [
            TailRecord(record.offset, record.key, record.value)
            for record in records
            if record.headers[:1] != own and record.key is not None and record.value is not None
        ]
        self._put(place, Chunk(TailKey(*place), records[-1].offset + 1, foreign, len(records)))

    def _put(self, place: TopicPartition, chunk: Chunk) -> None:
        self._progress[place].position = chunk.next_offset
        self._owners[place].chunks.append(chunk)
        self._owners[place].wake()

    def _ready(self) -> LogConsumer:
        if self._consumer is None:
            raise RuntimeError("the tail reader is not connected")
        return self._consumer


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):  # `wait_for` of Python 3.11 may lose a cancellation
            await event.wait()
