"""The same promises of the projector on PostgreSQL, the read model of production."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine

from hub.desk import readmodel, tables
from hub.desk.access import Actor, Role
from hub.desk.login.sessions import Sessions
from tests.desk import test_projector as on_sqlite
from tests.postgres_server import server

pytestmark = pytest.mark.postgres
__all__ = ["connection", "server"]

connection = on_sqlite.connection
for name in [name for name in vars(on_sqlite) if name.startswith("test_")]:
    globals()[name] = getattr(on_sqlite, name)


@pytest.fixture
def engine(server: str) -> Iterator[Engine]:
    """An empty read model."""
    engine = readmodel.open_engine(f"{server}/postgres")
    with engine.begin() as connection:
        tables.metadata.drop_all(connection)
    readmodel.prepare(engine)
    yield engine
    engine.dispose()


def test_several_desks_share_their_sessions(engine: Engine) -> None:
    dirk = Actor("dirk", Role.CASE_DIRECTOR, teams=("Noord",))
    one, other = Sessions(engine), Sessions(engine)
    secret = one.begin(dirk, "id-token")
    assert other.actor(secret) == dirk
    assert other.end(secret) == "id-token"
    assert one.actor(secret) is None


def test_a_read_holds_no_transaction_open(engine: Engine) -> None:
    with readmodel.for_reads(engine).connect() as connection:
        readmodel.source_statuses(connection)
        driver: Any = connection.connection.driver_connection
        assert driver.info.transaction_status is TransactionStatus.IDLE
    with engine.connect() as connection:
        readmodel.source_statuses(connection)
        driver = connection.connection.driver_connection
        assert driver.info.transaction_status is TransactionStatus.INTRANS
