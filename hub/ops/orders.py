"""What operations ask of the ingest of sources, as the console needs it. Commands ask the same way: by a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol


class Backfill(NamedTuple):
    """How far the last backfill is. `phase`: compositions, then records; `read`: in this phase; `held`: why it does not
    go on, "" if it does; `done_at`: ISO time, "" if it is not done."""

    by: str
    phase: str
    read: int
    published: int
    held: str
    done_at: str


class Waiting(NamedTuple):
    """What is asked of one source and not done. `paused_by` "": not paused; `compares`: somebody asked for that;
    `failed_at`, ISO time, and `failed`: why the last comparison gave no result, "" if it did. `backfill` None: none was
    asked for, or it was stopped."""

    paused_by: str = ""
    paused_why: str = ""
    repairs: int = 0
    replays: int = 0
    compares: bool = False
    resets: bool = False
    failed_at: str = ""
    failed: str = ""
    backfill: Backfill | None = None


class Reset(NamedTuple):
    """What a reset would do. Cursors as text, "": the beginning."""

    cursor_now: str
    epoch_now: int
    epoch_then: int


class Kept(NamedTuple):
    """A dead letter, as it is kept."""

    source: str
    position: str
    attempt: int
    source_epoch: int
    sealed: bytes


class Orders(Protocol):
    """Asks the ingest of sources. Blocking. A source is named by its instance; of one that `reaches` denies nothing
    else may be asked."""

    def reaches(self, source: str) -> bool:
        """Whether its ingest keeps its files where this process can write them."""

    def waiting(self, source: str) -> Waiting:
        """What is asked and not done."""

    def pause(self, source: str, by: str, why: str) -> None:
        """Leave the source alone until somebody resumes."""

    def resume(self, source: str) -> None:
        """Read it again, after a pause or a hold."""

    def plan_reset(self, source: str, epoch: int, *, new_epoch: bool) -> Reset:
        """What `reset` would do. `epoch`: that of its last heartbeat."""

    def reset(self, source: str, epoch: int, by: str, *, new_epoch: bool) -> None:
        """Read it again from the beginning; what does not differ is not published again."""

    def compare(self, source: str, by: str, *, repair: bool) -> None:
        """Compare it with what is published and shown; `repair`: and read what differs again."""

    def backfill(self, source: str, by: str) -> None:
        """Read all of it once more beside its live changes, and publish what differs."""

    def stop_backfill(self, source: str) -> None:
        """Ask for none any more; what was published stays."""

    def replay(self, letters: Iterable[Kept], by: str) -> int:
        """Translate these again; gives of how many that was asked: those of sources that are reached."""

    def stop_replay(self, source: str) -> int:
        """Drop the replays that are not done; gives how many they were."""

    def discard(self, letters: Iterable[Kept], by: str, why: str) -> None:
        """Say that these need not be read. Goes to the log. Raises LogUnavailable, LogRefused."""
