"""Tells an open page that its household has changed: server-sent events, that something changed and never what.

The page then asks for itself again, which is decided and logged like any look. It works without.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

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
_CHANGED: Final = b"event: changed\ndata: \n\n"


@dataclass
class Live:
    """The streams of one desk."""

    engine: Engine
    every_seconds: float = EVERY_SECONDS
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """End all streams: a desk that stops must not wait for pages that are open."""
        self._stopped.set()

    async def changes(self, household_id: str) -> AsyncIterator[bytes]:
        """The stream of one household. One that moves to another id, or goes, has changed too."""
        async for event in self.follow(lambda: self._state(household_id)):
            yield event

    async def follow(self, state: Callable[[], object]) -> AsyncIterator[bytes]:
        """The stream of anything. `state`: equal as long as nothing has changed; may block."""
        yield _RETRY
        seen = await asyncio.to_thread(state)
        waited = quiet = 0.0
        while waited < LONGEST_SECONDS and not await self._pause():
            waited, quiet = waited + self.every_seconds, quiet + self.every_seconds
            now = await asyncio.to_thread(state)
            if now != seen:
                seen, quiet = now, 0.0
                yield _CHANGED
            elif quiet >= QUIET_SECONDS:
                quiet = 0.0
                yield _QUIET

    async def _pause(self) -> bool:
        """Wait a while; whether the desk stops."""
        try:
            await asyncio.wait_for(self._stopped.wait(), self.every_seconds)
        except TimeoutError:
            return False
        return True

    def _state(self, household_id: str) -> tuple[object, ...]:
        query = select(households.c.digest, households.c.live)
        with self.engine.connect() as connection:
            found = connection.execute(query.where(households.c.household_id == household_id)).first()
        return tuple(found) if found else ()
