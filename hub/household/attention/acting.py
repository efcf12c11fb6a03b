"""Who must act on what asks for attention. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from hub.household.attention.point import AttentionPoint, Rule
from hub.household.document_shape import Document


class Party(StrEnum):
    """Who can be waited for. TEAM: the unit that works on a dossier. OPERATIONS: who looks after the sources."""

    DIRECTOR = "director"
    TEAM = "team"
    MUNICIPALITY = "municipality"
    PROVIDER = "provider"
    OPERATIONS = "operations"


class Acting(NamedTuple):
    """Somebody who must act. `names`: as far as they are known. `units`: of a TEAM, each `youth` or `adult`."""

    party: Party
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


_PARTIES: Final = {
    Rule.NO_DIRECTOR: Party.TEAM,
    Rule.REQUEST_OVERDUE: Party.MUNICIPALITY,
    Rule.EVALUATION_OVERDUE: Party.TEAM,
    Rule.ADULT_TERM: Party.TEAM,
    Rule.READY_TO_CLOSE: Party.TEAM,
    Rule.UNCONFIRMED_IDENTITY: Party.TEAM,
    Rule.SOURCE: Party.OPERATIONS,
}
"""Whose move it is; of every other rule the case director's. Source: this hub's design: who directs, acts, unless only
somebody else can: the municipality owes an answer, a unit keeps its own dossier."""


_OF_PROVIDER: Final = frozenset({"not_started", "not_stopped"})
"""Cases of a request past its day in which the provider owes a message."""


def acting(point: AttentionPoint, document: Document, directors: Sequence[str]) -> Acting:
    """Who must act on a point; where the director should and there is none, the units that work on its dossiers."""
    party = Party.PROVIDER if point.detail.get("case") in _OF_PROVIDER else _PARTIES.get(point.rule, Party.DIRECTOR)
    if party is Party.DIRECTOR and directors:
        return Acting(party, tuple(directors))
    if party in (Party.DIRECTOR, Party.TEAM):
        return Acting(Party.TEAM, units=units_of(document, point))
    return Acting(party)


def units_of(document: Document, point: AttentionPoint) -> tuple[str, ...]:
    """The units of a point's dossiers, sorted, each once."""
    kinds = {(item["source"], item["dossier_id"]): item["kind"] for item in document["dossiers"]}
    return tuple(sorted({kinds[ref] for ref in point.dossiers if ref in kinds}))
