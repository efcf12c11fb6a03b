"""Looks at the flow every few seconds as long as the desk runs, in a thread of its own: it goes on where what the desk
reads stands still. What it sees is on the console, and in the metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from hub.ops import metrics
from hub.ops.picture import Picture, picture
from hub.ops.recent import Past, remembered
from hub.ops.watch import Watch

LOOK_SECONDS: Final = 5.0
"""As often as a connector reports. A look costs the broker some requests, and what is shown may be so old."""
_STOP_SECONDS: Final = 2.0


class Looking:
    """The newest look, and what was wrong in the ones before. May be asked by any thread."""

    def __init__(self, watch: Callable[[], Watch], seconds: float = LOOK_SECONDS) -> None:
        """`watch`: made in the thread that uses it."""
        self._make = watch
        self._seconds = seconds
        self._stopping = threading.Event()
        self._latest: Picture | None = None
        self._recent: tuple[Past, ...] = ()
        self._thread = threading.Thread(target=self._run, name="looking", daemon=True)

    def latest(self) -> Picture | None:
        """What was seen last; None: nothing yet."""
        return self._latest

    def recent(self) -> tuple[Past, ...]:
        """What was wrong in the last day, since this desk was started; newest first."""
        return self._recent

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the look under way; one that the log keeps waiting is left to itself."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        with self._make() as watch:
            while True:
                self._latest = shown = picture(watch.look())
                self._recent = remembered(self._recent, shown)
                metrics.show_flow(shown)
                if self._stopping.wait(self._seconds):
                    return
