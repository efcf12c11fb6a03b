"""Reads the log for the projector: all partitions, no consumer group, from the offsets kept in SQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError as AsyncKafkaError
from kafka.errors import KafkaError
from sqlalchemy import Engine

from hub.desk import readmodel
from hub.desk.caseload.writing import REFRESHED, Attending, refresh
from hub.desk.projector import TOPICS, Consumed, Offset, Shown, apply_list
from hub.errors import LogUnavailable
from hub.events.topics import VIEWS
from hub.events.trace import carried, trace_id
from hub.household import document
from hub.ops.kafka_clients import open_admin
from hub.ops.log_consumer import LogConsumer
from hub.ops.metrics import LARGE_VIEW_BYTES

LIST_RECORDS: Final = 500
"""Messages per transaction: less costs a commit each, more keeps readers of other households waiting."""
POLL_MILLISECONDS: Final = 250
"""How long a poll waits while nothing comes; also how long a stop may take."""
IDLE_SECONDS: Final = 0.05
"""Shortest idle fetch: a broker that answers at once would keep a core busy otherwise."""
LAG_SECONDS: Final = 2.0
"""How often the ends of the log are asked for while reading."""
RETRY_SECONDS: Final = (0.2, 5.0)
"""First and last pause while the log cannot be reached."""
REQUEST_MILLISECONDS: Final = 10_000
LINES_AT_ONCE: Final = 20
"""With more views than this in a list, the households themselves come first: a line of the list of households takes as
long to work out as all else of a household. They follow whenever nothing else is there, and some every LAG_SECONDS if
something always is; of a household that has changed again by then the line is worked out once."""
READY_LAG_RECORDS: Final = 2_000
"""More than this behind and the desk says that it is not ready; normal work is far below it."""
CONTACT_SECONDS: Final = 30.0
"""Without an answer of the log for this long the desk is not ready: it cannot know how old its pages are."""

_log = structlog.get_logger()


class Observer(Protocol):
    """Counts what the projector does."""

    def applied(self, topic: str, count: int) -> None:
        """So many messages of a topic were applied."""

    def visible(self, *, since_published_seconds: float, since_recorded_seconds: float) -> None:
        """Something newer of a household can be read now."""

    def view(self, size_bytes: int) -> None:
        """The view of one household is in the read model; it was so large."""

    def lag(self, records: int, parked: int) -> None:
        """So many messages are waiting; so many entries of views wait for their composition."""


@dataclass
class Progress:
    """How far the read model is. Written by the feed, read by /readyz."""

    clock: Callable[[], float] = time.monotonic
    targets: dict[tuple[str, int], int] | None = None
    caught_up: bool = False
    lag_records: int | None = None
    last_contact: float | None = None

    def aim(self, ends: Mapping[tuple[str, int], int]) -> None:
        """The ends of the log as first seen: what must be reached before anything is shown as complete."""
        self.targets = dict(ends)
        self.last_contact = self.clock()

    def measure(
        self, positions: Mapping[tuple[str, int], int], ends: Mapping[tuple[str, int], int] | None = None
    ) -> None:
        """Where reading stands and, if they were asked for, where the log ends now."""
        if self.targets is not None:
            reached = all(positions.get(place, 0) >= end for place, end in self.targets.items())
            self.caught_up = self.caught_up or reached
        if ends is not None:
            self.lag_records = sum(max(0, end - positions.get(place, 0)) for place, end in ends.items())
            self.last_contact = self.clock()

    def why_not_ready(self) -> str | None:
        """None if what is shown is what the log holds, but for a moment; else a short reason."""
        if self.last_contact is None or self.clock() - self.last_contact > CONTACT_SECONDS:
            return "the log cannot be reached"
        if not self.caught_up:
            return "catching up with the log"
        if (self.lag_records or 0) > READY_LAG_RECORDS:
            return "behind the log"
        return None


class _Topic(NamedTuple):
    topic_id: str | None
    partitions: tuple[int, ...]


@dataclass
class Feed:
    """Fills the read model until stopped. One per read model: two would overwrite each other's offsets."""

    broker: str
    engine: Engine
    observer: Observer
    progress: Progress = field(default_factory=Progress)
    attending: Attending = field(default_factory=Attending)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _pause: float = RETRY_SECONDS[0]

    def stop(self) -> None:
        """Ask `run` to return after the list it is at."""
        self._stopped.set()

    async def run(self) -> None:
        """Read until stopped; back off while the log cannot be reached. Anything else is raised."""
        self._pause, longest = RETRY_SECONDS
        while not self._stopped.is_set():
            try:
                await self._read()
            except (AsyncKafkaError, KafkaError, LogUnavailable, OSError) as error:
                _log.warning("log_unreachable", error=type(error).__name__, pause_seconds=self._pause)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), self._pause)
                self._pause = min(longest, self._pause * 2)

    async def _read(self) -> None:
        consumer = LogConsumer(
            idle_seconds=IDLE_SECONDS,
            bootstrap_servers=self.broker,
            group_id=None,
            auto_offset_reset="earliest",
            request_timeout_ms=REQUEST_MILLISECONDS,
        )
        try:
            await consumer.start()  # tells at once whether the log is there, which the description below does not
            topics = await asyncio.to_thread(_describe, self.broker)
            positions = await self._start_from(consumer, topics)
            self._pause = RETRY_SECONDS[0]
            measuring = asyncio.create_task(self._keep_measuring(consumer, positions))
            try:
                await self._follow(consumer, topics, positions, measuring)
            finally:
                measuring.cancel()
                await asyncio.wait([measuring])
        finally:
            await consumer.stop()

    async def _start_from(self, consumer: LogConsumer, topics: Mapping[str, _Topic]) -> dict[tuple[str, int], int]:
        places = [TopicPartition(name, number) for name, it in topics.items() for number in it.partitions]
        consumer.assign(places)
        ends = await _ends(consumer, places)
        stored = await asyncio.to_thread(self._stored_offsets, topics, ends)
        for place in places:
            consumer.seek(place, stored.get((place.topic, place.partition), 0))
        positions = {(place.topic, place.partition): 0 for place in places} | stored
        self.progress.aim(ends)
        self.progress.measure(positions, ends)
        _log.info("reading_log", messages_waiting=self.progress.lag_records)
        return positions

    def _stored_offsets(
        self, topics: Mapping[str, _Topic], ends: Mapping[tuple[str, int], int]
    ) -> dict[tuple[str, int], int]:
        """Where to go on; nothing, and an emptied read model, if another log filled it (R10)."""
        with self.engine.begin() as connection:
            stored = readmodel.next_offsets(connection)
            if not any(_is_foreign(place, *kept, topics, ends) for place, kept in stored.items()):
                return {place: offset for place, (_, offset) in stored.items()}
            readmodel.wipe(connection)
        self.progress.caught_up = False
        _log.warning("read_model_emptied", reason="the log is another one, or was cut")
        return {}

    async def _follow(
        self,
        consumer: LogConsumer,
        topics: Mapping[str, _Topic],
        positions: dict[tuple[str, int], int],
        measuring: asyncio.Task[None],
    ) -> None:
        refreshed, owed, today = self.progress.clock(), True, self.attending.today
        while not self._stopped.is_set():
            timeout = 0 if owed else POLL_MILLISECONDS
            fetched = await consumer.getmany(timeout_ms=timeout, max_records=LIST_RECORDS)
            if fetched:
                owed = await self._apply(fetched, topics, positions) or owed
            self.progress.measure(positions)
            if (owed and not fetched) or self.progress.clock() - refreshed >= LAG_SECONDS:
                owed = await asyncio.to_thread(refresh, self.engine, self.attending) == REFRESHED
                refreshed = self.progress.clock()
                if today != self.attending.today:
                    today = self.attending.today
                    document.forget()
            if measuring.done():
                await measuring  # raises what ended it

    async def _keep_measuring(self, consumer: LogConsumer, positions: Mapping[tuple[str, int], int]) -> None:
        """Beside the applying: where that hangs in its database, the lag must be seen to rise."""
        parked = 0
        while True:
            self.progress.measure(positions, await _ends(consumer, list(consumer.assignment())))
            self.observer.lag(self.progress.lag_records or 0, parked)
            parked = await asyncio.to_thread(self._parked)
            await asyncio.sleep(LAG_SECONDS)

    def _parked(self) -> int:
        with self.engine.connect() as connection:
            return readmodel.parked(connection)

    async def _apply(
        self,
        fetched: Mapping[TopicPartition, Sequence[_Fetched]],
        topics: Mapping[str, _Topic],
        positions: dict[tuple[str, int], int],
    ) -> bool:
        """Whether lines of the list of households are owed."""
        messages = [
            Consumed(place.topic, place.partition, item.offset, item.key or b"", item.value)
            for place, items in fetched.items()
            for item in items
            if item.value is not None
        ]
        reached = {(place.topic, place.partition): items[-1].offset + 1 for place, items in fetched.items()}
        offsets = [Offset(name, number, offset, topics[name].topic_id) for (name, number), offset in reached.items()]
        later = sum(item.topic == VIEWS for item in messages) > LINES_AT_ONCE
        apply = partial(apply_list, self.engine, messages, offsets, self.attending, lines_later=later)
        shown = await asyncio.to_thread(apply)
        positions.update(reached)
        for place, items in fetched.items():
            self.observer.applied(place.topic, len(items))
        self._weigh(messages)
        self._observe(shown)
        _log_traced(fetched)
        return later

    def _weigh(self, messages: Iterable[Consumed]) -> None:
        for item in messages:
            if item.topic == VIEWS:
                self.observer.view(len(item.value))
                if len(item.value) > LARGE_VIEW_BYTES:
                    _log.warning("view_is_large", household_id=item.key.decode(), bytes=len(item.value))

    def _observe(self, shown: Sequence[Shown]) -> None:
        """How old the news is. Not while catching up: that would measure how long the desk was away."""
        now = self.now()
        for item in shown if self.progress.caught_up else ():
            self.observer.visible(
                since_published_seconds=_seconds(now, item.newest_published_at),
                since_recorded_seconds=_seconds(now, item.newest_recorded_at),
            )


class _Fetched(Protocol):
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def _log_traced(fetched: Mapping[TopicPartition, Sequence[_Fetched]]) -> None:
    """Say of each change that is traced in which household it can be read now."""
    for place, items in fetched.items():
        for item in items:
            if place.topic == VIEWS and item.key and (trace := carried(item.headers)):
                _log.info("change_visible", trace_id=trace_id(trace), household_id=item.key.decode())


def _seconds(now: datetime, moment: str) -> float:
    return max(0.0, (now - datetime.fromisoformat(moment)).total_seconds())


def _is_foreign(
    place: tuple[str, int],
    topic_id: str | None,
    offset: int,
    topics: Mapping[str, _Topic],
    ends: Mapping[tuple[str, int], int],
) -> bool:
    """Whether offsets were kept of another log: a topic made anew, or shorter than what was read."""
    now = topics[place[0]].topic_id if place[0] in topics else None
    made_anew = topic_id is not None and now is not None and topic_id != now
    return made_anew or offset > ends.get(place, 0)


async def _ends(consumer: LogConsumer, places: Sequence[TopicPartition]) -> dict[tuple[str, int], int]:
    ends = await consumer.end_offsets(places)
    return {(place.topic, place.partition): end for place, end in ends.items()}


def _describe(broker: str) -> dict[str, _Topic]:
    """Partitions and ids of our topics. Raises LogUnavailable while one is missing: it may still be made."""
    admin = open_admin(broker, milliseconds=REQUEST_MILLISECONDS)
    try:
        found = {item["name"]: item for item in admin.describe_topics(list(TOPICS))}
    finally:
        admin.close()
    missing = [name for name in TOPICS if not found.get(name, {}).get("partitions")]
    if missing:
        raise LogUnavailable(f"The log has no topic {', '.join(missing)} yet.")
    return {name: _topic(found[name]) for name in TOPICS}


def _topic(described: Mapping[str, object]) -> _Topic:
    partitions = described["partitions"]
    topic_id = described.get("topic_id")
    numbers = [item["partition_index"] for item in partitions] if isinstance(partitions, list) else []
    return _Topic(None if topic_id is None else str(topic_id), tuple(sorted(numbers)))
