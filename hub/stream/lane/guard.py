"""The tail guard's judgement (protocol.md R9): what to write over the records of other owners. No IO."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hub.stream.lane.options import Superseded
from hub.stream.lane.store import TailKey
from hub.stream.lane.tail import Chunk
from hub.stream.stage import Output, Stage, State


def late_changelog(stage: Stage, state: State, chunk: Chunk) -> dict[bytes, bytes]:
    """Keys of the changelog to write again: a former owner wrote something older over them.

    Raises Superseded for something newer: its list is whole in the changelog, so the partition is taken over again."""
    late: dict[bytes, bytes] = {}
    for _, key, seen in chunk.foreign:
        mine = state.get(key)
        merged = stage.merge(key, mine, seen)
        if merged != mine:
            raise Superseded("a former owner was further than its changelog said")
        if merged != seen:
            late[key] = merged
    return late


class OutputGuard:
    """Looks after the other compacted outputs, from one takeover to the next. From their start: an own earlier record
    may be behind a state that a former owner's late changelog has moved on.

    Of what was there at the takeover, only the last record of a key counts, and none that was written over since."""

    def __init__(self, stage: Stage) -> None:
        self._stage: Final = stage
        self._ends: dict[TailKey, int] = {}
        self._suspects: dict[TailKey, dict[bytes, bytes]] = {}
        self._written: set[tuple[str, bytes]] = set()

    def begin(self, tail: TailKey, end: int) -> None:
        """A tail that ended here at the takeover. Called for each before anything is written."""
        self._suspects[tail] = {}
        if end > 0:
            self._ends[tail] = end

    def wrote(self, outputs: Iterable[Output]) -> None:
        """Note what the owner published, while what was there before is still being looked at."""
        if self._ends:
            self._written.update((output.topic, output.key) for output in outputs)

    def late(self, state: State, chunk: Chunk) -> dict[bytes, bytes]:
        """Keys to write again, with their values; nothing before the tail's end at the takeover has been reached."""
        topic = chunk.tail.topic
        end = self._ends.get(chunk.tail, 0)
        suspects = self._suspects[chunk.tail]
        for offset, key, seen in chunk.foreign:
            is_past = offset < end and (topic, key) in self._written
            if is_past or self._stage.repair(state, topic, key, seen) is None:
                suspects.pop(key, None)
            else:
                suspects[key] = seen
        return self._settle(state, chunk.tail) if chunk.next_offset >= end else {}

    def _settle(self, state: State, tail: TailKey) -> dict[bytes, bytes]:
        suspects, self._suspects[tail] = self._suspects[tail], {}
        self._ends.pop(tail, None)
        if not self._ends:
            self._written.clear()
        asked = ((key, self._stage.repair(state, tail.topic, key, seen)) for key, seen in suspects.items())
        return {key: value for key, value in asked if value is not None}
