"""How fresh each source is, hop by hop, out of heartbeats and of what waits; and the picture made of it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.events.topics import COMPOSITIONS, HOUSEHOLD_RECORDS, SOURCES, VIEWS
from hub.ops import metrics
from hub.ops.flow import Flow, Hop
from hub.ops.freshness import Point, freshness
from hub.ops.picture import Pace, Pulse, picture, plain
from hub.ops.status import SENTENCES, SILENT_SECONDS, SKEW_SECONDS
from hub.ops.watch import ReadModel, Watch, by_our_clock, newest_statuses
from tests.core.test_status import COMPLETE, NOW, heartbeat, measured
from tests.desk.views import source_status

pytestmark = pytest.mark.core
AGO = st.integers(0, 10**6).map(lambda seconds: NOW - timedelta(seconds=seconds))
MOMENTS = st.integers(-(10**6), 10**6).map(lambda seconds: NOW + timedelta(seconds=seconds))


def waiting(stage: str, topic: str, since: datetime | None) -> Hop:
    return Hop(stage, topic, 9, 8 if since else 9, since)


def flow(*hops: Hop) -> Flow:
    calm = (Hop("resolve", COMPOSITIONS, 9, 9), Hop("desk", VIEWS, 9, 9))
    named = {(hop.stage, hop.topic) for hop in hops}
    return Flow((*hops, *(hop for hop in calm if (hop.stage, hop.topic) not in named)), 1)


@given(MOMENTS, st.none() | MOMENTS, st.none() | MOMENTS, MOMENTS)
def test_freshness_is_never_negative_and_never_grows_on_the_way(
    read: datetime, stage: datetime | None, desk: datetime | None, newest: datetime
) -> None:
    status = heartbeat(caught_up_at=read, newest_recorded_at=newest)
    found = freshness("zcd", status, flow(waiting("resolve", COMPOSITIONS, stage), waiting("desk", VIEWS, desk)), NOW)
    ages = [found.seconds(point, NOW) for point in Point]
    assert all(age is not None and age >= 0 for age in ages)
    assert ages == sorted(ages, key=lambda age: age or 0)
    assert (found.skew_seconds, found.ahead_seconds) == (0.0, max(0.0, (newest - NOW).total_seconds()))


@given(AGO, AGO)
def test_a_consumer_that_is_down_lets_only_what_is_behind_it_grow_old(read: datetime, since: datetime) -> None:
    found = freshness("zcd", heartbeat(caught_up_at=read), flow(waiting("desk", VIEWS, since)), NOW)
    assert (found.published, found.applied, found.visible) == (read, read, min(read, since))
    stalled = freshness("zcd", heartbeat(caught_up_at=read), flow(waiting("assemble", HOUSEHOLD_RECORDS, since)), NOW)
    assert (stalled.published, stalled.applied, stalled.visible) == (read, min(read, since), min(read, since))


def test_what_is_not_known_is_not_said() -> None:
    assert freshness("zcd", None, flow(), NOW).published is None
    assert freshness("zcd", heartbeat(caught_up_at=None), flow(), NOW).visible is None
    assert freshness("zcd", heartbeat(), None, NOW)[1:4] == (NOW, None, None)
    no_desk = Flow((Hop("resolve", COMPOSITIONS, 9, 9),), 1)
    assert freshness("zcd", heartbeat(), no_desk, NOW)[1:4] == (NOW, NOW, None)
    untimed = flow(Hop("resolve", COMPOSITIONS, 9, 8, None))
    assert freshness("zcd", heartbeat(), untimed, NOW)[1:4] == (NOW, None, None)


def test_heartbeats_that_wait_for_the_desk_hold_up_no_data() -> None:
    late = flow(waiting("desk", SOURCES, NOW - timedelta(hours=1)))
    assert freshness("zcd", heartbeat(), late, NOW).visible == NOW


@pytest.mark.parametrize(
    ("changed", "pulse"),
    [
        ({}, Pulse.RUNNING),
        ({"newest_recorded_at": NOW - timedelta(days=3)}, Pulse.QUIET),
        ({"newest_recorded_at": None}, Pulse.QUIET),
        ({"newest_recorded_at": NOW - timedelta(days=3), "reported_at": NOW - timedelta(minutes=5)}, Pulse.SILENT),
        ({"caught_up_at": None}, Pulse.BACKLOG),
        ({"caught_up_at": NOW - timedelta(minutes=5)}, Pulse.BACKLOG),
        ({"state": "degraded"}, Pulse.DEGRADED),
        ({"state": "circuit_open"}, Pulse.CIRCUIT_OPEN),
        ({"state": "paused"}, Pulse.PAUSED),
        ({"state": "stopped", "reported_at": NOW - timedelta(days=1)}, Pulse.STOPPED),
    ],
)
def test_a_quiet_source_is_told_from_a_dead_one(changed: dict[str, Any], pulse: Pulse) -> None:
    (row,) = picture(measured(heartbeat(**changed))).sources
    assert row.pulse is pulse


def test_a_source_that_publishes_is_not_quiet_however_old_its_records_are() -> None:
    old = heartbeat(newest_recorded_at=NOW - timedelta(days=3))
    assert picture(measured(old, publishing={"zcd": 0.2})).sources[0].pulse is Pulse.RUNNING
    assert picture(measured(old, publishing={"zcd": 0.0})).sources[0].pulse is Pulse.QUIET


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**4))
def test_a_clock_that_is_ahead_hides_no_silence(ahead: int, silent: int, read: int) -> None:
    """Whoever reported an hour in our future and is gone since is not fresh for an hour."""
    told = NOW + timedelta(seconds=ahead)
    status, skew = by_our_clock(heartbeat(reported_at=told, caught_up_at=told - timedelta(seconds=read)), NOW)
    later = NOW + timedelta(seconds=silent)
    (row,) = picture(measured(dict(status), at=later, skews={"zcd": skew})).sources
    assert row.freshness.seconds(Point.PUBLISHED, later) == silent + read
    assert (row.pulse is Pulse.SILENT) == (silent > SILENT_SECONDS)
    assert (row.freshness.skew_seconds, row.freshness.ahead_seconds) == (ahead, 0.0)
    assert any(
        item.kind == "skew" for item in picture(measured(dict(status), at=later, skews={"zcd": skew})).findings
    ) == (ahead > SKEW_SECONDS)


def test_the_last_report_counts_although_its_clock_was_set_back() -> None:
    ahead, right = source_status(reported=99, published=1), source_status(reported=2, published=2)
    assert newest_statuses([ahead, right])["zcd"]["published"] == 2


def test_when_a_source_was_read_to_its_end_stays_put_while_a_clock_that_is_ahead_goes_on() -> None:
    """A connector that starts into a backlog does not say it, heartbeat after heartbeat."""
    at = [NOW]
    watch = Watch("", "", lambda: ReadModel(None, None, {}), now=lambda: at[0])
    ahead = timedelta(minutes=1)
    watch._hear([source_status(reported_at=NOW + ahead, caught_up_at=NOW + ahead)])
    for _ in range(3):
        at[0] += timedelta(seconds=5)
        watch._hear([source_status(reported_at=at[0] + ahead, caught_up_at=None)])
    assert watch._statuses["zcd"]["caught_up_at"] == NOW


def test_a_source_that_never_reported_has_no_heart() -> None:
    (row,) = picture(measured()).sources
    assert (row.pulse, row.differing, row.freshness.published) == (Pulse.NONE, None, None)


@pytest.mark.parametrize(
    ("hop", "workers", "rate", "pace"),
    [
        (Hop("resolve", COMPOSITIONS, 9, 9), 1, None, Pace.UP_TO_DATE),
        (Hop("resolve", COMPOSITIONS, 9, 8, NOW), 1, 1.0, Pace.BUSY),
        (Hop("resolve", COMPOSITIONS, 9, 8, NOW), 1, 0.0, Pace.BUSY),
        (Hop("resolve", COMPOSITIONS, 9, 8, NOW - timedelta(seconds=11)), 1, 0.0, Pace.STANDS),
        (Hop("resolve", COMPOSITIONS, 9, 8, None), 1, 0.0, Pace.STANDS),
        (Hop("resolve", COMPOSITIONS, 9, 8, NOW), 0, None, Pace.NOBODY),
        (Hop("resolve", COMPOSITIONS, 9, 8, NOW - timedelta(minutes=9)), 1, 1.0, Pace.BEHIND),
        (Hop("resolve", COMPOSITIONS, 9999, 8, NOW), 1, 1.0, Pace.BEHIND),
        (Hop("desk", VIEWS, 9, 9), 0, None, Pace.UP_TO_DATE),
    ],
)
def test_each_hop_has_a_state_in_words(hop: Hop, workers: int, rate: float | None, pace: Pace) -> None:
    rates = None if rate is None else {(hop.stage, hop.topic): rate}
    (row,) = picture(measured(heartbeat(), flow=Flow((hop,), workers), rates=rates)).hops
    assert row.pace is pace


def test_what_waits_too_long_is_a_finding_however_little_it_is() -> None:
    old = waiting("desk", VIEWS, NOW - timedelta(minutes=10))
    shown = picture(measured(heartbeat(completeness=COMPLETE), flow=flow(old), rates={("desk", VIEWS): 1.0}))
    assert [item.kind for item in shown.findings] == ["late"]
    assert "10 minutes behind" in shown.findings[0].what
    assert not shown.healthy


def test_every_finding_has_a_sentence_that_its_values_fill() -> None:
    looks = [
        measured(), measured(flow=None), measured(heartbeat(state="stopped")), measured(heartbeat(state="paused")),
        measured(heartbeat(state="degraded", polled_at=None)), measured(heartbeat(state="degraded")),
        measured(heartbeat(reported_at=NOW + timedelta(minutes=1))), measured(heartbeat(), open_letters={"zcd": 2}),
        measured(heartbeat(completeness=COMPLETE | {"missing": 1, "checked_at": NOW - timedelta(days=9)})),
        measured(heartbeat(completeness=COMPLETE | {"ahead": 1})), measured(expected=frozenset()),
        measured(heartbeat(state="circuit_open")),
        measured(heartbeat(), flow=Flow((), 0)), measured(heartbeat(), desk_problem="gone"),
        measured(heartbeat(state="stopped", message="why")), measured(heartbeat(reported_at=NOW - timedelta(hours=1))),
    ]  # fmt: skip
    said = {item.kind: item.what for look in looks for item in picture(look).findings}
    assert said.keys() == set(SENTENCES) - {"stands", "behind", "late"}
    assert not [text for text in said.values() if "{" in text or "None" in text]


def test_the_picture_is_one_json_object_and_the_metrics_say_the_same() -> None:
    late = NOW - timedelta(seconds=20)
    status = heartbeat(completeness=COMPLETE | {"missing": 1, "missing_dossiers": 1, "teams": [
        {"team": "Noord", "records": 10, "differing": 1}]})  # fmt: skip
    shown = picture(measured(status, flow=flow(waiting("desk", VIEWS, late)), rates={("desk", VIEWS): 2.0}))
    (source,) = plain(shown)["sources"]
    assert source["freshness_seconds"] == {"published": 0.0, "applied": 0.0, "visible": 20.0}
    assert plain(shown)["hops"][0] | {"end": 0} == {
        "stage": "desk", "topic": VIEWS, "end": 0, "done": 8, "lag": 1, "per_second": 2.0, "waiting_seconds": 20.0,
        "state": "busy",
    }  # fmt: skip
    metrics.show_flow(shown)
    value = metrics.REGISTRY.get_sample_value
    fresh = "regiehub_source_fresh_timestamp_seconds"
    assert value(fresh, {"source": "zcd", "point": "visible"}) == late.timestamp()
    assert value(fresh, {"source": "zcd", "point": "applied"}) == NOW.timestamp()
    assert value("regiehub_hop_oldest_waiting_seconds", {"stage": "desk", "topic": VIEWS}) == 20.0
    assert value("regiehub_team_differing_records", {"source": "zcd", "team": "Noord"}) == 1
    metrics.show_flow(picture(measured(status, flow=None)))
    assert value(fresh, {"source": "zcd", "point": "visible"}) == late.timestamp(), "stands still, and grows old"


def test_what_a_process_does_not_know_it_does_not_show() -> None:
    """No sentinel: a 0 of a connector, or of a desk that has not looked yet, would say that nothing waits."""
    shown = [metrics.DESK_LAG_RECORDS, metrics.STREAM_WORKERS, metrics.FLOW_MEASURED]
    script = "from hub.ops import metrics; print(metrics.exposition().decode())"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "regiehub_looks_records" in said
    assert not [gauge for gauge in shown if gauge._name in said]
    for _ in range(2):
        metrics.tell(metrics.DESK_LAG_RECORDS, 7)
    assert metrics.REGISTRY.get_sample_value("regiehub_desk_lag_records") == 7


def test_a_connector_that_has_just_started_does_not_make_known_things_unknown() -> None:
    read = datetime(2026, 1, 5, 9, tzinfo=UTC)
    before, started = source_status(reported=1, caught_up_at=read), source_status(reported=2, caught_up_at=None)
    assert newest_statuses([before, b"?", started])["zcd"]["caught_up_at"] == read
    other = source_status(reported=3, caught_up_at=None, source_epoch=1)
    assert newest_statuses([before, other])["zcd"]["caught_up_at"] is None
    watch = Watch("", "", lambda: ReadModel(None, None, {}))
    watch._hear([before])
    watch._hear([started])
    assert watch._statuses["zcd"]["caught_up_at"] == read
