"""The same promises of the projector on PostgreSQL, the read model of production."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from hub.desk import database, readmodel, tables
from hub.desk.access import Actor, Role, grantees_of
from hub.desk.access.reach import moment_text
from hub.desk.caseload.query import SCOPES, SORTS, Wanted, find, mine, work_of
from hub.desk.login.sessions import Sessions
from hub.desk.projector import Consumed, apply_list
from hub.desk.readmodel import Asker
from hub.events.topics import VIEWS
from hub.household.attention.point import Rule
from tests.desk import test_projector as on_sqlite
from tests.desk.conftest import NOW
from tests.desk.decisions import direction_entry
from tests.desk.views import TEAM, ZCD, one_dossier
from tests.postgres_server import server
from tests.silence import silent_server

pytestmark = pytest.mark.postgres
__all__ = ["connection", "server"]
DIRK = Actor("dirk", Role.CASE_DIRECTOR, unit="youth")

connection = on_sqlite.connection
for name in [name for name in vars(on_sqlite) if name.startswith("test_")]:
    globals()[name] = getattr(on_sqlite, name)


@pytest.fixture
def engine(server: str) -> Iterator[Engine]:
    """An empty read model."""
    engine = database.open_engine(f"{server}/postgres")
    with engine.begin() as connection:
        tables.metadata.drop_all(connection)
    database.prepare(engine)
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
    with database.for_reads(engine).connect() as connection:
        readmodel.source_statuses(connection)
        driver: Any = connection.connection.driver_connection
        assert driver.info.transaction_status is TransactionStatus.IDLE
    with engine.connect() as connection:
        readmodel.source_statuses(connection)
        driver = connection.connection.driver_connection
        assert driver.info.transaction_status is TransactionStatus.INTRANS


def process_id(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)


def test_a_read_asks_whether_a_connection_lives_that_was_idle(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = database.for_reads(engine)
    assert database.for_reads(engine) is reads
    before = process_id(reads)
    assert process_id(reads) == before
    ended(engine, before)
    with pytest.raises(OperationalError):
        process_id(reads)
    after = process_id(reads)
    assert after != before
    monkeypatch.setattr(database, "_IDLE_SECONDS", -1.0)
    ended(engine, after)
    assert process_id(reads) not in (before, after)


def ended(engine: Engine, process: int) -> None:
    """As if PostgreSQL had been started again."""
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})


def test_connections_to_read_by_end_with_the_engine(engine: Engine) -> None:
    reads = database.for_reads(engine)
    before = process_id(reads)
    engine.dispose()
    assert process_id(reads) != before


@pytest.mark.parametrize(("follows", "waits"), [(True, "off"), (False, "on")])
def test_who_follows_the_log_does_not_wait_for_the_disk(follows: bool, waits: str, server: str, engine: Engine) -> None:
    """And an operator's own options stay."""
    opened = database.open_engine(f"{server}/postgres?options=-c%20statement_timeout%3D77s", follows=follows)
    with opened.connect() as connection:
        connection.rollback()  # as when another one is done with it
        assert connection.scalar(text("SHOW synchronous_commit")) == waits
        assert connection.scalar(text("SHOW statement_timeout")) == "77s"
    opened.dispose()


def test_each_connection_is_told_when_to_give_its_machine_up(server: str, engine: Engine) -> None:
    """As far as its address does not say otherwise."""
    asked = {**database._GIVEN_UP, "tcp_user_timeout": 7000}
    opened = database.open_engine(f"{server}/postgres?tcp_user_timeout=7000")
    try:
        for each, expected in ((engine, database._GIVEN_UP), (opened, asked), (database.for_reads(opened), asked)):
            with each.connect() as connection:
                assert connection.connection.driver_connection is not None
                said = connection.connection.driver_connection.info.get_parameters()
            assert {name: said[name] for name in expected} == {name: str(value) for name, value in expected.items()}
    finally:
        opened.dispose()


@pytest.mark.timeout(60)
def test_a_database_that_lets_nobody_in_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._GIVEN_UP, "connect_timeout", 1)
    with silent_server() as address, pytest.raises(OperationalError):
        database.open_engine(f"postgresql+psycopg://hub@{address}/regiehub")


def test_every_list_can_be_asked_for(engine: Engine) -> None:
    """Scopes, sorts and rules are each a statement of their own; and nobody has to have a team."""
    home, view = one_dossier(ZCD, entries=[direction_entry("Dirk de Wit", user="dirk")])
    apply_list(engine, [Consumed(VIEWS, 0, 0, home.encode(), view)], [])
    asked = [Wanted(*each) for each in product(SCOPES, (False, True), ("", Rule.NO_DIRECTOR.value), SORTS)]
    with database.for_reads(engine).connect() as connection:
        for actor in (replace(DIRK, teams=(TEAM,)), DIRK):
            asker = Asker(grantees_of(actor), moment_text(NOW))
            found = {wanted: find(connection, actor, asker, wanted) for wanted in asked}
            for wanted, page in found.items():
                assert page.total == len(page.households)
                assert [item.household_id for item in page.households] in ([home], [])
                assert not (wanted.rule and page.total)
            assert [found[Wanted(scope)].total for scope in SCOPES] == [1, int(actor != DIRK), 1]
            assert mine(connection, actor, asker, limit=9) == [home]
            assert [item.household_id for item in work_of(connection, actor, asker, TEAM, ["youth"])] == [home]
            assert readmodel.reached(connection, asker, limit=9) == [home]
            assert len(readmodel.page(connection, asker, skip=0, limit=9)) == readmodel.count(connection, asker) == 1
