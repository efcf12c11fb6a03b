"""What the tests of the lane share: a worker in this process or another one, producing, and reading what is there."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from hub.events.ids import partition_for
from hub.events.topics import TopicSpec
from hub.stream.app import StreamApp, create_app, serve
from hub.stream.lane.options import LaneObserver, LaneOptions
from hub.stream.provision import ensure_topics
from hub.stream.stage import Stage
from tests.stream import toy

DEADLINE_SECONDS = 60.0


class Table(NamedTuple):
    """A topic read from its start to its end: last value per key, and how many records there were."""

    last: dict[bytes, bytes]
    records: int

    def numbers(self) -> dict[bytes, set[int]]:
        """The sets of the toy."""
        return {key: toy.unpack(value) for key, value in self.last.items()}


class Load:
    """Produces numbers and remembers which were acknowledged."""

    def __init__(self, bootstrap: str, keys: int = 40) -> None:
        self.expected: defaultdict[bytes, set[int]] = defaultdict(set)
        self._bootstrap = bootstrap
        self._keys = keys
        self._sent = 0

    async def send(self, count: int, *, per_second: float | None = None) -> None:
        """Send the next numbers; all are acknowledged on return."""
        async with producer(self._bootstrap) as to_kafka:
            waits = []
            for _ in range(count):
                waits.append(asyncio.ensure_future(self._send_next(to_kafka)))
                if per_second:
                    await asyncio.sleep(1 / per_second)
            await asyncio.gather(*waits)

    async def send_until(self, enough: asyncio.Event, *, per_second: float) -> None:
        """Send numbers until it is enough; all are acknowledged on return."""
        async with producer(self._bootstrap) as to_kafka:
            waits = []
            while not enough.is_set():
                waits.append(asyncio.ensure_future(self._send_next(to_kafka)))
                await asyncio.sleep(1 / per_second)
            await asyncio.gather(*waits)

    async def _send_next(self, to_kafka: AIOKafkaProducer) -> None:
        key, number = b"key-%d" % (self._sent % self._keys), self._sent // self._keys
        self._sent += 1
        partition = partition_for(key, toy.PARTITIONS)
        await to_kafka.send_and_wait(toy.IN, key=key, value=b"%d" % number, partition=partition)
        self.expected[key].add(number)

    def count(self) -> int:
        """How many numbers were acknowledged."""
        return sum(map(len, self.expected.values()))

    async def arrived(self, seconds: float = DEADLINE_SECONDS) -> dict[bytes, set[int]]:
        """Wait until the views hold as many numbers as were sent; return what they hold then, or at the deadline."""
        want = self.count()
        found: dict[bytes, set[int]] = {}

        async def complete() -> bool:
            nonlocal found
            found = (await read_table(self._bootstrap, toy.VIEWS)).numbers()
            return sum(map(len, found.values())) >= want

        try:
            await until(complete, seconds)
        except TimeoutError:
            return found
        return found


@asynccontextmanager
async def producer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """An idempotent producer."""
    made = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def read_table(bootstrap: str, topic: str, partitions: int = toy.PARTITIONS) -> Table:
    """Read a topic from its start to where it ends now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in range(partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        last: dict[bytes, bytes] = {}
        records = 0
        for place in places:
            while await consumer.position(place) < ends[place]:
                for fetched in (await consumer.getmany(timeout_ms=500)).values():
                    records += len(fetched)
                    last.update((record.key, record.value) for record in fetched)
        return Table(last, records)
    finally:
        await consumer.stop()


async def until(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = DEADLINE_SECONDS
) -> None:
    """Poll. Raises TimeoutError at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} seconds: {condition}")
        await asyncio.sleep(0.02)


@asynccontextmanager
async def worker(
    options: LaneOptions,
    *,
    stages: Sequence[Stage] = (),
    stream_id: str = "toy",
    observer: LaneObserver | None = None,
) -> AsyncIterator[StreamApp]:
    """A worker in this process, ready; stopped in good order at the end."""
    stop = asyncio.Event()
    app = create_app(stages or [toy.Collect(), toy.Fold()], options, stream_id=stream_id, observer=observer)
    running = asyncio.create_task(serve(app, stop))
    try:
        await until(lambda: app.lane.is_ready or running.done())
        assert not running.done(), "the worker ended by itself"
        yield app
    finally:
        stop.set()
        code = await running
    assert code == 0


class WorkerProcess:
    """A worker of its own: `tests/stream/toy_worker.py`, or another. Ended by its pid; what it said is in `log`."""

    def __init__(
        self,
        bootstrap: str,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        session_seconds: float = 3.0,
        module: str = "tests.stream.toy_worker",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"worker-{time.monotonic_ns()}.log"
        command = [sys.executable, "-m", module, bootstrap, str(folder), str(session_seconds)]
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=Path(__file__).parents[2],
                env=dict(os.environ) | dict(environment or {}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def says(self, text: str) -> bool:
        """Whether a line with this text was printed."""
        return text in self.log.read_text(errors="replace")

    def lines(self, start: str) -> list[str]:
        """The whole lines that were printed and start so."""
        whole, _, _ = self.log.read_text(errors="replace").rpartition("\n")
        return [line for line in whole.splitlines() if line.startswith(start)]

    async def ready(self) -> None:
        """Wait until it has its partitions. Fails when it ended."""
        await until(lambda: self.says("TOY READY") or self._process.poll() is not None)
        assert self._process.poll() is None, self.log.read_text(errors="replace")[-3000:]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def kill9(self) -> None:
        """SIGKILL, and reap."""
        self._process.kill()
        self._process.wait()

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        self._process.terminate()
        try:
            await until(lambda: self._process.poll() is not None, 30)
        except TimeoutError:
            self.kill9()
        return self._process.wait()


@asynccontextmanager
async def processes() -> AsyncIterator[list[WorkerProcess]]:
    """Whatever is put into the list is ended at the end."""
    started: list[WorkerProcess] = []
    try:
        yield started
    finally:
        for process in started:
            process.signal(signal.SIGCONT)
            process.kill9()


async def new_topics(bootstrap: str, specs: Sequence[TopicSpec]) -> None:
    """These topics, empty: those of an earlier test are removed."""
    from kafka.admin import KafkaAdminClient

    def renew() -> None:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        try:
            there = set(admin.list_topics()) & {spec.topic for spec in specs}
            if there:
                admin.delete_topics(sorted(there))
        finally:
            admin.close()
        ensure_topics(bootstrap, specs=specs)

    await asyncio.to_thread(renew)
