"""Has a source compared, at its time or when somebody asks: `regiehub reconcile NAME`, in a process of its own beside
the ingest that goes on. What it finds it keeps in the control file, from where the next heartbeat tells it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from hub.connect.ingest.control import Check, Control, Orders
from hub.ops import metrics
from hub.ops.logging import get_logger
from hub.ops.status import differing

LOOK_SECONDS: Final = 1.0
"""How soon it is noticed that somebody asks."""
PER_SECOND: Final = 1_000
"""Records asked of the source per second: a night is long, and the source's own users come first."""
SETTLE_SECONDS: Final = 120
"""Longest wait for the flow to come to rest: nobody sits before it, and what is only on its way is no difference."""
RETRY: Final = timedelta(minutes=15)
"""After a comparison that failed: what was not there (the read model, the source) may be back. Twice as long after each
further one."""
LONGEST_RETRY: Final = timedelta(hours=4)
"""The source is not to be read over and over while, say, the stream is behind for days."""
_STOP_SECONDS: Final = 3.0
_TIED: Final = (
    "import sys; from hub.cli.main import main; from hub.connect.confine import die_with_parent;"
    " die_with_parent(int(sys.argv.pop(1))); main()"
)
"""The command `regiehub`, gone when its parent is, also when that was killed: nobody else would end it."""
_SAID_CHARACTERS: Final = 300
_log: Final = get_logger()


def wanted(
    orders: Orders, caught_up: bool, every: timedelta, not_before: datetime | None, now: datetime
) -> Check | None:
    """What to do now, if anything. Pure. Asked goes before due; a source that is paused, or was not read to its end
    yet, is compared only when somebody asks. `every` zero: never by itself. `not_before`: after one that failed."""
    if orders.check is not None:
        return orders.check
    if not every or not caught_up or orders.pause is not None:
        return None
    last: datetime | None = orders.completeness["checked_at"] if orders.completeness else None
    is_due = last is None or now - last >= every
    may_try = not_before is None or now >= not_before
    return Check(by="", repair=False) if is_due and may_try else None


def retry_after(failures: int) -> timedelta:
    """How long to leave the source alone after so many comparisons in a row that failed. Pure."""
    doublings = min(failures - 1, 8)  # far beyond the longest
    return min(RETRY * (1 << doublings), LONGEST_RETRY)


class Checking:
    """The comparisons of one source. Used by the thread that runs it."""

    def __init__(
        self,
        source: str,
        control: Callable[[], Control],
        compare: Callable[[Check], str | None],
        *,
        every: timedelta,
        caught_up: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        """`control`: opens the file, in the thread that uses it; `compare`: blocking; gives the last that it said
        of what went wrong, None if it was told to end. Whether it went wrong shows by what is kept."""
        self._source = source
        self._control = control
        self._compare = compare
        self._every = every
        self._caught_up = caught_up
        self._now = now
        self._failures = 0
        self._not_before: datetime | None = None

    def run(self, stopping: threading.Event) -> None:
        """Until asked to stop."""
        control = self._control()
        try:
            while not stopping.wait(LOOK_SECONDS):
                self.step(control)
        finally:
            control.close()

    def step(self, control: Control) -> None:
        """Compare if it is wanted. What is asked stays asked until it was tried."""
        orders = control.orders()
        check = wanted(orders, self._caught_up(), self._every, self._not_before, self._now())
        if check is None:
            return
        if (said := self._compare(check)) is None:
            return
        found = control.orders().completeness
        is_made = found is not None and found != orders.completeness
        why = "" if is_made else said or "the comparison ended without a word"
        self._failures = 0 if is_made else self._failures + 1
        self._not_before = None if is_made else self._now() + retry_after(self._failures)
        control.check_done(check, why, self._now())
        outcome = "failed" if found is None or not is_made else "differs" if differing(found) else "complete"
        metrics.RECONCILIATIONS.labels(self._source, outcome).inc()
        if is_made:
            _log.info("source_reconciled", source=self._source, outcome=outcome, by=check.by)
        else:
            _log.warning("source_not_reconciled", source=self._source, why=why, by=check.by)


def compare_apart(name: str, stopping: threading.Event) -> Callable[[Check], str | None]:
    """Compares the source of that name by its command, which is told by the same settings as this process."""

    def compare(check: Check) -> str | None:
        return run_apart([sys.executable, "-c", _TIED, str(os.getpid()), *_words(name, check)], stopping)

    return compare


def _words(name: str, check: Check) -> list[str]:
    """What nobody asked for does not even read the source while the flow is not at rest."""
    words = ["reconcile", name, "--json", "--per-second", str(PER_SECOND), "--settle", str(SETTLE_SECONDS)]
    return [*words, *(["--repair"] if check.repair else ()), *(() if check.by else ["--at-rest"])]


def run_apart(command: Sequence[str], stopping: threading.Event) -> str | None:
    """Run a command to its end; gives the last line of what it said on stderr. None: we were asked to stop, and ended
    it."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True)
    reader.start()
    while process.poll() is None:
        if stopping.wait(LOOK_SECONDS / 10):
            process.terminate()
            break
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    reader.join(_STOP_SECONDS)
    if process.stderr is not None:
        process.stderr.close()
    if stopping.is_set():
        return None
    lines = [line.decode(errors="replace").strip() for line in said]
    return next((line.removeprefix("regiehub: ")[:_SAID_CHARACTERS] for line in reversed(lines) if line), "")
