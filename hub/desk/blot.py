"""Blots other persons out of what is shown to one. Rather too much than too little. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from hub.desk import digest
from hub.events.records import RecordType
from hub.household.document_shape import Document, Person

BLOT: Final = "[…]"
"""Stands where somebody else's name or birth date stood."""
_WORD: Final = re.compile(r"\w+")
_PARTICLES: Final = frozenset(
    ("aan", "al", "bij", "d", "da", "de", "del", "den", "der", "di", "du", "el", "en", "het", "in", "l", "la", "le",
     "of", "op", "over", "s", "t", "te", "ten", "ter", "toe", "tot", "uit", "van", "voor", "von")
)  # fmt: skip
"""Parts of names that stand in every text and identify nobody."""
_SHORTEST: Final = 2
"""Of initials the rest of a name is blotted anyway."""
_WHOLE_DATE: Final = len("2026-01-05")
"""A year alone stands in many a text."""


class Blot:
    """Of one household, for one person of it. `cut`: names of the fields of which something was left out."""

    def __init__(self, document: Document, person_key: str) -> None:
        """Who is meant by a name: himself, a professional, or somebody else."""
        persons = digest.persons(document)
        own = [item for item in persons if item["person_key"] == person_key]
        others = [item for item in persons if item["person_key"] != person_key]
        self._known = {" ".join(_words(name)) for name in (*_stated(own, "name"), *_professionals(document))}
        self._own_words = {word for name in _stated(own, "name") for word in _words(name)}
        theirs = {word for name in (*_stated(others, "name"), *_helpers(document)) for word in _words(name)}
        born = {date for date in _stated(others, "birth_date") if len(date) == _WHOLE_DATE}
        blotted = {word for word in theirs - self._own_words - _PARTICLES if len(word) >= _SHORTEST}
        self._pattern = _any_of(blotted | (born - set(_stated(own, "birth_date"))))
        self.cut: set[str] = set()

    def is_known(self, value: object) -> bool:
        """Whether a text that names somebody names him himself or a professional, or nobody."""
        if value is None:
            return True
        words = _words(str(value))
        return " ".join(words) in self._known or (bool(words) and set(words) <= self._own_words)

    def note(self, field: str, value: object) -> None:
        """Of this field a value was left out altogether."""
        if value is not None:
            self.cut.add(field)

    def text(self, field: str, value: str) -> str:
        """A text without the others' names and birth dates."""
        shown = self._pattern.sub(BLOT, value) if self._pattern else value
        if shown != value:
            self.cut.add(field)
        return shown


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    found = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, found))})(?!\w)", re.IGNORECASE) if found else None


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _stated(persons: Iterable[Person], field: str) -> list[str]:
    return [str(item["value"]) for person in persons for item in person["fields"][field]["values"]]


def _professionals(document: Document) -> Iterator[str]:
    for record in digest.records(document, RecordType.INVOLVEMENT):
        if record["body"]["kind"] == "professional" and record["body"]["name"]:
            yield str(record["body"]["name"])
    for record in digest.records(document, RecordType.CASE_DIRECTION):
        yield str(record["body"]["director"])


def _helpers(document: Document) -> Iterator[str]:
    """Informal carers and volunteers: other persons as well."""
    for record in digest.records(document, RecordType.INVOLVEMENT):
        if record["body"]["kind"] != "professional" and record["body"]["name"]:
            yield str(record["body"]["name"])
