"""What is committed: whole cents, and stretches that add up."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.household.costs import Balance, Committed, allocated, balance, committed
from hub.household.days import Span
from hub.household.prices import Prices, Product
from hub.household.requests.claim import Allocation
from tests.core.request_facts import asked, followed, granted, registered, started, stopped, thread

pytestmark = pytest.mark.core
PRICES = Prices(
    products={"45A04": Product(nl="ambulante hulp", en="outpatient help", unit="minute", tariff_cents=125)},
    budgets={"Bloemhof": {2026: 5_000_000}, "Carnisse": {2025: 1}},
)
Y2026 = Span(date(2026, 1, 1), date(2026, 12, 31))


def allocation(
    volume: int | None = 240,
    unit: str | None = "minute",
    frequency: str | None = "week",
    *,
    start: date | None = date(2026, 5, 1),
    end: date | None = date(2026, 10, 30),
    tariff: int | None = None,
    budget: int | None = None,
    own: int | None = None,
) -> Allocation:
    return Allocation("1", "45A04", start, end, volume, unit, frequency, tariff, budget, own)


@pytest.mark.parametrize(
    ("item", "cents"),
    [
        (allocation(end=date(2026, 5, 14)), 2 * 240 * 125),
        (allocation(end=date(2026, 5, 3)), 240 * 125 * 3 // 7),
        (allocation(2, "hour", "day", tariff=6900, end=date(2026, 5, 10)), 2 * 6900 * 10),
        (allocation(1, "day", "month", tariff=10_000, start=date(2026, 5, 1), end=date(2026, 7, 31)), 30_000),
        (
            allocation(1, "day", "month", tariff=10_000, start=date(2026, 5, 16), end=date(2026, 7, 10)),
            5162 + 10_000 + 3225,
        ),
        (allocation(500, "euro", "month", start=date(2026, 2, 1), end=date(2026, 2, 28)), 50_000),
        (allocation(10, "hour", "total", tariff=6900), 69_000),
        (allocation(None, None, None, budget=123_456), 123_456),
        (allocation(None, None, None, own=99_999), 99_999),
        (allocation(240, "hour", "week"), None),
        (allocation(start=None), None),
        (allocation(None, None, None, budget=5, end=None), None),
        (allocation(start=date(2027, 1, 1), end=None), 0),
        (allocation(0, "minute", "week", budget=0), 0),
    ],
)
def test_an_allocation_costs_this_within_the_year(item: Allocation, cents: int | None) -> None:
    assert allocated(item, PRICES, Y2026) == cents


def test_without_an_end_it_runs_to_the_end_of_the_period_and_stops_when_help_stopped() -> None:
    item = allocation(7, "hour", "day", tariff=100, start=date(2026, 12, 1), end=None)
    assert allocated(item, PRICES, Y2026) == 31 * 700
    assert allocated(item, PRICES, Y2026, date(2026, 12, 10)) == 10 * 700


ALLOCATIONS = st.builds(
    allocation,
    st.integers(0, 5000),
    st.sampled_from(["minute", "hour", "euro"]),
    st.sampled_from(["day", "week", "month", "total"]),
    start=st.dates(date(2020, 1, 1), date(2028, 1, 1)),
    end=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    tariff=st.integers(0, 100_000),
    budget=st.none() | st.integers(0, 10**8),
)


@given(ALLOCATIONS, st.lists(st.dates(date(2019, 1, 1), date(2031, 1, 1)), min_size=2, max_size=6, unique=True))
def test_stretches_that_follow_each_other_add_up_to_the_cent(item: Allocation, cuts: list[date]) -> None:
    edges = sorted(cuts)
    parts = [allocated(item, PRICES, Span(first, last - timedelta(days=1))) for first, last in pairwise(edges)]
    whole = allocated(item, PRICES, Span(edges[0], edges[-1] - timedelta(days=1)))
    if whole is None or None in parts:
        assert item.ends_on is not None and item.starts_on is not None and item.ends_on < item.starts_on
    else:
        assert whole == sum(part for part in parts if part is not None)
        assert whole >= 0


def test_a_thread_is_committed_until_it_ended() -> None:
    course = [asked("2026-04-01"), granted("2026-04-20", volume=7, unit="minute", frequency="week")]
    assert committed([thread(*course)], PRICES, Y2026) == Committed(7 * 125 * 183 // 7, 0)
    ended = [started("2026-05-04", "2026-05-01"), stopped("2026-05-15", "2026-05-01", "2026-05-14")]
    assert committed([thread(*course, *ended)], PRICES, Y2026) == Committed(14 * 125, 0)


def test_the_tariff_of_a_registration_prices_what_the_messages_grant() -> None:
    granted_hours = granted("2026-04-20", volume=2, unit="hour", frequency="week")
    known = registered("granted", "2026-04-01", reference="V1", allocation_number="700123", tariff_cents=7000)
    assert committed([thread(asked("2026-04-01"), granted_hours)], PRICES, Y2026).unknown == 1
    priced = committed([thread(asked("2026-04-01"), granted_hours, known)], PRICES, Y2026)
    assert priced == Committed(2 * 7000 * 183 // 7, 0)


def test_a_team_s_commitments_stand_beside_its_budget() -> None:
    found = followed(asked("2026-04-01"), granted("2026-04-20", volume=7, unit="minute", frequency="week"))
    cents = 125 * 183
    amount = committed(found, PRICES, Y2026)
    assert balance("bloemhof ", [amount, amount], PRICES, Y2026) == Balance(
        "bloemhof ", Committed(2 * cents, 0), 5_000_000
    )
    assert balance("Carnisse", [], PRICES, Y2026) == Balance("Carnisse", Committed(0, 0), None)
    assert balance("Nieuw", [Committed(5, 1)], PRICES, Y2026).left_cents is None
    assert Balance("b", Committed(7, 0), 5).left_cents == -2
