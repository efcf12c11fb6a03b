"""A hostile lane: it keeps the rules of the real one (R4, R9) and does everything to the stages that the rules allow.

One partition per topic. Every effect is a step of its own, so a crash can fall between any two.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.stream.lane.tail import TailProgress
from hub.stream.stage import Output, Record, Stage


class Message(NamedTuple):
    """One message in a log, with the takeover that wrote it."""

    key: bytes
    value: bytes
    writer: int


class Log:
    """One partition of one topic. Compaction leaves holes, below the point that every owner has guarded."""

    def __init__(self) -> None:
        self.entries: list[Message | None] = []

    def append(self, messages: Sequence[Message]) -> None:
        """Append one record batch: all or nothing."""
        self.entries += messages

    def compact(self, rng: random.Random, below: int) -> None:
        """Remove some records superseded by others before an offset: `min.compaction.lag.ms` keeps the younger ones
        out of it, both from being removed and from superseding."""
        last = {entry.key: offset for offset, entry in enumerate(self.entries[:below]) if entry}
        for offset, entry in enumerate(self.entries[:below]):
            if entry and last[entry.key] != offset and rng.random() < 0.8:
                self.entries[offset] = None

    def read(self, start: int, end: int | None = None) -> Iterator[tuple[int, Message]]:
        """Messages with their offsets from `start`, up to but not including `end`."""
        for offset in range(start, len(self.entries) if end is None else end):
            if entry := self.entries[offset]:
                yield offset, entry


class Overlay:
    """The state while a list is handled."""

    def __init__(self, store: dict[bytes, bytes]) -> None:
        self.store = store
        self.puts: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """See `State.get`."""
        return self.puts.get(key, self.store.get(key))

    def put(self, key: bytes, value: bytes) -> None:
        """See `State.put`."""
        self.puts[key] = value


@dataclass(frozen=True)
class Rules:
    """How the lane behaves. The defaults are the rules; each switch breaks one of them, for the tests that must
    fail."""

    crash: float = 0.25
    longest_list: int = 6
    zombies: bool = True
    guard: bool = True
    changelog_first: bool = False
    torn_changelog: bool = False
    imply: bool = True
    past_gaps: bool = False


@dataclass
class Disk:
    """What survives a crash: the local store and the changelog position stored with it."""

    store: dict[bytes, bytes] = field(default_factory=dict)
    changelog_position: int = 0


class Crash(Exception):
    """The process dies here."""


class Worker:
    """The owner of one stage's partition."""

    def __init__(self, stage: Stage, logs: dict[str, Log], rules: Rules, rng: random.Random) -> None:
        self.stage, self.logs, self.rules, self.rng = stage, logs, rules, rng
        self.committed = dict.fromkeys(stage.inputs, 0)
        self.late: list[tuple[str, list[Message]]] = []
        self.acks: list[tuple[str, int, int]] = []
        self.speed = rng.choice([0.05, 0.3, 1, 1])
        self.weights = {topic: rng.choice([0.02, 0.2, 1, 1]) for topic in stage.inputs}
        self.disk = Disk()
        self.crashes = self.replayed = self.repaired = 0
        self.furthest = dict(self.committed)
        self.take_over()

    # -- takeover, recovery and the tail guard -------------------------------------------------------------------------

    def take_over(self) -> None:
        """Open the partition: recover the changelog by joins, repair what a former owner wrote late, rewind the
        inputs."""
        while True:
            if self.rng.random() < 0.4:
                self.disk = Disk()
            self.writer = self.rng.getrandbits(60)
            try:
                self._recover()
                break
            except Crash:
                self.crashes += 1
        self.tails |= {topic: TailProgress(0) for topic in self.stage.guarded}
        for topic in self.stage.guarded:
            self._guard_output(topic)
        self.position = dict(self.committed)

    def _recover(self) -> None:
        contested: set[bytes] = set()
        log = self.logs[self.stage.changelog]
        for _, message in log.read(self.disk.changelog_position):
            mine = self.disk.store.get(message.key)
            joined = self.stage.merge(message.key, mine, message.value)
            if joined != message.value:
                contested.add(message.key)
            self.disk.store[message.key] = joined
        for key in sorted(contested) if self.rules.guard else ():
            self._crash_if(self.rng.random() < self.rules.crash / 10)
            for output in self.stage.implied(key, self.disk.store[key]) if self.rules.imply else ():
                self._write(output.topic, [(output.key, output.value)])
            self._write(self.stage.changelog, [(key, self.disk.store[key])])
            self.repaired += 1
        self.disk.changelog_position = len(log.entries)
        self.tails = {self.stage.changelog: TailProgress(len(log.entries))}

    def guard(self) -> None:
        """Read on in the own outputs; answer what another owner wrote."""
        if not self.rules.guard:
            return
        for topic in self.stage.guarded:
            self._guard_output(topic)
        log, tail = self.logs[self.stage.changelog], self.tails[self.stage.changelog]
        tail.skip()
        for offset, message in log.read(tail.position, len(log.entries)):
            tail.position = offset + 1
            if message.writer == self.writer:
                continue
            mine = self.disk.store.get(message.key)
            if mine is None or self.stage.merge(message.key, mine, message.value) != mine:
                return self.take_over()
            if mine != message.value:
                self._write(self.stage.changelog, [(message.key, mine)])
                self.repaired += 1
        return None

    def _guard_output(self, topic: str) -> None:
        log, tail = self.logs[topic], self.tails[topic]
        tail.skip()
        last = {message.key: message for _, message in log.read(tail.position, len(log.entries))}
        for key, message in last.items():
            if message.writer != self.writer and self.rules.guard:
                better = self.stage.repair(Overlay(self.disk.store), topic, key, message.value)
                if better is not None:
                    self._write(topic, [(key, better)])
                    self.repaired += 1
        tail.position = len(log.entries)

    def guarded_below(self, topic: str) -> int:
        """Offset up to which this owner has guarded an output of its own."""
        return self.tails[topic].position

    def _write(self, topic: str, pairs: list[tuple[bytes, bytes]]) -> None:
        self.logs[topic].append([Message(key, value, self.writer) for key, value in pairs])

    # -- one list ------------------------------------------------------------------------------------------------------

    def lag(self) -> bool:
        """Whether input waits."""
        return any(self.position[topic] < len(self.logs[topic].entries) for topic in self.stage.inputs)

    def step(self, crash: float) -> None:
        """Do one thing: a paused owner's write lands, the guard reads, or a list is handled, perhaps with a crash in
        it."""
        if self.late and self.rng.random() < 0.2:
            topic, messages = self.late.pop(0)
            self.logs[topic].append(messages)
        if self.rng.random() < 0.3:
            self.guard()
        waiting = [topic for topic in self.stage.inputs if self.position[topic] < len(self.logs[topic].entries)]
        if not waiting:
            return
        topic = self.rng.choices(waiting, [self.weights[name] for name in waiting])[0]
        try:
            self._handle(topic, self.rng.randint(0, 4) if self.rng.random() < crash else None)
        except Crash:
            self.crashes += 1
            self.take_over()

    def _handle(self, topic: str, crash_at: int | None) -> None:
        start = self.position[topic]
        end = min(start + self.rng.randint(1, self.rules.longest_list), len(self.logs[topic].entries))
        records = [Record(offset, entry.key, entry.value) for offset, entry in self.logs[topic].read(start, end)]
        self.replayed += max(0, min(self.furthest[topic], end) - start)
        self.furthest[topic] = max(self.furthest[topic], end)
        overlay = Overlay(self.disk.store)
        outputs = self.stage.handle(overlay, topic, records)
        self.acks = []
        batch = [Message(key, value, self.writer) for key, value in overlay.puts.items()]
        if self.rules.changelog_first:
            self._changelog(batch, crash_at)
        self._publish(outputs, batch, crash_at)
        if not self.rules.changelog_first:
            self._changelog(batch, crash_at)
        self.disk.store.update(overlay.puts)
        self.disk.changelog_position = (
            len(self.logs[self.stage.changelog].entries) if self._alone() else self.disk.changelog_position
        )
        self._note_acks()
        self._crash_if(crash_at == 3)
        self.position[topic] = end
        if crash_at == 4 or self.rng.random() < 0.6:
            for name in self.stage.inputs:
                if self.rng.random() < 0.7:
                    self.committed[name] = self.position[name]
        self._crash_if(crash_at == 4)

    def _note_acks(self) -> None:
        """What was acknowledged need not be read back: as the lane has it, once it is in the state."""
        for topic, base, records in self.acks:
            if topic in self.tails:
                self.tails[topic].wrote(base, records)
                if self.rules.past_gaps:
                    self.tails[topic].position = base + records

    def _alone(self) -> bool:
        """Whether everything in the changelog has been seen, so that its end may be stored as the position."""
        log = self.logs[self.stage.changelog]
        return all(message.writer == self.writer for _, message in log.read(self.guarded_below(self.stage.changelog)))

    def _publish(self, outputs: list[Output], batch: list[Message], crash_at: int | None) -> None:
        """Send the outputs; different partitions ack in any order. A crash here leaves a part; a paused owner sends
        the rest late."""
        messages = [(output.topic, Message(output.key, output.value, self.writer)) for output in outputs]
        self.rng.shuffle(messages)
        sent = self.rng.randint(0, len(messages)) if crash_at == 0 else len(messages)
        for topic, message in messages[:sent]:
            self.acks.append((topic, len(self.logs[topic].entries), 1))
            self.logs[topic].append([message])
        if crash_at == 0 and self.rules.zombies and self.rng.random() < 0.5:
            self.late += [(topic, [message]) for topic, message in messages[sent:]]
        self._crash_if(crash_at == 0)
        if crash_at == 1 and self.rules.zombies and self.rng.random() < 0.5:
            self.late.append((self.stage.changelog, batch))
        self._crash_if(crash_at == 1)

    def _changelog(self, batch: list[Message], crash_at: int | None) -> None:
        log = self.logs[self.stage.changelog]
        atomic = self.stage.name == "resolve" and not self.rules.torn_changelog
        self.acks.append((self.stage.changelog, len(log.entries), len(batch)))
        if crash_at == 2 and not atomic:
            log.append(batch[: self.rng.randint(0, len(batch))])
        else:
            log.append(batch)
        self._crash_if(crash_at == 2)

    def _crash_if(self, now: bool) -> None:
        if now:
            raise Crash
