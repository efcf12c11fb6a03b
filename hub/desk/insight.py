"""What is worked out of one household: each thing once, only if it is asked for, and not what was kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Final, cast

from hub.desk.access import Known, cut, cut_requests, known_of
from hub.desk.access.decide import Openings
from hub.desk.worked_out import WorkedOut
from hub.events.ids import DossierRef, ref_of
from hub.household.attention.facts import Facts
from hub.household.attention.point import AttentionPoint, Rule, Snoozed, SourceState
from hub.household.attention.points import of_household, with_sources
from hub.household.attention.terms import Terms
from hub.household.direction import DirectionEntry
from hub.household.document_shape import Document
from hub.household.requests.threads import MADE_OF, Thread, threads

_OF_ANYBODY: Final = frozenset(
    {
        Rule.NO_DIRECTOR,
        Rule.TWO_DIRECTORS,
        Rule.COMING_OF_AGE,
        Rule.REREGISTRATION,
        Rule.UNCONFIRMED_IDENTITY,
        Rule.SOURCE,
    }
)
"""Rules that tell nothing but who is a member, which dossiers there are, and who directs."""


@dataclass(frozen=True)
class Whole:
    """One household altogether today, to work things out by and never to show: what somebody may not see is not
    missing. Once for all who see a part of it. `sources`: those in trouble; `kept`: what was worked out of it
    before, on this day and by these terms."""

    document: Document
    today: date
    terms: Terms
    sources: tuple[SourceState, ...] = ()
    kept: WorkedOut | None = None

    @cached_property
    def known(self) -> Known:
        """What an access decision depends on, as the day begins: for what is told of a whole day."""
        return known_of(self.document, datetime.combine(self.today, time(), UTC))

    @cached_property
    def seen_by_anybody(self) -> Document:
        """What everybody sees of it who has to do with the household at all."""
        return cut(self.document, {})

    @cached_property
    def points(self) -> list[AttentionPoint]:
        """All that asks for attention."""
        return with_sources(self.worked_out.points, self._facts)

    def points_seen(self, seen: frozenset[DossierRef], threads: Iterable[Thread]) -> list[AttentionPoint]:
        """Of the points those that come from dossiers which are seen in full (`seen`), and those about requests that
        are seen in full, of `threads` as they are seen; what they tell of other dossiers is left out."""
        shown = {thread.key: thread for thread in threads}
        whole = {thread.key for thread in self.threads if thread == shown.get(thread.key)}
        return [
            _told(point, seen)
            for point in self.points
            if point.rule in _OF_ANYBODY or (point.thread in whole if point.thread else seen.issuperset(point.dossiers))
        ]

    @property
    def directions(self) -> list[DirectionEntry]:
        """All that is said of who directs."""
        return self._facts.directions

    @property
    def threads(self) -> list[Thread]:
        """All requests."""
        return self.worked_out.threads

    @cached_property
    def worked_out(self) -> WorkedOut:
        """What is kept for whoever reads the household later on the same day."""
        return self.kept or WorkedOut(of_household(self._facts), self._facts.threads)

    def threads_seen(self, openings: Openings) -> list[Thread]:
        """The requests that are seen by these openings: as `threads_in` what is cut by them, of which only that is put
        together here of which requests are made."""
        return self.threads_in(cut_requests(self.document, openings))

    def threads_in(self, shown: Document) -> list[Thread]:
        """The requests in a part of it. Whoever sees the same records of requests sees the same requests, which are put
        together once for all of them."""
        made_of = _made_of(shown)
        if made_of not in self._threads:
            self._threads[made_of] = shown, threads(shown, self.today, self.terms)
        return self._threads[made_of][1]

    @cached_property
    def _threads(self) -> dict[tuple[int, ...], tuple[Document, list[Thread]]]:
        """By what they are made of, with the document that holds that: as long as it lives, no id is another's."""
        return {_made_of(self.document): (self.document, self.threads)}

    @cached_property
    def _facts(self) -> Facts:
        return Facts(self.document, self.terms, self.sources, self.today)


@dataclass(frozen=True)
class Insight:
    """One household as one reader sees it (`document`)."""

    document: Document
    whole: Whole

    @cached_property
    def points(self) -> list[AttentionPoint]:
        """What asks for attention, as far as the reader may see what it comes from."""
        seen = frozenset(ref_of(item) for item in self.document["access"] if item["content"] == "all")
        return self.whole.points_seen(seen, self.threads)

    @cached_property
    def threads(self) -> list[Thread]:
        """The requests that he sees."""
        return self.whole.threads_in(self.document)


def _made_of(document: Document) -> tuple[int, ...]:
    """The very records and dossiers of messages that its requests are made of: a cut leaves them out or as they are."""
    records = (id(item) for item in document["records"] if item["record_type"] in MADE_OF)
    return *records, *map(id, document["message_dossiers"])


def _told(point: AttentionPoint, seen: Collection[DossierRef]) -> AttentionPoint:
    if "still_open" in point.detail:
        still_open = cast(list[Mapping[str, str]], point.detail["still_open"])
        kept = [item for item in still_open if ref_of(item) in seen]
        point = replace(point, detail={**point.detail, "still_open": kept})
    return point if point.dossiers[0] in seen else replace(point, snooze=_unsaid(point.snooze))


def _unsaid(snooze: Snoozed | None) -> Snoozed | None:
    """Why somebody put it off is content."""
    return snooze._replace(why="") if snooze else None
