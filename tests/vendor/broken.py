"""Connectors with one defect each, named after the check that must find it, and no other may."""

from __future__ import annotations

import json
import logging
import sys
import threading
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta, timezone
from itertools import count
from typing import Any, ClassVar

from pydantic import Field

from hub.connect import (
    Batch,
    ConnectorConfig,
    Cursor,
    InventoryItem,
    RawRecord,
    SourceUnavailable,
    TranslationError,
)
from hub.connect.template.regiehub_acme.config import AcmeConfig
from hub.connect.template.regiehub_acme.connector import AcmeConnector
from hub.connect.template.regiehub_acme.simulator import AcmeSimulator
from hub.errors import SourceRejected
from hub.events.records import Draft, Goal, Involvement, RecordType

_log = logging.getLogger(__name__)


class ClearConfig(AcmeConfig):
    """A password that everybody sees."""

    proxy_password: str = Field(default="", description="Password of the proxy.")


class C01(AcmeConnector):
    """Shows a secret among its settings."""

    Config: ClassVar[type[ConnectorConfig]] = ClearConfig


class C03(AcmeConnector):
    """Takes bad credentials for a source that is away: the hub would try for ever."""

    def check(self) -> None:
        try:
            super().check()
        except SourceRejected as error:
            raise SourceUnavailable from error


class C04(AcmeConnector):
    """Builds an event past its validation."""

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        unknown: dict[str, Any] = {"kind": "by post", "name": "A. Jansen"}
        body = Involvement.model_construct(**unknown)
        return [
            draft.model_copy(update={"body": body}) if isinstance(draft.body, Involvement) else draft
            for draft in super().translate(record)
        ]


class C05(AcmeConnector):
    """Makes up when a record was changed."""

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        later = timedelta(microseconds=uuid.uuid4().int % 1_000_000)
        return [
            draft.model_copy(update={"recorded_at": draft.recorded_at + later}) for draft in super().translate(record)
        ]


class C06(AcmeConnector):
    """Remembers how many goals it has seen."""

    def __init__(self, config: AcmeConfig) -> None:
        super().__init__(config)
        self._seen = count(1)

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        return [self._numbered(draft) for draft in super().translate(record)]

    def _numbered(self, draft: Draft) -> Draft:
        if not isinstance(draft.body, Goal):
            return draft
        wording = f"{next(self._seen)}. {draft.body.wording}"
        return draft.model_copy(update={"body": draft.body.model_copy(update={"wording": wording})})


class Disorderly(AcmeSimulator):
    """An Acme in which a lower number may show after a higher one: the cursor of AcmeConnector loses it."""

    orderly: ClassVar[bool] = False


C07 = AcmeConnector


class C08(AcmeConnector):
    """Keeps a page of everything in its cursor."""

    def poll(self, cursor: Cursor | None) -> Batch:
        batch = super().poll(cursor)
        grown = batch.cursor.model_copy(update={"state": {**batch.cursor.state, "notes": "x" * 70_000}})
        return batch.model_copy(update={"cursor": grown})


class C09(AcmeConnector):
    """Reads a field that may not be there."""

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        drafts = super().translate(record)
        return drafts if json.loads(record.payload)["data"] or drafts[0].deleted else ()


class C10(AcmeConnector):
    """Takes a source that is down for one that has nothing new."""

    def poll(self, cursor: Cursor | None) -> Batch:
        try:
            return super().poll(cursor)
        except SourceUnavailable:
            return Batch(cursor=cursor or Cursor(state={"after": 0}))


class C11(AcmeConnector):
    """Waits for a source that hangs for as long as it hangs."""

    def poll(self, cursor: Cursor | None) -> Batch:
        while True:
            try:
                return super().poll(cursor)
            except SourceUnavailable as error:
                if error.detail != "ReadTimeout":
                    raise


class C11Thread(AcmeConnector):
    """Leaves a thread behind that keeps its process alive. Only in a process of the hub's, not in that of the tests."""

    def close(self) -> None:
        super().close()
        if "pytest" not in sys.modules:
            threading.Thread(target=threading.Event().wait, args=(60,)).start()


class C12(AcmeConnector):
    """Logs what it reads."""

    def poll(self, cursor: Cursor | None) -> Batch:
        batch = super().poll(cursor)
        for record in batch.records:
            _log.debug("read %s", record.payload.decode(errors="replace"))
        return batch


class C12Error(AcmeConnector):
    """Quotes a value in its refusal."""

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        try:
            return super().translate(record)
        except TranslationError as error:
            raise TranslationError(error.reason, record.payload[:2000].decode(errors="replace")) from None


class C13(AcmeConnector):
    """Gives times as the source writes them."""

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        zone = timezone(timedelta(hours=1))
        return [
            draft.model_copy(update={"recorded_at": draft.recorded_at.astimezone(zone)})
            for draft in super().translate(record)
        ]


class C14(AcmeConnector):
    """Gives the newest of a page first."""

    def poll(self, cursor: Cursor | None) -> Batch:
        batch = super().poll(cursor)
        return batch.model_copy(update={"records": batch.records[::-1]})


class C15(AcmeConnector):
    """Says nothing of deletions, in feed and inventory alike."""

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        return [draft for draft in super().translate(record) if not draft.deleted]

    def inventory(self) -> Iterator[InventoryItem]:
        for item in super().inventory():
            yield item._replace(deleted=False, version=item.version - 1) if item.deleted else item


class C15Messages(AcmeConnector):
    """Says that its records are messages, and tells of a correction under the id of what is corrected."""

    records_change: ClassVar[bool] = False


class C17Moves(AcmeConnector):
    """Says that no record moves, and moves one."""

    records_move: ClassVar[bool] = False


class C16(AcmeConnector):
    """Leaves a kind out of its inventory."""

    def inventory(self) -> Iterator[InventoryItem]:
        return (item for item in super().inventory() if item.record_type != RecordType.GOAL)


class C17(AcmeConnector):
    """Gives a deletion a version beyond the one with which the record comes back."""

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        return [
            draft.model_copy(update={"version": draft.version * 2}) if draft.deleted else draft
            for draft in super().translate(record)
        ]

    def inventory(self) -> Iterator[InventoryItem]:
        for item in super().inventory():
            yield item._replace(version=item.version * 2) if item.deleted else item
