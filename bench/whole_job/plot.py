"""The whole job as a picture: a bar per contestant. Written by hand: one plot is not worth a library."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from bench.whole_job.benchmark import INPUT

_ROW: Final = 46
_LEFT: Final = 160
_BAR: Final = 420
_WIDTH: Final = _LEFT + _BAR + 190
_TOP: Final = 56
_BARS: Final = (("events_per_cpu_second", "per CPU-second", "#2b5f8f"), ("events_per_second", "per second", "#b9cfe2"))


def svg(results: Mapping[str, Any]) -> str:
    """Events per CPU-second and per second of each contestant that ran, to one scale."""
    rows = {name: row for name, row in results.items() if name != INPUT and "not_run" not in row}
    top = max((row[field] for row in rows.values() for field, _, _ in _BARS), default=1)
    height = _TOP + _ROW * len(rows) + 10
    title = f"The whole job: events a second ({results[INPUT]['events']:,} events)"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        _text(10, 24, title, size=16),
        _text(10, 44, "dark: per CPU-second; light: per second of wall time", size=12),
    ]
    for number, (name, row) in enumerate(rows.items()):
        at = _TOP + number * _ROW
        note = " (UNEQUAL)" if row["households_unequal"] else ""
        lines.append(_text(10, at + 16, name + note, size=13))
        lines.append(_text(10, at + 31, f"recoverable: {row['guarantees']['recoverable'][:3].strip(':;')}", size=11))
        for place, (field, unit, colour) in enumerate(_BARS):
            width, y = max(1, round(_BAR * row[field] / top)), at + place * 19
            lines.append(f'<rect x="{_LEFT}" y="{y}" width="{width}" height="17" fill="{colour}"/>')
            lines.append(_text(_LEFT + width + 6, y + 13, f"{row[field]:,} {unit}", size=11))
    return "\n".join([*lines, "</svg>", ""])


def _text(x: int, y: int, text: str, *, size: int) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}">{escape(text)}</text>'
