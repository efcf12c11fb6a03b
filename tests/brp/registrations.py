"""Turns person lists into what ZCD and MensCentraal would have recorded over time, in the formats of the connectors.

Every list has a dossier: while a minor in ZCD, from the eighteenth birthday on in MensCentraal. On a day on which
something of the client himself changes (he moves, is named otherwise, marries, gets a child, dies) a worker writes down
what is so, also of the relatives whom the client's list names. What happens to those later he does not hear.
This module derives no household, and knows nothing of how that is done.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final, Literal, NamedTuple

from tests.brp.lists import LISTS_END, Home, Name, PersonList, Population, Relative, Residence

Json = dict[str, object]
Source = Literal["zcd", "menscentraal"]
OF_AGE: Final = 18
_NOON: Final = time(12, tzinfo=UTC)


class DossierRef(NamedTuple):
    """One dossier in a source."""

    source: str
    dossier: str


class LineRef(NamedTuple):
    """One member line in a source."""

    source: str
    dossier: str
    line: str


class Change(NamedTuple):
    """One line of a source's file, the day on which it was recorded, and what it says."""

    day: date
    dossier: DossierRef
    payload: Json
    content: Content


@dataclass
class Registrations:
    """Both sources. `written`: whose list each line is about, where the set holds it."""

    changes: list[Change] = field(default_factory=list)
    written: dict[LineRef, str] = field(default_factory=dict)

    def until(self, day: date) -> list[Change]:
        """What had been recorded by the end of a day, in the order of recording."""
        return [change for change in self.changes if change.day <= day]


@dataclass(frozen=True)
class Member:
    """A line as a worker fills it in. `address` None: not known, or (with `lives_here`) that of the dossier."""

    line: int
    kind: str
    bsn: str
    name: Name
    birth: str
    gender: str
    lives_here: bool
    address: Residence | None
    secret: bool | None


@dataclass(frozen=True)
class Content:
    """A dossier as it is on a day."""

    opened: date
    closed: date | None
    address: Residence | None
    members: tuple[Member, ...]


def registrations(population: Population, mistyped: Collection[str] = ()) -> Registrations:
    """All changes by day. `mistyped`: lists of which the source has one digit of the client's BSN wrong."""
    found = Registrations()
    for person in population.lists:
        for source in ("zcd", "menscentraal"):
            _write(found, population, person, source, mistyped)
    found.changes.sort(key=lambda change: change.day)
    return found


def write_files(changes: Iterable[Change], folder: Path) -> None:
    """`zcd.jsonl` and `menscentraal.jsonl`, as `regiehub demo --from` takes them."""
    for source in ("zcd", "menscentraal"):
        written = [change.payload for change in changes if change.dossier.source == source]
        lines = [json.dumps(payload, ensure_ascii=False) for payload in written]
        (folder / f"{source}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def came_of_age(person: PersonList) -> date:
    """The eighteenth birthday; of a 29 February the day after."""
    born = person.born
    leaps = (born.month, born.day) == (2, 29)
    return date(born.year + OF_AGE, 3, 1) if leaps else born.replace(year=born.year + OF_AGE)


def residence_on(person: PersonList, day: date) -> Residence | None:
    """Where the list has him on a day; None before its first entry."""
    known = [residence for residence in person.residences if residence.since <= day]
    return known[-1] if known else None


def has_left(person: PersonList, day: date) -> bool:
    """Whether he is dead or gone by that day: nobody of whom a dossier is kept."""
    residence = residence_on(person, day)
    ended = person.suspended is not None and person.suspended <= day
    return ended or residence is None or residence.abroad


def _write(
    found: Registrations, population: Population, person: PersonList, source: Source, mistyped: Collection[str]
) -> None:
    """The versions of one dossier; none if there was nobody of that age to keep it of."""
    ref = DossierRef(source, f"{'Z' if source == 'zcd' else 'MC'}-{person.id}")
    scribe = _Scribe(population, person, mistyped)
    opened: date | None = None
    before: Content | None = None
    version = 0
    for day in _days(person):
        is_open = (day < came_of_age(person)) == (source == "zcd") and not has_left(person, day)
        opened = opened or (day if is_open else None)
        if opened is None:
            continue
        content = scribe.content(opened, day, is_open=is_open, before=before)
        if content != before:
            version += 1
            payload = (_zcd if source == "zcd" else _menscentraal)(ref.dossier, version, day, content)
            found.changes.append(Change(day, ref, payload, content))
            before = content
    for key, relative in scribe.about.items():
        meant = population.meant(relative) if relative else person
        if meant and opened:
            found.written[LineRef(*ref, str(key))] = meant.id


def _days(person: PersonList) -> list[date]:
    """The days on which something of the client himself changes."""
    days = [residence.since for residence in person.residences] + [name.since for name in person.names]
    days += [day for relative in person.relatives for day in (relative.since, relative.until) if day]
    days += [day for day in (person.suspended, came_of_age(person)) if day]
    first = person.residences[0].since
    return sorted({day for day in days if first <= day <= LISTS_END})


class _Scribe:
    """Fills in the lines of one client's dossier; a relative keeps the number of his line."""

    def __init__(self, population: Population, client: PersonList, mistyped: Collection[str]) -> None:
        self._population = population
        self._client = client
        self._mistyped = client.id in mistyped
        self.about: dict[int, Relative | None] = {1: None}
        self._numbers: dict[tuple[str, ...], int] = {}

    def content(self, opened: date, day: date, *, is_open: bool, before: Content | None) -> Content:
        """The dossier at the end of a day; once closed it stays as it was."""
        if not is_open and before is not None:
            return Content(opened, before.closed or day, before.address, before.members)
        here = residence_on(self._client, day)
        client = Member(
            line=1,
            kind="client",
            bsn=self._bsn(),
            name=_name_on(self._client, day),
            birth=self._client.birth,
            gender=self._client.gender,
            lives_here=True,
            address=None,
            secret=self._client.secrecy != "0",
        )
        named = [self._member(relative, day, here) for relative in self._client.relatives if _holds(relative, day)]
        by_line = {member.line: member for member in named if member}
        return Content(opened, None, here, (client, *by_line.values()))

    def _bsn(self) -> str:
        bsn = self._client.bsn
        return bsn[:-1] + str((int(bsn[-1]) + 1) % 10) if self._mistyped and bsn else bsn

    def _member(self, relative: Relative, day: date, here: Residence | None) -> Member | None:
        person = self._population.meant(relative)
        if person and person.died and person.died <= day:
            return None
        there = residence_on(person, day) if person and not has_left(person, day) else None
        together = bool(here and there and here.home and here.home == there.home)
        return Member(
            line=self._number(relative),
            kind=relative.kind,
            bsn=relative.bsn,
            name=_name_on(person, day) if person else relative.name,
            birth=relative.birth,
            gender=relative.gender,
            lives_here=together,
            address=None if together else there,
            secret=None,
        )

    def _number(self, relative: Relative) -> int:
        """One line a person, also where the list names him twice (married again, or partner and co-parent)."""
        person = self._population.meant(relative)
        key = (person.id,) if person else (relative.kind, relative.bsn, *map(str, relative.name), relative.birth)
        number = self._numbers.setdefault(key, len(self._numbers) + 2)
        self.about[number] = relative
        return number


def _holds(relative: Relative, day: date) -> bool:
    return relative.since <= day and not (relative.until and relative.until <= day)


def _name_on(person: PersonList, day: date) -> Name:
    known = [name for name in person.names if name.since <= day]
    return (known or person.names)[-1 if known else 0]


def _zcd(dossier: str, version: int, day: date, content: Content) -> Json:
    data: Json = {
        "status": "gesloten" if content.closed else "open",
        "openingsdatum": content.opened.isoformat(),
        "sluitingsdatum": content.closed.isoformat() if content.closed else None,
        "adres": _zcd_address(content.address),
        "gezinsleden": [_zcd_line(member) for member in content.members],
    }
    return {
        "soort": "dossier",
        "actie": "vastgelegd",
        "dossiernummer": dossier,
        "id": dossier,
        "versie": version,
        "gewijzigdOp": datetime.combine(day, _NOON).isoformat(),
        "gegevens": data,
    }


def _menscentraal(dossier: str, version: int, day: date, content: Content) -> Json:
    data: Json = {
        "fase": "afgesloten" if content.closed else "lopend",
        "start": content.opened.isoformat(),
        "einde": content.closed.isoformat() if content.closed else None,
        "adres": _menscentraal_address(content.address),
        "personen": [_menscentraal_line(member) for member in content.members],
    }
    return {
        "tabel": "dossier",
        "bewerking": "I" if version == 1 else "U",
        "dossier_nr": dossier,
        "record_nr": dossier,
        "rowversion": version,
        "gewijzigd": datetime.combine(day, _NOON).isoformat(),
        "payload": data,
    }


def _zcd_line(member: Member) -> Json:
    parent = {"M": "vader", "V": "moeder"}.get(member.gender, "overig")
    roles = {"client": "jeugdige", "parent": parent, "child": "kind", "partner": "partner"}
    return {
        "regel": str(member.line),
        "bsn": member.bsn or None,
        "voornaam": member.name.given or None,
        "voorvoegsel": member.name.prefix or None,
        "achternaam": member.name.family or None,
        "geboortedatum": _iso_birth(member.birth),
        "geslacht": {"M": "m", "V": "v"}.get(member.gender, "x"),
        "rol": roles[member.kind],
        "client": member.kind == "client",
        "woontHier": member.lives_here,
        "adres": None if member.lives_here else _zcd_address(member.address) or "onbekend",
        "adresGeheim": member.secret,
    }


def _menscentraal_line(member: Member) -> Json:
    return {
        "nr": member.line,
        "bsn": member.bsn or None,
        "voornamen": member.name.given or None,
        "tussenvoegsel": member.name.prefix or None,
        "geslachtsnaam": member.name.family or None,
        "geboren": member.birth if _iso_birth(member.birth) else None,
        "geslacht": {"M": "M", "V": "V"}.get(member.gender, "O"),
        "relatie": {"client": "client", "parent": "ouder", "child": "kind", "partner": "partner"}[member.kind],
        "inwonend": "J" if member.lives_here else "N",
        "adres": None if member.lives_here else _menscentraal_address(member.address) or "onbekend",
        "geheimhouding": None if member.secret is None else "J" if member.secret else "N",
    }


def _iso_birth(digits: str) -> str | None:
    """As far as it is known: 1968, 1995-02, 1995-02-14. A date that does not exist stays one, as the list has it."""
    year, month, day = digits[:4], digits[4:6], digits[6:]
    known = [year] if month == day == "00" else [year, month] if day == "00" else [year, month, day]
    return None if year in ("", "0000") else "-".join(known)


def _number_of(residence: Residence | None) -> Home | None:
    """An address that the sources can hold: with a postcode and a number."""
    home = residence.home if residence else None
    return home if home and home.postcode else None


def _zcd_address(residence: Residence | None) -> Json | None:
    home = _number_of(residence)
    if residence is None or home is None:
        return None
    suffix = " ".join(filter(None, (home.letter, home.suffix, home.indication)))
    return {
        "postcode": home.postcode,
        "huisnummer": home.number,
        "toevoeging": suffix or None,
        "straat": residence.street,
    }


def _menscentraal_address(residence: Residence | None) -> Json | None:
    written = _zcd_address(residence)
    if written is None:
        return None
    suffix = written["toevoeging"]
    return {
        "postcode": written["postcode"],
        "huisnr": str(written["huisnummer"]),
        "toev": suffix,
        "straat": written["straat"],
    }
