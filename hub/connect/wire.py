"""What crosses the pipe between a connector's process and ingest: length-prefixed JSON, read back as typed values.

Layer: the vendor's side of `hub.connect`, used by both ends. Whoever reads validates everything: the other end may lie.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson
from pydantic import ValidationError

from hub.connect.api import Cursor, InventoryItem, RawRecord
from hub.errors import RejectReason
from hub.events.records import BODIES, Draft, RecordType
from hub.events.sensitive import Sensitive

_LENGTH: Final = struct.Struct(">I")
MAX_FRAME_BYTES: Final = 256 * 1024 * 1024
"""A batch of the largest records fits many times; beyond it the length itself is rubbish."""
Frame = dict[str, Any]


class Kind(StrEnum):
    """What a frame says. The first six go down to the connector, the others come back."""

    SETUP = "setup"
    POLL = "poll"
    CHECK = "check"
    INVENTORY = "inventory"
    REREAD = "reread"
    TRANSLATE = "translate"
    ITEMS = "items"
    READY = "ready"
    CHECKED = "checked"
    BATCH = "batch"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    CONFIG_INVALID = "config_invalid"
    DEFECT = "defect"


class WireError(Exception):
    """The other end does not keep to the protocol. Its message holds no value out of the frame."""


class Translated(NamedTuple):
    """One source record, read: its position and what it became."""

    position: str
    drafts: tuple[Draft, ...]


class Unreadable(NamedTuple):
    """One source record that translate refused, as it was read."""

    position: str
    reason: RejectReason
    field: str
    payload: bytes


class TranslatedBatch(NamedTuple):
    """One poll, translated. The cursor may be saved once every record is published or dead-lettered."""

    records: tuple[Translated | Unreadable, ...]
    cursor: Cursor
    more: bool = False
    requests: int = 1

    @property
    def drafts(self) -> list[Draft]:
        """What those that were read became, in their order."""
        return [draft for record in self.records if isinstance(record, Translated) for draft in record.drafts]

    @property
    def unreadable(self) -> list[Unreadable]:
        """Those that were not read."""
        return [record for record in self.records if isinstance(record, Unreadable)]


def pack(frame: Frame) -> bytes:
    """Bytes of one frame. `Sensitive` values go in clear: the pipe is the one road on which they travel."""
    body = orjson.dumps(frame, default=_plain)
    return _LENGTH.pack(len(body)) + body


def read_frame(read_exactly: Callable[[int], bytes | None]) -> Frame | None:
    """The next frame; None at the end of the stream. `read_exactly(n)` gives n bytes, or None at the end."""
    head = read_exactly(_LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME_BYTES:
        raise WireError("a frame is too long")
    body = read_exactly(length)
    if body is None:
        raise WireError("the stream ended inside a frame")
    try:
        frame = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise WireError("a frame is not JSON") from error
    if not isinstance(frame, dict):
        raise WireError("a frame is not an object")
    return frame


def batch_frame(batch: TranslatedBatch) -> Frame:
    """The frame of a translated batch."""
    return {
        "kind": Kind.BATCH,
        "records": [_record_frame(record) for record in batch.records],
        "cursor": batch.cursor.model_dump(),
        "more": batch.more,
        "requests": batch.requests,
    }


def read_batch(frame: Frame) -> TranslatedBatch:
    """Inverse of `batch_frame`. Raises WireError for what a connector may not say."""
    try:
        return TranslatedBatch(
            records=tuple(_read_record(record) for record in frame["records"]),
            cursor=Cursor.model_validate(frame["cursor"]),
            more=bool(frame["more"]),
            requests=max(0, int(frame["requests"])),
        )
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise WireError(f"a batch is malformed ({type(error).__name__})") from None  # values stay out of the log


def reread_request(items: Sequence[InventoryItem]) -> Frame:
    """Ask for records as the source holds them now."""
    return {"kind": Kind.REREAD, "items": [list(item) for item in items]}


def translate_request(records: Sequence[RawRecord]) -> Frame:
    """Ask to translate records that were read before."""
    raw = [[record.position, base64.b64encode(record.payload).decode()] for record in records]
    return {"kind": Kind.TRANSLATE, "records": raw}


def raw_records(frame: Frame) -> list[RawRecord]:
    """Inverse of `translate_request`."""
    return [
        RawRecord(position=position, payload=base64.b64decode(payload, validate=True))
        for position, payload in frame["records"]
    ]


def items_frame(items: Sequence[InventoryItem], *, more: bool) -> Frame:
    """The frame of one page of an inventory."""
    return {"kind": Kind.ITEMS, "items": [list(item) for item in items], "more": more}


def read_items(frame: Frame) -> list[InventoryItem]:
    """The items of a frame. Raises WireError for what a connector may not say."""
    try:
        return [_item(*item) for item in frame["items"]]
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"an inventory is malformed ({type(error).__name__})") from None


def _item(dossier_id: object, record_type: Any, record_id: object, version: object, deleted: object) -> InventoryItem:
    if not (isinstance(dossier_id, str) and isinstance(record_id, str) and isinstance(deleted, bool)):
        raise TypeError("an item")
    if isinstance(version, bool) or not isinstance(version, int):
        raise TypeError("a version")
    return InventoryItem(dossier_id, RecordType(record_type).value, record_id, version, deleted)


def _record_frame(record: Translated | Unreadable) -> Frame:
    if isinstance(record, Translated):
        return {"position": record.position, "drafts": [draft.model_dump() for draft in record.drafts]}
    return {
        "position": record.position,
        "reason": record.reason.value,
        "field": record.field,
        "payload": base64.b64encode(record.payload).decode(),
    }


def _read_record(frame: Frame) -> Translated | Unreadable:
    position = str(frame["position"])
    if "reason" not in frame:
        return Translated(position, tuple(_read_draft(draft) for draft in frame["drafts"]))
    reason = RejectReason(frame["reason"])
    return Unreadable(position, reason, str(frame["field"]), base64.b64decode(frame["payload"], validate=True))


def _read_draft(frame: Frame) -> Draft:
    record_type = RecordType(frame["record_type"])
    body = frame["body"]
    typed = None if body is None else BODIES[record_type].model_validate(body)
    return Draft.model_validate({**frame, "record_type": record_type, "body": typed})


def _plain(value: object) -> str:
    if isinstance(value, Sensitive):
        return value.get_secret_value()
    raise TypeError(f"no JSON for {type(value).__name__}")
