"""The client that asks the broker and makes its topics: kafka-python's, which leaves nothing behind where it fails."""

from __future__ import annotations

from typing import Any

from kafka import KafkaAdminClient

from hub.ops.kafka_security import client_options

__all__ = ["open_admin"]


def open_admin(bootstrap: str, *, milliseconds: int = 30_000) -> KafkaAdminClient:
    """A client, connected; close it. Blocks. `milliseconds`: for the connection, and for each answer. Raises KafkaError
    if the broker does not answer, ConfigError if it is told too little."""
    timeouts = {"request_timeout_ms": milliseconds, "bootstrap_timeout_ms": milliseconds}
    return _AdminClient(bootstrap_servers=bootstrap, **timeouts, **client_options())


class _AdminClient(KafkaAdminClient):  # type: ignore[misc]
    """kafka-python 3.0.12 keeps the thread and three descriptors of a client that could not connect: whoever asks every
    few seconds would have no descriptor left after an hour in which a broker takes connections and says nothing."""

    def __init__(self, **configs: Any) -> None:
        try:
            super().__init__(**configs)
        except BaseException:
            if hasattr(self, "_net"):
                self._closed = False  # it is not, which `close` asks for
                self.close()
            raise
