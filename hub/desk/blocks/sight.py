"""Beside each block: who can see it, and why. What `may` answers today, per block."""

from __future__ import annotations

from typing import Final, NamedTuple

from hub.desk.access import Action, Actor, Household, Role, may

BLOCKS: Final = {
    "attention": Action.READ_HOUSEHOLD,
    "directing": Action.READ_HOUSEHOLD,
    "members": Action.READ_HOUSEHOLD,
    "involved": Action.READ_HOUSEHOLD,
    "goals": Action.READ_HOUSEHOLD,
    "scores": Action.READ_HOUSEHOLD,
    "requests": Action.READ_HOUSEHOLD,
    "cost": Action.READ_HOUSEHOLD,
    "timeline": Action.READ_HOUSEHOLD,
    "conflicts": Action.READ_HOUSEHOLD,
    "why": Action.READ_HOUSEHOLD,
    "candidates": Action.READ_CANDIDATES,
    "dossiers": Action.READ_HOUSEHOLD,
    "freshness": Action.READ_HOUSEHOLD,
}
"""By which decision each block of the page is shown, in the order of the page."""


class Sight(NamedTuple):
    """Who can see one block. `ground`: of the one who looks now; empty if he may not, and then it is not there."""

    allowed: bool
    reason: str
    ground: str
    roles: tuple[str, ...]


def sights(actor: Actor | None, about: Household) -> dict[str, Sight]:
    """Per block."""
    return {block: _sight(actor, action, about) for block, action in BLOCKS.items()}


def _sight(actor: Actor | None, action: Action, about: Household) -> Sight:
    decision = may(actor, action, about)
    roles = tuple(role.value for role in Role if may(Actor("", role), action, about).allowed)
    return Sight(decision.allowed, decision.reason, decision.ground, roles)
