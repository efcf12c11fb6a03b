"""All that the rules allow and no sane source does: what it reads is in the fixtures, how it polls is here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Final

from pydantic import Field, JsonValue

from hub.connect import (
    Batch,
    Connector,
    ConnectorConfig,
    Cursor,
    InventoryItem,
    RawRecord,
    RejectReason,
    SourceRejected,
    SourceUnavailable,
    TranslationError,
)
from hub.connect.fields import models, read_object
from hub.events.records import BODIES, Draft, RecordType

BALLAST: Final = "\u202e\\\"'<&>\u00e9\U0001f468\u200d\U0001f469\u200d\U0001f467" * 700
"""Fills the cursor to a good part of what is allowed."""
_BATCH: Final = 5
_TYPES: Final = {kind.value: kind for kind in RecordType}


class HostileConfig(ConnectorConfig):
    """Where its file lies."""

    instance: str = Field(
        default="hostile", pattern=r"^[a-z][a-z0-9_-]{0,62}$", description="Name of this source in the hub."
    )
    file: Path = Field(description="The feed: one JSON array a line, position and text.")


class HostileConnector(Connector):
    """Gives few records a batch, and an empty batch before each that says there is more; its cursor is a burden."""

    Config: ClassVar[type[ConnectorConfig]] = HostileConfig
    version: ClassVar[str] = "\U0001f480 0.0.0-rc1+\u202e"

    def __init__(self, config: HostileConfig) -> None:
        self._file = config.file

    def check(self) -> None:
        """Look at the file."""
        self._lines()

    def close(self) -> None:
        """Nothing is open."""

    def poll(self, cursor: Cursor | None) -> Batch:
        """By turns nothing, with `more`, and some records."""
        after, pending = _position(cursor)
        new = [(number, text) for number, text in self._lines() if number > after]
        if not new:
            return Batch(cursor=_cursor(after, pending=False))
        if not pending:
            return Batch(cursor=_cursor(after, pending=True), more=True)
        taken = new[:_BATCH]
        cursor = _cursor(taken[-1][0], pending=False)
        return Batch(records=tuple(_record(*line) for line in taken), cursor=cursor, more=len(new) > _BATCH)

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """A record is a draft as JSON, one or a list of them."""
        return translate(record.payload)

    def inventory(self) -> Iterator[InventoryItem]:
        """The newest of each, backwards."""
        newest: dict[tuple[str, str], Draft] = {}
        for _, text in self._lines():
            newest |= {(draft.record_type, draft.record_id): draft for draft in _readable(text)}
        for draft in reversed(newest.values()):
            yield InventoryItem(
                draft.dossier_id, draft.record_type.value, draft.record_id, draft.version, draft.deleted
            )

    def _lines(self) -> list[tuple[int, str]]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise SourceUnavailable(detail=type(error).__name__) from error
        try:
            return sorted((number, text) for number, text in map(json.loads, lines))
        except (ValueError, TypeError) as error:
            raise SourceRejected("The file is no feed.", type(error).__name__) from error


def translate(payload: bytes) -> list[Draft]:
    """The drafts in one record. Raises TranslationError, and nothing else."""
    record = read_object(payload)
    kind = record.code("type", _TYPES, unknown=RejectReason.UNKNOWN_TYPE)
    with models():
        body = record.child("body") if record.has("body") else None
        content = None if body is None else {name: json.loads(payload)["body"][name] for name in body.names()}
        draft = {
            "record_type": kind,
            "dossier_id": record.text("dossier"),
            "record_id": record.text("record"),
            "version": record.integer("version"),
            "recorded_at": record.moment("at"),
            "body": None if content is None else BODIES[kind].model_validate_json(json.dumps(content)),
        }
        return [Draft.model_validate(draft)]


def _record(number: int, text: str) -> RawRecord:
    return RawRecord(position=f"\u202e{number}/'; --", payload=text.encode("utf-8", "surrogatepass"))


def _readable(text: str) -> list[Draft]:
    try:
        return translate(text.encode("utf-8", "surrogatepass"))
    except TranslationError:
        return []


def _position(cursor: Cursor | None) -> tuple[int, bool]:
    state: dict[str, JsonValue] = {"after": 0, "pending": False} if cursor is None else cursor.state
    after, pending = state.get("after"), state.get("pending")
    if not isinstance(after, int) or not isinstance(pending, bool):
        raise SourceRejected("The saved position was not written by this connector.")
    return after, pending


def _cursor(after: int, *, pending: bool) -> Cursor:
    return Cursor(state={"after": after, "pending": pending, "ballast": BALLAST})
