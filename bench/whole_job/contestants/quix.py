"""Quix Streams as its documentation shows it: a StreamingDataFrame per stage, stateful functions, to_topic. State in
RocksDB, with changelog topics.

The thinking is that of our stages, handed one record at a time. Quix keeps a state per message key, which is what each
stage needs. Runs in an environment of its own: it refuses the pydantic that the hub takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from quixstreams import Application, message_context
from quixstreams.models.serializers import SerializationContext, Serializer

from bench.whole_job.contestants import told
from hub.events.topics import VIEWS, topics
from hub.stream.assemble import Assemble
from hub.stream.resolve import Resolve
from hub.stream.route import Route
from hub.stream.stage import Output, Record, Stage


class Written(Serializer):  # type: ignore[misc]  # not installed for checks: Any
    """An output is in the topic's form already."""

    def __call__(self, value: Output, ctx: SerializationContext) -> bytes:
        """See quixstreams."""
        return value.value


class KeyState:
    """A stage's state is Quix's state of the key of the message in hand."""

    def __init__(self, state: Any) -> None:
        self._state = state
        self.puts: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """See `State.get`."""
        value: bytes | None = self._state.get_bytes(key)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """See `State.put`."""
        self._state.set_bytes(key, value)
        self.puts[key] = value


def _handler(stage: Stage) -> Callable[[Any, Any, int, Any, Any], list[Output]]:
    def handle(value: bytes, key: bytes, timestamp: int, headers: Any, state: Any) -> list[Output]:
        context = message_context()
        mine = KeyState(state)
        outputs = stage.handle(mine, context.topic, [Record(context.offset, key, value, timestamp)])
        if stage.changelog == VIEWS:
            outputs += [Output(VIEWS, *put) for put in mine.puts.items()]
        return outputs

    return handle


def main() -> None:
    """Run until SIGTERM."""
    app = Application(
        broker_address=told().broker,
        consumer_group=told().group,
        auto_offset_reset="earliest",
        state_dir=told().folder / "quix",
        loglevel="WARNING",
    )
    known = {name: app.topic(name, "bytes", value_serializer=Written()) for name in topics()}
    for stage in (Resolve(), Route(), Assemble()):
        first, *others = (app.dataframe(known[name]) for name in stage.inputs)
        for other in others:
            first = first.concat(other)
        outputs = first.apply(_handler(stage), stateful=True, expand=True, metadata=True)
        outputs.to_topic(lambda output, *_: known[output.topic], key=lambda output: output.key)
    app.run()


if __name__ == "__main__":
    os.umask(0o077)
    main()
