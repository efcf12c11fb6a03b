"""The process in which a vendor's code runs: `python -m hub.connect.host`, started by ingest, ended with its stdin.

Layer: the vendor's side of `hub.connect`; it never sees the municipality's secret. It polls and translates on
request and answers on what was its stdout; whatever the connector prints goes to stderr.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from pydantic import ValidationError

from hub.connect.api import Connector, ConnectorConfig, Cursor, InventoryItem, RawRecord
from hub.connect.confine import confine, die_with_parent
from hub.connect.discovery import load
from hub.connect.push import PushConnector
from hub.connect.wire import (
    Frame,
    Kind,
    Translated,
    TranslatedBatch,
    Unreadable,
    batch_frame,
    items_frame,
    pack,
    raw_records,
    read_frame,
    read_items,
)
from hub.errors import ConfigError, RejectReason, SourceRejected, SourceUnavailable, TranslationError

MAX_RECORD_BYTES: Final = 256 * 1024
"""Larger and a record is refused: a household gathers the compositions of all its dossiers in one message, and one
record that the log does not take would stop all that come after it. A large real dossier has some 20 KiB."""


INVENTORY_ITEMS: Final = 500
"""Items in one answer: the reader may pause between two, so that a reconciliation does not press on the source."""


class _Pipe:
    """Both directions of the conversation with ingest."""

    def __init__(self, requests: BinaryIO, replies: BinaryIO) -> None:
        self._requests = requests
        self._replies = replies

    def receive(self) -> Frame | None:
        """The next request; None when ingest closed its end."""
        return read_frame(self._read_exactly)

    def send(self, frame: Frame) -> None:
        """Answer. Blocks until the pipe has taken it."""
        self._replies.write(pack(frame))
        self._replies.flush()

    def _read_exactly(self, count: int) -> bytes | None:
        data = self._requests.read(count)
        return data if len(data) == count else None


def main() -> int:
    """Serve one connector until stdin ends. Exit code 1 after a defect, which was answered first."""
    pipe = _take_over_stdio()
    setup = pipe.receive()
    if setup is None:
        return 0
    die_with_parent(int(setup["parent"]))
    unconfined = confine([Path(path) for path in setup["denied"]])
    try:
        return _serve(pipe, setup, unconfined)
    except BrokenPipeError:  # ingest ended
        return 0
    except Exception as error:  # noqa: BLE001 - the top of this process: say what broke, without values, and end
        pipe.send({"kind": Kind.DEFECT, "error": type(error).__name__, "where": _where(error)})
        return 1


def _serve(pipe: _Pipe, setup: Frame, unconfined: str | None) -> int:
    try:
        kind, settings = configured(setup["connector"], setup["config"])
        connector = kind(settings)
    except ConfigError as error:
        pipe.send({"kind": Kind.CONFIG_INVALID, "message": error.user_message})
        return 0
    ready = {
        "kind": Kind.READY,
        "version": connector.version,
        "inventory_is_complete": connector.inventory_is_complete,
        "receives": isinstance(connector, PushConnector),
        "requests_per_second": settings.requests_per_second,
        "unconfined": unconfined,
    }
    pipe.send(ready)
    try:
        answers = _Answers(connector)
        while (request := pipe.receive()) is not None:
            pipe.send(answers.to(request))
    finally:
        connector.close()
    return 0


def build(reference: str, config: Frame) -> Connector:
    """A connector with its settings. Raises ConfigError that names the wrong settings, never their values."""
    kind, settings = configured(reference, config)
    return kind(settings)


def configured(reference: str, config: Frame) -> tuple[type[Connector], ConnectorConfig]:
    """A connector and its settings, checked. Raises as `build`."""
    kind = load(reference)
    try:
        return kind, kind.Config.model_validate(config)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['type']}" for item in error.errors())
        raise ConfigError(f"connector {reference}", problem=f"has wrong settings: {wrong}") from None


class _Answers:
    """What the connector says to each request."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._inventory: Iterator[InventoryItem] = iter(())

    def to(self, request: Frame) -> Frame:
        """One answer, a refusal of the source included."""
        try:
            return self._answer(request)
        except SourceUnavailable as error:
            return _refusal(Kind.UNAVAILABLE, error) | {"retry_after_seconds": error.retry_after_seconds}
        except SourceRejected as error:
            return _refusal(Kind.REJECTED, error)

    def _answer(self, request: Frame) -> Frame:
        match request["kind"]:
            case Kind.CHECK:
                self._connector.check()
                return {"kind": Kind.CHECKED}
            case Kind.INVENTORY:
                return self._page(request)
            case Kind.REREAD:
                return self._batch(self._connector.reread(read_items(request)))
            case Kind.TRANSLATE:
                return self._batch(iter(raw_records(request)))
            case _:
                return self._poll(request)

    def _poll(self, request: Frame) -> Frame:
        cursor = None if request["cursor"] is None else Cursor.model_validate(request["cursor"])
        batch = self._connector.poll(cursor)
        records = tuple(_translate(self._connector, record) for record in batch.records)
        return batch_frame(TranslatedBatch(records, batch.cursor, batch.more, batch.requests))

    def _batch(self, records: Iterator[RawRecord]) -> Frame:
        return batch_frame(TranslatedBatch(tuple(_translate(self._connector, record) for record in records), Cursor()))

    def _page(self, request: Frame) -> Frame:
        if request["first"]:
            self._inventory = self._connector.inventory()
        items = list(islice(self._inventory, INVENTORY_ITEMS))
        return items_frame(items, more=len(items) == INVENTORY_ITEMS)


def _refusal(kind: Kind, error: SourceUnavailable | SourceRejected) -> Frame:
    return {"kind": kind, "message": error.user_message, "detail": error.detail}


def _translate(connector: Connector, record: RawRecord) -> Translated | Unreadable:
    if len(record.payload) > MAX_RECORD_BYTES:
        return Unreadable(record.position, RejectReason.TOO_LARGE, "", record.payload)
    try:
        return Translated(record.position, tuple(connector.translate(record)))
    except TranslationError as error:
        return Unreadable(record.position, error.reason, error.field, record.payload)


def _where(error: BaseException) -> str:
    """File and line of the defect. Not its message: that may hold a family's data."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _take_over_stdio() -> _Pipe:
    """Keep the pipes for ourselves: stdin becomes empty and stdout becomes stderr for the connector's code."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return _Pipe(requests, replies)


if __name__ == "__main__":
    sys.exit(main())
