"""Compares the households that came out of the hub with those of the lists, and gives each difference its cause.

A cause is looked for in the lists and in what the sources wrote, never in the rules of the hub: what has none is
unexplained.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from tests.brp.derived import Derived, Link
from tests.brp.lists import Population
from tests.brp.registrations import Content, DossierRef, LineRef, Member


class Kind(StrEnum):
    """How hub and lists can differ. NAMED: shown as a member of a household in which he is none by the lists."""

    APART = "family at one address by the lists, apart in the hub"
    TOGETHER = "together in the hub, not by the lists"
    NAMED = "shown as a member here, not by the lists"


class Cause(StrEnum):
    """Why they may."""

    ONE_BSN_TWO_LISTS = "two lists have one BSN, so that two people are one person for the hub"
    NAMED_WITHOUT_BSN = "the list that names him has no BSN of him: an unconfirmed member, never linked"
    LEFT_UNNOTICED = "dead or gone, and the dossier that names him has not changed since"
    ADDRESS_UNKNOWN = "moved to where the list knows no address: an unknown address never beats a stated one"
    UNREADABLE = "a birth date that does not exist makes a whole record of a dossier unreadable"


class Difference(NamedTuple):
    """Two lists on which hub and lists differ; `cause` None: unexplained."""

    kind: Kind
    first: str
    second: str
    cause: Cause | None


@dataclass(frozen=True)
class Written:
    """What the sources hold on the day: the last readable version of each dossier, and those of which one was not."""

    current: Mapping[DossierRef, Content]
    unreadable: frozenset[DossierRef]
    about: Mapping[LineRef, str]

    def client_of(self, ref: DossierRef) -> str:
        """The list whose dossier it is."""
        return self.about[LineRef(*ref, "1")]


class Report(NamedTuple):
    """The agreement on one day. `same`: households of two lists of which hub and lists say the same."""

    persons: int
    households: int
    same: int
    differences: tuple[Difference, ...]

    @property
    def causes(self) -> dict[tuple[Kind, Cause | None], int]:
        """How many differences of each kind and cause."""
        return dict(Counter((difference.kind, difference.cause) for difference in self.differences))


def compare(
    population: Population, derived: Derived, written: Written, documents: Sequence[Mapping[str, Any]]
) -> Report:
    """All differences, each with its cause."""
    view = _View(population, derived, written, documents)
    found = tuple(sorted({*view.apart(), *view.together(), *view.named()}))
    same = derived.households & frozenset(view.groups.values())
    return Report(len(derived.homes), len(derived.households), len(same), found)


class _View:
    """The open households of the hub, as sets of lists: those whose own open dossier is in it."""

    def __init__(
        self, population: Population, derived: Derived, written: Written, documents: Sequence[Mapping[str, Any]]
    ) -> None:
        self._population, self._derived, self._written = population, derived, written
        self._documents = [document for document in documents if document["status"] == "open"]
        self._household: dict[str, str] = {}
        groups: dict[str, set[str]] = defaultdict(set)
        for document in self._documents:
            for dossier in document["dossiers"]:
                if dossier["status"] == "open":
                    client = written.client_of(DossierRef(dossier["source"], dossier["dossier_id"]))
                    self._household[client] = document["household_id"]
                    groups[document["household_id"]].add(client)
        self.groups = {household: frozenset(clients) for household, clients in groups.items()}

    def apart(self) -> Iterator[Difference]:
        """Links of the lists that the hub does not have."""
        for link in self._derived.links:
            households = [self._household.get(person) for person in link]
            if None in households or households[0] != households[1]:
                yield Difference(Kind.APART, link.first, link.second, self._why_apart(link))
        for person in sorted(self._derived.homes.keys() - self._household.keys()):
            yield Difference(Kind.APART, person, person, self._why_alone(person))

    def _why_apart(self, link: Link) -> Cause | None:
        if any(self._why_alone(person) for person in link):
            return Cause.UNREADABLE
        if any(self._shares_bsn(person) for person in link):
            return Cause.ONE_BSN_TWO_LISTS
        first, second = link
        if not self._names_with_bsn(first, second) and not self._names_with_bsn(second, first):
            return Cause.NAMED_WITHOUT_BSN
        return None

    def _why_alone(self, person: str) -> Cause | None:
        clients = {self._written.client_of(ref) for ref in self._written.unreadable}
        return Cause.UNREADABLE if person in clients else None

    def _shares_bsn(self, person: str) -> bool:
        return len(self._population.with_bsn(self._population.by_id[person].bsn)) > 1

    def _names_with_bsn(self, client: str, other: str) -> bool:
        """Whether the client, who has a BSN himself, names the other with his."""
        has_one = bool(self._population.by_id[client].bsn)
        lines = (line for who, whom, line in self._statements() if (who, whom) == (client, other))
        return has_one and any(line.bsn for line in lines)

    def _statements(self) -> Iterator[tuple[str, str, Member]]:
        """(client, whom, line) of every line of an open dossier that is about somebody of the set."""
        for ref, content in self._written.current.items():
            for line in content.members if content.closed is None else ():
                whom = self._written.about.get(LineRef(*ref, str(line.line)))
                if whom is not None:
                    yield self._written.client_of(ref), whom, line

    def together(self) -> Iterator[Difference]:
        """What joins lists in the hub that the lists do not join, and households that nothing of all that joins."""
        bridges = set(self._bridges())
        yield from bridges
        joins = [(link.first, link.second) for link in self._derived.links]
        joins += [(bridge.first, bridge.second) for bridge in bridges]
        through_gone = [(client, whom) for client, whom, line in self._statements() if self._is_gone(whom, line)]
        for clients in self.groups.values():
            first = min(clients)
            reached, by_the_gone = _reached(first, joins), _reached(first, joins + through_gone)
            for person in clients - reached:
                cause = Cause.LEFT_UNNOTICED if person in by_the_gone else None
                yield Difference(Kind.TOGETHER, first, person, cause)

    def _is_gone(self, whom: str, line: Member) -> bool:
        """Whether a line says that somebody lives there who is no resident any more."""
        return line.lives_here and whom not in self._derived.homes

    def _bridges(self) -> Iterator[Difference]:
        for client, whom, line in self._statements():
            link = Link(min(client, whom), max(client, whom))
            if line.lives_here and client != whom and link not in self._derived.links and self._are_together(*link):
                yield Difference(Kind.TOGETHER, link.first, link.second, self._why_together(*link))
        for person in self._household:
            for other in self._population.with_bsn(self._population.by_id[person].bsn):
                if person < other.id and self._are_together(person, other.id):
                    yield Difference(Kind.TOGETHER, person, other.id, Cause.ONE_BSN_TWO_LISTS)

    def _are_together(self, first: str, second: str) -> bool:
        households = self._household.get(first), self._household.get(second)
        return None not in households and households[0] == households[1]

    def _why_together(self, client: str, whom: str) -> Cause | None:
        homes = self._derived.homes
        if any(person in homes and homes[person] is None for person in (client, whom)):
            return Cause.ADDRESS_UNKNOWN
        return Cause.ONE_BSN_TWO_LISTS if self._shares_bsn(client) or self._shares_bsn(whom) else None

    def named(self) -> Iterator[Difference]:
        """Members whose own open dossier is not in the household."""
        for document in self._documents:
            clients = self.groups[document["household_id"]]
            for member in document["members"]:
                lines = [LineRef(ref["source"], ref["dossier_id"], ref["line"]) for ref in member["source_refs"]]
                for whom in {self._written.about[line] for line in lines if line in self._written.about} - clients:
                    cause = self._why_named(whom, confirmed=member["confirmed"])
                    yield Difference(Kind.NAMED, whom, min(clients), cause)

    def _why_named(self, whom: str, *, confirmed: bool) -> Cause | None:
        if self._why_alone(whom):
            return Cause.UNREADABLE
        if whom not in self._derived.homes:
            return Cause.LEFT_UNNOTICED
        if self._shares_bsn(whom):
            return Cause.ONE_BSN_TWO_LISTS
        return None if confirmed else Cause.NAMED_WITHOUT_BSN


def _reached(start: str, joins: Sequence[tuple[str, str]]) -> set[str]:
    """Everybody whom a chain of joins connects with the start."""
    beside: dict[str, set[str]] = defaultdict(set)
    for first, second in joins:
        beside[first].add(second)
        beside[second].add(first)
    reached, waiting = {start}, [start]
    while waiting:
        new = beside[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def table(days: Mapping[date, Report]) -> str:
    """The agreement as a table: a row per day, then a row per day, kind and cause."""
    rows = ["| day | persons | households by the lists | the same in the hub | differences | unexplained |"]
    rows += ["|---|---|---|---|---|---|"]
    for day, report in days.items():
        unexplained = sum(difference.cause is None for difference in report.differences)
        numbers = (report.persons, report.households, report.same, len(report.differences), unexplained)
        rows.append(f"| {day} | {' | '.join(map(str, numbers))} |")
    rows += ["", "| day | difference | cause | how many |", "|---|---|---|---|"]
    for day, report in days.items():
        for (kind, cause), number in sorted(report.causes.items(), key=str):
            rows.append(f"| {day} | {kind} | {cause or 'UNEXPLAINED'} | {number} |")
    return "\n".join(rows)


def listed(days: Mapping[date, Report]) -> str:
    """Every difference, with its cause; persons by the names of their lists."""
    return "\n".join(
        f"{day} {difference.first} {difference.second}: {difference.kind}: {difference.cause or 'UNEXPLAINED'}"
        for day, report in days.items()
        for difference in report.differences
    )
