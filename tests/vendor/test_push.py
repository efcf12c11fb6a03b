"""A source that pushes conforms as one that is polled does, and its stock and its events join without gap or double."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from hub.connect import Connector, Cursor, SourceRejected, SourceUnavailable
from hub.connect.conformance import CHECKS, Bench, Outcome, Subject, report, run
from hub.connect.conformance.testing import conformance
from hub.connect.inbox import Event, Inbox
from hub.connect.ingest.engine import Ingest
from hub.connect.ingest.index import Index
from hub.connect.ingest.publisher import MemoryPublisher
from hub.connect.push import PushConnector, Stock
from hub.connect.simulator import Simulator
from hub.connect.wire import Translated, TranslatedBatch
from hub.events.codec import decode
from hub.events.topics import RECORDS
from tests.ingest.drafts import IDENTITY, RING, FakeClock
from tests.vendor.acme import FIXTURES
from tests.vendor.pusher import (
    PushedConnector,
    PushedSimulator,
    StockedConfig,
    StockedConnector,
    StockedSimulator,
)

HELD = TemporaryDirectory(prefix="pushed-")


def fixtures() -> Path:
    """The template's records, with the cursor of a source that pushes."""
    folder = Path(HELD.name) / "fixtures"
    if not folder.exists():
        shutil.copytree(str(FIXTURES), folder)
        (folder / "cursors" / "1.json").write_text('{"version": 1, "state": {"inbox": 2}}')
    return folder


def subject(connector: type[Connector], simulator: Callable[[Path], Simulator]) -> Subject:
    reference = f"{connector.__module__}:{connector.__qualname__}"
    return Subject(reference, connector, simulator, fixtures())


test_pushed = conformance(subject(PushedConnector, PushedSimulator))
FEED = ("C07", "C08", "C10", "C14", "C15", "C16", "C17")
"""The checks in which a source with a stock differs."""


def test_a_source_with_a_stock_conforms() -> None:
    with Bench(subject(StockedConnector, StockedSimulator)) as bench:
        results = list(run(bench, [check for check in CHECKS if check.number in FEED]))
    assert [report.line(result) for result in results if result.outcome is not Outcome.PASSED] == []


class Here:
    """A connector as ingest sees it, in this process."""

    def __init__(self, connector: Connector) -> None:
        self.connector = connector

    def poll(self, cursor: Cursor | None) -> TranslatedBatch:
        batch = self.connector.poll(cursor)
        read = (Translated(record.position, tuple(self.connector.translate(record))) for record in batch.records)
        return TranslatedBatch(tuple(read), batch.cursor, batch.more)


def goal(name: str, version: int) -> dict[str, object]:
    return {
        "kind": "goal", "file": "A-1", "id": name, "version": version, "changed": "2026-01-05T10:00:00Z",
        "removed": False, "data": {"domain": "money", "goal": f"{name} {version}", "state": "busy"},
    }  # fmt: skip


class Source:
    """A source that changes while it is read: what it holds, and its events in the inbox."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inbox = Inbox(folder, create=True)
        self.versions: Counter[str] = Counter()
        self._number = count(1)

    def change(self, name: str) -> None:
        self.versions[name] += 1
        (self.folder / "stock.json").write_text(json.dumps([goal(*item) for item in sorted(self.versions.items())]))
        event = json.dumps({"data": goal(name, self.versions[name])}).encode()
        self.inbox.keep("urn:source", str(next(self._number)), event)

    def connector(self) -> StockedConnector:
        return StockedConnector(
            StockedConfig(
                instance="acme",
                inbox_folder=self.folder,
                listen_port=1,
                receiver_token=SecretStr("0123456789abcdef"),
                stock_file=self.folder / "stock.json",
            )
        )


STEPS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "read", "read", "crash"]), min_size=5, max_size=20)


@settings(max_examples=20)  # each writes to disk
@given(before=st.lists(st.sampled_from("abcde"), min_size=1, max_size=8), steps=STEPS)
def test_stock_and_events_join_without_gap_or_double(before: list[str], steps: list[str]) -> None:
    """Whatever changes while the stock is read page by page, and wherever ingest dies, the newest of each is published,
    and nothing twice."""
    folder = Path(mkdtemp(dir=HELD.name))
    source, publisher = Source(folder), MemoryPublisher()
    for name in before:
        source.change(name)
    feed, index = Here(source.connector()), Index(folder / "index.sqlite")
    ingest = new_ingest(feed, publisher, index)
    for step in [*steps, *["read"] * 8]:
        if step == "read":
            ingest.step()
        elif step == "crash":
            feed.connector.close()
            feed.connector = source.connector()
            ingest = new_ingest(feed, publisher, index)
        else:
            source.change(step)
    feed.connector.close()
    index.close()
    source.inbox.close()
    values = [decode(message.value).value for message in publisher.topic(RECORDS)]
    published = Counter((value["record_id"], value["version"]) for value in values)
    assert set(published.values()) == {1}
    newest = {name: max(version for other, version in published if other == name) for name in source.versions}
    assert newest == dict(source.versions)


def new_ingest(feed: Here, publisher: MemoryPublisher, index: Index) -> Ingest:
    return Ingest(feed, publisher, index, ring=RING, identity=IDENTITY, clock=FakeClock())


class Pointing(PushedConnector):
    """Asks the source for each event; it answers twice, then is away."""

    asked = 0

    def fetch(self, event: Event) -> bytes | None:
        self.asked += 1
        if self.asked > 2:
            raise SourceUnavailable
        return event.body if self.asked == 2 else None


def test_what_was_fetched_before_the_source_went_away_goes_on(tmp_path: Path) -> None:
    source = Source(tmp_path)
    for name in "abcd":
        source.change(name)
    connector = Pointing(source.connector()._push)
    batch = connector.poll(connector.poll(None).cursor if connector.asked else None)
    assert [record.position for record in batch.records] == ["2"]
    assert (batch.cursor.state, batch.more) == ({"inbox": 2}, True)
    with pytest.raises(SourceUnavailable):
        connector.poll(batch.cursor)
    connector.close()
    source.inbox.close()


@pytest.mark.parametrize(("limit", "page"), [(None, 4), (1.0, 2), (0.1, 1)])
def test_what_is_fetched_counts_as_requests_and_a_poll_takes_no_more_than_may_be_asked(
    tmp_path: Path, limit: float | None, page: int
) -> None:
    source = Source(tmp_path)
    for name in "abcd":
        source.change(name)
    settings = source.connector()._push.model_copy(update={"requests_per_second": limit})
    fetching = type("Fetching", (PushedConnector,), {"fetch": lambda _, event: event.body})
    asking, told = fetching(settings), PushedConnector(settings)
    assert (asking.poll(None).requests, len(told.poll(None).records), told.poll(None).requests) == (page, 4, 0)
    asking.close()
    told.close()
    source.inbox.close()


@pytest.mark.parametrize("state", [{}, {"inbox": "1"}, {"inbox": True}, {"after": 1}])
def test_a_cursor_of_another_connector_is_refused(tmp_path: Path, state: dict[str, bool | int | str]) -> None:
    source = Source(tmp_path)
    with pytest.raises(SourceRejected):
        source.connector().poll(Cursor.model_validate({"state": state}))
    source.inbox.close()


def test_a_poll_forgets_nothing(tmp_path: Path) -> None:
    """Its cursor may never be saved: a look ahead, or a backfill."""
    source = Source(tmp_path)
    for name in "abc":
        source.change(name)
    with closing(sqlite3.connect(tmp_path / "inbox.sqlite")) as file, file:
        file.execute("UPDATE events SET kept_at = 0")
    connector = source.connector()
    connector.poll(Cursor(state={"inbox": 3}))
    assert len(source.inbox.after(0, 10)) == 3
    connector.close()
    source.inbox.close()


def test_only_what_was_published_and_is_old_leaves_the_inbox(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, create=True)
    for number in "123":
        inbox.keep("urn:source", number, b"{}")
    inbox.forget(2, days=1)
    assert len(inbox.after(0, 10)) == 3
    inbox.forget(2, days=-1)
    assert [event.number for event in inbox.after(0, 10)] == [3]
    inbox.close()
    again = Inbox(tmp_path)
    again.forget(3, days=-1)
    assert again.keep("urn:source", "4", b"{}")
    assert [event.number for event in again.after(0, 10)] == [4]
    again.close()


def test_a_file_that_is_no_inbox_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inbox.sqlite").write_text("no database, but long enough to be looked at" * 100)
    with pytest.raises(SourceRejected):
        Inbox(tmp_path)


def test_a_vendor_without_stock_has_none(tmp_path: Path) -> None:
    source = Source(tmp_path)
    pushed: PushConnector = PushedConnector(source.connector()._push)
    stock: Stock | None = pushed.stock(None)
    assert stock is None
    source.inbox.close()
