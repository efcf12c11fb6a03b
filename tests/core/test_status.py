"""What `regiehub status` makes of what was measured; dead letters as the log tells them; a steady pace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.ingest.pace import Pace
from hub.events.codec import encode
from hub.events.topics import COMPOSITIONS, SOURCES, VIEWS
from hub.ops.flow import Flow, Hop
from hub.ops.letters import Wanted, fold
from hub.ops.status import Level, Measured, age_seconds, findings, in_words, is_healthy, rates, skew_seconds

pytestmark = pytest.mark.core
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
COMPLETE = {
    "checked_at": NOW, "records": 10, "missing": 0, "stale": 0, "ahead": 0, "extra": 0, "unshown": 0, "waiting": 0,
    "missing_dossiers": 0, "teams": [],
}  # fmt: skip


def heartbeat(**changed: Any) -> dict[str, Any]:
    return {
        "source": "zcd", "connector": "zcd", "state": "running", "polled_at": NOW, "reported_at": NOW, "message": None,
        "newest_recorded_at": NOW, "published": 3, "source_epoch": 0, "completeness": None, "caught_up_at": NOW,
    } | changed  # fmt: skip


def measured(status: dict[str, Any] | None = None, **changed: Any) -> Measured:
    calm = Flow((Hop("resolve", COMPOSITIONS, 9, 9), Hop("desk", VIEWS, 9, 9)), 1)
    statuses = {"zcd": status} if status else {}
    return Measured(NOW, statuses, frozenset({"zcd"}), {}, calm)._replace(**changed)


def first(look: Measured) -> tuple[Level, str]:
    return (findings(look)[0].level, findings(look)[0].command)


def test_a_flow_in_which_all_report_and_nothing_waits_is_healthy() -> None:
    assert findings(measured(heartbeat(completeness=COMPLETE))) == []


@pytest.mark.parametrize(
    ("changed", "command"),
    [
        ({"state": "stopped", "message": "Wrong client."}, "regiehub run connector zcd"),
        ({"state": "stopped", "message": "Too many are unreadable."}, "regiehub dead-letter list --source zcd"),
        ({"state": "stopped", "message": "It went back in time."}, "regiehub connector reset zcd --new-epoch"),
        ({"state": "circuit_open"}, "regiehub status --watch, and ask the source's own operators"),
        ({"state": "degraded", "polled_at": None}, "regiehub status --watch, and ask the source's own operators"),
        ({"reported_at": NOW - timedelta(minutes=5)}, "regiehub run connector zcd"),
        ({"completeness": COMPLETE | {"missing": 1}}, "regiehub reconcile zcd --repair"),
        ({"completeness": COMPLETE | {"ahead": 1, "extra": 2}}, "regiehub connector reset zcd --new-epoch"),
    ],
)
def test_what_is_broken_at_a_source_comes_with_what_to_do(changed: dict[str, Any], command: str) -> None:
    assert first(measured(heartbeat(**changed))) == (Level.BROKEN, command)
    assert not is_healthy(findings(measured(heartbeat(**changed))))


@pytest.mark.parametrize(
    ("look", "command"),
    [
        (measured(heartbeat(state="paused")), "regiehub connector resume zcd"),
        (measured(heartbeat()), "regiehub reconcile zcd"),
        (measured(heartbeat(completeness=COMPLETE), open_letters={"zcd": 2}), "regiehub dead-letter list --source zcd"),
        (measured(heartbeat(reported_at=NOW + timedelta(minutes=1))), "set the clocks of both machines (NTP)"),
        (
            measured(heartbeat(completeness=COMPLETE | {"checked_at": NOW - timedelta(days=3)})),
            "regiehub reconcile zcd",
        ),
    ],
)
def test_what_only_needs_attention_is_healthy(look: Measured, command: str) -> None:
    assert first(look) == (Level.ATTENTION, command)
    assert is_healthy(findings(look))


def test_a_source_that_never_reported_and_a_log_that_is_not_there_are_broken() -> None:
    assert first(measured()) == (Level.BROKEN, "regiehub run connector zcd")
    assert first(measured(flow=None, log_problem="Nothing answers."))[1].startswith("start the broker")
    assert first(measured(flow=None, log_problem="regiehub topics apply makes it."))[1] == "regiehub topics apply"


def test_a_stage_that_stands_still_is_told_from_one_that_is_busy_and_from_one_far_behind() -> None:
    waiting = Flow((Hop("resolve", COMPOSITIONS, 9, 3), Hop("desk", VIEWS, 9, 9)), 1)
    still, busy = {("resolve", COMPOSITIONS): 0.0}, {("resolve", COMPOSITIONS): 6.0}
    well = heartbeat(completeness=COMPLETE)
    assert first(measured(well, flow=waiting, rates=still)) == (Level.BROKEN, "regiehub run stream")
    assert findings(measured(well, flow=waiting, rates=busy)) == []
    far = Flow((Hop("resolve", COMPOSITIONS, 9000, 3), Hop("desk", SOURCES, 9, 9)), 1)
    assert first(measured(well, flow=far, rates=busy))[0] is Level.BROKEN


@pytest.mark.parametrize(("seconds", "stands"), [(0, False), (9, False), (11, True)])
def test_what_came_just_before_a_look_does_not_stand_still(seconds: int, stands: bool) -> None:
    """A message after a quiet hour is there, and nothing was done in between: it may have come a moment ago."""
    since = NOW - timedelta(seconds=seconds)
    arrived = Flow((Hop("resolve", COMPOSITIONS, 9, 8, since), Hop("desk", VIEWS, 9, 9)), 1)
    found = findings(measured(heartbeat(completeness=COMPLETE), flow=arrived, rates={("resolve", COMPOSITIONS): 0.0}))
    assert [item.kind for item in found] == ["stands"] * stands


def test_the_cause_upstream_stands_before_what_follows_from_it() -> None:
    gone = Flow((Hop("resolve", COMPOSITIONS, 9, 3), Hop("desk", VIEWS, 9, 1)), 0)
    found = findings(measured(heartbeat(state="stopped"), flow=gone, desk_problem="none", open_letters={"zcd": 1}))
    assert [item.kind for item in found] == ["stopped_as_asked", "no_worker", "desk", "never_checked", "letters"]


@given(st.timedeltas(timedelta(days=-9), timedelta(days=9)))
def test_an_age_is_never_negative_and_skew_says_what_it_hides(away: timedelta) -> None:
    moment = NOW + away
    age = age_seconds(NOW, moment)
    assert age is not None
    assert age >= 0
    assert age - skew_seconds(NOW, {"reported_at": moment}) == pytest.approx(-away.total_seconds())
    assert in_words(age)


def test_rates_follow_from_two_looks() -> None:
    before = measured(flow=Flow((Hop("desk", VIEWS, 9, 3),), 1))
    after = before._replace(at=NOW + timedelta(seconds=2), flow=Flow((Hop("desk", VIEWS, 9, 7),), 1))
    assert rates(before, after) == {("desk", VIEWS): 2.0}
    assert rates(after, before) is None


def letter(position: str = "1", *, attempt: int = 1, epoch: int = 0, minutes: int = 0) -> bytes:
    return encode("hub.dead_letter", {
        "source": "zcd", "position": position, "reason": "malformed", "field": "", "connector": "zcd",
        "connector_version": "1", "failed_at": NOW + timedelta(minutes=minutes), "attempt": attempt, "sealed": b"s",
        "source_epoch": epoch,
    })  # fmt: skip


def settled(position: str = "1", *, attempt: int = 1, state: str = "replayed") -> bytes:
    value = {"source": "zcd", "position": position, "attempt": attempt, "by": "olga", "why": "", "at": NOW}
    return encode("hub.dead_letter_state", value | {"state": state})


def test_a_letter_is_open_until_it_is_dealt_with_and_again_when_it_fails_again() -> None:
    def states(*messages: bytes) -> list[tuple[str, int]]:
        return [(item.state, item.attempt) for item in fold(messages)]

    assert states(letter(), settled()) == [("replayed", 1)]
    assert states(letter(), settled(), letter()) == [("replayed", 1)]
    assert states(letter(), settled(), letter(attempt=2)) == [("open", 2)]
    assert states(letter(), letter(attempt=2), settled()) == [("open", 2)]
    assert states(letter(attempt=4), settled(attempt=4, state="discarded"), letter(epoch=1)) == [("open", 1)]
    assert states(settled(), b"no message", letter()) == [("open", 1)]


@given(st.lists(st.sampled_from([letter(), letter(attempt=2), settled(), settled(attempt=2)]), max_size=6))
def test_reading_the_letters_twice_changes_nothing(messages: list[bytes]) -> None:
    once = [item for item in fold(messages) if item.attempt == 2]
    twice = [item for item in fold([*messages, *messages]) if item.attempt == 2]
    assert {item.position for item in once} == {item.position for item in twice}


def test_letters_are_chosen_by_source_reason_time_and_position() -> None:
    letters = fold([letter("1"), letter("2", minutes=5), settled("1")])
    wanted = {
        Wanted(): ["2"],
        Wanted(all_states=True): ["1", "2"],
        Wanted(source="menscentraal"): [],
        Wanted(reason="invalid_date"): [],
        Wanted(since=NOW + timedelta(minutes=1), all_states=True): ["2"],
        Wanted(positions=frozenset(["1"]), all_states=True): ["1"],
    }
    for choice, positions in wanted.items():
        assert [item.position for item in letters if choice.wants(item)] == positions


@given(st.lists(st.integers(1, 900), min_size=1, max_size=20))
def test_a_pace_is_never_exceeded_and_not_held_back_more_than_it_must(portions: list[int]) -> None:
    waited: list[float] = [0.0]

    def wait(seconds: float) -> None:
        waited[0] += seconds

    pace = Pace(100.0, lambda: waited[0], wait)
    for portion in portions:
        pace(portion)
    assert waited[0] == pytest.approx(sum(portions) / 100.0)
