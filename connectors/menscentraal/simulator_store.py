"""What the simulated MensCentraal does to its database: every change in a transaction that may stay open."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import repeat
from threading import RLock
from typing import Final, NamedTuple, TypeGuard

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)

from connectors.menscentraal.source import METADATA, OUTBOX, STAND
from connectors.menscentraal.translate import TABLES, translate
from hub.connect import TranslationError
from hub.connect.simulator import Change, Faults

_INSIDE: Final = MetaData()
OPEN_TRANSACTIONS: Final = Table(
    "open_transactions", _INSIDE, Column("tx", BigInteger, primary_key=True, autoincrement=False)
)
_UNCOMMITTED: Final = Table(
    "uncommitted",
    _INSIDE,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("tx", BigInteger, nullable=False),
    Column("line", Text, nullable=False),
    Column("due", Float),
)
"""What open transactions have written and nobody else sees; SQLite has one writer, so they are kept here."""
_LINES: Final = Table(
    "lines",
    _INSIDE,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),
)
_COUNTERS: Final = Table(
    "counters", _INSIDE, Column("seq", BigInteger, nullable=False), Column("tx", BigInteger, nullable=False)
)
_HORIZON_VIEW: Final = """
CREATE VIEW outbox_horizon AS SELECT COALESCE(
    (SELECT MIN(tx) FROM open_transactions),
    (SELECT MAX(tx) + 1 FROM outbox),
    1) AS horizon
"""
_KEEP_NEWEST: Final = text("""
INSERT INTO stand (tabel, dossier_nr, record_nr, rowversion, verwijderd, payload, gewijzigd)
VALUES (:tabel, :dossier_nr, :record_nr, :rowversion, :verwijderd, :payload, :gewijzigd)
ON CONFLICT (tabel, record_nr) DO UPDATE SET
    dossier_nr = excluded.dossier_nr, rowversion = excluded.rowversion, verwijderd = excluded.verwijderd,
    payload = excluded.payload, gewijzigd = excluded.gewijzigd
WHERE (excluded.rowversion, excluded.gewijzigd) >= (stand.rowversion, stand.gewijzigd)
""")
_TEXTS: Final = ("tabel", "bewerking", "dossier_nr", "record_nr", "gewijzigd")
_LARGEST: Final = 2**63 - 1


class _Written(NamedTuple):
    """One change with its numbers."""

    seq: int
    tx: int
    line: str


class MensCentraalStore:
    """The database behind an engine. One writer: this object."""

    def __init__(self, engine: Engine, faults: Faults) -> None:
        self._engine = engine
        self._faults = faults
        self._random = random.Random(faults.seed)
        self._lock = RLock()
        with self._writing() as connection:
            if not inspect(connection).has_table("outbox"):
                METADATA.create_all(connection)
                _INSIDE.create_all(connection)
                connection.execute(text(_HORIZON_VIEW))
                connection.execute(insert(_COUNTERS).values(seq=0, tx=0))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def set_faults(self, faults: Faults) -> None:
        """Behave differently from now on."""
        self._faults = faults

    def add(
        self, changes: Iterable[Change | str], *, held: bool = False, lines: Iterable[int] | None = None
    ) -> list[int]:
        """Number and keep changes. `held`: all in one transaction that stays open; else one transaction each.

        `lines`: the numbers for changes without one, counted from what is there.
        """
        with self._writing() as connection:
            seq, tx = connection.execute(select(_COUNTERS)).one()
            numbers = _Numbers(seq, tx, shared=held)
            wanted = repeat(None) if lines is None else lines
            written = [self._numbered(change, numbers, line) for change, line in zip(changes, wanted, strict=False)]
            connection.execute(update(_COUNTERS).values(seq=numbers.seq, tx=numbers.tx))
            self._write(connection, written, held=held)
        return [row.seq for row in written]

    def _numbered(self, change: Change | str, numbers: _Numbers, line: int | None) -> _Written:
        if self._random.random() < self._faults.gap_rate:
            numbers.skip()
        raw = change if isinstance(change, str) else json.dumps(change)
        data = _object(raw)
        seq, tx = numbers.give(*((None, None) if data is None else (data.get("seq"), data.get("tx"))), line)
        if data is not None:
            rest = {name: value for name, value in data.items() if name not in ("seq", "tx")}
            raw = json.dumps({"seq": seq, "tx": tx, **rest})
        return _Written(seq, tx, raw.encode(errors="replace").decode())

    def _write(self, connection: Connection, written: Sequence[_Written], *, held: bool) -> None:
        due = {tx: self._due(held=held) for tx in {row.tx for row in written}}
        open_until = {tx: moment for tx, moment in due.items() if moment != 0.0}
        self._commit(connection, [row for row in written if row.tx not in open_until])
        if open_until:
            late = [row for row in written if row.tx in open_until]
            connection.execute(insert(OPEN_TRANSACTIONS), [{"tx": tx} for tx in open_until])
            connection.execute(insert(_UNCOMMITTED), [{**row._asdict(), "due": open_until[row.tx]} for row in late])

    def _due(self, *, held: bool) -> float | None:
        """When a transaction commits: 0 at once, None when it is released."""
        if held:
            return None
        late = self._random.random() < self._faults.late_rate
        return time.time() + self._random.uniform(0, self._faults.late_seconds) if late else 0.0

    def _commit(self, connection: Connection, written: Sequence[_Written]) -> None:
        if not written:
            return
        connection.execute(insert(OUTBOX), [_columns(row) for row in written])
        connection.execute(insert(_LINES), [{"seq": row.seq, "line": row.line} for row in written])
        if current := [stand for row in written if (stand := _stand(row.line)) is not None]:
            connection.execute(_KEEP_NEWEST, current)

    def keep_silently(self, changes: Iterable[Change | str]) -> None:
        """Change current records without a row in the outbox."""
        lines = [change if isinstance(change, str) else json.dumps(change) for change in changes]
        with self._writing() as connection:
            for stand in filter(None, map(_stand, lines)):
                connection.execute(_KEEP_NEWEST, stand)

    def release(self, seqs: Iterable[int] | None = None, *, due_before: float | None = None) -> None:
        """Commit open transactions: those of some seqs, those due before a moment, or all."""
        with self._writing() as connection:
            waiting = select(_UNCOMMITTED.c.seq, _UNCOMMITTED.c.tx, _UNCOMMITTED.c.line)
            if seqs is not None:
                waiting = waiting.where(_UNCOMMITTED.c.seq.in_(list(seqs)))
            if due_before is not None:
                waiting = waiting.where(_UNCOMMITTED.c.due <= due_before)
            written = [_Written(*row) for row in connection.execute(waiting.order_by(_UNCOMMITTED.c.seq))]
            self._commit(connection, written)
            transactions = {row.tx for row in written}
            connection.execute(delete(_UNCOMMITTED).where(_UNCOMMITTED.c.tx.in_(transactions)))
            connection.execute(delete(OPEN_TRANSACTIONS).where(OPEN_TRANSACTIONS.c.tx.in_(transactions)))

    def line(self, seq: int | None) -> str:
        """The line of a change, without its numbers; None: of any visible and readable one.

        Raises KeyError.
        """
        wanted = select(_LINES.c.line).order_by(_LINES.c.seq)
        if seq is not None:
            wanted = wanted.where(_LINES.c.seq == seq)
        with self._engine.connect() as connection:
            lines = [str(line) for line in connection.execute(wanted).scalars()]
        self._random.shuffle(lines)
        for line in lines:
            if seq is None and _stand(line) is None:
                continue
            data = _object(line)
            if data is None:
                return line
            return json.dumps({name: value for name, value in data.items() if name not in ("seq", "tx")})
        raise KeyError(seq)

    def current(self) -> list[dict[str, object]]:
        """The newest readable version of each record."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(STAND)).all()
        return [
            {
                "tabel": row.tabel,
                "bewerking": "D" if row.verwijderd else "U",
                "dossier_nr": row.dossier_nr,
                "record_nr": row.record_nr,
                "rowversion": row.rowversion,
                "gewijzigd": row.gewijzigd,
                "payload": None if row.payload is None else json.loads(row.payload),
            }
            for row in rows
        ]

    def lines(self) -> list[tuple[int, str]]:
        """Every visible change: seq and line."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_LINES.c.seq, _LINES.c.line).order_by(_LINES.c.seq))
            return [(row.seq, row.line) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._lock, self._engine.begin() as connection:
            yield connection


class _Numbers:
    """Gives seq and tx beyond what is there: those asked for if they are free, else one beyond all."""

    def __init__(self, seq: int, tx: int, *, shared: bool) -> None:
        self._floor = (seq, tx)
        self.seq, self.tx = seq, tx
        self._seqs: set[int] = set()
        self._shared = tx + 1 if shared else None

    def skip(self) -> None:
        """Leave a gap: a transaction that was rolled back."""
        self.seq += 1

    def give(self, seq: object, tx: object, line: int | None) -> tuple[int, int]:
        """The numbers of the next change. Several changes may ask for one transaction."""
        if line is not None:
            seq = seq if _is_number(seq) else self._floor[0] + line
            tx = tx if _is_number(tx) else self._floor[1] + line
        if not _is_number(seq) or seq <= self._floor[0] or seq in self._seqs:
            seq = self.seq + 1
        if self._shared is not None:
            tx = self._shared
        elif not _is_number(tx) or tx <= self._floor[1]:
            tx = self.tx + 1
        self._seqs.add(seq)
        self.seq, self.tx = max(self.seq, seq), max(self.tx, tx)
        return seq, tx


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**62


def _object(line: str) -> dict[str, object] | None:
    try:
        data = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _columns(row: _Written) -> dict[str, object]:
    """The outbox row of a change.

    What no row of this table can hold stands whole in `payload`, the rest null.
    """
    data = _object(row.line) or {}
    columns: dict[str, object] = {"seq": row.seq, "tx": row.tx, "rowversion": data.get("rowversion")}
    columns |= {name: data.get(name) for name in _TEXTS}
    if not data or not _fits(columns):
        empty = dict.fromkeys((*_TEXTS, "rowversion"))
        return {"seq": row.seq, "tx": row.tx, **empty, "payload": row.line}
    payload = data.get("payload")
    return {**columns, "payload": None if payload is None else json.dumps(payload)}


def _fits(columns: Mapping[str, object]) -> bool:
    version = columns["rowversion"]
    if version is not None and (not isinstance(version, int) or isinstance(version, bool) or abs(version) > _LARGEST):
        return False
    return all(_is_text(columns[name]) for name in _TEXTS)


def _is_text(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, str) and value == value.encode(errors="replace").decode()


def _stand(line: str) -> dict[str, object] | None:
    """The current record that a line makes; None for an unreadable one: it replaces no good one."""
    try:
        (draft,) = translate(line.encode("utf-8", "surrogatepass"))
    except TranslationError:
        return None
    payload = (_object(line) or {}).get("payload")
    return {
        "tabel": TABLES[draft.record_type],
        "dossier_nr": draft.dossier_id,
        "record_nr": draft.record_id,
        "rowversion": draft.version,
        "verwijderd": draft.deleted,
        "payload": None if payload is None else json.dumps(payload),
        "gewijzigd": draft.recorded_at.isoformat(timespec="microseconds"),
    }
