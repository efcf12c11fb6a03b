"""Are we still the owner? Membership as the group coordinator last confirmed it.

Not proof against a pause between the question and the send: that is what the tail guard is for (protocol.md R9).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from hub.stream.lane.options import Fenced


class Membership(Protocol):
    """What the consumer thread knows; read from any thread."""

    @property
    def generation(self) -> int:
        """Generation of the group in which we are a member; changes as soon as we learn of another."""

    @property
    def confirmed_at(self) -> float:
        """`time.monotonic()` just before the last heartbeat that was answered well was sent (or the join ended)."""


@dataclass(frozen=True)
class Fence:
    """Guards what was assigned in one generation."""

    membership: Membership
    generation: int
    session_timeout_seconds: float

    def check(self) -> None:
        """Raises Fenced when the generation changed, or the coordinator may have given our partitions away."""
        if self.membership.generation != self.generation:
            raise Fenced(f"generation {self.generation} is over")
        silence = time.monotonic() - self.membership.confirmed_at
        if silence >= self.session_timeout_seconds:
            raise Fenced(f"no heartbeat was answered for {silence:.1f} s")
