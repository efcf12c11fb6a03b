"""Emergency accesses that await the judgement of a safety officer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from hub.desk import readmodel
from hub.desk.access import Action, Actor, known_of, may
from hub.desk.access.reach import TO_REVIEW, moment_text
from hub.desk.admission import Admission, Request
from hub.desk.readmodel import Asker
from hub.household.document_shape import DecisionEntry, Document

TO_REVIEW_LIMIT: Final = 200
"""Households in one list of emergency accesses to be reviewed; those that are reviewed make room."""


class ToReview(NamedTuple):
    """An emergency access that nobody has reviewed; when it ends or was ended, and whether it is over. `title`: of its
    household."""

    household_id: str
    title: str
    decision: DecisionEntry
    until: datetime
    over: bool


def to_review(admission: Admission, request: Request) -> list[ToReview]:
    """The emergency accesses that nobody has reviewed yet, the oldest first."""
    admission.refuse_early(request, Action.REVIEW_EMERGENCIES)
    found = _households(admission)
    admission.decide(request, Action.REVIEW_EMERGENCIES, shown=found)
    open_ones = [item for document in found for item in _of_household(admission, document)]
    return sorted(open_ones, key=lambda item: item.decision["decided_at"])


def count_to_review(admission: Admission, actor: Actor | None) -> int:
    """How many await the judgement of somebody; 0 for who judges none. Tells of no household, so it is no look."""
    if not may(actor, Action.REVIEW_EMERGENCIES).allowed:
        return 0
    return sum(1 for document in _households(admission) for _ in _of_household(admission, document))


def _households(admission: Admission) -> list[Document]:
    with admission.engine.connect() as connection:
        asker = Asker([TO_REVIEW], moment_text(admission.now()))
        homes = readmodel.reached(connection, asker, limit=TO_REVIEW_LIMIT)
        return list(readmodel.load_all(connection, homes).values())


def _of_household(admission: Admission, document: Document) -> Iterator[ToReview]:
    known = known_of(document, admission.now(), admission.rules)
    waiting = {item.decision_id: item for item in known.emergencies if not item.reviewed}
    for decision in document["decisions"]:
        if (found := waiting.get(decision["decision_id"])) is not None:
            yield ToReview(document["household_id"], document["title"], decision, found.until, found.until <= known.at)
