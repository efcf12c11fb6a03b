"""Reads a topic of a broker from its beginning, for tests."""

from __future__ import annotations

import time
from typing import Self

from kafka import KafkaConsumer, TopicPartition

from hub.connect.ingest.publisher import Message
from hub.events.topics import topics


class LogReader:
    """Follows some topics with one consumer (making one costs more than reading). A context manager; for one thread."""

    def __init__(self, bootstrap: str, *names: str) -> None:
        self._places = [TopicPartition(name, n) for name in names for n in range(topics()[name].partitions)]
        self._found: dict[TopicPartition, list[Message]] = {place: [] for place in self._places}
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        self._consumer.assign(self._places)
        self._consumer.seek_to_beginning(*self._places)

    def read(self, topic: str) -> list[Message]:
        """All messages of a topic that are there now; in order per partition."""
        ends = self._consumer.end_offsets(self._places)
        deadline = time.monotonic() + 30
        while any(self._consumer.position(place) < ends[place] for place in self._places):
            assert time.monotonic() < deadline, "the log could not be read in time"
            for place, records in self._consumer.poll(timeout_ms=200).items():
                self._found[place] += [Message(place.topic, r.key, r.value, tuple(r.headers)) for r in records]
        return [message for place in self._places if place.topic == topic for message in self._found[place]]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()


def read_partition(bootstrap: str, topic: str, partition: int) -> list[Message]:
    """All messages of a partition that are there now, in order."""
    with LogReader(bootstrap, topic) as reader:
        return [message for message in reader.read(topic) if message.partition == partition]
