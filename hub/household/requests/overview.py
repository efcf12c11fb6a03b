"""Requests of many households together: how long they take, and where they lie. Pure.

In working days, as the clocks of a request are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from statistics import median_low
from typing import Final, NamedTuple

from hub.household.days import add_days
from hub.household.requests.codes import FINISHED, FURTHER
from hub.household.requests.threads import Thread
from hub.household.workdays import workdays_between

YEAR_DAYS: Final = 366
"""Decisions of the last year count in how long requests take: older ones tell of another time."""


class Measured(NamedTuple):
    """One request as an overview counts it. `product`: what it is counted under; `waited`: working days in its present
    state; `taken`: from request to decision, None while there is none or if that is longer than a year ago."""

    product: str
    state: str
    party: str
    late: bool
    waited: int
    taken: int | None


class Lasting(NamedTuple):
    """How long something lasts, over `number` requests: the middle one (of an even number the shorter), and the
    longest; working days. None if there is none."""

    number: int
    median: int | None
    longest: int | None


class InState(NamedTuple):
    """The requests that are in a state now: how long already, and how many are past a day that is due."""

    state: str
    so_far: Lasting
    late: int


class OfProduct(NamedTuple):
    """The requests for a product: how many run, how many of these are late, and how long a decision took."""

    product: str
    running: int
    late: int
    to_decision: Lasting


class AtParty(NamedTuple):
    """The requests that wait for somebody."""

    party: str
    number: int
    late: int


class Overview(NamedTuple):
    """`running`: requests that are not at their end. States in the order of their course; products by name; parties
    with most waiting first."""

    running: int
    late: int
    states: list[InState]
    products: list[OfProduct]
    parties: list[AtParty]


def measured(thread: Thread, today: date) -> Measured:
    """What an overview counts of a request. A draft was not handed in: it takes no time to decide."""
    decided = thread.decision.on if thread.decision and thread.decision.on >= add_days(today, -YEAR_DAYS) else None
    return Measured(
        product=thread.product_code or thread.product,
        state=thread.state,
        party=thread.next_party.value,
        late=thread.late,
        waited=workdays_between(thread.since, today),
        taken=None if decided is None else workdays_between(thread.submitted_on, decided),
    )


def overview(requests: Iterable[Measured]) -> Overview:
    """Of these requests together; their order makes no difference."""
    found = list(requests)
    running = [item for item in found if item.state not in FINISHED]
    states, parties, products = defaultdict(list), defaultdict(list), defaultdict(list)
    for item in running:
        states[item.state].append(item)
        parties[item.party].append(item)
    for item in found:
        products[item.product].append(item)
    return Overview(
        running=len(running),
        late=_late(running),
        states=[_in_state(name, states[name]) for name in FURTHER if name in states],
        products=[_of_product(name, products[name]) for name in sorted(products)],
        parties=sorted(
            (AtParty(name, len(items), _late(items)) for name, items in parties.items()),
            key=lambda item: (-item.number, item.party),
        ),
    )


def _in_state(state: str, items: Sequence[Measured]) -> InState:
    return InState(state, _lasting([item.waited for item in items]), _late(items))


def _of_product(product: str, items: Sequence[Measured]) -> OfProduct:
    running = [item for item in items if item.state not in FINISHED]
    taken = [item.taken for item in items if item.taken is not None]
    return OfProduct(product, len(running), _late(running), _lasting(taken))


def _lasting(days: Sequence[int]) -> Lasting:
    return Lasting(len(days), median_low(days) if days else None, max(days, default=None))


def _late(items: Iterable[Measured]) -> int:
    return sum(item.late for item in items)
