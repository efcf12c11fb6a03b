"""The lane against the embedded broker: one worker, in this process."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from hub.demo.brokers import BrokerNotInstalled
from hub.demo.brokers.embedded import EmbeddedBroker
from hub.events.ids import partition_for
from hub.ops.log_consumer import LogConsumer
from hub.stream.app import create_app, serve
from hub.stream.lane.options import Fenced, LaneOptions, SilentObserver
from hub.stream.lane.writer import Message, Writer
from hub.stream.provision import ensure_topics
from hub.stream.stage import Output, Record, State
from tests.stream import toy
from tests.stream.lane_harness import Load, producer, read_table, until, worker


@pytest.fixture
def bootstrap() -> Iterator[str]:
    """A fresh embedded broker with the toy's topics."""
    broker = EmbeddedBroker()
    try:
        broker.start()
    except BrokerNotInstalled as missing:
        pytest.skip(missing.user_message)
    try:
        ensure_topics(broker.bootstrap, specs=toy.specs())
        yield broker.bootstrap
    finally:
        broker.stop()


@pytest.fixture
def options(bootstrap: str, tmp_path: Path) -> LaneOptions:
    return LaneOptions(bootstrap=bootstrap, data_folder=tmp_path, commit_interval_seconds=0.2)


class Counts(SilentObserver):
    """Counts what the lane says."""

    def __init__(self) -> None:
        self.applied_records = 0
        self.recovered_records = 0
        self.repaired_records = 0
        self.readiness: list[bool] = []

    def applied(self, stage: str, records: int) -> None:
        self.applied_records += records

    def recovered(self, stage: str, seconds: float, records: int) -> None:
        self.recovered_records += records

    def repaired(self, stage: str, records: int) -> None:
        self.repaired_records += records

    def ready(self, value: bool) -> None:
        self.readiness.append(value)


async def test_restart_loses_nothing_and_replays_nothing(bootstrap: str, options: LaneOptions) -> None:
    load, counts = Load(bootstrap), Counts()
    async with worker(options):
        await load.send(500)
        assert await load.arrived() == load.expected
    await load.send(500)
    async with worker(options, observer=counts):
        assert await load.arrived() == load.expected
    views = await read_table(bootstrap, toy.VIEWS)
    assert counts.applied_records < 500 + views.records, "a graceful stop commits what is done"
    assert counts.readiness == [False, True, False]


async def test_wiped_state_is_recovered_from_the_changelog(bootstrap: str, options: LaneOptions) -> None:
    load, counts = Load(bootstrap), Counts()
    async with worker(options):
        await load.send(800)
        assert await load.arrived() == load.expected
    shutil.rmtree(options.data_folder / "stream")
    async with worker(options, observer=counts) as app:
        state = {k: v for p in app.lane.partitions if p.stage.name == "collect" for k, v in p.items().items()}
        assert {key: toy.unpack(value) for key, value in state.items()} == load.expected
        await load.send(200)
        assert await load.arrived() == load.expected
    assert counts.recovered_records > 0


async def test_a_new_group_replays_everything_onto_kept_state(bootstrap: str, options: LaneOptions) -> None:
    load = Load(bootstrap)
    async with worker(options):
        await load.send(500)
        assert await load.arrived() == load.expected
    before = await read_table(bootstrap, toy.VIEWS)
    async with worker(options, stream_id="toy-again") as app:
        await until(lambda: sum(n for (topic, _), n in app.lane.positions().items() if topic == toy.IN) == 500)
    assert (await read_table(bootstrap, toy.VIEWS)).records == before.records, "a replay changes nothing"


async def test_lists_are_cut_until_their_changelog_fits_one_batch(bootstrap: str, options: LaneOptions) -> None:
    load = Load(bootstrap)
    await load.send(600)
    async with worker(replace(options, max_batch_bytes=5_000)):
        assert await load.arrived() == load.expected


async def test_one_record_may_change_more_than_a_batch(bootstrap: str, options: LaneOptions) -> None:
    load = Load(bootstrap, keys=4)
    await load.send(200)
    async with worker(replace(options, max_batch_bytes=1)):
        assert await load.arrived() == load.expected


class _Failing(toy.Collect):
    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        super().handle(state, topic, records)
        raise ValueError("a defect")


async def test_a_defect_in_a_stage_ends_the_worker_with_nothing_acknowledged(
    bootstrap: str, options: LaneOptions
) -> None:
    load = Load(bootstrap)
    await load.send(100)
    app = create_app([_Failing(), toy.Fold()], options, stream_id="toy")
    async with asyncio.timeout(30):
        assert await serve(app, asyncio.Event()) == 1
    assert isinstance(app.lane.failure, ValueError)
    assert (await read_table(bootstrap, toy.STATE)).records == 0
    async with worker(options):
        assert await load.arrived() == load.expected


async def test_a_send_that_was_given_up_fails_no_other_partition(bootstrap: str, options: LaneOptions) -> None:
    """One producer serves all: without this, one late answer closed all seventeen partitions of a worker."""

    def not_ours() -> None:
        raise Fenced("a test")

    writer = Writer(options)
    await writer.start()
    with pytest.raises(Fenced):
        await writer.append(toy.STATE, 0, [Message(b"fenced", b"\x01")], not_ours)
    await writer.append(toy.STATE, 1, [Message(b"sent", b"\x01")], lambda: None)
    await writer.stop()
    assert (await read_table(bootstrap, toy.STATE)).last == {b"sent": b"\x01"}


async def test_two_apps_in_one_process(bootstrap: str, options: LaneOptions, tmp_path: Path) -> None:
    load = Load(bootstrap)
    first = worker(options, stages=[toy.Collect()], stream_id="collectors")
    second = worker(replace(options, data_folder=tmp_path / "2"), stages=[toy.Fold()], stream_id="folders")
    async with first, second:
        await load.send(300)
        assert await load.arrived() == load.expected


@pytest.mark.parametrize("topic", [toy.STATE, toy.SETS, toy.VIEWS])
async def test_a_late_record_of_a_former_owner_is_written_over(
    bootstrap: str, options: LaneOptions, topic: str
) -> None:
    load, counts = Load(bootstrap), Counts()
    async with worker(options, observer=counts):
        await load.send(200)
        assert await load.arrived() == load.expected
        await _write(bootstrap, topic, b"key-1", toy.pack({0}))
        await until(lambda: counts.repaired_records > 0)

        async def repaired() -> bool:
            return (await read_table(bootstrap, topic)).numbers() == load.expected

        await until(repaired)


@pytest.mark.parametrize("topic", [toy.STATE, toy.SETS, toy.VIEWS])
async def test_a_late_record_that_came_while_nobody_was_there_is_written_over(
    bootstrap: str, options: LaneOptions, topic: str
) -> None:
    load = Load(bootstrap)
    async with worker(options):
        await load.send(200)
        assert await load.arrived() == load.expected
    await _write(bootstrap, topic, b"key-1", toy.pack({0}))
    async with worker(options):

        async def repaired() -> bool:
            return (await read_table(bootstrap, topic)).numbers() == load.expected

        await until(repaired)


async def test_a_former_owner_that_was_further_is_taken_over(bootstrap: str, options: LaneOptions) -> None:
    load = Load(bootstrap)
    async with worker(options) as app:
        await load.send(200)
        assert await load.arrived() == load.expected
        further = toy.pack(load.expected[b"key-1"] | {77})
        await _write(bootstrap, toy.STATE, b"key-1", further)
        owner = next(
            p
            for p in app.lane.partitions
            if p.stage.name == "collect" and p.partition == partition_for(b"key-1", toy.PARTITIONS)
        )
        await until(lambda: owner.recovered and owner.items().get(b"key-1") == further)


async def _write(bootstrap: str, topic: str, key: bytes, value: bytes) -> None:
    async with producer(bootstrap) as to_kafka:
        partition = partition_for(key, toy.PARTITIONS)
        await to_kafka.send_and_wait(topic, key=key, value=value, partition=partition)


async def test_a_consumer_stops_that_gives_up_an_assignment_at_that_moment(bootstrap: str) -> None:
    """aiokafka waited for ever: it took the cancellation of its fetching for that of the fetch which it gave up. So a
    worker that was stopped while its group was rearranged sometimes lived on."""
    consumer = LogConsumer(idle_seconds=0.01, bootstrap_servers=bootstrap, group_id=None)
    await consumer.start()
    begun, given_up = asyncio.Event(), asyncio.Event()

    async def slow_to_give_up(*_: object) -> bool:
        with suppress(asyncio.CancelledError):
            begun.set()
            await asyncio.Event().wait()
        with suppress(asyncio.CancelledError):
            given_up.set()
            await asyncio.Event().wait()
        return False

    consumer._fetcher._proc_fetch_request = slow_to_give_up
    consumer.assign([TopicPartition(toy.IN, 0)])
    await begun.wait()
    consumer.assign([TopicPartition(toy.IN, 1)])
    await given_up.wait()
    await asyncio.wait_for(consumer.stop(), 10)
    assert consumer._fetcher._fetch_task.done()


async def test_a_consumer_stops_whose_fetch_has_failed_and_waits_to_try_again(bootstrap: str) -> None:
    """A fetch does not answer a cancellation then, and the stop ended by it: a desk ended with a broker's outage."""
    consumer = LogConsumer(idle_seconds=0.01, bootstrap_servers=bootstrap, group_id=None)
    await consumer.start()
    begun = asyncio.Event()

    async def backing_off(*_: object) -> bool:
        begun.set()
        await asyncio.Event().wait()
        return False

    consumer._fetcher._proc_fetch_request = consumer._paced(backing_off)
    consumer.assign([TopicPartition(toy.IN, 0)])
    await begun.wait()
    await asyncio.wait_for(consumer.stop(), 10)
