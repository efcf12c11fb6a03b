"""One contestant does the whole job once, on topics that are new, and is looked at from outside."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from bench.whole_job.contestants import Told
from bench.whole_job.input import Input
from bench.whole_job.reference import Shown, differing, expected
from bench.worker import BenchError, Usage, usage
from hub.connect.ingest.publisher import Message
from hub.demo.brokers.child import ChildProcess
from hub.events.topics import VIEWS, topics
from hub.stream.provision import ensure_topics

POLL_SECONDS: Final = 0.1
"""Resolution of the wall time; a run takes many seconds."""
_QUIET_SECONDS: Final = 1.0
"""Without a new view, and at rest: time to look whether all is right."""
_PATIENCE_SECONDS: Final = 60.0
"""At rest and not right: so long something may come yet. Quix stands still for seconds when an input is empty."""
_IDLE_SHARE: Final = 0.15
"""Of a core."""
_SILENT: Final = 0
"""librdkafka says on our terminal what becomes of its connections; what matters is raised."""
_STALL_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 20.0
_SETTLE_SECONDS: Final = 30.0
_READ_AT_ONCE: Final = 1000
_MB: Final = 1_000_000


class Contestant(NamedTuple):
    """A program that does the job, and what it promises of it."""

    name: str
    command: tuple[str, ...]
    recoverable: str
    order: str
    lost: str
    """In a crash: what of the job is gone, or wrong, afterwards."""
    python: Path = Path(sys.executable)
    list_records: int | None = None
    """Longest list, where it is not that of all."""


class Run(NamedTuple):
    """What one run came to. `differing`: households that are not as in the reference."""

    events: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    views: int
    differing: int
    households: int


class Log:
    """The broker, as the runner uses it."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._client = {"bootstrap.servers": bootstrap, "log_level": _SILENT}
        self._admin = AdminClient(self._client)
        self._producer = Producer(self._client | {"linger.ms": 5, "enable.idempotence": True})
        self._consumer = self._new_consumer()

    def _new_consumer(self) -> Consumer:
        return Consumer(self._client | {"group.id": "runner", "enable.auto.commit": False})

    def renew_topics(self) -> None:
        """Nothing of the contestant before is left; the topics of the contract are there, empty."""
        if names := self._names():
            for done in self._admin.delete_topics(list(names)).values():
                done.result()
        _await(lambda: not self._names(), _SETTLE_SECONDS, "topics are not deleted")
        ensure_topics(self.bootstrap)
        self._consumer.close()  # it goes on knowing that the topics are gone
        self._consumer = self._new_consumer()
        _await(self._is_there, _SETTLE_SECONDS, "the topics are not there")

    def _is_there(self) -> bool:
        try:
            return self.written() == 0
        except KafkaException:
            return False

    def write(self, messages: Iterable[Message]) -> None:
        """All acknowledged on return."""
        for message in messages:
            while True:
                try:
                    self._producer.produce(message.topic, message.value, message.key, message.partition)
                    break
                except BufferError:
                    self._producer.poll(0.1)
        if self._producer.flush(_SETTLE_SECONDS):
            raise BenchError("the input cannot be written")

    def written(self, topic: str = VIEWS) -> int:
        """How many messages until now."""
        ends = (self._consumer.get_watermark_offsets(place, timeout=10) for place in _places(topic))
        return sum(high for _, high in ends)

    def read(self, topic: str) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of every message until now."""
        left = self.written(topic)
        self._consumer.assign(_places(topic))
        while left:
            batch = self._consumer.consume(min(left, _READ_AT_ONCE), timeout=_SETTLE_SECONDS)
            if not batch:
                raise BenchError(f"{topic} cannot be read")
            yield from ((message.key(), message.value()) for message in batch)
            left -= len(batch)
        self._consumer.unassign()

    def final_views(self) -> dict[str, bytes]:
        """The last message of every key."""
        return {key.decode(): value for key, value in self.read(VIEWS)}

    def close(self) -> None:
        """Let go of the connections."""
        self._consumer.close()

    def _names(self) -> set[str]:
        return {name for name in self._admin.list_topics(timeout=10).topics if not name.startswith("__")}


def run_once(
    contestant: Contestant, log: Log, given: Input, wanted: Sequence[dict[str, Shown]], folder: Path, list_records: int
) -> Run:
    """Start it, let it show that it is up, give it the input, wave after wave, wait until it is done, compare with what
    is wanted after each wave, stop it.

    Raises BenchError when it ends, or stands still before anything is right."""
    log.renew_topics()
    log.write(given.warm_up)
    process = ChildProcess(
        [str(contestant.python), *contestant.command],
        log=folder / f"{contestant.name}.log",
        environment=_environment(Told(log.bootstrap, folder, contestant.list_records or list_records)),
    )
    try:
        look = _Look(process, log)
        look.await_households(expected(given.warm_up).keys())
        look.await_rest()
        before, written, seconds, wrong = look.usage(), look.views, 0.0, 0
        for wave, right in zip(given.waves, wanted, strict=True):
            started = look.changed_at = time.monotonic()
            log.write(wave)
            wrong = max(wrong, look.await_right(right))
            seconds += look.changed_at - started
        after = look.usage()
        return Run(
            events=len(given.main),
            seconds=seconds,
            cpu_seconds=after.cpu_seconds - before.cpu_seconds,
            peak_mb=after.peak_bytes / _MB,
            views=look.views - written,
            differing=wrong,
            households=len(wanted[-1]),
        )
    finally:
        process.stop(_STOP_SECONDS)


class _Look:
    """At a contestant from outside: what it has written, what it takes."""

    def __init__(self, process: ChildProcess, log: Log) -> None:
        self._process = process
        self._log = log
        self.views = 0
        self.changed_at = time.monotonic()

    def usage(self) -> Usage:
        """CPU and memory until now. Raises BenchError when it has ended."""
        self._require_alive()
        return usage(self._process.pid)

    def await_households(self, wanted: Iterable[str]) -> None:
        """Until there is a view of each."""
        missing = set(wanted)
        while missing:
            self._await(partial(self._has_more_than, self.views))
            missing -= self._log.final_views().keys()

    def await_rest(self) -> None:
        """Until it writes no more and takes hardly any CPU. Whoever works on for minutes, to no effect, is at rest."""
        while True:
            cpu, at = self.usage().cpu_seconds, time.monotonic()
            self._await(partial(_is_past, at + _QUIET_SECONDS))
            used = self.usage().cpu_seconds - cpu
            is_idle = used < _IDLE_SHARE * (time.monotonic() - at)
            if self.changed_at <= at and (is_idle or _is_past(self.changed_at + _STALL_SECONDS)):
                return

    def await_right(self, wanted: Mapping[str, Shown]) -> int:
        """Until it is at rest and every household is as it should be; how many are not, when patience ends."""
        while True:
            self.await_rest()
            wrong = differing(self._log.final_views(), wanted)
            if not wrong or time.monotonic() - self.changed_at > _PATIENCE_SECONDS:
                return wrong

    def _require_alive(self) -> None:
        if self._process.exit_code() is not None:
            raise BenchError("it ended:\n" + "\n".join(self._process.last_lines(15)))

    def _await(self, is_over: Callable[[], bool]) -> None:
        stalled_at = time.monotonic() + _STALL_SECONDS
        while not is_over():
            if _is_past(stalled_at):
                raise BenchError("it stands still:\n" + "\n".join(self._process.last_lines(15)))
            time.sleep(POLL_SECONDS)
            self._require_alive()
            views = self._log.written()
            if views != self.views:
                self.views, self.changed_at = views, time.monotonic()

    def _has_more_than(self, views: int) -> bool:
        return self.views > views


def _is_past(moment: float) -> bool:
    return time.monotonic() > moment


def _environment(given: Told) -> dict[str, str]:
    ours = {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "REGIEHUB_BROKER": given.broker,
        "REGIEHUB_DATA_FOLDER": str(given.folder),
        "REGIEHUB_STREAM_ID": given.group,
    }
    return dict(os.environ) | given.environment() | ours


def _places(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number, 0) for number in range(topics()[topic].partitions)]


def _await(condition: Callable[[], bool], seconds: float, problem: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(problem)
        time.sleep(POLL_SECONDS)
