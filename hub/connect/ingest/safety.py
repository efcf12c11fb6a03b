"""What waits for nothing, not even while a connector is held because too many of its records are unreadable:
child-safety signals. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from hub.events.records import Composition, Draft, Signal


def is_child_safety(draft: Draft) -> bool:
    """Whether it is a signal about the safety of a child."""
    return isinstance(draft.body, Signal) and draft.body.child_safety


class SafetyLane:
    """Lets child-safety signals through, and with each the composition of its dossier: without that nobody sees it.

    Keeps the newest composition of every dossier that it has seen, in memory, for as long as the hold lasts."""

    def __init__(self) -> None:
        self._compositions: dict[str, Draft] = {}
        self._signalled: set[str] = set()

    def pass_on(self, drafts: Iterable[Draft]) -> list[Draft]:
        """Those that may go on, compositions before what needs them; the rest waits for the connector to go on."""
        passed: list[Draft] = []
        for draft in drafts:
            if isinstance(draft.body, Composition):
                self._compositions[draft.dossier_id] = draft
            elif is_child_safety(draft):
                self._signalled.add(draft.dossier_id)
                passed.append(draft)
        known = self._signalled & self._compositions.keys()
        return [*(self._compositions.pop(dossier) for dossier in sorted(known)), *passed]
