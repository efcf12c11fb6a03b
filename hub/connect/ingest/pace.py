"""Not more than so many a second. Pure but for the clock that is passed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


class Pace:
    """Spreads work evenly: called before or after each portion, it waits until the rate is kept."""

    def __init__(self, per_second: float, now: Callable[[], float], wait: Callable[[float], object]) -> None:
        self._budget = Budget(per_second, now())
        self._now = now
        self._wait = wait

    def __call__(self, count: int) -> None:
        """So many more were done."""
        self._budget = self._budget.spent(count, self._now())
        pause = self._budget.wait_seconds(self._now())
        if pause > 0:
            self._wait(pause)


@dataclass(frozen=True)
class Budget:
    """What was done, against a rate: how long to wait before more is. `per_second` None: not at all."""

    per_second: float | None = None
    free_at: float = 0.0

    def spent(self, count: int, now: float) -> Budget:
        """After so many more, done by `now` (seconds of one clock). Time in which nothing was done is not saved up."""
        if self.per_second is None:
            return self
        return replace(self, free_at=max(self.free_at, now) + count / self.per_second)

    def wait_seconds(self, now: float) -> float:
        """How long to wait from now."""
        return max(0.0, self.free_at - now)
