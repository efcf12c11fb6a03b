"""Is everything through? Asked from outside the processes, of the broker, the sources and the read model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import httpx
from kafka import TopicPartition
from kafka.admin import OffsetSpec
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from hub.demo.brokers.ports import HOST
from hub.demo.errors import DemoError
from hub.demo.stack import Stack
from hub.desk import database, readmodel
from hub.events.topics import COMPOSITIONS, DEAD_LETTERS, RECORDS, VIEWS, topics
from hub.ops.flow import STREAM_INPUTS
from hub.ops.kafka_clients import open_admin

_DESK_INPUTS: Final = (VIEWS, DEAD_LETTERS)
_PAUSE_SECONDS: Final = 0.2
_STALL_SECONDS: Final = 120.0


class Lag(NamedTuple):
    """Records not yet read, per group."""

    sources: int
    stream: int
    desk: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)


class Gauge:
    """Measures lag. Blocking; close it at the end."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._admin = open_admin(stack.broker.bootstrap)
        self._engine: Engine = database.open_engine(f"sqlite:///{stack.data_folder / 'desk' / 'desk.sqlite'}")
        self._http = httpx.Client(trust_env=False, timeout=5.0)

    def close(self) -> None:
        """Let go of the connections."""
        self._admin.close()
        self._engine.dispose()
        self._http.close()

    def lag(self) -> Lag:
        """Lag of all groups, in the order of the flow, so that nothing slips from one to the next unseen."""
        return Lag(self.source_lag(), self.behind_stream(self.stream_ends()), self.behind_desk(self.desk_ends()))

    def end_offsets(self, names: Iterable[str]) -> dict[TopicPartition, int]:
        """Next offset of every partition."""
        places = [TopicPartition(name, number) for name in names for number in range(topics()[name].partitions)]
        found = self._admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        return {place: found[place].offset for place in places}

    def source_lag(self) -> int:
        """Changes visible in the sources that their connectors have not dealt with since they started."""
        simulators = self._stack.simulators.items()
        return sum(max(0, len(simulator.all_changes()) - self._read(name)) for name, simulator in simulators)

    def _read(self, source: str) -> int:
        port = self._stack.metrics_ports[f"connector {source}"]
        text = self._http.get(f"http://{HOST}:{port}/metrics").text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "regiehub_records_read_total" and sample.labels["source"] == source:
                    return int(sample.value)
        return 0

    def stream_ends(self) -> dict[TopicPartition, int]:
        """Where the stream's inputs end now."""
        return self.end_offsets(STREAM_INPUTS)

    def behind_stream(self, ends: Mapping[TopicPartition, int]) -> int:
        """Records before these ends that the stream has not committed."""
        committed = self._admin.list_group_offsets("regiehub-stream")["regiehub-stream"]
        done = {place: committed[place].offset if place in committed else 0 for place in ends}
        return sum(max(0, end - max(0, done[place])) for place, end in ends.items())

    def desk_ends(self) -> dict[TopicPartition, int]:
        """Where the desk's inputs end now."""
        return self.end_offsets(_DESK_INPUTS)

    def behind_desk(self, ends: Mapping[TopicPartition, int]) -> int:
        """Records before these ends that are not in the read model."""
        with self._engine.connect() as connection:
            offsets = readmodel.next_offsets(connection)
        return sum(
            max(0, end - offsets.get((place.topic, place.partition), (None, 0))[1]) for place, end in ends.items()
        )

    def await_zero(self, progress: Callable[[Lag], None] = lambda _: None) -> None:
        """Wait until nothing lags, seen twice. Raises DemoError when nothing moves for two minutes."""
        last, moved_at, zeros = Lag(-1, -1, -1), time.monotonic(), 0
        while zeros < 2:
            self._stack.check()
            lag = self.lag()
            progress(lag)
            zeros = zeros + 1 if lag.total == 0 else 0
            if lag != last:
                last, moved_at = lag, time.monotonic()
            elif lag.total and time.monotonic() - moved_at > _STALL_SECONDS:
                raise DemoError(f"nothing moves any more: {lag}")
            time.sleep(_PAUSE_SECONDS)


def published_events(gauge: Gauge) -> int:
    """Shared events in the registration topics."""
    ends: Mapping[TopicPartition, int] = gauge.end_offsets([COMPOSITIONS, RECORDS])
    return sum(ends.values())
