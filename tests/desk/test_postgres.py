"""The same promises of the projector on PostgreSQL, the read model of production."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from hub.desk import readmodel, tables
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
