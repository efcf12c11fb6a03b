"""The lines of a page of the list, each as its reader sees it. Whether he may see a household, and what of it, is
decided anew for every page; what follows from that is worked out once, for as long as it would come out the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Final, NamedTuple, cast

import orjson
from sqlalchemy import Connection

from hub.desk import readmodel
from hub.desk.access import Action, Actor, Household, cut, may
from hub.desk.access.decide import Openings
from hub.desk.caseload.case import Line, case_of
from hub.desk.insight import Insight, Whole
from hub.desk.precedence import give_way
from hub.desk.reading import Reading
from hub.household.attention.terms import Terms
from hub.household.document_shape import Document

REMEMBERED: Final = 30_000
"""Lines that are remembered, those of the households shown last, some fifteen kilobytes each: a day's work of a
thousand people. Of more than that each is worked out again whenever it is shown."""
_Seen = tuple[object, ...]
"""What somebody sees of a household: the openings, as something that can be looked up."""


class Kept(NamedTuple):
    """A line as JSON, and how a page says it, by language and by whether it is news to its reader: shared by all who
    see the same. Packed, for what is remembered is looked through for garbage object by object (`hub.desk.pauses`)."""

    packed: bytes
    said: dict[tuple[str, bool], str]

    @property
    def line(self) -> Line:
        """The line."""
        return cast(Line, orjson.loads(self.packed))


class _Remembered(NamedTuple):
    """Of one household as it is: what a decision on it depends on, and its line for each who sees something else."""

    about: Household
    lines: dict[_Seen, Kept]


@dataclass(eq=False)
class Lines:
    """The lines of one desk. All that a line depends on is either part of what it is looked up by (the household's
    content, its id included, by its digest; what is seen of it), or is the day: on the first page of another day
    everything is forgotten; or the terms, which are those of the process. How a page says it depends on nothing else
    but what that is looked up by. In memory only, and of what has changed for as long as the rest."""

    reading: Reading
    terms: Terms
    today: Callable[[], date]
    _remembered: OrderedDict[tuple[str, date], _Remembered] = field(default_factory=OrderedDict)
    _kept: int = 0
    _lock: Lock = field(default_factory=Lock)

    def of(self, connection: Connection, actor: Actor | None, homes: Collection[str]) -> dict[str, Kept]:
        """The lines of those of these households that somebody may see, by id."""
        today, found, left = self.today(), dict[str, Kept](), list[str]()
        self._forget_but(today)
        for home, digest in readmodel.digests(connection, homes).items():
            known = self._known(digest, today)
            openings = self._openings(actor, known.about) if known else None
            if known and openings is None:
                continue
            kept = known.lines.get(_seen(openings)) if known and openings is not None else None
            if kept is None:
                left.append(home)
            else:
                found[home] = kept
        for digest, document in readmodel.load_digested(connection, left):
            kept = self._made(actor, digest, document, today)
            if kept is not None:
                found[document["household_id"]] = kept
        return found

    def _made(self, actor: Actor | None, digest: str, document: Document, today: date) -> Kept | None:
        """The line of a household that was read; None if somebody may not see it."""
        give_way()
        about = self.reading.facts(document["household_id"], document)
        openings = self._openings(actor, about)
        if openings is None:
            return None
        kept = Kept(orjson.dumps(line_of(cut(document, openings), document, today, self.terms)), {})
        self._remember(digest, today, about, {_seen(openings): kept})
        return kept

    def _openings(self, actor: Actor | None, about: Household) -> Openings | None:
        """What somebody may see of a household now; None: not even that it is there."""
        assert about.known is not None  # it was read
        now = about._replace(known=about.known._replace(at=self.reading.now()))
        decision = may(actor, Action.READ_HOUSEHOLD, now)
        return decision.openings if decision.allowed else None

    def _known(self, digest: str, today: date) -> _Remembered | None:
        with self._lock:
            found = self._remembered.get((digest, today))
            if found is not None:
                self._remembered.move_to_end((digest, today))
            return found

    def _forget_but(self, today: date) -> None:
        with self._lock:
            if self._remembered and next(reversed(self._remembered))[1] != today:
                self._remembered.clear()
                self._kept = 0

    def _remember(self, digest: str, today: date, about: Household, lines: Mapping[_Seen, Kept]) -> None:
        if about.known is None or about.known.today != today:  # midnight has just passed
            return
        with self._lock:
            known = self._remembered.setdefault((digest, today), _Remembered(about, {}))
            self._kept += len(lines.keys() - known.lines.keys())
            known.lines.update(lines)
            while self._kept > REMEMBERED:
                _, oldest = self._remembered.popitem(last=False)
                self._kept -= len(oldest.lines)


def line_of(shown: Document, whole: Document, today: date, terms: Terms) -> Line:
    """The line of a household of which somebody sees `shown`."""
    insight = Insight(shown, Whole(whole, today, terms))
    return case_of(shown, insight.points, insight.threads, today).line


def _seen(openings: Openings) -> _Seen:
    return tuple(openings.items())
