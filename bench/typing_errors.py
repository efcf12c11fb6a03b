"""How a second registration writes down the same person: what clerks mistype, leave out, swap, or know later.

Rates are guesses on the bad side of what registrations show; they are the same for every seed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from random import Random
from typing import Final

from hub.desk.matching.record import Address, Name, Record

_NEXT_KEYS: Final = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi",
    "v": "cb", "w": "qe", "y": "tu", "z": "x",
}  # fmt: skip
OTHER_NAMES: Final = ("Jansen", "de Boer", "van Vliet", "Peters", "Hendriks", "van der Wal", "Willems", "Koning")
"""Partners' names."""


def mistype(text: str, random: Random) -> str:
    """One slip of the fingers: a letter too many, too few, next to the right one, or two in the wrong order."""
    if len(text) < 3:
        return text
    at = random.randrange(1, len(text) - 1)
    before, here, after = text[:at], text[at], text[at + 1 :]
    return random.choice(
        (
            f"{before}{after}",
            f"{before}{here}{here}{after}",
            f"{before}{after[0]}{here}{after[1:]}",
            f"{before}{random.choice(_NEXT_KEYS.get(here.lower(), here))}{after}",
        )
    )


def _plain(text: str) -> str:
    """Without accents."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _given(given: str, random: Random) -> str:
    drawn = random.random()
    if drawn < 0.08:
        return f"{given[0]}."
    if drawn < 0.12:
        return f"{given} {random.choice(('Maria', 'Johannes', 'A.', 'Jan'))}"
    return mistype(given, random) if drawn < 0.18 else given


def _name(name: Name, gender: str, adult: bool, random: Random) -> Name:
    given, prefix, family = name.given or "", name.prefix, name.family or ""
    if random.random() < 0.4:
        given, family = _plain(given), _plain(family)
    if random.random() < 0.3:
        given, family = (text.replace("ij", "y") for text in (given, family))
    if random.random() < 0.05:
        family = mistype(family, random)
    if prefix and random.random() < 0.15:
        prefix = None
    elif prefix and random.random() < 0.15:
        prefix, family = None, f"{prefix} {family}"
    if adult and gender == "female" and random.random() < 0.25:
        prefix, family = None, _married(" ".join(part for part in (prefix, family) if part), random)
    swapped = random.random() < 0.005
    return Name(family, prefix, given) if swapped else Name(_given(given, random), prefix, family)


def _married(own: str, random: Random) -> str:
    other = random.choice(OTHER_NAMES)
    return random.choice((f"{other}-{own}", f"{own} - {other}", f"{other} e/v {own}", other))


def _born(date: str, random: Random) -> str | None:
    year, month, day = date.split("-")
    drawn = random.random()
    if drawn < 0.04:
        return None
    if drawn < 0.07:
        return random.choice((year, f"{year}-{month}"))
    if drawn < 0.09 and int(day) <= 12:
        return f"{year}-{day}-{month}"
    if drawn < 0.11:
        return random.choice((f"{int(year) + 1}-{month}-{day}", f"{year}-{month}-{int(day) % 28 + 1:02}"))
    return date


def _address(address: Address, elsewhere: Callable[[], Address], random: Random) -> Address | None:
    drawn = random.random()
    if drawn < 0.03:
        return None
    if drawn < 0.15:
        return elsewhere()
    if drawn < 0.19:
        return address._replace(suffix=None)
    return address._replace(number=str(random.randint(1, 300))) if drawn < 0.21 else address


def written_again(record: Record, adult: bool, elsewhere: Callable[[], Address], random: Random) -> Record:
    """The same person in another registration. `elsewhere`: an address that he may have there."""
    gender = record.genders[0]
    wrong = random.random() < 0.005
    born = _born(record.birth_dates[0], random)
    address = _address(record.addresses[0], elsewhere, random)
    return Record(
        names=(_name(record.names[0], gender, adult, random),),
        birth_dates=(born,) if born else (),
        genders=({"male": "female", "female": "male"}[gender] if wrong else gender,),
        addresses=(keyed(address),) if address else (),
    )


def keyed(address: Address) -> Address:
    """With the key that ingest would give it (there a keyed hash of the same text)."""
    return address._replace(key=f"{address.postcode}|{address.number}|{address.suffix or ''}")
