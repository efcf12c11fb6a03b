"""By whom a household can be found: what `may` answers, as rows that a database can look up. Pure.

Only a preselection: whoever finds a household by it is still asked about by `may`. A property test holds the two
together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from hub.desk.access.facts import is_alarm, team_key, unreviewed
from hub.desk.access.roles import Actor, Role
from hub.events.decisions import DECISION
from hub.events.ids import DossierRef, ref_of
from hub.events.records import RecordType
from hub.household import direction
from hub.household.days import TIME_ZONE, parse_day
from hub.household.document_shape import Document

ALWAYS: Final = ""
NEVER_ENDS: Final = "9999"
"""Before and after every moment, as texts compare."""
SAFETY: Final = "role:safety_officer"
TO_REVIEW: Final = "review:emergency"
"""Households with an emergency access that nobody has reviewed."""
_NAMES: Final = 4096
"""Of so many teams and workers the key is remembered: of each household a dozen times the same few are asked."""
_NAMING: Final = frozenset({RecordType.INVOLVEMENT.value, RecordType.CASE_DIRECTION.value})


class Reach(NamedTuple):
    """That somebody (`grantee`: a team, a personnel number, a user, a role) has to do with a household, from a moment
    until before another: ISO texts in UTC, with microseconds."""

    grantee: str
    since: str
    until: str


def grantees_of(actor: Actor) -> tuple[str, ...]:
    """Under what names somebody finds his households."""
    own = (_user(actor.user),)
    if actor.role is Role.SAFETY_OFFICER:
        return (*own, SAFETY)
    teams = tuple(_team(team) for team in actor.teams if team.strip())
    replaced = tuple(_within(item.team, item.staff) for item in actor.replaces)
    return (*own, *teams, *((_staff(actor.staff),) if actor.staff else ()), *replaced)


def reach(document: Document) -> frozenset[Reach]:
    """By whom a household is found, now and on every later day on which nothing changes."""
    is_open = frozenset(ref_of(item) for item in document["dossiers"] if item["status"] == "open")
    by_record = (*_by_record(document, is_open), *_by_direction(document, is_open))
    return frozenset((*_by_dossier(document), *by_record, *_by_decision(document)))


def _by_direction(document: Document, open_dossiers: Collection[DossierRef]) -> Iterator[Reach]:
    """Of handovers that have been planned, each ends when the next begins."""
    teams = sorted({team_key(item["team"]) for item in document["dossiers"] if item["team"]})
    for record in direction.decided(document):
        body = record["body"]
        if ref_of(record) in open_dossiers:
            names = [_user(str(body["user"]))] if body.get("user") else []
            if body.get("staff"):
                names += [_staff(str(body["staff"])), *(_within(team, str(body["staff"])) for team in teams)]
            yield from (Reach(name, _start(body["from_on"]), _end(body["to_on"])) for name in names)


def moment_text(moment: datetime) -> str:
    """A moment as the rows have it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _by_dossier(document: Document) -> Iterator[Reach]:
    for dossier in document["dossiers"]:
        if (dossier["team"] or "").strip():
            yield Reach(_team(str(dossier["team"])), ALWAYS, NEVER_ENDS)


def _by_record(document: Document, open_dossiers: Collection[DossierRef]) -> Iterator[Reach]:
    teams = {ref_of(item): team_key(item["team"] or "") for item in document["dossiers"]}
    for record in document["records"]:
        if ref_of(record) not in open_dossiers:
            continue
        body = record["body"]
        if record["record_type"] in _NAMING and body.get("staff"):
            names = [_staff(str(body["staff"]))]
            names += [_within(teams[ref_of(record)], str(body["staff"]))] if teams[ref_of(record)] else []
            yield from (Reach(name, _start(body.get("from_on")), _end(body.get("to_on"))) for name in names)
        elif is_alarm(record):
            yield Reach(SAFETY, ALWAYS, NEVER_ENDS)


def _by_decision(document: Document) -> Iterator[Reach]:
    decisions = [item for item in document["records"] if item["record_type"] == DECISION]
    for record in decisions:
        said = record["body"].get("emergency") if record["body"]["kind"] == "emergency" else None
        if isinstance(said, dict):
            until = record["recorded_at"] if record["body"]["withdrawn"] else str(said["until"])
            yield Reach(_user(str(said["user"])), ALWAYS, moment_text(datetime.fromisoformat(until)))
            yield Reach(SAFETY, ALWAYS, NEVER_ENDS)
    if unreviewed(document):
        yield Reach(TO_REVIEW, ALWAYS, NEVER_ENDS)


def _user(user: str) -> str:
    return _key("user", user)


def _staff(staff: str) -> str:
    return _key("staff", staff)


def _within(team: str, staff: str) -> str:
    """Whoever stands in for a worker in a team. `team`: its `team_key`."""
    return _key("deputy", f"{team}\0{staff}")


def _team(team: str) -> str:
    return _key("team", team_key(team))


@lru_cache(maxsize=_NAMES)
def _key(kind: str, name: str) -> str:
    """Short, whatever a source writes: an index takes no long texts."""
    return f"{kind}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def _start(day: object) -> str:
    """The moment at which a day begins in the Netherlands."""
    found = parse_day(day)
    return ALWAYS if found is None or found.year <= date.min.year else moment_text(_midnight(found))


def _end(day: object) -> str:
    found = parse_day(day)
    return (
        NEVER_ENDS
        if found is None or found.year >= date.max.year
        else moment_text(_midnight(found + timedelta(days=1)))
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), TIME_ZONE)
