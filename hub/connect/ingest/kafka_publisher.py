"""The log on Kafka: an idempotent producer of kafka-python, all acknowledgements awaited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import (
    CorruptRecordError,
    InvalidProducerEpochError,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumberError,
    ProducerFencedError,
    UnknownProducerIdError,
)

from hub.connect.ingest.publisher import Message
from hub.errors import ContractError, LogRefused, LogUnavailable
from hub.events.topics import topics
from hub.ops.kafka_clients import connected
from hub.ops.kafka_security import client_options

_DELIVERY_SECONDS: Final = 30
"""Longer than a leader election (some seconds), shorter than an operator's patience; ingest then backs off and says
so."""
_LINGER_MILLISECONDS: Final = 5  # fills the request while a batch is handed over; adds 5 ms to the freshness
_JOIN_SECONDS: Final = 5.0
_RECONNECT_MILLISECONDS: Final = 1000  # the client's own 30 s would leave a restarted broker unused that long
_MAX_REQUEST_BYTES: Final = 2 * 1024 * 1024  # the topics' own limit is 1 MiB; the broker judges, not the client
_NEW_PRODUCER_HELPS: Final = (
    CorruptRecordError,
    InvalidProducerEpochError,
    OutOfOrderSequenceNumberError,
    ProducerFencedError,
    UnknownProducerIdError,
)
"""The broker lost the thread of this producer id. Not retriable for the client; a producer with another id goes on."""


class KafkaPublisher:
    """See `Publisher`. Connects at the first use; after a failure it starts anew with another producer id."""

    def __init__(self, bootstrap: str, *, client_id: str, delivery_seconds: float = _DELIVERY_SECONDS) -> None:
        """Raises ConfigError for how it should reach the log."""
        self._bootstrap = bootstrap
        self._client_id = client_id
        self._delivery_seconds = delivery_seconds
        self._security = client_options()
        self._producer: Any = None

    def publish(self, messages: Sequence[Message]) -> None:
        """Send all, then wait for each acknowledgement."""
        try:
            producer = self._connected()
            for topic in {message.topic for message in messages}:
                _check_partitions(producer, topic)
            futures = [_send(producer, message) for message in messages]
            producer.flush(timeout=self._delivery_seconds)
            for future in futures:
                future.get(timeout=self._delivery_seconds)
        except MessageSizeTooLargeError as error:
            self.close()
            raise ContractError("A record is larger than its topic allows.", type(error).__name__) from error
        except KafkaError as error:
            self.close()  # what is left in the buffer must not be sent after we said that it failed
            if error.retriable or error.invalid_metadata or isinstance(error, _NEW_PRODUCER_HELPS):
                raise LogUnavailable(detail=type(error).__name__) from error
            raise LogRefused(detail=type(error).__name__) from error

    def close(self) -> None:
        """Drop the producer, and with it what it had not sent; nothing of it is sent after this returns."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            producer._sender.force_close()  # first: its own close raises while messages wait, and stops halfway
            producer._sender.join(_JOIN_SECONDS)
            producer.close(timeout=_JOIN_SECONDS)

    def _connected(self) -> Any:
        if self._producer is None:
            self._producer = connected(KafkaProducer, **self._settings())
        return self._producer

    def _settings(self) -> dict[str, Any]:
        milliseconds = int(self._delivery_seconds * 1000)
        return {
            "bootstrap_servers": self._bootstrap,
            "client_id": self._client_id,
            "acks": "all",
            "enable_idempotence": True,
            "linger_ms": _LINGER_MILLISECONDS,
            "max_request_size": _MAX_REQUEST_BYTES,
            "delivery_timeout_ms": milliseconds,
            "request_timeout_ms": max(1000, milliseconds // 2),
            "reconnect_backoff_max_ms": _RECONNECT_MILLISECONDS,
            "max_block_ms": milliseconds,
            "bootstrap_timeout_ms": milliseconds,
            **self._security,
        }


def _send(producer: Any, message: Message) -> Any:
    return producer.send(
        message.topic,
        key=message.key,
        value=message.value,
        headers=list(message.headers),
        partition=message.partition,
    )


def _check_partitions(producer: Any, topic: str) -> None:
    """Another partition count than specified would send a dossier's records past their assignments."""
    present = producer.partitions_for(topic) or ()
    if len(present) != topics()[topic].partitions:
        raise LogRefused(f"Topic {topic} has {len(present)} partitions; its specification says otherwise.")
