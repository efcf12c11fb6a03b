"""What has changed in a household since a moment: which blocks of its page hold something newer."""

from __future__ import annotations

from typing import Final

from hub.desk.blocks.openings import OPENING_KINDS
from hub.events.decisions import DECISION, Kind
from hub.events.records import RecordType
from hub.household.document_shape import Document, RecordEntry

_BLOCKS: Final = {
    RecordType.INVOLVEMENT.value: "involved",
    RecordType.CASE_DIRECTION.value: "directing",
    RecordType.GOAL.value: "goals",
    RecordType.ASSESSMENT.value: "scores",
    RecordType.SUPPORT_REQUEST.value: "requests",
    RecordType.CONTACT.value: "timeline",
    RecordType.SIGNAL.value: "attention",
}
"""In which block a record of a type stands."""


def changed_blocks(document: Document, since: str) -> frozenset[str]:
    """Names of the blocks that hold what the hub first published after a moment (ISO, UTC)."""
    found = {_block(item) for item in document["records"] if item["first_published_at"] > since}
    if any(item["first_published_at"] > since for item in document["dossiers"]):
        found |= {"dossiers", "members"}
    if any(item["decided_at"] > since and item["lines"] for item in document["decisions"]):
        found |= {"why", "members"}
    return frozenset(found)


def _block(record: RecordEntry) -> str:
    if record["record_type"] == DECISION:
        return _block_of_decision(record["body"]["kind"])
    return _BLOCKS.get(record["record_type"], "timeline")


def _block_of_decision(kind: object) -> str:
    """Who broke the glass is news to everybody else who works with the family: its block, not the one of snoozes."""
    if kind in OPENING_KINDS:
        return "openings"
    return "directing" if kind == Kind.DIRECTION.value else "attention"
