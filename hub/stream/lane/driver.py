"""Faust's transport with the lane in it: `broker="lane://host:port"`, found by the `faust.transports` entry point.

Of Faust's consumer we keep membership, assignment, rebalancing, lifecycle and the commit timer. The records
leave it where they come out of aiokafka: none passes Faust's path per message, which was seen to lose some at a
restart (ADR 1).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol, cast

import structlog
from aiokafka.errors import CommitFailedError, ConsumerStoppedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as faust_driver
from faust.types import TP

from hub.ops.log_consumer import LogConsumer
from hub.stream.lane.core import Input, Lane
from hub.stream.lane.fence import Fence

_log: Final = structlog.get_logger("regiehub.stream.lane")
_RECORDS_PER_FETCH: Final = 4000
_BUSY_SECONDS: Final = 0.02
_PACE_SECONDS: Final = 0.01
_COMMIT_SECONDS: Final = 5.0


class LaneApp(Protocol):
    """The part of the app that is ours."""

    lane: Lane


class LaneThread(faust_driver.AIOKafkaConsumerThread):
    """The thread with aiokafka's consumer: fetches, heartbeats and commits while the event loop is busy with a list."""

    confirmed_at = 0.0
    epoch = 0
    _assignment: object = None

    @property
    def generation(self) -> int:
        """See `Membership.generation`."""
        number: int = self._ensure_consumer()._coordinator.generation
        return number

    async def on_start(self) -> None:
        """Note every heartbeat that is answered well: aiokafka keeps that to itself."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator
        coordinator._do_heartbeat = self._noting(coordinator._do_heartbeat)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """The join ended: the coordinator knows us."""
        self.confirmed_at = time.monotonic()
        self._count_assignments()
        await super().on_partitions_assigned(assigned, generation_id)

    async def fetch(
        self, without: frozenset[Input], seconds: float, deliver: Callable[[int, Mapping[Any, Any]], None]
    ) -> None:
        """Wait for records and deliver them to the event loop from here: a cancelled caller must not lose them."""
        await self.call_thread(self._fetch, without, seconds, deliver)

    async def committed(self, place: Input) -> int | None:
        """Offset the group committed for an assigned partition."""
        offset: int | None = await self.call_thread(self._ensure_consumer().committed, TopicPartition(*place))
        return offset

    async def _fetch(
        self, without: frozenset[Input], seconds: float, deliver: Callable[[int, Mapping[Any, Any]], None]
    ) -> None:
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        wanted = {place for place in consumer.assignment() if place not in without} if without else set()
        if without and not wanted:
            await asyncio.sleep(seconds)
            return
        with fetcher._subscriptions.fetch_context():
            fetched = await fetcher.fetched_records(wanted, timeout=seconds, max_records=_RECORDS_PER_FETCH)
        if fetched:
            self.parent_loop.call_soon_threadsafe(deliver, self._count_assignments(), fetched)

    def _count_assignments(self) -> int:
        """Number of the assignment of which the records are that were just read: every join makes a new object."""
        assignment = self._ensure_consumer()._subscription.subscription.assignment
        if assignment is not self._assignment:
            self._assignment = assignment
            self.epoch += 1
        return self.epoch

    def _noting(self, heartbeat: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
        async def noted() -> bool:
            sent_at = time.monotonic()
            answered = await heartbeat()
            if answered:
                self.confirmed_at = sent_at
            return answered

        return noted

    def _create_worker_consumer(self, transport: Any) -> LogConsumer:
        """Faust's own, but with its assignor although there are no tables (it keeps co-partitioned topics together)
        and with a short idle fetch."""
        conf = self.app.conf
        options = cast(Consumer, self.consumer).lane.options
        return LogConsumer(
            idle_seconds=_PACE_SECONDS,
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=faust_driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[self.app.assignor],
            auto_offset_reset="earliest",
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            fetch_max_wait_ms=int(options.fetch_wait_seconds * 1000),
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
        )

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """A refused or failed commit costs a replay, nothing else; Faust would end the worker."""
        places = {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                await self._ensure_consumer().commit(places)
        except (CommitFailedError, IllegalStateError, KafkaError, TimeoutError) as error:
            _log.warning("commit_failed", error=type(error).__name__, detail=str(error)[:200])
            return False
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's alarms follow its streams, which are idle here; the watchdog looks instead."""


class Consumer(faust_driver.Consumer):
    """Faust's consumer, with the lane where the streams were."""

    _thread: LaneThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn: Final = asyncio.Lock()
        """Of a revocation, an assignment and the stop: each ends before the next one begins. A stop that did not wait
        closed the producer under an assignment: the consumer's thread ended of it, in the group and without a word."""

    @property
    def lane(self) -> Lane:
        """The lane of the app."""
        return cast(LaneApp, self.app).lane

    def _new_consumer_thread(self) -> LaneThread:
        return LaneThread(self, loop=self.loop, beacon=self.beacon)

    async def on_start(self) -> None:
        """Tell the lane where to ask."""
        self.lane.bind(self._thread.committed)
        await super().on_start()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop the work, commit what is done, then let Faust go on."""
        async with self._turn:
            await self.lane.stop_work()
            await self.commit()
            self.lane.forget()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Start the work; what was fetched before this call waits in the lane."""
        fence = Fence(self._thread, generation_id, self.app.conf.broker_session_timeout)
        try:
            async with self._turn:
                await self.lane.assigned(self._thread.epoch, fence, assigned)
        except Exception as error:  # noqa: BLE001  # Faust would log it and go on without the partitions
            self.lane.fail(error)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_stop(self) -> None:
        """Nothing is in hand after this, everything done is committed, and nothing is taken on any more."""
        async with self._turn:
            try:
                await self.lane.stop_work()
                await super().on_stop()
                await self.lane.close()
            except Exception as error:  # noqa: BLE001  # Faust would log it and leave the thread, in the group
                self.lane.fail(error)

    def close(self) -> None:
        """Nothing: the thread closes aiokafka's consumer when it stops, on the loop to which it belongs.

        Faust calls this for a rebalance during a stop, and closes it on another loop: the group is then not left, and
        the thread may never end."""

    async def perform_seek(self) -> None:
        """Nothing: aiokafka starts each assignment at the committed offsets, and the lane keeps all it reads.

        Faust's seek skips partitions without a commit, and would read the others twice."""

    async def _wait_next_records(self, timeout: float) -> tuple[dict[TP, list[Any]], set[TP]]:
        """Hand what is fetched to the lane; to Faust there is never anything."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        elif not self.should_stop:
            await self.lane.catch_up()
            full = self.lane.full()
            await self._thread.fetch(full, _BUSY_SECONDS if full else timeout, self.lane.deliver)
        return {}, set()

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what is done. Faust's own books the offsets although the commit failed, and flushes its producer."""
        if self._thread._consumer is None:  # stopped before it started
            return False
        assignment = self.assignment()
        offsets = {tp: offset for tp in assignment if (offset := self._new_offset(tp)) is not None}
        changed = {tp: offset for tp, offset in offsets.items() if self._committed_offset[tp] != offset}
        if not changed or not await self._thread.commit(changed):
            return False
        self._committed_offset.update(changed)
        return True

    def _new_offset(self, tp: TP) -> int | None:
        """The offset after the last list that is done."""
        return self.lane.positions().get((tp.topic, tp.partition))


class Transport(faust_driver.Transport):
    """What `lane://` stands for."""

    Consumer = Consumer
