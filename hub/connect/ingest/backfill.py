"""How far a backfill of a source is: a value, kept in the control file. See `backfilling`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from hub.connect.api import Cursor

_TOLD_EVERY: Final = 1000
"""Records between two messages on how far it is: each is a heartbeat in the log."""


class Phase(StrEnum):
    """What is published in this pass over the source."""

    COMPOSITIONS = "compositions"
    RECORDS = "records"


class Backfill(NamedTuple):
    """One backfill and how far it is. `start`: where each pass begins; `cursor`: where this one is. `read`: in this
    pass; `published`: in both. `everything`: also what was published before. `number` tells one from the next."""

    by: str
    at: str
    number: int
    start: Cursor | None = None
    everything: bool = False
    phase: Phase = Phase.COMPOSITIONS
    cursor: Cursor | None = None
    read: int = 0
    published: int = 0
    recent: str = ""
    held: str | None = None
    done_at: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether it goes on by itself."""
        return self.held is None and self.done_at is None

    def in_words(self, name: str = "Backfill") -> str:
        """How far it is, as a status says it."""
        if self.done_at is not None:
            return f"Backfill by {self.by}: done, {self.published} published"
        if self.held is not None:
            return f"Backfill by {self.by} is held: {self.held}"
        return f"{name} by {self.by}: {self.phase.value}, {self.read - self.read % _TOLD_EVERY} records read"

    def to_state(self) -> dict[str, Any]:
        """As JSON."""
        places = {
            name: place and place.model_dump() for name, place in (("start", self.start), ("cursor", self.cursor))
        }
        return {**self._asdict(), **places}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Inverse of `to_state`."""
        places = {name: state[name] and Cursor.model_validate(state[name]) for name in ("start", "cursor")}
        return cls(**{**state, **places, "phase": Phase(state["phase"])})
