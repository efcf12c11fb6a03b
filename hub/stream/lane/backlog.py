"""Whether a worker is behind, so that short lists may grow while it is.

In a backfill each stage would otherwise be handed what the stage before it has just written, one or two records at a
time, and pay for a list each time. A worker that keeps up has no whole list waiting, so nothing of it ever waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable


class Backlog:
    """Shared by the partitions of a worker. For one event loop."""

    def __init__(self) -> None:
        self._behind: set[Hashable] = set()
        self._waiting: set[asyncio.Event] = set()

    def __bool__(self) -> bool:
        return bool(self._behind)

    def note(self, partition: Hashable, has_whole_list: bool) -> None:
        """What a partition has now; called whenever that may have changed. Wakes who waits when nobody is behind."""
        if has_whole_list:
            self._behind.add(partition)
            return
        self._behind.discard(partition)
        if not self._behind:
            for event in self._waiting:
                event.set()

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        """Until the event is set: by its owner, when the worker is no longer behind, or after so many seconds."""
        timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, event.set)
        self._waiting.add(event)
        try:
            await event.wait()
        finally:
            self._waiting.discard(event)
            if timer is not None:
                timer.cancel()
