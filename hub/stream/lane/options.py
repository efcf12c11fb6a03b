"""What the lane can be told, and whom it tells: options, the observer, and the errors of a lane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class LaneError(Exception):
    """Root of what goes wrong in the lane itself."""


class Fenced(LaneError):
    """The partition may belong to somebody else by now: nothing may be sent. The work is dropped, as in a crash."""


class SendFailed(LaneError):
    """A batch was not acknowledged in time. It may still arrive, so whoever sent it takes the partition over anew."""


class Superseded(LaneError):
    """A former owner's record is newer than our state: the partition is taken over again, changelog included."""


class TooLarge(LaneError):
    """What must be written at once is larger than its topic takes: no retry mends that, and nothing may be skipped.

    The process ends, and ends again after a restart, until the topic takes it or the source has corrected it."""


class Stalled(LaneError):
    """Input waits at the broker and nothing moves."""


class LaneObserver(Protocol):
    """Who counts. Called on the event loop, so each method only notes the number."""

    def applied(self, stage: str, records: int) -> None:
        """Records whose effects are durable."""

    def published(self, stage: str, outputs: int) -> None:
        """Outputs acknowledged, the changelog not counted unless it is the output."""

    def recovered(self, stage: str, seconds: float, records: int) -> None:
        """One partition was taken over: how long it took, and how many changelog records were read."""

    def repaired(self, stage: str, records: int) -> None:
        """Late records of a former owner that were written over (protocol.md R9)."""

    def ready(self, value: bool) -> None:
        """Whether every assigned partition has its state."""


class SilentObserver:
    """Counts nothing."""

    def applied(self, stage: str, records: int) -> None:
        """See `LaneObserver.applied`."""

    def published(self, stage: str, outputs: int) -> None:
        """See `LaneObserver.published`."""

    def recovered(self, stage: str, seconds: float, records: int) -> None:
        """See `LaneObserver.recovered`."""

    def repaired(self, stage: str, records: int) -> None:
        """See `LaneObserver.repaired`."""

    def ready(self, value: bool) -> None:
        """See `LaneObserver.ready`."""


@dataclass(frozen=True, kw_only=True)
class LaneOptions:
    """Settings of one lane; the defaults are for production, `bootstrap` and `data_folder` have none."""

    bootstrap: str
    data_folder: Path
    incarnation: int = 0
    topic_ids: Mapping[str, str] = field(default_factory=dict)
    """Broker's id per topic; local state of another topic with the same name is wiped (R10). Empty: not known."""

    shown_changelogs: frozenset[str] = frozenset()
    """Changelogs that others read as well: what is written to them counts as published."""
    plain_errors: tuple[type[Exception], ...] = ()
    """Errors of stages whose text holds no personal data: it is logged when they end the process."""

    session_timeout_seconds: float = 10.0
    """Below about 6 a busy machine loses its partitions; above it a dead worker's partitions wait longer."""
    commit_interval_seconds: float = 1.0
    """Bounds what is replayed after a crash; plays no part in what is right."""
    fetch_wait_seconds: float = 0.05
    """How long the broker holds an idle fetch. A partition that was full waits this long for its next fetch (one is
    in flight per broker), so Faust's 1.5 s would show; below 0.02 an idle worker starts to cost."""

    max_list_records: int = 1000
    max_list_bytes: int = 2 << 20
    max_list_seconds: float = 0.25
    """Of CPU. A handler holds the event loop; longer lists are cut (heartbeats have a thread of their own)."""
    linger_seconds: float = 0.5
    """At most so long a short list, or a fetch, waits for more, while the worker has whole lists to do."""
    max_queued_bytes: int = 8 << 20
    """Per input partition; beyond it the partition is not fetched."""
    max_batch_bytes: int = 900_000
    """The changelog batch of one list; a longer list is cut. Below the usual message.max.bytes of 1 MiB."""
    largest_batch_bytes: int = 8 << 20
    """The same when one record alone changes that much; the topic's max.message.bytes."""

    revoke_grace_seconds: float = 2.0
    """What a list in hand gets to finish before its partition goes; then it is dropped and replayed elsewhere."""
    stop_seconds: float = 15.0
    """What a worker gets to stop. Its group may wait `max(10, session timeout)` + the grace for a member that hangs, so
    with a session timeout above 13 it may be ended before it has left."""
    stall_seconds: float = 120.0
    cache_bytes: int = 64 << 20
    """RocksDB's block cache, shared by all partitions of the worker."""

    @property
    def request_timeout_seconds(self) -> float:
        """Below the session timeout: an unacknowledged send ends before somebody else owns the partition."""
        return self.session_timeout_seconds * 0.6
