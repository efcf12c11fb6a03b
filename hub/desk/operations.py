"""What operations staff read of the flow: its sources, and what could not be read of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from hub.desk import readmodel, unreadable
from hub.desk.access import Action, may
from hub.desk.admission import Admission, Request
from hub.desk.unreadable import DeadLetterRow, LetterRow, Letters
from hub.ops.orders import Kept

DEAD_LETTER_LIMIT: Final = 100
SILENT_SECONDS: Final = 60.0
"""A connector reports every few seconds; after this long it is not late but gone."""
_NEVER_REPORTED: Final[dict[str, Any]] = {
    "connector": None,
    "state": "none",
    "polled_at": None,
    "reported_at": None,
    "position": None,
    "newest_recorded_at": None,
    "published": None,
    "rejected": None,
    "message": None,
    "source_epoch": None,
    "completeness": None,
    "caught_up_at": None,
}
"""Status of a source that has dead letters and no heartbeat."""


class Source(NamedTuple):
    """One source. Times ISO; `silent`: its connector has stopped reporting, whatever state it reported last; one that
    never reported is not silent, its state is `none`;
    `seconds_since_poll` None: never reached;
    `dead_letters` None for those who may not see them."""

    status: dict[str, Any]
    silent: bool
    seconds_since_poll: float | None
    dead_letters: int | None


class LettersPage(NamedTuple):
    """Some unreadable records out of so many; `reasons`: all that they have."""

    total: int
    letters: list[LetterRow]
    reasons: list[str]


def sources(admission: Admission, request: Request) -> list[Source]:
    """State and freshness of each source, as seen now; for those who may see dead letters also each that has
    nothing but those (`hub`: what the stages could not read)."""
    admission.decide(request, Action.READ_SOURCES)
    counts_allowed = may(request.actor, Action.READ_DEAD_LETTERS).allowed
    with admission.connect() as connection:
        statuses = readmodel.source_statuses(connection)
        counts = unreadable.dead_letter_counts(connection)
    now = admission.now()
    found = [
        Source(
            status,
            _seconds(status["reported_at"], now) > SILENT_SECONDS,
            _seconds(status["polled_at"], now) if status["polled_at"] else None,
            counts.pop(status["source"], 0) if counts_allowed else None,
        )
        for status in statuses
    ]
    unreported = sorted(counts.items()) if counts_allowed else []
    return found + [Source(_NEVER_REPORTED | {"source": name}, False, None, n) for name, n in unreported]


def dead_letters(admission: Admission, request: Request) -> list[DeadLetterRow]:
    """The last unreadable records: where and why, never what stood in them."""
    admission.decide(request, Action.READ_DEAD_LETTERS)
    with admission.connect() as connection:
        return unreadable.newest_dead_letters(connection, DEAD_LETTER_LIMIT)


def enter_console(admission: Admission, request: Request, action: Action, *, again: bool = False) -> None:
    """Ask whether somebody may see how the flow is, or act on it. `again`: a page that is open asks once more, of
    which no line is left but a refusal: nobody's data are shown."""
    if again:
        admission.refuse_early(request, action)
    else:
        admission.decide(request, action)


def letters(
    admission: Admission, request: Request, wanted: Letters, *, page: int = 1, page_size: int = 50
) -> LettersPage:
    """A page of the unreadable records that are open, the newest first: where and why, never what stood in them."""
    admission.decide(request, Action.READ_DEAD_LETTERS)
    with admission.connect() as connection:
        found = unreadable.open_letters(connection, wanted, skip=(page - 1) * page_size, limit=page_size)
        counts = unreadable.count_letters(connection, wanted)
        return LettersPage(sum(counts.values()), found, sorted(counts))


def kept_letters(admission: Admission, request: Request, wanted: Letters) -> list[Kept]:
    """The same with what is kept of them, sealed, to be dealt with."""
    admission.decide(request, Action.OPERATE)
    with admission.connect() as connection:
        return unreadable.kept_letters(connection, wanted)


def _seconds(since: str, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(since)).total_seconds())
