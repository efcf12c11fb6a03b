"""The published event of a draft, as the hub would make it, with keys that are thrown away."""

from __future__ import annotations

import io
import secrets
import warnings
from datetime import UTC
from typing import Final

from hub.connect.api import Cursor
from hub.connect.conformance.bench import INSTANCE
from hub.connect.ingest.keyed import Identity, keyed, stamp
from hub.connect.ingest.keys import LINKING_BYTES, SEALING_BYTES, KeyRing
from hub.connect.wire import Translated, TranslatedBatch, WireError, batch_frame, pack, read_batch, read_frame
from hub.events.codec import UnencodableError, encode
from hub.events.ids import Order, RecordRef, event_id
from hub.events.moments import micros
from hub.events.records import Draft

_RING: Final = KeyRing(secrets.token_bytes(LINKING_BYTES), secrets.token_bytes(SEALING_BYTES))
_IDENTITY: Final = Identity(INSTANCE, "0599", INSTANCE)


class Unfit(Exception):
    """A draft has no valid event. The message holds no value."""


def order_of(draft: Draft) -> Order:
    """Place of a draft in the order of its record, as far as the connector decides it."""
    return Order(0, draft.version, micros(draft.recorded_at.astimezone(UTC)), 0)


def id_of(draft: Draft) -> str:
    """Event id of the first publication of a draft."""
    return event_id(RecordRef(INSTANCE, draft.dossier_id, draft.record_type, draft.record_id), order_of(draft))


def encoded(draft: Draft) -> bytes:
    """The message. Raises Unfit."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydantic's, about what was built past its validation
            _through_the_pipe(draft)
            value = stamp(keyed(draft, _RING, _IDENTITY), order_of(draft), 0)
        return encode(draft.record_type.subject, value)
    except (UnencodableError, WireError, AttributeError, TypeError, ValueError, OverflowError) as error:
        raise Unfit(type(error).__name__) from error


def _through_the_pipe(draft: Draft) -> None:
    """As it goes from the connector's process to ingest, where it is validated. Raises WireError."""
    data = io.BytesIO(pack(batch_frame(TranslatedBatch((Translated("0", (draft,)),), Cursor()))))
    frame = read_frame(data.read)
    assert frame is not None
    read_batch(frame)
