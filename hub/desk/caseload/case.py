"""What the list says of one household, on one day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple, TypedDict

from hub.desk import digest
from hub.desk.access import Actor
from hub.desk.blocks.glance import Stuck, most_pressing, stuck
from hub.events.ids import ref_of
from hub.household.attention.point import AttentionPoint, Rule, Severity
from hub.household.direction import DirectionEntry, directions, written_name
from hub.household.document_shape import Document
from hub.household.requests.threads import Thread

NOTHING: Final = 9
"""Rank of a household in which nothing asks for attention."""
URGENT: Final = 1
"""The last rank of what must be done today."""
_RANKS: Final = {Severity.HIGH: 1, Severity.MEDIUM: 2, Severity.LOW: 3}


class Matter(TypedDict):
    """Something that waits in a household: a point of attention (`rule`) or a request (`request`). Days ISO.
    `persons`: names; `party`, `who`, `units`: who must act."""

    rule: str
    severity: str
    since: str
    due: str
    detail: dict[str, object]
    persons: list[str]
    sources: list[str]
    request: dict[str, object] | None
    party: str
    who: list[str]
    units: list[str]


class Director(TypedDict):
    """Who directs. `phone` may be empty. `who`: what he is known by, as in `case_people`: his personnel number if a
    source states it, else his user name, else his name."""

    name: str
    phone: str
    who: str


class Line(TypedDict):
    """What is shown of a household. `persons`: keys of its members, for the log of looks. `units`: that help now.
    `matters`: everything that waits, the most pressing first; in the table only that one."""

    title: str
    status: str
    members: list[str]
    persons: list[str]
    dossiers: list[list[str]]
    directors: list[Director]
    units: list[str]
    points: int
    child_safety: bool
    differences: int
    matters: list[Matter]


class TeamPart(NamedTuple):
    """What a household is for one team. See `hub.desk.tables.case_teams`."""

    team: str
    unit: str
    waiting_since: str
    past_since: str


class Urgency(NamedTuple):
    """By what a line is sorted and narrowed: how much the first matter presses, how many points are open, the days of
    that matter (ISO, "" for none), and which rules say something."""

    rank: int
    points: int
    due: str
    since: str
    rules: list[str]


class Case(NamedTuple):
    """A line and by what it is sorted and narrowed."""

    line: Line
    urgency: Urgency


def case_of(document: Document, every: Iterable[AttentionPoint], threads: Iterable[Thread], today: date) -> Case:
    """The line of a household. `document`: as its reader sees it; `every`: the points that he sees, hidden ones too;
    `threads`: the requests that he sees."""
    points, asked = [point for point in every if not point.hidden], list(threads)
    directing = [entry for entry in directions(document, today) if entry.current]
    names = list(dict.fromkeys(map(written_name, directing)))
    return Case(
        line=_line(document, points, directing, stuck(document, points, names, asked)),
        urgency=urgency_of(points, asked),
    )


def people_of(directing: Iterable[DirectionEntry]) -> list[str]:
    """Who directs a household today, as in `hub.desk.tables.case_people`, sorted. `directing`: all that is said of that
    in the whole household."""
    return sorted({key for entry in directing if entry.current for key in _keys_of(entry)})


def teams_of(document: Document, every: Iterable[AttentionPoint]) -> list[TeamPart]:
    """What a household is for each team that has an open dossier in it. `document`, `every`: the whole one, and all
    its points, hidden ones too."""
    return list(_team_parts(document, [point for point in every if not point.hidden]))


def urgency_of(every: Iterable[AttentionPoint], threads: Iterable[Thread]) -> Urgency:
    """That of a line; `every` and `threads` as of `case_of`."""
    points = [point for point in every if not point.hidden]
    first = most_pressing(points, threads)
    child_safety = any(point.rule is Rule.CHILD_SAFETY for point in points)
    return Urgency(
        rank=0 if child_safety else _RANKS[first.severity] if first else NOTHING,
        points=len(points),
        due=_iso(first.due) if first else "",
        since=_iso(first.since) if first else "",
        rules=sorted({point.rule.value for point in points}),
    )


def said_rules(rules: Iterable[str]) -> str:
    """Rules in one text, in which each is found by what this gives of it alone."""
    return f" {'  '.join(rules)} "


def keys_of(actor: Actor) -> list[str]:
    """By what somebody is known as a director: his user name, his personnel number, his name; and the number of each
    for whom he stands in."""
    found = (("user", actor.user), ("staff", actor.staff), ("name", " ".join(actor.name.casefold().split())))
    return [f"{kind}:{value}" for kind, value in found if value] + [f"staff:{item.staff}" for item in actor.replaces]


def _keys_of(entry: DirectionEntry) -> Iterator[str]:
    """A name counts only where nothing better is known."""
    body = entry.record["body"]
    sure = [f"{kind}:{body[kind]}" for kind in ("user", "staff") if body.get(kind)]
    yield from sure or [f"name:{written_name(entry).casefold()}"]


def _line(
    document: Document, points: list[AttentionPoint], directing: Iterable[DirectionEntry], waits: Iterable[Stuck]
) -> Line:
    open_dossiers = [item for item in document["dossiers"] if item["status"] == "open"]
    return Line(
        title=document["title"],
        status=document["status"],
        members=[digest.display_name(member) or "" for member in document["members"]],
        persons=sorted(member["person_key"] for member in document["members"]),
        dossiers=[[item["source"], item["dossier_id"]] for item in document["dossiers"]],
        directors=_directors(directing),
        units=sorted({item["kind"] for item in open_dossiers}),
        points=len(points),
        child_safety=any(point.rule is Rule.CHILD_SAFETY for point in points),
        differences=len(document["conflicts"]),
        matters=_matters(waits, document),
    )


def _directors(directing: Iterable[DirectionEntry]) -> list[Director]:
    """Each name once: what two sources say of one name in a household is of one person."""
    found: dict[str, Director] = {}
    for entry in sorted(directing, key=lambda entry: not entry.record["body"].get("staff")):
        name, phone = written_name(entry), str(entry.record["body"].get("phone") or "")
        who = min(_keys_of(entry))  # of "name:", "staff:" and "user:"; a name never stands beside the others
        known = found.setdefault(name.casefold(), Director(name=name, phone=phone, who=who))
        known["phone"] = known["phone"] or phone
    return list(found.values())


def _matters(waits: Iterable[Stuck], document: Document) -> list[Matter]:
    known = {person["person_key"]: digest.display_name(person) or "" for person in digest.persons(document)}
    return [_matter(item, known) for item in waits]


def _matter(item: Stuck, known: Mapping[str, str]) -> Matter:
    point, request = item.point, item.request
    return Matter(
        rule=point.rule.value if point else "",
        severity=item.severity.value,
        since=_iso(item.since),
        due=_iso(item.due),
        detail=dict(point.detail) if point else {},
        persons=[known.get(key, "") for key in point.persons] if point else [],
        sources=list(point.sources) if point else [],
        request=_request(request) if request else None,
        party=item.who.party.value,
        who=list(item.who.names),
        units=list(item.who.units),
    )


def _request(thread: Thread) -> dict[str, object]:
    product = thread.product or thread.product_code
    return {"product": product, "state": thread.state, "submitted_on": thread.submitted_on.isoformat()}


def _team_parts(document: Document, points: Iterable[AttentionPoint]) -> Iterator[TeamPart]:
    past = {ref: _iso(point.due) for point in points if _is_past_term(point) for ref in point.dossiers}
    by_team: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for item in document["dossiers"]:
        if item["status"] == "open" and item["team"]:
            waits = item["received_on"] if item["received_on"] and not item["first_contact_on"] else None
            late = past.get(ref_of(item), "")
            by_team.setdefault((item["team"], item["kind"]), []).append((waits or "", late))
    for place, found in sorted(by_team.items()):
        yield TeamPart(*place, *(min((day for day in days if day), default="") for days in zip(*found, strict=True)))


def _is_past_term(point: AttentionPoint) -> bool:
    return point.rule is Rule.ADULT_TERM and point.detail["case"] == "past"


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
