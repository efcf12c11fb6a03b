"""The one plan: the goals of all sources side by side, with where they double or contradict each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hub.desk import digest
from hub.household.attention.point import AttentionPoint, Rule
from hub.household.document_shape import Document, RecordEntry

_MARKS = {Rule.PLANS_DOUBLE, Rule.PLANS_CONTRADICT}


class PlanRow(NamedTuple):
    """One life domain. `marks`: what is said of its goals together; a mark that was put off stays."""

    domain: str
    by_source: dict[str, list[RecordEntry]]
    marks: list[AttentionPoint]


def plan(document: Document, points: Iterable[AttentionPoint]) -> list[PlanRow]:
    """A row per life domain that has goals, in the order of the page."""
    marks = [point for point in points if point.rule in _MARKS]
    return [
        PlanRow(row.domain, row.by_source, [point for point in marks if point.detail["life_domain"] == row.domain])
        for row in digest.goals_by_domain(document)
    ]
