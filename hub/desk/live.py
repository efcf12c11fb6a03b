"""Tells an open page that its household has changed: server-sent events, that something changed and never what.

The page then asks for itself again, which is decided and logged like any look. It works without.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Header, Query
from sqlalchemy import Engine, select

from hub.desk.tables import households

EVERY_SECONDS: Final = 1.0
"""How often the database is asked: one indexed row per open page. More seldom and a page is seen to lag."""
QUIET_SECONDS: Final = 15.0
"""After so long without a change a comment is sent: so a connection that is gone is noticed."""
LONGEST_SECONDS: Final = 1_800.0
"""A page that is left open asks again after this, and is let in again or not."""
MEDIA_TYPE: Final = "text/event-stream"
_RETRY: Final = b"retry: 5000\n\n"
_QUIET: Final = b": quiet\n\n"
_MARK_BYTES: Final = 8


def mark_of(state: object) -> str:
    """Of equal states alone, and nobody can tell from it what they hold (a moment to the microsecond is in it): a page
    carries it, and says it when it begins to follow."""
    return hashlib.blake2b(repr(state).encode(), digest_size=_MARK_BYTES).hexdigest()


async def _since(
    sinds: Annotated[str, Query(max_length=64)] = "",
    last_event_id: Annotated[str, Header(max_length=64)] = "",
) -> str:
    """From where a browser follows: the last event that it had, or else what the page says (`sinds`)."""
    return last_event_id or sinds


Since = Annotated[str, Depends(_since)]


@dataclass
class Live:
    """The streams of one desk."""

    engine: Engine
    every_seconds: float = EVERY_SECONDS
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """End all streams: a desk that stops must not wait for pages that are open."""
        self._stopped.set()

    def mark(self, household_id: str) -> str:
        """The mark of a household as it is now. A page takes it before it reads, so that no change falls between."""
        return mark_of(self._state(household_id))

    async def changes(self, household_id: str, since: str = "") -> AsyncIterator[bytes]:
        """The stream of one household. One that moves to another id, or goes, has changed too."""
        async for event in self.follow(lambda: self.mark(household_id), since):
            yield event

    async def follow(self, mark: Callable[[], str], since: str = "") -> AsyncIterator[bytes]:
        """The stream of anything. `mark`: equal as long as nothing has changed, may block; `since`: the mark of what is
        on the screen, or the id of the event that a browser had last before its connection broke; "": as it is now."""
        yield _RETRY
        seen = since or await asyncio.to_thread(mark)
        waited = quiet = 0.0
        while waited < LONGEST_SECONDS and not self._stopped.is_set():
            now = await asyncio.to_thread(mark)
            if now != seen:
                seen, quiet = now, 0.0
                yield f"id: {now}\nevent: changed\ndata: \n\n".encode()
            elif quiet >= QUIET_SECONDS:
                quiet = 0.0
                yield _QUIET
            await self._pause()
            waited, quiet = waited + self.every_seconds, quiet + self.every_seconds

    async def _pause(self) -> None:
        """Wait a while, or until the desk stops."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), self.every_seconds)

    def _state(self, household_id: str) -> tuple[object, ...]:
        if "\0" in household_id:  # PostgreSQL takes no such text
            return ()
        query = select(households.c.digest, households.c.live)
        with self.engine.connect() as connection:
            found = connection.execute(query.where(households.c.household_id == household_id)).first()
        return tuple(found) if found else ()
