"""A day in a body is a day that was written as one."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from hub.desk.models import HouseholdSearch
from hub.events.day import Day

DAY = TypeAdapter(Day)


@pytest.mark.parametrize("written", ["2026-02-28", date(2026, 2, 28)])
def test_a_day_is_taken_as_it_is_written(written: object) -> None:
    assert DAY.validate_python(written) == date(2026, 2, 28)


@pytest.mark.parametrize(
    "written",
    [0, 2.6025379994488208e-219, True, "0", "1493979010", "20260228", "2026-02-28T00:00:00", "2026-02-30", ""],
)
def test_what_only_might_be_meant_as_a_day_is_refused(written: object) -> None:
    """Found by the fuzzed API: a search for somebody born 2.6e-219 was answered, of 1 January 1970."""
    with pytest.raises(ValidationError):
        DAY.validate_python(written)
    with pytest.raises(ValidationError):
        HouseholdSearch.model_validate({"birth_date": written})
