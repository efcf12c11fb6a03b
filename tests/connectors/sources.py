"""Changes in the two sources' own formats, and one way to read either connector, for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from hub.connect import Connector, Cursor, RawRecord

FIXTURES = Path(__file__).parents[2] / "connectors"


def zcd_contact(record: str, version: int = 1, *, dossier: str = "Z-000001") -> dict[str, object]:
    """The smallest readable change of ZCD."""
    return {
        "soort": "contact",
        "actie": "vastgelegd",
        "dossiernummer": dossier,
        "id": record,
        "versie": version,
        "gewijzigdOp": "2026-01-05T10:00:00+01:00",
        "gegevens": {"soort": "gesprek", "op": "2026-01-05"},
    }


def zcd_removal(record: str, version: int) -> dict[str, object]:
    """The same record, deleted."""
    return {**zcd_contact(record, version), "actie": "verwijderd", "gegevens": None}


def mens_contact(record: str, version: int = 1, *, dossier: str = "MC-10023") -> dict[str, object]:
    """The smallest readable row of MensCentraal."""
    return {
        "tabel": "contactmoment",
        "bewerking": "I",
        "dossier_nr": dossier,
        "record_nr": record,
        "rowversion": version,
        "gewijzigd": "2026-01-05T09:00:00Z",
        "payload": {"type": "GS", "datum": "2026-01-05"},
    }


def mens_removal(record: str, version: int) -> dict[str, object]:
    """The same record, deleted."""
    return {**mens_contact(record, version), "bewerking": "D", "payload": None}


class Read(NamedTuple):
    """What polling gave until there was no more."""

    records: list[RawRecord]
    cursor: Cursor | None

    @property
    def positions(self) -> list[int]:
        """Positions in the order of delivery."""
        return [int(record.position) for record in self.records]


def read_all(connector: Connector, cursor: Cursor | None = None, *, polls: int = 200) -> Read:
    """Poll until the source says that there is no more."""
    records: list[RawRecord] = []
    for _ in range(polls):
        batch = connector.poll(cursor)
        records += batch.records
        cursor = Cursor.model_validate_json(batch.cursor.model_dump_json())
        if not batch.more:
            return Read(records, cursor)
    raise AssertionError(f"still more after {polls} polls")


def hostile(folder: str) -> list[tuple[bytes, str]]:
    """Unreadable lines of a connector's fixtures, each with its reason and field."""
    fixtures = FIXTURES / folder / "fixtures"
    lines = (fixtures / "hostile.jsonl").read_bytes().splitlines()
    return list(zip(lines, (fixtures / "hostile.expected").read_text().splitlines(), strict=True))


def valid(folder: str) -> list[bytes]:
    """Readable lines of a connector's fixtures."""
    return (FIXTURES / folder / "fixtures" / "valid.jsonl").read_bytes().splitlines()


def mutations(line: bytes) -> list[Callable[[object], bytes]]:
    """One function per place in the line: the line with that place replaced."""
    places: list[Sequence[str | int]] = []
    _walk(json.loads(line), (), places)
    return [partial(_replaced, line, place) for place in places]


def _walk(value: object, place: tuple[str | int, ...], places: list[Sequence[str | int]]) -> None:
    if place:
        places.append(place)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        _walk(item, (*place, key), places)


def _replaced(line: bytes, place: Sequence[str | int], value: object) -> bytes:
    data = json.loads(line)
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return json.dumps(data).encode()
