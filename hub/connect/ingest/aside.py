"""Records that could not be read are set aside, sealed, once per position: by a poll, a repair and a backfill alike."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from hub.connect.ingest.events import dead_letter
from hub.connect.ingest.index import Index
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.keys import KeyRing
from hub.connect.ingest.publisher import Message
from hub.connect.wire import TranslatedBatch, Unreadable


class Aside(NamedTuple):
    """What of a batch is set aside now, and the dead letter of each. The index knows it only when it is committed."""

    records: list[Unreadable]
    letters: list[Message]

    @property
    def positions(self) -> list[str]:
        """Where they stood."""
        return [record.position for record in self.records]


def set_aside(
    batch: TranslatedBatch, index: Index, ring: KeyRing, identity: Identity, now: datetime, *, source_epoch: int
) -> Aside:
    """What was not set aside before; of more at one position the last."""
    unreadable = {record.position: record for record in batch.unreadable}
    fresh = index.new_positions(list(unreadable))
    records = [record for position, record in unreadable.items() if position in fresh]
    return Aside(records, [dead_letter(item, ring, identity, now, source_epoch=source_epoch) for item in records])
