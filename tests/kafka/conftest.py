"""One real Apache Kafka for all tests of this tier, and one of its own for a module."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from hub.demo.brokers import BrokerNotInstalled
from hub.demo.brokers.kafka import KafkaBroker

Broker = TypeVar("Broker", bound=KafkaBroker)


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[KafkaBroker]:
    """Running and empty at first. A test that kills it restarts it; topics are the test's own."""
    with running(KafkaBroker(brief=True)) as broker:
        yield broker


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[KafkaBroker]:
    """Running and empty, for the tests of one module alone."""
    with running(KafkaBroker(brief=True)) as broker:
        yield broker


@contextmanager
def running(broker: Broker) -> Iterator[Broker]:
    """Started, and stopped at the end. Skips where Kafka cannot be had, unless all tiers are required."""
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
