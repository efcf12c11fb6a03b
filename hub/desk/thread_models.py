"""The threads of requests as the description of the API (OpenAPI) states them."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Account(_Body):
    """Where a request is according to one source."""

    source: str
    state: str
    on: date
    recorded_at: datetime


class Step(_Body):
    """The request came into a state. `reported_on`: when that was said; `code`: of a decision, an end or a retour."""

    on: date
    state: str
    source: str
    dossier_id: str
    record_id: str
    reported_on: date
    code: str


class ThreadDecision(_Body):
    """`outcome`: granted or rejected. `code`: WJ759. `municipality`: the one that is to pay, if another."""

    outcome: str
    on: date
    code: str
    text: str
    municipality: str


class Wrong(_Body):
    """What was filled in wrong. `message`: number of the national message, empty if not known; `code`: WJ001."""

    message: str
    code: str


class Next(_Body):
    """Who has to act. `due`: the last day, null if no clock runs. `late`: that day has passed."""

    party: str
    due: date | None
    late: bool


class Owed(_Body):
    """One clock. `due`: the last day in time; `met_on`: when it was done, null if not. `late`: it is or was so."""

    duty: str
    party: str
    due: date
    met_on: date | None
    late: bool


class Allocation(_Body):
    """What is granted: `volume` units per `frequency`; `budget_cents`: for the whole period."""

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


class CommittedCost(_Body):
    """Euro cents within a calendar year; `unknown`: allocations that could not be added up."""

    year: int
    cents: int
    unknown: int


class ThreadRecord(_Body):
    """A record that the thread is made of: one of `records`."""

    source: str
    dossier_id: str
    record_id: str


class Thread(_Body):
    """All that is known of one request for specialist help. Texts are empty where no source states them. `state`: the
    furthest of `accounts`; `differs`: they are not equally far. `law`: jw (Jeugdwet) or wmo. `kind`: new, or change."""

    key: str
    kind: str
    law: str
    persons: list[str]
    product_code: str
    product: str
    provider_code: str
    provider: str
    reference: str
    allocation_numbers: list[str]
    submitted_on: date
    state: str
    since: date
    accounts: list[Account]
    differs: bool
    steps: list[Step]
    decision: ThreadDecision | None
    wrong: list[Wrong]
    missing: list[str]
    next: Next
    owed: list[Owed]
    allocations: list[Allocation]
    committed: CommittedCost
    records: list[ThreadRecord]
