"""Reads the official BRP test person lists (LO-GBA element columns) as they are. No rule of a household stands here.

A list is one person: what holds now and, per category, what held before. Rows that were marked incorrect (element
84.10) are left out. Element numbers are those of the Logisch Ontwerp GBA: 08.11.60 is the postcode in category 08.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

FILE: Final = Path("brp/gbav-testset-persoonslijsten-2022-05-02.csv")
"""Below the reference directory."""
LISTS_END: Final = date(2022, 5, 2)
"""The day on which the lists were made: what they hold as current holds then."""
_CORRESPONDENCE: Final = "B"
"""Value of 08.10.10: an address to write to, where nobody lives."""

Entry = Mapping[str, str]
"""Elements of one category in one row, without the category: {"11.60": "3011AB"}."""


class Home(NamedTuple):
    """An address as the list writes it; a place without a number (a houseboat) is `described` instead."""

    postcode: str
    number: int
    letter: str
    suffix: str
    indication: str
    described: str


class Residence(NamedTuple):
    """Where somebody lives from a day on. `home` None: not known, only a correspondence address, or abroad."""

    since: date
    home: Home | None
    street: str | None
    abroad: bool


class Name(NamedTuple):
    """How somebody is called from a day on."""

    since: date
    given: str
    prefix: str
    family: str


Dated = TypeVar("Dated", Name, Residence)


@dataclass(frozen=True)
class Relative:
    """Somebody whom a list names. `birth`: eight digits, in which 0000 and 00 are unknown parts. `since`, `until`: of a
    marriage or partnership; of a parent or child `since` is the day from which the list can name them."""

    kind: str
    a_number: str
    bsn: str
    name: Name
    birth: str
    gender: str
    since: date
    until: date | None


@dataclass(frozen=True)
class PersonList:
    """One person list. Sequences run from old to new. `secrecy`: element 70.10, "0" is none. `suspended`: the day on
    which the list was closed, for whatever reason (death, departure, error)."""

    id: str
    a_number: str
    bsn: str
    birth: str
    gender: str
    secrecy: str
    names: tuple[Name, ...]
    residences: tuple[Residence, ...]
    relatives: tuple[Relative, ...]
    suspended: date | None
    died: date | None

    @property
    def born(self) -> date:
        """The first day that the birth date allows; long ago if nothing is known of it."""
        return day(self.birth) or date(1900, 1, 1)


class Population:
    """All lists, and whom a list means by a relative."""

    def __init__(self, lists: Sequence[PersonList]) -> None:
        self.lists = tuple(lists)
        self.by_id = {person.id: person for person in lists}
        self._by_bsn: dict[str, list[PersonList]] = defaultdict(list)
        for person in lists:
            self._by_bsn[person.bsn].append(person)
        self._by_a_number = {person.a_number: person for person in lists}

    def with_bsn(self, bsn: str) -> tuple[PersonList, ...]:
        """The lists that have this BSN: none without one, and sometimes two."""
        return tuple(self._by_bsn.get(bsn, ())) if bsn else ()

    def meant(self, relative: Relative) -> PersonList | None:
        """The list of a relative: by A-number, else by BSN. None if it is not in the set, or two have that BSN."""
        found = self._by_a_number.get(relative.a_number)
        candidates = self.with_bsn(relative.bsn)
        return found or (candidates[0] if len(candidates) == 1 else None)


def read_population(reference: Path) -> Population:
    """All lists of the file below the reference directory, in its order."""
    with (reference / FILE).open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file, delimiter=";")
    return Population([_person(list_rows) for list_rows in _lists(header, rows)])


def day(digits: str | None) -> date | None:
    """The first day that a partial date allows; None if its year is unknown."""
    if not digits or not re.fullmatch(r"[0-9]{8}", digits) or digits[:4] == "0000":
        return None
    return date(int(digits[:4]), int(digits[4:6]) or 1, int(digits[6:]) or 1)


def _lists(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[list[dict[str, str]]]:
    """The rows of each list: the first names it in column 1, which is empty in the others."""
    current: list[dict[str, str]] = []
    for row in rows:
        if row[0] and current:
            yield current
            current = []
        current.append({name or "id": value for name, value in zip(header, row, strict=True) if value.strip()})
    yield current


def _stacks(rows: Sequence[Mapping[str, str]], category: str) -> list[list[Entry]]:
    """The entries of a category: per current entry itself and, behind it, what it was before.

    Element H says of the entry on the next row whether it is another current one or an earlier state."""
    found: list[list[Entry]] = []
    another = True
    for row in rows:
        entry = {name[3:]: value for name, value in row.items() if name.startswith(f"{category}.")}
        code = entry.pop("H", None)
        if entry:
            found += [[]] if another or not found else []
            found[-1].append(entry)
        another = code == category
    return found


def _correct(rows: Sequence[Mapping[str, str]], category: str) -> Iterator[Entry]:
    return (entry for stack in _stacks(rows, category) for entry in stack if "84.10" not in entry)


def _person(rows: Sequence[Mapping[str, str]]) -> PersonList:
    first = rows[0]
    birth = first.get("01.03.10", "")
    born = day(birth) or date(1900, 1, 1)
    return PersonList(
        id=first["id"],
        a_number=first["01.01.10"],
        bsn=first.get("01.01.20", ""),
        birth=birth,
        gender=first.get("01.04.10", ""),
        secrecy=first.get("07.70.10", "0"),
        names=tuple(_oldest_first(_name(entry, born) for entry in _correct(rows, "01"))),
        residences=tuple(_oldest_first(_residence(entry, born) for entry in _correct(rows, "08"))),
        relatives=tuple(_relatives(rows, born)),
        suspended=day(first.get("07.67.10")) or day(first.get("06.08.10")),
        died=day(first.get("06.08.10")),
    )


def _oldest_first(newest_first: Iterator[Dated]) -> list[Dated]:
    """By day; of one day what stands first in the list is the newest."""
    found = list(newest_first)
    found.reverse()
    found.sort(key=lambda item: item.since)
    return found


def _first_day(entry: Entry, *elements: str, otherwise: date) -> date:
    return next((found for element in elements if (found := day(entry.get(element)))), otherwise)


def _name(entry: Entry, since: date) -> Name:
    begun = _first_day(entry, "85.10", otherwise=since)
    return Name(begun, entry.get("02.10", ""), entry.get("02.30", ""), entry.get("02.40", ""))


def _residence(entry: Entry, born: date) -> Residence:
    since = _first_day(entry, "10.30", "13.20", "85.10", "86.10", otherwise=born)
    return Residence(since, _home(entry), entry.get("11.10"), "13.10" in entry)


def _home(entry: Entry) -> Home | None:
    if entry.get("10.10") == _CORRESPONDENCE:
        return None
    if "12.10" in entry:
        return Home("", 0, "", "", "", entry["12.10"])
    if not {"11.60", "11.20"} <= entry.keys():
        return None
    letter, suffix, indication = (entry.get(element, "") for element in ("11.30", "11.40", "11.50"))
    return Home(entry["11.60"], int(entry["11.20"]), letter, suffix, indication, "")


def _relatives(rows: Sequence[Mapping[str, str]], born: date) -> Iterator[Relative]:
    for category in ("02", "03"):
        for entry, *_ in _stacks(rows, category):
            yield from _relative("parent", entry, _first_day(entry, "62.10", otherwise=born))
    for stack in _stacks(rows, "05"):
        yield from _partner([entry for entry in stack if "84.10" not in entry], born)
    for entry, *_ in _stacks(rows, "09"):
        yield from _relative("child", entry, _first_day(entry, "03.10", otherwise=born))


def _relative(kind: str, entry: Entry, since: date, until: date | None = None) -> Iterator[Relative]:
    """Nobody, if the entry names nobody: of a parent it is known that he is not known."""
    if "02.40" in entry and "84.10" not in entry:
        yield Relative(
            kind=kind,
            a_number=entry.get("01.10", ""),
            bsn=entry.get("01.20", ""),
            name=_name(entry, since),
            birth=entry.get("03.10", ""),
            gender=entry.get("04.10", ""),
            since=since,
            until=until,
        )


def _partner(stack: Sequence[Entry], born: date) -> Iterator[Relative]:
    """The last partner of a marriage: it begins in the oldest entry that says so and ends in the current one."""
    if stack:
        begun = [found for entry in stack if (found := day(entry.get("06.10")))]
        yield from _relative("partner", stack[0], min(begun, default=born), day(stack[0].get("07.10")))
