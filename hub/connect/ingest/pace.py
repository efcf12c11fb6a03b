"""Not more than so many a second. Pure but for the clock that is passed in."""

from __future__ import annotations

from collections.abc import Callable


class Pace:
    """Spreads work evenly: called before or after each portion, it waits until the rate is kept."""

    def __init__(self, per_second: float, now: Callable[[], float], wait: Callable[[float], object]) -> None:
        self._per_second = per_second
        self._now = now
        self._wait = wait
        self._free_at = now()

    def __call__(self, count: int) -> None:
        """So many more were done."""
        self._free_at = max(self._free_at, self._now()) + count / self._per_second
        pause = self._free_at - self._now()
        if pause > 0:
            self._wait(pause)
