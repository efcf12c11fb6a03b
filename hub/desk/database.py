"""The database of the read model, opened: SQLite by default, PostgreSQL alike. Its tables are made, and its connections
are such as whoever reads, or follows the log, needs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import URL, Engine, create_engine, event, insert, make_url, select
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from hub.desk.tables import RETIRED, SCHEMA, kept, meta, metadata

_log = structlog.get_logger()
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000")
_OF_WHO_FOLLOWS: Final = (*_PRAGMAS, "wal_autocheckpoint=1")
"""SQLite then moves what each transaction wrote from its log into the file at once, a hundred pages or so, not a
thousand at a time: the log of looks waits for the same disk, with every look in it, and waited up to 25 ms."""

_GIVEN_UP: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""After how long a connection to PostgreSQL is given up: 25 seconds if its other end or the network between is gone, or
takes nothing more; ten, for each address of its host, if it is not let in. By libpq's names (PostgreSQL's manual,
"Parameter Key Words"), in seconds but for the last. By default a question that is not received is given up after a
quarter of an hour, and one that is received and not answered after two hours."""


def open_engine(url: str, *, follows: bool = False) -> Engine:
    """Engine of the read model, its tables made. `follows`: of the process that takes in the log as it grows, beside
    readers. Raises SQLAlchemy's errors if there is no database."""
    parsed = make_url(url)
    if not parsed.drivername.startswith("sqlite"):
        engine = engine_of(parsed, pool_pre_ping=True)
        if follows:
            event.listen(engine, "connect", _wait_for_no_disk)
    elif parsed.database in (None, "", ":memory:"):
        engine = create_engine(
            parsed, poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True
        )
    else:
        _private_file(Path(str(parsed.database)))
        engine = engine_of(parsed)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_set_pragmas, _OF_WHO_FOLLOWS if follows else _PRAGMAS))
    prepare(engine)
    return engine


def engine_of(url: URL, **options: Any) -> Engine:
    """An engine for a database as it is. Its errors hold no values, and PostgreSQL is given up in time, as far as the
    address does not say itself when. `options`: of SQLAlchemy."""
    is_libpq = url.get_driver_name() == "psycopg"
    given_up = {name: number for name, number in _GIVEN_UP.items() if name not in url.query} if is_libpq else {}
    return create_engine(url, connect_args=given_up, hide_parameters=True, **options)


def for_reads(engine: Engine) -> Engine:
    """The same database to read from, each statement by itself. So both take them anyhow (PostgreSQL with its default,
    READ COMMITTED): each sees what is there when it begins. But PostgreSQL is told of a transaction's beginning and its
    end, and every one of these waits for an answer; so does the question whether it still answers, which is asked only
    of a connection that was not used for a while. Always the same one; disposed of with its engine."""
    if engine.dialect.name != "postgresql":
        return engine
    with _MAKING:
        if engine not in _FOR_READS:
            _FOR_READS[engine] = _reads_of(engine)
        return _FOR_READS[engine]


_MAKING: Final = Lock()
_FOR_READS: Final[WeakKeyDictionary[Engine, Engine]] = WeakKeyDictionary()
_IDLE_SECONDS: Final = 5.0
"""So long a connection is taken to live. If the database was started again meanwhile, the reads that are under way
fail, and the first of them has all connections of before given up."""


def _reads_of(engine: Engine) -> Engine:
    reads = engine_of(
        engine.url,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,  # there is no transaction to end
        pool_use_lifo=True,
    )

    def ask(connection: Any, record: ConnectionPoolEntry, _used_by: object) -> None:
        now, used_at = time.monotonic(), record.info.get("used_at")
        if used_at is not None and now - used_at > _IDLE_SECONDS:
            try:
                reads.dialect.do_ping(connection)
            except reads.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error
        record.info["used_at"] = now

    event.listen(reads, "checkout", ask)
    event.listen(engine, "engine_disposed", lambda _engine: reads.dispose())
    return reads


def _private_file(path: Path) -> None:
    """Make the file, readable by its owner only; SQLite gives its side files the same mode. One that is there is left
    alone: to close any descriptor of it would drop the locks of others in this process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _set_pragmas(pragmas: Iterable[str], connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _wait_for_no_disk(connection: Any, _record: object) -> None:
    """PostgreSQL then does not wait for the disk at the end of each transaction. What a power cut takes with it are the
    last of them, whole, the places in the log too (its manual, "Asynchronous Commit"): they are taken in again."""
    connection.execute("SET synchronous_commit = off")
    connection.commit()


def prepare(engine: Engine) -> None:
    """Make the tables; drop those of another release first, an older or a newer one: the log gives all of it again."""
    with engine.begin() as connection:
        meta.create(connection, checkfirst=True)
        kept.create_all(connection)
        found = connection.scalar(select(meta.c.schema_number))
        if found == SCHEMA:
            return
        if found is not None:
            _log.warning("read_model_dropped", written_by_schema=found, schema=SCHEMA)
        metadata.drop_all(connection)
        for name in RETIRED:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
        metadata.create_all(connection)
        connection.execute(insert(meta).values(schema_number=SCHEMA))
