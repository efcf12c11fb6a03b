"""What every read asks beside its household is asked seldom, and never of another day."""

from __future__ import annotations

from datetime import timedelta

from hub.desk.projector import Consumed, apply_list
from hub.desk.surroundings import Surroundings
from hub.events.topics import SOURCES
from tests.desk.conftest import NOW, Desk
from tests.desk.views import source_status


def reported(desk: Desk, source: str) -> None:
    apply_list(desk.engine, [Consumed(SOURCES, 0, 0, b"k", source_status(source, reported_at=NOW))], [])


def test_what_was_found_is_told_for_so_long_and_of_that_day_alone(desk: Desk) -> None:
    seconds, today = [0.0], NOW.date()
    found = Surroundings(desk.engine, 1.0, lambda: seconds[0])
    assert not found.on(today).statuses
    reported(desk, "zcd")
    seconds[0] = 0.99
    assert not found.on(today).statuses
    assert [item["source"] for item in found.on(today + timedelta(days=1)).statuses] == ["zcd"]
    reported(desk, "menscentraal")
    seconds[0] = 1.99
    assert len(found.on(today + timedelta(days=1)).statuses) == 2


def test_without_such_a_time_it_is_asked_anew_each_time(desk: Desk) -> None:
    found = Surroundings(desk.engine, clock=lambda: 0.0)
    assert not found.on(NOW.date()).statuses
    reported(desk, "zcd")
    assert len(found.on(NOW.date()).statuses) == 1
