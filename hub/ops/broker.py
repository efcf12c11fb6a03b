"""What an operator's command asks of the log: where topics end, how far a group is, what a small topic holds. Blocking,
and quick to say that nothing answers."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError, KafkaTimeoutError, UnknownTopicOrPartitionError

from hub.errors import LogRefused, LogUnavailable
from hub.events.topics import topics
from hub.ops.kafka_clients import connected, open_admin
from hub.ops.kafka_security import client_options

_CONNECT_SECONDS: Final = 3.0
_TIMEOUT_MILLISECONDS: Final = 10_000
_POLL_MILLISECONDS: Final = 200
_FIRST_SECONDS: Final = 3.0
"""Longest wait for the oldest messages that wait: a status that comes late is no help."""
_FETCH_BYTES: Final = 4 * 2**20
"""Of what waits only the first message is looked at, but a message may be a mebibyte."""
_log_of_groups: Final = logging.getLogger("kafka.admin._groups")
"""It warns, at length, of what members of Faust's groups say of themselves: each time that they are counted."""
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
        self._reader: Any = None

    def __enter__(self) -> Self:
        _refuse_silence(self.bootstrap)
        _log_of_groups.setLevel(logging.ERROR)
        with _translated(self.bootstrap):
            self._admin = open_admin(self.bootstrap, milliseconds=_TIMEOUT_MILLISECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it."""
        self._admin.close()
        if self._reader is not None:
            self._reader.close()

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
        yield from self.messages_after(topic, {})

    def messages_after(self, topic: str, read: dict[int, int]) -> Iterator[bytes]:
        """The same from where reading ended before. `read`: partition to next offset, moved on as it is read."""
        with _translated(self.bootstrap):
            for number in range(topics()[topic].partitions):
                yield from _values(self._consumer(), TopicPartition(topic, number), read)

    def first_written(self, places: Mapping[Place, int]) -> dict[Place, datetime]:
        """When the first message at or after each of these offsets was written, by the clock of whoever wrote it. What
        does not come in time is left out."""
        waiting = {TopicPartition(*place): offset for place, offset in places.items()}
        found: dict[Place, datetime] = {}
        until = time.monotonic() + _FIRST_SECONDS
        with _translated(self.bootstrap):
            while waiting and time.monotonic() < until:
                reader = self._consumer()
                reader.assign(list(waiting))
                for place, offset in waiting.items():
                    reader.seek(place, offset)
                for place, records in reader.poll(timeout_ms=_POLL_MILLISECONDS).items():
                    if waiting.pop(place, None) is not None:
                        found[place.topic, place.partition] = _written(records[0].timestamp)
        return found

    def _consumer(self) -> Any:
        if self._reader is None:
            self._reader = connected(
                KafkaConsumer,
                bootstrap_servers=self.bootstrap,
                bootstrap_timeout_ms=_TIMEOUT_MILLISECONDS,
                enable_auto_commit=False,
                fetch_max_bytes=_FETCH_BYTES,
                **client_options(),
            )
        return self._reader


def _written(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _values(consumer: Any, place: Any, read: dict[int, int]) -> Iterator[bytes]:
    consumer.assign([place])
    start, end = read.get(place.partition, 0), consumer.end_offsets([place])[place]
    if start == 0 or start > end:  # the topic was cut, or made anew
        consumer.seek_to_beginning(place)
    else:
        consumer.seek(place, start)
    until = time.monotonic() + _TIMEOUT_MILLISECONDS / 1000
    while (before := consumer.position(place)) < end:
        for records in consumer.poll(timeout_ms=_POLL_MILLISECONDS).values():
            yield from (record.value for record in records if record.value is not None)
        if consumer.position(place) > before:
            until = time.monotonic() + _TIMEOUT_MILLISECONDS / 1000
        elif time.monotonic() > until:
            raise KafkaTimeoutError(f"{place.topic} stands still")  # a poll goes on trying in silence
    read[place.partition] = consumer.position(place)


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
