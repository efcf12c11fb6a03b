"""SQL with MensCentraal's database: the same statements on SQLite and PostgreSQL, through a connection that
cannot write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple
from urllib.parse import quote

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    and_,
    create_engine,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from connectors.menscentraal.config import MensCentraalConfig
from hub.connect import SourceRejected, SourceUnavailable
from hub.connect.frontier import Span

METADATA: Final = MetaData()
OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("tx", BigInteger, nullable=False),
    Column("tabel", Text),
    Column("bewerking", Text),
    Column("dossier_nr", Text),
    Column("record_nr", Text),
    Column("rowversion", BigInteger),
    Column("gewijzigd", Text),
    Column("payload", Text),
    Index("outbox_tx_seq", "tx", "seq"),
)
STAND: Final = Table(
    "stand",
    METADATA,
    Column("tabel", String(40)),
    Column("dossier_nr", Text, nullable=False),
    Column("record_nr", String(200)),
    Column("rowversion", BigInteger, nullable=False),
    Column("verwijderd", Boolean, nullable=False),
    Column("payload", Text),
    Column("gewijzigd", Text, nullable=False),
    PrimaryKeyConstraint("tabel", "record_nr"),
)
HORIZON: Final = Table("outbox_horizon", MetaData(), Column("horizon", BigInteger))
_SEQ_OF_OPEN: Final = OUTBOX.c.seq + 0
"""Orders the few open rows. By the bare column a database would rather walk its key, past all that was ever written."""

_REFUSED_SQLITE: Final = {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOTADB,
}
_REFUSED_SQLSTATES: Final = ("28", "3D", "3F", "42", "0A", "22")
"""Classes of errors that trying again does not mend: login, unknown database or table, no right to read."""


class OutboxRow(NamedTuple):
    """One row of the outbox as the database holds it."""

    seq: int
    tx: int
    tabel: str | None
    bewerking: str | None
    dossier_nr: str | None
    record_nr: str | None
    rowversion: int | None
    gewijzigd: str | None
    payload: str | None


class StandRow(NamedTuple):
    """One current record."""

    tabel: str
    record_nr: str
    dossier_nr: str
    rowversion: int
    verwijderd: bool


class CurrentRow(NamedTuple):
    """One current record with its content."""

    tabel: str
    record_nr: str
    dossier_nr: str
    rowversion: int
    verwijderd: bool
    payload: str | None
    gewijzigd: str


class OutboxReader:
    """The statements of one poll, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def horizon(self) -> int:
        """The smallest transaction that is still open: rows of lower ones are final.

        Read it *before* the rows: it then says too little, never too much, about what the rows show.
        """
        horizon = self._connection.execute(select(HORIZON.c.horizon)).scalar_one()
        if not isinstance(horizon, int):
            raise SourceRejected("The database is not as agreed.", "outbox_horizon")
        return horizon

    def final(self, after: tuple[int, int], horizon: int, holes: Sequence[Span], limit: int) -> list[OutboxRow]:
        """Final rows beyond (tx, seq), by tx and seq, whose seq lies in one of the holes."""
        beyond = or_(OUTBOX.c.tx > after[0], and_(OUTBOX.c.tx == after[0], OUTBOX.c.seq > after[1]))
        return self._rows(and_(beyond, OUTBOX.c.tx < horizon, _within(holes)), (OUTBOX.c.tx, OUTBOX.c.seq), limit)

    def open(self, horizon: int, holes: Sequence[Span], limit: int) -> list[OutboxRow]:
        """Rows that are visible but may still get lower neighbours, by seq, whose seq lies in one of the
        holes."""
        return self._rows(and_(OUTBOX.c.tx >= horizon, _within(holes)), (_SEQ_OF_OPEN,), limit)

    def _rows(self, condition: ColumnElement[bool], order: Sequence[ColumnElement[int]], limit: int) -> list[OutboxRow]:
        rows = self._connection.execute(select(OUTBOX).where(condition).order_by(*order).limit(limit))
        return [OutboxRow(*row) for row in rows]

    def first_open(self, horizon: int) -> int | None:
        """Lowest visible seq of the rows that are not final; None: there are none."""
        lowest = self._connection.execute(select(func.min(_SEQ_OF_OPEN)).where(OUTBOX.c.tx >= horizon))
        return lowest.scalar_one_or_none()

    def stock(self, after: tuple[str, str], limit: int) -> list[StandRow]:
        """Current records beyond (tabel, record_nr), in that order."""
        key = (STAND.c.tabel, STAND.c.record_nr)
        columns = (*key, STAND.c.dossier_nr, STAND.c.rowversion, STAND.c.verwijderd)
        statement = select(*columns).where(tuple_(*key) > tuple_(*after)).order_by(*key).limit(limit)
        return [StandRow(*row) for row in self._connection.execute(statement)]

    def current(self, keys: Sequence[tuple[str, str]]) -> list[CurrentRow]:
        """Current records by (tabel, record_nr); unknown ones are left out."""
        statement = select(*(STAND.c[name] for name in CurrentRow._fields))
        key = tuple_(STAND.c.tabel, STAND.c.record_nr)
        return [CurrentRow(*row) for row in self._connection.execute(statement.where(key.in_(keys)))] if keys else []


def _within(holes: Sequence[Span]) -> ColumnElement[bool]:
    return or_(
        *(
            OUTBOX.c.seq >= hole.first if hole.last is None else OUTBOX.c.seq.between(hole.first, hole.last)
            for hole in holes
        )
    )


class MensCentraalSource:
    """The database. Connects at the first read."""

    def __init__(self, config: MensCentraalConfig) -> None:
        self._config = config
        self._engine: Engine | None = None

    def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None

    @contextmanager
    def reader(self) -> Iterator[OutboxReader]:
        """A connection for a few reads, whose errors are SourceUnavailable or SourceRejected."""
        try:
            if self._engine is None:
                self._engine = _read_only_engine(self._config)
            with self._engine.connect() as connection:
                yield OutboxReader(connection)
        except DBAPIError as error:
            raise _classified(error) from None
        except (SQLAlchemyError, ModuleNotFoundError) as error:
            raise SourceRejected("The database is not as agreed.", type(error).__name__) from None


def _read_only_engine(config: MensCentraalConfig) -> Engine:
    try:
        url = make_url(config.url.get_secret_value())
    except ArgumentError:
        raise SourceRejected("The address of the database cannot be read.", "url") from None
    if url.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=lambda: _open_sqlite(url, config), poolclass=NullPool)
    milliseconds = int(config.timeout_seconds * 1000)
    options = f"-c default_transaction_read_only=on -c statement_timeout={milliseconds}"
    arguments = {"connect_timeout": max(1, int(config.timeout_seconds)), "options": options}
    return create_engine(url, connect_args=arguments, pool_pre_ping=True, hide_parameters=True)


def _open_sqlite(url: URL, config: MensCentraalConfig) -> sqlite3.Connection:
    address = f"file:{quote(url.database or '')}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=config.timeout_seconds, check_same_thread=False)


def _classified(error: DBAPIError) -> SourceUnavailable | SourceRejected:
    """By the database's own code; its text may quote values and addresses, so it goes nowhere."""
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        code = getattr(origin, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        refused, detail = code & 0xFF in _REFUSED_SQLITE, getattr(origin, "sqlite_errorname", "")
    else:
        state = str(getattr(origin, "sqlstate", None) or _state_in_text(str(origin)))
        refused, detail = state.startswith(_REFUSED_SQLSTATES), state
    if refused:
        return SourceRejected("The database refuses the hub, or is not MensCentraal's.", detail)
    return SourceUnavailable(user_message="The database of MensCentraal cannot be read now.", detail=detail)


def _state_in_text(text: str) -> str:
    """A failed login has no SQLSTATE in psycopg: the connection never came to be."""
    refusals = ("authentication failed", "does not exist", "no pg_hba.conf entry", "permission denied")
    return "28000" if any(refusal in text for refusal in refusals) else "08000"
