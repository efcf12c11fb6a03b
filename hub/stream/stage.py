"""What a stage is to the lane: a pure function of (state of one partition, a list of records), and a join of two
states.

The lane (`hub.stream.lane`) knows no household; the stages (`resolve`, `route`, `assemble`) know no Kafka. The
adversary test drives the same stages through its own, hostile lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Record(NamedTuple):
    """One consumed message. Offsets rise within a list; compaction leaves gaps. `timestamp_ms`: the broker's, since
    1970."""

    offset: int
    key: bytes
    value: bytes
    timestamp_ms: int = 0


class Output(NamedTuple):
    """One message to publish; its partition is `partition_for(key, partitions of the topic)`."""

    topic: str
    key: bytes
    value: bytes


class State(Protocol):
    """The state of one stage for one partition while a list is handled: an overlay over what is durable.

    Nothing that was put is durable before the lane has all acks; an aborted list leaves no trace.
    """

    def get(self, key: bytes) -> bytes | None:
        """Value of a key, with what this list has put already."""

    def put(self, key: bytes, value: bytes) -> None:
        """Set a key. Values are never empty and never removed: a key that ceased keeps a value that says so (R10)."""


class Stage(Protocol):
    """One stage. Stateless itself: everything it remembers is in `State`, so one instance serves every partition."""

    @property
    def name(self) -> str:
        """Short name: in metrics, log lines and folder names."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Topics consumed, all with the changelog's partition count. Their relative order is arbitrary."""

    @property
    def changelog(self) -> str:
        """Compacted topic to which the list's puts are written. May be an output of the stage (then `handle` returns
        none for it)."""

    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        """Apply a list of records of one input partition; return what must be published before the puts become durable.

        Pure but for `state`: the same state and list give the same puts and outputs. Never raises for what another
        stage can have written; an exception is a defect and stops the process, with the list unapplied.
        """

    def merge(self, key: bytes, mine: bytes | None, seen: bytes) -> bytes:
        """The join of two values of one changelog key: commutative, associative, idempotent (every state is a maximum).

        Used when the changelog is read at a takeover: the last record of a key is not always the newest, a paused
        former owner may have written after it. A key is *contested* if the join differed from the record just read at
        any point: then the owner publishes `implied(key, join)`, awaits the acks, and writes the join again, so that
        compaction keeps it. While running, a former owner's changelog record that is newer than ours (join != mine)
        makes the owner close the partition and take it over again; an older one is overwritten with ours.
        """

    def implied(self, key: bytes, value: bytes) -> list[Output]:
        """All outputs that follow from this value of a changelog key alone. The join of two histories contains facts
        of which neither owner may have published the consequence."""

    def repair(self, state: State, topic: str, key: bytes, seen: bytes) -> bytes | None:
        """Tail guard (protocol.md R9) for the compacted outputs other than the changelog: what to write over a record
        that another owner wrote; None if the record may stay.

        Only a record *older* than the state calls for one: a newer one comes from input that is going to be replayed
        here. The owner asks at a takeover for the last record of every key, from the start of the topic; then for
        every foreign record. From the start, because an own earlier record may be older than a state that a former
        owner's late changelog has moved on.
        """

    @property
    def guarded(self) -> tuple[str, ...]:
        """Compacted outputs other than the changelog, each of whose partitions the tail guard reads."""
