"""Households out of the hub agree with those of the official test person lists; every difference has its cause."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from hub.demo import oracle
from hub.demo.reference import answer
from tests.brp.agreement import Cause, Kind, Report, compare, listed, table
from tests.brp.conftest import SLOW_SECONDS, Hub, written_by
from tests.brp.derived import derive
from tests.brp.lists import LISTS_END, Population
from tests.brp.registrations import Registrations, write_files

pytestmark = pytest.mark.timeout(SLOW_SECONDS)

DAYS: Final = (*(date(year, 12, 31) for year in (1995, 2015)), LISTS_END)

EXPECTED: Final = {
    (Kind.APART, Cause.UNREADABLE): 17,
    (Kind.NAMED, Cause.LEFT_UNNOTICED): 4,
    (Kind.NAMED, Cause.NAMED_WITHOUT_BSN): 1,
    (Kind.NAMED, Cause.UNREADABLE): 2,
    (Kind.TOGETHER, Cause.ADDRESS_UNKNOWN): 5,
    (Kind.TOGETHER, Cause.ONE_BSN_TWO_LISTS): 5,
}
"""At the end. The README explains each."""


@pytest.fixture(scope="module")
def report_on(
    population: Population, recorded: Registrations, hub_on: Callable[[date], Hub]
) -> Callable[[date], Report]:
    """The agreement on a day."""

    @cache
    def on(day: date) -> Report:
        return compare(population, derive(population, day), written_by(recorded, day), hub_on(day).documents)

    return on


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_hub_and_lists_agree_and_no_difference_is_unexplained(day: date, report_on: Callable[[date], Report]) -> None:
    report = report_on(day)
    assert [difference for difference in report.differences if difference.cause is None] == []
    assert report.same >= 0.96 * report.households
    assert report.persons >= 400


def test_at_the_end_they_differ_for_known_causes_only(report_on: Callable[[date], Report], tmp_path: Path) -> None:
    """The table and every difference: in a file, and under `-rA`."""
    reports = {day: report_on(day) for day in DAYS}
    text = f"{table(reports)}\n\n{listed(reports)}\n"
    (tmp_path / "agreement.md").write_text(text, encoding="utf-8")
    print(text)
    assert reports[LISTS_END].causes == EXPECTED


def doctored(hub: Hub, first: str, second: str) -> list[dict[str, Any]]:
    """What the hub would hold if it had put all dossiers of the one household into the other; `second` "": if each
    dossier of the first were a household of its own."""
    kept = [copy.deepcopy(document) for document in hub.documents if document["household_id"] != first]
    (moved,) = [document for document in hub.documents if document["household_id"] == first]
    if second:
        (grown,) = [document for document in kept if document["household_id"] == second]
        grown["dossiers"] += moved["dossiers"]
        return kept
    return kept + [
        {**moved, "household_id": item["dossier_id"], "status": item["status"], "dossiers": [item]}
        for item in moved["dossiers"]
    ]


def open_dossiers(document: dict[str, Any]) -> list[Any]:
    return [item for item in document["dossiers"] if item["status"] == "open"]


def test_a_wrong_household_would_be_found(population: Population, recorded: Registrations, hub: Hub) -> None:
    derived, written = derive(population, LISTS_END), written_by(recorded, LISTS_END)
    by_id = {document["household_id"]: document for document in hub.documents if document["status"] == "open"}
    single = sorted(home for home, d in by_id.items() if len(d["members"]) == len(d["dossiers"]) == 1)
    family = min(home for home, d in by_id.items() if len(d["members"]) == 3 == len(open_dossiers(d)))
    for wrong in (doctored(hub, family, ""), doctored(hub, single[0], single[1]), doctored(hub, single[0], family)):
        found = compare(population, derived, written, wrong)
        assert [difference for difference in found.differences if difference.cause is None]


def test_the_reference_derives_the_same_households_as_the_stream(
    recorded: Registrations, hub: Hub, tmp_path: Path
) -> None:
    """By way of the files that `regiehub demo --from` takes."""
    write_files(recorded.changes, tmp_path)
    lines = {source: (tmp_path / f"{source}.jsonl").read_bytes().split(b"\n") for source in ("zcd", "menscentraal")}
    found = answer(lines["zcd"], lines["menscentraal"])
    assert oracle.compare(hub.documents, found) == []
    assert sum(found.summary["dead_letters"].values()) == hub.unreadable > 0


def test_nothing_of_the_lists_is_kept_in_the_project(population: Population) -> None:
    """They are read where they are, and a file of ours names neither a BSN nor a list of theirs."""
    ours = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.[pm][yd]")]
    theirs = {name for person in population.lists for name in (person.id, person.bsn, person.a_number) if name}
    assert len(ours) > 5
    assert not [name for name in theirs if any(name in text for text in ours)]
