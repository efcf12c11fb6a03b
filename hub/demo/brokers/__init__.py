"""Throw-away brokers for the demo and the tests. Imports nothing of the hub; never used in production.

`embedded.EmbeddedBroker` needs nothing but the `[demo]` extra and starts at once; `kafka.KafkaBroker` is a
real Apache Kafka and needs Java and Maven. Both are a `Broker`.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

__all__ = ["Broker", "BrokerNotInstalled", "BrokerUnavailable"]


class BrokerUnavailable(Exception):
    """The broker can't start, or didn't become ready. Callers show `user_message` and exit 2.

    `user_message` is one line that says what to do; `detail` holds the broker's last log lines, if any."""

    def __init__(self, user_message: str, *, detail: str = "") -> None:
        super().__init__(f"{user_message}\n{detail}" if detail else user_message)
        self.user_message = user_message
        self.detail = detail


class BrokerNotInstalled(BrokerUnavailable):
    """Something this machine lacks (a package, a platform, Java, Maven): tests skip on it."""


class Broker(Protocol):
    """A broker on loopback that one process starts and stops.

    All methods block (call them off the event loop) and are for one thread at a time."""

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:PORT`; the same before, during and after a run."""
        ...

    def start(self) -> None:
        """Return once clients can connect. Raises BrokerUnavailable and leaves nothing behind."""
        ...

    def stop(self) -> None:
        """End the process and remove its data. Safe to call twice, and after a failed start."""
        ...

    def is_running(self) -> bool:
        """False before the start, after a stop, and when the process died by itself."""
        ...

    def last_lines(self, count: int = 20) -> list[str]:
        """The end of the broker's log, oldest first; empty when there is no data folder."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
