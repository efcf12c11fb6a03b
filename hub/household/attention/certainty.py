"""Attention points on what the view itself is worth: sources in trouble, persons without a valid number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from hub.events.ids import ref_of
from hub.household.attention.facts import Facts, dossiers_of, raised
from hub.household.attention.point import AttentionPoint, Rule, Severity, SourceTrouble
from hub.household.days import local_day, parse_day
from hub.household.document_shape import Person


def source(facts: Facts) -> Iterator[AttentionPoint]:
    """A source is silent, stale or incomplete, so that the view may miss something. Trouble of another day is a new
    matter. Low where this household has no dossier in it (there may be one by now), and where only some records could
    not be read: that they are this household's is rare.

    Source: this hub's design: what is not known is said, for a missed link hides a child."""
    for state in facts.sources:
        since = local_day(state.since) if state.since else None
        own = [ref_of(item) for item in facts.dossiers if item["source"] == state.source]
        point = raised(
            Rule.SOURCE,
            [state.source, state.trouble.value, since],
            own or [ref_of(item) for item in facts.dossiers],
            {"case": state.trouble.value if since else "never"},
            since=since,
            severity=None if own and state.trouble is not SourceTrouble.INCOMPLETE else Severity.LOW,
        )
        yield replace(point, sources=(state.source,))


def unconfirmed_identity(facts: Facts) -> Iterator[AttentionPoint]:
    """A member has no valid BSN, so that the machine does not link him and another dossier of his may be missing.

    Only while dossiers run. Since the oldest that is stated of him now; where nothing is, since the first of his
    dossiers was opened. Source: Jeugdwet 7.2.2 and 7.2.4: the BSN is established at the first contact."""
    for person in facts.document["members"] if facts.open_dossiers else ():
        if not person["confirmed"]:
            yield raised(
                Rule.UNCONFIRMED_IDENTITY,
                [person["person_key"]],
                dossiers_of(person),
                {"reason": person["unconfirmed_reason"]},
                since=_stated_since(person, facts),
                persons=[person["person_key"]],
            )


def _stated_since(person: Person, facts: Facts) -> date | None:
    stated = [value["stated_at"] for field in person["fields"].values() for value in field["values"]]
    opened = [parse_day(item["opened_on"]) for item in facts.dossiers if ref_of(item) in dossiers_of(person)]
    return local_day(min(stated)) if stated else min((day for day in opened if day), default=None)
