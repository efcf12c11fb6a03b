"""An inspection as a text that a citizen can read: `hub.desk.inspection` in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hub.desk.words import Words

_CODED: Final[Mapping[tuple[str, str], str]] = {
    ("involvement", "kind"): "involvement",
    ("goal", "life_domain"): "domain",
    ("goal", "status"): "goal",
    ("support_request", "state"): "request",
    ("contact", "kind"): "contact",
    ("signal", "severity"): "severity",
    ("decision", "kind"): "decision",
    ("decision", "rule"): "rule",
}
"""Which field of which record is a code, and of which group."""
_UNSAID: Final = frozenset({("decision", "point"), ("decision", "confirmed")})
"""What is there for the machine alone."""
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def letter(found: Mapping[str, Any], w: Words) -> Iterator[str]:
    """The lines of the text. `found`: an inspection, as the API answers it."""
    yield w.t("letter.title")
    yield ""
    yield from _held(found, w)
    yield from _looks(found["looks"], w)
    if found["cut_out"]:
        fields = ", ".join(w.field(name) for name in found["cut_out"])
        yield from ("", w.t("letter.cut_out", fields=fields))


def _held(found: Mapping[str, Any], w: Words) -> Iterator[str]:
    if not found["held"]:
        yield w.t("letter.nothing")
    for standing in found["standings"]:
        yield from _standing(standing, w)
    for dossier in found["dossiers"]:
        yield from _dossier(dossier, w)
    for decision in found["decisions"]:
        yield from _decision(decision, w)
    for record in found["records"]:
        yield from _record(record, w)


def _standing(standing: Mapping[str, Any], w: Words) -> Iterator[str]:
    person = standing["person"]
    yield from _heading(w.t(f"letter.place.{standing['place']}"))
    yield _line(w.t("role"), ", ".join(w.code("role", role) for role in person["roles"]))
    for name, field in person["fields"].items():
        for stated in field["values"]:
            yield _line(w.t(name), f"{w.value(name, stated)} ({w.stated(stated)})")
    refs = (f"{w.source(ref['source'])} {ref['dossier_id']}" for ref in person["source_refs"])
    yield _line(w.t("letter.stands_in"), ", ".join(refs))
    if person["unconfirmed_reason"]:
        yield _line(w.t("unconfirmed"), w.code("unconfirmed", person["unconfirmed_reason"]))
    others = ["/".join(w.code("role", role) for role in roles) for roles in standing["others"]]
    if others:
        yield _line(w.t("letter.others"), ", ".join(others))


def _dossier(dossier: Mapping[str, Any], w: Words) -> Iterator[str]:
    yield from _heading(f"{w.t('dossier')} {dossier['dossier_id']}, {w.source(dossier['source'])}")
    yield _line(w.t("kind"), w.code("kind", dossier["kind"]))
    yield _line(w.t("status"), w.code("status", dossier["status"]))
    for name in ("opened_on", "closed_on", "received_on", "first_contact_on"):
        if dossier[name]:
            yield _line(w.field(name), w.date(dossier[name]))
    if dossier["referred_by"]:
        yield _line(w.t("referral"), dossier["referred_by"])
    if dossier["address"]:
        yield _line(w.t("address"), w.address(dossier["address"]))


def _record(record: Mapping[str, Any], w: Words) -> Iterator[str]:
    kind = record["record_type"]
    yield from _heading(f"{w.code('record', kind)}, {w.source(record['source'])} {record['dossier_id']}")
    for name, value in record["body"].items():
        if value not in (None, []) and (kind, name) not in _UNSAID:
            yield _line(w.field(name), _value(kind, name, value, w))
    yield _line(w.t("letter.recorded"), w.time(record["recorded_at"]))


def _value(kind: str, name: str, value: object, w: Words) -> str:
    if isinstance(value, list):
        return ", ".join(_item(name, item, w) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(_value(kind, key, item, w) for key, item in value.items() if item)
    if isinstance(value, bool):
        return w.t("yes" if value else "no")
    if name.endswith("_cents") and isinstance(value, int):
        return w.money(value)
    if isinstance(value, str) and _DATE.fullmatch(value):
        return w.date(value)
    group = _CODED.get((kind, name))
    return w.code(group, value) if group else str(value)


def _item(name: str, item: Any, w: Words) -> str:
    if isinstance(item, Mapping):
        return f"{w.code('domain', item['domain'])} {item['score']}"
    return w.code("domain" if name == "domains" else "giver", item)


def _decision(decision: Mapping[str, Any], w: Words) -> Iterator[str]:
    places = ", ".join(f"{w.source(line['source'])} {line['dossier_id']}" for line in decision["lines"])
    yield from _heading(f"{w.code('record', 'decision')}: {w.code('decision', decision['kind'])}")
    yield _line(w.t("letter.stands_in"), places)
    yield _line(w.field("decided_by"), decision["decided_by"])
    if decision["why"]:
        yield _line(w.field("why"), decision["why"])
    yield _line(w.t("letter.recorded"), w.time(decision["decided_at"]))


def _looks(looks: list[Mapping[str, Any]], w: Words) -> Iterator[str]:
    yield from _heading(w.t("looks"))
    yield w.t("looks_count_one") if len(looks) == 1 else w.t("looks_count", n=len(looks))
    for look in looks:
        role = w.code("actor", look["role"])
        who = ", ".join(part for part in (look["user"] or w.t("looks_nobody"), role, look["organisation"]) if part)
        outcome = [] if look["allowed"] else [w.t("refused")]
        why = [w.grounds(look["ground"])] if look["ground"] else []
        yield f"- {w.time(look['at'])}: {'; '.join([who, w.code('action', look['action']), *outcome, *why])}"


def _heading(text: str) -> tuple[str, str, str]:
    return "", text, "-" * len(text)


def _line(name: str, value: str) -> str:
    return f"{name}: {value}"
