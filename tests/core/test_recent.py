"""What was wrong lately, remembered from look to look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ops.picture import Picture, picture
from hub.ops.recent import LARGEST, REMEMBERED, Past, remembered
from tests.core.test_status import COMPLETE, NOW, heartbeat, measured

pytestmark = pytest.mark.core


def look(minutes: int, **changed: Any) -> Picture:
    at = NOW + timedelta(minutes=minutes)
    times = dict.fromkeys(("reported_at", "polled_at", "caught_up_at"), at)
    return picture(measured(heartbeat(**{"completeness": COMPLETE | {"checked_at": at}} | times | changed), at=at))


def after(*looks: Picture) -> tuple[Past, ...]:
    found: tuple[Past, ...] = ()
    for shown in looks:
        found = remembered(found, shown)
    return found


def test_what_is_over_is_remembered_with_when_it_was_and_how_often() -> None:
    down = {"state": "degraded", "message": "503"}
    (past,) = after(look(0), look(1, **down), look(2, **down), look(3), look(4))
    assert (past.what, past.since, past.until, past.times) == (
        ("zcd", "not_reached"), NOW + timedelta(minutes=1), NOW + timedelta(minutes=3), 1,
    )  # fmt: skip
    assert "503" in past.finding.what
    (again,) = after(look(1, **down), look(2), look(3, **down))
    assert (again.since, again.until, again.times) == (NOW + timedelta(minutes=3), None, 2)


def test_a_look_that_sees_nothing_ends_nothing() -> None:
    blind = picture(measured(flow=None, log_problem="Nothing answers.", at=NOW + timedelta(minutes=5)))
    found = after(look(1, state="degraded"), blind)
    assert {past.what: past.until for past in found} == {("zcd", "not_reached"): None, ("log", "log"): None}
    ended = {past.what: past.until for past in remembered(found, look(6))}
    assert set(ended.values()) == {NOW + timedelta(minutes=6)}


def test_it_is_forgotten_after_a_day() -> None:
    day = int(REMEMBERED.total_seconds() // 60)
    down = look(0, state="paused", message="why")
    assert after(down, look(1), look(1 + day))
    assert not after(down, look(1), look(2 + day))


@given(st.lists(st.sampled_from(["running", "degraded", "paused", "stopped"]), max_size=30))
def test_it_says_what_is_so_now_and_grows_no_further_than_kinds(states: list[str]) -> None:
    found: tuple[Past, ...] = ()
    for minute, state in enumerate(states):
        shown = look(minute, state=state, message="why")
        found = remembered(found, shown)
        assert {past.what for past in found if past.until is None} == {(i.where, i.kind) for i in shown.findings}
        assert len({past.what for past in found}) == len(found) <= LARGEST
        assert all(past.until is None or past.since <= past.until <= shown.at for past in found)
