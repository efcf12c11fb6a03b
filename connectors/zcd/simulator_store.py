"""What the simulated ZCD holds: its changes in a SQLite file, written by one process and read by another."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import repeat
from pathlib import Path
from secrets import token_urlsafe
from threading import Lock
from typing import Final, NamedTuple

from connectors.zcd.translate import KINDS, translate
from hub.connect import TranslationError
from hub.connect.simulator import Change, Faults

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS wijziging (
    volgnummer INTEGER PRIMARY KEY,
    regel TEXT NOT NULL,        -- the line as it was given
    item TEXT NOT NULL,         -- what the feed shows of it
    zichtbaar REAL,             -- from when on; null: not before it is released
    soort TEXT, dossiernummer TEXT, id TEXT, versie INTEGER, gewijzigd REAL, verwijderd INTEGER  -- null:
    unreadable
);
CREATE INDEX IF NOT EXISTS wijziging_id ON wijziging (soort, id);
CREATE INDEX IF NOT EXISTS wijziging_zichtbaar ON wijziging (zichtbaar);
CREATE TABLE IF NOT EXISTS verzwegen (volgnummer INTEGER PRIMARY KEY);  -- what the feed never shows
CREATE TABLE IF NOT EXISTS instelling (naam TEXT PRIMARY KEY, waarde TEXT NOT NULL);
"""
_CURRENT: Final = """
SELECT * FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY soort, id ORDER BY versie DESC, gewijzigd DESC, volgnummer DESC)
    AS rang FROM wijziging WHERE soort IS NOT NULL AND zichtbaar <= :now {between}
) WHERE rang = 1
"""
_DEEPEST: Final = 100


class FeedPage(NamedTuple):
    """A page of the feed: the items as JSON texts."""

    items: list[str]
    last: int
    more: bool
    stable: int


class ZcdStore:
    """The file. A late change is a row that holds its number and is not visible yet."""

    def __init__(self, path: Path, faults: Faults | None = None) -> None:
        self._lock = Lock()
        self._connection = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)
        for name, value in (("client_id", "regiehub"), ("client_secret", token_urlsafe(24))):
            self._connection.execute("INSERT OR IGNORE INTO instelling VALUES (?, ?)", (name, value))
        if faults is not None:
            self.set_faults(faults)
        self._faults = self.faults()
        self._random = random.Random(self._faults.seed)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def setting(self, name: str) -> str:
        """One of the settings; "" if it was never set."""
        with self._lock:
            row = self._connection.execute("SELECT waarde FROM instelling WHERE naam = ?", (name,)).fetchone()
        return "" if row is None else str(row["waarde"])

    def set_faults(self, faults: Faults) -> None:
        """Change the behaviour from now on, also that of a server that runs already."""
        with self._lock:
            self._connection.execute(
                "INSERT OR REPLACE INTO instelling VALUES ('storingen', ?)", (json.dumps(asdict(faults)),)
            )
        self._faults = faults

    def faults(self) -> Faults:
        """The behaviour asked for last."""
        text = self.setting("storingen")
        return Faults(**json.loads(text)) if text else Faults()

    def add(
        self, changes: Iterable[Change | str], *, held: bool = False, lines: Iterable[int] | None = None
    ) -> list[int]:
        """Number and keep changes, in one transaction. `held`: visible only when released.

        `lines`: the numbers for changes without one, counted from what is there.
        """
        with self._writing():
            highest = self._connection.execute("SELECT MAX(volgnummer) FROM wijziging").fetchone()[0] or 0
            numbers = _Numbers(highest)
            rows = [
                self._row(change, numbers, line, held=held)
                for change, line in zip(changes, repeat(None) if lines is None else lines, strict=False)
            ]
            self._connection.executemany("INSERT INTO wijziging VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
        return [row.number for row in rows]

    def _row(self, change: Change | str, numbers: _Numbers, line: int | None, *, held: bool) -> _Row:
        if self._random.random() < self._faults.gap_rate:
            numbers.skip()
        text = change if isinstance(change, str) else json.dumps(change)
        data = _object(text)
        number = numbers.give(data.pop("volgnummer", None) if data is not None else None, line)
        if data is None:
            item = json.dumps({"volgnummer": number, "onleesbaar": text})
        else:
            item = text = json.dumps({"volgnummer": number, **data})
        return _Row(number, text.encode(errors="replace").decode(), item, self._visible(held=held), *_judged(text))

    def _visible(self, *, held: bool) -> float | None:
        if held:
            return None
        late = self._random.random() < self._faults.late_rate
        return time.time() + self._random.uniform(0, self._faults.late_seconds) if late else 0.0

    def release(self, numbers: Iterable[int] | None = None) -> None:
        """Make held changes visible, all at one moment; None: everything that is not visible yet."""
        with self._writing():
            if numbers is None:
                self._connection.execute("UPDATE wijziging SET zichtbaar = 0 WHERE zichtbaar IS NULL OR zichtbaar > 0")
            else:
                self._connection.executemany(
                    "UPDATE wijziging SET zichtbaar = 0 WHERE volgnummer = ?",
                    [(number,) for number in numbers],
                )

    def silence(self, numbers: Iterable[int]) -> None:
        """Leave changes out of the feed for ever; the records stay as they made them."""
        with self._writing():
            self._connection.executemany("INSERT INTO verzwegen VALUES (?)", [(number,) for number in numbers])

    def record(self, kind: str, record: str) -> str | None:
        """The current version of a record, as the feed would show it."""
        (found,) = self._read(_CURRENT.format(between="AND soort = :soort AND id = :id"), soort=kind, id=record) or (
            None,
        )
        return None if found is None else str(found["item"])

    def line(self, number: int | None) -> str:
        """The line of a change, without its number; None: of any visible and readable one.

        Raises KeyError.
        """
        found = self._read(
            "SELECT regel FROM wijziging WHERE volgnummer = :number"
            " OR (:number IS NULL AND zichtbaar <= :now AND soort IS NOT NULL) ORDER BY volgnummer",
            number=number,
        )
        if not found:
            raise KeyError(number)
        text = str(self._random.choice(found)["regel"])
        data = _object(text)
        if data is None:
            return text
        data.pop("volgnummer", None)
        return json.dumps(data)

    def page(self, after: int, limit: int) -> FeedPage:
        """What the feed shows after a number."""
        with self._reading() as now:
            rows = self._connection.execute(
                "SELECT volgnummer, item FROM wijziging WHERE volgnummer > ? AND zichtbaar <= ?"
                " AND volgnummer NOT IN (SELECT volgnummer FROM verzwegen) ORDER BY volgnummer LIMIT ?",
                (after, now, limit + 1),
            ).fetchall()
            first_hidden, highest = self._connection.execute(
                "SELECT (SELECT MIN(volgnummer) FROM wijziging WHERE zichtbaar IS NULL OR zichtbaar > ?),"
                " (SELECT MAX(volgnummer) FROM wijziging)",
                (now,),
            ).fetchone()
        shown = rows[:limit]
        return FeedPage(
            items=[row["item"] for row in shown],
            last=shown[-1]["volgnummer"] if shown else after,
            more=len(rows) > limit,
            stable=(highest or 0) if first_hidden is None else first_hidden - 1,
        )

    def stock(self, after: tuple[str, str], limit: int) -> list[dict[str, object]]:
        """The current records beyond (soort, id), in that order: what the inventory shows."""
        keys = self._read(
            "SELECT DISTINCT soort, id FROM wijziging WHERE (soort, id) > (:soort, :id) AND zichtbaar <= :now"
            " ORDER BY soort, id LIMIT :limit",
            soort=after[0],
            id=after[1],
            limit=limit,
        )
        if not keys:
            return []
        between = "AND (soort, id) > (:soort, :id) AND (soort, id) <= (:last_soort, :last_id)"
        bounds = {
            "soort": after[0],
            "id": after[1],
            "last_soort": keys[-1]["soort"],
            "last_id": keys[-1]["id"],
        }
        rows = self._read(_CURRENT.format(between=between) + "ORDER BY soort, id", **bounds)
        names = ("soort", "dossiernummer", "id", "versie")
        return [{**{name: row[name] for name in names}, "verwijderd": bool(row["verwijderd"])} for row in rows]

    def current(self) -> list[dict[str, object]]:
        """The newest readable version of each record."""
        rows = self._read(_CURRENT.format(between="") + "ORDER BY volgnummer")
        return [json.loads(row["regel"]) for row in rows]

    def lines(self) -> list[tuple[int, str]]:
        """Every change that the feed shows: number and line."""
        rows = self._read(
            "SELECT volgnummer, regel FROM wijziging WHERE zichtbaar <= :now"
            " AND volgnummer NOT IN (SELECT volgnummer FROM verzwegen) ORDER BY volgnummer"
        )
        return [(row["volgnummer"], row["regel"]) for row in rows]

    def _read(self, statement: str, **values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(statement, {"now": time.time(), **values}).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[float]:
        """One snapshot for several statements, and its moment."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield time.time()
            finally:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


class _Row(NamedTuple):
    number: int
    line: str
    item: str
    visible: float | None
    kind: str | None
    dossier: str | None
    record: str | None
    version: int | None
    recorded: float | None
    deleted: bool | None


class _Numbers:
    """Gives numbers beyond what is there: the one asked for if it is free, else one beyond all."""

    def __init__(self, highest: int) -> None:
        self._floor = self._highest = highest
        self._taken: set[int] = set()

    def skip(self) -> None:
        """Leave a gap."""
        self._highest += 1

    def give(self, wanted: object, line: int | None) -> int:
        """The number of the next change."""
        if not isinstance(wanted, int) or isinstance(wanted, bool):
            wanted = None if line is None else self._floor + line
        if wanted is None or not self._floor < wanted < 2**62 or wanted in self._taken:
            wanted = self._highest + 1
        self._taken.add(wanted)
        self._highest = max(self._highest, wanted)
        return wanted


def _object(text: str) -> dict[str, object] | None:
    """The object in a line, if the feed can show it as one; else it passes on the text."""
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and _depth(data) <= _DEEPEST else None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _depth(data: object) -> int:
    level: list[object] = [data]
    depth = 0
    while level:
        depth += 1
        level = [
            item
            for outer in level
            for item in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
        ]
    return depth


def _judged(
    text: str,
) -> tuple[str, str, str, int, float, bool] | tuple[None, None, None, None, None, None]:
    """Which record a line is a version of; nothing for an unreadable one: it replaces no good one."""
    try:
        (draft,) = translate(text.encode("utf-8", "surrogatepass"))
    except TranslationError:
        return (None,) * 6
    recorded = draft.recorded_at.timestamp()
    kind = KINDS[draft.record_type]
    return kind, draft.dossier_id, draft.record_id, draft.version, recorded, draft.deleted
