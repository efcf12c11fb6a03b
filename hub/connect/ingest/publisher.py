"""The log as ingest sees it: publish some messages, return when all are acknowledged. In memory: for tests and
mutations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from hub.events.ids import partition_for
from hub.events.topics import topics


class Message(NamedTuple):
    """One message. Neither the key nor the headers ever hold personal data."""

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def partition(self) -> int:
        """Always stated: clients' defaults differ (protocol.md, "Partition")."""
        return partition_for(self.key, topics()[self.topic].partitions)


class Publisher(Protocol):
    """Used by one thread. Keeps the order of the messages of one partition."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Return when *every* message is acknowledged by all replicas in sync.

        Raises: LogUnavailable: any of them may be missing, publish all again. LogRefused: publishing again will not
        help.
        """

    def close(self) -> None:
        """Let go of connections. May be called twice."""


class MemoryPublisher:
    """A log in memory, with the promises of `Publisher` and nothing lost."""

    def __init__(self) -> None:
        self.partitions: dict[tuple[str, int], list[Message]] = {}

    def publish(self, messages: Sequence[Message]) -> None:
        """Append all."""
        for message in messages:
            self.partitions.setdefault((message.topic, message.partition), []).append(message)

    def close(self) -> None:
        """Nothing to let go of."""

    def topic(self, name: str) -> list[Message]:
        """All messages of a topic, partition after partition."""
        keys = sorted(key for key in self.partitions if key[0] == name)
        return [message for key in keys for message in self.partitions[key]]
