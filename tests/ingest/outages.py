"""`python -m tests.ingest.outages NAME`: a publisher and a broker that is away, in a process of its own.

kafka-python leaves the sockets of refused connections to the garbage collector; in the test process each would be an
error in some later test.
"""

from __future__ import annotations

import sys

import pytest

from hub.connect.ingest.kafka_publisher import KafkaPublisher
from hub.connect.ingest.publisher import Message
from hub.demo.brokers.embedded import EmbeddedBroker
from hub.demo.brokers.ports import free_port
from hub.errors import LogUnavailable
from hub.events.topics import COMPOSITIONS
from hub.stream.provision import ensure_topics
from tests.ingest.kafka_log import read_partition


def never_there() -> None:
    publisher = KafkaPublisher(f"127.0.0.1:{free_port()}", client_id="test", delivery_seconds=1)
    with pytest.raises(LogUnavailable):
        publisher.publish([Message(COMPOSITIONS, b"0599", b"x")])
    publisher.close()


def goes_and_comes_back() -> None:
    with EmbeddedBroker() as broker:
        ensure_topics(broker.bootstrap)
        publisher = KafkaPublisher(broker.bootstrap, client_id="test", delivery_seconds=2)
        publisher.publish([Message(COMPOSITIONS, b"0599", b"before")])
        broker.stop()
        with pytest.raises(LogUnavailable):
            publisher.publish([Message(COMPOSITIONS, b"0599", b"lost")])
        broker.start()
        ensure_topics(broker.bootstrap)
        publisher.publish([Message(COMPOSITIONS, b"0599", b"after")])
        publisher.close()
        assert read_partition(broker.bootstrap, COMPOSITIONS, 0) == [Message(COMPOSITIONS, b"0599", b"after")]


if __name__ == "__main__":
    {"never_there": never_there, "goes_and_comes_back": goes_and_comes_back}[sys.argv[1]]()
