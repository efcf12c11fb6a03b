"""The parts of the lane by themselves: store, inbox, backlog, batches, fence, watchdog."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bench.stages import Memory
from hub.events.trace import HEADER, traceparent
from hub.stream.lane.backlog import Backlog
from hub.stream.lane.fence import Fence
from hub.stream.lane.inbox import Inbox
from hub.stream.lane.options import Fenced
from hub.stream.lane.store import Marker, PartitionStore, StateInUse, TailKey, shared_cache
from hub.stream.lane.tail import TailProgress
from hub.stream.lane.watchdog import Watchdog
from hub.stream.lane.writer import Message, chunks
from hub.stream.stage import Record, Stage

CACHE = shared_cache(1 << 20)
TAIL = TailKey("toy.state.v1", 0)
MARKER = Marker(topic_id="a", incarnation=0)


def test_values_and_offset_survive_a_close(tmp_path: Path) -> None:
    store = PartitionStore(tmp_path / "s", MARKER, CACHE)
    store.write({b"k": b"v"}, {TAIL: 7})
    store.close()
    store.close()
    again = PartitionStore(tmp_path / "s", MARKER, CACHE)
    assert (again.get(b"k"), again.offset(TAIL), again.items()) == (b"v", 7, {b"k": b"v"})
    again.close()


@pytest.mark.parametrize("other", [Marker("b", 0), Marker("a", 1), Marker("a", 0, format=0)])
def test_state_of_another_topic_incarnation_or_format_is_wiped(tmp_path: Path, other: Marker) -> None:
    store = PartitionStore(tmp_path / "s", other, CACHE)
    store.write({b"k": b"v"}, {TAIL: 7})
    store.close()
    with capture_logs() as said:
        again = PartitionStore(tmp_path / "s", MARKER, CACHE)
    assert (again.get(b"k"), again.offset(TAIL)) == (None, None)
    assert [line["event"] for line in said] == ["state_of_another_kind_wiped"]
    again.close()


def test_state_that_was_open_when_the_machine_went_down_is_wiped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PartitionStore(tmp_path / "s", MARKER, CACHE)
    store.write({b"k": b"v"}, {TAIL: 7})
    store._db.close()  # as a dead process leaves it: no clean mark
    kept = PartitionStore(tmp_path / "s", MARKER, CACHE)
    assert kept.get(b"k") == b"v"
    kept._db.close()
    monkeypatch.setattr("hub.stream.lane.store._boot_id", lambda: "after the restart")
    wiped = PartitionStore(tmp_path / "s", MARKER, CACHE)
    assert wiped.get(b"k") is None
    wiped.close()


def test_a_damaged_folder_is_rebuilt(tmp_path: Path) -> None:
    store = PartitionStore(tmp_path / "s", MARKER, CACHE)
    store.write({b"k": b"v"}, {TAIL: 7})
    store.close()
    (tmp_path / "s" / "CURRENT").write_text("nonsense")
    again = PartitionStore(tmp_path / "s", MARKER, CACHE)
    assert again.offset(TAIL) is None
    again.close()


def test_a_folder_has_one_user(tmp_path: Path) -> None:
    store = PartitionStore(tmp_path / "s", MARKER, CACHE)
    with pytest.raises(StateInUse):
        PartitionStore(tmp_path / "s", MARKER, CACHE)
    assert store.get(b"k") is None
    store.close()


class _Fetched(NamedTuple):
    offset: int
    key: bytes | None = b"k"
    value: bytes | None = b"v"
    timestamp: int = 5
    headers: tuple[tuple[str, bytes], ...] = ()


def test_inbox_keeps_order_drops_what_comes_twice_and_says_what_is_done() -> None:
    inbox = Inbox("t", max_bytes=1000)
    inbox.add([_Fetched(3), _Fetched(7)])
    inbox.add([_Fetched(3), _Fetched(7), _Fetched(9, key=None, value=None)])
    before = inbox.done
    assert before is None
    head = inbox.head(2, 10_000)
    assert [record.offset for record in head] == [3, 7]
    assert inbox.head(2, 10_000) == head, "a list stays until it is finished"
    inbox.finish(head)
    assert inbox.done == 8
    (last,) = inbox.head(5, 1)
    assert (last.offset, last.key, last.value) == (9, b"", b"")


def test_what_is_traced_is_a_list_of_its_own_in_its_place() -> None:
    one, other = ((("writer", b"w"), (HEADER, traceparent(digit * 32))) for digit in "ab")
    nonsense = ((HEADER, b"00-of somebody else"),)
    inbox = Inbox("t", max_bytes=1000)
    headers = [(), nonsense, one, one, other, ()]
    inbox.add([_Fetched(offset, headers=item) for offset, item in enumerate(headers)])
    lists = []
    while head := inbox.head(10, 10_000):
        lists.append(([record.offset for record in head], inbox.trace(head[0])))
        inbox.finish(head)
    assert lists == [([0, 1], b""), ([2, 3], one[1][1]), ([4], other[1][1]), ([5], b"")]
    assert inbox.trace(Record(2, b"", b"")) == b"", "what is done is forgotten"


def test_a_list_is_whole_by_its_number_of_records_or_by_their_size() -> None:
    inbox = Inbox("t", max_bytes=10_000)
    inbox.add([_Fetched(0), _Fetched(1)])
    assert (inbox.has_whole_list(3, 10_000), inbox.has_whole_list(2, 10_000)) == (False, True)
    assert inbox.has_whole_list(3, 100)


async def test_short_lists_wait_until_nobody_is_behind() -> None:
    backlog, awake = Backlog(), asyncio.Event()
    backlog.note("one", True)
    backlog.note("other", True)
    waiting = asyncio.create_task(backlog.wait(awake, None))
    await asyncio.sleep(0)
    backlog.note("one", False)
    await asyncio.sleep(0)
    assert backlog
    assert not waiting.done()
    backlog.note("other", False)
    await waiting
    assert not backlog


async def test_a_wait_for_more_ends_by_itself() -> None:
    backlog = Backlog()
    backlog.note("one", True)
    await backlog.wait(asyncio.Event(), 0.001)
    assert backlog


def test_a_full_inbox_empties_again() -> None:
    inbox = Inbox("t", max_bytes=1000)
    inbox.add([_Fetched(0, value=b"x" * 2000)])
    was_full = inbox.is_full
    assert was_full
    assert len(inbox.head(10, 100)) == 1, "a record larger than a list is a list of its own"
    inbox.finish(inbox.head(10, 100))
    assert not inbox.is_full
    assert len(inbox) == 0


def test_batches_are_cut_by_size_and_keep_order() -> None:
    messages = [Message(b"k%d" % n, b"x" * size) for n, size in enumerate([100, 100, 5000, 100])]
    runs = list(chunks(messages, 600))
    assert [len(run) for run in runs] == [2, 1, 1]
    assert [message for run in runs for message in run] == messages


@dataclass
class _Membership:
    generation: int = 4
    confirmed_at: float = field(default_factory=time.monotonic)


def test_the_fence_closes_with_the_generation_and_without_heartbeats() -> None:
    member = _Membership()
    fence = Fence(member, 4, session_timeout_seconds=10)
    fence.check()
    member.confirmed_at -= 10
    with pytest.raises(Fenced, match="heartbeat"):
        fence.check()
    member.confirmed_at, member.generation = time.monotonic(), 5
    with pytest.raises(Fenced, match="generation"):
        fence.check()


class _Lane:
    def __init__(self) -> None:
        self.done: dict[tuple[str, int], int] = {}

    def progress(self) -> Mapping[tuple[str, int], int]:
        return self.done

    async def waiting(self) -> Mapping[tuple[str, int], int]:
        return {}

    def fail(self, error: BaseException) -> None:
        raise AssertionError(error)


def test_a_stall_is_waiting_input_of_which_nothing_is_done() -> None:
    lane = _Lane()
    watchdog = Watchdog(lane, stall_seconds=100)
    place = ("t", 0)
    lane.done = {place: 1}
    assert watchdog.stalled({place: 5}, 0) == []
    assert watchdog.stalled({place: 5}, 99) == []
    assert watchdog.stalled({place: 5}, 100) == [place]
    lane.done = {place: 2}
    assert watchdog.stalled({place: 4}, 150) == [], "progress"
    assert watchdog.stalled({place: 0}, 300) == [], "an idle night is no stall"
    assert watchdog.stalled({place: 3}, 399) == []
    lane.done = {}
    assert watchdog.stalled({}, 900) == [], "not ours any more"


def test_the_stage_in_the_readme_counts_a_repeated_list_once() -> None:
    text = (Path(__file__).parents[2] / "hub" / "stream" / "lane" / "README.md").read_text(encoding="utf-8")
    (sample,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    written: dict[str, Any] = {}
    exec(sample, written)  # our own documentation
    stage: Stage = written["Count"]()
    state = Memory()
    for _ in range(2):
        stage.handle(state, "words.v1", [Record(4, b"a", b""), Record(7, b"a", b""), Record(8, b"b", b"")])
    older, value = b'{"seen": 4, "count": 1}', b'{"seen": 7, "count": 2}'
    assert state.get(b"a") == value
    assert stage.merge(b"a", value, older) == stage.merge(b"a", older, value) == stage.merge(b"a", None, value) == value


STEPS = st.one_of(
    st.tuples(st.sampled_from(["own", "other"]), st.integers(1, 4)),
    st.tuples(st.sampled_from(["acknowledged", "acknowledged without an offset", "read", "skip"]), st.integers(1, 3)),
)


@given(st.lists(STEPS, max_size=40))
def test_every_record_of_another_owner_is_looked_at_whenever_acks_and_reads_come(steps: list[tuple[str, int]]) -> None:
    progress, looked, end = TailProgress(0), set[int](), 0
    unsaid: list[tuple[int, int]] = []
    others: set[int] = set()
    for what, count in [*steps, ("skip", 1)]:
        if what in {"own", "other"}:
            if what == "own":
                unsaid.append((end, count))
            else:
                others.update(range(end, end + count))
            end += count
        elif what == "acknowledged" and unsaid:
            progress.wrote(*unsaid.pop(0))
        elif what == "acknowledged without an offset" and unsaid:
            unsaid.pop(count % len(unsaid))
        elif what == "read":
            until = min(end, progress.position + count)
            looked.update(range(progress.position, until))
            progress.position = until
        elif what == "skip":
            progress.skip()
        assert {offset for offset in others if offset < progress.position} <= looked


def test_what_was_acknowledged_without_a_gap_is_not_read() -> None:
    progress = TailProgress(5)
    progress.wrote(5, 2)
    progress.wrote(7, 1)
    assert (progress.skip(), progress.position, progress.skip()) == (True, 8, False)
    progress.wrote(9, 3)  # 8 is somebody else's
    assert (progress.skip(), progress.position) == (False, 8)
