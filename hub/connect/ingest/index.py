"""What a source has published, and its cursor: one SQLite file per source, moved on in one transaction per batch.

The order of effects is: `intend` → publish → all acked → `commit` (index and cursor together). A crash before the
commit leaves the old cursor and the intentions, so that the replay gives the same events, and a source that changed
its mind in between still wins. A lost file means a new source epoch (design.md, "the law"): the source is read again
from the start, and events of the old epoch lose from those of the new one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine.interfaces import DBAPIConnection

from hub.connect.api import Cursor
from hub.connect.ingest.plan import Known
from hub.errors import ConfigError
from hub.events.ids import Order
from hub.events.moments import micros, moment
from hub.ops.linking import Linking, begins_anew

_LOOKUP_KEYS: Final = 500  # SQLite allows 32,766 parameters in a statement, older ones 999
_PAGE: Final = 2000
SCHEMA: Final = 1
"""Raised with every change of the tables that this code could not read before. SQLite keeps it as the user version."""
_metadata = MetaData()


def _version_columns() -> list[Column[Any]]:
    return [
        Column("dossier_id", String, nullable=False),
        Column("source_epoch", Integer, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("recorded_at", BigInteger, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("content_hash", String, nullable=False),
        Column("deleted", Boolean, nullable=False),
        Column("first_published_at", BigInteger, nullable=False),
    ]


_records = Table("records", _metadata, Column("record", String, primary_key=True), *_version_columns())
_intended = Table(
    "intended",
    _metadata,
    Column("record", String, primary_key=True),
    Column("in_dossier", String, primary_key=True),
    *_version_columns(),
)
_rejected = Table("rejected", _metadata, Column("position", String, primary_key=True))
_progress = Table(
    "progress",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("cursor", String),
    Column("position", String),
    Column("polled_at", BigInteger),
    Column("newest_recorded_at", BigInteger),
    Column("published", BigInteger, nullable=False),
    Column("recent", String, nullable=False),
)
_linked = Table(
    "linked",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("incarnation", Integer, nullable=False),
    Column("fingerprint", String, nullable=False),
)


class RecordKey(NamedTuple):
    """A record within its source, whatever dossier it is in."""

    record_type: str
    record_id: str

    @property
    def text(self) -> str:
        """As it is stored."""
        return f"{self.record_type}/{self.record_id}"

    @classmethod
    def of(cls, text: str) -> Self:
        """Inverse of `text`."""
        record_type, _, record_id = text.partition("/")
        return cls(record_type, record_id)


class Entry(NamedTuple):
    """A version of a record that is about to be, or was, published."""

    record: RecordKey
    known: Known


class Progress(NamedTuple):
    """How far a source was read. `recent`: outcome of the last records, 0 read and 1 rejected, oldest first."""

    cursor: Cursor | None = None
    position: str | None = None
    polled_at: datetime | None = None
    newest_recorded_at: datetime | None = None
    published: int = 0
    recent: str = ""


class Index:
    """The index of one source. One process has it open at a time (see `lock`); blocking."""

    def __init__(self, path: Path) -> None:
        """Opens, or makes, the file. Raises ConfigError for one that a newer release wrote."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._engine: Engine = create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", _prepare)
        with self._engine.begin() as connection:
            _require_readable(connection, path)
            _metadata.create_all(connection)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def link(self, linking: Linking) -> bool:
        """Remember with which key this source is read, or see that it is the same. True: the topics are new ones, so
        all was forgotten, and the source is read from the beginning. Raises ConfigError as `begins_anew`."""
        with self._engine.begin() as connection:
            row = connection.execute(select(_linked.c.incarnation, _linked.c.fingerprint)).one_or_none()
            is_new = begins_anew(None if row is None else Linking(*row), linking, str(self._path))
            for table in (_records, _intended, _rejected, _progress) if is_new else ():
                connection.execute(delete(table))
            _upsert(connection, _linked, [{"id": 1, **linking._asdict()}])
        return is_new

    def progress(self) -> Progress:
        """What the last commit saved."""
        with self._engine.connect() as connection:
            row = connection.execute(select(_progress)).mappings().one_or_none()
        if row is None:
            return Progress()
        return Progress(
            cursor=None if row["cursor"] is None else Cursor.model_validate_json(row["cursor"]),
            position=row["position"],
            polled_at=_maybe_moment(row["polled_at"]),
            newest_recorded_at=_maybe_moment(row["newest_recorded_at"]),
            published=row["published"],
            recent=row["recent"],
        )

    def known(self, records: Iterable[RecordKey]) -> dict[RecordKey, list[Known]]:
        """What is known of these records: published and intended versions. Records never seen have no key."""
        keys = {record.text: record for record in records}
        found: dict[RecordKey, list[Known]] = {}
        with self._engine.connect() as connection:
            for chunk in _chunks(keys, _LOOKUP_KEYS):
                for table, published in ((_records, True), (_intended, False)):
                    for row in connection.execute(select(table).where(table.c.record.in_(chunk))).mappings():
                        found.setdefault(keys[row["record"]], []).append(_read_known(dict(row), published))
        return found

    def in_dossiers(self, dossier_ids: Collection[str]) -> set[RecordKey]:
        """Records of which a version stands, or may stand, in one of these dossiers. Reads the whole file: it is asked
        when a person is erased."""
        found: set[RecordKey] = set()
        with self._engine.connect() as connection:
            for table in (_records, _intended):
                for chunk in _chunks(dossier_ids, _LOOKUP_KEYS):
                    query = select(table.c.record).where(table.c.dossier_id.in_(chunk))
                    found |= {RecordKey.of(text) for text in connection.scalars(query)}
        return found

    def entries(self) -> Iterator[Entry]:
        """The newest published version of every record, deleted ones included; page by page, beside the writer."""
        after = ""
        while True:
            query = select(_records).where(_records.c.record > after).order_by(_records.c.record).limit(_PAGE)
            with self._engine.connect() as connection:
                rows = connection.execute(query).mappings().all()
            for row in rows:
                yield Entry(RecordKey.of(row["record"]), _read_known(dict(row), published=True))
            if len(rows) < _PAGE:
                return
            after = rows[-1]["record"]

    def start_anew(self, progress: Progress, *, forget_rejected: bool) -> None:
        """Read on from another cursor. `forget_rejected`: positions mean other records from now on. Durable."""
        with self._engine.begin() as connection:
            _upsert(connection, _progress, [_progress_row(progress)])
            if forget_rejected:
                connection.execute(delete(_rejected))

    def new_positions(self, positions: Sequence[str]) -> set[str]:
        """Those of the given positions that were not dead-lettered before."""
        seen: set[str] = set()
        with self._engine.connect() as connection:
            for chunk in _chunks(positions, _LOOKUP_KEYS):
                query = select(_rejected.c.position).where(_rejected.c.position.in_(chunk))
                seen.update(connection.execute(query).scalars())
        return set(positions) - seen

    def rejected_count(self) -> int:
        """Distinct unreadable records so far."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(_rejected)).scalar_one()

    def intend(self, entries: Sequence[Entry]) -> None:
        """Write down what is about to be sent; durable on return."""
        if entries:
            with self._engine.begin() as connection:
                rows = [_row(entry) | {"in_dossier": entry.known.dossier_id} for entry in entries]
                _upsert(connection, _intended, rows)

    def commit(self, entries: Sequence[Entry], rejected: Iterable[str], progress: Progress) -> None:
        """All of it is acknowledged: move the index and the cursor on, in one transaction; durable on return.

        Intentions for other records stay: a replay may be cut into smaller batches than the one that crashed.
        """
        with self._engine.begin() as connection:
            if entries:
                _upsert(connection, _records, [_row(entry) for entry in entries])
            if positions := [{"position": position} for position in rejected]:
                connection.execute(insert(_rejected).on_conflict_do_nothing(), positions)
            for chunk in _chunks({entry.record.text for entry in entries}, _LOOKUP_KEYS):
                connection.execute(delete(_intended).where(_intended.c.record.in_(chunk)))
            _upsert(connection, _progress, [_progress_row(progress)])


def _upsert(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    statement = insert(table)
    keys = list(table.primary_key.columns)
    changes = {column.name: statement.excluded[column.name] for column in table.columns if column not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), rows)


def _row(entry: Entry) -> dict[str, object]:
    known = entry.known
    return {
        "record": entry.record.text,
        "dossier_id": known.dossier_id,
        **known.order._asdict(),
        "content_hash": known.content_hash,
        "deleted": known.deleted,
        "first_published_at": known.first_published_at,
    }


def _read_known(row: Mapping[str, object], published: bool) -> Known:
    return Known(
        dossier_id=str(row["dossier_id"]),
        order=Order(*(int(str(row[name])) for name in Order._fields)),
        content_hash=str(row["content_hash"]),
        deleted=bool(row["deleted"]),
        first_published_at=int(str(row["first_published_at"])),
        published=published,
    )


def _progress_row(progress: Progress) -> dict[str, object]:
    polled, newest = progress.polled_at, progress.newest_recorded_at
    return {
        "id": 1,
        "cursor": None if progress.cursor is None else progress.cursor.model_dump_json(),
        "position": progress.position,
        "polled_at": None if polled is None else micros(polled),
        "newest_recorded_at": None if newest is None else micros(newest),
        "published": progress.published,
        "recent": progress.recent,
    }


def _maybe_moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else moment(microseconds)


def _chunks(items: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk


def _require_readable(connection: Connection, path: Path) -> None:
    found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found > SCHEMA:
        problem = (
            f"holds an index that a newer release wrote ({found}; this one knows {SCHEMA}), and nothing was read. Start"
            " that release again, or put back the copy from before it was started"
        )
        raise ConfigError("REGIEHUB_DATA_FOLDER", [str(path)], problem=problem)
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")


def _prepare(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # what was acknowledged must survive a power cut with the cursor
    cursor.close()
