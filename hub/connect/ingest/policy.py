"""When to wait and when to give up. Pure: time and chance are passed in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.errors import DeadLetterLimitExceeded


@dataclass(frozen=True)
class Backoff:
    """Waiting after failures in a row: doubles up to a maximum, spread so that connectors do not come back together."""

    first_seconds: float = 0.5
    longest_seconds: float = 60.0
    attempt: int = 0

    def failed(self) -> Backoff:
        """One more failure."""
        return replace(self, attempt=self.attempt + 1)

    def succeeded(self) -> Backoff:
        """Start anew."""
        return replace(self, attempt=0)

    def seconds(self, chance: float, asked_seconds: float | None = None) -> float:
        """How long to wait now. `chance` is in [0, 1). Never shorter than the source asked for (Retry-After)."""
        longest = min(self.first_seconds * 2.0 ** min(self.attempt - 1, 30), self.longest_seconds)
        return max(longest * (0.5 + chance / 2), asked_seconds or 0.0)


@dataclass(frozen=True)
class Breaker:
    """The circuit to a source. After so many failures in a row it opens: the source is left alone but for one try in a
    while, nothing else is begun with it, and its status says so. The first round in which it answers all that it is
    asked closes it."""

    opens_after: int = 8
    """By then it was tried for a minute or two, and waiting is at its longest. Fewer, and every restart of a source
    opens it; more, and nobody is told."""
    failures: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the source is left alone."""
        return self.failures >= self.opens_after

    def failed(self) -> Breaker:
        """One more failure."""
        return replace(self, failures=self.failures + 1)

    def succeeded(self) -> Breaker:
        """Start anew."""
        return replace(self, failures=0)


@dataclass(frozen=True)
class RejectLimit:
    """Stops a bad release of a connector from draining its source into the dead letters."""

    percent: int = 20
    at_least_records: int = 200
    """Fewer say nothing: the first ten records may well hold three bad ones."""
    window_records: int = 1000

    def add(self, recent: str, rejected: list[bool]) -> str:
        """The window after some more records. Raises DeadLetterLimitExceeded if too many of them were rejected.

        `recent` is saved with the cursor, so that a supervisor's restarts do not each let another 200 through.
        """
        window = (recent + "".join("01"[bad] for bad in rejected))[-self.window_records :]
        bad = window.count("1")
        if len(window) >= self.at_least_records and bad * 100 > self.percent * len(window) and any(rejected):
            raise DeadLetterLimitExceeded(detail=f"{bad} of the last {len(window)} records")
        return window
