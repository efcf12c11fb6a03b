"""What a check may say: nothing (it holds), `Nonconformity` or `NotRun`; and what comes of it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Nonconformity(Exception):
    """A check does not hold. `seen`: what was observed, without personal data; `do`: what to change."""

    def __init__(self, seen: str, do: str) -> None:
        super().__init__(f"{seen} {do}")
        self.seen = seen
        self.do = do


class NotRun(Exception):
    """A check could not run; the reason names what is missing."""


class Outcome(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Result(NamedTuple):
    """One line of the report. `seen`: what was observed, or why it could not run; `do`: what to change."""

    number: str
    demands: str
    outcome: Outcome
    seen: str
    do: str
    seconds: float

    def strictly(self) -> Result:
        """The same, where a check that could not run counts as one that does not hold."""
        if self.outcome is not Outcome.SKIPPED:
            return self
        return self._replace(outcome=Outcome.FAILED, seen=f"It could not run: {self.seen}.", do="Add what is missing.")
