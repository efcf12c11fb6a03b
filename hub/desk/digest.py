"""What is read out of a household document: timeline, goals side by side, addresses opened. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final, NamedTuple, TypedDict, cast

from hub.events.decisions import DECISION
from hub.events.records import RecordType
from hub.household import direction
from hub.household.document_shape import Document, Person, RecordEntry, SealedAddress

OpenAddress = Callable[[str], str | None]
"""Sealed text (base64) to the address as written; None if it was sealed with another key."""

WITHHELD: Final = SealedAddress(key="", sealed="")
"""What stands in the place of an address that is secret."""
HUB: Final = "hub"
"""Stands as the source of what people decided in the hub."""
LIFE_DOMAINS: Final = (
    "safety", "upbringing", "finance", "work_education", "daytime_activities", "housing", "domestic_relations",
    "mental_health", "physical_health", "substance_use", "basic_adl", "instrumental_adl", "social_network",
    "participation", "justice",
)  # fmt: skip
"""In the order of the page: a child's safety first, then as ZRM-2017 numbers them."""


class Secrets(NamedTuple):
    """What of a document is secret: persons (keys) all of whose addresses are, and addresses (keys)."""

    persons: frozenset[str]
    addresses: frozenset[str]


NO_SECRETS: Final = Secrets(frozenset(), frozenset())


class TimelineEvent(TypedDict):
    """One thing that happened. `detail`: codes and texts of its record; `on`: ISO date."""

    on: str
    kind: str
    source: str
    dossier_id: str
    record_id: str | None
    detail: dict[str, object]


class GoalRow(NamedTuple):
    """The goals of one life domain, per source."""

    domain: str
    by_source: dict[str, list[RecordEntry]]


def records(document: Document, record_type: RecordType) -> list[RecordEntry]:
    """The visible records of a type."""
    return [item for item in document["records"] if item["record_type"] == record_type.value]


def sources(document: Document) -> list[str]:
    """The sources of the household's dossiers, sorted."""
    return sorted({item["source"] for item in document["dossiers"]})


def goals_by_domain(document: Document) -> list[GoalRow]:
    """Goals of all sources beside each other, per life domain that has any; open goals first."""
    goals = sorted(records(document, RecordType.GOAL), key=lambda item: item["body"]["status"] != "open")
    domains = sorted({str(item["body"]["life_domain"]) for item in goals}, key=domain_order)
    return [
        GoalRow(
            domain,
            {
                source: [item for item in goals if item["source"] == source and item["body"]["life_domain"] == domain]
                for source in sources(document)
            },
        )
        for domain in domains
    ]


def domain_order(domain: str) -> tuple[int, str]:
    """Where a life domain stands on a page; one that is not known comes last."""
    return (LIFE_DOMAINS.index(domain) if domain in LIFE_DOMAINS else len(LIFE_DOMAINS), domain)


_DATED: Final = {
    RecordType.CONTACT: (("held_on", "contact"),),
    RecordType.SIGNAL: (("raised_on", "signal"),),
    RecordType.ASSESSMENT: (("taken_on", "assessment"),),
    RecordType.SUPPORT_REQUEST: (("submitted_on", "request_submitted"), ("decided_on", "request_decided")),
    RecordType.CASE_DIRECTION: (("from_on", "direction_started"), ("to_on", "direction_ended")),
}
"""Which date of which record is an event of the timeline."""


def timeline(document: Document) -> list[TimelineEvent]:
    """What happened in all dossiers, newest first."""
    found = [*_dossier_events(document), *_record_events(document)]
    return sorted(
        found, key=lambda item: (item["on"], item["kind"], item["source"], item["record_id"] or ""), reverse=True
    )


def _dossier_events(document: Document) -> Iterator[TimelineEvent]:
    for dossier in document["dossiers"]:
        moments = (("dossier_opened", dossier["opened_on"]), ("dossier_closed", dossier["closed_on"]))
        for kind, moment in moments:
            if moment is not None:
                yield TimelineEvent(
                    on=moment,
                    kind=kind,
                    source=dossier["source"],
                    dossier_id=dossier["dossier_id"],
                    record_id=None,
                    detail={"kind": dossier["kind"], "referred_by": dossier["referred_by"]},
                )


def _record_events(document: Document) -> Iterator[TimelineEvent]:
    for record_type, dated in _DATED.items():
        decided = direction.decided(document) if record_type is RecordType.CASE_DIRECTION else []
        for record in (*records(document, record_type), *decided):
            for field, kind in dated:
                moment = record["body"].get(field)
                if isinstance(moment, str):
                    yield TimelineEvent(
                        on=moment,
                        kind=kind,
                        source=HUB if record["record_type"] == DECISION else record["source"],
                        dossier_id=record["dossier_id"],
                        record_id=record["record_id"],
                        detail=record["body"],
                    )


def address_keys(document: Document) -> set[str]:
    """The keys of all addresses in a document."""
    stated = [value["value"] for person in persons(document) for value in person["fields"]["address"]["values"]]
    found = [item["address"] for item in document["dossiers"]]
    return {address["key"] for address in (*stated, *found) if isinstance(address, dict)}


def withheld(document: Document, secrets: Secrets) -> Document:
    """The document without the addresses that are secret: of these persons all, and these whoever they are stated of.

    The key goes too: it would tell who else lives there."""

    def hidden(address: SealedAddress, person: str) -> SealedAddress:
        is_secret = person in secrets.persons or address["key"] in secrets.addresses
        return WITHHELD if is_secret else address

    return cast(Document, _with_addresses(document, hidden))


def opened(document: Document, open_address: OpenAddress) -> dict[str, object]:
    """The document as it is shown: each sealed address replaced by its text (None if it cannot be opened, or was
    withheld)."""

    def opened(address: SealedAddress, _person: str) -> dict[str, object]:
        is_hidden = address == WITHHELD
        text = None if is_hidden else open_address(address["sealed"])
        return {"key": address["key"] or None, "text": text, "withheld": is_hidden}

    return _with_addresses(document, opened)


Change = Callable[[SealedAddress, str], object]
"""An address, and the key of the person of whom it is stated ("" of a dossier), to what stands in its place."""


def _with_addresses(document: Document, change: Change) -> dict[str, object]:
    """A copy with other addresses; of what holds none nothing is copied."""

    def changed(address: object, person: str) -> object:
        return change(cast(SealedAddress, address), person) if isinstance(address, dict) else address

    def of_person(person: Person) -> dict[str, object]:
        stated = person["fields"]["address"]
        key = person["person_key"]
        values = [{**item, "value": changed(item["value"], key)} for item in stated["values"]]
        return {**person, "fields": {**person["fields"], "address": {**stated, "values": values}}}

    dossiers = [{**item, "address": changed(item["address"], "")} for item in document["dossiers"]]
    people = {name: list(map(of_person, found)) for name, found in _lists(document).items()}
    return {**document, "dossiers": dossiers, **people}


def persons(document: Document) -> list[Person]:
    """Everybody whom the document names, members first."""
    return [person for _, person in places(document)]


def places(document: Document) -> list[tuple[str, Person]]:
    """Everybody with the name of the list in which he stands, in the order of `persons`."""
    return [(place, person) for place, people in _lists(document).items() for person in people]


def _lists(document: Document) -> dict[str, list[Person]]:
    return {
        "members": document["members"],
        "references": document["references"],
        "history": document["history"],
        "contested": document["contested"],
    }


def display_name(person: Person) -> str | None:
    """The newest name that a source states; None if none does."""
    return newest(person, "name")


def newest(person: Person, field: str) -> str | None:
    """The newest value of a field that is text (no address); None if no source states one."""
    values = person["fields"][field]["values"]
    return str(values[0]["value"]) if values else None


def age(birth_date: str, today: date) -> tuple[int, bool]:
    """Age in years, and whether it is exact: of a birth date parts may be unknown (YYYY, YYYY-MM)."""
    parts = [int(part) for part in birth_date.split("-")]
    born = (parts[0], *(parts[1:] or [12]), *([] if len(parts) == 3 else [31]))
    before_birthday = (today.month, today.day) < (born[1], born[-1])
    return max(0, today.year - born[0] - before_birthday), len(parts) == 3
