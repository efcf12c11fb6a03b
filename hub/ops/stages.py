"""Counts what the stream worker's stages do. Shaped as the lane's `LaneObserver`, and imports nothing of it."""

from __future__ import annotations

from hub.ops import metrics


class StageMetrics:
    """The lane's observer: counts in the process's registry, and remembers whether the worker is ready."""

    def __init__(self) -> None:
        self._is_ready = False

    def is_ready(self) -> bool:
        """Whether every assigned partition has its state; for /readyz."""
        return self._is_ready

    def applied(self, stage: str, records: int) -> None:
        """Records whose effects are durable."""
        metrics.STAGE_RECORDS_APPLIED.labels(stage).inc(records)

    def published(self, stage: str, outputs: int) -> None:
        """Outputs acknowledged."""
        metrics.STAGE_OUTPUTS_PUBLISHED.labels(stage).inc(outputs)

    def recovered(self, stage: str, seconds: float, records: int) -> None:
        """One partition was taken over; `records` of its changelog were read."""
        metrics.RECOVERY_SECONDS.labels(stage).observe(seconds)
        metrics.RECOVERY_RECORDS.labels(stage).inc(records)

    def repaired(self, stage: str, records: int) -> None:
        """Late records of a former owner were written over."""
        metrics.STAGE_RECORDS_REPAIRED.labels(stage).inc(records)

    def ready(self, value: bool) -> None:
        """Every assigned partition has its state, or not any more."""
        self._is_ready = value
