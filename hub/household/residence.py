"""Where a person lives, from everything that is stated now (design.md section 5, rule 2).

Winners are derived each time, never stored: a retraction restores the statement before it.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.household.dossier import Dossier, Line


def winning_address(person: str, dossiers: Iterable[Dossier]) -> str | None:
    """Key of the address where the person lives; None: no open dossier states a known one.

    What a human decided beats what is stated; then the latest `stated_at` wins, then (source, dossier, version, line).
    Equal keys agree. An unknown address never wins.
    """
    stated = [
        ((line.decided_at, line.stated_at, *dossier.ref, dossier.order.version, line.line), line.address)
        for dossier in dossiers
        if dossier.is_open
        for line in statements(person, dossier)
        if line.address is not None
    ]
    if len(stated) == 1:
        return stated[0][1]
    return max(stated)[1] if stated else None


def statements(person: str, dossier: Dossier) -> list[Line]:
    """The lines of a dossier that say this person lives there."""
    return [line for line in dossier.lines if line.person == person and line.lives_here]


def agrees(line: Line, winner: str | None) -> bool:
    """Whether a statement agrees with the winning address. An unknown address agrees with any."""
    return winner is None or line.address is None or line.address == winner
