"""The one place where a household's document is cut down to what somebody may see of it. Pure.

What stays of every dossier: that it exists, who is in it, who helps and who directs, with how to reach them. All else
needs an opening. What is not known here (a record type of a later release) is content. Each dossier says under `access`
how it is seen, so that a page can say that something was left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, cast

from hub.desk.access.decide import Openings, sees_whole
from hub.desk.access.grounds import Opening
from hub.events.decisions import DECISION
from hub.events.ids import DossierRef, ref_of
from hub.events.records import RecordType
from hub.household.document_shape import (
    DecidedLine,
    DecisionEntry,
    Document,
    Dossier,
    DossierAccess,
    MessageDossier,
    Person,
    Reason,
    RecordEntry,
)
from hub.household.requests.threads import MADE_OF

_CONTENT_OF_A_DOSSIER: Final = ("referred_by", "received_on", "first_contact_on", "address")
_THAT: Final = frozenset({RecordType.INVOLVEMENT.value, RecordType.CASE_DIRECTION.value})
"""Records that say who helps and who directs."""
_SAID: Final = frozenset({"direction", "consent", "emergency", "emergency_review"})
"""Kinds of decisions on a dossier that everybody sees who has to do with the household; the reason not."""


def cut(document: Document, openings: Openings, also: Collection[DossierRef] = ()) -> Document:
    """What somebody may see of a household. `also`: dossiers of other households that he may read, which its decisions
    name; what a decision says of others is left out. The document given is not changed."""
    own = frozenset(map(ref_of, document["dossiers"]))
    named = own | frozenset(also)
    messages = frozenset(map(ref_of, document["message_dossiers"]))
    whole = frozenset(ref for ref in own | messages if sees_whole(openings, ref))
    seen = _addresses_in(document, whole)
    members = [_person(person, whole, seen) for person in document["members"]]
    return cast(
        Document,
        {
            **document,
            "dossiers": [_dossier(item, whole) for item in document["dossiers"]],
            "message_dossiers": _messages(document, openings),
            "records": list(_records(document, openings, whole)),
            "decisions": list(_decisions(document["decisions"], own, named, whole)),
            "links": [_reason(item, named) for item in document["links"]],
            "apart": [_reason(item, named) for item in document["apart"]],
            "members": members,
            "conflicts": _conflicts(document, members),
            "references": [_person(person, whole, seen) for person in document["references"]],
            "history": [_person(person, whole, seen) for person in document["history"]],
            "contested": [_person(person, whole, seen) for person in document["contested"]],
            "access": [_access(item, openings) for item in document["dossiers"]],
        },
    )


def cut_requests(document: Document, openings: Openings) -> Document:
    """What `cut` leaves of that of which requests are made (`hub.household.requests.threads`): dossiers, records and
    dossiers of messages. Nothing else is in it: whoever asks for that has a KeyError, not what he may not see."""
    asked = [record for record in document["records"] if record["record_type"] in MADE_OF]
    whole = frozenset(ref for ref in openings if sees_whole(openings, ref))
    records = list(_records(cast(Document, {**document, "records": asked}), openings, whole)) if asked else []
    dossiers = [_dossier(item, whole) for item in document["dossiers"]]
    left = {"dossiers": dossiers, "message_dossiers": _messages(document, openings), "records": records}
    return cast(Document, left)


def _messages(document: Document, openings: Openings) -> list[MessageDossier]:
    return [item for item in document["message_dossiers"] if openings.get(ref_of(item))]


def _access(dossier: Dossier, openings: Openings) -> DossierAccess:
    found = openings.get(ref_of(dossier), ())
    domains = frozenset().union(*(item.domains or () for item in found))
    return DossierAccess(
        source=dossier["source"],
        dossier_id=dossier["dossier_id"],
        content="all" if any(item.whole for item in found) else "part" if found else "none",
        grounds=sorted({item.ground.value for item in found}),
        why=sorted({item.why for item in found}),
        domains=sorted(domains),
    )


def _dossier(dossier: Dossier, whole: Collection[DossierRef]) -> Dossier:
    if ref_of(dossier) in whole:
        return dossier
    return cast(Dossier, {**dossier, **dict.fromkeys(_CONTENT_OF_A_DOSSIER)})


def _records(document: Document, openings: Openings, whole: Collection[DossierRef]) -> Iterator[RecordEntry]:
    """A record is about the dossier's client; a measurement about the person on its line, or about all of them."""
    persons = {(*ref_of(line), line["line"]): line["person_key"] for line in document["lines"]}
    clients = {ref_of(item): item["client"] for item in [*document["dossiers"], *document["message_dossiers"]]}
    for record in document["records"]:
        ref = ref_of(record)
        if ref in whole:
            yield record
        elif record["record_type"] in _THAT:
            yield _with_body(record, {"reason": None}) if "reason" in record["body"] else record
        elif record["record_type"] == DECISION:
            if record["body"]["kind"] in _SAID:
                yield _with_body(record, {"why": ""})
        elif opened := openings.get(ref):
            is_measurement = record["record_type"] == RecordType.ASSESSMENT
            line = str(record["body"]["line"]) if is_measurement else None
            person = clients.get(ref, "") if line is None else persons.get((*ref, line), "")
            yield from _opened(record, person, opened)


def _with_body(record: RecordEntry, changed: Mapping[str, object]) -> RecordEntry:
    return cast(RecordEntry, {**record, "body": {**record["body"], **changed}})


def _opened(record: RecordEntry, person: str, openings: Iterable[Opening]) -> Iterator[RecordEntry]:
    """What the openings for this person show of a record: all, or what is of their life domains."""
    fitting = [item for item in openings if item.person in (None, person)]
    if any(item.domains is None for item in fitting):
        yield record
        return
    domains = frozenset().union(*(item.domains or () for item in fitting))
    body: dict[str, Any] = record["body"]
    if record["record_type"] == RecordType.GOAL and body["life_domain"] in domains:
        yield record
    elif record["record_type"] == RecordType.ASSESSMENT:
        scores = [score for score in body["scores"] if score["domain"] in domains]
        if scores:
            yield _with_body(record, {"scores": scores})


def _decisions(
    decisions: Iterable[DecisionEntry],
    own: Collection[DossierRef],
    named: Collection[DossierRef],
    whole: Collection[DossierRef],
) -> Iterator[DecisionEntry]:
    for item in decisions:
        if item["lines"]:
            yield _among(item, named)
        else:
            ref = _said_on(item)
            if ref in whole:
                yield item
            elif ref in own and item["kind"] in _SAID:
                yield cast(DecisionEntry, {**item, "why": "", "withheld": True})


def _said_on(item: DecisionEntry) -> DossierRef | None:
    """The dossier that a decision on no persons is said on."""
    said: Iterable[Any] = (item.get(name) for name in ("snooze", "direction", "consent", "emergency", "review"))
    return next((ref_of(found) for found in said if found), None)


def _among(item: DecisionEntry, named: Collection[DossierRef]) -> DecisionEntry:
    """A decision on persons: of another family, neither who it is nor why."""
    if all(ref_of(line) in named for line in item["lines"]):
        return item
    lines = [line if ref_of(line) in named else _nobody(line) for line in item["lines"]]
    return cast(DecisionEntry, {**item, "lines": lines, "why": "", "withheld": True})


def _nobody(line: DecidedLine) -> DecidedLine:
    return DecidedLine(
        source="",
        dossier_id="",
        line="",
        stated_key="",
        confirmed=line["confirmed"],
        doubted=line["doubted"],
        person_key=None,
    )


def _reason(item: Reason, named: Collection[DossierRef]) -> Reason:
    return cast(Reason, {**item, "dossiers": [ref for ref in item["dossiers"] if ref_of(ref) in named]})


def _addresses_in(document: Document, whole: Collection[DossierRef]) -> set[str]:
    """Keys of the addresses of the dossiers that are seen: where somebody lives is content, of each dossier that states
    it; the same address in a dossier that is seen is seen."""
    return {item["address"]["key"] for item in document["dossiers"] if item["address"] and ref_of(item) in whole}


def _person(person: Person, whole: Collection[DossierRef], seen: Collection[str]) -> Person:
    address = person["fields"]["address"]
    values = [stated for stated in address["values"] if ref_of(stated) in whole or _key(stated["value"]) in seen]
    shown = {**address, "values": values, "differs": len(values) > 1}
    return cast(Person, {**person, "fields": {**person["fields"], "address": shown}})


def _conflicts(document: Document, people: Iterable[Person]) -> list[dict[str, str]]:
    """That addresses differ is told only of those that are shown."""
    differing = {person["person_key"] for person in people if person["fields"]["address"]["differs"]}
    return [item for item in document["conflicts"] if item.get("field") != "address" or item["person_key"] in differing]


def _key(address: object) -> str:
    return str(address["key"]) if isinstance(address, dict) else ""
