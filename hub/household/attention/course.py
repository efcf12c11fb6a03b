"""Attention points on how the help goes: no-shows, a return after closing, and what is ready to be closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hub.events.ids import DossierRef, ref_of
from hub.events.records import RecordType
from hub.household.attention.facts import Facts, closed_day, identity, raised
from hub.household.attention.point import AttentionPoint, Rule
from hub.household.attention.safety import signals_in_sight
from hub.household.days import add_days, add_months, local_day, parse_day

FINISHED: Final = frozenset({"rejected", "ended"})
"""States of a request after which nothing comes."""


def no_shows(facts: Facts) -> Iterator[AttentionPoint]:
    """So many no-shows within the last so many days, over all dossiers that run. One more is a new matter.

    Source: this hub's design: a family that drops out is noticed; what is often, the municipality says."""
    first = add_days(facts.today, -facts.terms.no_show_days)
    missed = [
        (day, item)
        for item in facts.running(RecordType.CONTACT)
        if item["body"]["kind"] == "no_show"
        and (day := parse_day(item["body"]["held_on"])) is not None
        and first <= day <= facts.today
    ]
    if len(missed) >= facts.terms.no_shows:
        newest = max(missed, key=lambda found: (found[0], identity(found[1])))[1]
        dossiers = sorted({ref_of(item) for _, item in missed})
        since = min(day for day, _ in missed)
        yield raised(Rule.NO_SHOWS, identity(newest), dossiers, {"number": len(missed)}, since=since)


def reregistration(facts: Facts) -> Iterator[AttentionPoint]:
    """A dossier was opened within a year after all help to this household had ended. Until that dossier closes.

    Opened on the day of closing counts; opened while another dossier ran does not.
    Source: Rotterdam's wijkteams: closed households come back; who comes back soon was let go too soon."""
    for dossier in facts.open_dossiers:
        opened = parse_day(dossier["opened_on"])
        before = [item for item in facts.dossiers if item["opened_on"] < dossier["opened_on"]]
        ended = [day for item in before if (day := closed_day(item)) is not None]
        if opened is None or not before or len(ended) < len(before):
            continue
        closed = max(ended)
        if closed <= opened <= add_months(closed, facts.terms.reregistration_months):
            last = [ref_of(item) for item in before if closed_day(item) == closed]
            detail = {"closed_on": closed.isoformat()}
            dossiers = [ref_of(dossier), *last]
            yield raised(Rule.REREGISTRATION, [*ref_of(dossier), opened], dossiers, detail, since=opened)


def ready_to_close(facts: Facts) -> Iterator[AttentionPoint]:
    """A dossier has goals and none of them is open: it can be closed, or needs new ones. `still_open`: what else is to
    be settled first, each with the dossier that says so. Other goals are a new matter.

    Source: this hub's design: help stops when its goals are reached."""
    for ref in facts.open_refs:
        goals = [item for item in facts.running(RecordType.GOAL) if ref_of(item) == ref]
        if goals and all(item["body"]["status"] != "open" for item in goals):
            key = [part for item in goals for part in (item["record_id"], item["body"]["status"])]
            still_open = [*_requests(facts, ref), *_goals_elsewhere(facts), *_signals(facts)]
            since = max(local_day(item["recorded_at"]) for item in goals)
            yield raised(Rule.READY_TO_CLOSE, [*ref, *key], [ref], {"still_open": still_open}, since=since)


def _requests(facts: Facts, ref: DossierRef) -> Iterator[dict[str, object]]:
    for item in facts.running(RecordType.SUPPORT_REQUEST):
        if ref_of(item) == ref and item["body"]["state"] not in FINISHED:
            asked = {"product": item["body"]["product"], "state": item["body"]["state"]}
            yield {"kind": "request", **ref._asdict(), **asked}


def _goals_elsewhere(facts: Facts) -> Iterator[dict[str, object]]:
    """Open goals in the other dossiers (this one has none): it is one plan."""
    for other in facts.open_refs:
        goals = [item for item in facts.running(RecordType.GOAL) if ref_of(item) == other]
        number = sum(item["body"]["status"] == "open" for item in goals)
        if number:
            yield {"kind": "goals", **other._asdict(), "number": number}


def _signals(facts: Facts) -> Iterator[dict[str, object]]:
    for item in signals_in_sight(facts):
        yield {"kind": "child_safety", **ref_of(item)._asdict(), "on": item["body"]["raised_on"]}
