"""Writes things down in the two sources: opens dossiers, keeps their lines up to date, numbers the versions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from random import Random
from typing import Final, Protocol

from hub.demo.town import content, menscentraal_format, names, teams, zcd_format
from hub.demo.town.changes import MENSCENTRAAL, ZCD, Change, Delivery, JsonObject
from hub.demo.town.dossiers import Dossier, Line, Record
from hub.demo.town.people import Address, Home, Person


class _Format(Protocol):
    """How a source writes its changes down."""

    def record_id(self, kind: str, number: int) -> str: ...

    def dossier_change(self, dossier: Dossier, recorded_at: datetime) -> JsonObject: ...

    def record_change(
        self, dossier: Dossier, record: Record, recorded_at: datetime, *, deleted: bool
    ) -> JsonObject: ...


_FORMATS: Final[dict[str, _Format]] = {ZCD: zcd_format, MENSCENTRAAL: menscentraal_format}
_INITIAL: Final = {
    "involvement": 2.0, "goal": 1.4, "assessment": 0.6, "support_request": 0.7, "contact": 1.0, "signal": 0.3,
}  # fmt: skip
"""How many records of each type a new dossier has on average, besides the director."""

_LONGEST: Final = 12
"""Lines in a dossier of a family; above it those who left are dropped, so that a town can live for ever."""


class Clerk:
    """Both sources in one hand. `pending` collects the changes in the order in which they are made."""

    def __init__(self, random: Random, start: datetime, step: timedelta) -> None:
        self.now = start
        self.step = step
        self.pending: list[Change] = []
        self.dossiers: list[Dossier] = []
        self._of_person: dict[Person, list[Dossier]] = {}
        self._random = random
        self._numbers = {ZCD: 0, MENSCENTRAAL: 10_000}
        self._records = 0

    @property
    def today(self) -> date:
        """The day of the change that is being made."""
        return self.now.date()

    def naming(self, people: Iterable[Person]) -> list[Dossier]:
        """The open dossiers that name one of them, in the order in which they were opened."""
        found = {id(d): d for person in people for d in self._of_person.get(person, []) if d.open}
        return sorted(found.values(), key=lambda dossier: (dossier.source, dossier.id))

    def of_clients(self, people: Iterable[Person]) -> list[Dossier]:
        """The open dossiers of which one of them is the client."""
        chosen = list(people)
        return [dossier for dossier in self.naming(chosen) if dossier.client in chosen]

    def open_dossier(
        self, source: str, client: Person, *, opened: date | None = None, alone: bool = False, records: bool = True
    ) -> Dossier:
        """A new dossier of the client, that names everybody in his home (`alone`: only him), with first records."""
        self._numbers[source] += 1
        number = self._numbers[source]
        identity = f"Z-{number:06}" if source == ZCD else f"MC-{number}"
        day = opened or self.today
        address = client.home.address
        dossier = Dossier(source, identity, day, address, [], self._intake(day), teams.team_of(source, address))
        self.dossiers.append(dossier)
        self._add_line(dossier, client, client=True)
        for resident in [] if alone else client.home.residents:
            if resident is not client:
                self._add_line(dossier, resident)
        self.save(dossier)
        if records:
            self._first_records(dossier)
        return dossier

    def name_elsewhere(self, dossier: Dossier, person: Person) -> None:
        """Name somebody in the dossier, at his own address; to be saved by the caller."""
        self._place(dossier, self._add_line(dossier, person))

    def refresh(self, dossier: Dossier) -> None:
        """Write down who lives with the client now and where those live who left, and save the dossier."""
        home = dossier.client.home
        moved = dossier.address != home.address
        dossier.address = home.address
        for line in dossier.lines:
            before = (line.lives_here, line.address)
            self._place(dossier, line)
            if moved or before != (line.lives_here, line.address):
                self.touch(line)
        if not home.shelter:
            for resident in home.residents:
                if dossier.line_of(resident) is None:
                    self._add_line(dossier, resident)
            self._drop_former(dossier)
        self.save(dossier)

    def touch(self, line: Line) -> None:
        """The line changed now; some teams don't write that down, then the dossier's own time counts."""
        line.stated_at = self.now if line.stated_at else None

    def save(self, dossier: Dossier, delivery: Delivery = Delivery.NORMAL) -> None:
        """The source stores a new version of the dossier."""
        dossier.version += 1
        self.emit(dossier.source, _FORMATS[dossier.source].dossier_change(dossier, self.now), delivery)

    def save_record(self, dossier: Dossier, record: Record, *, deleted: bool = False) -> None:
        """The source stores a new version of the record, or its deletion."""
        record.version += 1
        form = _FORMATS[dossier.source]
        self.emit(dossier.source, form.record_change(dossier, record, self.now, deleted=deleted))

    def emit(self, source: str, payload: JsonObject | str, delivery: Delivery = Delivery.NORMAL) -> None:
        """Hand over a change; time goes on."""
        self.pending.append(Change(source, payload, delivery))
        self.now += self.step

    def add_record(self, dossier: Dossier, kind: str) -> Record:
        """A new record in the dossier, about today."""
        self._records += 1
        identity = _FORMATS[dossier.source].record_id(kind, self._records)
        record = Record(kind, identity, content.new_facts(kind, self._random, self.today, dossier))
        dossier.records.append(record)
        self.save_record(dossier, record)
        return record

    def delete_record(self, dossier: Dossier, record: Record) -> None:
        """The source removes the record."""
        dossier.records.remove(record)
        self.save_record(dossier, record, deleted=True)

    def draft(self, dossier: Dossier, record: Record | None) -> JsonObject:
        """What the source would store next, of the dossier or of one of its records. The version is used up by it."""
        if record is None:
            dossier.version += 1
            return _FORMATS[dossier.source].dossier_change(dossier, self.now)
        record.version += 1
        return _FORMATS[dossier.source].record_change(dossier, record, self.now, deleted=False)

    def _first_records(self, dossier: Dossier) -> None:
        self.add_record(dossier, "case_direction")
        for kind, mean in _INITIAL.items():
            for _ in range(int(mean) + (self._random.random() < mean % 1)):
                self.add_record(dossier, kind)

    def _intake(self, opened: date) -> JsonObject | None:
        if self._random.random() < 0.15:
            return None
        received = opened - timedelta(days=self._random.randint(1, 30))
        return {
            "referred_by": self._random.choice(names.REFERRERS),
            "received_on": received.isoformat(),
            "first_contact_on": opened.isoformat() if self._random.random() < 0.8 else None,
        }

    def _add_line(self, dossier: Dossier, person: Person, *, client: bool = False) -> Line:
        dossier.last_line += 1
        line = Line(
            number=dossier.last_line,
            person=person,
            client=client,
            lives_here=True,
            bsn=self._written_bsn(person),
            family_name=person.family_name,
            birth_parts=self._random.choices((3, 2, 1, 0), (92, 2, 4, 2))[0],
            stated_at=self.now if self._random.random() < 0.7 else None,
            since=self.today if self._random.random() < 0.3 else None,
            secret=person.in_hiding if self._random.random() < 0.7 else None,
        )
        dossier.lines.append(line)
        self._of_person.setdefault(person, []).append(dossier)
        return line

    def _drop_former(self, dossier: Dossier) -> None:
        """Whoever left long ago is named no longer."""
        former = [line for line in dossier.lines if not line.lives_here and not line.client]
        for line in former[: max(0, len(dossier.lines) - _LONGEST)]:
            dossier.lines.remove(line)
            self._of_person[line.person].remove(dossier)

    def _written_bsn(self, person: Person) -> str | None:
        """Mostly right; sometimes it was not asked for, sometimes a digit is wrong (and so it fails the 11-test)."""
        chance = self._random.random()
        if chance < 0.03:
            return None
        return person.bsn if chance > 0.05 else person.bsn[:-1] + str((int(person.bsn[-1]) + 1) % 10)

    def _place(self, dossier: Dossier, line: Line) -> None:
        here = line.person.home is dossier.client.home
        line.lives_here = here
        line.address = None if here else self._elsewhere(line.person.home, line.address)

    def _elsewhere(self, home: Home, written: Address | str | None) -> Address | None:
        """The other address, which is not always known."""
        if written == home.address or self._random.random() < 0.8:
            return home.address
        return None
