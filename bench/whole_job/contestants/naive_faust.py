"""Faust as its user guide shows it: an agent per stage, a table for what it remembers, one message after the other.

The thinking is that of our stages, handed one record at a time. `python -m faust -A <this module> worker`.
"""

from __future__ import annotations

from typing import Any, Final

import faust

from bench.whole_job.contestants import told
from hub.events.topics import topics
from hub.stream.assemble import Assemble
from hub.stream.resolve import Resolve
from hub.stream.route import Route
from hub.stream.stage import Record, Stage

_RAW: Final[dict[str, Any]] = {
    "key_type": bytes,
    "value_type": bytes,
    "key_serializer": "raw",
    "value_serializer": "raw",
}
_TOLD: Final = told()

app: Final = faust.App(_TOLD.group, broker=f"kafka://{_TOLD.broker}", datadir=str(_TOLD.folder / "faust"))


def _topic(*names: str, **more: Any) -> Any:
    return app.topic(*names, partitions=topics()[names[0]].partitions, **_RAW, **more)


_OUT: Final = {name: _topic(name) for name in topics()}


class TableState:
    """A stage's state is a Faust table; to put is to send to its changelog."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def get(self, key: bytes) -> bytes | None:
        """See `State.get`."""
        value: bytes | None = self._table.get(key)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """See `State.put`."""
        self._table[key] = value


def _table(stage: Stage) -> Any:
    """Its changelog is a topic of the contract, the views themselves for the last stage: one message less to send."""
    changelog = _topic(stage.changelog, compacting=True, acks=False, internal=True, allow_empty=True)
    partitions = topics()[stage.changelog].partitions
    return app.Table(stage.name, key_type=bytes, value_type=bytes, partitions=partitions, changelog_topic=changelog)


def _agent(stage: Stage) -> None:
    state = TableState(_table(stage))

    async def run(stream: Any) -> None:
        async for event in stream.events():
            record = Record(event.message.offset, event.key, event.value)
            for output in stage.handle(state, event.message.topic, [record]):
                await _OUT[output.topic].send(key=output.key, value=output.value)

    app.agent(_topic(*stage.inputs), name=stage.name)(run)


for _stage in (Resolve(), Route(), Assemble()):
    _agent(_stage)
