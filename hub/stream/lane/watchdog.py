"""Ends a worker that does nothing while there is work: Faust's consumer can die silently, a handler can hang.

A task looks for progress, and a thread looks whether that task still runs: a hung event loop can't end itself.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Final, Protocol

import structlog
from aiokafka.errors import KafkaError

from hub.stream.lane.options import Stalled

_log: Final = structlog.get_logger("regiehub.stream.lane")
_LOOKS_PER_LIMIT: Final = 8


class Watched(Protocol):
    """What the watchdog needs of a lane."""

    def progress(self) -> Mapping[tuple[str, int], int]:
        """A number per assigned input that rises whenever something is done for it, recovery included."""

    async def waiting(self) -> Mapping[tuple[str, int], int]:
        """Records per assigned input that wait at the broker."""

    def fail(self, error: BaseException) -> None:
        """End the process in good order."""


class Watchdog:
    """Looks a few times per `stall_seconds`."""

    def __init__(self, lane: Watched, stall_seconds: float) -> None:
        self._lane = lane
        self._stall_seconds = stall_seconds
        self._task: asyncio.Task[None] | None = None
        self._stopped = threading.Event()
        self._beat = time.monotonic()
        self._moved: dict[tuple[str, int], tuple[int, float]] = {}

    def start(self) -> None:
        """Begin to look. On the event loop that is watched."""
        self._beat = time.monotonic()
        self._task = asyncio.create_task(self._look_for_progress(), name="lane watchdog")
        threading.Thread(target=self._look_for_the_task, name="lane watchdog", daemon=True).start()

    def stop(self) -> None:
        """No more looking. Safe to call twice."""
        self._stopped.set()
        if self._task is not None:
            self._task.cancel()

    async def _look_for_progress(self) -> None:
        while True:
            await asyncio.sleep(self._stall_seconds / _LOOKS_PER_LIMIT)
            self._beat = time.monotonic()
            try:
                waiting = await self._lane.waiting()
            except (KafkaError, TimeoutError) as error:  # no broker, no work; others see to that
                _log.warning("watchdog_sees_no_broker", error=repr(error))
                continue
            stalled = self.stalled(waiting, time.monotonic())
            if stalled:
                self._lane.fail(Stalled(f"nothing moves for {self._stall_seconds} s: {stalled}"))
                return

    def stalled(self, waiting: Mapping[tuple[str, int], int], now: float) -> list[tuple[str, int]]:
        """Inputs with waiting records of which nothing was done for too long."""
        progress = self._lane.progress()
        for place, number in progress.items():
            if not waiting.get(place) or self._moved.get(place, (None, 0.0))[0] != number:
                self._moved[place] = (number, now)
        self._moved = {place: seen for place, seen in self._moved.items() if place in progress}
        return [place for place, (_, since) in self._moved.items() if now - since >= self._stall_seconds]

    def _look_for_the_task(self) -> None:
        while not self._stopped.wait(self._stall_seconds / _LOOKS_PER_LIMIT):
            silence = time.monotonic() - self._beat
            if silence > self._stall_seconds:
                sys.stderr.write(f'{{"event": "event_loop_hangs", "seconds": {silence:.0f}, "level": "critical"}}\n')
                sys.stderr.flush()
                os._exit(1)
