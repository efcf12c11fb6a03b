"""Legal grounds, relations, and what a ground opens of a dossier. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Ground(StrEnum):
    """On what somebody may see what is known of a person.

    JEUGDWET_7_4_0, WMO_5_1_1: Youth Act article 7.4.0 and Social Support Act article 5.1.1, processing needed for the
    help itself. TOESTEMMING: the person agreed that the other unit sees it. VITAAL_BELANG: an emergency. WAMS: the act
    on manifold problems; off unless a municipality says that it is in force (`Rules.wams`). INZAGE: GDPR article 15 and
    Youth Act article 7.3.10, the person's own right to see it. WISSING: GDPR article 17 and Youth Act article 7.3.9,
    his right to have it erased.
    """

    JEUGDWET_7_4_0 = "JEUGDWET_7_4_0"
    WMO_5_1_1 = "WMO_5_1_1"
    TOESTEMMING = "TOESTEMMING"
    VITAAL_BELANG = "VITAAL_BELANG"
    WAMS = "WAMS"
    INZAGE = "AVG_15 JEUGDWET_7_3_10"
    WISSING = "AVG_17 JEUGDWET_7_3_9"


OF_KIND: Final = {"youth": Ground.JEUGDWET_7_4_0, "adult": Ground.WMO_5_1_1}
"""The ground of the help itself, by the kind of dossier."""
OWN: Final = frozenset(OF_KIND.values())
"""Grounds of one's own work: on no other may a dossier be shown on."""


class Relation(StrEnum):
    """What ties somebody to a dossier. TEAM: it is his team's. NAMED: it names him as involved, today. DIRECTS: he
    directs the case, according to a source or by a decision in the hub. DEPUTY: he stands in for somebody of the
    dossier's team who is named or directs, and has that relation too. EMERGENCY: he broke the glass, and it is not
    over. SAFETY: a safety officer's, where a child's safety is at stake or somebody broke the glass."""

    TEAM = "team"
    NAMED = "named"
    DIRECTS = "directs"
    DEPUTY = "deputy"
    EMERGENCY = "emergency"
    SAFETY = "safety"


class Opening(NamedTuple):
    """What somebody may see of one dossier: of `person` (None: of everybody in it), in these life `domains` (None: all,
    and what has none), on what ground, and by which relation or consent (`why`)."""

    ground: Ground
    why: str
    person: str | None = None
    domains: frozenset[str] | None = None

    @property
    def whole(self) -> bool:
        """Whether it shows the dossier, not only a part of it."""
        return self.person is None and self.domains is None
