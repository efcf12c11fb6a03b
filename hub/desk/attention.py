"""What asks for attention, on the site's day and by the municipality's terms: as it was kept, or worked out anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hub.desk import readmodel, worked_out
from hub.desk.insight import Insight, Whole
from hub.desk.precedence import give_way
from hub.desk.reading import Seen
from hub.desk.site import Site
from hub.desk.surroundings import Around
from hub.events.moments import text_of
from hub.household.attention.point import AttentionPoint, Rule, SourceState, SourceTrouble
from hub.household.attention.terms import Terms
from hub.household.document_shape import Document


class Summary(NamedTuple):
    """What a list tells of a household: how many points are open (none that is put off, and none that concerns a whole
    source: that would be the same in every row), and whether one is about a child's safety."""

    open: int
    child_safety: bool


def of_household(site: Site, seen: Seen) -> Insight:
    """What is worked out of a household that somebody reads; part of that look, so it writes no look of its own."""
    troubles = source_troubles(site.reading.around, seen.document, site.terms, site.now().astimezone(UTC))
    today = site.today()
    kept = worked_out.read(seen.kept, site.attending.stamp_of(today))
    return Insight(seen.document, Whole(seen.whole, today, site.terms, tuple(troubles), kept))


def summaries(site: Site, documents: Iterable[Document]) -> dict[str, Summary]:
    """Household id to summary, for a page of the list."""
    seen = {document["household_id"]: document for document in documents}
    with site.reading.connect() as connection:
        whole = readmodel.load_all(connection, seen)
    return {home: _summary(site, document, whole.get(home)) for home, document in seen.items()}


def _summary(site: Site, document: Document, whole: Document | None) -> Summary:
    give_way()
    points = Insight(document, Whole(whole, site.today(), site.terms)).points if whole else []
    shown = [point for point in points if not point.hidden]
    return Summary(len(shown), any(point.rule is Rule.CHILD_SAFETY for point in shown))


def source_troubles(around: Around, document: Document, terms: Terms, now: datetime) -> list[SourceState]:
    """The sources that may hold more than is shown; also one that has a dossier here and never reported. `now`: UTC."""
    oldest = text_of(now - timedelta(minutes=terms.source_stale_minutes))
    statuses = {str(item["source"]): item for item in around.statuses}
    here = {item["source"] for item in document["dossiers"]}
    return [
        *(SourceState(source, SourceTrouble.SILENT, None) for source in sorted(here - statuses.keys())),
        *_unread(statuses, oldest),
        *_incomplete(around, text_of(now - timedelta(days=terms.source_incomplete_days))),
    ]


def _unread(statuses: Mapping[str, Mapping[str, str | None]], oldest: str) -> Iterator[SourceState]:
    for source, status in sorted(statuses.items()):
        reported, polled = str(status["reported_at"]), status["polled_at"]
        if reported < oldest:
            yield SourceState(source, SourceTrouble.SILENT, reported)
        elif polled is None or polled < oldest:
            yield SourceState(source, SourceTrouble.STALE, polled)


def _incomplete(around: Around, oldest: str) -> Iterator[SourceState]:
    """That something could not be read, never how much or what: that is for operations."""
    for source, failed_at in sorted(around.last_dead_letters.items()):
        if failed_at >= oldest:
            yield SourceState(source, SourceTrouble.INCOMPLETE, failed_at)


def answer(points: Iterable[AttentionPoint]) -> list[dict[str, object]]:
    """The points as the API gives them."""
    return [
        {
            "rule": point.rule,
            "point": point.point,
            "severity": point.severity,
            "since": point.since,
            "due": point.due,
            "sources": point.sources,
            "dossiers": [ref._asdict() for ref in point.dossiers],
            "persons": point.persons,
            "detail": point.detail,
            "snooze": point.snooze._asdict() if point.snooze else None,
            "hidden": point.hidden,
        }
        for point in points
    ]
