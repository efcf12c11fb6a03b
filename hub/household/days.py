"""Reckoning with days as the law does: months, birthdays, and the day that a moment falls on in the Netherlands."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

TIME_ZONE: Final = ZoneInfo("Europe/Amsterdam")


class Span(NamedTuple):
    """From the first to the last day, both included."""

    first: date
    last: date


def parse_day(value: object) -> date | None:
    """The day of an ISO text; None for anything else: a source may write what is no day."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def local_day(iso_time: str) -> date:
    """The day on which a moment (ISO 8601, with its zone) falls in the Netherlands."""
    moment = datetime.fromisoformat(iso_time)
    try:
        return moment.astimezone(TIME_ZONE).date()
    except OverflowError:  # the last hours of the year 9999
        return moment.date()


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day if it is shorter: 31 August and 6 months is 28 February.

    Ends at the last day there is (year 9999): a source may write a day that far.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_days(day: date, days: int) -> date:
    """A later (or, with a negative number, earlier) day, within the days there are."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def birthday(born: date, years: int) -> date:
    """The day on which somebody reaches an age. Born on 29 February: on 1 March of a year that has none, for only then
    are the years full (Burgerlijk Wetboek 1:233 speaks of the age that is reached)."""
    if born.year + years > date.max.year:
        return date.max
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def born_within(stated: str) -> Span | None:
    """The days on which somebody may have been born, of a birth date whose parts may be unknown (YYYY, YYYY-MM,
    YYYY-MM-DD). None for what is no date."""
    parts = stated.split("-")
    try:
        numbers = [int(part) for part in parts]
        first = date(numbers[0], *[*numbers, 1, 1][1:3])
    except ValueError:
        return None
    if len(parts) == 3:
        return Span(first, first)
    last_month = first.month if len(parts) == 2 else 12
    return Span(first, date(first.year, last_month, monthrange(first.year, last_month)[1]))
