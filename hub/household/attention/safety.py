"""The attention point that comes before all others: a signal about a child's safety."""

from __future__ import annotations

from collections.abc import Iterator

from hub.events.ids import ref_of
from hub.events.records import RecordType
from hub.household.attention.facts import Facts, identity, raised
from hub.household.attention.point import AttentionPoint, Rule
from hub.household.days import add_days, parse_day
from hub.household.document_shape import RecordEntry


def child_safety(facts: Facts) -> Iterator[AttentionPoint]:
    """A signal that a child may not be safe. Always on top, in closed households too, one point per signal.

    A source never says that a signal has been dealt with, so it stays in sight for a term (`child_safety_days`). A
    snooze does not hide it (`ALWAYS_SHOWN`): it stands beside it, so that whoever looks next sees both the signal and
    what a colleague said about it. Source: Wet verplichte meldcode huiselijk geweld en kindermishandeling: a signal is
    followed by steps; that nobody can put it out of sight is this hub's own rule."""
    for signal in signals_in_sight(facts):
        yield raised(
            Rule.CHILD_SAFETY,
            identity(signal),
            [ref_of(signal)],
            {name: signal["body"][name] for name in ("kind", "raised_by", "severity")},
            since=parse_day(signal["body"]["raised_on"]),
        )


def signals_in_sight(facts: Facts) -> list[RecordEntry]:
    """The child-safety signals of the term; one that is dated in the future too."""
    first = add_days(facts.today, -facts.terms.child_safety_days).isoformat()
    return [
        item
        for item in facts.records(RecordType.SIGNAL)
        if item["body"]["child_safety"] and str(item["body"]["raised_on"]) >= first
    ]
