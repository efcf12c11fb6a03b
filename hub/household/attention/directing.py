"""Attention points on who directs: 1 household, 1 plan, 1 director."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from hub.events.ids import ref_of
from hub.household.attention.facts import Facts, closed_day, raised
from hub.household.attention.point import AttentionPoint, Rule
from hub.household.days import add_days, parse_day
from hub.household.direction import written_name


def no_director(facts: Facts) -> Iterator[AttentionPoint]:
    """Dossiers run and none of them says who directs today. A new matter each time that direction ends.

    Source: Rotterdam's wijkteams, "1 huishouden, 1 plan, 1 regisseur": a household has exactly one director."""
    if not facts.open_dossiers or any(entry.current for entry in facts.directions):
        return
    since = _undirected_since(facts)
    yield raised(Rule.NO_DIRECTOR, [since], facts.open_refs, since=since)


def _undirected_since(facts: Facts) -> date | None:
    """The first day on which nobody directs any more; not before the oldest running dossier was opened.

    A direction ends after its last day, and on the day on which its dossier is closed."""
    opened = parse_day(facts.open_dossiers[0]["opened_on"])
    closed = {ref_of(item): closed_day(item) for item in facts.dossiers}
    ends = []
    for entry in facts.directions:
        last = parse_day(entry.record["body"]["to_on"])
        stated = (add_days(last, 1) if last else None, closed.get(ref_of(entry.record)))
        known = [day for day in stated if day is not None and day <= facts.today]
        ends += [min(known)] if known else []
    return max([day for day in (opened, *ends) if day is not None], default=None)


def two_directors(facts: Facts) -> Iterator[AttentionPoint]:
    """Running dossiers name different directors for today. A third one, or another time, is a new matter.

    Source: as `no_director`. However often a source writes one name, it is one director."""
    written: dict[str, str] = {}
    starts: dict[str, date] = {}
    for entry in facts.directions:
        name = written_name(entry)
        same = name.casefold()
        if entry.current:
            written[same] = min(name, written.get(same, name))
            start = parse_day(entry.record["body"]["from_on"]) or date.min
            starts[same] = min(start, starts.get(same, start))
    if len(written) > 1:
        since = sorted(starts.values())[1]
        names = [written[same] for same in sorted(written)]
        yield raised(Rule.TWO_DIRECTORS, [since, *sorted(written)], facts.open_refs, {"directors": names}, since=since)
