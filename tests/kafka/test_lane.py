"""The lane on a real Apache Kafka: workers in processes of their own that are killed, paused, added and removed."""

from __future__ import annotations

import asyncio
import shutil
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from mode.threads import WorkerThread
from structlog.testing import capture_logs

from hub.demo.brokers.kafka import KafkaBroker
from hub.ops.broker import Broker
from hub.stream.app import create_app, serve
from hub.stream.lane.options import LaneOptions
from hub.stream.lane.tail import TailReader
from hub.stream.lane.writer import Writer
from hub.stream.stage import Output, Record, State
from tests.stream import toy
from tests.stream.lane_harness import Load, WorkerProcess, new_topics, processes, read_table, until, worker


@pytest.fixture
async def bootstrap(kafka_broker: KafkaBroker) -> str:
    """Kafka with the toy's topics, empty, and no members."""
    await new_topics(kafka_broker.bootstrap, toy.specs())
    return kafka_broker.bootstrap


@pytest.mark.parametrize("kills", [3, pytest.param(5, marks=pytest.mark.drill)])
async def test_kill_9_under_load_loses_nothing(bootstrap: str, tmp_path: Path, kills: int) -> None:
    load, enough = Load(bootstrap), asyncio.Event()
    async with processes() as started:
        # At 4 ms a record in each of two stages a worker does 125 a second: it is behind until the last kill.
        sending = asyncio.create_task(load.send_until(enough, per_second=200))
        for _ in range(kills):  # of the hub's own processes, test_crash.py kills many more
            killed = WorkerProcess(bootstrap, tmp_path, {"TOY_SLOW_MS": "4"})
            started.append(killed)
            before = await _applied(bootstrap)
            await killed.ready()

            async def is_working(before: int = before) -> bool:
                return before < await _applied(bootstrap)

            await until(is_working)
            published = load.count()
            killed.kill9()
            assert published > await _applied(bootstrap), "the kill came too late to prove anything"
        enough.set()
        await sending
        started.append(WorkerProcess(bootstrap, tmp_path))
        assert await load.arrived() == load.expected
        assert await started[-1].stop() == 0
    assert (await read_table(bootstrap, toy.STATE)).numbers() == load.expected
    assert (await read_table(bootstrap, toy.SETS)).numbers() == load.expected


async def _applied(bootstrap: str) -> int:
    return sum(map(len, (await read_table(bootstrap, toy.VIEWS)).numbers().values()))


@pytest.mark.drill
async def test_workers_join_and_leave_under_load(bootstrap: str, tmp_path: Path) -> None:
    load = Load(bootstrap)
    async with processes() as started:
        sending = asyncio.create_task(load.send(8000, per_second=300))
        one = WorkerProcess(bootstrap, tmp_path / "1")
        started.append(one)
        await one.ready()
        two = WorkerProcess(bootstrap, tmp_path / "2")
        started.append(two)
        await two.ready()
        assert await one.stop() == 0
        three = WorkerProcess(bootstrap, tmp_path / "3")
        started.append(three)
        await three.ready()
        two.kill9()
        started.append(WorkerProcess(bootstrap, tmp_path / "1"))
        await started[-1].ready()
        await sending
        assert await load.arrived() == load.expected
    for topic in (toy.STATE, toy.SETS):
        assert (await read_table(bootstrap, topic)).numbers() == load.expected


@pytest.mark.parametrize("topic", [toy.SETS, toy.STATE, toy.VIEWS])
async def test_a_paused_former_owner_that_wakes_changes_nothing(bootstrap: str, tmp_path: Path, topic: str) -> None:
    load = Load(bootstrap)
    async with processes() as started:
        await _pause_and_take_over(bootstrap, tmp_path, load, started, topic)
        assert await load.arrived() == load.expected

        async def same_everywhere() -> bool:
            tables = [await read_table(bootstrap, each) for each in (toy.SETS, toy.STATE, toy.VIEWS)]
            return all(table.numbers() == load.expected for table in tables)

        await until(same_everywhere)


async def test_without_the_tail_guard_a_paused_former_owner_wins(bootstrap: str, tmp_path: Path) -> None:
    load = Load(bootstrap)
    async with processes() as started:
        await _pause_and_take_over(bootstrap, tmp_path, load, started, toy.SETS, {"TOY_NO_GUARD": "1"})
        assert await load.arrived() == load.expected
        assert (await read_table(bootstrap, toy.SETS)).numbers() != load.expected, "the control shows nothing"


async def _pause_and_take_over(
    bootstrap: str,
    folder: Path,
    load: Load,
    started: list[WorkerProcess],
    topic: str,
    environment: Mapping[str, str] | None = None,
) -> None:
    """One worker stops just before a send; another takes over and goes on; then the first one's bytes arrive."""
    paused = WorkerProcess(bootstrap, folder / "1", {"TOY_PAUSE": topic} | dict(environment or {}))
    started.append(paused)
    await paused.ready()
    await load.send(400)
    assert await load.arrived() == load.expected
    (folder / "1" / "pause").touch()
    await load.send(40)
    await until(lambda: paused.says("TOY PAUSED"))
    started.append(WorkerProcess(bootstrap, folder / "2", environment))
    await started[-1].ready()
    await load.send(400)
    assert await load.arrived() == load.expected
    paused.signal(signal.SIGCONT)
    await until(lambda: paused.says("TOY LATE"))


class _Huge(toy.Fold):
    """For one key it makes more than a topic takes."""

    def __init__(self, puts: Mapping[bytes, bytes]) -> None:
        self._puts = puts

    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        if any(record.key == b"key-7" for record in records):
            for key, value in self._puts.items():
                state.put(key, value)
        return super().handle(state, topic, records)


@pytest.mark.parametrize(
    "puts",
    [{b"refused": bytes(9 << 20)}, {b"does-not-fit-%d" % number: bytes(1 << 20) for number in range(9)}],
    ids=["one record", "one list"],
)
async def test_what_is_larger_than_its_topic_takes_ends_the_worker_and_is_not_skipped(
    bootstrap: str, tmp_path: Path, puts: Mapping[bytes, bytes]
) -> None:
    load = Load(bootstrap)
    await load.send(100)
    options = LaneOptions(bootstrap=bootstrap, data_folder=tmp_path)
    app = create_app([toy.Collect(), _Huge(puts)], options, stream_id="toy")
    with capture_logs() as lines:
        assert await asyncio.wait_for(serve(app, asyncio.Event()), 60) == 1
    (said,) = (line for line in lines if line["event"] == "lane_failed")
    assert said["error"] == "TooLarge"
    assert said["detail"].startswith(f"{toy.VIEWS} does not take a batch of 94")
    assert not any(name in repr(lines) for name in ("refused", "does-not-fit", "key-7"))
    views = await read_table(bootstrap, toy.VIEWS)
    assert not views.last.keys() & {b"key-7", *puts}
    async with worker(options):
        assert await load.arrived() == load.expected


async def test_lost_folder_is_rebuilt_from_the_changelog(bootstrap: str, tmp_path: Path) -> None:
    load = Load(bootstrap)
    async with processes() as started:
        started.append(WorkerProcess(bootstrap, tmp_path))
        await started[0].ready()
        await load.send(1000)
        assert await load.arrived() == load.expected
        started[0].kill9()
        shutil.rmtree(tmp_path / "stream")
        started.append(WorkerProcess(bootstrap, tmp_path))
        await load.send(1000)
        assert await load.arrived() == load.expected


def _group(bootstrap: str) -> tuple[int, int]:
    """Members of the workers' group, and how many records of the input it has committed."""
    with Broker(bootstrap) as broker:
        group = broker.group("toy")
    return group.members, sum(offset for (topic, _), offset in group.committed.items() if topic == toy.IN)


async def _assert_gone(bootstrap: str, running: asyncio.Task[int], committed: int) -> None:
    """A worker of this process has ended well, with all it did committed, and left nothing: no member of the group, no
    thread, no task."""
    assert await asyncio.wait_for(running, 20) == 0
    assert await asyncio.to_thread(_group, bootstrap) == (0, committed)
    assert not [each for each in threading.enumerate() if isinstance(each, WorkerThread)]
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("lane")]


@pytest.mark.parametrize("first", ["stop", "rearranged"])
async def test_a_worker_that_stops_while_its_group_is_rearranged_ends_and_leaves_it(
    bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Whichever came first. Who does not leave keeps its partitions from others until its session times out."""
    load, stop = Load(bootstrap), asyncio.Event()
    options = LaneOptions(bootstrap=bootstrap, data_folder=tmp_path, commit_interval_seconds=100)
    app: Any = create_app([toy.Collect(), toy.Fold()], options, stream_id="toy")
    running = asyncio.create_task(serve(app, stop))
    await until(lambda: app.lane.is_ready)
    await load.send(100)
    assert await load.arrived() == load.expected
    begun, going_on = asyncio.Event(), asyncio.Event()
    stop_work = app.lane.stop_work

    async def takes_its_time() -> None:
        begun.set()
        await stop_work()
        await going_on.wait()

    monkeypatch.setattr(app.lane, "stop_work", takes_its_time)
    thread = app.consumer._thread

    def rearrange() -> None:
        thread.thread_loop.call_soon_threadsafe(thread._consumer._coordinator.request_rejoin)

    steps = [stop.set, rearrange] if first == "stop" else [rearrange, stop.set]
    steps[0]()
    await asyncio.wait_for(begun.wait(), 30)
    steps[1]()
    await until(lambda: app.rebalancing and app.should_stop)
    with suppress(TimeoutError):
        await until(lambda: thread.should_stop, 1.0)
    going_on.set()
    await _assert_gone(bootstrap, running, 100)


async def test_a_worker_that_stops_while_it_takes_partitions_keeps_none(
    bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, begun, going_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    options = LaneOptions(bootstrap=bootstrap, data_folder=tmp_path)
    app: Any = create_app([toy.Collect(), toy.Fold()], options, stream_id="toy")
    partition_count = Writer.partition_count

    async def takes_its_time(self: Writer, topic: str) -> int:
        begun.set()
        await going_on.wait()
        return await partition_count(self, topic)

    monkeypatch.setattr(Writer, "partition_count", takes_its_time)
    running = asyncio.create_task(serve(app, stop))
    await asyncio.wait_for(begun.wait(), 30)
    stop.set()
    await until(lambda: app.should_stop)
    with suppress(TimeoutError):
        await until(lambda: app.lane.is_closed, 1.0)
    with capture_logs() as lines:
        going_on.set()
        await _assert_gone(bootstrap, running, 0)
    assert not [line for line in lines if line["log_level"] in {"error", "critical"}]


async def test_a_worker_whose_stop_fails_says_so_and_leaves_its_group(
    bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(self: TailReader) -> None:
        await stop_reader(self)
        raise KafkaConnectionError

    stop_reader = TailReader.stop
    monkeypatch.setattr(TailReader, "stop", fails)
    stop = asyncio.Event()
    app = create_app(
        [toy.Collect(), toy.Fold()], LaneOptions(bootstrap=bootstrap, data_folder=tmp_path), stream_id="toy"
    )
    running = asyncio.create_task(serve(app, stop))
    await until(lambda: app.lane.is_ready)
    with capture_logs() as lines:
        stop.set()
        await _assert_gone(bootstrap, running, 0)
    assert [line["error"] for line in lines if line["event"] == "lane_failed"] == ["KafkaConnectionError"]


@pytest.mark.parametrize(
    ("what", "place"),
    [("task", "_hang.<locals>.close"), ("loop", "in close"), ("handler", "in _left_over"), ("thread", "in _left_over")],
)
async def test_a_worker_that_does_not_stop_is_ended_and_says_where_it_was(
    bootstrap: str, tmp_path: Path, what: str, place: str
) -> None:
    async with processes() as started:
        started.append(WorkerProcess(bootstrap, tmp_path, {"TOY_HANGS": what}))
        await started[0].ready()
        if what == "handler":
            await Load(bootstrap).send(1)
            await until(lambda: started[0].says("TOY HELD"))
        assert await started[0].stop() == 0
        (said,) = (line for line in started[0].log.read_text().splitlines() if "worker_does_not_stop" in line)
        assert place in said
