"""The reference's answer: canonical, so that two answers are equal if and only if they are equal as JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hub.demo.reference import decisions, istandaarden, menscentraal, zcd
from hub.demo.reference.decisions import DossierKey, Ref
from hub.demo.reference.facts import Change, Dossier, Json, Line, UnreadableError
from hub.demo.reference.households import Household, derive, of_teams, person_of, ref_of

NUMBERS: dict[str, str] = {zcd.SOURCE: "volgnummer", menscentraal.SOURCE: "seq"}
READERS: dict[str, Callable[[object], Change]] = {
    zcd.SOURCE: zcd.read,
    menscentraal.SOURCE: menscentraal.read,
}


MAX_RECORD_BYTES = 256 * 1024
"""A longer line is unreadable."""


@dataclass
class Sources:
    """What the sources hold: per record the readable change that counts, and what was unreadable."""

    records: dict[tuple[str, str, str], Change] = field(default_factory=dict)
    unreadable: dict[str, set[object]] = field(default_factory=lambda: {source: set() for source in READERS})

    def add(self, source: str, lines: Iterable[str | bytes]) -> None:
        """Read one source's changes, in the order of its file. Blank lines are no changes."""
        for position, line in enumerate(lines, start=1):
            if line.strip():
                self._add_line(source, position, line)

    def _add_line(self, source: str, position: int, line: str | bytes) -> None:
        number: object = ("line", position)
        try:
            if len(line.encode() if isinstance(line, str) else line) > MAX_RECORD_BYTES:
                raise UnreadableError("too large")
            record = json.loads(line, parse_constant=_no_constant)
            if isinstance(record, dict) and isinstance(stated := record.get(NUMBERS[source]), int):
                number = stated
            change = READERS[source](record)
        except (UnreadableError, ValueError, RecursionError):
            self.unreadable[source].add(number)
            return
        self._keep(change)

    def add_messages(self, lines: Iterable[str | bytes]) -> None:
        """Read national messages, one a line; without any nothing is said of that source."""
        for position, line in enumerate(lines, start=1):
            unreadable = self.unreadable.setdefault(istandaarden.SOURCE, set())
            try:
                text = line if isinstance(line, str) else line.decode()
                for change in istandaarden.read(text) if text.strip() else ():
                    self._keep(change)
            except (UnreadableError, ValueError, RecursionError):
                unreadable.add(position)

    def _keep(self, change: Change) -> None:
        key = (change.source, change.type, change.id)
        known = self.records.get(key)
        if known is None or (change.version, change.recorded_at) >= (known.version, known.recorded_at):
            self.records[key] = change

    def dossiers(self) -> list[Dossier]:
        """The dossiers that were not deleted."""
        return [change.composition for change in self.records.values() if change.composition is not None]


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


@dataclass(frozen=True)
class Answer:
    """One JSON object per live household, by id, and the totals."""

    households: tuple[Json, ...]
    summary: Json


def answer(
    zcd_lines: Iterable[str | bytes],
    menscentraal_lines: Iterable[str | bytes],
    decision_lines: Iterable[str | bytes] = (),
    message_lines: Iterable[str | bytes] = (),
) -> Answer:
    """The whole computation, from the two files' lines, what humans decided (`decisions.read`) and messages."""
    sources = Sources()
    sources.add(zcd.SOURCE, zcd_lines)
    sources.add(menscentraal.SOURCE, menscentraal_lines)
    sources.add_messages(message_lines)
    dossiers = sources.dossiers()
    records: dict[DossierKey, list[list[object]]] = defaultdict(list)
    for change in sources.records.values():
        if change.body is not None:
            entry: list[object] = [
                change.source,
                change.dossier,
                change.type,
                change.id,
                change.version,
                instant(change.recorded_at),
                change.body,
            ]
            records[change.source, change.dossier].append(entry)
    numbers = {ref_of(dossier, line): line.bsn for dossier in dossiers for line in dossier.lines}
    derived = derive(dossiers, decisions.read(decision_lines, numbers))
    households = [found for household in derived if (found := of_teams(household)) is not None]
    summary: Json = {
        "households": len(households),
        "persons": len({person for household in households for person in member_keys(household)}),
        "dossiers": sum(dossier.facts["kind"] != istandaarden.REQUEST for dossier in dossiers),
        "dead_letters": {source: len(numbers) for source, numbers in sources.unreadable.items()},
    }
    return Answer(tuple(to_json(household, records) for household in households), summary)


def to_json(household: Household, records: dict[DossierKey, list[list[object]]]) -> Json:
    """One household, all lists sorted; `persons` in the order of `members`."""
    by_ref = lines_by_ref(household)
    persons = [[by_ref[ref] for ref in member] for member in household.members]
    holding = (*household.dossiers, *household.messages)
    content = [entry for dossier in holding for entry in records[dossier.source, dossier.id]]
    return {
        "household_id": household.id,
        "status": "open" if any(dossier.is_open for dossier in household.dossiers) else "closed",
        "oversized": household.oversized,
        "dossiers": [[dossier.source, dossier.id] for dossier in household.dossiers],
        "compositions": [composition(dossier) for dossier in household.dossiers],
        "members": [[list(ref) for ref in member] for member in household.members],
        "persons": [
            {
                "names": sorted({line.name for line in lines if line.name}),
                "birth_dates": sorted({line.birth_date for line in lines if line.birth_date}),
                "genders": sorted({line.gender for line in lines if line.gender}),
                "roles": sorted({line.role for line in lines}),
                "secret": any(line.secret for line in lines),
            }
            for lines in persons
        ],
        "addresses": addresses(household),
        "unconfirmed": household.unconfirmed,
        "conflicts": [list(ref) for ref in household.conflicts],
        "references": [list(ref) for ref in household.references],
        "history": [list(ref) for ref in household.history],
        "decisions": [list(decision) for decision in household.decisions],
        "records": sorted(content, key=lambda entry: tuple(map(str, entry[:4]))),
    }


def addresses(household: Household) -> list[list[list[str]]]:
    """Which members, each by his first line, and which dossiers are at one address, for each address."""
    by_ref, at = lines_by_ref(household), defaultdict[str, list[list[str]]](list)
    for member in household.members:
        for address in {by_ref[ref].shown_address for ref in member}:
            at[address or ""].append(list(member[0]))
    for dossier in household.dossiers:
        at[dossier.address or ""].append([dossier.source, dossier.id])
    return sorted(sorted(places) for address, places in at.items() if address)


def composition(dossier: Dossier) -> Json:
    """The fields of a dossier itself."""
    return dossier.facts | {
        "status": "open" if dossier.is_open else "closed",
        "opened_on": dossier.opened_on,
        "version": dossier.version,
        "recorded_at": instant(dossier.recorded_at),
    }


def instant(moment: datetime) -> str:
    """A moment in UTC, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def lines_by_ref(household: Household) -> dict[Ref, Line]:
    """All lines of the household's dossiers."""
    return {(d.source, d.id, line.line): line for d in household.dossiers for line in d.lines}


def member_keys(household: Household) -> set[object]:
    """What tells the members apart over all households."""
    by_ref = {(d.source, d.id, line.line): person_of(d, line) for d in household.dossiers for line in d.lines}
    return {by_ref[member[0]] for member in household.members}
