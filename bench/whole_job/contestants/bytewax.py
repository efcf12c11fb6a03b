"""Bytewax as its documentation shows it: one dataflow, Kafka at both ends, a stateful step per stage. The stages hand
each other what they have in memory, so it has no hops. No recovery store: a crash loses all state.

`python -m bytewax.run <this module>`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic

from bench.whole_job.contestants import told
from bench.whole_job.plain import Assemble, Resolve, Route
from hub.events.topics import COMPOSITIONS, RECORDS, VIEWS

_TOLD: Final = told()
_RECORD: Final = "record"
_ASSIGNMENT: Final = "assignment"
_COMPOSITION: Final = "composition"
_ENTRIES: Final = "entries"

Said = tuple[str, Any]
"""What one stage says to another: what it is, and its content."""


class ResolveLogic(StatefulBatchLogic[Any, tuple[str, Said], None]):  # type: ignore[misc]  # not installed for checks: Any
    """All compositions of a municipality."""

    def __init__(self, _: None) -> None:
        self._state = Resolve()

    def on_batch(self, values: list[Any]) -> tuple[Iterable[tuple[str, Said]], bool]:
        """See bytewax."""
        for message in values:
            self._state.take(message.offset, message.value)
        said: list[tuple[str, Said]] = [
            (ref.key.decode(), (_ASSIGNMENT, found)) for ref, found in self._state.assignments().items()
        ]
        said += [(home, (_COMPOSITION, found)) for home, found in self._state.compositions().items()]
        return said, StatefulBatchLogic.RETAIN

    def snapshot(self) -> None:
        """Nothing: bytewax asks for it every epoch, and without a recovery store throws it away."""


class RouteLogic(StatefulBatchLogic[Said, tuple[str, Said], None]):  # type: ignore[misc]  # not installed for checks: Any
    """One dossier."""

    def __init__(self, _: None) -> None:
        self._state = Route()

    def on_batch(self, values: list[Said]) -> tuple[Iterable[tuple[str, Said]], bool]:
        """See bytewax."""
        for kind, content in values:
            if kind == _RECORD:
                self._state.register(content.key, content.value)
            else:
                self._state.assign(*content)
        return [(home, (_ENTRIES, found)) for home, found in self._state.puts().items()], StatefulBatchLogic.RETAIN

    def snapshot(self) -> None:
        """Nothing: bytewax asks for it every epoch, and without a recovery store throws it away."""


class AssembleLogic(StatefulBatchLogic[Said, tuple[str, bytes], None]):  # type: ignore[misc]  # not installed for checks: Any
    """One household."""

    def __init__(self, _: None) -> None:
        self._state = Assemble()

    def on_batch(self, values: list[Said]) -> tuple[list[tuple[str, bytes]], bool]:
        """See bytewax."""
        for kind, content in values:
            if kind == _COMPOSITION:
                self._state.compose(*content)
            else:
                self._state.put(*content)
        return list(self._state.views().items()), StatefulBatchLogic.RETAIN

    def snapshot(self) -> None:
        """Nothing: bytewax asks for it every epoch, and without a recovery store throws it away."""


def dataflow() -> Dataflow:
    """The whole job."""
    flow = Dataflow("whole_job")
    compositions = op.input("compositions", flow, _source(COMPOSITIONS))
    records = op.input("records", flow, _source(RECORDS))
    by_municipality = op.key_on("by municipality", compositions, lambda message: message.key.decode())
    resolved = _rekeyed("resolved", op.stateful_batch("resolve", by_municipality, ResolveLogic))
    found = op.branch("dossier or household", resolved, lambda item: item[1][0] == _ASSIGNMENT)
    assignments = op.map("assignment", found.trues, _assignment)
    registers = op.map("register", records, lambda message: (message.key.decode(), (_RECORD, message)))
    routed = _rekeyed("routed", op.stateful_batch("route", op.merge("route in", registers, assignments), RouteLogic))
    entries = op.map("put", routed, lambda item: (item[0], (_ENTRIES, (item[0], item[1][1]))))
    homes = op.map("home", found.falses, lambda item: (item[0], (_COMPOSITION, (item[0], item[1][1]))))
    viewed = op.stateful_batch("assemble", op.merge("assemble in", homes, entries), AssembleLogic)
    sink = KafkaSink([_TOLD.broker], VIEWS, {"partitioner": "murmur2", "message.max.bytes": str(8 << 20)})
    op.output("views", op.map("message", viewed, lambda item: KafkaSinkMessage(*_encoded(item[1]))), sink)
    return flow


def _source(topic: str) -> KafkaSource:
    return KafkaSource([_TOLD.broker], [topic], batch_size=_TOLD.list_records)


def _rekeyed(name: str, stream: Any) -> Any:
    """What a stage says, under the key that it says it to."""
    return op.map(name, stream, lambda item: item[1])


def _assignment(item: tuple[str, Said]) -> tuple[str, Said]:
    dossier, (kind, found) = item
    return dossier, (kind, (dossier.encode(), found))


def _encoded(view: tuple[str, bytes]) -> tuple[bytes, bytes]:
    return view[0].encode(), view[1]


flow: Final = dataflow()
