"""Keeps the head of the log of looks where whoever can rewrite the log cannot reach: a rewritten log is noticed then.

An anchor goes to a file elsewhere and to the process's own log, as the same line: `regiehub looks verify` reads either.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import orjson
import structlog

from hub.desk.looks.log import LookLog, LooksUnavailable
from hub.ops import metrics

EVENT: Final = "looks_anchored"

_log = structlog.get_logger()


class Anchor(NamedTuple):
    """At some moment (UTC) the log had so many records, and the last line of it this hash."""

    at: str
    records: int
    hash: str


@dataclass
class Anchoring:
    """Anchors one log. `file`: where, None: in the process's own log only."""

    looks: LookLog
    file: Path | None
    seconds: float
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _last: str = ""

    def once(self) -> None:
        """Anchor the head if it has changed, and bring the index up to it. What goes wrong is said and tried again: it
        is no reason to refuse a read."""
        try:
            self.looks.open()
            head = self.looks.head
            anchor = Anchor(self.now().isoformat(timespec="seconds"), head.records, head.hash)
            if head.hash != self._last:
                if self.file is not None:
                    append(self.file, anchor)
                _log.info(EVENT, **anchor._asdict())
                self._last = head.hash
            self.looks.catch_up()
        except (OSError, LooksUnavailable) as error:
            _log.error("looks_not_anchored", error=type(error).__name__)
            return
        metrics.LOOKS_ANCHORED.set(self.now().timestamp())

    async def run(self, stopping: asyncio.Event) -> None:
        """Anchor at once, at intervals, and when it stops."""
        while not stopping.is_set():
            await asyncio.to_thread(self.once)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), self.seconds)
        await asyncio.to_thread(self.once)


def append(file: Path, anchor: Anchor) -> None:
    """Add an anchor to a file. Raises OSError."""
    line = orjson.dumps({"event": EVENT, **anchor._asdict()}) + b"\n"
    handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        whole = b"\n" + line if torn else line
        if os.write(handle, whole) != len(whole):
            raise OSError("the anchor was not written whole")
        os.fsync(handle)
    finally:
        os.close(handle)


def read(file: Path) -> list[Anchor]:
    """All anchors in a file of anchors, or in log lines of the desk; other lines are passed over. Raises OSError."""
    with file.open("rb") as lines:
        found = [_anchor(line) for line in lines]
    return [anchor for anchor in found if anchor is not None]


def _anchor(line: bytes) -> Anchor | None:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(fields, dict) or fields.get("event") != EVENT:
        return None
    at, records, hashed = fields.get("at"), fields.get("records"), fields.get("hash")
    if isinstance(at, str) and isinstance(records, int) and isinstance(hashed, str):
        return Anchor(at, records, hashed)
    return None
