"""Emergency accesses that await the judgement of a safety officer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from hub.desk import readmodel
from hub.desk.access import Action, Actor, may
from hub.desk.access.facts import unreviewed
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
    now = admission.now()
    open_ones = [item for document in found for item in _of_household(document, now)]
    return sorted(open_ones, key=lambda item: item.decision["decided_at"])


def count_to_review(admission: Admission, actor: Actor | None) -> int:
    """How many await the judgement of somebody; 0 for who judges none. Tells of no household, so it is no look."""
    if not may(actor, Action.REVIEW_EMERGENCIES).allowed:
        return 0
    with admission.connect() as connection:
        return readmodel.count_to_review(connection)


def _households(admission: Admission) -> list[Document]:
    with admission.connect() as connection:
        asker = Asker([TO_REVIEW], moment_text(admission.now()))
        homes = readmodel.reached(connection, asker, limit=TO_REVIEW_LIMIT)
        return list(readmodel.load_all(connection, homes).values())


def _of_household(document: Document, now: datetime) -> Iterator[ToReview]:
    waiting = unreviewed(document)
    for decision in document["decisions"]:
        if (found := waiting.get(decision["decision_id"])) is not None:
            yield ToReview(document["household_id"], document["title"], decision, found.until, found.until <= now)
