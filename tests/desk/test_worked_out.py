"""What was worked out of a household for the lists is what a read of it that day shows; of no other day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain, repeat

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlalchemy import select, update

from hub.desk import readmodel, worked_out
from hub.desk.caseload.writing import Attending, lines_of
from hub.desk.insight import Whole
from hub.desk.projector import apply_views
from hub.desk.tables import cases
from hub.desk.worked_out import Kept, WorkedOut
from hub.household.attention.point import Rule, SourceState
from hub.household.attention.points import attention_points
from hub.household.attention.terms import Terms
from hub.household.document_shape import Document, RecordEntry
from hub.household.requests.threads import threads
from tests.core.attention_facts import TROUBLE, dossier, full, goal, household, person, request, snooze
from tests.core.request_facts import answered, asked, confirmed, granted, started, with_messages
from tests.desk.conftest import NOW, Desk
from tests.desk.family import family
from tests.desk.test_attention import all_well, points, snoozed
from tests.desk.test_insight import CLIENT, RECORDS
from tests.desk.test_insight import with_messages as of_three_dossiers

STAMP = "today"
YESTERDAY = Attending(now=lambda: NOW - timedelta(days=1))
OTHER_TERMS = Attending(Terms(no_shows=5), now=lambda: NOW)


def read_again(found: WorkedOut) -> WorkedOut | None:
    return worked_out.read(Kept(STAMP, worked_out.as_json(found)), STAMP)


@given(st.lists(CLIENT, min_size=3, max_size=3), st.lists(RECORDS, max_size=8), st.dates(date(2026, 1, 1)))
def test_what_is_kept_is_read_as_it_was_worked_out(clients: list[str], records: list[RecordEntry], today: date) -> None:
    found = Whole(of_three_dossiers(clients, records, [None] * 3), today, Terms()).worked_out
    assert read_again(found) == found


ASKED = [asked("2026-03-02"), confirmed("2026-03-03")]
BORN = person("p-bas", "2009-01-01")
EACH: Mapping[str, tuple[Document, date]] = {
    "nearly everything": (full(), date(2026, 7, 1)),
    "closed": (household([dossier(opened="2025-01-01", closed="2025-11-30")]), date(2026, 3, 20)),
    "reached": (household(records=[goal(status="achieved"), request("started", "2026-01-01")]), date(2026, 3, 20)),
    "growing up": (household(members=[BORN]), date(2026, 3, 20)),
    "messages": (
        with_messages(
            [asked("2026-03-02"), confirmed("2026-03-03"), granted("2026-03-05"), started("2026-05-02", "2026-05-01")]
        ),
        date(2026, 5, 20),
    ),
    "wrong": (with_messages([asked("2026-03-02"), confirmed("2026-03-03", "S329")]), date(2026, 5, 20)),
    "rejected": (with_messages([asked("2026-03-02"), answered("2026-03-05", "rejected")]), date(2026, 5, 20)),
    "no day": (with_messages([asked("none")]), date(2026, 5, 20)),
}
Trouble = Sequence[SourceState]
TERMS = Terms(no_show_days=365)


def worked(
    document: Document, today: date, kept: WorkedOut | None = None, sources: Sequence[SourceState] = ()
) -> Whole:
    return Whole(document, today, TERMS, tuple(sources), kept)


def with_snoozes(document: Document, today: date) -> Document:
    """Each of its points is put off."""
    found = attention_points(document, today, TERMS)
    return {**document, "records": [*document["records"], *(snooze(point, "2030-01-01") for point in found)]}


def test_what_is_read_again_below_is_of_every_rule_and_every_course() -> None:
    found = [worked(*item).worked_out for item in EACH.values()]
    assert {point.rule for item in found for point in item.points} == set(Rule) - {Rule.SOURCE}
    courses = [thread for item in found for thread in item.threads]
    for part in ("accounts", "steps", "decision", "wrong", "missing", "owed", "allocations", "records", "numbers"):
        assert any(getattr(thread, part) for thread in courses), part
    assert any(thread.submitted_on == date.min for thread in courses)


@pytest.mark.parametrize("sources", [(), TROUBLE], ids=["all well", "trouble"])
@pytest.mark.parametrize("put_off", [False, True])
@pytest.mark.parametrize("name", EACH)
def test_what_is_kept_and_the_sources_of_now_are_the_points_of_now(name: str, put_off: bool, sources: Trouble) -> None:
    document, today = EACH[name]
    document = with_snoozes(document, today) if put_off else document
    found = worked(document, today).worked_out
    kept = read_again(found)
    assert kept == found
    assert kept is not None
    assert all(point.snooze for point in kept.points) or not put_off
    again = worked(document, today, kept, sources)
    assert again.points == attention_points(document, today, TERMS, sources)
    assert again.threads == threads(document, today, TERMS)


def test_a_line_is_stamped_with_the_day_that_it_was_worked_out_for(home: str, desk: Desk) -> None:
    """Midnight comes between any two looks at the clock."""
    before = datetime(2026, 3, 1, 22, 59, 59, 999_000, tzinfo=UTC)
    clock = chain([before], repeat(before + timedelta(milliseconds=1)))
    with desk.engine.connect() as connection:
        document = readmodel.load(connection, home)
    assert document is not None
    (row,) = lines_of({home: document}, Attending(now=lambda: next(clock)))[home]["cases"]
    assert row["stamp"] == Attending().stamp_of(date(2026, 3, 1))
    content = row["worked_out"]
    assert isinstance(content, bytes)
    kept = worked_out.read(Kept("", readmodel.unpacked(content)), "")
    assert kept == Whole(document, date(2026, 3, 1), Terms()).worked_out


def stand(desk: Desk, home: str) -> tuple[str, WorkedOut | None]:
    with desk.engine.connect() as connection:
        found = readmodel.held(connection, home)
    assert found is not None
    return found.kept.stamp, worked_out.read(found.kept, found.kept.stamp)


def test_a_read_shows_what_is_kept_of_this_day(home: str, desk: Desk, director: TestClient) -> None:
    all_well(desk)
    expected = points(director, home)
    stamp, kept = stand(desk, home)
    assert kept is not None
    assert stamp == desk.site.attending.stamp_of(NOW.date())
    assert len(kept.points) == len(expected) > 0
    put_in(desk, kept._replace(points=kept.points[:1]))
    assert points(director, home) == expected[:1]


def put_in(desk: Desk, found: WorkedOut) -> None:
    content = readmodel.packed(worked_out.as_json(found))
    with desk.engine.begin() as connection:
        connection.execute(update(cases).values(worked_out=content))


@pytest.mark.parametrize("stamp", ["", YESTERDAY.stamp_of(YESTERDAY.today), OTHER_TERMS.stamp_of(NOW.date())])
def test_what_is_kept_of_another_day_or_other_terms_is_worked_out_anew(
    stamp: str, home: str, desk: Desk, director: TestClient
) -> None:
    all_well(desk)
    expected = points(director, home)
    put_in(desk, WorkedOut([], []))
    assert points(director, home) == []
    with desk.engine.begin() as connection:
        connection.execute(update(cases).values(stamp=stamp))
    assert points(director, home) == expected


def test_of_a_household_whose_line_is_written_later_nothing_old_is_shown(
    home: str, desk: Desk, director: TestClient
) -> None:
    (wanted,) = (item for item in points(director, home) if item["rule"] == "unconfirmed_identity")
    key, value = family(label=2, extra=[snoozed(wanted, "2026-03-10")])
    with desk.engine.begin() as connection:
        apply_views(connection, [(key.encode(), value)], Attending(now=lambda: NOW), lines_later=True)
        assert list(connection.scalars(select(cases.c.stamp))) == [""]
    (found,) = (item for item in points(director, home) if item["rule"] == "unconfirmed_identity")
    assert (wanted["hidden"], found["hidden"]) == (False, True)


def test_another_shape_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = worked_out.shape()
    monkeypatch.setattr(worked_out, "_FORM", TypeAdapter(tuple[WorkedOut, int]))
    assert worked_out.shape() != before
