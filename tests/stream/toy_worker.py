"""The process of a toy worker: `python -m tests.stream.toy_worker BOOTSTRAP FOLDER SESSION_SECONDS`.

`TOY_PAUSE=<topic>`: once the file `<folder>/pause` is there, stop (SIGSTOP) between the fence and the next send to that
topic; on SIGCONT that send lands late, as bytes do that were on their way. `TOY_NO_GUARD=1`: the tail guard sleeps.
`TOY_SLOW_MS=<n>`: what a record costs, so that there is time to kill the process in the middle of its work.
`TOY_FOLD_ONLY=1`: the second stage alone. `TOY_HANGS=<what>`: it does not end by itself, for a `task` that waits, one
that holds the `loop` in its stop, a `handler` that held it before, or a `thread` that is left.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from hub.stream.app import run_stages
from hub.stream.lane.core import Lane
from hub.stream.lane.guard import OutputGuard
from hub.stream.lane.options import LaneOptions, SilentObserver
from hub.stream.lane.tail import Chunk
from hub.stream.stage import Output, Record, Stage, State
from tests.stream import toy


class _Announcer(SilentObserver):
    def ready(self, value: bool) -> None:
        if value:
            _say("TOY READY")

    def repaired(self, stage: str, records: int) -> None:
        _say(f"TOY REPAIRED {stage} {records}")


_SLOW_SECONDS = float(os.environ.get("TOY_SLOW_MS", "0")) / 1000


class _SlowCollect(toy.Collect):
    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        time.sleep(_SLOW_SECONDS * len(records))
        return super().handle(state, topic, records)


class _SlowFold(toy.Fold):
    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        time.sleep(_SLOW_SECONDS * len(records))
        return super().handle(state, topic, records)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _pause_before_sending(topic_to_pause: str, flag: Path, bootstrap: str) -> None:
    send_batch = AIOKafkaProducer.send_batch

    async def late(batch: Any, topic: str, partition: int) -> None:
        other = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await other.start()
        await (await send_batch(other, batch, topic, partition=partition))
        await other.stop()
        _say(f"TOY LATE {topic}")

    async def send(self: AIOKafkaProducer, batch: Any, topic: str, *, partition: int) -> Any:
        if topic == topic_to_pause and flag.exists():
            flag.unlink()
            _say("TOY PAUSED")
            os.kill(os.getpid(), signal.SIGSTOP)
            await asyncio.shield(asyncio.ensure_future(late(batch, topic, partition)))
        return await send_batch(self, batch, topic, partition=partition)

    AIOKafkaProducer.send_batch = send


def _sleeping_guard() -> None:
    def late(self: OutputGuard, state: State, chunk: Chunk) -> dict[bytes, bytes]:
        return {}

    OutputGuard.late = late  # type: ignore[method-assign]  # the control of a test


def _hang(what: str) -> None:
    async def close(self: Lane) -> None:
        if what in {"thread", "handler"}:
            await lane_close(self)
        if what == "thread":
            threading.Thread(target=_left_over).start()
        elif what == "loop":
            threading.Event().wait()
        elif what == "task":
            await asyncio.Event().wait()

    lane_close = Lane.close
    Lane.close = close  # type: ignore[method-assign]  # in a process of its own, which is to hang


def _left_over() -> None:
    threading.Event().wait()


class _Held(toy.Collect):
    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        _say("TOY HELD")
        _left_over()
        return []


def main(bootstrap: str, folder: Path, session_seconds: float) -> int:
    """Run until a signal."""
    pause = os.environ.get("TOY_PAUSE")
    if pause:
        _pause_before_sending(pause, folder / "pause", bootstrap)
    if os.environ.get("TOY_NO_GUARD"):
        _sleeping_guard()
    options = LaneOptions(bootstrap=bootstrap, data_folder=folder, session_timeout_seconds=session_seconds)
    if what := os.environ.get("TOY_HANGS", ""):
        _hang(what)
        options = replace(options, stop_seconds=10.0 if what == "thread" else 1.0)
    stages: list[Stage] = [_SlowFold()] if os.environ.get("TOY_FOLD_ONLY") else [_SlowCollect(), toy.Fold()]
    if what == "handler":
        stages = [_Held(), toy.Fold()]
    return run_stages(stages, options, stream_id="toy", observer=_Announcer())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
