"""How far behind each hop is, measured from outside the processes: by what is in the log and what they have done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from hub.events.topics import (
    ASSIGNMENTS,
    COMPOSITIONS,
    DEAD_LETTERS,
    DEPUTIES,
    HOUSEHOLD_COMPOSITIONS,
    HOUSEHOLD_RECORDS,
    RECORDS,
    SOURCES,
    VIEWS,
)
from hub.ops.broker import Broker, Place

STAGES: Final = {
    "resolve": (COMPOSITIONS,),
    "route": (RECORDS, ASSIGNMENTS),
    "assemble": (HOUSEHOLD_COMPOSITIONS, HOUSEHOLD_RECORDS),
}
"""The stages of the stream worker in the order of the flow, each with what it reads."""
DESK: Final = "desk"
DESK_INPUTS: Final = (VIEWS, SOURCES, DEAD_LETTERS, DEPUTIES)
STREAM_INPUTS: Final = tuple(name for inputs in STAGES.values() for name in inputs)


class Hop(NamedTuple):
    """One topic on its way into one stage: where it ends, and how many of its messages were dealt with."""

    stage: str
    topic: str
    end: int
    done: int
    waiting_since: datetime | None = None
    """When the oldest of those that wait was written; None: nothing waits, or it is not known."""

    @property
    def lag(self) -> int:
        """Messages that wait."""
        return self.end - self.done


class Flow(NamedTuple):
    """All hops in their order, and the members of the stream's group."""

    hops: tuple[Hop, ...]
    workers: int

    @property
    def lag(self) -> int:
        """Everything that waits anywhere."""
        return sum(hop.lag for hop in self.hops)


def measure(broker: Broker, group: str, desk: Mapping[Place, int] | None) -> Flow:
    """Each hop now. `desk`: next offsets of the read model; None: unknown, and no hop. Raises LogUnavailable,
    LogRefused."""
    ends = broker.ends([*STREAM_INPUTS, *DESK_INPUTS])
    stream = broker.group(group)
    read_by = [(stage, name, stream.committed) for stage, inputs in STAGES.items() for name in inputs]
    if desk is not None:
        read_by += [(DESK, name, desk) for name in DESK_INPUTS]
    hops = [(_hop(stage, name, ends, done), _waiting(name, ends, done)) for stage, name, done in read_by]
    written = broker.first_written({place: offset for _, waiting in hops for place, offset in waiting.items()})
    return Flow(tuple(_since(hop, waiting, written) for hop, waiting in hops), stream.members)


def _waiting(topic: str, ends: Mapping[Place, int], done: Mapping[Place, int]) -> dict[Place, int]:
    """The first offset that waits, of each partition in which something does."""
    return {place: done.get(place, 0) for place, end in ends.items() if place[0] == topic and done.get(place, 0) < end}


def _since(hop: Hop, waiting: Mapping[Place, int], written: Mapping[Place, datetime]) -> Hop:
    return hop._replace(waiting_since=min((written[place] for place in waiting if place in written), default=None))


def _hop(stage: str, topic: str, ends: Mapping[Place, int], done: Mapping[Place, int]) -> Hop:
    """Done is counted up to the end that was seen before: a lag is never negative."""
    places = {place: end for place, end in ends.items() if place[0] == topic}
    return Hop(stage, topic, sum(places.values()), sum(min(end, done.get(place, 0)) for place, end in places.items()))
