"""An erasure as a text to read before it is ordered: what goes, what stays and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.desk.words import Words


def erasure_letter(found: Mapping[str, Any], w: Words) -> Iterator[str]:
    """The lines of the text. `found`: as the API answers it."""
    if not found["held"]:
        yield w.t("erasure.nothing")
        return
    yield from (w.t("erasure.title"), "")
    for item in found["dossiers"]:
        is_open = f" ({w.t('erasure.open')})" if item["is_open"] else ""
        yield f"  {_place(item, w)}: {w.t('erasure.dossier')}{is_open}"
    for item in found["lines"]:
        yield f"  {_place(item, w)}: {w.t('erasure.line', line=item['line'])}"
    yield f"  {w.t('erasure.counts', records=found['records'], decisions=found['decisions'])}"
    if found["others_unknown"]:
        yield f"  {w.t('erasure.alone', n=found['others_unknown'])}"
    yield from ("", w.t("erasure.kept"), "")
    yield from (f"  - {w.t(f'erasure.kept.{item}')}" for item in found["kept"])
    ordered = found["erasure_id"]
    yield from ("", w.t("erasure.ordered", id=ordered) if ordered else w.t("erasure.not_ordered"))


def _place(item: Mapping[str, Any], w: Words) -> str:
    return f"{w.source(item['source'])} {item['dossier_id']}"
