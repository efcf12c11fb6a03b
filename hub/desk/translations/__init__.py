"""All words of the pages, Dutch and English, a file per page. `code.*`: codes of the shared events. A test holds them
complete."""

from __future__ import annotations

from typing import Final, Literal

from hub.desk.login import words as login_words
from hub.desk.translations import (
    access,
    attention,
    candidates,
    codes,
    console,
    decisions,
    erasure,
    errors,
    fields,
    household,
    letter,
    lists,
    login,
    looks,
    meeting,
    openings,
    requests,
    shared,
    sources,
    threads,
)

Language = Literal["nl", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("nl", "en")

MONTHS: Final[dict[Language, tuple[str, ...]]] = {
    "nl": ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}

_PARTS: Final = (
    access.TEXTS,
    attention.TEXTS,
    candidates.TEXTS,
    codes.TEXTS,
    console.TEXTS,
    decisions.TEXTS,
    erasure.TEXTS,
    errors.TEXTS,
    fields.TEXTS,
    household.TEXTS,
    letter.TEXTS,
    lists.TEXTS,
    login.TEXTS,
    login_words.TEXTS,
    looks.TEXTS,
    meeting.TEXTS,
    openings.TEXTS,
    requests.TEXTS,
    shared.TEXTS,
    sources.TEXTS,
    threads.TEXTS,
)
TEXTS: Final[dict[str, tuple[str, str]]] = {key: words for part in _PARTS for key, words in part.items()}


def text(language: Language, key: str, **values: object) -> str:
    """A text in a language. Raises KeyError for one that does not exist: a defect in a template."""
    return sentence(language, key).format(**values)


def sentence(language: Language, key: str) -> str:
    """A text with its places to be filled in. Raises KeyError as `text`."""
    return TEXTS[key][LANGUAGES.index(language)]


def code(language: Language, group: str, value: str) -> str:
    """A code in words; the code itself where no word is known (a newer release of a source may send more)."""
    known = TEXTS.get(f"code.{group}.{value}")
    return known[LANGUAGES.index(language)] if known else value.replace("_", " ")
