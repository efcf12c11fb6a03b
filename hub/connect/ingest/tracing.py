"""Which changes are traced: of each source one now and then, for somebody to follow, at no cost to speak of.

A traced message is a list of its own in every stage, and each stage says a line about it: for every change that would
be too much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.connect.ingest.index import Entry
from hub.connect.ingest.publisher import Message
from hub.events.ids import RecordRef, event_id
from hub.events.trace import HEADER, traceparent


class Tracing:
    """Of one source; used by the thread of its engine. `seconds` between two traced changes; 0: none is traced."""

    def __init__(self, source: str, seconds: float, monotonic: Callable[[], float]) -> None:
        self._source = source
        self._seconds = seconds
        self._monotonic = monotonic
        self._next_at = monotonic()

    def mark(self, messages: list[Message], entries: Sequence[Entry]) -> str:
        """Mark the last of the events, which come first among the messages, if it is time for one. Gives its event id;
        empty if none is marked."""
        if not entries or not self._seconds or self._monotonic() < self._next_at:
            return ""
        self._next_at = self._monotonic() + self._seconds
        place = len(entries) - 1
        record, known = entries[place]
        marked = event_id(RecordRef(self._source, known.dossier_id, *record), known.order)
        message = messages[place]
        messages[place] = message._replace(headers=(*message.headers, (HEADER, traceparent(marked))))
        return marked
