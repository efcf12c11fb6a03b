"""The same connector on the database that a real MensCentraal runs on, with transactions that really overlap."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from connectors.menscentraal.config import MensCentraalConfig
from connectors.menscentraal.connector import MensCentraalConnector
from connectors.menscentraal.source import METADATA
from hub.connect import SourceRejected, SourceUnavailable
from tests.connectors.sources import read_all
from tests.postgres_server import server

__all__ = ["server"]

pytestmark = pytest.mark.postgres

HORIZON = "CREATE VIEW outbox_horizon AS SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon"
INSERT = """
INSERT INTO outbox VALUES (nextval('outbox_seq'), pg_current_xact_id()::text::bigint, 'contactmoment', 'I',
'MC-1', 'C-1', 1, '2026-01-05T09:00:00Z', '{"type": "GS", "datum": "2026-01-05"}') RETURNING seq
"""


@pytest.fixture(scope="module")
def database(server: str) -> Iterator[Engine]:
    """An empty MensCentraal."""
    engine = create_engine(f"{server}/postgres")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        connection.execute(text("CREATE SEQUENCE outbox_seq"))
        connection.execute(text(HORIZON))
    yield engine
    engine.dispose()


@contextmanager
def connected(url: str) -> Iterator[MensCentraalConnector]:
    connector = MensCentraalConnector(MensCentraalConfig.model_validate({"url": url, "page_size": 3}))
    yield connector
    connector.close()


def test_overlapping_transactions_lose_nothing_and_repeat_nothing(
    database: Engine, server: str, rng: random.Random
) -> None:
    with connected(f"{server}/postgres") as reading:
        _overlap(database, reading, rng)


def _overlap(database: Engine, reading: MensCentraalConnector, rng: random.Random) -> None:
    cursor, seen = None, list[int]()
    running: dict[Connection, list[int]] = {}
    committed: list[int] = []
    for _ in range(400):
        action = rng.choice(["begin", "insert", "insert", "end", "poll"])
        if action == "begin" and len(running) < 4:
            running[database.connect()] = []
        elif action == "poll":
            batch = reading.poll(cursor)
            cursor = batch.cursor
            seen += [int(record.position) for record in batch.records]
        elif running:
            connection = rng.choice(list(running))
            if action == "insert":
                running[connection].append(connection.execute(text(INSERT)).scalar_one())
            elif rng.random() < 0.8:
                connection.commit()
                committed += running.pop(connection)
                connection.close()
            else:
                connection.close()
                del running[connection]
    for connection, rows in running.items():
        connection.commit()
        connection.close()
        committed += rows
    read = read_all(reading, cursor)
    assert sorted(seen + read.positions) == sorted(committed)
    assert read.cursor is not None and '"ahead":[]' in read.cursor.model_dump_json()


def test_the_session_cannot_write(database: Engine, server: str) -> None:
    with (
        connected(f"{server}/postgres") as reading,
        pytest.raises(SourceUnavailable, match="25006"),  # read-only transaction
        reading._source.reader() as reader,
    ):
        reader._connection.exec_driver_sql("DELETE FROM outbox")


@pytest.mark.parametrize("address", ["hub@127.0.0.1:{port}/none", "nobody:GEHEIM@127.0.0.1:{port}/postgres"])
def test_an_unknown_database_or_login_is_rejected(server: str, address: str) -> None:
    url = "postgresql+psycopg://" + address.format(port=server.rpartition(":")[2])
    with connected(url) as reading, pytest.raises(SourceRejected) as refused:
        reading.check()
    assert "GEHEIM" not in f"{refused.value!r}"


def test_a_table_that_is_not_there_is_rejected(server: str) -> None:
    with connected(f"{server}/template1") as reading, pytest.raises(SourceRejected):
        reading.check()


def test_a_port_where_nobody_listens_is_unavailable() -> None:
    with connected("postgresql+psycopg://hub@127.0.0.1:9/postgres") as reading, pytest.raises(SourceUnavailable):
        reading.check()
