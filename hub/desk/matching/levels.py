"""The comparisons: of each level of likeness how often it occurs in one person's records, and between two strangers'.

The weight of a level is log2(m/u), in bits: ten bits make "one person" a thousand times as likely as before (Fellegi
and Sunter, 1969). Each m and u holds for what both records state; what one of them does not state is no evidence.

They are constants and not learned: a weight that moves by itself cannot be explained to whoever reads it twice, and the
order of what a human sees hardly depends on them. `bench/` shows both: these, and the same levels with learned weights.
"""

from __future__ import annotations

from math import log2
from typing import Final, NamedTuple


class Level(NamedTuple):
    """One outcome of one comparison. `m`: its share among pairs of records of one person; `u`: of two strangers.
    `code`: names its words (`match.<code>`)."""

    code: str
    m: float
    u: float

    @property
    def bits(self) -> float:
        """What it adds to the score; negative speaks against."""
        return log2(self.m / self.u)


# Given names. The commonest (Mohamed, Jan) have a few per cent of the people, the whole list together repeats in 1 of
# 150 pairs. Clerks write the call name, an initial, or mistype one letter.
GIVEN_SAME: Final = Level("given_same", 0.75, 0.006)
GIVEN_SHARED: Final = Level("given_shared", 0.04, 0.002)
GIVEN_INITIAL: Final = Level("given_initial", 0.07, 0.05)
GIVEN_ALIKE: Final = Level("given_alike", 0.10, 0.008)
GIVEN_DIFFERENT: Final = Level("given_different", 0.04, 0.93)

# Family names. Jansen has half a per cent; pairs of one name are 1 in 300 among people of one town. Many women bear a
# second name, and one in twenty persons is under another name altogether in the other registration.
FAMILY_SAME: Final = Level("family_same", 0.75, 0.003)
FAMILY_PREFIX: Final = Level("family_prefix", 0.05, 0.0005)
FAMILY_ONE_OF_TWO: Final = Level("family_one_of_two", 0.07, 0.003)
FAMILY_ALIKE: Final = Level("family_alike", 0.08, 0.005)
FAMILY_DIFFERENT: Final = Level("family_different", 0.05, 0.99)

# Given and family name in each other's place: by chance as rare as two rare things together.
NAMES_SWAPPED: Final = Level("names_swapped", 0.02, 0.00002)

# Birth dates: some 30,000 days of people alive, 90 years, 12 months, 31 days.
BIRTH_SAME: Final = Level("birth_same", 0.88, 0.00004)
BIRTH_MONTH_FITS: Final = Level("birth_month_fits", 0.95, 0.001)
BIRTH_YEAR_FITS: Final = Level("birth_year_fits", 0.95, 0.014)
BIRTH_SWAPPED: Final = Level("birth_swapped", 0.01, 0.00003)
BIRTH_ONE_DIGIT: Final = Level("birth_one_digit", 0.05, 0.0012)
BIRTH_ONE_PART: Final = Level("birth_one_part", 0.02, 0.004)
BIRTH_DIFFERENT: Final = Level("birth_different", 0.02, 0.99)

# Gender: a wrong code is rare. "Other" is no evidence.
GENDER_SAME: Final = Level("gender_same", 0.985, 0.5)
GENDER_DIFFERENT: Final = Level("gender_different", 0.015, 0.5)

# Addresses. People move, and one registration knows it later, so another address says little. Who is at the same one
# is the same person or lives with him: u counts shelters and large families, not only chance. A street with all its
# numbers is one in 200.
ADDRESS_SAME: Final = Level("address_same", 0.60, 0.0003)
ADDRESS_MOSTLY: Final = Level("address_mostly", 0.30, 0.0001)
ADDRESS_NEARLY: Final = Level("address_nearly", 0.12, 0.0003)
ADDRESS_STREET: Final = Level("address_street", 0.06, 0.005)
ADDRESS_DIFFERENT: Final = Level("address_different", 0.20, 0.99)

# Another given name, but the same family name and address: these are no independent evidence then, for brothers,
# sisters and parents share both. They meet a thousand times as often as strangers who have both in common.
RELATIVE: Final = Level("relative", 0.001, 1.0)

# Two lines of one dossier: whoever wrote them meant two persons, but for a line entered twice.
ONE_DOSSIER: Final = Level("one_dossier", 0.01, 1.0)

ALL: Final = tuple(value for value in list(globals().values()) if isinstance(value, Level))
"""Every level there is."""
