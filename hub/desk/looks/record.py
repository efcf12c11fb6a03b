"""What stands in the log of looks: one record per operation, and below it one per person whose data it showed.

Fields are those of Logboek Dataverwerkingen and NEN 7513 that apply; ADR 8 has the table. Never a name, an address, a
BSN or a search term. Pure but for the ids, which are random: nothing about a person follows from them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypedDict

import orjson

APPLICATION: Final = "regiehub-desk"
"""The source of the records; other applications of a municipality log their own."""
_SPAN_BYTES: Final = 8


class Look(TypedDict):
    """One operation. `at`: UTC; `organisation`: on whose behalf, empty if not known; `activity`: id of the processing
    activity; `dossiers`: keys (source/number) of what was asked for; `subjects`: key of each person whose data were
    asked for, with the dossiers; `trace_id`: 32 hex digits; `parent_span_id`: the caller's, empty if there is none."""

    at: str
    user: str
    role: str
    organisation: str
    action: str
    activity: str
    ground: str
    allowed: bool
    reason: str
    household_id: str | None
    dossiers: Sequence[str]
    subjects: Mapping[str, Sequence[str]]
    trace_id: str
    parent_span_id: str


class Record(TypedDict, total=False):
    """One line of the log, as it is read. `record`: operation, subject or torn; `persons`: how many subject records
    follow an operation; `person`: the key of a subject; `lines`: what a crash left of lines, by size and hash."""

    number: int
    previous: str
    record: str
    at: str
    trace_id: str
    span_id: str
    parent_span_id: str
    application: str
    user: str
    role: str
    organisation: str
    action: str
    activity: str
    ground: str
    allowed: bool
    reason: str
    household_id: str | None
    dossiers: list[str]
    persons: int
    person: str
    lines: list[dict[str, Any]]


def bodies(look: Look) -> list[bytes]:
    """The records of one look as JSON objects, without their place in the chain: the operation, then each person."""
    operation = _span()
    common = {
        "at": look["at"],
        "trace_id": look["trace_id"],
        "application": APPLICATION,
        **{name: look[name] for name in ("user", "role", "organisation", "action", "activity", "ground")},
        "allowed": look["allowed"],
        "reason": look["reason"],
    }
    whole = {
        "record": "operation",
        "span_id": operation,
        "parent_span_id": look["parent_span_id"],
        **common,
        "household_id": look["household_id"],
        "dossiers": look["dossiers"],
        "persons": len(look["subjects"]),
    }
    subjects = [
        {
            "record": "subject",
            "span_id": _span(),
            "parent_span_id": operation,
            **common,
            "person": key,
            "dossiers": refs,
        }
        for key, refs in look["subjects"].items()
    ]
    return [orjson.dumps(record) for record in (whole, *subjects)]


def torn_body(at: datetime, lines: Sequence[bytes]) -> bytes:
    """The record that says what a crash left of the lines just before it. They were never answered."""
    moment = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return orjson.dumps({"record": "torn", "at": moment, "lines": [measure(line) for line in lines]})


def measure(line: bytes) -> dict[str, Any]:
    """What is said of a torn line."""
    return {"bytes": len(line), "sha256": hashlib.sha256(line).hexdigest()}


def parsed(line: bytes) -> Record | None:
    """A line as a record; None if it is none (a crash tore it, or somebody wrote in it)."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    numbered = isinstance(found, dict) and isinstance(found.get("number"), int) and found.get("record") in _KINDS
    record: Record | None = found if numbered else None
    return record


_KINDS: Final = frozenset({"operation", "subject", "torn"})


def _span() -> str:
    return secrets.token_hex(_SPAN_BYTES)
