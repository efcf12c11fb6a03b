"""Everything the lane writes to Kafka: explicit record batches, idempotent, all acknowledged, or given up in time."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from hub.events.ids import partition_for
from hub.ops.kafka_security import client_options
from hub.stream.lane.options import LaneOptions, SendFailed, TooLarge
from hub.stream.stage import Output

WRITER_HEADER: Final = "writer"
"""Who wrote a record: a random id per takeover. The first header, and on compacted topics only, where the
tail guard reads it (R9)."""

RECORD_OVERHEAD_BYTES: Final = 160
"""At most what a record takes in a batch beside its key and value: lengths, timestamp and both headers."""

_BATCH_OVERHEAD_BYTES: Final = 4096
_SLICES: Final = 10

Headers = list[tuple[str, bytes]]
NO_HEADERS: Final[Headers] = []
"""Never changed."""
Place = tuple[str, int]


class Message(NamedTuple):
    """One record of a batch."""

    key: bytes
    value: bytes
    headers: Headers = NO_HEADERS


Batch = tuple[Place, Sequence[Message]]


class Ack(NamedTuple):
    """So many records stand at this offset and the next ones. `base`: -1 when the broker does not say."""

    topic: str
    partition: int
    base: int
    records: int


class Writer:
    """One producer for all partitions of a worker. For one event loop.

    An idempotent producer of aiokafka never gives up a batch, so the writer gives up the producer: whatever was in
    it then arrives within the request timeout, or never."""

    def __init__(self, options: LaneOptions) -> None:
        self._options = options
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Connect. Raises KafkaError when no broker answers. Nothing happens when it is connected."""
        async with self._lock:
            if self._producer is None:
                producer = self._new_producer()
                try:
                    await producer.start()
                except BaseException:
                    await _abandon(producer)
                    raise
                self._producer = producer

    async def stop(self) -> None:
        """Give up whatever is not acknowledged. Safe to call twice."""
        await self._give_up(self._producer)

    async def partition_count(self, topic: str) -> int:
        """Partitions of a topic, which never change during its life (a new incarnation has new topics).

        Raises SendFailed."""
        if topic not in self._partitions:
            self._partitions[topic] = len(await (await self._connected()).partitions_for(topic))
        return self._partitions[topic]

    async def publish(
        self, outputs: Iterable[Output], headers: Mapping[str, Headers], check: Callable[[], None]
    ) -> list[Ack]:
        """Send outputs to the partition of their key, in order per partition, and wait for all acknowledgements.

        `headers` per topic; `check` raises when nothing may be sent any more, and is called before each batch.
        Raises SendFailed, TooLarge."""
        grouped: defaultdict[Place, list[Message]] = defaultdict(list)
        for output in outputs:
            partition = partition_for(output.key, await self.partition_count(output.topic))
            message = Message(output.key, output.value, headers.get(output.topic, NO_HEADERS))
            grouped[output.topic, partition].append(message)
        limit = self._options.max_batch_bytes
        batches = ((place, run) for place, messages in grouped.items() for run in chunks(messages, limit))
        return await self._send(batches, check) if grouped else []

    async def append(self, topic: str, partition: int, messages: Sequence[Message], check: Callable[[], None]) -> int:
        """Send messages as one record batch, which Kafka keeps whole or not at all, and wait for the ack.

        Returns the offset of the first, -1 when the broker does not say. Raises SendFailed, TooLarge."""
        (ack,) = await self._send([((topic, partition), messages)], check)
        return ack.base

    async def _send(self, batches: Iterable[Batch], check: Callable[[], None]) -> list[Ack]:
        producer = await self._connected()
        sending = asyncio.create_task(_send_all(producer, batches, check))
        try:
            # In slices: time in which a handler held the event loop must not count as the broker's silence, and after
            # a pause of the whole process the fence must be asked before anything is sent again.
            for _ in range(_SLICES):
                if await _is_done(sending, self._options.request_timeout_seconds / _SLICES):
                    return sending.result()
                check()
            raise TimeoutError
        except (KafkaError, TimeoutError) as error:
            await self._give_up(producer)
            raise SendFailed(f"not acknowledged: {error!r}") from error
        except BaseException:  # cancelled or fenced: nobody waits for what was sent any more
            await self._give_up(producer)
            raise
        finally:
            sending.cancel()

    async def _connected(self) -> AIOKafkaProducer:
        """The producer: a new one when another partition's batch was given up with the last, in which nothing of the
        caller's is waiting. One late answer must not close every partition of the worker. Raises SendFailed."""
        try:
            await self.start()
        except KafkaError as error:
            raise SendFailed(f"no producer: {error!r}") from error
        if self._producer is None:
            raise SendFailed("no producer")
        return self._producer

    async def _give_up(self, producer: AIOKafkaProducer | None) -> None:
        if producer is not None and producer is self._producer:
            self._producer = None
            await _abandon(producer)

    def _new_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self._options.bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=self._options.largest_batch_bytes,
            request_timeout_ms=int(self._options.request_timeout_seconds * 1000),
            **client_options(),
        )


def size_of(messages: Mapping[bytes, bytes]) -> int:
    """Upper bound of what the messages take in one record batch."""
    return sum(len(k) + len(v) + RECORD_OVERHEAD_BYTES for k, v in messages.items()) + _BATCH_OVERHEAD_BYTES


def chunks(messages: Sequence[Message], limit_bytes: int) -> Iterable[Sequence[Message]]:
    """Cut messages into runs that fit a batch; a message that is larger by itself is a run of its own."""
    run: list[Message] = []
    size = 0
    for message in messages:
        added = len(message.key) + len(message.value) + RECORD_OVERHEAD_BYTES
        if run and size + added > limit_bytes:
            yield run
            run, size = [], 0
        run.append(message)
        size += added
    yield run


async def _send_all(producer: AIOKafkaProducer, batches: Iterable[Batch], check: Callable[[], None]) -> list[Ack]:
    sent: list[tuple[Awaitable[Any], Place, Sequence[Message]]] = []
    for place, messages in batches:
        batch = _build(producer, place[0], messages)
        check()
        sent.append((await producer.send_batch(batch, place[0], partition=place[1]), place, messages))
    return await asyncio.gather(*(_acknowledged(*each) for each in sent))


async def _acknowledged(sent: Awaitable[Any], place: Place, messages: Sequence[Message]) -> Ack:
    try:
        return Ack(*place, (await sent).offset, len(messages))
    except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
        raise _too_large(place[0], messages) from error


async def _is_done(task: asyncio.Task[Any], seconds: float) -> bool:
    done, _ = await asyncio.wait([task], timeout=seconds)
    return bool(done)


def _build(producer: AIOKafkaProducer, topic: str, messages: Sequence[Message]) -> Any:
    batch = producer.create_batch()
    now = int(time.time() * 1000)
    for message in messages:
        batch.append(timestamp=now, key=message.key, value=message.value, headers=message.headers)
    if batch.record_count() != len(messages):
        raise _too_large(topic, messages)
    return batch


def _too_large(topic: str, messages: Sequence[Message]) -> TooLarge:
    sizes = [len(message.key) + len(message.value) for message in messages]
    records = f"{len(sizes)} records, the largest of {max(sizes)} bytes"
    return TooLarge(f"{topic} does not take a batch of {sum(sizes)} bytes ({records}); see its max.message.bytes")


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Close without waiting for what is in it (`stop` would wait for a broker that may never answer)."""
    producer._closed = True
    sender = producer._sender
    if sender.sender_task is not None:
        sender.sender_task.cancel()
    await producer.client.close()
    if sender.sender_task is not None:
        await asyncio.wait([sender.sender_task], timeout=1.0)
