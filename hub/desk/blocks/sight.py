"""Beside each block: who can see it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from hub.desk.access import Viewer

THAT: Final = ("directing", "members", "involved", "why", "dossiers", "freshness")
"""Blocks that say that help is given and by whom: for everybody who has to do with the household."""
WHAT: Final = ("attention", "goals", "scores", "requests", "cost", "timeline", "conflicts", "candidates")
"""Blocks that say what is known: of each dossier for those alone who see its content."""


class Seer(NamedTuple):
    """Somebody who sees the content of one or more dossiers. See `hub.desk.access.viewers.Viewer`."""

    why: str
    who: str
    ground: str
    until: str


class Sight(NamedTuple):
    """Who can see one block. `all_related`: everybody who has to do with the household; else these."""

    all_related: bool
    seers: tuple[Seer, ...] = ()


def sights(viewers: Sequence[Viewer]) -> dict[str, Sight]:
    """Per block."""
    found = (Seer(item["why"], item["who"], item["ground"], item["until"]) for item in viewers)
    seers = tuple(dict.fromkeys(found))
    return {block: Sight(True) for block in THAT} | {block: Sight(False, seers) for block in WHAT}
