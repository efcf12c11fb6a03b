"""The requests for help of many households."""

from __future__ import annotations

from datetime import date

from hub.desk.models.lists import Links
from hub.desk.models.shared import Body
from hub.desk.thread_models import CommittedCost, Next


class Lasting(Body):
    """How long something lasts, over `number` requests: the middle one and the longest, in working days."""

    number: int
    median: int | None
    longest: int | None


class InState(Body):
    """Requests that are in a state now. `late`: past a day that is due."""

    state: str
    so_far: Lasting
    late: int


class OfProduct(Body):
    """Requests for a product. `running`: not at their end; `to_decision`: of those decided within a year."""

    product_code: str
    product: str
    running: int
    late: int
    to_decision: Lasting


class AtParty(Body):
    """Requests that wait for somebody."""

    party: str
    number: int
    late: int


class RequestOverview(Body):
    """How long requests take and where they lie: of all that you may see, whatever was filtered."""

    running: int
    late: int
    states: list[InState]
    products: list[OfProduct]
    parties: list[AtParty]


class RequestRow(Body):
    """One request. `key`: that of its thread in the household. `waited_workdays`: in its present state;
    `decided_in_workdays`: from request to decision."""

    household_id: str
    link: str
    title: str
    key: str
    product_code: str
    product: str
    provider: str
    state: str
    since: date
    submitted_on: date
    next: Next
    waited_workdays: int
    decided_in_workdays: int | None
    committed: CommittedCost


class RequestPage(Body):
    """One page of the requests, late ones first. `withheld_teams`: yours that have requests which you may not see;
    `complete` is false if you direct more households than are looked at."""

    count: int
    page: int
    page_size: int
    links: Links
    overview: RequestOverview
    withheld_teams: list[str]
    complete: bool
    requests: list[RequestRow]
