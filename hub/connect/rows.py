"""The rows of a file of lines, each with where the next one begins: JSON lines as they are, CSV as JSON objects.

Layer: the vendor's side of `hub.connect`. Pure but for the file that is passed in.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

MOST_LINE_BYTES: Final = 256 * 1024
"""What the hub takes of one record; of a longer line the beginning is given, so that it is set aside as too large."""
_CSV: Final = b".csv"
_BOM: Final = b"\xef\xbb\xbf"


class Row(NamedTuple):
    """One row. `line`: the number of its first line, from 1. `end`: byte and line at which the next one begins."""

    line: int
    payload: bytes
    end: tuple[int, int]


def rows(file: BinaryIO, name: bytes, start: tuple[int, int], delimiter: str) -> Iterator[Row]:
    """The rows from a place on (0, 1: the beginning). Of a CSV file the first row names the columns."""
    return _csv_rows(file, start, delimiter) if name.lower().endswith(_CSV) else _json_rows(file, start)


class _Lines:
    """The lines of a file, counted."""

    def __init__(self, file: BinaryIO, start: tuple[int, int]) -> None:
        self._file = file
        self.at, self.line = start
        file.seek(self.at)
        self.taken: list[bytes] = []
        """Since somebody emptied it."""

    def __iter__(self) -> Iterator[bytes]:
        while line := self._file.readline(MOST_LINE_BYTES + 1):
            rest = line
            while len(rest) > MOST_LINE_BYTES and not rest.endswith(b"\n"):
                rest = self._file.readline(MOST_LINE_BYTES + 1)
            is_first, self.at, self.line = self.at == 0, self._file.tell(), self.line + 1
            line = line.removeprefix(_BOM) if is_first else line
            self.taken.append(line)
            yield line

    @property
    def end(self) -> tuple[int, int]:
        return self.at, self.line


def _json_rows(file: BinaryIO, start: tuple[int, int]) -> Iterator[Row]:
    lines = _Lines(file, start)
    for text in lines:
        lines.taken.clear()
        if text.strip():
            yield Row(lines.line - 1, text.rstrip(b"\r\n"), lines.end)


def _csv_rows(file: BinaryIO, start: tuple[int, int], delimiter: str) -> Iterator[Row]:
    head = _Lines(file, (0, 1))
    columns = _columns(head, delimiter)
    lines = _Lines(file, max(start, head.end))
    while True:
        first, before = lines.line, lines.end
        lines.taken.clear()
        try:
            values = next(_reader(lines, delimiter), None)
        except csv.Error:
            values = []
        if values is None:
            return
        if len(values) != len(columns) and len(lines.taken) > 1:
            lines = _Lines(file, before)  # a quote that nobody closed took the lines after it along
            next(iter(lines))
        raw = b"".join(lines.taken)
        if raw.strip():
            yield Row(first, _as_object(columns, values, raw), lines.end)


def _columns(head: _Lines, delimiter: str) -> list[str]:
    """None, so that no row can be read, if two have one name or the row cannot be read."""
    try:
        found = next(_reader(head, delimiter), [])
    except csv.Error:
        return []
    return found if len(set(found)) == len(found) else []


def _reader(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    """One for each row: it takes as many lines as its row has, and after an error the next begins anew."""
    return csv.reader((line.decode(errors="surrogateescape") for line in lines), delimiter=delimiter, strict=True)


def _as_object(columns: list[str], values: list[str], raw: bytes) -> bytes:
    """A row that has not a value for each column comes as it stands in the file: it is no JSON, and is set aside."""
    if len(values) != len(columns):
        return raw.rstrip(b"\r\n")[: MOST_LINE_BYTES + 1]
    return json.dumps(dict(zip(columns, values, strict=True)), separators=(",", ":")).encode()
