"""Asks the ingest of sources from the desk, the way in which commands do: by the control file of each source. Where its
files are not reachable, nothing can be asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from hub.connect.ingest import backfill
from hub.connect.ingest.control import Check, Control, Errand, Letter, Orders, Pause
from hub.connect.ingest.events import LetterState, Settled, letter_state_message
from hub.connect.ingest.index import Index
from hub.connect.ingest.publisher import Message
from hub.connect.ingest.runner import control_file, index_file
from hub.ops.orders import Backfill, Kept, Reset, Waiting
from hub.settings import Settings


class Asking:
    """The sources whose ingest keeps its files in this data folder. See `hub.ops.orders.Orders`."""

    def __init__(
        self,
        settings: Settings,
        publish: Callable[[Sequence[Message]], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`publish`: to the log, acknowledged."""
        self._settings = settings
        self._publish = publish
        self._now = now

    def reaches(self, source: str) -> bool:
        """Whether its control file is here: its ingest makes it when it first runs."""
        return control_file(self._settings, source).is_file()

    def waiting(self, source: str) -> Waiting:
        """What is asked and not done."""
        with self._control(source) as control:
            orders = control.orders()
            repairs, replays = control.waiting(Errand.REPAIR), control.waiting(Errand.REPLAY)
            found = control.backfill()
        told = None if found is None else _backfill(found)
        return _waiting(orders)._replace(repairs=repairs, replays=replays, backfill=told)

    def pause(self, source: str, by: str, why: str) -> None:
        """Leave the source alone until somebody resumes."""
        with self._control(source) as control:
            control.pause(Pause(by, why, self._now().isoformat()))

    def resume(self, source: str) -> None:
        """Read it again."""
        with self._control(source) as control:
            control.resume()

    def plan_reset(self, source: str, epoch: int, *, new_epoch: bool) -> Reset:
        """What a reset would do, and where the source is read now."""
        with self._control(source) as control:
            now = max(epoch, control.orders().source_epoch)
        return Reset(self._cursor(source), now, now + new_epoch)

    def reset(self, source: str, epoch: int, by: str, *, new_epoch: bool) -> None:
        """Read it again from the beginning."""
        plan = self.plan_reset(source, epoch, new_epoch=new_epoch)
        with self._control(source) as control:
            control.ask_reset(None, plan.epoch_then, by)

    def compare(self, source: str, by: str, *, repair: bool) -> None:
        """Compare it, and repair what differs."""
        with self._control(source) as control:
            control.ask_check(Check(by, repair))

    def backfill(self, source: str, by: str) -> None:
        """Read all of it once more."""
        with self._control(source) as control:
            control.ask_backfill(None, by, self._now().isoformat())

    def stop_backfill(self, source: str) -> None:
        """Ask for none any more."""
        with self._control(source) as control:
            control.stop_backfill()

    def replay(self, letters: Iterable[Kept], by: str) -> int:
        """Translate these again; gives of how many that was asked."""
        by_source: dict[str, list[Letter]] = {}
        for item in letters:
            if self.reaches(item.source):
                kept = Letter(item.position, item.attempt, item.source_epoch, item.sealed, by)
                by_source.setdefault(item.source, []).append(kept)
        for source, kept_letters in by_source.items():
            with self._control(source) as control:
                control.ask_replay(kept_letters)
        return sum(map(len, by_source.values()))

    def stop_replay(self, source: str) -> int:
        """Drop the replays that are not done."""
        with self._control(source) as control:
            return control.stop(Errand.REPLAY)

    def discard(self, letters: Iterable[Kept], by: str, why: str) -> None:
        """Say in the log that these need not be read. Raises LogUnavailable, LogRefused."""
        now = self._now()
        self._publish(
            [
                letter_state_message(
                    Settled(item.position, item.attempt, LetterState.DISCARDED, by, why, now), item.source
                )
                for item in letters
            ]
        )

    def _cursor(self, source: str) -> str:
        path = index_file(self._settings, source)
        if not path.is_file():  # opening it would make one
            return ""
        index = Index(path)
        try:
            cursor = index.progress().cursor
        finally:
            index.close()
        return "" if cursor is None else json.dumps(cursor.model_dump())

    @contextmanager
    def _control(self, source: str) -> Iterator[Control]:
        control = Control(control_file(self._settings, source))
        try:
            yield control
        finally:
            control.close()


def _backfill(found: backfill.Backfill) -> Backfill:
    return Backfill(found.by, found.phase.value, found.read, found.published, found.held or "", found.done_at or "")


def _waiting(orders: Orders) -> Waiting:
    pause, checked = orders.pause, orders.checked
    return Waiting(
        paused_by=pause.by if pause else "",
        paused_why=pause.why if pause else "",
        compares=orders.check is not None,
        resets=orders.reset is not None,
        failed_at=checked.at if checked and checked.problem else "",
        failed=checked.problem if checked else "",
    )
