"""What both connectors promise of their feed, whatever the source does: lossless, and not waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.menscentraal.config import MensCentraalConfig
from connectors.menscentraal.connector import MensCentraalConnector
from connectors.menscentraal.simulator import MensCentraalSimulator
from connectors.zcd.config import ZcdConfig
from connectors.zcd.connector import ZcdConnector
from connectors.zcd.simulator import ZcdSimulator
from hub.connect import Connector, Cursor, SourceRejected
from hub.connect.simulator import Faults, Late, Simulator
from tests.connectors.sources import (
    mens_contact,
    mens_removal,
    read_all,
    valid,
    zcd_contact,
    zcd_removal,
)

pytestmark = pytest.mark.core


@dataclass
class Feed:
    """A simulated source, and how to make what reads it and what it holds."""

    name: str
    simulator: Simulator
    connector: Callable[[int], Connector]
    contact: Callable[[str, int], dict[str, object]]
    removal: Callable[[str, int], dict[str, object]]

    def contacts(self, count: int, name: str = "c", version: int = 1) -> list[dict[str, object]]:
        return [self.contact(f"{name}{number}", version) for number in range(count)]


@contextmanager
def zcd_feed(folder: Path) -> Iterator[Feed]:
    simulator = ZcdSimulator(folder, in_process=True)
    simulator.start()

    def make(page_size: int) -> Connector:
        return ZcdConnector(ZcdConfig.model_validate({**simulator.settings(), "page_size": page_size}))

    with ExitStack() as stack:
        stack.callback(simulator.close)
        yield Feed("zcd", simulator, _kept(make, stack), zcd_contact, zcd_removal)


@contextmanager
def mens_feed(folder: Path) -> Iterator[Feed]:
    simulator = MensCentraalSimulator(folder)

    def make(page_size: int) -> Connector:
        config = {**simulator.settings(), "page_size": page_size}
        return MensCentraalConnector(MensCentraalConfig.model_validate(config))

    with ExitStack() as stack:
        stack.callback(simulator.close)
        yield Feed("menscentraal", simulator, _kept(make, stack), mens_contact, mens_removal)


def _kept(make: Callable[[int], Connector], stack: ExitStack) -> Callable[[int], Connector]:
    """One connector per page size: it must not matter what a connector has read before."""

    @cache
    def connector(page_size: int) -> Connector:
        made = make(page_size)
        stack.callback(made.close)
        return made

    return connector


@pytest.fixture(params=[zcd_feed, mens_feed], ids=["zcd", "menscentraal"])
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Feed]:
    with request.param(tmp_path) as made:
        yield made


def test_reads_everything_in_pages_and_then_nothing(feed: Feed) -> None:
    feed.simulator.apply_many(feed.contacts(23))
    connector = feed.connector(5)
    first = connector.poll(None)
    assert (len(first.records), first.more) == (5, True)
    read = read_all(connector)
    assert read.positions == list(range(1, 24))
    idle = connector.poll(read.cursor)
    assert (idle.records, idle.cursor, idle.more) == ((), read.cursor, False)


def test_an_empty_source_gives_an_empty_batch(feed: Feed) -> None:
    batch = feed.connector(5).poll(None)
    assert (batch.records, batch.more) == ((), False)
    feed.simulator.apply(feed.contact("c", 1))
    assert read_all(feed.connector(5), batch.cursor).positions == [1]


def test_updates_deletions_and_recreations_are_events(feed: Feed) -> None:
    changes = [feed.contact("c", 1), feed.contact("c", 2), feed.removal("c", 3), feed.contact("c", 4)]
    feed.simulator.apply_many(changes)
    connector = feed.connector(5)
    drafts = [draft for record in read_all(connector).records for draft in connector.translate(record)]
    assert [(draft.version, draft.deleted) for draft in drafts] == [(1, False), (2, False), (3, True), (4, False)]
    assert len({(draft.dossier_id, draft.record_id) for draft in drafts}) == 1


def test_the_same_cursor_gives_the_same_records_again(feed: Feed) -> None:
    feed.simulator.apply_many(feed.contacts(8))
    connector = feed.connector(5)
    cursor = connector.poll(None).cursor
    again = [connector.poll(cursor).records for _ in range(3)]
    assert again[0] == again[1] == again[2] == feed.connector(5).poll(cursor).records


def test_a_long_open_transaction_loses_nothing_and_holds_up_nothing(feed: Feed) -> None:
    feed.simulator.apply_many(feed.contacts(3))
    late = feed.simulator.apply_late(feed.contacts(4, "late"))
    feed.simulator.apply_many(feed.contacts(30, "after"))
    connector = feed.connector(5)
    before = read_all(connector)
    assert before.positions == [1, 2, 3, *range(8, 38)]
    feed.simulator.apply(feed.contact("newest", 1))
    fresh = read_all(connector, before.cursor)
    assert fresh.positions == [38]
    late.release()
    assert read_all(connector, fresh.cursor).positions == [4, 5, 6, 7]


def test_transactions_that_end_in_another_order_than_they_began(feed: Feed) -> None:
    lates = [feed.simulator.apply_late(feed.contacts(2, f"late{number}")) for number in range(4)]
    connector, cursor, seen = feed.connector(3), None, list[int]()
    for index in (2, 0, 3, 1):
        lates[index].release()
        read = read_all(connector, cursor)
        seen += read.positions
        cursor = read.cursor
    assert seen == [5, 6, 1, 2, 7, 8, 3, 4]


def test_the_cursor_stays_small_and_is_settled_in_the_end(feed: Feed) -> None:
    lates = []
    for number in range(40):
        lates.append(feed.simulator.apply_late([feed.contact(f"late{number}", 1)]))
        feed.simulator.apply(feed.contact(f"c{number}", 1))
    connector = feed.connector(50)
    read = read_all(connector)
    assert read.cursor is not None
    assert len(read.cursor.model_dump_json()) < 1000
    feed.simulator.release_all()
    seen = read.positions
    for _ in range(50):
        read = read_all(connector, read.cursor)
        seen += read.positions
    assert sorted(seen) == list(range(1, 81))
    assert read.cursor is not None
    assert '"ahead":[]' in read.cursor.model_dump_json()


def test_with_too_many_open_transactions_it_waits_and_still_loses_nothing(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.connect.frontier.MAX_RANGES", 3)
    for number in range(12):
        feed.simulator.apply_late([feed.contact(f"late{number}", 1)])
        feed.simulator.apply(feed.contact(f"c{number}", 1))
    connector = feed.connector(2)
    read = read_all(connector)
    assert 0 < len(read.positions) < 12
    feed.simulator.release_all()
    seen = read.positions
    for _ in range(20):
        read = read_all(connector, read.cursor)
        seen += read.positions
    assert sorted(seen) == list(range(1, 25))


def test_unreadable_changes_arrive_too_and_stop_nothing(feed: Feed) -> None:
    garbage = [
        '{"half": ',
        "[1, 2]",
        "null",
        '{"x": NaN}',
        '{"a":' * 300 + "1" + "}" * 300,
        "\x00",
        '{"versie": "drie"}',
    ]
    positions = feed.simulator.apply_many([feed.contact("c", 1), *garbage, feed.contact("d", 1)])
    connector = feed.connector(4)
    read = read_all(connector)
    assert read.positions == positions
    outcomes = [_readable(connector, record) for record in read.records]
    assert outcomes == [True, *[False] * len(garbage), True]
    assert [line for _, line in feed.simulator.all_changes()][1:4] == garbage[:3]
    assert len(feed.simulator.final_records()) == 2


def _readable(connector: Connector, record: object) -> bool:
    from hub.connect import RawRecord, TranslationError

    assert isinstance(record, RawRecord)
    try:
        connector.translate(record)
    except TranslationError:
        return False
    return True


def test_a_source_that_went_back_in_time_is_not_read_on(feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> None:
    feed.simulator.apply_many(feed.contacts(10))
    cursor = read_all(feed.connector(5)).cursor
    opener = zcd_feed if feed.name == "zcd" else mens_feed
    with opener(tmp_path_factory.mktemp("restored")) as restored:
        restored.simulator.apply_many(restored.contacts(3))
        with pytest.raises(SourceRejected, match="back in time"):
            restored.connector(5).poll(cursor)


@pytest.mark.parametrize("cursor", [Cursor(), Cursor(version=2, state={}), Cursor(state={"settled": "x", "stable": 1})])
def test_a_cursor_of_another_connector_is_refused(feed: Feed, cursor: Cursor) -> None:
    with pytest.raises(SourceRejected, match="saved position"):
        feed.connector(5).poll(cursor)


def test_the_inventory_agrees_with_what_was_read(feed: Feed) -> None:
    feed.simulator.apply_many(feed.contacts(12))
    feed.simulator.apply_many(
        [feed.removal("c3", 2), feed.contact("c4", 2), feed.contact("c5", 2), feed.removal("c5", 3)]
    )
    feed.simulator.apply(str(valid(feed.name)[0], "utf-8"))
    connector = feed.connector(5)
    newest: dict[tuple[str, str], tuple[int, bool]] = {}
    for record in read_all(connector).records:
        for draft in connector.translate(record):
            newest[draft.record_type, draft.record_id] = (draft.version, draft.deleted)
    held = {(item.record_type, item.record_id): (item.version, item.deleted) for item in connector.inventory()}
    assert held == newest


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 6)),
        st.tuples(st.just("open"), st.integers(1, 4)),
        st.tuples(st.just("commit"), st.integers(0, 5)),
        st.tuples(st.just("poll"), st.integers(1, 4)),
        st.tuples(st.just("crash"), st.integers(0, 3)),
    ),
    max_size=25,
)


@pytest.fixture(scope="module", params=[zcd_feed, mens_feed], ids=["zcd", "menscentraal"])
def busy_feed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    """One source for all examples: each starts where the last one ended."""
    with request.param(tmp_path_factory.mktemp("busy")) as made:
        yield made


@settings(max_examples=25)
@given(steps=STEPS, page_size=st.integers(1, 4), gaps=st.booleans(), seed=st.integers(0, 99))
def test_any_interleaving_with_crashes_delivers_everything(
    busy_feed: Feed, steps: list[tuple[str, int]], page_size: int, gaps: bool, seed: int
) -> None:
    """A crash goes back to any cursor that was once saved: what was delivered after it comes again."""
    busy_feed.simulator.set_faults(Faults(seed=seed, gap_rate=0.3 if gaps else 0.0))
    busy_feed.simulator.release_all()
    start = read_all(busy_feed.connector(400))
    run = _Run(busy_feed, busy_feed.connector(page_size), start.cursor)
    for step, number in steps:
        run.step(step, number)
    run.finish()
    everything = {position for position, _ in busy_feed.simulator.all_changes()}
    assert run.delivered == everything - set(start.positions)
    assert run.repeats_without_crash == 0


class _Run:
    """Carries out steps; `saved` are (cursor, what had been delivered when it was saved)."""

    def __init__(self, feed: Feed, connector: Connector, start: Cursor | None) -> None:
        self._feed, self._connector = feed, connector
        self._saved: list[tuple[Cursor | None, frozenset[int]]] = [(start, frozenset())]
        self._open: list[Late] = []
        self._names = iter(range(10_000))
        self.repeats_without_crash = 0

    @property
    def delivered(self) -> set[int]:
        return set(self._saved[-1][1])

    def step(self, step: str, number: int) -> None:
        if step == "write":
            self._feed.simulator.apply_many(self._changes(number))
        elif step == "open":
            self._open.append(self._feed.simulator.apply_late(self._changes(number)))
        elif step == "commit" and self._open:
            self._open.pop(number % len(self._open)).release()
        elif step == "poll":
            for _ in range(number):
                self.poll()
        elif step == "crash":
            del self._saved[max(1, len(self._saved) - number) :]

    def _changes(self, count: int) -> list[dict[str, object]]:
        return [self._feed.contact(f"c{next(self._names)}", 1) for _ in range(count)]

    def poll(self) -> bool:
        cursor, before = self._saved[-1]
        batch = self._connector.poll(cursor)
        new = {int(record.position) for record in batch.records}
        self.repeats_without_crash += len(new & before)
        self._saved.append((Cursor.model_validate_json(batch.cursor.model_dump_json()), before | new))
        return bool(new) or batch.more

    def finish(self) -> None:
        self._feed.simulator.release_all()
        for _ in range(500):
            if not self.poll() and '"ahead":[]' in str(self._saved[-1][0] and self._saved[-1][0].model_dump_json()):
                return
        raise AssertionError("never settled")
