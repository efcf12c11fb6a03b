"""What an attention point is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from hub.events.ids import DossierRef


class Rule(StrEnum):
    """Why something asks for attention. The order is that of equally urgent points."""

    CHILD_SAFETY = "child_safety"
    NO_DIRECTOR = "no_director"
    TWO_DIRECTORS = "two_directors"
    REQUEST_OVERDUE = "request_overdue"
    EVALUATION_OVERDUE = "evaluation_overdue"
    AFTERCARE_OVERDUE = "aftercare_overdue"
    ADULT_TERM = "adult_term"
    COMING_OF_AGE = "coming_of_age"
    NO_SHOWS = "no_shows"
    PLANS_CONTRADICT = "plans_contradict"
    PLANS_DOUBLE = "plans_double"
    REREGISTRATION = "reregistration"
    READY_TO_CLOSE = "ready_to_close"
    UNCONFIRMED_IDENTITY = "unconfirmed_identity"
    SOURCE = "source"


class Severity(StrEnum):
    """How much it presses, from most to least. HIGH: act today. MEDIUM: act. LOW: know."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


ALWAYS_SHOWN: Final = frozenset({Rule.CHILD_SAFETY})
"""Rules whose points a snooze does not hide: it stands beside them, as what somebody has said about it."""


class SourceTrouble(StrEnum):
    """Why a source may hold more than is shown. SILENT: its connector does not report. STALE: it reports, but could not
    read the source. INCOMPLETE: some records could not be read."""

    SILENT = "silent"
    STALE = "stale"
    INCOMPLETE = "incomplete"


class SourceState(NamedTuple):
    """A source in trouble. `since`: ISO time of the last good read or report (INCOMPLETE: of the last unreadable
    record); None: there never was one."""

    source: str
    trouble: SourceTrouble
    since: str | None


class Snoozed(NamedTuple):
    """That a person put a point off: until and including which day, who, and why."""

    until: date
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class AttentionPoint:
    """One matter that asks for attention today.

    `point`: key of the matter within its rule: equal for as long as it is the same matter, another for a new one, so
    that a snooze hides this one only. `since`: from when it is one, as far as is known. `due`: its deadline, which may
    have passed. `dossiers`: never empty; a snooze is recorded on the first. `persons`: person keys. `detail`:
    JSON-ready values for the words; its `case` tells apart what one rule says in different words. `thread`: key of the
    request that it is about and of which alone it tells; empty if it is about none.
    """

    rule: Rule
    point: str
    severity: Severity
    since: date | None
    due: date | None
    dossiers: tuple[DossierRef, ...]
    sources: tuple[str, ...]
    persons: tuple[str, ...] = ()
    detail: Mapping[str, object] = field(default_factory=dict)
    snooze: Snoozed | None = None
    thread: str = ""

    @property
    def hidden(self) -> bool:
        """Whether it is put off today, and so stands apart."""
        return self.snooze is not None and not self.always_shown

    @property
    def always_shown(self) -> bool:
        """Whether nobody can put it off."""
        return self.rule in ALWAYS_SHOWN


def key_of(*parts: object) -> str:
    """Key of a matter out of what makes it the matter it is: 20 hex digits. Another way of making keys would show every
    snoozed point again."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:20]


_SEVERITIES: Final = {severity: number for number, severity in enumerate(Severity)}
_RULES: Final = {rule: number for number, rule in enumerate(Rule)}


def in_order(points: Iterable[AttentionPoint]) -> list[AttentionPoint]:
    """Child safety first, then by severity, deadline, age and rule. The same for any order of arrival."""
    return sorted(
        points,
        key=lambda item: (
            item.rule is not Rule.CHILD_SAFETY,
            _SEVERITIES[item.severity],
            item.due or date.max,
            item.since or date.max,
            _RULES[item.rule],
            item.point,
        ),
    )
