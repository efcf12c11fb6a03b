"""A backfill reads all of a source once more, compositions first, and nothing else waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from hub.connect.ingest.backfill import Phase
from hub.connect.ingest.control import Pause
from hub.connect.ingest.engine import Ingest, Policy
from hub.connect.ingest.policy import RejectLimit
from hub.connect.ingest.publisher import Message
from hub.errors import DeadLetterLimitExceeded
from hub.events.topics import COMPOSITIONS, DEAD_LETTERS, RECORDS, SOURCES
from tests.ingest.drafts import CrashError, FlakyPublisher, batch, cursor, dossier, goal
from tests.ingest.test_control import Run, bad, signal, steps

pytestmark = pytest.mark.core


class Ordered(FlakyPublisher):
    """Knows in which order it was given what: a letter per message, of a composition or another record."""

    def __init__(self, fails: Callable[[int], str | None] = lambda _: None) -> None:
        super().__init__(fails)
        self.order = ""

    def publish(self, messages: Sequence[Message]) -> None:
        super().publish(messages)
        self.order += "".join({COMPOSITIONS: "c", RECORDS: "r"}.get(message.topic, "") for message in messages)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    made.publisher = Ordered()
    yield made
    made.close()


OLD = [
    batch(1, goal("D-1", dossier_id="Z-1"), more=True),
    batch(2, dossier("Z-1"), more=True),
    batch(3, goal("D-2", dossier_id="Z-2"), dossier("Z-2")),
]
"""A source that tells of records before their dossiers."""


def lost(run: Run) -> Ingest:
    """Ingest that has read all of a source, of which it published nothing: its mapping knew none of it."""
    steps(run.ingest(batch(3)))
    return run.ingest(*OLD)


def told(run: Run) -> str:
    """What was published, in its order."""
    assert isinstance(run.publisher, Ordered)
    return run.publisher.order


def test_compositions_come_before_records_and_live_changes_do_not_wait(run: Run) -> None:
    ingest = lost(run)
    run.control.ask_backfill(None, "olga", "2026-01-05")
    steps(ingest, 10)
    assert told(run) == "ccrr"
    backfill = run.control.backfill()
    assert backfill is not None and backfill.done_at is not None
    assert (backfill.phase, backfill.read, backfill.published) == (Phase.RECORDS, 4, 4)
    assert ingest.progress.cursor == cursor(3)


def test_a_live_change_goes_before_the_rest_of_a_backfill(run: Run) -> None:
    steps(run.ingest(batch(3)))
    ingest = run.ingest(*OLD, batch(4, goal("D-9")))
    run.control.ask_backfill(None, "olga", "2026-01-05")
    steps(ingest)
    assert [record_id for record_id, *_ in run.orders()] == ["D-9"]
    assert ingest.progress.cursor == cursor(4)


def test_only_what_differs_is_published_unless_all_is_asked_for(run: Run) -> None:
    ingest = run.ingest(*OLD)
    steps(ingest, 3)
    run.control.ask_backfill(None, "olga", "2026-01-05")
    steps(ingest, 8)
    assert sorted(run.orders()) == [("D-1", 1, 0, False), ("D-2", 1, 0, False)]
    run.control.ask_backfill(None, "olga", "2026-01-05", everything=True)
    steps(ingest, 8)
    assert sorted(run.orders()) == [
        ("D-1", 1, 0, False),
        ("D-1", 1, 1, False),
        ("D-2", 1, 0, False),
        ("D-2", 1, 1, False),
    ]
    assert sorted(value["revision"] for value in run.values(COMPOSITIONS)) == [0, 0, 1, 1]


@pytest.mark.parametrize("call", range(1, 5))
@pytest.mark.parametrize("when", ["crash before", "crash after"])
def test_after_a_crash_it_goes_on_where_it_was(run: Run, call: int, when: str) -> None:
    lost(run)
    run.control.ask_backfill(None, "olga", "2026-01-05")
    run.publisher = Ordered(lambda number: when if number == call else None)
    ingest = run.ingest(*OLD)
    with pytest.raises(CrashError):
        steps(ingest, 10)
    ingest = run.ingest(*OLD)
    steps(ingest, 10)
    assert set(run.orders()) == {("D-1", 1, 0, False), ("D-2", 1, 0, False)}
    assert {value["dossier_id"] for value in run.values(COMPOSITIONS)} == {"Z-1", "Z-2"}
    backfill = run.control.backfill()
    assert backfill is not None and backfill.done_at is not None


def test_it_can_be_stopped_and_a_stop_is_not_undone_by_the_batch_at_hand(run: Run) -> None:
    ingest = lost(run)
    run.control.ask_backfill(None, "olga", "2026-01-05")
    steps(ingest)
    at_hand = run.control.stop_backfill()
    assert at_hand is not None
    run.control.keep_backfill(at_hand._replace(read=7))
    assert run.control.backfill() is None
    steps(ingest, 5)
    assert told(run) == ""
    run.control.ask_backfill(None, "olga", "2026-01-05")
    run.control.keep_backfill(at_hand._replace(read=7))
    assert run.control.backfill() == at_hand._replace(number=2, cursor=None, read=0, recent="")


def test_a_pause_holds_it_and_resuming_goes_on(run: Run) -> None:
    ingest = lost(run)
    run.control.ask_backfill(None, "olga", "2026-01-05")
    steps(ingest, 2)
    run.control.pause(Pause("olga", "onderhoud", "2026-01-05"))
    before = run.control.backfill()
    steps(ingest, 5)
    assert run.control.backfill() == before
    run.control.resume()
    steps(ingest, 8)
    assert told(run) == "ccrr"


def test_too_many_unreadable_records_hold_it_and_not_the_live_changes(run: Run) -> None:
    policy = Policy(limit=RejectLimit(percent=20, at_least_records=10))
    steps(run.ingest(batch(1)))
    ingest = run.ingest(batch(1, *(bad(number) for number in range(20))), batch(2, goal("D-9")), policy=policy)
    run.control.ask_backfill(None, "olga", "2026-01-05")
    steps(ingest, 3)
    backfill = run.control.backfill()
    assert backfill is not None and backfill.held is not None
    assert [record_id for record_id, *_ in run.orders()] == ["D-9"]
    assert not run.values(DEAD_LETTERS)
    assert "is held" in run.values(SOURCES)[-1]["message"]
    run.control.resume()
    assert (run.control.backfill() or backfill).held is None


def test_how_far_it_is_stands_in_the_status(run: Run) -> None:
    ingest = lost(run)
    run.control.ask_backfill(None, "olga", "2026-01-05")
    steps(ingest, 8)
    messages = [status["message"] for status in run.values(SOURCES)]
    assert "Backfill by olga: compositions, 0 records read" in messages
    assert "Backfill by olga: records, 0 records read" in messages
    assert messages[-1] is None


def test_a_new_epoch_ends_it(run: Run) -> None:
    ingest = lost(run)
    run.control.ask_backfill(None, "olga", "2026-01-05")
    run.control.ask_reset(None, 1, "olga")
    steps(ingest)
    assert run.control.backfill() is None


def test_a_reset_reads_compositions_before_records_too(run: Run) -> None:
    ingest = lost(run)
    run.control.ask_reset(None, 0, "olga")
    steps(ingest, 2)
    assert told(run) == "c"
    assert [value["message"] for value in run.values(SOURCES)][-1] == "Reset by olga: compositions, 0 records read"
    steps(ingest, 4)
    assert told(run) == "ccrr"
    assert run.control.lead() is None
    assert ingest.progress.cursor == cursor(3)


@pytest.mark.parametrize("epoch", [0, 2], ids=["the same epoch", "a new one"])
@pytest.mark.parametrize("call", range(1, 4))
@pytest.mark.parametrize("when", ["crash before", "crash after"])
def test_a_reset_goes_on_where_it_was_after_a_crash_and_a_pause(run: Run, call: int, when: str, epoch: int) -> None:
    lost(run)
    run.control.ask_reset(None, epoch, "olga")
    run.publisher = Ordered(lambda number: when if number == call else None)
    with pytest.raises(CrashError):
        steps(run.ingest(*OLD), 8)
    run.control.pause(Pause("olga", "onderhoud", "2026-01-05"))
    ingest = run.ingest(*OLD)
    before = told(run)
    steps(ingest, 2)
    assert told(run) == before
    run.control.resume()
    steps(ingest, 8)
    assert sorted(set(told(run).rstrip("r"))) == ["c"], "no composition comes after a record"
    assert {(name, *order) for name, *order in run.orders()} == {("D-1", 1, 0, False), ("D-2", 1, 0, False)}
    assert {value["source_epoch"] for value in run.values()} == {epoch}


def test_child_safety_signals_do_not_wait_for_the_compositions_of_a_reset(run: Run) -> None:
    ingest = run.ingest(batch(1, goal(dossier_id="Z-1"), signal(), more=True), batch(2, dossier("Z-1")))
    run.control.ask_reset(None, 0, "olga")
    steps(ingest)
    assert [value["record_id"] for value in run.values()] == ["S-Z-1-True"]
    steps(ingest, 4)
    assert [value["record_id"] for value in run.values()] == ["S-Z-1-True", "D-1"]


def test_where_too_much_is_unreadable_a_reset_goes_on_in_the_order_of_the_feed_and_is_held_there(run: Run) -> None:
    limit = Policy(limit=RejectLimit(percent=20, at_least_records=2))
    ingest = run.ingest(batch(1, bad(1), bad(2), dossier("Z-1"), more=True), policy=limit)
    run.control.ask_reset(None, 0, "olga")
    with pytest.raises(DeadLetterLimitExceeded):
        steps(ingest)
    assert run.control.lead() is None
    assert not run.values(DEAD_LETTERS)
