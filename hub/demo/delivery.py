"""Hands the town's changes to the simulated sources the way a real source shows them: some late, some twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hub.connect.simulator import Late, Simulator
from hub.demo.town.changes import Change, Delivery

_LATE_AFTER_CHANGES: Final = 40
"""So many changes later a late one becomes visible: more than a page of either connector holds at its usual pace."""
_BATCH: Final = 50


class Deliverer:
    """One town, its sources. Call `close` at the end: nothing stays unseen."""

    def __init__(self, sources: Mapping[str, Simulator]) -> None:
        self._sources = sources
        self._late: deque[tuple[int, Late]] = deque()
        self._waiting: dict[str, list[Change]] = {name: [] for name in sources}
        self.delivered = 0
        self.late = 0

    def deliver_all(self, changes: Iterable[Change], progress: Callable[[int], None] = lambda _: None) -> None:
        """Deliver in batches; `progress` is called with the number delivered so far."""
        for change in changes:
            self._add(change)
            if self.delivered % _BATCH == 0:
                self.flush()
                progress(self.delivered)
        self.close()
        progress(self.delivered)

    def deliver(self, change: Change) -> None:
        """Deliver one change at once."""
        self._add(change)
        self.flush()

    def _add(self, change: Change) -> None:
        self.delivered += 1
        if change.delivery is Delivery.LATE:
            self._flush_one(change.source)
            late = self._sources[change.source].apply_late([change.payload])
            self.late += 1
            self._late.append((self.delivered + _LATE_AFTER_CHANGES, late))
        else:
            self._waiting[change.source].append(change)
        while self._late and self._late[0][0] <= self.delivered:
            self._late.popleft()[1].release()

    def flush(self) -> None:
        """Write what waits."""
        for source in self._waiting:
            self._flush_one(source)

    def _flush_one(self, source: str) -> None:
        waiting, self._waiting[source] = self._waiting[source], []
        if waiting:
            self._sources[source].apply_many(change.payload for change in waiting)

    def close(self) -> None:
        """Write what waits and make visible what is held back."""
        self.flush()
        while self._late:
            self._late.popleft()[1].release()
