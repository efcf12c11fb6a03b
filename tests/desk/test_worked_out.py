"""What was worked out of a household for the lists is what a read of it that day shows; of no other day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from hub.desk import readmodel, worked_out
from hub.desk.caseload.writing import Attending
from hub.desk.insight import Whole
from hub.desk.projector import apply_views
from hub.desk.tables import cases
from hub.desk.worked_out import Kept, WorkedOut
from hub.household.attention.points import attention_points
from hub.household.attention.terms import Terms
from hub.household.document_shape import Document, RecordEntry
from hub.household.requests.threads import threads
from tests.core.attention_facts import TROUBLE, full, snooze
from tests.desk.conftest import NOW, Desk
from tests.desk.family import family
from tests.desk.test_attention import all_well, points, snoozed
from tests.desk.test_insight import CLIENT, RECORDS, with_messages

STAMP = "today"
YESTERDAY = Attending(now=lambda: NOW - timedelta(days=1))
OTHER_TERMS = Attending(Terms(no_shows=5), now=lambda: NOW)


def read_again(found: WorkedOut) -> WorkedOut | None:
    return worked_out.read(Kept(STAMP, worked_out.as_json(found)), STAMP)


@given(st.lists(CLIENT, min_size=3, max_size=3), st.lists(RECORDS, max_size=8), st.dates(date(2026, 1, 1)))
def test_what_is_kept_is_read_as_it_was_worked_out(clients: list[str], records: list[RecordEntry], today: date) -> None:
    found = Whole(with_messages(clients, records, [None] * 3), today, Terms()).worked_out
    assert read_again(found) == found


def with_snoozes(document: Document) -> Document:
    """Each of its points is put off."""
    found = attention_points(document, NOW.date(), Terms())
    return {**document, "records": [*document["records"], *(snooze(point, "2030-01-01") for point in found)]}


def test_with_every_kind_of_point_and_what_was_said_of_it() -> None:
    found, put_off = (Whole(document, NOW.date(), Terms()).worked_out for document in (full(), with_snoozes(full())))
    assert read_again(found) == found
    assert read_again(put_off) == put_off
    assert all(point.snooze for point in put_off.points)


@pytest.mark.parametrize("sources", [(), TROUBLE])
@pytest.mark.parametrize("document", [full(), with_snoozes(full())], ids=["as it is", "put off"])
def test_what_is_kept_and_the_sources_of_now_are_the_points_of_now(document: Document, sources: Any) -> None:
    today = NOW.date()
    kept = read_again(Whole(document, today, Terms()).worked_out)
    found = Whole(document, today, Terms(), tuple(sources), kept)
    assert found.points == attention_points(document, today, Terms(), sources)
    assert found.threads == threads(document, today, Terms())


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
    assert stamp == desk.site.attending.stamp
    assert len(kept.points) == len(expected) > 0
    put_in(desk, kept._replace(points=kept.points[:1]))
    assert points(director, home) == expected[:1]


def put_in(desk: Desk, found: WorkedOut) -> None:
    content = readmodel.packed(worked_out.as_json(found))
    with desk.engine.begin() as connection:
        connection.execute(update(cases).values(worked_out=content))


@pytest.mark.parametrize("stamp", ["", YESTERDAY.stamp, OTHER_TERMS.stamp])
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
