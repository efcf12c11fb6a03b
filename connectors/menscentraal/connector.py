"""The MensCentraal connector: which rows are new, and how far the cursor may go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple, Self

from pydantic import JsonValue

from connectors.menscentraal.config import MensCentraalConfig
from connectors.menscentraal.source import CurrentRow, MensCentraalSource, OutboxReader, OutboxRow
from connectors.menscentraal.translate import RECORD_TYPES, TABLES, translate
from hub.connect import Batch, Connector, ConnectorConfig, Cursor, InventoryItem, RawRecord, SourceRejected
from hub.connect.frontier import Frontier
from hub.events.records import Draft, RecordType


class MensCentraalConnector(Connector):
    """Reads MensCentraal's outbox. Cursor: how far the final rows were delivered, and which others were."""

    Config: ClassVar[type[ConnectorConfig]] = MensCentraalConfig
    version: ClassVar[str] = "1"

    def __init__(self, config: MensCentraalConfig) -> None:
        self._source = MensCentraalSource(config)
        self._page_size = config.page_size

    def check(self) -> None:
        """Read the horizon and one row."""
        with self._source.reader() as reader:
            reader.final((0, 0), reader.horizon(), [*Frontier().holes()], 1)

    def close(self) -> None:
        """Close the connections."""
        self._source.close()

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """The event of one row."""
        return translate(record.payload)

    def poll(self, cursor: Cursor | None) -> Batch:
        """Final rows first, then those whose lower neighbours may still come: they need not wait for them."""
        position = _Position.of(cursor)
        with self._source.reader() as reader:
            horizon = reader.horizon()
            if horizon < position.tx:
                raise SourceRejected(
                    "MensCentraal went back in time: restored from a backup? Reset this source.", "horizon"
                )
            final = reader.final((position.tx, position.seq), horizon, [*position.delivered.holes()], self._page_size)
            position = self._after_final(reader, position, final, horizon)
            ahead = self._ahead(reader, position, horizon, self._page_size - len(final))
        rows = [*final, *ahead]
        return Batch(
            records=tuple(map(_raw_record, rows)),
            cursor=position.and_delivered(ahead).cursor(),
            more=len(rows) == self._page_size,
        )

    def _after_final(self, reader: OutboxReader, position: _Position, rows: list[OutboxRow], horizon: int) -> _Position:
        if len(rows) == self._page_size:
            return position._replace(tx=rows[-1].tx, seq=rows[-1].seq)
        if horizon == position.tx:
            return position
        kept = position.delivered.forget_below(reader.first_open(horizon))
        return _Position(horizon, 0, kept)

    def _ahead(self, reader: OutboxReader, position: _Position, horizon: int, room: int) -> list[OutboxRow]:
        if room == 0 or position.delivered.is_full:
            return []
        return reader.open(horizon, [*position.delivered.holes()], room)

    def inventory(self) -> Iterator[InventoryItem]:
        """What MensCentraal holds now; tables that the hub does not know are left out."""
        after = ("", "")
        while True:
            with self._source.reader() as reader:
                rows = reader.stock(after, self._page_size)
            for row in rows:
                if (known := RECORD_TYPES.get(row.tabel)) is not None:
                    yield InventoryItem(row.dossier_nr, known.value, row.record_nr, row.rowversion, row.verwijderd)
            if len(rows) < self._page_size:
                return
            after = (rows[-1].tabel, rows[-1].record_nr)

    def reread(self, items: Sequence[InventoryItem]) -> Iterator[RawRecord]:
        """The rows of `stand` of these records, as the outbox would show them."""
        keys = [(TABLES[RecordType(item.record_type)], item.record_id) for item in items]
        with self._source.reader() as reader:
            rows = reader.current(keys)
        return map(_current_record, rows)


class _Position(NamedTuple):
    """All rows up to (tx, seq), by tx and then seq, were delivered and were final; `delivered` are seqs
    beyond it.

    A row is left out only because it was delivered: its seq is in `delivered`, or it lies at or before (tx,
    seq), which passes a row only when that row's transaction had ended and every visible row before it had
    been delivered. `delivered` may forget, never guess: what it forgets lies before (tx, seq).
    """

    tx: int = 0
    seq: int = 0
    delivered: Frontier = Frontier()

    @classmethod
    def of(cls, cursor: Cursor | None) -> Self:
        if cursor is None:
            return cls()
        tx, seq, delivered = (cursor.state.get(name) for name in ("tx", "seq", "delivered"))
        if cursor.version == 1 and isinstance(tx, int) and isinstance(seq, int) and isinstance(delivered, dict):
            try:
                return cls(tx, seq, Frontier.from_state(delivered))
            except ValueError:
                pass
        raise SourceRejected("The saved position was not written by this connector.")

    def cursor(self) -> Cursor:
        return Cursor(state={"tx": self.tx, "seq": self.seq, "delivered": self.delivered.to_state()})

    def and_delivered(self, rows: list[OutboxRow]) -> Self:
        return self._replace(delivered=self.delivered.resolve_all((row.seq, row.seq) for row in rows))


def _raw_record(row: OutboxRow) -> RawRecord:
    """The row as one JSON object, its payload as the JSON that it holds; as text where it is none."""
    columns: dict[str, JsonValue] = row._asdict()
    try:
        text = json.dumps({**columns, "payload": _parsed(row.payload)}, separators=(",", ":"))
    except RecursionError:
        text = json.dumps(columns, separators=(",", ":"))
    return RawRecord(position=str(row.seq), payload=text.encode())


def _current_record(row: CurrentRow) -> RawRecord:
    columns: dict[str, JsonValue] = {
        "tabel": row.tabel,
        "bewerking": "D" if row.verwijderd else "U",
        "dossier_nr": row.dossier_nr,
        "record_nr": row.record_nr,
        "rowversion": row.rowversion,
        "gewijzigd": row.gewijzigd,
        "payload": _parsed(row.payload),
    }
    return RawRecord(position=f"{row.tabel}/{row.record_nr}", payload=json.dumps(columns).encode())


def _parsed(payload: str | None) -> JsonValue:
    if payload is None:
        return None
    try:
        parsed: JsonValue = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    return parsed
