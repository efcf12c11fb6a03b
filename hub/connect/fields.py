"""Reads a source's JSON field by field; `TranslationError` is the only way to fail. Pure; for `translate`.

Every error names the path of a field, never its value: dead letters show the path to operations. Python's own
messages quote the value, hence `from None` throughout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Final, NoReturn, TypeVar

from pydantic import ValidationError

from hub.errors import RejectReason, TranslationError

_K = TypeVar("_K", str, int)
_T = TypeVar("_T")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MAX_INTEGER: Final = 2**63 - 1
"""The events' `long`."""


def reject(reason: RejectReason, field: str) -> NoReturn:
    """Give the record up."""
    raise TranslationError(reason, field) from None


def read_object(payload: bytes) -> Fields:
    """The JSON object in a record's bytes. NaN, Infinity and text that is not UTF-8 are no JSON."""
    try:
        data = json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        reject(RejectReason.MALFORMED, "")
    if not isinstance(data, dict):
        reject(RejectReason.MALFORMED, "")
    return Fields(data)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


@contextmanager
def models() -> Iterator[None]:
    """Around the building of drafts: what the shared models refuse is a `TranslationError` as well."""
    try:
        yield
    except ValidationError as error:
        problem = error.errors(include_input=False, include_context=False, include_url=False)[0]
        reject(RejectReason.INVALID_VALUE, ".".join(map(str, problem["loc"])))


class Fields:
    """One object of a source. An `opt_` method takes null and absence alike as None; extra keys are fine."""

    def __init__(self, data: Mapping[str, object], path: str = "") -> None:
        self._data = data
        self._path = path

    def path(self, name: str) -> str:
        """Full path of a field of this object."""
        return f"{self._path}.{name}" if self._path else name

    def fail(self, name: str, reason: RejectReason = RejectReason.INVALID_VALUE) -> NoReturn:
        """Give the record up because of this field."""
        reject(reason, self.path(name))

    def has(self, name: str) -> bool:
        """Whether a field is there and not null."""
        return self._data.get(name) is not None

    def names(self) -> Iterator[str]:
        """The keys that are there."""
        return iter(self._data)

    def _get(self, name: str) -> object:
        value = self._data.get(name)
        if value is None:
            self.fail(name, RejectReason.MISSING_FIELD)
        return value

    def text(self, name: str) -> str:
        """A string that UTF-8 and SQL can carry (JSON may hold lone surrogates and NUL; Avro and PostgreSQL may
        not)."""
        value = self._get(name)
        if not isinstance(value, str) or "\0" in value:
            self.fail(name)
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                self.fail(name)
        return value

    def opt_text(self, name: str) -> str | None:
        """A string, or None."""
        return self.text(name) if self.has(name) else None

    def opt_texts(self, name: str) -> tuple[str, ...] | None:
        """The strings of a list, or None."""
        if not self.has(name):
            return None
        value = self._get(name)
        if not isinstance(value, list):
            self.fail(name)
        items = Fields({f"{name}[{index}]": item for index, item in enumerate(value)}, self._path)
        return tuple(items.text(key) for key in items.names())

    def says(self, name: str, word: str) -> bool:
        """Whether a field is exactly this word, where it could also be an object or null."""
        return self._data.get(name) == word

    def matched(
        self, name: str, form: re.Pattern[str], reason: RejectReason = RejectReason.INVALID_VALUE
    ) -> re.Match[str]:
        """A string that is wholly of a form."""
        value = self._get(name)
        match = form.fullmatch(value) if isinstance(value, str) else None
        return match or self.fail(name, reason)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._get(name)
        if not isinstance(value, bool):
            self.fail(name)
        return value

    def integer(self, name: str, *, low: int = -MAX_INTEGER - 1, high: int = MAX_INTEGER) -> int:
        """A whole number between the bounds, both included."""
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(name)
        return value

    def opt_integer(self, name: str, *, low: int = -MAX_INTEGER - 1, high: int = MAX_INTEGER) -> int | None:
        """A whole number, or None."""
        return self.integer(name, low=low, high=high) if self.has(name) else None

    def code(self, name: str, codes: Mapping[_K, _T], *, unknown: RejectReason = RejectReason.INVALID_VALUE) -> _T:
        """What a code of a closed list stands for."""
        value = self._get(name)
        for key, meaning in codes.items():
            if type(value) is type(key) and value == key:
                return meaning
        self.fail(name, unknown)

    def opt_code(self, name: str, codes: Mapping[_K, _T]) -> _T | None:
        """What a code stands for, or None."""
        return self.code(name, codes) if self.has(name) else None

    def day(self, name: str) -> date:
        """A date, YYYY-MM-DD and no other form of ISO 8601."""
        value = self._get(name)
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fail(name, RejectReason.INVALID_DATE)
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(name, RejectReason.INVALID_DATE)

    def opt_day(self, name: str) -> date | None:
        """A date, or None."""
        return self.day(name) if self.has(name) else None

    def moment(self, name: str) -> datetime:
        """A time with its offset, in UTC. A time without one is not readable: it could be any hour of two."""
        value = self._get(name)
        if not isinstance(value, str) or "\0" in value:  # Python takes any character between day and hour
            self.fail(name, RejectReason.INVALID_DATE)
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        self.fail(name, RejectReason.INVALID_DATE)

    def opt_moment(self, name: str) -> datetime | None:
        """A time with its offset, or None."""
        return self.moment(name) if self.has(name) else None

    def child(self, name: str) -> Fields:
        """An object inside this one."""
        value = self._get(name)
        if not isinstance(value, dict):
            self.fail(name)
        return Fields(value, self.path(name))

    def opt_child(self, name: str) -> Fields | None:
        """An object inside this one, or None."""
        return self.child(name) if self.has(name) else None

    def children(self, name: str) -> list[Fields]:
        """The objects of a list; the path counts them from 0."""
        value = self._get(name)
        if not isinstance(value, list):
            self.fail(name)
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                self.fail(f"{name}[{index}]")
        return [Fields(item, f"{self.path(name)}[{index}]") for index, item in enumerate(value)]
