"""The first screen of a household: who they are, what is agreed, who directs, who is involved, what is stuck at whom,
what is not seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from hub.desk import digest
from hub.events.records import RecordType
from hub.household.attention.acting import Acting, acting
from hub.household.attention.point import AttentionPoint, Rule, Severity
from hub.household.document_shape import Document, Person, RecordEntry
from hub.household.requests.threads import Thread
from hub.household.waiting import Waiting, waiting

NETWORK: Final = "network"
GROUPS: Final = ("youth", "adult", NETWORK)
"""In the order of the page: the two units, then the family's own network and volunteers."""
_NOT_SEEN: Final = frozenset({Rule.SOURCE, Rule.UNCONFIRMED_IDENTITY})
"""Points that say what may be missing here, not what somebody has to do for the family."""


class Stuck(NamedTuple):
    """Something that waits: a point of attention, or a request. `who` must act."""

    severity: Severity
    who: Acting
    since: date | None
    due: date | None
    point: AttentionPoint | None = None
    request: Thread | None = None


class Pressing(NamedTuple):
    """How much something presses."""

    severity: Severity
    since: date | None
    due: date | None


class Contact(NamedTuple):
    """Somebody involved, once for all dossiers that name him. `sources`: which do; `until`: last day, None if open."""

    name: str
    function: str
    role: str
    organisation: str
    unit: str
    phone: str
    email: str
    kind: str
    sources: tuple[str, ...]
    until: str | None
    current: bool


class Living(NamedTuple):
    """A member: what he is called at home, if that is known, and his birth date, as far as that is."""

    name: str
    born: str


class Agreed(NamedTuple):
    """What is worked on: how many goals are open, in which life domains, and the first evaluation (ISO; None: none)."""

    goals: int
    domains: list[str]
    evaluation: str | None


def living(members: Iterable[Person]) -> list[Living]:
    """Who they are, in the order given."""
    return [_living(person) for person in members]


def _living(person: Person) -> Living:
    given = next((parts["given_name"] for parts in person["names"] if parts["given_name"]), None)
    return Living(given or digest.display_name(person) or "", digest.newest(person, "birth_date") or "")


def agreed(document: Document) -> Agreed:
    """The open goals, of all sources together."""
    goals = [item["body"] for item in digest.records(document, RecordType.GOAL) if item["body"]["status"] == "open"]
    domains = sorted({str(goal["life_domain"]) for goal in goals}, key=digest.domain_order)
    return Agreed(
        len(goals), domains, min((str(goal["evaluation_on"]) for goal in goals if goal["evaluation_on"]), default=None)
    )


def stuck(
    document: Document, points: Iterable[AttentionPoint], directors: Sequence[str], threads: Iterable[Thread]
) -> list[Stuck]:
    """What waits, most pressing first: what must be done, then requests that wait within their time, then what is
    only to be known. A request past its time stands among the points."""
    of_points = [
        Stuck(point.severity, acting(point, document, directors), point.since, point.due, point=point)
        for point in _asking(points)
    ]
    requests = [_of_request(item) for item in waiting(threads)]
    found = [*of_points, *requests]
    return sorted(found, key=lambda item: _RANKS[item.severity, item.request is not None])


def most_pressing(points: Iterable[AttentionPoint], threads: Iterable[Thread]) -> Pressing | None:
    """What there is to say of the first of `stuck` without who must act on it, which takes most of the work."""
    of_points = [((point.severity, False), point.since, point.due) for point in _asking(points)]
    requests = [((Severity.MEDIUM, True), item.since, item.due) for item in waiting(threads)]
    found = [*of_points, *requests]
    if not found:
        return None
    (severity, _), since, due = min(found, key=lambda item: _RANKS[item[0]])
    return Pressing(severity, since, due)


def _asking(points: Iterable[AttentionPoint]) -> list[AttentionPoint]:
    return [point for point in points if not point.hidden and point.rule not in _NOT_SEEN]


_RANKS: Final = {
    (Severity.HIGH, False): 0,
    (Severity.MEDIUM, False): 1,
    (Severity.MEDIUM, True): 2,
    (Severity.LOW, False): 3,
}


def _of_request(item: Waiting) -> Stuck:
    return Stuck(Severity.MEDIUM, item.who, item.since, item.due, request=item.thread)


def not_seen(points: Iterable[AttentionPoint]) -> list[AttentionPoint]:
    """What the hub says of itself: a source that is behind, somebody whose other dossiers it cannot find."""
    return [point for point in points if point.rule in _NOT_SEEN and not point.hidden]


def unknown_units(document: Document) -> list[str]:
    """The units that have no dossier here, as far as is known: they may know the family all the same."""
    known = {item["kind"] for item in document["dossiers"]}
    return [unit for unit in ("youth", "adult") if unit not in known]


def contacts(document: Document, today: date) -> dict[str, list[Contact]]:
    """Everybody involved, by group; those who are so today first, then by name."""
    merged: dict[tuple[str, str, str], list[RecordEntry]] = {}
    for record in document["records"]:
        if record["record_type"] == RecordType.INVOLVEMENT:
            body = record["body"]
            group = _group(document, record)
            key = (group, str(body["name"] or record["record_id"]).casefold(), str(body["organisation"]).casefold())
            merged.setdefault(key, []).append(record)
    found: dict[str, list[Contact]] = {group: [] for group in GROUPS}
    for (group, _, _), records in merged.items():
        found[group].append(_contact(document, records, today))
    return {group: sorted(people, key=lambda item: (not item.current, item.name)) for group, people in found.items()}


def _group(document: Document, record: RecordEntry) -> str:
    if record["body"]["kind"] != "professional":
        return NETWORK
    return next(iter(_dossier_kinds(document, [record])), "adult")


def _dossier_kinds(document: Document, records: Iterable[RecordEntry], status: str = "") -> Iterator[str]:
    places = {(item["source"], item["dossier_id"]) for item in records}
    for item in document["dossiers"]:
        if (item["source"], item["dossier_id"]) in places and status in ("", item["status"]):
            yield item["kind"]


def _contact(document: Document, records: Sequence[RecordEntry], today: date) -> Contact:
    """Of several records the newest says how he is reached."""
    newest = max(records, key=lambda item: (item["recorded_at"], item["record_id"]))["body"]

    def said(name: str) -> str:
        return str(newest.get(name) or "")

    ends = [str(item["body"]["to_on"] or "") for item in records]
    until = None if "" in ends else max(ends)
    runs = any(_dossier_kinds(document, records, "open"))
    return Contact(
        name=said("name"),
        function=said("function"),
        role=said("role"),
        organisation=said("organisation"),
        unit=said("unit"),
        phone=said("phone"),
        email=said("email"),
        kind=said("kind"),
        sources=tuple(sorted({item["source"] for item in records})),
        until=until,
        current=runs and (until is None or until >= today.isoformat()),
    )
