"""Who directs: out of the records of all dossiers of a household. Pure."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from hub.events.records import RecordType
from hub.household.document_shape import Document, RecordEntry


class DirectionEntry(NamedTuple):
    """One statement of who directs, and whether it holds today."""

    record: RecordEntry
    current: bool


def directions(document: Document, today: date) -> list[DirectionEntry]:
    """All statements of who directs: those that hold today first, then the newest. A closed dossier's hold no more."""
    open_dossiers = {(item["source"], item["dossier_id"]) for item in document["dossiers"] if item["status"] == "open"}
    found = [
        DirectionEntry(item, (item["source"], item["dossier_id"]) in open_dossiers and _holds(item, today))
        for item in document["records"]
        if item["record_type"] == RecordType.CASE_DIRECTION
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


def _holds(record: RecordEntry, today: date) -> bool:
    start, end = record["body"]["from_on"], record["body"]["to_on"]
    return str(start) <= today.isoformat() and (end is None or str(end) >= today.isoformat())
