"""What was wrong lately, and is over or not: remembered from look to look by whoever looks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from hub.ops.picture import Picture
from hub.ops.status import Finding

REMEMBERED: Final = timedelta(hours=24)
"""What ended before is left to the log and to Prometheus."""
LARGEST: Final = 50
"""So many at most: what flaps is one entry, so more are more sources than a screen shows."""


class Past(NamedTuple):
    """One kind of trouble of one part, as it was said last. `since`: when it began, the last time of so many `times`;
    `until` None: it goes on."""

    finding: Finding
    since: datetime
    until: datetime | None = None
    times: int = 1

    @property
    def what(self) -> tuple[str, str]:
        """Where it is, and of which kind."""
        return self.finding.where, self.finding.kind


def remembered(before: Iterable[Past], shown: Picture) -> tuple[Past, ...]:
    """With what one more look says, newest first. A look that did not see the log ends nothing: the rest is unknown."""
    now = {(item.where, item.kind): item for item in shown.findings}
    known = {past.what: past for past in before}
    found = [_seen(known.get(what), finding, shown.at) for what, finding in now.items()]
    is_blind = shown.workers is None
    found += [_unseen(past, shown.at, is_blind) for what, past in known.items() if what not in now]
    kept = [past for past in found if past.until is None or shown.at - past.until <= REMEMBERED]
    return tuple(sorted(kept, key=lambda past: (past.until or shown.at, past.since), reverse=True)[:LARGEST])


def _seen(past: Past | None, finding: Finding, at: datetime) -> Past:
    if past is None:
        return Past(finding, at)
    if past.until is None:
        return past._replace(finding=finding)
    return Past(finding, at, None, past.times + 1)


def _unseen(past: Past, at: datetime, is_blind: bool) -> Past:
    return past if past.until is not None or is_blind else past._replace(until=at)
