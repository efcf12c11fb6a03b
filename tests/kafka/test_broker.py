"""The tier's own Kafka keeps what it acknowledged, and is set up as the other tests assume."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaTimeoutError

from hub.demo.brokers import BrokerUnavailable
from hub.demo.brokers.kafka import KafkaBroker

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka_broker: KafkaBroker) -> str:
    name = f"brokers.probe-{uuid.uuid4().hex[:8]}.v1"
    admin = KafkaAdminClient(bootstrap_servers=kafka_broker.bootstrap)
    admin.create_topics([NewTopic(name=name, num_partitions=1, replication_factor=1)])
    admin.close()
    return name


def produce(broker: KafkaBroker, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, max_request_size=9_000_000)
    for acknowledged in [producer.send(topic, value=value) for value in values]:
        acknowledged.get(timeout=30)
    producer.close()


async def fetch(broker: KafkaBroker, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_kill_9_and_restart_keep_what_was_acknowledged(kafka_broker: KafkaBroker, topic: str) -> None:
    before = [f"before {number}".encode() for number in range(200)]
    produce(kafka_broker, topic, before)
    bootstrap = kafka_broker.bootstrap
    kafka_broker.kill9()
    assert not kafka_broker.is_running()
    kafka_broker.restart()
    assert kafka_broker.bootstrap == bootstrap
    produce(kafka_broker, topic, [b"after"])
    assert await fetch(kafka_broker, topic, 201) == [*before, b"after"]


async def test_an_orderly_restart_keeps_the_data(kafka_broker: KafkaBroker, topic: str) -> None:
    produce(kafka_broker, topic, [b"kept"])
    kafka_broker.restart()
    assert await fetch(kafka_broker, topic, 1) == [b"kept"]


async def test_a_record_of_eight_megabytes_passes(kafka_broker: KafkaBroker, topic: str) -> None:
    produce(kafka_broker, topic, [bytes(8 * 1024 * 1024)])
    assert len((await fetch(kafka_broker, topic, 1))[0]) == 8 * 1024 * 1024


def test_topics_do_not_make_themselves(kafka_broker: KafkaBroker) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka_broker.bootstrap, max_block_ms=1000)
    try:
        with pytest.raises(KafkaTimeoutError):
            producer.send("brokers.never-made.v1", value=b"lost")
    finally:
        producer.close()


def test_a_taken_port_gives_one_line(
    kafka_broker: KafkaBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    port = int(kafka_broker.bootstrap.split(":")[1])
    with pytest.raises(BrokerUnavailable) as refused:
        KafkaBroker(port=port).start()
    assert refused.value.user_message.startswith(f"port {port} on 127.0.0.1 is taken")
    assert list(tmp_path.iterdir()) == []


def test_stop_before_the_start_does_nothing() -> None:
    KafkaBroker().stop()
