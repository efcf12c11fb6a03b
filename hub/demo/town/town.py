"""The town: a seeded stream of changes in two sources, first a history and then a life that never ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Final

from hub.demo.town import casework, mistakes, moves
from hub.demo.town.changes import Change, Delivery, Exercised
from hub.demo.town.clerk import Clerk
from hub.demo.town.families import Settlers
from hub.demo.town.life import Life
from hub.demo.town.people import Registrar

Event = Callable[[Life], bool]

EVENTS: Final[tuple[tuple[int, Event], ...]] = (
    (1, moves.birth),
    (2, moves.family_moves),
    (1, moves.family_returns),
    (2, moves.child_moves),
    (1, moves.separation),
    (1, moves.person_returns),
    (1, moves.partner_moves_in),
    (1, casework.opens_dossier),
    (2, casework.closes_dossier),
    (1, casework.reopens_dossier),
    (2, casework.catches_up),
    (7, casework.request_proceeds),
    (3, casework.goal_proceeds),
    (1, casework.director_hands_over),
    (6, casework.adding("contact")),
    (2, casework.adding("goal")),
    (1, casework.adding("support_request")),
    (1, casework.adding("assessment")),
    (1, casework.adding("involvement")),
    (1, casework.adding("signal")),
    (1, mistakes.corrects_opening),
    (1, mistakes.corrects_address),
    (1, mistakes.corrects_late),
    (1, mistakes.corrects_person),
    (1, mistakes.transfers_record),
    (2, mistakes.deletes_record),
    (1, mistakes.deletes_dossier),
    (1, mistakes.restores_dossier),
    (1, mistakes.addresses_differ),
    (1, mistakes.names_differ),
    (1, mistakes.edits_in_haste),
    (1, mistakes.stores_garbage),
)
"""How often each event is in the deck. The deck is shuffled and dealt out whole, so even a small town sees all."""

CHANGES_PER_HOUSEHOLD: Final = 25
_HISTORY: Final = timedelta(days=365)
_LIVE_STEP: Final = timedelta(seconds=1)
_LATE_EVERY: Final = 31
_DUPLICATE_EVERY: Final = 37
_REPEATABLE: Final = 60
"""A change is delivered again only among the next this many: sources repeat what is recent."""


class Town:
    """A town of `households` homes; the same arguments give the same changes, on every machine.

    `fill` first, to its end; then `live`. The year of history begins at `start` (which has a time zone); in `live`
    a second passes with each change.
    """

    def __init__(self, households: int, seed: int, *, start: datetime) -> None:
        """Raises ValueError for less than one household, or a start without a time zone."""
        if households < 1 or start.tzinfo is None:
            raise ValueError("a town has at least one household, and starts at a time with a zone")
        self.households = households
        random = Random(f"town {seed}")  # a synthetic town is no secret
        self._random = random
        self._clerk = Clerk(random, start, _HISTORY / (households * CHANGES_PER_HOUSEHOLD))
        registrar = Registrar(random)
        self._settlers = Settlers(random, registrar, self._clerk)
        self._life = Life(random, registrar, self._clerk, self._settlers)
        self._deck: list[Event] = []
        self._recent: deque[Change] = deque(maxlen=_REPEATABLE)
        self._made = 0

    @property
    def exercised(self) -> Exercised:
        """What happened up to now, counted when it was done."""
        return self._life.exercised

    def fill(self) -> Iterator[Change]:
        """The first registrations and a year of life: about 25 changes for each household."""
        for _ in self._settlers.settle(self.households):
            yield from self._deliver()
        fewest = sum(copies for copies, _ in EVENTS)
        for number, _ in enumerate(self._happenings()):
            yield from self._deliver()
            if self._made >= self.households * CHANGES_PER_HOUSEHOLD and number >= fewest:
                return

    def live(self) -> Iterator[Change]:
        """Life that goes on; never ends."""
        self._clerk.step = _LIVE_STEP
        for _ in self._happenings():
            yield from self._deliver()

    def _happenings(self) -> Iterator[Event]:
        """Deal events; one for which nobody is fit is passed over."""
        while True:
            if not self._deck:
                self._deck = [event for copies, event in EVENTS for _ in range(copies)]
                self._random.shuffle(self._deck)
            event = self._deck.pop()
            event(self._life)
            yield event

    def _deliver(self) -> Iterator[Change]:
        """Hand over what was written, some of it late and some of it twice."""
        pending, self._clerk.pending = self._clerk.pending, []
        for made in pending:
            self._made += 1
            change = replace(made, delivery=Delivery.LATE) if self._made % _LATE_EVERY == 0 else made
            self.exercised.late += change.delivery is Delivery.LATE
            yield change
            self._recent.append(change)
            if self._made % _DUPLICATE_EVERY == 0:
                yield from self._repeat()

    def _repeat(self) -> Iterator[Change]:
        index = self._random.randrange(len(self._recent))
        again = next(islice(self._recent, index, None))
        self.exercised.duplicates += 1
        yield replace(again, payload=deepcopy(again.payload), delivery=Delivery.DUPLICATE)
