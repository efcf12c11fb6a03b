"""One stage on one partition: taken over, recovered, fed with lists, guarded (protocol.md R4, R9, R10).

An actor: one task does everything in turn, so a list and a repair never meet.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from hub.events import trace as trace_context
from hub.stream.lane.backlog import Backlog
from hub.stream.lane.guard import OutputGuard, late_changelog
from hub.stream.lane.inbox import Inbox
from hub.stream.lane.options import Fenced, LaneObserver, LaneOptions, SendFailed, Superseded
from hub.stream.lane.store import Marker, Overlay, PartitionStore, TailKey
from hub.stream.lane.tail import Chunk, TailReader
from hub.stream.lane.writer import NO_HEADERS, WRITER_HEADER, Ack, Headers, Message, Writer, chunks, size_of
from hub.stream.stage import Output, Record, Stage

_log: Final = structlog.get_logger("regiehub.stream.lane")
_RETRY_SECONDS: Final = 0.2
_SHORTEST_LIST: Final = 16
_FIRST_LIST: Final = 128
"""Grows while lists are quick. A first list of thousands could hold the event loop for seconds."""
_YIELD_EVERY: Final = 500


@dataclass(frozen=True)
class Shared:
    """What all partitions of a worker use."""

    options: LaneOptions
    observer: LaneObserver
    writer: Writer
    reader: TailReader
    open_store: Callable[[Path, Marker], PartitionStore]
    backlog: Backlog


class StagePartition:
    """The owner of one partition of one stage, from assignment to revocation.

    `check` raises Fenced when the partition may be somebody else's; it is asked before everything that is sent."""

    def __init__(
        self, stage: Stage, partition: int, tails: Sequence[TailKey], shared: Shared, check: Callable[[], None]
    ) -> None:
        self.stage: Final = stage
        self.partition: Final = partition
        self.tails: Final = tuple(tails)
        self.inboxes: Final = {t: Inbox(t, shared.options.max_queued_bytes) for t in stage.inputs}
        self.writer_id = b""
        self.chunks: deque[Chunk] = deque()
        self.recovered = False
        self.read = 0
        """Records read of the tails: progress that is not the inputs'."""
        self._changelog = TailKey(stage.changelog, partition)
        self._shows_changelog = stage.changelog in shared.options.shown_changelogs
        self._shared = shared
        self._check = check
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._store: PartitionStore | None = None
        self._seen = 0
        """Everything in the changelog below this offset is in the store. Never past a record that was not read."""
        self._outputs = OutputGuard(stage)
        self._list_records = min(_FIRST_LIST, shared.options.max_list_records)
        self._busy = False
        self._stopping = False

    def start(self, failed: Callable[[BaseException], None]) -> None:
        """Begin the takeover. `failed` is called once with what no retry can mend."""
        self._task = asyncio.create_task(self._run(failed), name=f"lane {self.stage.name}-{self.partition}")

    async def stop(self, grace_seconds: float) -> None:
        """Finish the list in hand if that takes no longer than the grace, drop it otherwise; close the state."""
        self._stopping = True
        self._awake.set()
        if self._task is not None:
            if not self._busy:
                self._task.cancel()
            _, running = await asyncio.wait([self._task], timeout=grace_seconds)
            for task in running:
                task.cancel()
            await asyncio.wait([self._task])
        self._close()

    def items(self) -> dict[bytes, bytes]:
        """The whole state, in memory, empty while the partition is closed: for tests and tools."""
        return self._store.items() if self._store is not None else {}

    def wake(self) -> None:
        """Something came in: a list or a chunk."""
        self._note_backlog()
        self._awake.set()

    async def _run(self, failed: Callable[[BaseException], None]) -> None:
        while not self._stopping:
            try:
                await self._take_over()
                await self._serve()
            except (Fenced, SendFailed, Superseded, KafkaError, TimeoutError) as reason:
                _log.warning("partition_closed", **self._name(), reason=type(reason).__name__, detail=str(reason))
                self._close()
                await asyncio.sleep(_RETRY_SECONDS * (1 + random.random()))
            except Exception as error:  # noqa: BLE001  # the one place: whatever it is ends the process
                self._close()
                failed(error)
                return

    # ---- takeover

    async def _take_over(self) -> None:
        started = time.monotonic()
        self._check()
        self.writer_id = secrets.token_bytes(8)
        await self._shared.writer.start()
        bounds = await self._shared.reader.bounds(self.tails)
        self._store = self._open_store(bounds)
        begin, end = bounds[self._changelog]
        self._seen = self._store.offset(self._changelog) or begin
        self._shared.reader.follow(self._changelog, self._seen, self)
        records = await self._recover(end)
        self._outputs = OutputGuard(self.stage)
        for tail in self.tails[1:]:
            begin, end = bounds[tail]
            self._outputs.begin(tail, end if begin < end else 0)
            self._shared.reader.follow(tail, begin, self)
        self.recovered = True
        seconds = time.monotonic() - started
        self._shared.observer.recovered(self.stage.name, seconds, records)
        _log.info("partition_recovered", **self._name(), seconds=round(seconds, 3), records=records)

    def _open_store(self, bounds: Mapping[TailKey, tuple[int, int]]) -> PartitionStore:
        options = self._shared.options
        marker = Marker(options.topic_ids.get(self.stage.changelog, ""), options.incarnation)
        folder = options.data_folder / "stream" / f"{self.stage.name}-{self.partition}"
        store = self._shared.open_store(folder, marker)
        begin, end = bounds[self._changelog]
        offset = store.offset(self._changelog)
        if offset is not None and not begin <= offset <= end:
            _log.warning("state_wiped", **self._name(), offset=offset, begin=begin, end=end)
            store.wipe()
        return store

    async def _recover(self, end: int) -> int:
        """Read the changelog to where it ended at the takeover. What a late record of a former owner touched is
        published and written again: nobody may have published what follows from the join."""
        contested: set[bytes] = set()
        records = 0
        while self._seen < end:
            chunk = await self._next_chunk()
            records += chunk.records
            self._merge(chunk, contested)
            await asyncio.sleep(0)
        if contested:
            _log.warning("contested_keys", **self._name(), keys=len(contested))
            self._shared.observer.repaired(self.stage.name, len(contested))
            await self._settle(sorted(contested))
            self._open().write({}, {self._changelog: self._seen})
        return records

    def _merge(self, chunk: Chunk, contested: set[bytes]) -> None:
        overlay = Overlay(self._open())
        for _, key, seen in chunk.foreign:
            merged = self.stage.merge(key, overlay.get(key), seen)
            overlay.put(key, merged)
            if merged != seen:
                contested.add(key)
        self._seen = chunk.next_offset
        # Not past a contested record before it is settled: a crash in between would leave its consequence unpublished.
        self._open().write(overlay.puts, {} if contested else {self._changelog: self._seen})

    async def _settle(self, keys: Sequence[bytes]) -> None:
        for start in range(0, len(keys), _YIELD_EVERY):
            state = {key: value for key in keys[start : start + _YIELD_EVERY] if (value := self._open().get(key))}
            outputs = [output for key, value in state.items() for output in self.stage.implied(key, value)]
            await self._shared.writer.publish(outputs, self._output_headers(outputs), self._check)
            await self._rewrite(self._changelog, state)

    async def _next_chunk(self) -> Chunk:
        while not self.chunks:
            self._awake.clear()
            await self._awake.wait()
        self.read += self.chunks[0].records
        return self.chunks.popleft()

    # ---- lists

    async def _serve(self) -> None:
        turn = 0
        inboxes = list(self.inboxes.values())
        self._note_backlog()
        while not self._stopping:
            if self.chunks:
                await self._working(self._guard(self.chunks.popleft()))
                continue
            turn += 1
            inbox = next((i for i in (inboxes[turn % len(inboxes)], *inboxes) if i and self._is_due(i)), None)
            if inbox is not None:
                await self._working(self._apply(inbox))
                self._note_backlog()
                await asyncio.sleep(0)
                continue
            self._awake.clear()
            await self._shared.backlog.wait(self._awake, self._until_due(inboxes))

    def _is_due(self, inbox: Inbox) -> bool:
        return not self._shared.backlog or self._has_whole_list(inbox) or self._until_due([inbox]) == 0

    def _until_due(self, inboxes: Sequence[Inbox]) -> float | None:
        """Seconds until a short list has waited long enough; None where there is none."""
        waiting = [inbox.since for inbox in inboxes if inbox]
        due = min(waiting, default=None)
        return None if due is None else max(0.0, due + self._shared.options.linger_seconds - time.monotonic())

    def _has_whole_list(self, inbox: Inbox) -> bool:
        return inbox.has_whole_list(self._list_records, self._shared.options.max_list_bytes)

    def _note_backlog(self) -> None:
        self._shared.backlog.note(self, self.recovered and any(map(self._has_whole_list, self.inboxes.values())))

    async def _working(self, work: Awaitable[None]) -> None:
        self._busy = True
        try:
            await work
        finally:
            self._busy = False

    async def _apply(self, inbox: Inbox) -> None:
        """One list, in the order of R4: handled, outputs acknowledged, changelog acknowledged, stored, done."""
        options = self._shared.options
        records = inbox.head(self._list_records, options.max_list_bytes)
        trace = inbox.trace(records[0])
        passed_on = [(trace_context.HEADER, trace)] if trace else []
        overlay, outputs, records = self._handle(inbox.topic, records)
        acks = await self._shared.writer.publish(outputs, self._output_headers(outputs, passed_on), self._check)
        self._outputs.wrote(outputs)
        if overlay.puts:
            messages = [Message(k, v, self._headers() + passed_on) for k, v in overlay.puts.items()]
            base = await self._shared.writer.append(*self._changelog, messages, self._check)
            if base == self._seen:  # else somebody's records are in between: the tail gets there
                self._seen += len(messages)
            self._open().write(overlay.puts, {self._changelog: self._seen})
            acks.append(Ack(*self._changelog, base, len(messages)))
        for ack in acks:
            self._shared.reader.wrote(TailKey(ack.topic, ack.partition), ack.base, ack.records, self)
        inbox.finish(records)
        self._shared.observer.applied(self.stage.name, len(records))
        shown = len(overlay.puts) if self._shows_changelog else 0
        self._shared.observer.published(self.stage.name, len(outputs) + shown)
        if trace:
            traced = {"trace_id": trace_context.trace_id(trace), "outputs": len(outputs) + shown}
            _log.info("change_applied", **self._name(), **traced)

    def _handle(self, topic: str, records: list[Record]) -> tuple[Overlay, list[Output], list[Record]]:
        """Handle as many of the records as fit one changelog batch."""
        while True:
            overlay = Overlay(self._open())
            started = time.thread_time()  # of CPU: on a crowded machine shorter lists would only make it worse
            outputs = self.stage.handle(overlay, topic, records)
            self._pace(time.thread_time() - started, len(records))
            if len(records) == 1 or size_of(overlay.puts) <= self._shared.options.max_batch_bytes:
                return overlay, outputs, records
            records = records[: len(records) // 2]

    def _pace(self, seconds: float, records: int) -> None:
        limit = self._shared.options.max_list_seconds
        if seconds > limit:
            self._list_records = max(_SHORTEST_LIST, records // 2)
        elif seconds < limit / 4:
            self._list_records = min(self._shared.options.max_list_records, self._list_records * 2)

    # ---- tail guard

    async def _guard(self, chunk: Chunk) -> None:
        """Look at what was written to a compacted output, and write over what a former owner wrote late."""
        state = Overlay(self._open())
        if chunk.tail == self._changelog:
            late = late_changelog(self.stage, state, chunk)
        else:
            late = self._outputs.late(state, chunk)
        if late:
            _log.warning("late_records_written_over", **self._name(), topic=chunk.tail.topic, keys=len(late))
            self._shared.observer.repaired(self.stage.name, len(late))
            await self._rewrite(chunk.tail, late)
        if chunk.tail == self._changelog:
            self._seen = max(self._seen, chunk.next_offset)

    async def _rewrite(self, tail: TailKey, values: Mapping[bytes, bytes]) -> None:
        messages = [Message(key, value, self._headers()) for key, value in values.items()]
        for run in chunks(messages, self._shared.options.max_batch_bytes):
            if run:
                await self._shared.writer.append(*tail, run, self._check)

    # ---- small things

    def _headers(self) -> Headers:
        return [(WRITER_HEADER, self.writer_id)]

    def _output_headers(self, outputs: Sequence[Output], passed_on: Headers = NO_HEADERS) -> Mapping[str, Headers]:
        headers: dict[str, Headers] = (
            dict.fromkeys({output.topic for output in outputs}, passed_on) if passed_on else {}
        )
        return headers | dict.fromkeys(self.stage.guarded, self._headers() + passed_on)

    def _open(self) -> PartitionStore:
        if self._store is None:
            raise Fenced("the partition is closed")
        return self._store

    def _close(self) -> None:
        """Drop everything that is not durable; the input stays where it was."""
        self._shared.reader.leave(self.tails)
        recovered, self.recovered = self.recovered, False
        self._note_backlog()
        self.chunks.clear()
        store, self._store = self._store, None
        if store is not None:
            if recovered:
                store.write({}, {self._changelog: self._seen})
            store.close()

    def _name(self) -> dict[str, str | int]:
        return {"stage": self.stage.name, "partition": self.partition}
