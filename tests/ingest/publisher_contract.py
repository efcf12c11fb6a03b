"""What every publisher keeps to. The in-memory twin is trusted because the same tests run on a broker."""

from __future__ import annotations

from abc import ABC, abstractmethod

from hub.connect.ingest.publisher import Message, Publisher
from hub.events.topics import COMPOSITIONS, DEAD_LETTERS, RECORDS


class PublisherContract(ABC):
    """Subclass it with the two fixtures' counterparts, and pytest runs all of it."""

    @abstractmethod
    def new_publisher(self) -> Publisher:
        """A publisher on an empty log."""

    @abstractmethod
    def read(self, topic: str, partition: int) -> list[Message]:
        """All messages of a partition, in order."""

    def test_what_publish_returned_from_is_in_the_log(self) -> None:
        publisher = self.new_publisher()
        sent = [Message(RECORDS, f"zcd/Z-{n}".encode(), f"value {n}".encode()) for n in range(50)]
        publisher.publish(sent)
        publisher.close()
        found = [m for partition in {m.partition for m in sent} for m in self.read(RECORDS, partition)]
        assert sorted(found) == sorted(sent)

    def test_messages_of_a_key_keep_their_order(self) -> None:
        publisher = self.new_publisher()
        sent = [Message(COMPOSITIONS, b"0599", str(n).encode()) for n in range(200)]
        publisher.publish(sent[:120])
        publisher.publish(sent[120:])
        publisher.close()
        assert self.read(COMPOSITIONS, 0) == sent

    def test_headers_come_along(self) -> None:
        publisher = self.new_publisher()
        sent = Message(DEAD_LETTERS, b"zcd", b"sealed", (("reason", b"malformed"), ("position", b"17")))
        publisher.publish([sent])
        publisher.close()
        assert self.read(DEAD_LETTERS, 0) == [sent]

    def test_publishing_nothing_is_no_effort(self) -> None:
        publisher = self.new_publisher()
        publisher.publish([])
        publisher.close()
        publisher.close()
