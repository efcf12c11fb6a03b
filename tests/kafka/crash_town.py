"""A town on a real Kafka whose processes are killed: who is behind, by how much, and what came of it in the end."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
from kafka import TopicPartition
from prometheus_client.mmap_dict import MmapedDict

from connectors.menscentraal.simulator import DATABASE_NAME
from hub.connect.frontier import Frontier
from hub.connect.simulator import Simulator
from hub.demo.brokers.ports import HOST, free_port
from hub.demo.delivery import Deliverer
from hub.demo.lag import Gauge
from hub.demo.once import dead_letters, new_town, read_all, reference_of
from hub.demo.oracle import Mismatch, compare
from hub.demo.stack import ExternalBroker, Stack
from hub.demo.town.changes import ZCD, Change
from hub.demo.town.correspondence import ISTANDAARDEN
from hub.events.topics import topics
from hub.ops.flow import STREAM_INPUTS
from tests.kafka.ledger import Ledger, Loss
from tests.kafka.marks import planted

STREAM = "stream"
DESK = "desk"
STREAM_PARTITIONS = 1 + 2 * topics()[STREAM_INPUTS[1]].partitions
"""Of resolve, route and assemble together."""
_DEADLINE_SECONDS = 90.0
_APPLIED = "regiehub_stage_records_applied_total"

Published = Mapping[TopicPartition, int] | frozenset[tuple[int, int]]


class Kill(NamedTuple):
    """One kill -9, measured on what the process left. `behind`: published before it was stopped and not applied;
    `again`: applied and not committed, so that its successor applies it once more (a worker only)."""

    process: str
    behind: int
    again: int

    @property
    def is_telling(self) -> bool:
        """Whether there was something to lose, and for a worker also something to apply twice."""
        return self.behind > 0 and (self.process != STREAM or self.again > 0)


class Outcome(NamedTuple):
    """The read model at rest."""

    documents: list[dict[str, Any]]
    mismatches: list[Mismatch]
    losses: list[Loss]
    dead_letters: int
    unreadable: int


class Load:
    """Delivers the town's changes in bursts, at so many a second, while a context is open; then all is visible."""

    def __init__(self, simulators: Mapping[str, Simulator], changes: Iterator[Change], per_second: float) -> None:
        self._deliverer = Deliverer(simulators)
        self._changes = changes
        self._per_second = per_second
        self._bursts = random.Random(per_second)
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="town", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
        self._deliverer.close()
        if self._failure is not None and error is None:
            raise self._failure

    @property
    def delivered(self) -> int:
        """How many changes so far."""
        return self._deliverer.delivered

    def _run(self) -> None:
        try:
            seconds = 0.0
            while not self._stopped.wait(seconds):
                burst = self._bursts.randint(1, int(self._per_second))
                for _ in range(burst):
                    self._deliverer.deliver(next(self._changes))
                seconds = burst / self._per_second
        except BaseException as error:  # noqa: BLE001  # raised at the end of the load
            self._failure = error


class CrashGauge(Gauge):
    """Knows what a connector has saved, where the original counts what a process has read since its start."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack)
        self._of = stack

    def source_lag(self) -> int:
        """Changes visible in the sources that are not behind the saved cursors."""
        return sum(self.behind_source(source, self.visible(source)) for source in self._of.simulators)

    def visible(self, source: str) -> frozenset[tuple[int, int]]:
        """Position and transaction of every change that the source shows."""
        if source == ZCD:
            return frozenset((position, 0) for position, _ in self._of.simulators[source].all_changes())
        if source == ISTANDAARDEN:
            folder = Path(self._of.simulators[source].url)
            return frozenset((path.stat().st_ctime_ns, 0) for path in folder.glob("*.xml"))
        with closing(sqlite3.connect(self._of.folder / source / DATABASE_NAME, timeout=30)) as connection:
            return frozenset(connection.execute("SELECT seq, tx FROM outbox").fetchall())

    def behind_source(self, source: str, visible: frozenset[tuple[int, int]]) -> int:
        """How many of these changes are not behind the saved cursor."""
        state = self._cursor(source)
        if state is None:
            return len(visible)
        if source == ZCD:
            frontier = Frontier.from_state(state)
            return sum(position not in frontier for position, _ in visible)
        if source == ISTANDAARDEN:
            return sum(changed > state.get("changed_ns", 0) for changed, _ in visible)
        delivered = Frontier.from_state(state["delivered"])
        final = (state["tx"], state["seq"])
        return sum((tx, seq) > final and seq not in delivered for seq, tx in visible)

    def _cursor(self, source: str) -> dict[str, Any] | None:
        index = self._of.data_folder / "ingest" / f"{source}.sqlite"
        try:
            with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True, timeout=10)) as connection:
                row = connection.execute("SELECT cursor FROM progress").fetchone()
        except sqlite3.OperationalError:  # the process was killed before it had made the file
            return None
        return None if row is None or row[0] is None else dict(json.loads(row[0])["state"])


class CrashTown:
    """A stack on a Kafka that nobody else uses. A context manager; blocking."""

    def __init__(self, bootstrap: str, *, households: int, seed: int, settings: Mapping[str, str]) -> None:
        """`settings`: of every process, as `Stack` has them. The environment variable PROMETHEUS_MULTIPROC_DIR names a
        folder: there each process keeps its counters, where they can be read when it stands still or is dead."""
        self._settings = settings
        self._counters = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        self._bootstrap = bootstrap
        self.kills: list[Kill] = []
        self._exit = ExitStack()
        self._start_at: dict[str, int] = {}
        self._applied_by_the_dead = 0
        town = new_town(households, seed)
        self._changes: Iterator[Change] = chain(town.fill(), town.live())

    def __enter__(self) -> Self:
        with self._exit:
            self.stack = Stack(ExternalBroker(self._bootstrap), port=free_port(), settings=self._settings)
            self._exit.enter_context(self.stack)
            self.gauge = CrashGauge(self.stack)
            self._exit.callback(self.gauge.close)
            self.ledger = self._exit.enter_context(Ledger(self._bootstrap))
            self._http = self._exit.enter_context(httpx.Client(trust_env=False, timeout=10.0))
            for source, change in planted():
                self.stack.simulators[source].apply(change)
            self._exit = self._exit.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def load(self, per_second: float) -> Load:
        """The town's next changes."""
        return Load(self.stack.simulators, self._changes, per_second)

    # ---- kills

    def kill9(self, name: str, rng: random.Random, **settings: str) -> Kill:
        """Kill a process at a random moment of its work, and start it again at once.

        It is stopped (SIGSTOP), so that what it is behind can be measured, then killed, or continued if a kill would
        tell nothing. What is returned, and stands in `kills`, was measured after its death: a write to disk that was
        under way may have ended since the stop."""
        self.until(lambda: self._is_up(name) and self._work(name) > self._start_at.get(name, 0), f"{name} is at work")
        pause = threading.Event()
        until = time.monotonic() + _DEADLINE_SECONDS
        kill = None
        while kill is None:
            assert time.monotonic() < until, f"there is no moment at which a kill of {name} would tell something"
            pause.wait(rng.uniform(0.0, 0.5))
            kill = self._kill_if_telling(name)
        self.kills.append(kill)
        self._start_at[name] = self._work(name)
        self.stack.start(name, settings=settings)
        return kill

    def telling_kills(self) -> Counter[str]:
        """By kind of process: those at which there was something to lose."""
        return Counter(kill.process.split()[0] for kill in self.kills if kill.is_telling)

    def _kill_if_telling(self, name: str) -> Kill | None:
        child = self.stack.children[name]
        published = self._published(name)
        assert child.exit_code() is None, child.last_lines(5)
        os.kill(child.pid, signal.SIGSTOP)
        if not self._measured(name, published).is_telling:
            self._forget_what_was_counted_twice(name)
            os.kill(child.pid, signal.SIGCONT)
            return None
        child.kill()
        if name == STREAM:
            self._applied_by_the_dead += self._counted(child.pid)
        return self._measured(name, published)

    def _measured(self, name: str, published: Published) -> Kill:
        if name != STREAM or isinstance(published, frozenset):
            return Kill(name, self._behind(name, published), 0)
        applied = self._applied_at_most()
        return Kill(name, sum(published.values()) - applied, applied - self._work(name))

    def _applied_at_most(self) -> int:
        return self._start_at.get(STREAM, 0) + self._counted(self.stack.children[STREAM].pid)

    def _forget_what_was_counted_twice(self, name: str) -> None:
        """A worker that lost its partitions and got them back counts again what it had not committed; it shows as soon
        as it has counted more than there is."""
        if name == STREAM:
            twice = max(0, self._applied_at_most() - sum(self.gauge.stream_ends().values()))
            self._start_at[name] = self._start_at.get(name, 0) - twice

    def applied_again(self) -> int:
        """Records that the workers have applied beyond those that there are: by their own counts, those of the dead
        included. To be asked when nothing lags."""
        applied = self._applied_by_the_dead + self._counted(self.stack.children[STREAM].pid)
        return applied - sum(self.gauge.stream_ends().values())

    def _published(self, name: str) -> Published:
        if name == STREAM:
            return self.gauge.stream_ends()
        if name == DESK:
            return self.gauge.desk_ends()
        return self.gauge.visible(_source(name))

    def _behind(self, name: str, published: Published) -> int:
        if isinstance(published, frozenset):
            return self.gauge.behind_source(_source(name), published)
        return self.gauge.behind_stream(published) if name == STREAM else self.gauge.behind_desk(published)

    def _work(self, name: str) -> int:
        """A number that rises as the process gets on, whatever happens to it: what it has applied for good."""
        if name == STREAM:
            ends = self.gauge.stream_ends()
            return sum(ends.values()) - self.gauge.behind_stream(ends)
        if name == DESK:
            ends = self.gauge.desk_ends()
            return sum(ends.values()) - self.gauge.behind_desk(ends)
        visible = self.gauge.visible(_source(name))
        return len(visible) - self.gauge.behind_source(_source(name), visible)

    def _is_up(self, name: str) -> bool:
        """Whether the process that runs now is ready; what its predecessor had under way may be counted as work."""
        try:
            return self._http.get(f"http://{HOST}:{self.stack.metrics_ports[name]}/readyz").is_success
        except httpx.TransportError:
            return False

    def _counted(self, pid: int) -> int:
        """Records that a worker had applied since its start when it was stopped, killed or asked: its own counter,
        which rises when the effects of a list are durable. What it had in hand it had not applied."""
        counters = self._counters / f"counter_{pid}.db"
        if not counters.exists():  # it has counted nothing yet
            return 0
        untyped: Any = MmapedDict
        values = untyped.read_all_values_from_file(str(counters))
        return int(sum(value for key, value, *_ in values if json.loads(key)[1] == _APPLIED))

    def metrics(self, name: str) -> str:
        """Its /metrics."""
        return self._http.get(f"http://{HOST}:{self.stack.metrics_ports[name]}/metrics").text

    # ---- two workers

    def work_on(self, records: int) -> None:
        """Wait until the stream has applied so many more."""
        goal = self._work(STREAM) + records
        self.until(lambda: self._work(STREAM) >= goal, f"the stream has applied {records} more")

    def pause(self, name: str) -> None:
        """SIGSTOP."""
        os.kill(self.stack.children[name].pid, signal.SIGSTOP)

    def wake(self, name: str) -> None:
        """SIGCONT."""
        os.kill(self.stack.children[name].pid, signal.SIGCONT)

    def assignments(self, name: str) -> list[int]:
        """Number of stage partitions in each assignment that a worker got, in its order."""
        lines = (self.stack.folder / f"{name.replace(' ', '-')}.log").read_text(encoding="utf-8").splitlines()
        said = [json.loads(line) for line in lines if '"partitions_assigned"' in line]
        return [item["partitions"] for item in said]

    # ---- the end

    def settle(self) -> Outcome:
        """Wait until nothing lags; compare what the API answers with the reference and with the ledger."""
        self.gauge.await_zero()
        self.ledger.catch_up(self.gauge.end_offsets({place.topic for place in self.ledger.places}))
        documents = read_all(self.stack)
        reference, unreadable = reference_of(self.stack)
        losses = [*self.ledger.unpublished(self.stack.simulators), *self.ledger.losses(documents)]
        return Outcome(documents, compare(documents, reference), losses, dead_letters(self.stack), unreadable)

    def until(self, condition: Callable[[], bool], what: str, seconds: float = _DEADLINE_SECONDS) -> None:
        """Poll. Fails at the deadline, or when a process has ended by itself."""
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while not condition():
            self.stack.check()
            assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
            pause.wait(0.05)

    def summary(self) -> str:
        """Kills by process, how far behind they were, and what was done twice. To be asked when nothing lags."""
        counts = Counter(kill.process for kill in self.kills)
        kills = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        behind = sorted(kill.behind for kill in self.kills if kill.is_telling)
        return (
            f"{len(self.kills)} kills -9 ({kills}), {len(behind)} while behind (by {behind[0]} to {behind[-1]});"
            f" replays seen: {self.ledger.events_again()} events published again,"
            f" {self.applied_again()} records applied again, {self.ledger.sent_on_again()} sent on again"
        )


def _source(name: str) -> str:
    return name.removeprefix("connector ")
