"""The household as people read it: one JSON-ready document out of one decoded `households.view`. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hub.events.codec import Value, decode
from hub.events.decisions import DECISION
from hub.events.ids import DossierRef, ref_of
from hub.events.moments import text_of
from hub.household.document_shape import (
    Document,
    Dossier,
    Freshness,
    MessageDossier,
    NameParts,
    Person,
    RecordEntry,
    SealedAddress,
    SourceRef,
    StatedField,
    StatedValue,
)
from hub.household.explanation import Explanation
from hub.household.rulings import TENTATIVE

MESSAGES: Final = "request"
"""Kind of a dossier that is no team's: `hub.events.records.Composition`."""
DOUBTED: Final = "doubted"
"""Why a person is unconfirmed whose number is valid: a human says that it is somebody else's."""
_AS_IT_IS: Final = frozenset({str, int, float, bool, type(None)})
"""What JSON can say: most of every record, seen by its type alone."""
_REMEMBERED: Final = 20_000
"""Records that are not unpacked again when another one of their household changes: one that is worked on changes again
soon. Some kilobytes each with what is read of them."""
FIELD_NAMES: Final = ("name", "birth_date", "gender", "address")
"""What sources may state differently of one person."""


class _Line(NamedTuple):
    ref: DossierRef
    dossier: Value
    member: Value
    stated_at: str


def build(view: Mapping[str, object]) -> Document | None:
    """The document of a decoded `households.view`; None unless its composition is present and not gone, and a team has
    a dossier in it: whom only national messages name is no household of this hub.

    Entries are visible if their dossier is in the composition and their source did not delete them (R7).
    Raises what `decode` raises if an embedded message cannot be read: a defect, for the hub wrote it.
    """
    packed = view["composition"]
    if view["gone"] or not isinstance(packed, bytes):
        return None
    composition = decode(packed).value
    if composition["gone"]:
        return None
    dossiers = {ref_of(item): _dossier_stated(item["composition"]) for item in composition["dossiers"]}
    teams = {ref: value for ref, value in dossiers.items() if value["body"]["kind"] != MESSAGES}
    if not teams:
        return None
    entries = view["entries"]
    known = entries if isinstance(entries, list) else []
    return _document(view, composition, dossiers, teams, [entry for entry in known if _is_visible(entry, dossiers)])


def _document(
    view: Mapping[str, object],
    composition: Value,
    all_dossiers: Mapping[DossierRef, Value],
    dossiers: Mapping[DossierRef, Value],
    entries: Sequence[Value],
) -> Document:
    clients = _clients(composition, all_dossiers)
    composition = _of_teams(composition, dossiers)
    records = _records(entries)
    headers = sorted(
        (_dossier(ref, value, clients.get(ref, "")) for ref, value in dossiers.items()),
        key=lambda item: (item["opened_on"], item["source"], item["dossier_id"]),
    )
    shown = {name: _persons(composition[name], dossiers) for name in ("members", "references", "history")}
    known = {person["person_key"] for persons in shown.values() for person in persons}
    strangers = [line for line in composition["conflicts"] if line["person"] not in known]
    explanation = Explanation(composition, dossiers)
    decisions = explanation.decisions([entry for entry in entries if entry["record_type"] == DECISION])
    return Document(
        household_id=str(view["household"]),
        label=composition["label"],
        status=composition["status"],
        oversized=composition["oversized"],
        title=_title(headers, dossiers),
        dossiers=headers,
        message_dossiers=[
            MessageDossier(source=ref.source, dossier_id=ref.dossier_id, client=clients.get(ref, ""))
            for ref in sorted(all_dossiers.keys() - dossiers.keys())
        ],
        members=shown["members"],
        references=shown["references"],
        history=shown["history"],
        contested=_persons(strangers, dossiers),
        conflicts=[*_residence_conflicts(composition["conflicts"]), *_field_conflicts(shown["members"])],
        lines=explanation.lines(),
        decisions=decisions,
        access=[],
        links=explanation.links(decisions),
        apart=explanation.apart(decisions),
        records=records,
        freshness=_freshness([*headers, *(item for item in records if item["record_type"] != DECISION)]),
    )


def _of_teams(composition: Value, dossiers: Mapping[DossierRef, Value]) -> Value:
    """The composition without the lines of what is no team's dossier: they say nothing of who belongs together."""
    lists = ("members", "references", "history", "conflicts")
    return composition | {name: [line for line in composition[name] if ref_of(line) in dossiers] for name in lists}


def _clients(composition: Value, dossiers: Mapping[DossierRef, Value]) -> dict[DossierRef, str]:
    """The client of each dossier: as the household knows him, else as the dossier states him."""
    lists = [composition[name] for name in ("members", "references", "history", "conflicts")]
    known = {(ref_of(line), line["line"]): line["person"] for lines in lists for line in lines}
    return {
        ref: known.get((ref, member["line"]), member["person"])
        for ref, value in dossiers.items()
        for member in value["body"]["members"]
        if member["is_client"]
    }


def _dossier(ref: DossierRef, value: Value, client: str) -> Dossier:
    body: Value = value["body"]
    return Dossier(
        source=ref.source,
        dossier_id=ref.dossier_id,
        kind=body["kind"],
        client=client,
        status=body["status"],
        opened_on=body["opened_on"].isoformat(),
        closed_on=_iso_date(body["closed_on"]),
        referred_by=body["referred_by"],
        received_on=_iso_date(body["received_on"]),
        first_contact_on=_iso_date(body["first_contact_on"]),
        team=body["team"],
        address=_sealed(body["address"]),
        version=value["version"],
        recorded_at=text_of(value["recorded_at"]),
        first_published_at=text_of(value["first_published_at"]),
    )


def _title(headers: Sequence[Dossier], dossiers: Mapping[DossierRef, Value]) -> str:
    """Family names of the clients, of open dossiers before closed ones, oldest first, each once."""
    names: dict[str, None] = {}
    for header in sorted(headers, key=lambda item: item["status"] != "open"):
        body = dossiers[ref_of(header)]["body"]
        for member in body["members"]:
            if member["is_client"] and (name := _joined(member["prefix"], member["family_name"])):
                names[name] = None
    return " / ".join(names)


def _persons(lines: Sequence[Value], dossiers: Mapping[DossierRef, Value]) -> list[Person]:
    """One entry per person, sorted by key. A line that its dossier does not hold is left out."""
    by_person: dict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        ref = ref_of(line)
        for member in dossiers[ref]["body"]["members"] if ref in dossiers else ():
            if member["line"] == line["line"]:
                by_person[line["person"]].append(_Line(ref, dossiers[ref], member, text_of(member["stated_at"])))
    return [_person(key, found) for key, found in sorted(by_person.items())]


def _person(key: str, lines: Sequence[_Line]) -> Person:
    newest_first = sorted(
        lines,
        key=lambda line: (line.stated_at, *line.ref, line.dossier["version"], line.member["line"]),
        reverse=True,
    )
    refs = sorted((*line.ref, line.member["line"]) for line in lines)
    confirmed = _is_confirmed(key, lines)
    return Person(
        person_key=key,
        confirmed=confirmed,
        unconfirmed_reason=None if confirmed else next(map(_unconfirmed_reason, newest_first), None),
        address_secret=any(line.member["address_secret"] for line in lines),
        source_refs=[SourceRef(source=source, dossier_id=dossier, line=line) for source, dossier, line in refs],
        roles=list(dict.fromkeys(line.member["role"] for line in newest_first)),
        names=_names(newest_first),
        fields={name: _field(name, newest_first) for name in FIELD_NAMES},
    )


def _is_confirmed(key: str, lines: Sequence[_Line]) -> bool:
    """Whether the key is that of a valid number: one stated here, or one known elsewhere and linked by a decision."""
    if key.startswith(TENTATIVE):
        return False
    stating = [line.member["confirmed"] for line in lines if line.member["person"] == key]
    return any(stating) or not stating


def _unconfirmed_reason(line: _Line) -> str | None:
    """Of a line of somebody who is unconfirmed: a valid number can only have been doubted."""
    reason: str | None = line.member["unconfirmed_reason"]
    return DOUBTED if line.member["confirmed"] else reason


def _names(newest_first: Iterable[_Line]) -> list[NameParts]:
    parts = ((line.member[name] for name in ("given_name", "prefix", "family_name")) for line in newest_first)
    distinct = dict.fromkeys(tuple(_joined(part) or None for part in each) for each in parts)
    return [
        NameParts(given_name=given, prefix=prefix, family_name=family)
        for given, prefix, family in distinct
        if given or family
    ]


def _field(name: str, newest_first: Iterable[_Line]) -> StatedField:
    distinct: dict[str, StatedValue] = {}
    for line in newest_first:
        value = _stated(name, line)
        if value is None:
            continue
        distinct.setdefault(
            value if isinstance(value, str) else value["key"],
            StatedValue(
                value=value,
                source=line.ref.source,
                dossier_id=line.ref.dossier_id,
                stated_at=line.stated_at,
            ),
        )
    return StatedField(values=list(distinct.values()), differs=len(distinct) > 1)


def _stated(name: str, line: _Line) -> str | SealedAddress | None:
    """What a member line states of one field; None if it states nothing."""
    member = line.member
    if name == "name":
        return _joined(member["given_name"], member["prefix"], member["family_name"]) or None
    if name == "address":
        return _stated_address(line)
    text: str | None = member[name]
    return text


def _stated_address(line: _Line) -> SealedAddress | None:
    """The line's own address; without one, that of the dossier for whoever lives there."""
    member = line.member
    if member["address_unknown"]:
        return None
    if member["address"] is not None:
        return _sealed(member["address"])
    return _sealed(line.dossier["body"]["address"]) if member["lives_here"] or member["is_client"] else None


def _residence_conflicts(lines: Sequence[Value]) -> list[dict[str, str]]:
    found = [(line["person"], line["source"], line["dossier_id"], line["line"]) for line in lines]
    return [
        {"kind": "residence", "person_key": person, "source": source, "dossier_id": dossier, "line": line}
        for person, source, dossier, line in sorted(found)
    ]


def _field_conflicts(members: Sequence[Person]) -> list[dict[str, str]]:
    return [
        {"kind": "field", "field": name, "person_key": member["person_key"]}
        for member in members
        for name, field in member["fields"].items()
        if field["differs"]
    ]


def _is_visible(entry: Value, dossiers: Mapping[DossierRef, Value]) -> bool:
    return ref_of(entry) in dossiers and not entry["deleted"]


def _records(entries: Sequence[Value]) -> list[RecordEntry]:
    return sorted(
        map(_record, entries),
        key=lambda item: (item["record_type"], item["source"], item["dossier_id"], item["record_id"]),
    )


def _record(entry: Value) -> RecordEntry:
    recorded, published, body = _stated_in(entry["payload"])
    return RecordEntry(
        record_type=entry["record_type"],
        source=entry["source"],
        dossier_id=entry["dossier_id"],
        record_id=entry["record_id"],
        version=entry["version"],
        revision=entry["revision"],
        recorded_at=recorded,
        first_published_at=published,
        body=body,
    )


def forget() -> None:
    """Whoever remembers for days on end what was unpacked would remember somebody who was erased."""
    _stated_in.cache_clear()
    _dossier_stated.cache_clear()


@lru_cache(maxsize=_REMEMBERED)
def _stated_in(payload: bytes) -> tuple[str, str, dict[str, Any]]:
    """When a record was recorded and first published, and its body: shared by all documents, so never changed."""
    value = decode(payload).value
    body = {name: _json_ready(item) for name, item in (value["body"] or {}).items()}
    return text_of(value["recorded_at"]), text_of(value["first_published_at"]), body


@lru_cache(maxsize=_REMEMBERED // 4)
def _dossier_stated(composition: bytes) -> Value:
    """What a dossier states of its persons; never changed."""
    return decode(composition).value


def _freshness(items: Iterable[Dossier | RecordEntry]) -> list[Freshness]:
    newest: dict[str, tuple[str, str]] = {}
    for item in items:
        recorded, published = newest.get(item["source"], ("", ""))
        newest[item["source"]] = (
            max(recorded, item["recorded_at"]),
            max(published, item["first_published_at"]),
        )
    return [
        Freshness(source=source, newest_recorded_at=recorded, newest_published_at=published)
        for source, (recorded, published) in sorted(newest.items())
    ]


def _sealed(address: Value | None) -> SealedAddress | None:
    if address is None:
        return None
    return SealedAddress(key=address["key"], sealed=b64encode(address["sealed"]).decode())


def _joined(*parts: str | None) -> str:
    return " ".join(" ".join(filter(None, parts)).split())


def _iso_date(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _json_ready(value: object) -> object:
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, datetime):
        return text_of(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(name): _json_ready(item) for name, item in value.items()}
    return [_json_ready(item) for item in value] if isinstance(value, list | tuple) else value
