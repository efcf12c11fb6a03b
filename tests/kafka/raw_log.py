"""Everything that a Kafka holds, as bytes."""

from __future__ import annotations

from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition

_POLL_MILLISECONDS = 500


class Raw(NamedTuple):
    """One message."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def topic_names(bootstrap: str) -> set[str]:
    """All topics."""
    consumer: Any = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        return set(consumer.topics())
    finally:
        consumer.close()


def read_raw(bootstrap: str) -> list[Raw]:
    """Every message of every topic, up to where it ends now; those of the broker itself are left out."""
    consumer: Any = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        names = [name for name in consumer.topics() if not name.startswith("__")]
        places = [TopicPartition(name, number) for name in names for number in consumer.partitions_for_topic(name)]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        found: list[Raw] = []
        while any(consumer.position(place) < ends[place] for place in places):
            for place, messages in consumer.poll(timeout_ms=_POLL_MILLISECONDS).items():
                found += [Raw(place.topic, m.key, m.value, tuple(m.headers)) for m in messages]
        return found
    finally:
        consumer.close()
