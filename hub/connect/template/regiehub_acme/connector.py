"""The Acme connector: what of the feed to read, and how far the cursor may go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import ClassVar

from hub.connect import Batch, Connector, ConnectorConfig, Cursor, InventoryItem, RawRecord, SourceRejected
from hub.events.records import Draft

from .config import AcmeConfig
from .source import AcmeSource
from .translate import RECORD_TYPES, translate


class AcmeConnector(Connector):
    """Reads Acme's change feed. Cursor: the number of the last change delivered.

    Acme shows a change only when all with lower numbers are there. If yours doesn't: `hub.connect.frontier`.
    """

    Config: ClassVar[type[ConnectorConfig]] = AcmeConfig
    version: ClassVar[str] = "0.1.0"

    def __init__(self, config: AcmeConfig) -> None:
        self._source = AcmeSource(config)

    def check(self) -> None:
        """Ask for one page."""
        self._source.changes(0)

    def close(self) -> None:
        """Let go of the connection."""
        self._source.close()

    def poll(self, cursor: Cursor | None) -> Batch:
        """One page of changes after the cursor."""
        page = self._source.changes(_after(cursor))
        changes, last, more = page.get("changes"), page.get("last"), page.get("more")
        if not (isinstance(changes, list) and isinstance(last, int) and isinstance(more, bool)):
            raise SourceRejected("Acme does not keep to the agreed format.", "changes")
        return Batch(records=tuple(map(_record, changes)), cursor=Cursor(state={"after": last}), more=more)

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """The events of one record."""
        return translate(record.payload)

    def inventory(self) -> Iterator[InventoryItem]:
        """What Acme holds now."""
        records = self._source.stock().get("records")
        if not isinstance(records, list):
            raise SourceRejected("Acme does not keep to the agreed format.", "stock")
        for item in records:
            kind = RECORD_TYPES[item["kind"]]
            yield InventoryItem(item["file"], kind.value, item["id"], item["version"], item["removed"])


def _after(cursor: Cursor | None) -> int:
    after = 0 if cursor is None else cursor.state.get("after")
    if not isinstance(after, int) or (cursor is not None and cursor.version != 1):
        raise SourceRejected("The saved position was not written by this connector.")
    return after


def _record(change: object) -> RawRecord:
    if not isinstance(change, dict) or not isinstance(change.get("number"), int):
        raise SourceRejected("Acme does not keep to the agreed format.", "number")
    record = change.get("record")
    text = record if isinstance(record, str) else json.dumps(record, separators=(",", ":"))
    return RawRecord(position=str(change["number"]), payload=text.encode("utf-8", "surrogatepass"))
