"""The end of a worker that was told to stop and does not: who waits for what is said, then the process ends.

What it is at is committed by then or will be replayed; one that lives on keeps its partitions from others.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import threading
from collections.abc import Iterable
from typing import Any, Final

import structlog

_log: Final = structlog.get_logger("regiehub.stream")


def end_within(seconds: float, code: int, loops: Iterable[asyncio.AbstractEventLoop]) -> None:
    """From now on the process lives for at most so long, then ends with this code. Returns at once.

    By a thread, because an event loop can be held by what does not stop, and the threads of others are joined after the
    last line of ours. Said are places only: a variable in a frame may hold personal data."""
    event_loops = tuple(loops)

    def end() -> None:
        try:
            places = [place for loop in event_loops for place in _where_it_waits(loop)]
            _log.error("worker_does_not_stop", seconds=seconds, traceback="\n".join(places))
            faulthandler.dump_traceback()
        finally:
            os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _where_it_waits(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Of each task the innermost place that has a name."""
    places = []
    for task in asyncio.all_tasks(loop):
        inner: Any = task.get_coro()
        frame = None
        while (deeper := getattr(inner, "cr_frame", None)) is not None:
            frame, inner = deeper, inner.cr_await
        if frame is not None:
            code = frame.f_code
            places.append(f"{task.get_name()}: {code.co_qualname} ({code.co_filename}:{frame.f_lineno})")
    return sorted(places)
