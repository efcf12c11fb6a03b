"""Which requests for specialist help wait for somebody: for whom, since when, until when. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from hub.household.attention.acting import Acting, Party
from hub.household.requests import codes
from hub.household.requests.threads import Thread

_AT_REST: Final = codes.FINISHED | {"started"}
"""States in which nothing is waited for unless a clock runs."""
_UNITS: Final = {law: kind for kind, law in codes.LAW_OF_KIND.items()}


class Waiting(NamedTuple):
    """A request that waits. `due`: the last day for what is owed; None where no clock runs."""

    thread: Thread
    who: Acting
    since: date
    due: date | None


def waiting(threads: Iterable[Thread]) -> list[Waiting]:
    """Of a household's requests those that wait within their time (one that is late is a point of attention), the
    nearest day first."""
    found = [
        Waiting(thread, _who(thread), thread.since, thread.next_due)
        for thread in threads
        if not thread.late and (thread.next_due is not None or thread.state not in _AT_REST)
    ]
    return sorted(found, key=lambda item: (item.due or date.max, item.since, item.thread.key))


def _who(thread: Thread) -> Acting:
    party = Party(thread.next_party.value)
    names = (thread.provider,) if party is Party.PROVIDER and thread.provider else ()
    units = (_UNITS[thread.law],) if party is Party.TEAM and thread.law in _UNITS else ()
    return Acting(party, names, units)
