from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog.testing

from hub.connect.api import Cursor
from hub.connect.ingest.engine import Ingest, Policy
from hub.connect.ingest.index import Index
from hub.connect.ingest.keys import DEAD_LETTER_CONTEXT
from hub.connect.ingest.policy import Backoff, Breaker, RejectLimit
from hub.connect.ingest.publisher import MemoryPublisher
from hub.connect.wire import Unreadable
from hub.errors import DeadLetterLimitExceeded, RejectReason, SourceRejected, SourceUnavailable
from hub.events.codec import Value, decode
from hub.events.topics import DEAD_LETTERS, RECORDS, SOURCES
from hub.ops.metrics import REGISTRY
from tests.ingest.drafts import (
    IDENTITY,
    NOON,
    RING,
    CrashError,
    FakeClock,
    FlakyPublisher,
    ScriptedFeed,
    batch,
    cursor,
    deleted_goal,
    goal,
)

pytestmark = pytest.mark.core
BAD = Unreadable("17", RejectReason.INVALID_DATE, "gegevens.op", b'{"soort": "contact"}')
Make = Callable[..., Ingest]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Ingest over one index file; called again, it is the process after a restart."""
    opened: list[Index] = []

    def ingest(
        feed: ScriptedFeed,
        publisher: MemoryPublisher,
        policy: Policy | None = None,
    ) -> Ingest:
        opened.append(Index(tmp_path / "zcd.sqlite"))
        chosen = policy or Policy()
        return Ingest(
            feed,
            publisher,
            opened[-1],
            ring=RING,
            identity=IDENTITY,
            clock=FakeClock(),
            policy=chosen,
            chance=lambda: 0.0,
        )

    yield ingest
    for index in opened:
        index.close()


def published(publisher: MemoryPublisher, topic: str = RECORDS) -> list[Value]:
    return [decode(message.value).value for message in publisher.topic(topic)]


def orders(publisher: MemoryPublisher) -> list[tuple[str, int, int, bool]]:
    return [(v["dossier_id"], v["version"], v["revision"], v["deleted"]) for v in published(publisher)]


def run(make: Make, *answers: object, steps: int = 4) -> tuple[MemoryPublisher, Ingest]:
    publisher = MemoryPublisher()
    ingest = make(ScriptedFeed(*answers), publisher)  # type: ignore[arg-type]  # each test names what it scripts
    for _ in range(steps):
        ingest.step()
    return publisher, ingest


def test_the_cursor_is_saved_after_the_acks_only(make: Make) -> None:
    feed = ScriptedFeed(batch(1, goal()))
    publisher = FlakyPublisher(lambda call: "no ack" if call == 1 else None)
    ingest = make(feed, publisher)
    cursors = []
    for _ in range(2):
        ingest.step()
        cursors.append(ingest.progress.cursor)
    assert cursors == [None, cursor(1)]
    assert make(feed, publisher).progress.cursor == cursor(1)


def test_a_batch_that_is_read_again_gives_the_same_events(make: Make) -> None:
    feed = ScriptedFeed(batch(1, goal(), goal("D-2")))
    publisher = FlakyPublisher(lambda call: "crash after" if call == 1 else None)
    with pytest.raises(CrashError):
        make(feed, publisher).step()
    again = make(feed, publisher)
    again._clock.wait(60)  # the replay comes later; "first published" stays what it was
    again.step()
    sent = sorted(message.value for message in publisher.topic(RECORDS))
    assert len(sent) == 4
    assert sent[0] == sent[1]
    assert sent[2] == sent[3]


def test_a_silent_edit_between_crash_and_replay_wins(make: Make) -> None:
    publisher = FlakyPublisher(lambda call: "crash after" if call == 1 else None)
    with pytest.raises(CrashError):
        make(ScriptedFeed(batch(1, goal(wording="before"))), publisher).step()
    make(ScriptedFeed(batch(1, goal(wording="after"))), publisher).step()
    assert orders(publisher) == [("Z-1", 1, 0, False), ("Z-1", 1, 1, False)]


def test_a_move_whose_batch_crashed_is_still_a_delete_there(make: Make) -> None:
    publisher = FlakyPublisher(lambda call: "crash after" if call == 1 else None)
    with pytest.raises(CrashError):
        make(ScriptedFeed(batch(1, goal(), goal(dossier_id="Z-2", version=2))), publisher).step()
    make(ScriptedFeed(batch(1, goal(dossier_id="Z-3", version=3))), publisher).step()
    last = {v["dossier_id"]: (v["version"], v["deleted"]) for v in published(publisher)}
    assert last == {"Z-1": (3, True), "Z-2": (3, True), "Z-3": (3, False)}


def test_a_replay_in_smaller_batches_still_deletes_where_the_record_was(make: Make) -> None:
    stays, moves = goal(), goal(dossier_id="Z-2", version=2)
    publisher = FlakyPublisher(lambda call: "half" if call == 1 else None)
    make(ScriptedFeed(batch(2, stays, moves)), publisher).step()
    ingest = make(ScriptedFeed(batch(1, stays), batch(2, moves)), publisher)
    for _ in range(3):
        ingest.step()
    last = {v["dossier_id"]: (v["version"], v["deleted"]) for v in published(publisher)}
    assert last == {"Z-1": (2, True), "Z-2": (2, False)}


def test_what_was_published_before_is_not_published_again(make: Make) -> None:
    publisher, ingest = run(make, batch(1, goal()), batch(2, goal(), goal()))
    assert orders(publisher) == [("Z-1", 1, 0, False)]
    assert ingest.progress.cursor == cursor(2)


def test_a_silent_edit_gets_the_next_revision(make: Make) -> None:
    publisher, _ = run(make, batch(1, goal()), batch(2, goal(wording="stilte"), goal()))
    assert orders(publisher) == [("Z-1", 1, 0, False), ("Z-1", 1, 1, False), ("Z-1", 1, 2, False)]


def test_an_older_version_is_late_and_stays_out(make: Make) -> None:
    publisher, _ = run(make, batch(1, goal(version=3)), batch(2, goal(version=2, wording="oud")))
    assert orders(publisher) == [("Z-1", 3, 0, False)]


def test_a_version_recorded_earlier_is_late_too(make: Make) -> None:
    earlier = goal(wording="oud", recorded_at=NOON - timedelta(seconds=1))
    publisher, _ = run(make, batch(1, goal()), batch(2, earlier))
    assert orders(publisher) == [("Z-1", 1, 0, False)]


def test_a_record_that_moves_is_deleted_there_and_stated_here(make: Make) -> None:
    publisher, _ = run(make, batch(1, goal()), batch(2, goal(dossier_id="Z-2", version=2)))
    assert sorted(orders(publisher)) == [("Z-1", 1, 0, False), ("Z-1", 2, 0, True), ("Z-2", 2, 0, False)]


def test_a_record_that_moves_back_is_stated_there_again(make: Make) -> None:
    there, back = goal(dossier_id="Z-2", version=2), goal(version=3)
    publisher, _ = run(make, batch(1, goal(), there, back))
    in_old = [order for order in orders(publisher) if order[0] == "Z-1"]
    assert in_old == [("Z-1", 1, 0, False), ("Z-1", 2, 0, True), ("Z-1", 3, 0, False)]


def test_a_deletion_is_an_event(make: Make) -> None:
    publisher, _ = run(make, batch(1, goal(), deleted_goal()))
    assert orders(publisher) == [("Z-1", 1, 0, False), ("Z-1", 2, 0, True)]
    assert published(publisher)[-1]["body"] is None


def test_an_unreadable_record_is_set_aside_and_stops_nothing(make: Make) -> None:
    with structlog.testing.capture_logs() as logs:
        publisher, ingest = run(make, batch(1, BAD, goal()))
    (letter,) = published(publisher, DEAD_LETTERS)
    assert (letter["source"], letter["position"], letter["reason"], letter["field"]) == (
        "zcd",
        "17",
        "invalid_date",
        "gegevens.op",
    )
    assert RING.open(letter["sealed"], DEAD_LETTER_CONTEXT) == BAD.payload
    assert publisher.topic(DEAD_LETTERS)[0].headers == (("reason", b"invalid_date"), ("position", b"17"))
    assert orders(publisher) == [("Z-1", 1, 0, False)]
    assert ingest.progress.cursor == cursor(1)
    assert [line["event"] for line in logs] == ["change_published", "record_rejected"]


def test_an_unreadable_record_is_set_aside_once(make: Make) -> None:
    publisher, _ = run(make, batch(1, BAD, BAD), batch(2, BAD))
    assert len(publisher.topic(DEAD_LETTERS)) == 1


def test_the_cursor_waits_for_the_dead_letter(make: Make) -> None:
    publisher = FlakyPublisher(lambda call: "half" if call == 1 else None)
    ingest = make(ScriptedFeed(batch(1, BAD)), publisher)
    ingest.step()
    assert ingest.progress.cursor is None
    ingest.step()
    assert len(publisher.topic(DEAD_LETTERS)) == 1


def test_a_huge_unreadable_record_fits_the_topic(make: Make) -> None:
    publisher, _ = run(make, batch(1, BAD._replace(payload=b"x" * 3_000_000)))
    assert len(publisher.topic(DEAD_LETTERS)[0].value) < 1_000_000


def test_too_many_unreadable_records_stop_the_connector_with_its_cursor_in_place(make: Make) -> None:
    policy = Policy(limit=RejectLimit(percent=20, at_least_records=10))
    bad = [BAD._replace(position=str(n)) for n in range(3)]
    good = [goal(f"D-{n}") for n in range(8)]
    publisher = MemoryPublisher()
    ingest = make(ScriptedFeed(batch(1, *bad, *good)), publisher, policy)
    with pytest.raises(DeadLetterLimitExceeded):
        ingest.run(lambda: len(ingest._clock.waited) > 3)  # type: ignore[attr-defined]  # a FakeClock
    assert ingest.progress.cursor is None
    assert [status["state"] for status in published(publisher, SOURCES)] == ["stopped"]
    assert not publisher.topic(DEAD_LETTERS)
    assert not publisher.topic(RECORDS)


def test_a_source_may_forget_what_was_published_and_nothing_that_was_looked_at_ahead(make: Make) -> None:
    policy = Policy(limit=RejectLimit(percent=20, at_least_records=10))
    bad = [BAD._replace(position=str(n)) for n in range(10)]
    forgotten: list[Cursor] = []
    feed = ScriptedFeed(batch(1, goal()), batch(2, *bad), batch(3, goal("D-2")))
    ingest = make(feed, MemoryPublisher(), policy)
    ingest.forget_by(forgotten.append)
    with pytest.raises(DeadLetterLimitExceeded):
        ingest.run(lambda: len(ingest._clock.waited) > 3)  # type: ignore[attr-defined]  # a FakeClock
    assert feed.polled[-1] == cursor(3)
    assert forgotten == [cursor(1)]


def test_a_restart_does_not_let_another_portion_of_bad_records_through(make: Make) -> None:
    policy = Policy(limit=RejectLimit(percent=20, at_least_records=10))
    bad = [BAD._replace(position=str(n)) for n in range(9)]
    more = [BAD._replace(position=str(n)) for n in range(9, 18)]
    feed, publisher = ScriptedFeed(batch(1, *bad), batch(2, *more)), MemoryPublisher()
    make(feed, publisher, policy).step()
    for _ in range(2):
        with pytest.raises(DeadLetterLimitExceeded):
            make(feed, publisher, policy).step()
    assert len(publisher.topic(DEAD_LETTERS)) == 9


def test_a_source_that_is_down_is_asked_again_later_and_later(make: Make) -> None:
    policy = Policy(backoff=Backoff(first_seconds=1, longest_seconds=4))
    feed = ScriptedFeed(*(SourceUnavailable() for _ in range(5)))
    ingest = make(feed, MemoryPublisher(), policy)
    assert [ingest.step() for _ in range(5)] == [0.5, 1.0, 2.0, 2.0, 2.0]


def test_a_source_that_says_when_to_come_back_is_obeyed(make: Make) -> None:
    ingest = make(ScriptedFeed(SourceUnavailable(30.0)), MemoryPublisher())
    assert ingest.step() == 30.0


def test_a_good_poll_ends_the_backing_off(make: Make) -> None:
    down = SourceUnavailable()
    policy = Policy(backoff=Backoff(first_seconds=1))
    ingest = make(ScriptedFeed(down, down, batch(1, goal()), down), MemoryPublisher(), policy)
    assert [ingest.step() for _ in range(4)] == [0.5, 1.0, 0.5, 0.5]


def test_a_source_that_holds_more_is_asked_at_once(make: Make) -> None:
    ingest = make(ScriptedFeed(batch(1, goal(), more=True)), MemoryPublisher())
    assert ingest.step() == 0.0


def test_a_source_that_rejects_us_stops_the_connector_and_says_so(make: Make) -> None:
    publisher = MemoryPublisher()
    ingest = make(ScriptedFeed(batch(1, goal()), SourceRejected("Wrong client.")), publisher)
    with pytest.raises(SourceRejected):
        ingest.run(lambda: False)
    statuses = published(publisher, SOURCES)
    assert [(s["state"], s["message"]) for s in statuses] == [("running", None), ("stopped", "Wrong client.")]


def test_the_status_tells_how_far_the_source_was_read(make: Make) -> None:
    publisher, _ = run(make, batch(1, BAD, goal()), steps=1)
    (status,) = published(publisher, SOURCES)
    assert (status["source"], status["state"], status["position"]) == ("zcd", "running", "1.1")
    assert (status["published"], status["rejected"], status["newest_recorded_at"]) == (1, 1, NOON)
    assert status["polled_at"] == status["reported_at"] == NOON


def test_a_quiet_source_still_gives_a_sign_of_life(make: Make) -> None:
    publisher = MemoryPublisher()
    ingest = make(ScriptedFeed(batch(1, goal())), publisher, Policy(heartbeat_seconds=5, poll_seconds=1))
    for _ in range(11):
        ingest._clock.wait(ingest.step())
    assert len(publisher.topic(SOURCES)) == 3


def test_a_source_that_goes_down_and_comes_back_says_so_at_once(make: Make) -> None:
    publisher, _ = run(make, batch(1, goal()), SourceUnavailable(), batch(2), steps=3)
    assert [s["state"] for s in published(publisher, SOURCES)] == ["running", "degraded", "running"]


def test_a_source_that_was_never_reached_is_seen_too(make: Make) -> None:
    publisher, _ = run(make, SourceUnavailable(), steps=1)
    (status,) = published(publisher, SOURCES)
    assert (status["state"], status["polled_at"]) == ("degraded", None)


def test_after_many_failures_in_a_row_the_circuit_opens_and_the_first_answer_closes_it(make: Make) -> None:
    publisher = MemoryPublisher()
    feed = ScriptedFeed(batch(1, goal()), *[SourceUnavailable()] * 4, batch(2))
    policy = Policy(breaker=Breaker(opens_after=3), backoff=Backoff(longest_seconds=60))
    ingest = make(feed, publisher, policy)
    with structlog.testing.capture_logs() as logs:
        waits, compared = zip(*[(ingest.step(), ingest.may_be_compared) for _ in range(6)], strict=True)
    assert compared == (True, True, True, False, False, True)
    assert list(waits) == [0.5, 0.25, 0.5, 1.0, 2.0, 0.5], "chance is 0: half of each"
    states = [status["state"] for status in published(publisher, SOURCES)]
    assert states == ["running", "degraded", "circuit_open", "running"]
    assert [line["event"] for line in logs if "circuit" in line["event"]] == ["circuit_opened", "circuit_closed"]
    assert not ingest.is_circuit_open
    assert REGISTRY.get_sample_value("regiehub_source_circuit_open", {"source": "zcd"}) == 0


def test_while_the_circuit_is_open_one_question_is_asked_per_try_and_retry_after_is_kept(make: Make) -> None:
    feed = ScriptedFeed(*[SourceUnavailable(retry_after_seconds=500)] * 5)
    ingest = make(feed, MemoryPublisher(), Policy(breaker=Breaker(opens_after=2)))
    assert [ingest.step() for _ in range(5)] == [500.0] * 5
    assert len(feed.polled) == 5
    assert ingest.is_circuit_open


def test_whoever_waits_long_for_a_source_goes_on_saying_so(make: Make) -> None:
    """Else it would be taken for one whose connector is gone."""
    publisher = MemoryPublisher()
    looks = iter([False] * 12)
    ingest = make(
        ScriptedFeed(SourceUnavailable(retry_after_seconds=20), batch(1)), publisher, Policy(heartbeat_seconds=5)
    )
    ingest.run(lambda: next(looks, True))
    states = [status["state"] for status in published(publisher, SOURCES)]
    assert states[:4] == ["degraded"] * 4


@pytest.mark.parametrize("requests", [1, 30])
def test_a_source_is_asked_no_more_often_than_it_may_be(make: Make, requests: int) -> None:
    full = [batch(number, goal(f"D-{number}"), more=True)._replace(requests=requests) for number in range(1, 9)]
    ingest = make(ScriptedFeed(*full), MemoryPublisher(), Policy(requests_per_second=4))
    for _ in full:
        ingest._clock.wait(ingest.step())
    assert ingest._clock.monotonic() == len(full) * requests / 4


def test_a_source_that_is_held_is_read_ahead_no_faster_either(make: Make) -> None:
    policy = Policy(limit=RejectLimit(percent=20, at_least_records=10), requests_per_second=0.5)
    bad = [BAD._replace(position=str(n)) for n in range(10)]
    ahead = [batch(number, *bad, more=True) for number in range(1, 9)]
    feed = ScriptedFeed(*ahead)
    ingest = make(feed, MemoryPublisher(), policy)
    with pytest.raises(DeadLetterLimitExceeded):
        ingest.run(lambda: len(feed.polled) > len(ahead))
    assert ingest._clock.monotonic() >= (len(ahead) - 1) / 0.5


def test_a_source_that_pushes_has_no_requests_to_count(make: Make) -> None:
    told = batch(1, goal(), more=True)._replace(requests=0)
    assert make(ScriptedFeed(told), MemoryPublisher(), Policy(requests_per_second=0.1)).step() == 0.0


def test_totals_in_the_status_survive_a_restart(make: Make) -> None:
    publisher = MemoryPublisher()
    make(ScriptedFeed(batch(1, goal(), BAD)), publisher).step()
    make(ScriptedFeed(batch(1), batch(2, goal("D-2"))), publisher).step()
    status = published(publisher, SOURCES)[-1]
    assert (status["published"], status["rejected"]) == (2, 1)


def test_a_new_source_epoch_beats_everything_before_it(make: Make) -> None:
    publisher = MemoryPublisher()
    make(ScriptedFeed(batch(1, goal(version=9))), publisher).step()
    make(ScriptedFeed(batch(2, goal(version=1))), publisher, Policy(source_epoch=1)).step()
    assert [(v["source_epoch"], v["version"]) for v in published(publisher)] == [(0, 9), (1, 1)]


def test_what_ingest_does_is_counted(make: Make) -> None:
    def count(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, {"source": "zcd", **labels}) or 0.0

    names = ("records_read_total", "records_translated_total", "records_published_total", "dead_letters_total")
    before = [count(f"regiehub_{name}") for name in names]
    skipped = count("regiehub_records_skipped_total", reason="duplicate")
    run(make, batch(1, goal(), goal(), BAD))
    assert [count(f"regiehub_{name}") - was for name, was in zip(names, before, strict=True)] == [3, 2, 1, 1]
    assert count("regiehub_records_skipped_total", reason="duplicate") - skipped == 1
    assert count("regiehub_records_rejected_total", reason="invalid_date") >= 1
    assert count("regiehub_source_lag_seconds_count") >= 1
