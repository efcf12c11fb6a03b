"""What people ask of a source's ingest while it runs, and what it tells them: one small SQLite file per source.

Commands write it, ingest looks at it at every step. It holds no secret and no content in clear: record ids, positions,
and dead letters as sealed as they were. Errand that is asked for stays until it is done, so that ingest may die at any
moment, and asking twice is asking once.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from hub.connect.api import Cursor, InventoryItem
from hub.connect.ingest.backfill import Backfill
from hub.events.codec import Value

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS told (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS work (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (kind, id)
);
"""
_ADDED: Final[Value] = {"missing_dossiers": 0}
"""What hub.source_status v3 added to a completeness, and what it is where a release before compared."""
_WAIT_SECONDS: Final = 10.0


class Pause(NamedTuple):
    """Somebody asked not to read this source for a while."""

    by: str
    why: str
    at: str


class Reset(NamedTuple):
    """Somebody asked to read from another place. `cursor` None: the beginning. `source_epoch`: the one from now on.
    `number` tells one request from the next."""

    cursor: Cursor | None
    source_epoch: int
    by: str
    number: int


class Repair(NamedTuple):
    """A record to read again. `held`: whether the source said that it holds it. `forced`: publish it although it was,
    under a higher revision, since the read model does not show it."""

    item: InventoryItem
    held: bool
    forced: bool


class Letter(NamedTuple):
    """A dead letter to translate again. `sealed`: as it stands in the log."""

    position: str
    attempt: int
    source_epoch: int
    sealed: bytes
    by: str


class Check(NamedTuple):
    """Somebody asked to compare the source now. `repair`: and to read what differs again."""

    by: str
    repair: bool


class Checked(NamedTuple):
    """How the last comparison ended. `at`: ISO time; `problem`: why there is no result of it, "" if there is."""

    at: str
    problem: str


class Errand(StrEnum):
    """What ingest can be asked to do beside reading."""

    REPAIR = "repair"
    REPLAY = "replay"


class Orders(NamedTuple):
    """What holds now."""

    pause: Pause | None = None
    reset: Reset | None = None
    go_on: int = 0
    """How often somebody asked to go on after too many records were rejected."""
    source_epoch: int = 0
    """Lowest epoch in which the source may be read, as reset by a command."""
    completeness: Value | None = None
    """The last reconciliation, as the source's status says it."""
    check: Check | None = None
    checked: Checked | None = None


class Control:
    """The file of one source. Any number of processes may have it open; blocking, used by one thread."""

    def __init__(self, path: Path) -> None:
        """Opens, or makes, the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_private(path)
        self._connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def orders(self) -> Orders:
        """All that holds now; one query."""
        told = {name: json.loads(value) for name, value in self._rows("SELECT name, value FROM told")}
        return Orders(
            pause=Pause(**told["pause"]) if "pause" in told else None,
            reset=_read_reset(told["reset"]) if "reset" in told else None,
            go_on=int(told.get("go_on", 0)),
            source_epoch=int(told.get("source_epoch", 0)),
            completeness=_read_completeness(told["completeness"], told.get("completeness_added"))
            if "completeness" in told
            else None,
            check=Check(**told["check"]) if "check" in told else None,
            checked=Checked(**told["checked"]) if "checked" in told else None,
        )

    def pause(self, pause: Pause) -> None:
        """Do not read the source until somebody resumes."""
        self._tell("pause", pause._asdict())

    def resume(self) -> None:
        """Read again; also after a stop because too many records were rejected, of a backfill too."""
        self._forget("pause")
        self._tell("go_on", self.orders().go_on + 1)
        if (held := self.backfill()) is not None and held.held is not None:
            self._tell("backfill", held._replace(held=None, recent="").to_state())

    def ask_reset(self, cursor: Cursor | None, source_epoch: int, by: str) -> None:
        """Read from another place, in that epoch, from the next step on."""
        number = self._told("resets", 0) + 1
        self._tell("resets", number)
        self._tell("reset", {
            "cursor": None if cursor is None else cursor.model_dump(),
            "source_epoch": source_epoch, "by": by, "number": number,
        })  # fmt: skip

    def reset_done(self, reset: Reset) -> None:
        """It is durable. A request that came meanwhile stays; what was compared before says nothing any more."""
        self._tell("source_epoch", reset.source_epoch)
        self._forget("completeness")
        if (asked := self.orders().reset) is not None and asked.number == reset.number:
            self._forget("reset")

    def start_anew(self) -> None:
        """What was asked for and found is of topics that are gone."""
        for kind in Errand:
            self.stop(kind)
        for name in ("reset", "lead", "completeness", "checked"):
            self._forget(name)

    def keep_completeness(self, completeness: Value) -> None:
        """What a reconciliation found. What a release added to it has a name of its own: the one before, which may be
        started again, does not know it."""
        told = {**completeness, "checked_at": completeness["checked_at"].isoformat()}
        added = {name: told.pop(name) for name in _ADDED if name in told}
        self._connection.execute("BEGIN IMMEDIATE")
        self._tell("completeness", told)
        self._tell("completeness_added", {**added, "checked_at": told["checked_at"]})
        self._connection.execute("COMMIT")

    def ask_check(self, check: Check) -> None:
        """Compare the source with what was published and is shown, as soon as can be."""
        self._tell("check", check._asdict())

    def check_done(self, check: Check, problem: str, at: datetime) -> None:
        """It was tried. Another request that came meanwhile stays."""
        self._tell("checked", Checked(at.isoformat(), problem)._asdict())
        if self.orders().check == check:
            self._forget("check")

    def ask_repair(self, repairs: Iterable[Repair]) -> None:
        """Read these again."""
        self._ask(Errand.REPAIR, ((_repair_id(item), [list(item.item), item.held, item.forced]) for item in repairs))

    def repairs(self, limit: int) -> list[Repair]:
        """The oldest that are asked for."""
        return [
            Repair(InventoryItem(*item), bool(held), bool(forced))
            for item, held, forced in self._asked(Errand.REPAIR, limit)
        ]

    def repairs_done(self, repairs: Sequence[Repair]) -> None:
        """They landed, or cannot."""
        self._done(Errand.REPAIR, [_repair_id(item) for item in repairs])

    def ask_replay(self, letters: Iterable[Letter]) -> None:
        """Translate these again."""
        self._ask(Errand.REPLAY, ((item.position, {**item._asdict(), "sealed": item.sealed.hex()}) for item in letters))

    def letters(self, limit: int) -> list[Letter]:
        """The oldest that are asked for."""
        found = self._asked(Errand.REPLAY, limit)
        return [Letter(**{**item, "sealed": bytes.fromhex(item["sealed"])}) for item in found]

    def letters_done(self, positions: Sequence[str]) -> None:
        """They are read, or set aside again."""
        self._done(Errand.REPLAY, positions)

    def waiting(self, kind: Errand) -> int:
        """So much is asked for and not done."""
        ((count,),) = self._rows("SELECT COUNT(*) FROM work WHERE kind = ?", kind.value)
        return int(count)

    def stop(self, kind: Errand) -> int:
        """Drop what is asked for and not done; gives how much that was. What was done stays done."""
        with closing(self._connection.execute("DELETE FROM work WHERE kind = ?", (kind.value,))) as cursor:
            return cursor.rowcount

    def ask_backfill(self, start: Cursor | None, by: str, at: str, *, everything: bool = False) -> None:
        """Read all of it once more, from there; instead of one that was asked for before."""
        number = self._told("backfills", 0) + 1
        self._tell("backfills", number)
        asked = Backfill(by, at, number, start, everything, cursor=start)
        self._tell("backfill", asked.to_state())

    def backfill(self) -> Backfill | None:
        """The last one that was asked for and not stopped, done or not."""
        found = self._rows("SELECT value FROM told WHERE name = 'backfill'")
        return Backfill.from_state(json.loads(found[0][0])) if found else None

    def keep_backfill(self, backfill: Backfill) -> None:
        """How far it is, unless it was stopped or another was asked for meanwhile."""
        self._connection.execute("BEGIN IMMEDIATE")
        known = self.backfill()
        if known is not None and known.number == backfill.number:
            self._tell("backfill", backfill.to_state())
        self._connection.execute("COMMIT")

    def stop_backfill(self) -> Backfill | None:
        """Ask for none any more; gives how far it was. What was published stays."""
        found = self.backfill()
        self._forget("backfill")
        return found

    def lead(self) -> Backfill | None:
        """How far the compositions are that are read ahead of the rest since a reset; None: they are not, or all."""
        found = self._rows("SELECT value FROM told WHERE name = 'lead'")
        return Backfill.from_state(json.loads(found[0][0])) if found else None

    def keep_lead(self, lead: Backfill | None) -> None:
        """So far; None: no more of it."""
        if lead is None:
            self._forget("lead")
        else:
            self._tell("lead", lead.to_state())

    def erasures_done(self) -> set[str]:
        """Ids of the orders to forget somebody that were obeyed."""
        found = self._rows("SELECT value FROM told WHERE name = 'erased'")
        return set(json.loads(found[0][0])) if found else set()

    def erasure_done(self, erasure_id: str) -> None:
        """One more was."""
        self._tell("erased", sorted(self.erasures_done() | {erasure_id}))

    def _ask(self, kind: Errand, asked: Iterable[tuple[str, object]]) -> None:
        rows = ((kind.value, name, json.dumps(value)) for name, value in asked)
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT OR REPLACE INTO work (kind, id, value) VALUES (?, ?, ?)", rows)
        self._connection.execute("COMMIT")

    def _asked(self, kind: Errand, limit: int) -> list[Any]:
        query = "SELECT value FROM work WHERE kind = ? ORDER BY number LIMIT ?"
        return [json.loads(value) for (value,) in self._rows(query, kind.value, limit)]

    def _done(self, kind: Errand, names: Sequence[str]) -> None:
        self._connection.executemany("DELETE FROM work WHERE kind = ? AND id = ?", [(kind.value, n) for n in names])

    def _tell(self, name: str, value: object) -> None:
        self._connection.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", (name, json.dumps(value)))

    def _told(self, name: str, unless: int) -> int:
        found = self._rows("SELECT value FROM told WHERE name = ?", name)
        return int(json.loads(found[0][0])) if found else unless

    def _forget(self, name: str) -> None:
        self._connection.execute("DELETE FROM told WHERE name = ?", (name,))

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall()


def _make_private(path: Path) -> None:
    """SQLite gives its side files the same mode. A file that is there is not opened: closing it again would take away
    the locks of every connection that this process has to it (sqlite.org/howtocorrupt.html, 2.2)."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _repair_id(repair: Repair) -> str:
    return f"{repair.item.record_type}/{repair.item.record_id}"


def _read_reset(told: dict[str, Any]) -> Reset:
    cursor = None if told["cursor"] is None else Cursor.model_validate(told["cursor"])
    return Reset(cursor, told["source_epoch"], told["by"], told["number"])


def _read_completeness(told: Value, added: Value | None) -> Value:
    """`added` counts if it is of the same comparison: the release before leaves it as it was."""
    is_same = added is not None and added["checked_at"] == told["checked_at"]
    more = added if added is not None and is_same else {}
    return {**_ADDED, **told, **more, "checked_at": datetime.fromisoformat(told["checked_at"])}
