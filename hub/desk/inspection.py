"""What a citizen gets who asks what is held of him: his own lines, the dossiers of which he is the client, every look.

Other persons' data are cut out: of those he lives with only their roles stay, their names are blotted out of texts, and
so is who raised a signal. Professionals' names stay. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypedDict, cast

from hub.desk import digest
from hub.desk.blot import Blot
from hub.desk.digest import OpenAddress
from hub.desk.looks.record import Record
from hub.events.decisions import DECISION
from hub.events.ids import DossierRef
from hub.events.records import RecordType
from hub.household.document_shape import DecisionEntry, Document, Dossier, Person, RecordEntry

_OF_OTHERS: Final = frozenset({"owner", "raised_by"})
"""Fields whose text names who owns a goal or raised a signal: shown only if that is he himself or a professional."""
_OF_HELPERS: Final = ("name", "phone", "email")
"""Of an involvement: shown of professionals only."""
_AS_THEY_ARE: Final = frozenset(
    {"name", "director", "decided_by", "organisation", "phone", "email", "product", "provider", "rule", "point"}
)
"""Fields that name professionals and organisations, in which another person's name may stand by chance; and codes."""
_DATE_SUFFIX: Final = "_on"


class Standing(TypedDict):
    """How one household names him. `place`: member, reference (lives elsewhere), history or contested; `others`: the
    roles of each other member, if he is one."""

    place: str
    person: Person
    others: list[list[str]]


class Inspection(TypedDict):
    """Everything. `decisions`: those that name him, who is who and who lives where. `cut_out`: names of the fields of
    which something was left out."""

    person_key: str
    held: bool
    standings: list[Standing]
    dossiers: list[Dossier]
    decisions: list[DecisionEntry]
    records: list[RecordEntry]
    looks: list[Record]
    cut_out: list[str]


def dossiers(documents: Iterable[Document], person_key: str) -> tuple[DossierRef, ...]:
    """The dossiers that name a person or are about him, sorted."""
    named = {
        DossierRef(ref["source"], ref["dossier_id"])
        for document in documents
        for person in digest.persons(document)
        if person["person_key"] == person_key
        for ref in person["source_refs"]
    }
    return tuple(sorted(named | {_ref(item) for document in documents for item in _own(document, person_key)}))


def inspect(
    documents: Sequence[Document], person_key: str, looks: Iterable[Record], open_address: OpenAddress
) -> Inspection:
    """Cut out of the households that name a person, and of the looks at him, what is his."""
    own = {ref.key.decode() for ref in dossiers(documents, person_key)}
    cut: set[str] = set()
    standings: list[Standing] = []
    headers: list[Dossier] = []
    told: list[RecordEntry] = []
    decided: dict[str, DecisionEntry] = {}
    for sealed in documents:
        document = _opened(sealed, open_address)
        blot = Blot(document, person_key)
        standings += _standings(document, person_key)
        headers += [_blotted(item, blot) for item in _own(document, person_key)]
        told += [_cut(item, blot) for item in records(document, person_key)]
        decided |= {item["decision_id"]: item for item in _decisions(document, person_key, blot)}
        cut |= blot.cut
    return Inspection(
        person_key=person_key,
        held=bool(documents),
        standings=standings,
        dossiers=headers,
        decisions=list(decided.values()),
        records=told,
        looks=[within(look, own) for look in looks],
        cut_out=sorted(cut),
    )


def within(look: Record, own: Iterable[str]) -> Record:
    """A look as it is shown to those of whom these dossiers are: it names no other dossier, no household and no
    person."""
    kept = set(own)
    shown = {name: look.get(name) for name in SHOWN_OF_A_LOOK}
    return cast(Record, shown | {"dossiers": [key for key in look.get("dossiers", ()) if key in kept]})


SHOWN_OF_A_LOOK: Final = (
    "at", "user", "role", "organisation", "action", "activity", "ground", "allowed", "reason", "dossiers", "trace_id",
)  # fmt: skip


def _opened(document: Document, open_address: OpenAddress) -> Document:
    return cast(Document, digest.opened(document, open_address))


def _own(document: Document, person_key: str) -> list[Dossier]:
    return [item for item in document["dossiers"] if item["client"] == person_key]


def _ref(item: Dossier | RecordEntry) -> DossierRef:
    return DossierRef(item["source"], item["dossier_id"])


def _standings(document: Document, person_key: str) -> Iterator[Standing]:
    others = sorted(item["roles"] for item in document["members"] if item["person_key"] != person_key)
    lists = (
        ("member", document["members"]),
        ("reference", document["references"]),
        ("history", document["history"]),
        ("contested", document["contested"]),
    )
    for place, persons in lists:
        for person in persons:
            if person["person_key"] == person_key:
                yield Standing(place=place, person=person, others=others if place == "member" else [])


def records(document: Document, person_key: str) -> Iterator[RecordEntry]:
    """The records of his own dossiers, but for measurements of others; what messages say of his requests; and
    measurements of him in any dossier."""
    own = {_ref(item) for item in _own(document, person_key)}
    about_him = (item for item in document["message_dossiers"] if item["client"] == person_key)
    own |= {DossierRef(item["source"], item["dossier_id"]) for item in about_him}
    his_lines = {
        (ref["source"], ref["dossier_id"], ref["line"])
        for person in digest.persons(document)
        if person["person_key"] == person_key
        for ref in person["source_refs"]
    }
    keys = {line["stated_key"] for line in document["lines"] if line["person_key"] == person_key}
    for record in document["records"]:
        if not _may_be_his(record, keys):
            continue
        line = record["body"].get("line") if record["record_type"] == RecordType.ASSESSMENT.value else None
        of_him = (record["source"], record["dossier_id"], line) in his_lines
        if of_him or (line is None and _ref(record) in own):
            yield record


def _may_be_his(record: RecordEntry, keys: Collection[str]) -> bool:
    """A consent in his dossier can be another person's."""
    said = record["body"].get("consent") if record["record_type"] == DECISION else None
    return not isinstance(said, Mapping) or said["person"] in keys


def _decisions(document: Document, person_key: str, blot: Blot) -> Iterator[DecisionEntry]:
    """The decisions on persons that name him, of their lines his alone. What was said of a line in a dossier of
    others may tell of them, so that goes."""
    own = {_ref(item) for item in document["dossiers"]}
    for item in document["decisions"]:
        his = [line for line in item["lines"] if person_key in (line["person_key"], line["stated_key"])]
        if not his:
            continue
        others = [line for line in item["lines"] if line not in his]
        elsewhere = any(DossierRef(line["source"], line["dossier_id"]) not in own for line in others)
        if others:
            blot.note("other", others)
        if elsewhere:
            blot.note("why", item["why"])
        yield {**item, "lines": his, "why": "" if elsewhere else blot.text("why", item["why"])}


def _cut(record: RecordEntry, blot: Blot) -> RecordEntry:
    body = record["body"]
    is_helper = record["record_type"] == RecordType.INVOLVEMENT.value and body["kind"] != "professional"
    hidden = _OF_HELPERS if is_helper else ()
    return {**record, "body": {name: _field(name, value, blot, hidden) for name, value in body.items()}}


def _field(name: str, value: object, blot: Blot, hidden: Sequence[str]) -> object:
    if name in hidden or (name in _OF_OTHERS and not blot.is_known(value)):
        blot.note(name, value)
        return None
    is_text = isinstance(value, str) and name not in _AS_THEY_ARE and not name.endswith(_DATE_SUFFIX)
    return blot.text(name, str(value)) if is_text else value


def _blotted(dossier: Dossier, blot: Blot) -> Dossier:
    who = dossier["referred_by"]
    return {**dossier, "referred_by": None if who is None else blot.text("referred_by", who)}
