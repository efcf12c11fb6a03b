"""A worker as Faust's guide writes one: `python -m tests.kafka.plain_worker BOOTSTRAP FOLDER SESSION_SECONDS`.

A stream with `async for`, a table, ordinary settings. `TOY_SLOW_MS=<n>`: what a message costs, waited for as one waits
for another service. It prints a line when it gets partitions, and one per message that was processed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, Final

import faust

from tests.stream import toy

APP: Final = "plain"
_BUFFER: Final = 16
"""Messages that may wait in the stream. Fewer than a fetch gives, as is usual: then the reader waits for the agent."""


def create_app(bootstrap: str, folder: Path, session_seconds: float) -> faust.App:
    """Counts the messages per key."""
    seconds = float(os.environ.get("TOY_SLOW_MS", "0")) / 1000
    app = faust.App(
        APP,
        broker=f"kafka://{bootstrap}",
        broker_session_timeout=session_seconds,
        broker_heartbeat_interval=session_seconds / 6,
        broker_commit_interval=1.0,
        store="memory://",
        datadir=folder,
        web_enabled=False,
        stream_buffer_maxsize=_BUFFER,
    )
    numbers = app.topic(toy.SETS, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    counts = app.Table("counts", default=int, partitions=toy.MANY_PARTITIONS)

    @app.agent(numbers)
    async def count(stream: faust.StreamT[bytes]) -> None:
        async for event in stream.events():
            await asyncio.sleep(seconds)
            counts[event.key.decode()] += 1
            _say(f"PLAIN DONE {event.message.partition} {event.message.offset}")

    @app.on_partitions_assigned.connect
    async def say_so(*_: Any, **__: Any) -> None:
        _say("PLAIN ASSIGNED")

    return app


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(bootstrap: str, folder: Path, session_seconds: float) -> None:
    """Run until a signal; then end in good order."""
    app = create_app(bootstrap, folder, session_seconds)
    faust.Worker(app, loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
