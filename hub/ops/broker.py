"""What an operator's command asks of the log: where topics end, how far a group is, what a small topic holds. Blocking,
and quick to say that nothing answers."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Self

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError, UnknownTopicOrPartitionError

from hub.errors import LogRefused, LogUnavailable
from hub.events.topics import topics
from hub.ops.kafka_security import client_options

_CONNECT_SECONDS: Final = 3.0
_TIMEOUT_MILLISECONDS: Final = 10_000
_POLL_MILLISECONDS: Final = 200
Place = tuple[str, int]
"""A topic and a partition of it."""


class Group(NamedTuple):
    """A consumer group: the next offset of each partition it committed, and how many members it has now."""

    committed: Mapping[Place, int]
    members: int


class Broker:
    """A connection for a few questions. A context manager. Raises LogUnavailable when nothing answers in time."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin: Any = None

    def __enter__(self) -> Self:
        _refuse_silence(self.bootstrap)
        with _translated(self.bootstrap):
            self._admin = KafkaAdminClient(
                bootstrap_servers=self.bootstrap,
                request_timeout_ms=_TIMEOUT_MILLISECONDS,
                bootstrap_timeout_ms=_TIMEOUT_MILLISECONDS,
                **client_options(),
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it."""
        self._admin.close()

    def ends(self, names: Iterable[str]) -> dict[Place, int]:
        """Next offset of every partition of these topics. Raises LogRefused if one is missing."""
        places = [TopicPartition(name, number) for name in names for number in range(topics()[name].partitions)]
        with _translated(self.bootstrap):
            found = self._admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        return {(place.topic, place.partition): found[place].offset for place in places}

    def group(self, name: str) -> Group:
        """How far a group is. One that never was has committed nothing and has no members."""
        with _translated(self.bootstrap):
            offsets = self._admin.list_group_offsets(name)[name]
            members = self._admin.describe_groups([name]).get(name, {}).get("members") or ()
        committed = {(place.topic, place.partition): max(0, meta.offset) for place, meta in offsets.items()}
        return Group(committed, len(members))

    def messages(self, topic: str) -> Iterator[bytes]:
        """The values that a topic holds now, partition by partition."""
        with _translated(self.bootstrap):
            consumer: Any = KafkaConsumer(
                bootstrap_servers=self.bootstrap, enable_auto_commit=False, **client_options()
            )
            try:
                for number in range(topics()[topic].partitions):
                    yield from _values(consumer, TopicPartition(topic, number))
            finally:
                consumer.close()


def _values(consumer: Any, place: Any) -> Iterator[bytes]:
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    end = consumer.end_offsets([place])[place]
    while consumer.position(place) < end:
        for records in consumer.poll(timeout_ms=_POLL_MILLISECONDS).values():
            yield from (record.value for record in records if record.value is not None)


def _refuse_silence(bootstrap: str) -> None:
    """A Kafka client would go on trying for a while, and leave its sockets open."""
    host, _, port = bootstrap.partition(",")[0].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise LogUnavailable(f"Nothing answers on {bootstrap}.", type(error).__name__) from error


@contextmanager
def _translated(bootstrap: str) -> Iterator[None]:
    try:
        yield
    except UnknownTopicOrPartitionError as error:
        raise LogRefused("A topic of the contract is missing: regiehub topics apply makes it.") from error
    except KafkaError as error:
        raise LogUnavailable(f"The log at {bootstrap} cannot be read.", type(error).__name__) from error
