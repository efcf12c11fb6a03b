"""Beside each block: who can see it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from hub.desk.access import Viewer

THAT: Final = ("directing", "members", "involved", "openings", "why", "dossiers", "freshness")
"""Blocks that say that help is given and by whom: for everybody who has to do with the household."""
WHAT: Final = ("attention", "goals", "scores", "requests", "cost", "timeline", "conflicts", "candidates")
"""Blocks that say what is known: of each dossier for those alone who see its content."""
THAT_FIRST: Final = ("director", "involved-now", "blind")
WHAT_FIRST: Final = ("stuck",)
"""The same, of the first screen."""


class Seer(NamedTuple):
    """Somebody who sees the content of these dossiers (their numbers). See `hub.desk.access.viewers.Viewer`."""

    why: str
    who: str
    ground: str
    until: str
    dossiers: tuple[str, ...]


class Sight(NamedTuple):
    """Who can see one block. `all_related`: everybody who has to do with the household; else these."""

    all_related: bool
    seers: tuple[Seer, ...] = ()


def sights(viewers: Sequence[Viewer]) -> dict[str, Sight]:
    """Per block."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for item in viewers:
        found.setdefault((item["why"], item["who"], item["ground"], item["until"]), []).append(item["dossier_id"])
    seers = tuple(Seer(*who, tuple(dict.fromkeys(dossiers))) for who, dossiers in found.items())
    that = {block: Sight(True) for block in (*THAT, *THAT_FIRST)}
    return that | {block: Sight(False, seers) for block in (*WHAT, *WHAT_FIRST)}
