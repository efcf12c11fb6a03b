"""Requests of many households together: how long they take, and where they lie."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.household.days import add_days
from hub.household.requests.codes import FURTHER, Party
from hub.household.requests.overview import AtParty, InState, Lasting, Measured, OfProduct, measured, overview
from hub.household.workdays import add_workdays, is_workday, workdays_between
from tests.core.request_facts import asked, followed, granted, registered, thread

pytestmark = pytest.mark.core
TODAY = date(2026, 4, 20)
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def test_a_team_sees_how_long_requests_take_and_where_they_lie() -> None:
    found = followed(
        asked("2026-04-01"),
        asked("2026-04-01", number=2, reference="V2"),
        granted("2026-04-11", number=2, reference="V2", allocation_number="2"),
        registered("rejected", "2026-03-02", decided_on="2026-03-23", record_id="A-3"),
        registered("concept", record_id="A-4"),
    )
    seen = overview(measured(item, TODAY) for item in found)
    assert (seen.running, seen.late) == (3, 1)
    assert seen.states == [
        InState("concept", Lasting(1, 34, 34), 0),  # from 1 March, Good Friday and Easter Monday left out
        InState("submitted", Lasting(1, 11, 11), 1),
        InState("granted", Lasting(1, 6, 6), 0),
    ]
    assert seen.products == [OfProduct("45A04", 3, 1, Lasting(2, 5, 15))]
    assert seen.parties == [
        AtParty("municipality", 1, 1),
        AtParty("provider", 1, 0),
        AtParty("team", 1, 0),
    ]
    assert overview([]) == (0, 0, [], [], [])


def test_a_decision_of_longer_ago_than_a_year_tells_nothing_of_now() -> None:
    old = thread(registered("rejected", "2025-03-02", decided_on="2025-04-18"))
    assert measured(old, TODAY).taken is None
    assert measured(old, date(2026, 4, 19)).taken == 34


@given(DAYS, st.integers(0, 300))
def test_between_a_day_and_so_many_working_days_later_lie_so_many(day: date, number: int) -> None:
    later = add_workdays(day, number)
    assert workdays_between(day, later) == number
    if not is_workday(add_days(later, 1)):
        assert workdays_between(day, add_days(later, 1)) == number


def test_nothing_lies_between_a_day_and_an_earlier_one_and_a_wild_year_costs_nothing() -> None:
    assert workdays_between(TODAY, date(2026, 4, 1)) == workdays_between(TODAY, TODAY) == 0
    assert workdays_between(date.min, TODAY) == workdays_between(date(1800, 1, 1), TODAY)
    assert workdays_between(TODAY, date.max) > 0


MEASURES = st.builds(
    Measured,
    st.sampled_from(["45A04", "02A03", ""]),
    st.sampled_from(list(FURTHER)),
    st.sampled_from([party.value for party in Party]),
    st.booleans(),
    st.integers(0, 400),
    st.none() | st.integers(0, 400),
)


@given(st.lists(MEASURES, max_size=12))
def test_every_request_is_counted_once_in_any_order(items: list[Measured]) -> None:
    seen = overview(items)
    assert seen == overview(sorted(items, key=repr))
    assert seen.running == sum(item.so_far.number for item in seen.states) == sum(it.number for it in seen.parties)
    assert seen.running == sum(item.running for item in seen.products)
    assert seen.late == sum(it.late for it in seen.states) == sum(it.late for it in seen.products)
    for lasting in [*(it.so_far for it in seen.states), *(it.to_decision for it in seen.products)]:
        assert (lasting.median is None) == (lasting.longest is None) == (lasting.number == 0)
        assert lasting.number == 0 or (lasting.median or 0) <= (lasting.longest or 0)
