"""Sources that push the template's records to the hub as CloudEvents: all that a vendor writes for one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field, JsonValue

from hub.connect import ConnectorConfig, RawRecord, RejectReason, SourceUnavailable, TranslationError
from hub.connect.push import PushConfig, PushConnector, Stock
from hub.connect.simulated_push import PushSimulator
from hub.connect.simulator import Change
from hub.connect.template.regiehub_acme.translate import translate
from hub.events.records import Draft


class PushedConnector(PushConnector):
    """Declares and translates."""

    Config: ClassVar[type[ConnectorConfig]] = PushConfig
    version: ClassVar[str] = "1"

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """The event's `data` is a record of the template's source."""
        return translate(_data(record.payload))


def _data(payload: bytes) -> bytes:
    try:
        return json.dumps(json.loads(payload)["data"]).encode()
    except (ValueError, TypeError, LookupError, RecursionError):
        raise TranslationError(RejectReason.MALFORMED, "data") from None


class PushedSimulator(PushSimulator):
    """The source."""

    def translated(self, text: str) -> Sequence[Draft]:
        """By the connector's own translate."""
        return translate(text.encode("utf-8", "surrogatepass"))


class StockedConfig(PushConfig):
    """Where the source also tells what it holds."""

    stock_file: Path = Field(description="What the source holds, a JSON array.")


class StockedConnector(PushedConnector):
    """A source that pushes, and can be asked what it holds: two records a page."""

    Config: ClassVar[type[ConnectorConfig]] = StockedConfig
    tells_every_change: ClassVar[bool] = False

    def __init__(self, config: StockedConfig) -> None:
        super().__init__(config)
        self._file = config.stock_file

    def stock(self, place: JsonValue) -> Stock:
        """Two of them, from a number on."""
        try:
            held = json.loads(self._file.read_text())
        except OSError as error:
            raise SourceUnavailable from error
        start = place if isinstance(place, int) else 0
        page = held[start : start + 2]
        records = tuple(RawRecord(position=f"stock {item['id']}", payload=_event(item)) for item in page)
        return Stock(records, start + 2 if len(held) > start + 2 else None)


def _event(record: object) -> bytes:
    return json.dumps({"data": record}).encode()


class StockedSimulator(PushedSimulator):
    """Writes what it holds to a file."""

    def settings(self) -> dict[str, str]:
        """With the file."""
        return {**super().settings(), "stock_file": str(self._stock)}

    def unreachable(self) -> dict[str, str]:
        """Nor is the file there."""
        return {**super().unreachable(), "stock_file": "/nowhere"}

    @property
    def _stock(self) -> Path:
        return self._folder / "stock.json"

    def start(self) -> None:
        """It holds nothing."""
        self._write()
        super().start()

    def apply_many(self, changes: Iterable[Change | str]) -> list[int]:
        """Written before it is sent."""
        positions = super().apply_many(changes)
        self._write()
        return positions

    def _write(self) -> None:
        self._stock.write_text(json.dumps(self.final_records()))
