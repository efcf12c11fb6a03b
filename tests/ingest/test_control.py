"""What people ask while ingest runs: pause, reset, repair, replay; and what goes on while a connector is held."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.api import Cursor, InventoryItem
from hub.connect.ingest.control import Control, Errand, Letter, Orders, Pause, Repair
from hub.connect.ingest.engine import Ingest, Policy
from hub.connect.ingest.errands import SLICE
from hub.connect.ingest.index import Index
from hub.connect.ingest.policy import RejectLimit
from hub.connect.ingest.safety import SafetyLane
from hub.connect.wire import TranslatedBatch, Unreadable
from hub.errors import DeadLetterLimitExceeded, RejectReason, SourceRejected, SourceUnavailable
from hub.events.codec import Value, decode
from hub.events.records import Draft, RecordType, Signal
from hub.events.topics import COMPOSITIONS, DEAD_LETTERS, RECORDS, SOURCES
from tests.ingest.drafts import (
    IDENTITY,
    NOON,
    RING,
    CrashError,
    FakeClock,
    FlakyPublisher,
    Holding,
    batch,
    cursor,
    dossier,
    goal,
)

pytestmark = pytest.mark.core
V2 = Path(__file__).parents[2] / "schemas" / "avro" / "hub.source_status" / "v2.avsc"
LIMIT = Policy(limit=RejectLimit(percent=20, at_least_records=10))


def bad(number: int, payload: bytes = b"?") -> Unreadable:
    return Unreadable(str(number), RejectReason.MALFORMED, "gegevens", payload)


def signal(dossier_id: str = "Z-1", *, child_safety: bool = True) -> Draft:
    body = Signal(kind="melding", severity="high", child_safety=child_safety, raised_on=date(2026, 1, 5))
    return Draft(
        record_type=RecordType.SIGNAL,
        dossier_id=dossier_id,
        record_id=f"S-{dossier_id}-{child_safety}",
        version=1,
        recorded_at=NOON,
        body=body,
    )


class Log:
    """A feed that can be read from any cursor again, as a source's can."""

    def __init__(self, *batches: TranslatedBatch) -> None:
        self._batches = batches

    def poll(self, at: Cursor | None) -> TranslatedBatch:
        seen = 0 if at is None else int(str(at.state["at"]))
        later = [one for one in self._batches if int(str(one.cursor.state["at"])) > seen]
        return later[0] if later else TranslatedBatch((), cursor(seen))


class Run:
    """One ingest over files of its own; `again` is the process after a restart."""

    def __init__(self, folder: Path) -> None:
        self.index = Index(folder / "zcd.sqlite")
        self.control = Control(folder / "zcd.control.sqlite")
        self.publisher = FlakyPublisher(lambda _: None)
        self.source = Holding()

    def close(self) -> None:
        self.index.close()
        self.control.close()

    def ingest(self, *answers: TranslatedBatch, policy: Policy | None = None) -> Ingest:
        feed = Log(*answers)
        made = Ingest(
            feed,
            self.publisher,
            self.index,
            ring=RING,
            identity=IDENTITY,
            clock=FakeClock(),
            policy=policy,
            chance=lambda: 0.0,
        )
        made.obey(self.control, self.source)
        return made

    def values(self, topic: str = RECORDS, subject: str = "") -> list[Value]:
        decoded = [decode(message.value) for message in self.publisher.topic(topic)]
        return [item.value for item in decoded if item.subject.startswith(subject)]

    def orders(self) -> list[tuple[str, int, int, bool]]:
        return [(v["record_id"], v["version"], v["revision"], v["deleted"]) for v in self.values()]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    yield made
    made.close()


def item(record_id: str = "D-1", version: int = 1) -> InventoryItem:
    return InventoryItem("Z-1", "goal", record_id, version, False)


def steps(ingest: Ingest, count: int = 1) -> None:
    for _ in range(count):
        ingest.step()


def test_a_paused_source_is_left_alone_and_says_so_until_it_is_resumed(run: Run) -> None:
    ingest = run.ingest(batch(1, goal()))
    run.control.pause(Pause("olga", "onderhoud", "2026-01-05"))
    steps(ingest, 2)
    assert not run.values()
    assert [(s["state"], s["message"]) for s in run.values(SOURCES)] == [("paused", "Paused by olga: onderhoud")]
    run.control.resume()
    steps(ingest)
    assert run.orders() == [("D-1", 1, 0, False)]
    assert run.values(SOURCES)[-1]["state"] == "running"


def test_a_reset_reads_from_the_beginning_and_publishes_only_what_differs(run: Run) -> None:
    steps(run.ingest(batch(1, goal())))
    run.control.ask_reset(None, 0, "olga")
    again = run.ingest(batch(2, goal(), goal("D-2")))
    steps(again)
    assert run.orders() == [("D-1", 1, 0, False), ("D-2", 1, 0, False)]
    assert run.control.orders().reset is None
    assert again.progress.cursor == cursor(2)


def test_a_new_epoch_beats_what_was_published_and_survives_a_restart(run: Run) -> None:
    steps(run.ingest(batch(1, goal(version=9), bad(7))))
    run.control.ask_reset(None, 3, "olga")
    steps(run.ingest(batch(2, goal(version=4), bad(7, b"another"))))
    steps(run.ingest(batch(3, goal("D-2"))))
    assert [(v["source_epoch"], v["version"]) for v in run.values()] == [(0, 9), (3, 4), (3, 1)]
    assert [v["source_epoch"] for v in run.values(DEAD_LETTERS)] == [0, 3]
    assert run.values(SOURCES)[-1]["source_epoch"] == 3


def test_what_is_missing_is_read_again_and_published(run: Run) -> None:
    run.source = Holding(goal(version=4))
    run.control.ask_repair([Repair(item(version=4), held=True, forced=False)])
    steps(run.ingest(batch(1)))
    assert run.orders() == [("D-1", 4, 0, False)]
    assert run.control.waiting(Errand.REPAIR) == 0


def test_what_the_source_holds_no_longer_is_deleted_and_a_re_creation_wins(run: Run) -> None:
    ingest = run.ingest(batch(1, goal(version=4)), batch(2, goal(version=4), goal(version=5)))
    run.control.ask_repair([Repair(item(version=4), held=False, forced=False)])
    steps(ingest, 2)
    assert run.orders() == [("D-1", 4, 0, False), ("D-1", 4, 1, True), ("D-1", 4, 2, False), ("D-1", 5, 0, False)]


class Unreading(Holding):
    """Holds D-1, which nobody can read."""

    def reread(self, items: Sequence[InventoryItem]) -> TranslatedBatch:
        return TranslatedBatch(tuple(bad(7) for item in items if item.record_id == "D-1"), Cursor())


def test_what_cannot_be_read_again_is_not_deleted_and_what_is_gone_beside_it_is(run: Run) -> None:
    run.source = Unreading()
    run.control.ask_repair(Repair(item(name), held=False, forced=False) for name in ("D-1", "D-2"))
    steps(run.ingest(batch(1, goal(), goal("D-2"))))
    assert run.orders() == [("D-1", 1, 0, False), ("D-2", 1, 0, False), ("D-2", 1, 1, True)]
    assert len(run.values(DEAD_LETTERS)) == 1
    assert run.control.waiting(Errand.REPAIR) == 0


def test_a_record_that_the_source_does_not_return_although_it_holds_it_is_left_alone(run: Run) -> None:
    run.control.ask_repair([Repair(item(), held=True, forced=False)])
    steps(run.ingest(batch(1, goal())))
    assert run.orders() == [("D-1", 1, 0, False)]


def test_what_is_published_but_not_shown_is_published_under_the_next_revision(run: Run) -> None:
    run.source = Holding(goal())
    run.control.ask_repair([Repair(item(), held=True, forced=True)])
    steps(run.ingest(batch(1, goal())), 3)
    assert run.orders() == [("D-1", 1, 0, False), ("D-1", 1, 1, False)]


def test_a_repair_that_crashed_is_done_again_and_ends_the_same(run: Run) -> None:
    run.source = Holding(goal(version=2), goal("D-2"))
    asked = [Repair(item(version=2), held=True, forced=False), Repair(item("D-2"), held=True, forced=False)]
    run.control.ask_repair(asked)
    run.publisher = FlakyPublisher(lambda call: "crash after" if call == 1 else None)
    with pytest.raises(CrashError):
        steps(run.ingest(batch(1)))
    assert run.control.waiting(Errand.REPAIR) == 2
    steps(run.ingest(batch(1)), 2)
    assert sorted(set(run.orders())) == [("D-1", 2, 0, False), ("D-2", 1, 0, False)]
    assert run.control.waiting(Errand.REPAIR) == 0


def test_a_large_repair_comes_in_slices_and_can_be_stopped(run: Run) -> None:
    run.source = Holding(*(goal(f"D-{n}") for n in range(3 * SLICE)))
    run.control.ask_repair(Repair(item(f"D-{n}"), held=True, forced=False) for n in range(3 * SLICE))
    ingest = run.ingest(batch(1))
    steps(ingest)
    assert len(run.orders()) == SLICE
    assert run.control.stop(Errand.REPAIR) == 2 * SLICE
    steps(ingest, 2)
    assert len(run.orders()) == SLICE


def test_a_source_that_is_down_keeps_the_repair_waiting_and_one_that_cannot_ends_it(run: Run) -> None:
    run.source = Holding(goal())
    run.source.fails = [SourceUnavailable(), SourceRejected("cannot")]
    run.control.ask_repair([Repair(item(), held=True, forced=False)])
    ingest = run.ingest(batch(1), batch(2, goal("D-9")))
    steps(ingest)
    assert run.control.waiting(Errand.REPAIR) == 1
    steps(ingest, 2)
    assert run.control.waiting(Errand.REPAIR) == 0
    assert run.orders() == [("D-9", 1, 0, False)]


def sealed_letters(run: Run) -> list[Letter]:
    return [
        Letter(v["position"], v["attempt"], v["source_epoch"], v["sealed"], "olga")
        for v in run.values(DEAD_LETTERS, "hub.dead_letter")
        if "sealed" in v
    ]


def test_a_dead_letter_is_replayed_once_the_mapping_reads_it(run: Run) -> None:
    steps(run.ingest(batch(1, bad(7, b"goal/D-1"), bad(8))))
    run.source = Holding(goal())
    run.control.ask_replay(sealed_letters(run))
    steps(run.ingest(batch(1)), 2)
    assert run.orders() == [("D-1", 1, 0, False)]
    states = run.values(DEAD_LETTERS, "hub.dead_letter_state")
    assert [(s["position"], s["attempt"], s["state"], s["by"]) for s in states] == [("7", 1, "replayed", "olga")]
    again = [v for v in run.values(DEAD_LETTERS) if v.get("sealed") and v["attempt"] == 2]
    assert [v["position"] for v in again] == ["8"]
    assert run.control.waiting(Errand.REPLAY) == 0


def test_a_replay_is_idempotent_and_never_beats_what_came_later(run: Run) -> None:
    steps(run.ingest(batch(1, bad(7, b"goal/D-1"))))
    letters = sealed_letters(run)
    run.source = Holding(goal(version=2))
    run.control.ask_replay([*letters, *letters])
    steps(run.ingest(batch(2, goal(version=3))), 2)
    run.control.ask_replay(letters)
    steps(run.ingest(batch(2)), 2)
    assert run.orders() == [("D-1", 3, 0, False)]


def test_a_large_replay_comes_in_slices_goes_on_after_a_crash_and_can_be_stopped(run: Run) -> None:
    dossiers = [f"D-{n}" for n in range(3 * SLICE)]
    steps(run.ingest(batch(1, *(bad(n, f"goal/{dossier}".encode()) for n, dossier in enumerate(dossiers)))))
    run.source = Holding(*map(goal, dossiers))
    run.control.ask_replay(sealed_letters(run))
    run.publisher = FlakyPublisher(lambda call: "crash after" if call == 1 else None)
    with pytest.raises(CrashError):
        steps(run.ingest(batch(1)))
    assert run.control.waiting(Errand.REPLAY) == 3 * SLICE
    ingest = run.ingest(batch(1))
    steps(ingest)
    assert len(set(run.orders())) == SLICE
    assert run.control.stop(Errand.REPLAY) == 2 * SLICE
    steps(ingest, 2)
    assert len(set(run.orders())) == SLICE


def test_a_letter_of_an_older_epoch_does_not_beat_the_new_one(run: Run) -> None:
    steps(run.ingest(batch(1, bad(7, b"goal/D-1"))))
    letters = sealed_letters(run)
    run.control.ask_reset(None, 1, "olga")
    steps(run.ingest(batch(2, goal(version=4))))
    run.source = Holding(goal(version=9))
    run.control.ask_replay(letters)
    steps(run.ingest(batch(2)))
    assert [(v["source_epoch"], v["version"]) for v in run.values()] == [(1, 4)]


def test_a_letter_sealed_with_another_key_is_left_as_it_is(run: Run) -> None:
    run.control.ask_replay([Letter("7", 1, 0, b"\x01of another key", "olga")])
    steps(run.ingest(batch(1)), 2)
    assert not run.values(DEAD_LETTERS)
    assert run.control.waiting(Errand.REPLAY) == 0


def until(ingest: Ingest, waits: int, then: Callable[[], None] = lambda: None) -> Callable[[], bool]:
    """Stop after so many waits; `then` happens once, halfway."""

    def stopping() -> bool:
        waited = len(ingest._clock.waited)  # type: ignore[attr-defined]  # a FakeClock
        if waited == waits // 2:
            then()
        return waited > waits

    return stopping


def flood(number: int = 9) -> list[Unreadable]:
    return [bad(n) for n in range(number)]


def test_child_safety_signals_never_wait_behind_unreadable_records(run: Run) -> None:
    ingest = run.ingest(
        batch(1, goal("D-0"), dossier("Z-1"), dossier("Z-2"), *flood(), signal("Z-1"), more=True), policy=LIMIT
    )
    with pytest.raises(DeadLetterLimitExceeded):
        ingest.run(until(ingest, 6))
    assert [v["record_id"] for v in run.values()] == ["S-Z-1-True"]
    assert [v["dossier_id"] for v in run.values(COMPOSITIONS)] == ["Z-1"]
    assert not run.values(DEAD_LETTERS)
    assert ingest.progress.cursor is None
    assert {s["state"] for s in run.values(SOURCES)} == {"stopped"}


def test_a_held_connector_goes_on_when_somebody_says_so_and_loses_nothing(run: Run) -> None:
    ingest = run.ingest(batch(1, goal("D-0"), *flood(), signal()), policy=LIMIT)
    ingest.run(until(ingest, 8, run.control.resume))
    assert [v["record_id"] for v in run.values()] == ["S-Z-1-True", "D-0"]
    assert len(run.values(DEAD_LETTERS)) == 9
    assert ingest.progress.cursor == cursor(1)


def test_a_reset_ends_the_hold(run: Run) -> None:
    ingest = run.ingest(batch(1, goal("D-0")), batch(2, *flood(), signal()), policy=LIMIT)
    steps(ingest)
    ingest.run(until(ingest, 8, lambda: run.control.ask_reset(cursor(2), 0, "olga")))
    assert ingest.progress.cursor == cursor(2)
    assert [v["record_id"] for v in run.values()] == ["D-0", "S-Z-1-True"]


def test_the_control_file_is_its_owners_only_and_a_reset_forgets_what_was_compared(run: Run, tmp_path: Path) -> None:
    assert (tmp_path / "zcd.control.sqlite").stat().st_mode & 0o077 == 0
    run.control.keep_completeness({"checked_at": NOON, "records": 3})
    assert run.control.orders().completeness == {"checked_at": NOON, "records": 3, "missing_dossiers": 0}
    run.control.ask_reset(None, 1, "olga")
    (reset,) = [run.control.orders().reset]
    assert reset is not None
    run.control.reset_done(reset)
    assert run.control.orders() == Orders(source_epoch=1)


def test_the_release_before_can_go_on_from_what_was_compared(run: Run) -> None:
    """It sends what is kept under that name as its source status (v2), which takes no field more."""
    fields = dict.fromkeys(("records", "missing", "stale", "ahead", "extra", "unshown", "waiting"), 0)
    found = {**fields, "checked_at": NOON, "teams": [], "missing_dossiers": 2}
    run.control.keep_completeness(found)
    assert run.control.orders().completeness == found
    ((kept,),) = run.control._rows("SELECT value FROM told WHERE name = 'completeness'")
    told = {**json.loads(kept), "checked_at": NOON}
    [schema] = [field["type"][1] for field in json.loads(V2.read_text())["fields"] if field["name"] == "completeness"]
    assert told.keys() == {field["name"] for field in schema["fields"]}
    later = {**told, "checked_at": (NOON + timedelta(days=1)).isoformat()}
    run.control._tell("completeness", later)  # as that release does
    again = run.control.orders().completeness
    assert again is not None and again["missing_dossiers"] == 0


DRAFTS = st.lists(
    st.one_of(
        st.builds(dossier, st.sampled_from(["Z-1", "Z-2", "Z-3"])),
        st.builds(signal, st.sampled_from(["Z-1", "Z-2", "Z-3"]), child_safety=st.booleans()),
        st.builds(goal, dossier_id=st.sampled_from(["Z-1", "Z-2", "Z-3"])),
    )
)


def _is_safety(draft: Draft) -> bool:
    return isinstance(draft.body, Signal) and draft.body.child_safety


@given(st.lists(DRAFTS, max_size=6))
def test_the_safety_lane_passes_every_child_safety_signal_and_only_the_dossiers_it_needs(
    batches: Sequence[list[Draft]],
) -> None:
    lane = SafetyLane()
    passed = [draft for drafts in batches for draft in lane.pass_on(drafts)]
    everything = [draft for drafts in batches for draft in drafts]
    signals = [draft for draft in everything if _is_safety(draft)]
    assert [draft for draft in passed if _is_safety(draft)] == signals
    needed = {draft.dossier_id for draft in signals}
    compositions = {d.dossier_id for d in passed if d.record_type is RecordType.COMPOSITION}
    assert compositions == needed & {d.dossier_id for d in everything if d.record_type is RecordType.COMPOSITION}
    assert all(_is_safety(draft) or draft.record_type is RecordType.COMPOSITION for draft in passed)
