"""Dutch names made comparable: spelling folded, prefixes and titles of marriage taken off, initials told apart."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from hub.desk.matching.record import Name

PREFIXES: Final = frozenset(
    {
        "aan", "abu", "af", "al", "by", "d", "da", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du",
        "el", "het", "in", "la", "le", "les", "los", "onder", "op", "over", "s", "t", "te", "ten", "ter", "tot", "uit",
        "uyt", "v", "van", "vanden", "vander", "vd", "vdr", "vom", "von", "voor", "vor", "zu", "zum", "zur",
    }
)  # fmt: skip
"""Words that stand before a family name and are left out, joined or abbreviated at will (the commonest of the BRP's
table 36). Folded: *'t* is t, *bij* is by."""
MARRIED: Final = frozenset({"ev", "geb", "gesch", "wed", "echtgenote", "geboren"})
"""Words between a partner's name and one's own: *Jansen e/v de Boer*."""
_SPECIAL: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
"""Letters that no accent makes."""
_JOINED: Final = re.compile("[.'`\u00b4\u2018\u2019]")
_BETWEEN: Final = re.compile(r"\be\s*[/.]\s*v\b\.?")
_OTHER: Final = re.compile(r"[\W_]+")
_SOUNDS: Final = (
    ("sch", "s"), ("ch", "g"), ("ck", "k"), ("ph", "f"), ("th", "t"), ("qu", "kw"), ("x", "ks"), ("c", "k"), ("z", "s"),
    ("v", "f"), ("w", "f"), ("j", "y"), ("d", "t"),
)  # fmt: skip
"""Letters that Dutch ears and clerks confuse, replaced in this order."""
_VOWELS: Final = re.compile(r"[aeiouyh]+")
_DOUBLED: Final = re.compile(r"(.)\1+")
LONGEST: Final = 8
"""Words of a given or family name that count: who writes more has written something else in the field."""
_KEPT: Final = 1 << 14
"""Words kept folded: names and streets repeat, and folding is most of the work of a comparison."""


@lru_cache(maxsize=_KEPT)
def fold(text: str) -> str:
    """Lower case words without accents, marks or punctuation, *ij* and *ÿ* as y. Folding twice equals once."""
    plain = _BETWEEN.sub(" ev ", text.casefold()).translate(_SPECIAL)
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    words = _OTHER.sub(" ", _JOINED.sub("", bare.casefold().translate(_SPECIAL)))
    return " ".join(words.replace("ij", "y").split())


class Folded(NamedTuple):
    """A name ready to compare. `given`: names or initials in their order. `family`: without prefixes, each partner's
    name apart. `prefix`: the words that were taken off."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    prefix: tuple[str, ...]


def folded(name: Name) -> Folded:
    """Make a name comparable. The prefix counts the same wherever the source writes it."""
    words = [word for word in f"{fold(name.prefix or '')} {fold(name.family or '')}".split() if word not in MARRIED]
    given, family = _given(name.given)[:LONGEST], tuple(word for word in words if word not in PREFIXES)[:LONGEST]
    if not family:
        return Folded(given, tuple(words[:LONGEST]), ())
    return Folded(given, family, tuple(word for word in words if word in PREFIXES)[:LONGEST])


def _given(given: str | None) -> tuple[str, ...]:
    """Given names; *J.P.* is two initials."""
    apart = re.sub(r"(?<=\b\w)\.", ". ", given or "")
    return tuple(fold(apart).split())


def is_initial(word: str) -> bool:
    """Whether a given name is only its first letter."""
    return len(word) == 1


@lru_cache(maxsize=_KEPT)
def sound(word: str) -> str:
    """How a folded word sounds, roughly: its consonants, those that are confused as one, after its first letter."""
    heard = word
    for written, spoken in _SOUNDS:
        heard = heard.replace(written, spoken)
    first = "y" if heard[:1] in {"i", "y"} else heard[:1]
    return _DOUBLED.sub(r"\1", first + _VOWELS.sub("", heard[1:]))
