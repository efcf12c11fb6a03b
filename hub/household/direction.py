"""Who directs: what the dossiers of a household state, and what people decided in the hub. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from hub.events.decisions import DECISION, Kind
from hub.events.records import RecordType
from hub.household.days import add_days, parse_day
from hub.household.document_shape import Document, RecordEntry


class DirectionEntry(NamedTuple):
    """One statement of who directs, and whether it holds today. `decided`: by a person in the hub, on a dossier.

    `record`: as a source states it (`director`, `organisation`, `unit`, `phone`, `from_on`, `to_on`, `reason`); a
    decision is put in that form, with `team`, `user` and `staff` beside it: it ends where the next one begins.
    """

    record: RecordEntry
    current: bool
    decided: bool = False


def directions(document: Document, today: date) -> list[DirectionEntry]:
    """All statements of who directs: those that hold today first, then the newest. A closed dossier's hold no more."""
    open_dossiers = {(item["source"], item["dossier_id"]) for item in document["dossiers"] if item["status"] == "open"}
    stated = [item for item in document["records"] if item["record_type"] == RecordType.CASE_DIRECTION]
    all_of_them = [*((item, True) for item in decided(document)), *((item, False) for item in stated)]
    found = [
        DirectionEntry(item, (item["source"], item["dossier_id"]) in open_dossiers and _holds(item, today), by_human)
        for item, by_human in all_of_them
    ]
    newest_first = sorted(found, key=lambda entry: str(entry.record["body"]["from_on"]), reverse=True)
    return sorted(newest_first, key=lambda entry: not entry.current)


def directors(document: Document, today: date) -> list[str]:
    """Names of those who direct today, each once however often a source writes it. Should be one."""
    names: dict[str, str] = {}
    for entry in directions(document, today):
        if entry.current:
            name = written_name(entry)
            names.setdefault(name.casefold(), name)
    return list(names.values())


def written_name(entry: DirectionEntry) -> str:
    """The director's name with its spaces in order."""
    return " ".join(str(entry.record["body"]["director"]).split())


def decided(document: Document) -> list[RecordEntry]:
    """What was decided and not taken back, over all dossiers: the later first day counts, of one day the later
    decision. Each ends on the day before the next begins; of two of one day the earlier never held."""
    made = [
        item
        for item in document["records"]
        if item["record_type"] == DECISION
        and item["body"]["kind"] == Kind.DIRECTION.value
        and not item["body"]["withdrawn"]
    ]
    ordered = sorted((_as_stated(item) for item in made), key=_order)
    return list(_with_ends(ordered))


def _as_stated(record: RecordEntry) -> RecordEntry:
    said = record["body"]["direction"]
    assert isinstance(said, dict)
    known = {name: value or None for name, value in said.items() if name != "name"}
    body = {**known, "director": said["name"], "to_on": None, "reason": record["body"]["why"]}
    return RecordEntry(**{**record, "body": body})


def _order(record: RecordEntry) -> tuple[str, int, str, tuple[str, str, str]]:
    identity = record["source"], record["dossier_id"], record["record_id"]
    return str(record["body"]["from_on"]), record["version"], record["recorded_at"], identity


def _with_ends(ordered: Iterable[RecordEntry]) -> Iterator[RecordEntry]:
    before: RecordEntry | None = None
    for item in ordered:
        if before is not None:
            start = parse_day(item["body"]["from_on"])
            end = add_days(start, -1).isoformat() if start else None
            yield RecordEntry(**{**before, "body": before["body"] | {"to_on": end}})
        before = item
    if before is not None:
        yield before


def _holds(record: RecordEntry, today: date) -> bool:
    start, end = record["body"]["from_on"], record["body"]["to_on"]
    return str(start) <= today.isoformat() and (end is None or str(end) >= today.isoformat())
