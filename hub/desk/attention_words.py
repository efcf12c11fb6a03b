"""How the pages say what asks for attention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, cast

from hub.desk import digest
from hub.desk.caseload.case import Matter
from hub.desk.words import Words
from hub.household.attention.point import AttentionPoint
from hub.household.document_shape import Document

_CODES: Final = {
    "life_domain": "domain",
    "state": "request",
    "severity": "severity",
    "reason": "unconfirmed",
    "working": "source",
    "done": "source",
}
"""Values of `detail` that are codes, and of which group."""
_DAYS: Final = frozenset({"closed_on", "submitted_on", "on"})


def sentence(w: Words, point: AttentionPoint, document: Document) -> str:
    """What the matter is, in one sentence."""
    days = _day(point.since), _day(point.due)
    return _said(w, point.rule, point.detail, days, _persons(w, point, document), point.sources)


def of_matter(w: Words, matter: Matter) -> str:
    """The same of a matter in the list of households."""
    persons = w.listed(name or w.t("someone") for name in matter["persons"])
    return _said(w, matter["rule"], matter["detail"], (matter["since"], matter["due"]), persons, matter["sources"])


def _said(
    w: Words,
    rule: str,
    detail: Mapping[str, object],
    days: tuple[str | None, str | None],
    persons: str,
    sources: Iterable[str],
) -> str:
    case = detail.get("case")
    return w.t(
        f"attention.{rule}" + (f".{case}" if case else ""),
        since=w.date(days[0]),
        due=w.date(days[1]),
        persons=persons,
        sources=w.listed(map(w.source, sources)),
        **{name: _value(w, name, value) for name, value in detail.items()},
    )


def remaining(w: Words, point: AttentionPoint) -> list[str]:
    """What still stands open before a dossier can be closed, a line each."""
    found = cast(list[Mapping[str, object]], point.detail.get("still_open", []))
    return [
        w.t(f"attention.still_open.{item['kind']}", **{name: _value(w, name, value) for name, value in item.items()})
        for item in found
    ]


def put_off(w: Words, point: AttentionPoint) -> str:
    """Until when it is put off, by whom and why; empty if it is not."""
    if point.snooze is None:
        return ""
    key = "attention.put_off" if point.hidden else "attention.acknowledged"
    return w.t(key, until=w.date(point.snooze.until.isoformat()), by=point.snooze.by, why=point.snooze.why)


def _day(day: object) -> str | None:
    return None if day is None else str(day)


def _persons(w: Words, point: AttentionPoint, document: Document) -> str:
    """Names of the persons it is about; who has none is called somebody."""
    known = {person["person_key"]: digest.display_name(person) for person in digest.persons(document)}
    return w.listed(known.get(key) or w.t("someone") for key in point.persons)


def _value(w: Words, name: str, value: object) -> str:
    if isinstance(value, list | tuple):
        return w.listed(_value(w, name, item) for item in value)
    if name in _CODES:
        return w.code(_CODES[name], value)
    if name in _DAYS:
        return w.date(_day(value))
    if name == "source":
        return w.source(str(value))
    return "" if value is None else str(value)
