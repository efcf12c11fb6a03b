from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from hub.connect.ingest.erasing import LoggedOrders
from hub.connect.ingest.kafka_publisher import KafkaPublisher
from hub.connect.ingest.publisher import MemoryPublisher, Message
from hub.demo.brokers import BrokerNotInstalled
from hub.demo.brokers.embedded import EmbeddedBroker
from hub.errors import ContractError, LogRefused
from hub.events.topics import COMPOSITIONS, RECORDS, topics
from hub.stream.provision import ensure_topics
from tests.ingest.kafka_log import read_partition
from tests.ingest.publisher_contract import PublisherContract
from tests.ingest.test_erasing import NAMED, OWN


@pytest.mark.core
class TestMemoryPublisher(PublisherContract):
    def new_publisher(self) -> MemoryPublisher:
        self.publisher = MemoryPublisher()
        return self.publisher

    def read(self, topic: str, partition: int) -> list[Message]:
        return self.publisher.partitions.get((topic, partition), [])


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    try:
        with EmbeddedBroker() as running:
            yield running
    except BrokerNotInstalled as missing:
        pytest.skip(missing.user_message)


@pytest.mark.stream
class TestKafkaPublisherOnTheEmbeddedBroker(PublisherContract):
    @pytest.fixture(autouse=True)
    def _on(self, broker: EmbeddedBroker) -> None:
        ensure_topics(broker.bootstrap)
        self.bootstrap = broker.bootstrap

    def new_publisher(self) -> KafkaPublisher:
        return KafkaPublisher(self.bootstrap, client_id="test")

    def read(self, topic: str, partition: int) -> list[Message]:
        return read_partition(self.bootstrap, topic, partition)


def outage(name: str) -> None:
    """See `tests.ingest.outages`."""
    command = [sys.executable, "-m", "tests.ingest.outages", name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.stream
def test_a_broker_that_is_not_there_is_unavailable() -> None:
    outage("never_there")


@pytest.mark.stream
@pytest.mark.usefixtures("broker")  # skips where it is not installed
def test_a_broker_that_goes_and_comes_back_is_used_again() -> None:
    outage("goes_and_comes_back")


@pytest.mark.stream
def test_a_topic_with_other_partitions_is_refused(broker: EmbeddedBroker) -> None:
    ensure_topics(broker.bootstrap, specs=[topics()[RECORDS].model_copy(update={"partitions": 2})])
    publisher = KafkaPublisher(broker.bootstrap, client_id="test", delivery_seconds=2)
    with pytest.raises(LogRefused, match="2 partitions"):
        publisher.publish([Message(RECORDS, b"zcd/Z-1", b"x")])


@pytest.mark.stream
def test_orders_to_erase_are_read_once_and_each_later_one(broker: EmbeddedBroker) -> None:
    ensure_topics(broker.bootstrap)
    publisher, orders = KafkaPublisher(broker.bootstrap, client_id="test"), LoggedOrders(broker.bootstrap)
    assert orders() == []
    for order in (OWN, NAMED):
        publisher.publish([Message(*order.message())])
        assert (orders(), orders()) == ([order], [])
    assert LoggedOrders(broker.bootstrap)() == [OWN, NAMED]
    publisher.close()


@pytest.mark.stream
def test_a_message_that_is_too_large_stops_the_connector(broker: EmbeddedBroker) -> None:
    ensure_topics(broker.bootstrap)
    publisher = KafkaPublisher(broker.bootstrap, client_id="test", delivery_seconds=2)
    with pytest.raises(ContractError, match="larger than its topic allows"):
        publisher.publish([Message(COMPOSITIONS, b"0599", b"x" * 3_000_000)])
