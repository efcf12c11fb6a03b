"""Requests of many households together: how long they take, and where they lie. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from statistics import median
from typing import NamedTuple

from hub.household.requests.codes import FINISHED
from hub.household.requests.threads import Thread


class Overview(NamedTuple):
    """`open`: requests that are not at their end, per state; `waiting_for`: per party that has to act; `late`: how many
    are past a day that is due. `days_to_decision`: the median of calendar days from request to decision, of those that
    are decided; None if none is. `decided`: of how many that is."""

    open: Mapping[str, int]
    waiting_for: Mapping[str, int]
    late: int
    decided: int
    days_to_decision: float | None


def overview(threads: Iterable[Thread], since: date = date.min) -> Overview:
    """Of the requests that were made since a day."""
    found = [thread for thread in threads if thread.submitted_on >= since and thread.state != "concept"]
    running = [thread for thread in found if thread.state not in FINISHED]
    days = [(item.decision.on - item.submitted_on).days for item in found if item.decision is not None]
    return Overview(
        open=dict(sorted(Counter(thread.state for thread in running).items())),
        waiting_for=dict(sorted(Counter(thread.next_party.value for thread in running).items())),
        late=sum(thread.late for thread in running),
        decided=len(days),
        days_to_decision=median(days) if days else None,
    )
