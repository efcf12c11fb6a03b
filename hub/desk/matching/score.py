"""The score of two records: the sum of what its findings weigh, in bits. Symmetric, and the same in any order."""

from __future__ import annotations

from math import fsum
from typing import Final, NamedTuple

from hub.desk.matching import compare, levels
from hub.desk.matching.compare import Finding
from hub.desk.matching.prepared import Prepared

SHOWN: Final = 8.0
"""Bits from which a pair is shown: 250 times as likely as before one looked. Below it is hardly more than chance; above
it a human judges, for a link that is missed hides somebody."""
FAIR: Final = 12.0
STRONG: Final = 18.0
"""Bits from which a pair is called fair or strong: among 2^18 persons, 18 bits make it as likely as not that a pair is
one person."""

_SAME_HOME: Final = frozenset({levels.ADDRESS_SAME, levels.ADDRESS_MOSTLY, levels.ADDRESS_NEARLY})
_SAME_FAMILY: Final = frozenset(
    {levels.FAMILY_SAME, levels.FAMILY_PREFIX, levels.FAMILY_ONE_OF_TWO, levels.FAMILY_ALIKE}
)


class Score(NamedTuple):
    """The sum and what it is made of, the weightiest first."""

    bits: float
    findings: tuple[Finding, ...]

    @property
    def speaking_for(self) -> list[Finding]:
        """What speaks for one person."""
        return [item for item in self.findings if item.level.bits > 0]

    @property
    def speaking_against(self) -> list[Finding]:
        """What speaks against."""
        return [item for item in self.findings if item.level.bits < 0]

    @property
    def strength(self) -> str:
        """In a word: strong, fair or weak."""
        return "strong" if self.bits >= STRONG else "fair" if self.bits >= FAIR else "weak"


def score(one: Prepared, other: Prepared) -> Score:
    """Compare two records."""
    found = [
        *compare.names(one, other),
        *compare.birth(one, other),
        *compare.gender(one, other),
        *compare.address(one, other),
    ]
    found += _apart({item.level for item in found}, one, other)
    ordered = sorted(found, key=lambda item: (-abs(item.level.bits), item.level.code))
    return Score(fsum(item.level.bits for item in ordered), tuple(ordered))


def _apart(found: set[levels.Level], one: Prepared, other: Prepared) -> list[Finding]:
    """What makes two people of two records that share much."""
    relatives = levels.GIVEN_DIFFERENT in found and found & _SAME_HOME and found & _SAME_FAMILY
    return [
        *([Finding(levels.RELATIVE)] if relatives else []),
        *([Finding(levels.ONE_DOSSIER)] if one.dossiers & other.dossiers else []),
    ]
