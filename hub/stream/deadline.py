"""The end of a worker that was told to stop and does not: it says where it is, then the process ends.

What it is at is committed by then or will be replayed; one that lives on keeps its partitions from others.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog

_log: Final = structlog.get_logger("regiehub.stream")
_SAY_SECONDS: Final = 2.0


class Deadline:
    """Counts from `begin` on, by a thread: what does not stop may hold the event loop, and Python itself waits for
    threads that libraries left, after our last line has run."""

    def __init__(self, seconds: float, loops: Callable[[], Iterable[asyncio.AbstractEventLoop]]) -> None:
        """`loops`: those whose tasks are to say where they wait, asked at the end."""
        self._seconds = seconds
        self._loops = loops
        self._timer: threading.Timer | None = None

    def begin(self, code: int) -> None:
        """The process has so many seconds left, then ends with this code. Returns at once; the first call counts."""
        if self._timer is None:
            self._timer = threading.Timer(self._seconds, self._end, [code])
            self._timer.daemon = True
            self._timer.start()

    def _end(self, code: int) -> None:
        # By a thread of its own: it may wait for an output that nobody reads.
        saying = threading.Thread(target=self._say, daemon=True)
        saying.start()
        saying.join(_SAY_SECONDS)
        os._exit(code)

    def _say(self) -> None:
        """Places only: a variable in a frame may hold personal data."""
        tasks = [place for loop in self._loops() for place in _where_it_waits(loop)]
        threads = ["".join(traceback.format_stack(frame)) for frame in sys._current_frames().values()]
        _log.error("worker_does_not_stop", seconds=self._seconds, traceback="\n".join([*tasks, *threads]))


def _where_it_waits(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Of each task the functions that wait for one another, the outermost first, and the place of the last one."""
    places = []
    for task in asyncio.all_tasks(loop):
        inner: Any = task.get_coro()
        names, place = [], ""
        while (frame := getattr(inner, "cr_frame", None)) is not None:
            names.append(frame.f_code.co_qualname)
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            inner = inner.cr_await
        places.append(f"{task.get_name()}: {' > '.join(names)} ({place})")
    return sorted(places)
