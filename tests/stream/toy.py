"""Two stages without households, in the shape of the real ones, whose right end is known exactly.

Every record says "number n of key k was here". `Collect` keeps the set of numbers per key and publishes it to a
compacted topic (as resolve does); `Fold` makes a view of that, changelog and output in one (as assemble does). A set
only grows: the join is the union, and one lost record shows for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hub.events.topics import TopicSpec
from hub.stream.stage import Output, Record, State

IN: Final = "toy.in.v1"
STATE: Final = "toy.state.v1"
SETS: Final = "toy.sets.v1"
VIEWS: Final = "toy.views.v1"
PARTITIONS: Final = 4
MANY_PARTITIONS: Final = 64
"""For a test to which a restart must take its time."""


class Collect:
    """Numbers per key."""

    name: Final = "collect"
    inputs: Final = (IN,)
    changelog: Final = STATE
    guarded: Final = (SETS,)

    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        """See `Stage.handle`."""
        changed = {}
        for record in records:
            before = state.get(record.key)
            after = join(before, pack({int(record.value)}))
            if after != before:
                state.put(record.key, after)
                changed[record.key] = after
        return [Output(SETS, key, value) for key, value in changed.items()]

    def merge(self, key: bytes, mine: bytes | None, seen: bytes) -> bytes:
        """See `Stage.merge`."""
        return join(mine, seen)

    def implied(self, key: bytes, value: bytes) -> list[Output]:
        """See `Stage.implied`."""
        return [Output(SETS, key, value)]

    def repair(self, state: State, topic: str, key: bytes, seen: bytes) -> bytes | None:
        """See `Stage.repair`."""
        mine = state.get(key)
        return mine if mine is not None and mine != seen and join(mine, seen) == mine else None


class Fold:
    """The sets, as views."""

    name: Final = "fold"
    inputs: Final = (SETS,)
    changelog: Final = VIEWS
    guarded: Final[tuple[str, ...]] = ()

    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        """See `Stage.handle`."""
        for record in records:
            before = state.get(record.key)
            after = join(before, record.value)
            if after != before:
                state.put(record.key, after)
        return []

    def merge(self, key: bytes, mine: bytes | None, seen: bytes) -> bytes:
        """See `Stage.merge`."""
        return join(mine, seen)

    def implied(self, key: bytes, value: bytes) -> list[Output]:
        """See `Stage.implied`."""
        return []

    def repair(self, state: State, topic: str, key: bytes, seen: bytes) -> bytes | None:
        """See `Stage.repair`."""
        return None


def pack(numbers: Iterable[int]) -> bytes:
    """A set of small numbers, as bits after a leading one (values are never empty)."""
    bits = sum(1 << number for number in set(numbers))
    return b"\x01" + bits.to_bytes((bits.bit_length() + 7) // 8, "big")


def unpack(value: bytes) -> set[int]:
    """Inverse of `pack`."""
    bits = int.from_bytes(value[1:], "big")
    return {number for number in range(bits.bit_length()) if bits >> number & 1}


def join(mine: bytes | None, seen: bytes) -> bytes:
    """The union."""
    if mine is None:
        return seen
    bits = int.from_bytes(mine[1:], "big") | int.from_bytes(seen[1:], "big")
    return b"\x01" + bits.to_bytes((bits.bit_length() + 7) // 8, "big")


def specs(names: Iterable[str] = (IN, STATE, SETS, VIEWS), partitions: int = PARTITIONS) -> list[TopicSpec]:
    """The topics of the toy."""
    return [_spec(topic, "delete" if topic == IN else "compact", partitions) for topic in names]


def _spec(topic: str, cleanup: str, partitions: int) -> TopicSpec:
    spec: Mapping[str, object] = {
        "topic": topic,
        "key": "key",
        "partitions": partitions,
        "cleanup": cleanup,
        "retention": "for ever",
        "max_message_bytes": 8 << 20,
        "subjects": ("toy",),
        "owner": "tests",
        "producers": ("tests",),
        "consumers": ("tests",),
        "personal": "none",
        "why": "a test",
    }
    return TopicSpec.model_validate(spec)
