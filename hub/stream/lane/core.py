"""The lane of one worker: gives assigned partitions to their stages, takes them away, and says how far each input is.

Everything here runs on the worker's event loop; the consumer's thread reaches it through `call_soon_threadsafe` only.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import structlog

from hub.errors import LogRefused, RegiehubError
from hub.stream.lane.backlog import Backlog
from hub.stream.lane.fence import Fence
from hub.stream.lane.inbox import Inbox
from hub.stream.lane.options import LaneError, LaneObserver, LaneOptions, SilentObserver
from hub.stream.lane.partition import Shared, StagePartition
from hub.stream.lane.store import PartitionStore, TailKey, shared_cache
from hub.stream.lane.tail import TailReader
from hub.stream.lane.watchdog import Watchdog
from hub.stream.lane.writer import Writer
from hub.stream.stage import Stage

_log: Final = structlog.get_logger("regiehub.stream.lane")

Input = tuple[str, int]
"""Topic and partition: Faust's TP and aiokafka's TopicPartition are both equal to it."""


class Lane:
    """One lane per app. `failure` ends the process: the owner of the app waits for it."""

    def __init__(self, stages: Sequence[Stage], options: LaneOptions, observer: LaneObserver | None = None) -> None:
        self.stages: Final = tuple(stages)
        self.options: Final = options
        self.failure: BaseException | None = None
        self.failed: Final = asyncio.Event()
        self.is_closed = False
        self.watchdog: Final = Watchdog(self, options.stall_seconds)
        self._observer = _Readiness(self, observer or SilentObserver())
        cache = shared_cache(options.cache_bytes)
        self._shared = Shared(
            options=options,
            observer=self._observer,
            writer=Writer(options),
            reader=TailReader(options),
            open_store=lambda folder, marker: PartitionStore(folder, marker, cache),
            backlog=Backlog(),
        )
        self._partitions: list[StagePartition] = []
        self._inboxes: dict[Input, tuple[Inbox, StagePartition]] = {}
        self._epoch = -1
        self._early: list[tuple[int, Mapping[Any, Sequence[Any]]]] = []
        self._reading: asyncio.Task[None] | None = None
        self._committed: Callable[[Input], Awaitable[int | None]] = _nothing_committed

    def bind(self, committed: Callable[[Input], Awaitable[int | None]]) -> None:
        """The driver says how to ask what the group committed for an assigned input."""
        self._committed = committed

    @property
    def topics(self) -> frozenset[str]:
        """Every input of every stage."""
        return frozenset(topic for stage in self.stages for topic in stage.inputs)

    @property
    def is_ready(self) -> bool:
        """Whether there is an assignment (it may be empty) and each partition in it has its state."""
        return self._epoch >= 0 and all(partition.recovered for partition in self._partitions)

    @property
    def partitions(self) -> tuple[StagePartition, ...]:
        """What is assigned now."""
        return tuple(self._partitions)

    # ---- membership

    async def assigned(self, epoch: int, fence: Fence, inputs: Iterable[Input]) -> None:
        """Take over partitions. Returns at once: no heartbeat is sent while the coordinator waits for us. Nothing
        happens after `close`."""
        if self.is_closed:
            return
        await self._connect()
        self._epoch = epoch
        tails: list[TailKey] = []
        for stage, number in await self._owned(frozenset((topic, partition) for topic, partition in inputs)):
            mine = await self._tails(stage, number)
            tails += mine
            partition = StagePartition(stage, number, mine, self._shared, fence.check)
            self._partitions.append(partition)
            for topic, inbox in partition.inboxes.items():
                self._inboxes[topic, number] = (inbox, partition)
        self._shared.reader.assign(tails)
        for partition in self._partitions:
            partition.start(self.fail)
        early, self._early = self._early, []
        for arrived, records in early:
            self.deliver(arrived, records)
        self._observer.changed()
        _log.info("partitions_assigned", partitions=len(self._partitions), generation=fence.generation)

    async def stop_work(self) -> None:
        """Give up everything that is assigned; returns within the grace. `positions` stay until `forget`."""
        partitions, self._partitions = self._partitions, []
        self._epoch = -1
        self._observer.changed()
        await asyncio.gather(*(p.stop(self.options.revoke_grace_seconds) for p in partitions))

    def forget(self) -> None:
        """The positions have been committed, or are somebody else's."""
        self._inboxes.clear()

    async def close(self) -> None:
        """Give up everything and disconnect. Safe to call twice."""
        self.is_closed = True
        await self.stop_work()
        self.forget()
        self.watchdog.stop()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        try:
            await self._shared.reader.stop()
        finally:
            await self._shared.writer.stop()

    def fail(self, error: BaseException) -> None:
        """Nothing here can mend it: the process has to end. The first error counts."""
        if self.failure is None:
            self.failure = error
            # Places only: a message, or a variable in a frame, may hold personal data; messages of our own don't.
            places = traceback.format_tb(error.__traceback__)
            is_plain = isinstance(error, (LaneError, RegiehubError, *self.options.plain_errors))
            detail = str(error) if is_plain else ""
            _log.critical("lane_failed", error=type(error).__name__, detail=detail, traceback="".join(places))
            self.failed.set()

    # ---- records

    def deliver(self, epoch: int, fetched: Mapping[Any, Sequence[Any]]) -> None:
        """What the consumer read under one assignment. Kept while that lasts: it is not read again."""
        if epoch > self._epoch:
            self._early.append((epoch, fetched))
        if epoch != self._epoch:
            return
        for place, records in fetched.items():
            found = self._inboxes.get((place[0], place[1]))
            if found is not None:
                inbox, partition = found
                inbox.add(records)
                partition.wake()

    async def catch_up(self) -> None:
        """Wait before the next fetch while there is enough to do: one fetch of much is cheaper than many of little."""
        if self._shared.backlog:
            await self._shared.backlog.wait(asyncio.Event(), self.options.linger_seconds)

    def full(self) -> frozenset[Input]:
        """Inputs that should not be fetched for now."""
        return frozenset(place for place, (inbox, _) in self._inboxes.items() if inbox.is_full)

    def positions(self) -> dict[Input, int]:
        """Per input the offset after the last record whose effects are durable; none before the first."""
        return {place: inbox.done for place, (inbox, _) in self._inboxes.items() if inbox.done is not None}

    def progress(self) -> dict[Input, int]:
        """See `Watched.progress`."""
        return {place: (inbox.done or 0) + owner.read for place, (inbox, owner) in self._inboxes.items()}

    async def waiting(self) -> dict[Input, int]:
        """Records per assigned input that are at the broker and not done. Asks the broker. Raises KafkaError."""
        places = {TailKey(*place): inbox.done for place, (inbox, _) in self._inboxes.items()}
        bounds = await self._shared.reader.bounds(places) if places else {}
        waiting = {}
        for place, done in places.items():
            begin, end = bounds[place]
            position = done if done is not None else await self._committed(place)
            waiting[place.topic, place.partition] = end - max(begin, position or 0)
        return waiting

    # ---- parts

    async def _connect(self) -> None:
        await self._shared.writer.start()
        await self._shared.reader.start()
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name="lane tail")
            self.watchdog.start()

    async def _read(self) -> None:
        try:
            await self._shared.reader.run()
        except Exception as error:  # noqa: BLE001  # a worker that no longer guards its outputs must not go on
            self.fail(error)

    async def _owned(self, inputs: frozenset[Input]) -> list[tuple[Stage, int]]:
        """The stage partitions whose inputs are all ours. Raises LogRefused for one that is ours in part."""
        owned = []
        for stage in self.stages:
            for number in sorted({partition for topic, partition in inputs if topic in stage.inputs}):
                missing = {(topic, number) for topic in stage.inputs} - inputs
                if missing:
                    raise LogRefused(detail=f"{stage.name}-{number}: inputs {sorted(missing)} are somebody else's")
                owned.append((stage, number))
        return owned

    async def _tails(self, stage: Stage, number: int) -> list[TailKey]:
        """Where the owner looks for what others wrote. An output partition has one guard: the only owner of its stage,
        or that of the same partition (then outputs have the keys of the inputs). Raises LogRefused for other shapes."""
        own = await self._shared.writer.partition_count(stage.changelog)
        tails = [TailKey(stage.changelog, number)]
        for topic in stage.guarded:
            count = await self._shared.writer.partition_count(topic)
            if own not in {1, count}:
                raise LogRefused(detail=f"{topic} has {count} partitions and its guard {stage.name} has {own}")
            tails += [TailKey(topic, partition) for partition in range(count) if own == 1 or partition == number]
        return tails


class _Readiness:
    """An observer that also tells when readiness changes."""

    def __init__(self, lane: Lane, observer: LaneObserver) -> None:
        self._lane = lane
        self._observer = observer
        self._told: bool | None = None
        self.applied: Callable[[str, int], None] = observer.applied
        self.published: Callable[[str, int], None] = observer.published
        self.repaired: Callable[[str, int], None] = observer.repaired

    def recovered(self, stage: str, seconds: float, records: int) -> None:
        self._observer.recovered(stage, seconds, records)
        self.changed()

    def ready(self, value: bool) -> None:
        self._observer.ready(value)

    def changed(self) -> None:
        if self._lane.is_ready != self._told:
            self._told = self._lane.is_ready
            self.ready(self._told)


async def _nothing_committed(place: Input) -> int | None:
    return None
