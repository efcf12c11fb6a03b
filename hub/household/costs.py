"""What is committed: out of allocations, for a stretch of days. Pure, in whole euro cents.

What is committed for a stretch is what is committed up to its last day less what is committed up to the day before its
first: so stretches that follow each other add up to the whole, to the cent, however they are cut.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from hub.household.days import Span, add_days
from hub.household.prices import Prices
from hub.household.requests.claim import Allocation
from hub.household.requests.threads import Thread

_DAYS: Final = {"day": 1, "week": 7}
_EURO_CENTS: Final = 100


class Committed(NamedTuple):
    """`cents`: the sum of what is known. `unknown`: of how many allocations it is not: a tariff or a day lacks."""

    cents: int
    unknown: int


class Balance(NamedTuple):
    """A team's commitments beside its budget; `budget_cents` None: no budget is set for it."""

    team: str
    committed: Committed
    budget_cents: int | None

    @property
    def left_cents(self) -> int | None:
        """What is left; below 0: more is committed than there is. None without a budget."""
        return None if self.budget_cents is None else self.budget_cents - self.committed.cents


def year(day: date) -> Span:
    """The calendar year of a day: budgets are per year."""
    return Span(date(day.year, 1, 1), date(day.year, 12, 31))


def committed(threads: Iterable[Thread], prices: Prices, period: Span) -> Committed:
    """What is committed in a period, over these requests. Help that ended is counted until it did."""
    amounts = [
        allocated(item, prices, period, thread.since if thread.state == "ended" else None)
        for thread in threads
        for item in thread.allocations
    ]
    return Committed(sum(cents for cents in amounts if cents is not None), amounts.count(None))


def balance(team: str, amounts: Iterable[Committed], prices: Prices, period: Span) -> Balance:
    """A team's commitments in a calendar year, over its requests, beside its budget for that year."""
    found = list(amounts)
    total = Committed(sum(item.cents for item in found), sum(item.unknown for item in found))
    return Balance(team, total, prices.budget(team, period.first.year))


def allocated(item: Allocation, prices: Prices, period: Span, ended_on: date | None = None) -> int | None:
    """Euro cents of one allocation in a period; None if they cannot be known.

    An allocation without an end runs on. What is granted for its whole length is spread evenly over its days; what is
    granted per week by the day; per month by the days of that month."""
    if item.starts_on is None:
        return None
    last = min(filter(None, (item.ends_on, ended_on, period.last)))
    first = max(item.starts_on, period.first)
    if last < first:
        return 0
    until = _until(item, prices, last)
    before = _until(item, prices, add_days(first, -1))
    return None if until is None or before is None else until - before


def _until(item: Allocation, prices: Prices, day: date) -> int | None:
    """Committed from the start up to and including a day."""
    assert item.starts_on is not None
    days = max(0, (day - item.starts_on).days + 1)
    whole = _whole(item, prices)
    if whole is not None:
        length = (item.ends_on - item.starts_on).days + 1 if item.ends_on else 0
        return whole * min(days, length) // length if length > 0 else None
    rate = _rate(item, prices)
    if rate is None or item.frequency is None:
        return None
    if item.frequency == "month":
        return _by_month(rate, item.starts_on, day)
    return rate * days // _DAYS[item.frequency]


def _whole(item: Allocation, prices: Prices) -> int | None:
    """What is granted for the whole length, if it is granted so."""
    if item.budget_cents is not None:
        return item.budget_cents
    if item.frequency == "total":
        return _rate(item, prices)
    return item.committed_cents if item.frequency is None or _rate(item, prices) is None else None


def _rate(item: Allocation, prices: Prices) -> int | None:
    """Euro cents per frequency: of what is granted in euros, these; else units times the price of one."""
    if item.volume is None:
        return None
    if item.unit == "euro":
        return item.volume * _EURO_CENTS
    tariff = item.tariff_cents if item.tariff_cents is not None else prices.tariff(item.product_code, item.unit)
    return None if tariff is None else item.volume * tariff


def _by_month(rate: int, first: date, last: date) -> int:
    """A full month is the rate; of a part of one its days count."""
    if last < first:
        return 0
    if (first.year, first.month) == (last.year, last.month):
        return _in_month(rate, first, last)
    end = date(first.year, first.month, monthrange(first.year, first.month)[1])
    full = (last.year - first.year) * 12 + last.month - first.month - 1
    return _in_month(rate, first, end) + full * rate + _in_month(rate, last.replace(day=1), last)


def _in_month(rate: int, first: date, last: date) -> int:
    length = monthrange(first.year, first.month)[1]
    return rate * last.day // length - rate * (first.day - 1) // length
