"""What people have put off: read out of the decisions among the household's records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from hub.events.decisions import DECISION, Kind
from hub.household.attention.facts import identity
from hub.household.attention.point import Snoozed
from hub.household.days import parse_day
from hub.household.document_shape import Document, RecordEntry

Matter = tuple[str, str]
"""(rule, point)."""


def snoozes(document: Document, today: date) -> Mapping[Matter, Snoozed]:
    """What is put off today, up to and including the last day of each.

    Of several decisions on one matter (after households have become one, each may bring its own) the last one counts:
    if it is taken back or over, the matter is shown."""
    last: dict[Matter, RecordEntry] = {}
    said = [item for item in document["records"] if item["record_type"] == DECISION]
    for record in sorted((item for item in said if item["body"]["kind"] == Kind.SNOOZE.value), key=_order):
        last[str(record["body"]["rule"]), str(record["body"]["point"])] = record
    found = {matter: _snoozed(record) for matter, record in last.items() if not record["body"]["withdrawn"]}
    return {matter: snooze for matter, snooze in found.items() if snooze is not None and today <= snooze.until}


def _order(record: RecordEntry) -> tuple[str, int, int, tuple[str, str, str]]:
    return record["recorded_at"], record["version"], record["revision"], identity(record)


def _snoozed(record: RecordEntry) -> Snoozed | None:
    until = parse_day(record["body"]["until"])
    return None if until is None else Snoozed(until, str(record["body"]["decided_by"]), str(record["body"]["why"]))
