"""A program by hand on confluent-kafka: the same topics, hops and partitioner, everything remembered in dictionaries.

Nothing that it remembers survives it, so it commits nothing: after a crash it begins again with the first message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from confluent_kafka import Consumer, Producer

from bench.whole_job.contestants import Told, told
from bench.whole_job.plain import Assemble, Assignment, Resolve, Route
from hub.events.codec import decode, encode
from hub.events.topics import (
    ASSIGNMENTS,
    COMPOSITIONS,
    HOUSEHOLD_COMPOSITIONS,
    HOUSEHOLD_RECORDS,
    RECORDS,
    VIEWS,
    topics,
)
from hub.household.view import entry_of, record_message

INPUTS: Final = (COMPOSITIONS, RECORDS, ASSIGNMENTS, HOUSEHOLD_COMPOSITIONS, HOUSEHOLD_RECORDS)


class Sender:
    """A producer that waits where its queue is full. Its partition is librdkafka's murmur2: ours."""

    def __init__(self, broker: str) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": broker,
                "partitioner": "murmur2",
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.max.bytes": 8 << 20,
            }
        )

    def send(self, topic: str, key: bytes, value: bytes) -> None:
        """Put in the queue."""
        while True:
            try:
                self._producer.produce(topic, value, key)
                break
            except BufferError:
                self._producer.poll(0.1)

    def poll(self) -> None:
        """Take note of what was acknowledged."""
        self._producer.poll(0)


class Program:
    """Three stages on one consumer. A list goes through a stage as a whole: each key is sent once, as it is then."""

    def __init__(self, given: Told) -> None:
        self._sender = Sender(given.broker)
        self._resolve, self._route, self._assemble = Resolve(), Route(), Assemble()

    def take(self, messages: Iterable[Any]) -> None:
        """A list of one partition."""
        for message in messages:
            self._take_one(message.topic(), message.key(), message.value(), message.offset())
        self._send()
        self._sender.poll()

    def _take_one(self, topic: str, key: bytes, value: bytes, offset: int) -> None:
        if topic == COMPOSITIONS:
            self._resolve.take(offset, value)
        elif topic == RECORDS:
            self._route.register(key, value)
        elif topic == ASSIGNMENTS:
            assigned = decode(value).value
            self._route.assign(key, Assignment(assigned["household"], assigned["since"]))
        elif topic == HOUSEHOLD_COMPOSITIONS:
            self._assemble.compose(key.decode(), value)
        else:
            entry_key, entry = entry_of(decode(value).value)
            self._assemble.put(key.decode(), {entry_key: entry})

    def _send(self) -> None:
        for ref, assigned in self._resolve.assignments().items():
            message = encode("households.assignment", {**ref._asdict(), **assigned._asdict()})
            self._sender.send(ASSIGNMENTS, ref.key, message)
        for household, message in self._resolve.compositions().items():
            self._sender.send(HOUSEHOLD_COMPOSITIONS, household.encode(), message)
        for household, entries in self._route.puts().items():
            for entry_key, entry in entries.items():
                put = record_message(entry_key, entry.since, entry)
                self._sender.send(HOUSEHOLD_RECORDS, household.encode(), put)
        for household, message in self._assemble.views().items():
            self._sender.send(VIEWS, household.encode(), message)


def consumer(given: Told, inputs: Iterable[str]) -> Any:
    """A consumer of everything from the start."""
    reading = Consumer(
        {
            "bootstrap.servers": given.broker,
            "group.id": given.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "message.max.bytes": 8 << 20,
        }
    )
    reading.subscribe(list(inputs))
    return reading


def lists(given: Told, inputs: Iterable[str], together: int = 1) -> Iterator[list[Any]]:
    """What comes in, for ever, in lists of at most so many times what is given."""
    reading = consumer(given, inputs)
    while True:
        messages = reading.consume(given.list_records * together, timeout=0.05)
        for message in messages:
            if message.error():
                raise RuntimeError(message.error().str())
        if messages:
            yield messages


def by_partition(messages: Iterable[Any], longest: int) -> Iterator[list[Any]]:
    """The same, in lists of one partition each."""
    parts: dict[tuple[str, int], list[Any]] = {}
    for message in messages:
        parts.setdefault((message.topic(), message.partition()), []).append(message)
    for part in parts.values():
        for start in range(0, len(part), longest):
            yield part[start : start + longest]


def main() -> None:
    """Run until it is killed."""
    given = told()
    program = Program(given)
    for messages in lists(given, INPUTS, together=topics()[VIEWS].partitions):
        for part in by_partition(messages, given.list_records):
            program.take(part)


if __name__ == "__main__":
    main()
