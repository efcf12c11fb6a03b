"""What one source says of one request: its account of the states, what was asked, granted and wrong. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from hub.household.requests.codes import FURTHER


class Step(NamedTuple):
    """The request came into a state. `on`: when; `reported_on`: when it was said (equal where a source says only one
    day). `code`: of the decision or the end, in the list of its state. Sorts by day, then by how far the state is."""

    on: date
    further: int
    state: str
    source: str
    dossier_id: str
    record_id: str
    reported_on: date
    code: str = ""


class Wrong(NamedTuple):
    """Something was filled in wrong: in which message (empty: the source does not say), by which code (WJ001)."""

    message: str
    code: str


class Record(NamedTuple):
    """A record that a thread is made of."""

    source: str
    dossier_id: str
    record_id: str


class Allocation(NamedTuple):
    """What is granted. `volume` units per `frequency`, each of `tariff_cents`; `budget_cents`: for the whole period;
    `committed_cents`: as a registration adds it up itself. Whatever a source does not say is None."""

    number: str
    product_code: str
    starts_on: date | None
    ends_on: date | None
    volume: int | None
    unit: str | None
    frequency: str | None
    tariff_cents: int | None
    budget_cents: int | None
    committed_cents: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """One source's account of one request. `person`: key of the client. `numbers`: of allocations. `recorded_at`: ISO
    time of the newest that it rests on. `retour_on`, `is_message`: of national messages only. `kind`: new or change."""

    source: str
    is_message: bool
    kind: str
    law: str
    person: str
    state: str
    on: date
    recorded_at: str
    submitted_on: date
    reference: str = ""
    numbers: tuple[str, ...] = ()
    provider_code: str = ""
    provider: str = ""
    product_category: str = ""
    product_code: str = ""
    product: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    retour_on: date | None = None
    reason_code: str = ""
    reason: str = ""
    municipality: str = ""
    steps: tuple[Step, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    missing: tuple[str, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    records: tuple[Record, ...] = ()

    @property
    def rank(self) -> tuple[int, date, str, str]:
        """What decides which of several accounts is the state of the thread: the furthest, of these the newest."""
        return FURTHER.get(self.state, 0), self.on, self.source, self.state

    def first(self, *states: str) -> date | None:
        """The first day on which the request was in one of these states; None: never."""
        return min((step.on for step in self.steps if step.state in states), default=None)

    def last(self, *states: str) -> date | None:
        """The last day on which the request came into one of these states; None: never."""
        return max((step.on for step in self.steps if step.state in states), default=None)
