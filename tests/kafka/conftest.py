"""One real Apache Kafka for all tests of this tier."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from hub.demo.brokers import BrokerNotInstalled
from hub.demo.brokers.kafka import KafkaBroker


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[KafkaBroker]:
    """Running and empty at first. A test that kills it restarts it; topics are the test's own."""
    broker = KafkaBroker()
    try:
        broker.start()
    except BrokerNotInstalled as missing:
        if os.environ.get("REGIEHUB_REQUIRE_ALL_TIERS", "") not in {"", "0"}:
            raise
        pytest.skip(missing.user_message)
    try:
        yield broker
    finally:
        broker.stop()
