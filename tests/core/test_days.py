"""Months, birthdays and working days, at their edges."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.household.days import add_days, add_months, birthday, born_within, local_day, parse_day
from hub.household.workdays import add_workdays, holidays_of, is_workday, workday_from


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-03-10", 6, "2026-09-10"),
        ("2025-08-31", 6, "2026-02-28"),
        ("2023-08-31", 6, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2025-12-31", 2, "2026-02-28"),
        ("2026-01-15", -1, "2025-12-15"),
        ("9999-11-30", 6, "9999-12-31"),
    ],
)
def test_months_end_on_the_same_day_or_the_last_of_a_shorter_month(start: str, months: int, end: str) -> None:
    assert add_months(day(start), months) == day(end)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)), st.integers(0, 120))
def test_months_never_skip_one(start: date, months: int) -> None:
    end = add_months(start, months)
    assert (end.year - start.year) * 12 + end.month - start.month == months
    assert end.day in (start.day, (end + timedelta(days=1)).day + end.day - 1)


def test_born_on_29_february_one_comes_of_age_on_1_march() -> None:
    assert birthday(date(2008, 2, 29), 18) == date(2026, 3, 1)
    assert birthday(date(2008, 2, 29), 20) == date(2028, 2, 29)
    assert birthday(date(2008, 2, 28), 18) == date(2026, 2, 28)
    assert birthday(date(9990, 1, 1), 18) == date.max


@pytest.mark.parametrize(
    ("stated", "first", "last"),
    [
        ("2008-02-29", "2008-02-29", "2008-02-29"),
        ("2008-02", "2008-02-01", "2008-02-29"),
        ("2008", "2008-01-01", "2008-12-31"),
    ],
)
def test_a_partial_birth_date_is_a_span(stated: str, first: str, last: str) -> None:
    assert born_within(stated) == (day(first), day(last))


@pytest.mark.parametrize("stated", ["", "0000", "2008-13", "2008-02-30", "gisteren", "-"])
def test_what_is_no_birth_date_is_none(stated: str) -> None:
    assert born_within(stated) is None


@pytest.mark.parametrize("stated", [None, 5, "", "2026-02-30", "morgen", ["2026-01-01"]])
def test_what_is_no_day_is_none(stated: object) -> None:
    assert parse_day(stated) is None


def test_a_moment_falls_on_the_dutch_day() -> None:
    assert local_day("2026-03-01T22:59:00.000000Z") == date(2026, 3, 1)
    assert local_day("2026-03-01T23:00:00.000000Z") == date(2026, 3, 2)
    assert local_day("2026-07-01T22:00:00.000000Z") == date(2026, 7, 2)
    assert local_day("9999-12-31T23:59:00.000000Z") == date(9999, 12, 31)


def test_days_end_where_days_end() -> None:
    assert add_days(date.max, 1) == date.max
    assert add_days(date.min, -1) == date.min
    assert add_workdays(date(9999, 12, 30), 20) == date.max


def test_the_holidays_are_those_of_the_law() -> None:
    expected = "01-01 04-03 04-05 04-06 04-27 05-05 05-14 05-24 05-25 12-25 12-26"
    assert " ".join(f"{found:%m-%d}" for found in sorted(holidays_of(2026))) == expected


@pytest.mark.parametrize(
    ("start", "number", "end"),
    [
        ("2026-03-02", 5, "2026-03-09"),  # Monday to Monday: the day itself does not count
        ("2026-03-06", 5, "2026-03-13"),
        ("2026-03-07", 5, "2026-03-13"),  # from a Saturday the Monday is the first
        ("2025-12-19", 5, "2025-12-30"),  # both days of Christmas
        ("2026-04-24", 5, "2026-05-04"),  # King's Day, a Monday
        ("2025-04-25", 5, "2025-05-02"),  # King's Day on Saturday the 26th, for the 27th is a Sunday
        ("2026-04-01", 5, "2026-04-10"),  # Good Friday and Easter Monday
        ("2026-05-04", 1, "2026-05-06"),  # 5 May, every year
        ("2026-12-24", 1, "2026-12-28"),
        ("2026-12-31", 1, "2027-01-04"),
        ("2026-03-02", 0, "2026-03-02"),
    ],
)
def test_working_days_are_counted_after_the_day_itself(start: str, number: int, end: str) -> None:
    assert add_workdays(day(start), number) == day(end)


def test_a_term_that_ends_on_a_free_day_ends_on_the_next_working_day() -> None:
    assert workday_from(day("2026-04-03")) == day("2026-04-07")
    assert workday_from(day("2026-04-02")) == day("2026-04-02")


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2100, 1, 1)), st.integers(1, 60))
def test_so_many_working_days_lie_between(start: date, number: int) -> None:
    end = add_workdays(start, number)
    between = [add_days(start, step) for step in range(1, (end - start).days + 1)]
    assert sum(map(is_workday, between)) == number
    assert is_workday(end)
