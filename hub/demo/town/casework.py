"""Events in the daily work on a dossier. Each returns False when no dossier is fit for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from hub.demo.town import content
from hub.demo.town.changes import MENSCENTRAAL, ZCD
from hub.demo.town.life import Life
from hub.demo.town.people import Home

_KEPT: Final = 8
"""Records of one type in a dossier; above it the oldest is removed, so that a town can live for ever."""


def opens_dossier(life: Life) -> bool:
    """A dossier of somebody who has none in that source: a re-registration, or a brother or sister."""

    def without(home: Home, source: str) -> bool:
        known = life.clerk.of_clients(home.residents)
        people = home.children() if source == ZCD else home.adults()
        return bool(people) and sum(dossier.source == source for dossier in known) < min(2, len(people))

    source = life.random.choice((ZCD, MENSCENTRAAL))
    home = life.pick(life.settlers.homes, lambda home: not home.shelter and without(home, source))
    if home is None:
        return False
    people = home.children() if source == ZCD else home.adults()
    clients = [dossier.client for dossier in life.clerk.of_clients(people)]
    life.clerk.open_dossier(source, life.random.choice([p for p in people if p not in clients] or people))
    return True


def closes_dossier(life: Life) -> bool:
    """The help ends. No more than about a third of the dossiers is closed at any time."""
    known = [dossier for dossier in life.clerk.dossiers if not dossier.deleted]
    if sum(dossier.closed is not None for dossier in known) * 3 > len(known):
        return False
    dossier = life.pick_dossier()
    if dossier is None:
        return False
    dossier.closed = life.clerk.today
    life.clerk.save(dossier)
    return True


def reopens_dossier(life: Life) -> bool:
    """The help was ended too soon: the same dossier goes on."""
    dossier = life.pick(life.clerk.dossiers, lambda d: d.closed is not None and not d.deleted)
    if dossier is None:
        return False
    dossier.closed = None
    life.clerk.refresh(dossier)
    return True


def catches_up(life: Life) -> bool:
    """What was left for later is written down; more of it when there is a lot."""
    due = len(life.backlog) // 20 + 1
    dossiers, life.backlog = life.backlog[:due], life.backlog[due:]
    for dossier in dossiers:
        if dossier.open:
            life.clerk.refresh(dossier)
    return bool(dossiers)


def request_proceeds(life: Life) -> bool:
    """A request for specialist help goes a step further."""
    found = life.pick_record(lambda r: r.type == "support_request" and str(r.facts["state"]) in content.NEXT_STATES)
    if found is None or not content.proceed(found[1].facts, life.random, life.clerk.today):
        return False
    life.clerk.save_record(*found)
    return True


def goal_proceeds(life: Life) -> bool:
    """A goal is reached, given up, or evaluated later."""
    found = life.pick_record(lambda record: record.type == "goal" and record.facts["status"] == "open")
    if found is None:
        return False
    facts = found[1].facts
    facts["status"] = life.random.choice(("open", "achieved", "achieved", "stopped"))
    if facts["status"] == "open":
        facts["evaluation_on"] = (life.clerk.today + timedelta(days=90)).isoformat()
    life.clerk.save_record(*found)
    return True


def director_hands_over(life: Life) -> bool:
    """Another case director takes over."""
    found = life.pick_record(lambda record: record.type == "case_direction" and record.facts["to_on"] is None)
    if found is None:
        return False
    dossier, record = found
    record.facts["to_on"] = life.clerk.today.isoformat()
    life.clerk.save_record(dossier, record)
    return adds_record(life, "case_direction", dossier.id)


def adds_record(life: Life, kind: str, dossier_id: str | None = None) -> bool:
    """Something new is written down; what is oldest goes when there is too much of it."""
    dossier = life.pick_dossier(lambda dossier: dossier_id in (None, dossier.id))
    if dossier is None:
        return False
    life.clerk.add_record(dossier, kind)
    if len(dossier.of_type(kind)) > _KEPT:
        life.clerk.delete_record(dossier, dossier.of_type(kind)[0])
        life.exercised.deletions += 1
    return True


def adding(kind: str) -> Callable[[Life], bool]:
    """The event that adds a record of this type."""
    return lambda life: adds_record(life, kind)
