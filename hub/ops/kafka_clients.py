"""Clients of kafka-python that leave nothing behind where they cannot connect."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from kafka import KafkaAdminClient

from hub.ops.kafka_security import client_options

__all__ = ["connected", "open_admin"]

Client = TypeVar("Client")


def connected(make: Callable[..., Client], **settings: Any) -> Client:
    """A client, connected; close it. Blocks. Raises KafkaError if no broker answers.

    Of one that could not connect kafka-python 3.0.12 keeps a thread and three descriptors, at every attempt: whoever
    asks every few seconds would have no descriptor left after an hour in which a broker takes connections and says
    nothing."""
    made: list[Any] = []

    def client(**config: Any) -> Any:
        made.append(cast(Any, make).DEFAULT_CONFIG["kafka_client"](**config))
        return made[-1]

    try:
        return make(kafka_client=client, **settings)
    except BaseException:
        for one in made:
            with suppress(Exception):  # what went wrong first is what is told
                one.close()
        raise


def open_admin(bootstrap: str, *, milliseconds: int = 30_000) -> KafkaAdminClient:
    """The client that asks the broker and makes topics. `milliseconds`: for each answer, and in all for attempts to
    connect to begin in, the last of which may take as long again. Raises KafkaError, and ConfigError if this process is
    told too little."""
    timeouts = {"request_timeout_ms": milliseconds, "bootstrap_timeout_ms": milliseconds}
    return connected(KafkaAdminClient, bootstrap_servers=bootstrap, **timeouts, **client_options())
