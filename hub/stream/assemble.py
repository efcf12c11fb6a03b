"""assemble: fold compositions and routed records into one view per household (protocol.md R6). State = output = the
views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.events.topics import HOUSEHOLD_COMPOSITIONS, HOUSEHOLD_RECORDS, VIEWS
from hub.household.view import (
    Entry,
    EntryKey,
    View,
    decode_view,
    empty_view,
    encode_view,
    entry_of_message,
    is_current,
    join,
    with_composition,
    with_entries,
)
from hub.stream.memo import Memo
from hub.stream.reading import readable
from hub.stream.stage import Output, Record, State


class Assemble:
    """The third stage. Both inputs in any order; every touched view is published once a list, with its final value."""

    name: Final = "assemble"
    inputs: Final = (HOUSEHOLD_COMPOSITIONS, HOUSEHOLD_RECORDS)
    changelog: Final = VIEWS
    guarded: Final = ()

    def __init__(self) -> None:
        self._views = Memo(decode_view)

    def handle(self, state: State, topic: str, records: Sequence[Record]) -> list[Output]:
        """See `Stage.handle`. The puts are the views; only dead letters are returned."""
        rejected: list[Output] = []
        if topic == HOUSEHOLD_COMPOSITIONS:
            self._compositions(state, records, rejected)
        else:
            self._records(state, records, rejected)
        return rejected

    def _compositions(self, state: State, records: Sequence[Record], rejected: list[Output]) -> None:
        arrived: dict[bytes, View] = {}
        for record, decoded in readable(
            self.name, HOUSEHOLD_COMPOSITIONS, records, ["households.composition"], rejected
        ):
            view = arrived.get(record.key) or self._view(state, record.key)
            arrived[record.key] = with_composition(view, record.value, decoded.value)
        for household, view in arrived.items():
            self._put(state, household, view)

    def _records(self, state: State, records: Sequence[Record], rejected: list[Output]) -> None:
        arrived: dict[bytes, dict[EntryKey, Entry]] = {}
        for record, decoded in readable(self.name, HOUSEHOLD_RECORDS, records, ["households.record"], rejected):
            key, entry = entry_of_message(record.value, decoded.value)
            entries = arrived.setdefault(record.key, {})
            if key not in entries or entry.rank > entries[key].rank:
                entries[key] = entry
        for household, entries in arrived.items():
            self._put(state, household, with_entries(self._view(state, household), entries))

    def _view(self, state: State, household: bytes) -> View:
        stored = state.get(household)
        return self._views.get(stored) if stored else empty_view(household.decode())

    def _put(self, state: State, household: bytes, view: View) -> None:
        message = encode_view(view)
        state.put(household, message)
        self._views.put(message, view)

    def merge(self, key: bytes, mine: bytes | None, seen: bytes) -> bytes:
        """See `Stage.merge`: the join of two views."""
        if mine is None or mine == seen:
            return seen
        other = decode_view(seen)
        joined = join(decode_view(mine), other)
        return seen if joined == other and is_current(seen) else encode_view(joined)

    def implied(self, key: bytes, value: bytes) -> list[Output]:
        """See `Stage.implied`: the view is the output."""
        return []

    def repair(self, state: State, topic: str, key: bytes, seen: bytes) -> bytes | None:
        """See `Stage.repair`: the only compacted output is the changelog."""
        return None
