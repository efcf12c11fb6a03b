"""Whatever the batches and wherever the process dies, a reader of the log ends with what the source says."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.api import Cursor
from hub.connect.ingest.engine import Ingest
from hub.connect.ingest.index import Index
from hub.connect.ingest.publisher import Message
from hub.connect.wire import Translated, TranslatedBatch
from hub.events.codec import decode
from hub.events.ids import Order
from hub.events.records import Draft
from tests.ingest.drafts import (
    IDENTITY,
    NOON,
    RING,
    CrashError,
    FakeClock,
    FlakyPublisher,
    cursor,
    deleted_goal,
    goal,
)

pytestmark = pytest.mark.core


class Change(NamedTuple):
    """One line of the source's feed."""

    record: str
    dossier: str
    version: int
    later_seconds: int
    wording: str | None

    def draft(self) -> Draft:
        if self.wording is None:
            made = deleted_goal(self.record, dossier_id=self.dossier, version=self.version)
        else:
            made = goal(self.record, dossier_id=self.dossier, version=self.version, wording=self.wording)
        return made.model_copy(update={"recorded_at": NOON + timedelta(seconds=self.later_seconds)})


changes = st.builds(
    Change,
    record=st.sampled_from(["D-1", "D-2"]),
    dossier=st.sampled_from(["Z-1", "Z-2", "Z-3"]),
    version=st.integers(1, 3),
    later_seconds=st.integers(0, 1),
    wording=st.sampled_from([None, "rust", "werk"]),
)


@dataclass
class Source:
    """A feed of which more becomes visible at each poll, in pages of changing size.

    A `forgetful` one shows per record only the newest visible change: what it showed before may never come again."""

    feed: Sequence[Change]
    pages: list[int]
    forgetful: bool
    visible: int = 0

    def poll(self, at: Cursor | None) -> TranslatedBatch:
        start = int(str(at.state["at"])) if at else 0
        size = self.pages.pop() if self.pages else 100
        self.visible = min(len(self.feed), self.visible + size)
        end = min(start + size, self.visible)
        shown = [number for number in range(start, end) if not (self.forgetful and self._is_superseded(number))]
        records = tuple(Translated(str(number), (self.feed[number].draft(),)) for number in shown)
        return TranslatedBatch(records, cursor(end), more=end < len(self.feed))

    def _is_superseded(self, number: int) -> bool:
        return any(_wins(later, self.feed[number]) for later in self.feed[number + 1 : self.visible])


def _wins(later: Change, earlier: Change) -> bool:
    return later.record == earlier.record and later[2:4] >= earlier[2:4]


def _expected(feed: Sequence[Change]) -> dict[tuple[str, str], str]:
    """By (dossier, record): the content that the source's own rule leaves. Written apart from the code under test."""
    current: dict[str, Change] = {}
    for change in feed:
        known = current.get(change.record)
        if known is None or change[2:4] >= known[2:4]:
            current[change.record] = change
    return {(c.dossier, c.record): c.wording for c in current.values() if c.wording is not None}


@dataclass
class Reader:
    """A consumer: keeps the greatest order per register, and of equal orders the first."""

    registers: dict[tuple[str, str], tuple[Order, str | None]] = field(default_factory=dict)

    def read(self, messages: Sequence[Message]) -> dict[tuple[str, str], str]:
        for message in messages:
            value = decode(message.value).value
            recorded = round(value["recorded_at"].timestamp() * 1_000_000)
            order = Order(value["source_epoch"], value["version"], recorded, value["revision"])
            key = (value["dossier_id"], value["record_id"])
            if key not in self.registers or order > self.registers[key][0]:
                self.registers[key] = (order, value["body"] and value["body"]["wording"])
        return {key: wording for key, (_, wording) in self.registers.items() if wording is not None}


@given(
    feed=st.lists(changes, min_size=1, max_size=12),
    pages=st.lists(st.integers(1, 5), max_size=12),
    failures=st.dictionaries(
        st.integers(1, 12), st.sampled_from(["crash before", "crash after", "half", "no ack"]), max_size=4
    ),
    forgetful=st.booleans(),
)
def test_the_log_ends_as_the_source_is(
    feed: list[Change], pages: list[int], failures: dict[int, str], forgetful: bool
) -> None:
    publisher = FlakyPublisher(failures.get)
    with tempfile.TemporaryDirectory() as folder:
        _run_to_the_end(Source(feed, pages, forgetful), publisher, Path(folder))
    seen = Reader().read(
        [m for messages in publisher.partitions.values() for m in messages if m.topic != "hub.sources.v1"]
    )
    assert seen == _expected(feed)


def _run_to_the_end(source: Source, publisher: FlakyPublisher, folder: Path) -> None:
    done = False
    while not done:
        index = Index(folder / "zcd.sqlite")
        ingest = Ingest(source, publisher, index, ring=RING, identity=IDENTITY, clock=FakeClock())
        try:
            while ingest.progress.cursor != cursor(len(source.feed)):
                ingest.step()
            done = True
        except CrashError:
            pass  # the process is started again, with the same index file
        finally:
            index.close()
