"""One household on a sheet of text: what the API answers of it, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from hub.desk.words import Words
from hub.household.direction import directions, written_name
from hub.household.document_shape import Document

_PLACES: Final = {
    "members": "members",
    "references": "references",
    "history": "history",
    "contested": "code.place.contested",
}


def sheet(found: Mapping[str, Any], w: Words) -> Iterator[str]:
    """The lines of the text. `found`: a household, as the API answers it to whoever asked."""
    yield f"{found['title']}  ({found['household_id']}, {w.code('status', found['status'])})"
    for place, title in _PLACES.items():
        yield from _block(w.t(title), [_person(person, w) for person in found[place]])
    yield from _block(w.t("dossiers"), [_dossier(item, w) for item in found["dossiers"]])
    yield from _block(w.t("sheet.partly"), [_closed(item, w) for item in found["access"] if item["content"] != "all"])
    yield from _block(w.t("director"), list(_directors(found, w)) or [w.t("director_none")])
    yield from _block(w.t("attention"), [_point(point, w) for point in found["attention"] if not point["hidden"]])
    yield from _block(w.t("threads"), [_thread(thread, w) for thread in found["threads"]])
    yield from _block(w.t("freshness"), [_fresh(item, w) for item in found["freshness"]])


def _block(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from ("", title, *(f"  {line}" for line in lines))


def _person(person: Mapping[str, Any], w: Words) -> str:
    known = [person["fields"][name]["values"] for name in ("name", "birth_date")]
    said = [w.value(name, values[0]) for name, values in zip(("name", "birth_date"), known, strict=True) if values]
    roles = "/".join(w.code("role", role) for role in person["roles"])
    unsure = "" if person["confirmed"] else w.t("unconfirmed")
    return ", ".join(part for part in (*said, roles, unsure) if part)


def _dossier(dossier: Mapping[str, Any], w: Words) -> str:
    kind, status = w.code("kind", dossier["kind"]), w.code("status", dossier["status"])
    return ", ".join(part for part in (_number(dossier, w), kind, status, dossier["team"]) if part)


def _closed(access: Mapping[str, Any], w: Words) -> str:
    return f"{_number(access, w)}: {w.t('sheet.' + access['content'])}"


def _number(dossier: Mapping[str, Any], w: Words) -> str:
    return f"{w.source(dossier['source'])} {dossier['dossier_id']}"


def _directors(found: Mapping[str, Any], w: Words) -> Iterator[str]:
    for entry in directions(cast("Document", found), w.today):
        if entry.current:
            body, source = entry.record["body"], w.source(entry.record["source"])
            since = w.t("thread.since", since=w.date(str(body["from_on"])))
            yield ", ".join(part for part in (written_name(entry), str(body["phone"] or ""), source, since) if part)


def _point(point: Mapping[str, Any], w: Words) -> str:
    parts = (w.code("rule", point["rule"]), w.date(point["since"]), _until(point["due"], w))
    return ", ".join(part for part in parts if part)


def _thread(thread: Mapping[str, Any], w: Words) -> str:
    due = thread["next"]
    late = w.t("thread.late") if due["late"] else ""
    party = w.t("thread.next", party=w.code("party", due["party"])) if due["party"] else ""
    state = w.code("request", thread["state"])
    parts = (thread["product"] or thread["product_code"], state, party, _until(due["due"], w), late)
    return ", ".join(part for part in parts if part)


def _until(due: str | None, w: Words) -> str:
    return w.t("thread.due", due=w.date(due)) if due else ""


def _fresh(item: Mapping[str, Any], w: Words) -> str:
    return f"{w.source(item['source'])}: {w.time(item['newest_recorded_at'])}"
