"""What the reference knows of a source's change, and how it checks a field."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from stdnum.nl import bsn

T = TypeVar("T")
K = TypeVar("K", str, int)
Json = dict[str, Any]
Table = Mapping[str, tuple[Callable[..., object], *tuple[object, ...]]]
"""How a body is read: per shared field a method or function of `Fields`, and its further arguments."""


UNITS = {
    "01": "minute",
    "04": "hour",
    "14": "day",
    "16": "half_day",
    "82": "output",
    "83": "euro",
    "84": "effort",
}
FREQUENCIES = {"1": "day", "2": "week", "4": "month", "6": "total"}


class UnreadableError(Exception):
    """The record does not follow the documented source format; it is counted and otherwise ignored."""


@dataclass(frozen=True)
class Line:
    """One member line. `bsn` is None unless it is valid; `address` is None when it is not known."""

    line: str
    bsn: str | None
    client: bool
    lives_here: bool
    stated_at: datetime
    address: str | None
    name: str
    birth_date: str | None
    gender: str | None
    role: str
    secret: bool
    person: Hashable = None
    """Who it is, as decided; see `households.as_decided`."""
    decided_at: int = -1
    """When a human said that the person lives here, in microseconds; -1: nobody did."""


@dataclass(frozen=True)
class Dossier:
    """The composition of a dossier in the version that counts."""

    source: str
    id: str
    version: int
    is_open: bool
    recorded_at: datetime
    opened_on: str
    facts: Json
    """The other fields of the composition, under the names of the shared event."""
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Change:
    """One readable change; both `composition` and `body` are None when the record was deleted."""

    source: str
    dossier: str
    type: str
    id: str
    version: int
    recorded_at: datetime
    composition: Dossier | None
    body: Json | None


class Fields:
    """Typed look-ups in one JSON object. All raise UnreadableError; `optional_…` takes null and absence."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise UnreadableError("not an object")
        self.values: Json = value

    def read(self, table: Table) -> Json:
        """A body, field by field."""
        return {name: method(self, *arguments) for name, (method, *arguments) in table.items()}

    def text(self, key: str) -> str:
        """Any text, also the empty one."""
        text = _typed(self.values.get(key), str, key)
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise UnreadableError(f"{key}: half a character")
        if "\0" in text:
            raise UnreadableError(f"{key}: a NUL")
        return text

    def id(self, key: str) -> str:
        """Text of 1 to 200 characters."""
        text = self.text(key)
        if not 1 <= len(text) <= 200:
            raise UnreadableError(f"{key} is empty, or too long")
        return text

    def optional_text(self, key: str) -> str | None:
        """Text or None."""
        return self.text(key) if self.has(key) else None

    def unsaid(self) -> None:
        """What this source never says."""

    def optional_texts(self, key: str) -> list[str] | None:
        """The texts of a list, or None."""
        if not self.has(key):
            return None
        return [Fields({key: item}).text(key) for item in self.items(key)]

    def history(self, key: str, state: str, states: Mapping[str, str], on: str) -> list[Json] | None:
        """States, each with its day, or None."""
        if not self.has(key):
            return None
        steps = [Fields(item) for item in self.items(key)]
        return [{"state": step.code(state, states), "on": step.day(on)} for step in steps]

    def optional_code(self, key: str, codes: Mapping[str, T]) -> T | None:
        """What the source's code stands for, or None."""
        return self.code(key, codes) if self.has(key) else None

    def whole(self, key: str) -> int:
        """A whole number of at most 64 bits; true is no number."""
        return in_range(self.values.get(key), -(2**63), 2**63 - 1)

    def optional_whole(self, key: str) -> int | None:
        """A whole number or None."""
        return self.whole(key) if self.has(key) else None

    def version(self, key: str) -> int:
        """A number from 1."""
        return in_range(self.whole(key), 1, 2**63 - 1)

    def flag(self, key: str) -> bool:
        """True or false."""
        return _typed(self.values.get(key), bool, key)

    def items(self, key: str) -> list[object]:
        """A list, also an empty one."""
        return _typed(self.values.get(key), list, key)

    def object(self, key: str) -> Fields:
        """A JSON object."""
        return Fields(self.values.get(key))

    def moment(self, key: str) -> datetime:
        """ISO 8601 with an offset."""
        try:
            moment = datetime.fromisoformat(self.text(key))
            if moment.tzinfo is None:
                raise UnreadableError(f"{key}: no offset")
            return moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise UnreadableError(key) from error

    def day(self, key: str) -> str:
        """A full date, as ISO text."""
        return day(self.text(key))

    def optional_day(self, key: str) -> str | None:
        """A full date or None."""
        return self.day(key) if self.has(key) else None

    def optional_object(self, key: str) -> Fields:
        """An object; an empty one if there is none."""
        return self.object(key) if self.has(key) else Fields({})

    def optional_days(self, *keys: str) -> None:
        """Only checks."""
        for key in keys:
            self.optional_day(key)

    def code(self, key: str, codes: Mapping[str, T]) -> T:
        """What the source's code stands for."""
        return look_up(self.text(key), codes)

    def number_code(self, key: str, codes: Mapping[int, T]) -> T:
        """What the source's number stands for."""
        return look_up(self.whole(key), codes)

    def has(self, key: str) -> bool:
        """Whether it is there and not null."""
        return self.values.get(key) is not None


def look_up(value: K, codes: Mapping[K, T]) -> T:
    """The shared code for a source's code from a closed list."""
    if value not in codes:
        raise UnreadableError(f"unknown code {value!r}")
    return codes[value]


def in_range(value: object, low: int, high: int) -> int:
    """A whole number in [low, high]."""
    number = _typed(value, int, "number")
    if not low <= number <= high:
        raise UnreadableError(f"{number} is not in {low}..{high}")
    return number


def day(text: str) -> str:
    """A full date, as it is."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise UnreadableError(f"no date: {text}")
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise UnreadableError(f"no date: {text}") from error
    return text


def partial_day(text: str) -> str:
    """YYYY, YYYY-MM or YYYY-MM-DD, as it is."""
    if not re.fullmatch(r"\d{4}(-\d{2}){0,2}", text, re.ASCII):
        raise UnreadableError(f"no date: {text}")
    day(text + "-01" * ((10 - len(text)) // 3))
    return text


def address_key(postcode: str, number: int, suffix: str | None) -> str:
    """Equal keys are one address."""
    return "|".join(("".join(postcode.split()).upper(), str(number), (suffix or "").strip().upper()))


def bsn_or_none(number: str | None) -> str | None:
    """Nine digits, if they pass the 11-test; of eight digits the leading zero got lost.

    Fewer digits are no BSN, although with zeros before them some would pass the test: 12.
    """
    digits = re.sub(r"[ .-]", "", number or "").strip()
    nine = digits.zfill(9)
    return nine if re.fullmatch(r"[0-9]{8,9}", digits) and bsn.is_valid(nine) else None


def refuse_as_number(number: str, lines: Iterable[Fields]) -> None:
    """No dossier is called by a BSN that stands in it, right or wrong."""
    for line in lines:
        digits = re.sub(r"[ .-]", "", line.optional_text("bsn") or "")
        known = re.fullmatch(r"0?([0-9]{8}|[1-9][0-9]{8})", digits)
        if known and known[1] in number:
            raise UnreadableError("a BSN stands in the number of its dossier")


def scores(values: Mapping[str, object]) -> list[Json]:
    """Scores of 1 to 5 by shared domain code, in the order of the codes."""
    return [{"domain": domain, "score": in_range(values[domain], 1, 5)} for domain in sorted(values)]


def full_name(*parts: str | None) -> str:
    """Given name, prefix and family name, as far as known, a single blank between words."""
    return " ".join(" ".join(part for part in parts if part).split())


def one_client(members: Iterable[Line]) -> tuple[Line, ...]:
    """The lines, if exactly one is the client's and no line number is used twice."""
    lines = tuple(members)
    if sum(line.client for line in lines) != 1 or len({line.line for line in lines}) != len(lines):
        raise UnreadableError("not exactly one client, or a line number twice")
    return lines


def _typed(value: object, kind: type[T], key: str) -> T:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise UnreadableError(f"{key}: {value!r} is no {kind.__name__}")
    return value
