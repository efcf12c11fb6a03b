"""What a simulator of a source offers to the demo and the tests. Found by entry point, group
`regiehub.simulators`.

A simulator is a real system of its kind on a real transport (a web server, a database); only its content is
made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

Change = Mapping[str, object]
"""One change in the source's own format, as the connector's README documents it."""


@dataclass(frozen=True)
class Faults:
    """How badly a simulated source behaves. Rates are chances from 0 to 1; `seed` makes a run repeatable."""

    seed: int = 0
    too_many_rate: float = 0.0
    """A request is answered with 429 (web sources only)."""
    retry_after_seconds: int = 1
    server_error_rate: float = 0.0
    """A request is answered with 503 (web sources only)."""
    token_seconds: float = 300.0
    """Life of an access token (web sources only)."""
    delay_seconds: float = 0.0
    """Every answer takes this long (web sources only)."""
    late_rate: float = 0.0
    """A change gets its position at once but becomes visible up to `late_seconds` later."""
    late_seconds: float = 1.0
    gap_rate: float = 0.0
    """A position is skipped before a change."""


class Late(Protocol):
    """Changes that hold their positions already and that nobody can see yet: a transaction that stays
    open."""

    def release(self) -> None:
        """Commit: all of them become visible at one moment. A second call does nothing."""


class Simulator(Protocol):
    """One simulated source. All methods may be called from any thread of the process that made it.

    Made with (folder, port=0, faults=None); what it holds is kept in the folder, so that a restart goes on
    with it.
    """

    @property
    def url(self) -> str:
        """Where it answers, after `start`."""

    def start(self) -> None:
        """Begin to answer; returns when it does."""

    def stop(self) -> None:
        """Stop answering. Its content stays; `start` goes on with it."""

    def settings(self) -> dict[str, str]:
        """What the connector's `Config` needs beside `instance`."""

    def close(self) -> None:
        """Stop, and let go of the folder. Nothing is called after it."""

    def set_faults(self, faults: Faults) -> None:
        """Behave differently from now on; the seed counts from the next start."""

    def apply(self, change: Change | str) -> int:
        """Record one change and give its position.

        Text is a raw line, which may break the format or be no JSON.
        """

    def apply_many(self, changes: Iterable[Change | str]) -> list[int]:
        """Record many changes in one go."""

    def apply_late(self, changes: Iterable[Change | str]) -> Late:
        """Give changes their positions now; they become visible together, when released."""

    def release_all(self) -> None:
        """Commit everything that is still open."""

    def repeat(self, position: int | None = None) -> int:
        """Deliver an old change once more, at a new position; None: any readable one."""

    def final_records(self) -> list[dict[str, object]]:
        """The newest readable version of each record, deleted ones included: what the reference is given."""

    def all_changes(self) -> list[tuple[int, str]]:
        """Every visible change in the order of the feed: its position and its line, unreadable ones
        included."""

    def load(self, path: Path) -> int:
        """Record a file of one change a line; gives the number of changes."""


@runtime_checkable
class Troubled(Protocol):
    """A simulator that can say with which settings its source is not there, or refuses us. Optional.

    Of one that can't, the conformance kit stops the source, or gives other values for the settings that are secret.
    """

    def unreachable(self) -> dict[str, str]:
        """Settings with which nothing answers."""

    def refused(self) -> dict[str, str]:
        """Settings with which the source answers, and does not let us in."""
