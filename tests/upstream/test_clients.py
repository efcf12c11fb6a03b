"""Defects of aiokafka and kafka-python that the hub works around, as small as they can be shown: no broker.

One that fails here has been mended upstream: then the work-around can go.
"""

from __future__ import annotations

import subprocess
import sys
from unittest.mock import MagicMock

from aiokafka.errors import RequestTimedOutError
from aiokafka.producer.sender import SendProduceReqHandler

from hub.demo.brokers.ports import free_port

CANNOT_CONNECT = """
import gc, sys
from kafka import KafkaProducer
from kafka.errors import KafkaError
try:
    KafkaProducer(bootstrap_servers=f"127.0.0.1:{sys.argv[1]}", bootstrap_timeout_ms=200)
except KafkaError:
    gc.collect()
"""


def test_a_producer_that_cannot_connect_leaves_its_sockets_open() -> None:
    """kafka-python 3.0.12, at every attempt: an ingest whose broker is away for a day would run out of them.
    `hub.connect.ingest.kafka_publisher` closes the client of such a producer itself."""
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", CANNOT_CONNECT, str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "unclosed <socket.socket" in done.stderr


def test_an_idempotent_producer_never_gives_up_a_batch() -> None:
    """aiokafka 0.14.0 asks an expired batch only of a producer without idempotence. `hub.stream.lane.writer` gives up
    the producer."""
    expired = MagicMock(expired=lambda: True)
    for is_idempotent in (True, False):
        handler = MagicMock(_sender=MagicMock(_txn_manager=MagicMock() if is_idempotent else None))
        assert SendProduceReqHandler._can_retry(handler, RequestTimedOutError(), expired) is is_idempotent
