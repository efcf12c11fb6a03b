"""All attention points of one household on one day. Pure: the day, the terms and the state of the sources come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from hub.household.attention import certainty, course, deadlines, directing, plans, safety
from hub.household.attention.facts import Facts
from hub.household.attention.point import AttentionPoint, Rule, SourceState, in_order
from hub.household.attention.snoozing import snoozes
from hub.household.attention.terms import Terms
from hub.household.document_shape import Document

RULES: Final[dict[Rule, Callable[[Facts], Iterator[AttentionPoint]]]] = {
    Rule.CHILD_SAFETY: safety.child_safety,
    Rule.NO_DIRECTOR: directing.no_director,
    Rule.TWO_DIRECTORS: directing.two_directors,
    Rule.REQUEST_OVERDUE: deadlines.request_overdue,
    Rule.EVALUATION_OVERDUE: deadlines.evaluation_overdue,
    Rule.AFTERCARE_OVERDUE: deadlines.aftercare_overdue,
    Rule.ADULT_TERM: deadlines.adult_term,
    Rule.COMING_OF_AGE: deadlines.coming_of_age,
    Rule.NO_SHOWS: course.no_shows,
    Rule.PLANS_CONTRADICT: plans.plans_contradict,
    Rule.PLANS_DOUBLE: plans.plans_double,
    Rule.REREGISTRATION: course.reregistration,
    Rule.READY_TO_CLOSE: course.ready_to_close,
    Rule.UNCONFIRMED_IDENTITY: certainty.unconfirmed_identity,
    Rule.SOURCE: certainty.source,
}
"""Every rule, with where it comes from in its docstring; hub/docs/attention.md lists them."""
_OF_ITSELF: Final = [finds for rule, finds in RULES.items() if rule is not Rule.SOURCE]


def attention_points(
    document: Document, today: date, terms: Terms, sources: Iterable[SourceState] = ()
) -> list[AttentionPoint]:
    """What asks for attention, most pressing first; what is put off among it, marked (`hidden`).

    The order of dossiers, records and sources in the input makes no difference. Raises nothing: what a source wrote
    that is no day counts as not stated. A document without dossiers has no points."""
    facts = Facts(document, terms, tuple(sources), today)
    return with_sources(of_household(facts), facts)


def of_household(facts: Facts) -> list[AttentionPoint]:
    """What a household itself asks attention for, whatever its sources do: the same all day, until it changes."""
    return in_order(_with_snoozes((point for finds in _OF_ITSELF for point in finds(facts)), facts))


def with_sources(known: list[AttentionPoint], facts: Facts) -> list[AttentionPoint]:
    """Together with what its sources ask attention for. `known`: as `of_household`."""
    return in_order([*known, *_with_snoozes(RULES[Rule.SOURCE](facts), facts)]) if facts.sources else known


def _with_snoozes(found: Iterable[AttentionPoint], facts: Facts) -> list[AttentionPoint]:
    if not facts.document["dossiers"]:
        return []
    put_off = snoozes(facts.document, facts.today)
    snoozed = ((point, put_off.get((point.rule.value, point.point))) for point in found)
    return [replace(point, snooze=snooze) if snooze else point for point, snooze in snoozed]
