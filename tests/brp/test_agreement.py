"""Households out of the hub agree with those of the official test person lists; every difference has its cause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from hub.demo import oracle
from hub.demo.reference import answer
from tests.brp.agreement import Report, compare, table
from tests.brp.conftest import Hub, written_by
from tests.brp.derived import derive
from tests.brp.lists import LISTS_END, Population
from tests.brp.registrations import Registrations, write_files

DAYS = (*(date(year, 12, 31) for year in (1980, 1995, 2005, 2015)), LISTS_END)


@pytest.fixture(scope="session")
def reports(
    population: Population,
    recorded: Registrations,
    hub_on: Callable[[date], Hub],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[date, Report]:
    """The agreement on each day; also as a file."""
    found = {
        day: compare(population, derive(population, day), written_by(recorded, day), hub_on(day).documents)
        for day in DAYS
    }
    (tmp_path_factory.mktemp("brp") / "agreement.md").write_text(table(found), encoding="utf-8")
    return found


def test_show(reports: dict[date, Report]) -> None:
    print(table(reports))
    for day, report in reports.items():
        for x in report.differences:
            print(day, x)
    assert False
