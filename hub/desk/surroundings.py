"""What every read asks beside its household, the same for all who ask: how the sources are, and who stands in for whom.
A handful of rows, which change seldom: asked of the database together, and not by every read by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine

from hub.desk import deputies, readmodel, unreadable
from hub.desk.access import Actor
from hub.desk.access.facts import Deputy
from hub.desk.access.roles import Replaced
from hub.desk.deputies import Deputyship

KEPT_SECONDS: Final = 1.0
"""As old as what is told here may be: a deputy who is named is let in, and one who is taken back kept out, so much
later than the read model knows of it."""


class Around(NamedTuple):
    """All of it, as it was found. `statuses`: as `readmodel.source_statuses`; `last_dead_letters`: as the function of
    that name; `deputyships`: those of the day."""

    statuses: Sequence[Mapping[str, Any]]
    last_dead_letters: Mapping[str, str]
    deputyships: Sequence[Deputyship]

    def replaced_by(self, actor: Actor) -> tuple[Replaced, ...]:
        """For whom somebody stands in. Whoever has no personnel number (`staff`) is no deputy: an event has one."""
        found = {(item.team, item.replaced_staff) for item in self.deputyships if item.deputy_staff == actor.staff}
        return tuple(Replaced(*pair) for pair in sorted(found))

    def deputies_of(self, workers: Collection[str]) -> tuple[Deputy, ...]:
        """Who stands in for these workers (personnel numbers)."""
        return tuple(item.deputy for item in self.deputyships if item.replaced_staff in workers)


def around(connection: Connection, today: date) -> Around:
    """All of it, as it is on a day."""
    letters = unreadable.last_dead_letters(connection)
    return Around(readmodel.source_statuses(connection), letters, deputies.holding(connection, today))


@dataclass(eq=False)
class Surroundings:
    """What was found last, for `kept_seconds`; 0: it is asked anew each time. Safe to use from several threads: those
    that come while it is asked anew ask by themselves, so none waits for another one's database."""

    engine: Engine
    kept_seconds: float = 0.0
    clock: Callable[[], float] = time.monotonic
    _found: tuple[date, float, Around] | None = None

    def on(self, today: date) -> Around:
        """All of it, as it is on a day. Blocking, if it is too old."""
        known, asked_at = self._found, self.clock()
        if known and known[0] == today and asked_at < known[1] + self.kept_seconds:
            return known[2]
        with self.engine.connect() as connection:
            found = around(connection, today)
        self._found = today, asked_at, found
        return found
