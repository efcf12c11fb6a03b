"""The feed against the embedded broker: a real log, ready in no time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from sqlalchemy import Engine, func, select
from structlog.testing import capture_logs

from hub.demo.brokers import BrokerNotInstalled
from hub.demo.brokers.embedded import EmbeddedBroker
from hub.desk import database, readmodel, tables
from hub.desk.feed import LINES_AT_ONCE, Feed
from hub.desk.projector import TOPICS, apply_view, apply_views
from hub.events.ids import partition_for
from hub.events.topics import DEAD_LETTERS, SOURCES, VIEWS, topics
from tests.desk.views import COLLEAGUE, ZCD, dead_letter, one_dossier, source_status

DEADLINE_SECONDS = 30.0


class Counts:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.messages: dict[str, int] = {}
        self.ages: list[float] = []
        self.lags: list[int] = []
        self.sizes: list[int] = []

    def applied(self, topic: str, count: int) -> None:
        """Add up."""
        self.messages[topic] = self.messages.get(topic, 0) + count

    def visible(self, *, since_published_seconds: float, since_recorded_seconds: float) -> None:
        """Keep the age."""
        assert since_recorded_seconds >= since_published_seconds
        self.ages.append(since_published_seconds)

    def view(self, size_bytes: int) -> None:
        """Keep the size."""
        self.sizes.append(size_bytes)

    def lag(self, records: int, parked: int) -> None:
        """Keep the lag."""
        self.lags.append(records)


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker()
    try:
        broker.start()
    except BrokerNotInstalled as missing:
        pytest.skip(missing.user_message)
    yield broker
    broker.stop()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = database.open_engine(f"sqlite:///{tmp_path / 'desk.sqlite'}")
    yield engine
    engine.dispose()


def make_topics(broker: EmbeddedBroker) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    try:
        known = {item["name"] for item in admin.describe_topics(list(TOPICS)) if item["partitions"]}
        if missing := [name for name in TOPICS if name not in known]:
            admin.create_topics([NewTopic(name, topics()[name].partitions, 1) for name in missing])
    finally:
        admin.close()


async def publish(broker: EmbeddedBroker, messages: Sequence[tuple[str, bytes, bytes]]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=False)
    await producer.start()
    for topic, key, value in messages:
        partition = partition_for(key, topics()[topic].partitions)
        await producer.send_and_wait(topic, value, key=key, partition=partition)
    await producer.stop()


@asynccontextmanager
async def following(broker: EmbeddedBroker, engine: Engine) -> AsyncIterator[tuple[Feed, Counts]]:
    counts = Counts()
    feed = Feed(broker.bootstrap, engine, counts)
    running = asyncio.create_task(feed.run())
    try:
        yield feed, counts
    finally:
        feed.stop()
        await asyncio.wait_for(running, DEADLINE_SECONDS)


async def until(holds: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, "it took too long"
        await asyncio.sleep(0.02)


def shown(engine: Engine) -> int:
    with engine.connect() as connection:
        return readmodel.count(connection, COLLEAGUE)


async def test_lines_that_were_put_off_are_written_also_by_a_feed_that_starts_anew(
    broker: EmbeddedBroker, engine: Engine
) -> None:
    """The one before was ended between its views and their lines."""
    make_topics(broker)
    homes = [one_dossier(ZCD._replace(dossier_id=f"late-{number}")) for number in range(LINES_AT_ONCE + 1)]
    with engine.begin() as connection:
        apply_views(connection, [(home.encode(), value) for home, value in homes])
        apply_views(connection, [(home.encode(), value) for home, value in homes], lines_later=True)
        owed = select(func.count()).where(tables.cases.c.stamp == "")
        assert connection.scalar(owed) == len(homes)

    def is_written() -> bool:
        with engine.connect() as connection:
            return connection.scalar(owed) == 0

    async with following(broker, engine):
        await until(is_written)


async def test_the_read_model_follows_the_log_and_goes_on_where_it_stopped(
    broker: EmbeddedBroker, engine: Engine
) -> None:
    async with following(broker, engine) as (feed, counts):
        assert feed.progress.why_not_ready() == "the log cannot be reached"
        await asyncio.to_thread(make_topics, broker)
        await until(lambda: feed.progress.why_not_ready() is None)
        views = [one_dossier(ZCD._replace(dossier_id=f"Z-{number}")) for number in range(20)]
        await publish(broker, [(VIEWS, home.encode(), value) for home, value in views])
        await publish(broker, [(SOURCES, b"zcd", source_status()), (DEAD_LETTERS, b"zcd", dead_letter())])
        await until(lambda: counts.messages == {VIEWS: 20, SOURCES: 1, DEAD_LETTERS: 1})
        assert shown(engine) == 20
        assert len(counts.ages) == 20
        assert sorted(counts.sizes) == sorted(len(value) for _, value in views)
        await until(lambda: counts.lags[-1:] == [0])
    home, value = one_dossier(ZCD._replace(dossier_id="Z-new"))
    await publish(broker, [(VIEWS, home.encode(), value)])
    async with following(broker, engine) as (feed, counts):
        await until(lambda: feed.progress.why_not_ready() is None)
        assert (counts.messages, shown(engine)) == ({VIEWS: 1}, 21)
        assert counts.ages == [], "what was missed says nothing of freshness"


async def test_the_lag_rises_while_the_database_hangs(
    broker: EmbeddedBroker, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.desk.feed.LAG_SECONDS", 0.05)
    await asyncio.to_thread(make_topics, broker)
    async with following(broker, engine) as (feed, counts):
        await until(lambda: feed.progress.why_not_ready() is None and counts.lags[-1:] == [0])
        with closing(sqlite3.connect(tmp_path / "desk.sqlite")) as hanging:
            hanging.execute("BEGIN IMMEDIATE")
            home, value = one_dossier(ZCD._replace(dossier_id="Z-waits"))
            await publish(broker, [(VIEWS, home.encode(), value)])
            await until(lambda: counts.lags[-1] == 1)
        await until(lambda: counts.lags[-1] == 0)


class GoneLog:
    """A consumer of a log that can be reached at the fourth try only."""

    tries = 0

    def __init__(self, **_: object) -> None:
        GoneLog.tries += 1

    async def start(self) -> None:
        """Fails, but for the fourth time."""
        if GoneLog.tries != 4:
            raise KafkaConnectionError

    async def stop(self) -> None:
        """Nothing to stop."""


async def test_a_log_that_is_gone_again_is_asked_ever_more_rarely(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> dict[tuple[str, int], int]:
        return {}

    async def lost(*_: object) -> None:
        raise KafkaConnectionError

    monkeypatch.setattr("hub.desk.feed.RETRY_SECONDS", (0.001, 0.003))
    monkeypatch.setattr("hub.desk.feed.LogConsumer", GoneLog)
    monkeypatch.setattr("hub.desk.feed._describe", lambda _: {})
    monkeypatch.setattr(Feed, "_start_from", nothing)
    monkeypatch.setattr(Feed, "_follow", lost)
    feed = Feed("nowhere:1", engine, Counts())
    feed.progress.aim({})  # there was contact before
    with capture_logs() as lines:
        running = asyncio.create_task(feed.run())
        await until(lambda: len(lines) >= 6)
        feed.stop()
        await running
    pauses = [line["pause_seconds"] for line in lines if line["event"] == "log_unreachable"]
    assert pauses[:6] == [0.001, 0.002, 0.003, 0.001, 0.002, 0.003]


async def test_a_read_model_of_another_log_is_emptied_and_filled_anew(broker: EmbeddedBroker, engine: Engine) -> None:
    await asyncio.to_thread(make_topics, broker)
    with engine.begin() as connection:
        home, value = one_dossier(ZCD._replace(dossier_id="of another log"))
        apply_view(connection, home.encode(), value)
        row = {"next_offset": 10**9, "topic_id": None}
        readmodel.replace_row(connection, tables.offsets, {"topic": VIEWS, "partition": 0}, row)
    async with following(broker, engine) as (feed, _):
        await until(lambda: feed.progress.why_not_ready() is None)
    with engine.connect() as connection:
        assert readmodel.load(connection, home) is None
        assert all(offset < 10**9 for _, offset in readmodel.next_offsets(connection).values())
