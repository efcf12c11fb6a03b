"""The codes of a request: states, laws, and what the codes of the national messages say. Words are the desk's.

Source: iJw and iWmo 3.2, code lists WJ001, WJ759, WJ760, JZ588, WMO588, JZ002, and standards 1.3 and 1.5.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

FURTHER: Final = {
    "concept": 0,
    "submitted": 1,
    "rejected_technically": 2,
    "received": 3,
    "under_investigation": 4,
    "rejected": 5,
    "granted": 5,
    "started": 6,
    "paused": 6,
    "ended": 7,
}
"""How far a request is in each state. Equally far: what happened last counts."""
FINISHED: Final = frozenset({"rejected", "ended"})
"""States after which nothing comes."""
LAW_OF_KIND: Final = {"youth": "jw", "adult": "wmo"}
"""By which law a team's dossier asks for help."""
NO_REMARK: Final = frozenset({"0200", "0233"})
"""Return codes that say nothing is wrong: no remark, not assessed (WJ001)."""
RESIDENCE: Final = "8"
"""Reason of rejection: another municipality is to pay, by the residence principle (WJ759)."""
WITHDRAWN: Final = "13"
"""Reason of change: the allocation is deleted (JZ002)."""


class Party(StrEnum):
    """Who has to act next."""

    TEAM = "team"
    MUNICIPALITY = "municipality"
    PROVIDER = "provider"
    NOBODY = "nobody"


class Duty(StrEnum):
    """What is owed, each with its clock (`clocks.py`)."""

    RETOUR = "retour"
    ANSWER = "answer"
    DECISION = "decision"
    RESIDENCE = "residence"
    START = "start"
    STOP = "stop"


NEXT: Final[dict[str, Party]] = {
    "concept": Party.TEAM,
    "submitted": Party.MUNICIPALITY,
    "rejected_technically": Party.TEAM,
    "received": Party.MUNICIPALITY,
    "under_investigation": Party.MUNICIPALITY,
    "rejected": Party.TEAM,
    "granted": Party.PROVIDER,
    "started": Party.PROVIDER,
    "paused": Party.PROVIDER,
    "ended": Party.NOBODY,
}
"""Who acts next in each state. A message that was rejected technically goes back to whoever sent it."""
