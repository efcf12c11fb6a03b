"""How long a source's ingest waits after what failed, and whether the source is left alone: back-off and circuit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hub.connect.ingest.events import SourceState
from hub.connect.ingest.policy import Backoff, Breaker
from hub.errors import LogUnavailable, SourceUnavailable
from hub.ops import metrics
from hub.ops.logging import get_logger

_log: Final = get_logger()


class Patience:
    """Of one source. Counts, and says in the log and the metrics what follows; waits for nothing itself."""

    def __init__(self, source: str, backoff: Backoff, breaker: Breaker, chance: Callable[[], float]) -> None:
        self._source = source
        self._backoff = backoff
        self._breaker = breaker
        self._chance = chance

    @property
    def is_circuit_open(self) -> bool:
        """Whether the source is left alone but for one try in a while."""
        return self._breaker.is_open

    @property
    def state(self) -> SourceState:
        """How a source is that failed just now."""
        return SourceState.CIRCUIT_OPEN if self._breaker.is_open else SourceState.DEGRADED

    def failed(self, error: SourceUnavailable | LogUnavailable) -> float:
        """Something failed once more; gives the seconds to wait. A log that is away says nothing of the source."""
        self._backoff = self._backoff.failed()
        if isinstance(error, SourceUnavailable):
            self._source_failed()
            reason, seconds = "source_unavailable", self._backoff.seconds(self._chance(), error.retry_after_seconds)
        else:
            reason, seconds = "log_unavailable", self._backoff.seconds(self._chance())
        metrics.SOURCE_FAILURES.labels(self._source, reason).inc()
        _log.warning(reason, source=self._source, detail=error.detail, wait_seconds=round(seconds, 3))
        return seconds

    def succeeded(self) -> None:
        """The source answered, and what it gave is in the log."""
        if self._breaker.is_open:
            _log.info("circuit_closed", source=self._source, failures=self._breaker.failures)
        self._backoff, self._breaker = self._backoff.succeeded(), self._breaker.succeeded()
        self._show()

    def _source_failed(self) -> None:
        was_open, self._breaker = self._breaker.is_open, self._breaker.failed()
        if self._breaker.is_open and not was_open:
            _log.error("circuit_opened", source=self._source, failures=self._breaker.failures)
        self._show()

    def _show(self) -> None:
        metrics.SOURCE_CIRCUIT_OPEN.labels(self._source).set(self._breaker.is_open)
