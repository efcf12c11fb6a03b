"""Working days in the Netherlands: not Saturday, not Sunday, not a generally recognised holiday.

Source: Algemene termijnenwet, article 3: New Year, Easter Monday, Ascension, Whit Monday, both days of Christmas,
King's Day, 5 May (every year), and Good Friday, which counts as one. Single days that are made equal to a holiday by
royal decree (as the Friday after Ascension often is) are no part of it: they are decided a few years at a time.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

from holidays import OPTIONAL, PUBLIC, country_holidays

from hub.household.days import add_days

_SATURDAY: Final = 5
_WEEK: Final = 7
_LONGEST_DAYS: Final = 3_653
_YEARS_KEPT: Final = 64


@lru_cache(maxsize=_YEARS_KEPT)
def holidays_of(year: int) -> frozenset[date]:
    """The recognised holidays of a year. `OPTIONAL` adds Good Friday and 5 May to what is free for everybody."""
    return frozenset(country_holidays("NL", years=year, categories=(PUBLIC, OPTIONAL)))


def is_workday(day: date) -> bool:
    """Whether a day is a working day."""
    return day.weekday() < _SATURDAY and day not in holidays_of(day.year)


def workday_from(day: date) -> date:
    """The day itself if it is a working day, else the first one after it (Algemene termijnenwet, article 1)."""
    while not is_workday(day) and day < date.max:
        day = add_days(day, 1)
    return day


def add_workdays(day: date, number: int) -> date:
    """The last of so many working days after a day. The day itself does not count, whether or not it is one."""
    for _ in range(number):
        day = workday_from(add_days(day, 1))
    return day


def workdays_between(day: date, until: date) -> int:
    """How many working days lie after a day, up to and including another: what `add_workdays` adds; 0 if none do. Of a
    stretch of more than ten years those of its last ten: a source may write any year, and each has to be looked up."""
    day = max(day, add_days(until, -_LONGEST_DAYS))
    whole_weeks, rest = divmod(max(0, (until - day).days), _WEEK)
    found = whole_weeks * _SATURDAY + sum((day.weekday() + number) % _WEEK < _SATURDAY for number in range(1, rest + 1))
    free = (item for year in range(day.year, until.year + 1) for item in holidays_of(year))
    return found - sum(day < item <= until and item.weekday() < _SATURDAY for item in free)
