"""Attention points on the two plans, seen as one: they double or contradict each other on a life domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.events.ids import ref_of
from hub.events.records import RecordType
from hub.household.attention.facts import Facts, identity, raised
from hub.household.attention.point import AttentionPoint, Rule
from hub.household.days import local_day
from hub.household.document_shape import RecordEntry


def plans_double(facts: Facts) -> Iterator[AttentionPoint]:
    """Open goals of two or more sources on one life domain: who does what? Another goal there is a new matter.

    Source: Rotterdam's wijkteams, "1 huishouden, 1 plan, 1 regisseur": goals are agreed between the units."""
    for domain, goals in _by_domain(facts):
        working = [item for item in goals if _is_open(item)]
        sources = sorted({item["source"] for item in working})
        if len(sources) > 1:
            yield _raised(Rule.PLANS_DOUBLE, domain, working, working=sources, done=[])


def plans_contradict(facts: Facts) -> Iterator[AttentionPoint]:
    """One source still works on a life domain where another says that all is reached or stopped. Another goal there, or
    another status of one, is a new matter.

    Source: as `plans_double`. A closed dossier's goals are history and contradict nothing."""
    for domain, goals in _by_domain(facts):
        working = {item["source"] for item in goals if _is_open(item)}
        done = {item["source"] for item in goals} - working
        if working and done:
            yield _raised(Rule.PLANS_CONTRADICT, domain, goals, working=sorted(working), done=sorted(done))


def _is_open(goal: RecordEntry) -> bool:
    return goal["body"]["status"] == "open"


def _by_domain(facts: Facts) -> Iterator[tuple[str, list[RecordEntry]]]:
    goals = facts.running(RecordType.GOAL)
    for domain in sorted({str(item["body"]["life_domain"]) for item in goals}):
        yield domain, [item for item in goals if item["body"]["life_domain"] == domain]


def _raised(
    rule: Rule, domain: str, goals: Sequence[RecordEntry], *, working: Sequence[str], done: Sequence[str]
) -> AttentionPoint:
    """`since`: when the last of the goals was written down; only then could anybody see it."""
    statuses = [part for item in goals for part in (*identity(item), item["body"]["status"])]
    dossiers = sorted({ref_of(item) for item in goals})
    detail = {"life_domain": domain, "working": working, "done": done}
    since = max(local_day(item["recorded_at"]) for item in goals)
    return raised(rule, [domain, *statuses], dossiers, detail, since=since)
