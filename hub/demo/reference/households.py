"""Who is one household: computed in one go from the current dossiers, by the rules of the worked cases.

Deliberately simple: two passes over all statements, one flood fill, nothing incremental.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass, replace

from hub.demo.reference.decisions import Decided, Decision, DossierKey, Person, Ref, Statement, decide
from hub.demo.reference.facts import Dossier, Line
from hub.demo.reference.istandaarden import REQUEST

OVERSIZE = 20
"""A component of more persons is an institution, not a family."""


@dataclass(frozen=True)
class Household:
    """One household and the lines of its dossiers, by what they show. `members`: all lines of each member.
    `decisions`: what each decision on its dossiers does."""

    id: str
    dossiers: tuple[Dossier, ...]
    oversized: bool
    members: tuple[tuple[Ref, ...], ...]
    conflicts: tuple[Ref, ...]
    references: tuple[Ref, ...]
    history: tuple[Ref, ...]
    unconfirmed: int
    decisions: tuple[tuple[str, str], ...]
    messages: tuple[Dossier, ...] = ()
    """Dossiers that are no team's; their lines show nothing."""


def of_teams(household: Household) -> Household | None:
    """Without what only messages state; None if no team has a dossier here."""
    dossiers = tuple(dossier for dossier in household.dossiers if dossier.facts["kind"] != REQUEST)
    keys = {key_of(dossier) for dossier in dossiers}

    def kept(refs: Iterable[Ref]) -> tuple[Ref, ...]:
        return tuple(ref for ref in refs if ref[:2] in keys)

    if not dossiers:
        return None
    return replace(
        household,
        dossiers=dossiers,
        messages=tuple(dossier for dossier in household.dossiers if key_of(dossier) not in keys),
        members=tuple(sorted(refs for refs in map(kept, household.members) if refs)),
        conflicts=kept(household.conflicts),
        references=kept(household.references),
        history=kept(household.history),
    )


def person_of(dossier: Dossier, line: Line) -> Person:
    """As decided; else the same valid BSN is the same person, and without one the line is a person of its own."""
    if line.person is not None:
        return line.person
    return (line.bsn,) if line.bsn else ref_of(dossier, line)


def ref_of(dossier: Dossier, line: Line) -> Ref:
    """Where the line stands."""
    return dossier.source, dossier.id, line.line


def key_of(dossier: Dossier) -> DossierKey:
    """Source and number."""
    return dossier.source, dossier.id


def derive(stated: list[Dossier], decisions: Iterable[Decision] = ()) -> list[Household]:
    """All households of these dossiers (each the version that counts, deleted ones left out), by id."""
    decided = decide(said(stated), {key_of(d) for d in stated if d.is_open}, made := list(decisions))
    dossiers = [as_decided(dossier, decided) for dossier in stated]
    winners = {person: winner(lines) for person, lines in statements(dossiers).items()}
    inhabitants = {key_of(d): {person_of(d, line) for line in d.lines if at_home(d, line, winners)} for d in dossiers}
    ties = {("tie", str(number)): set(tie) for number, tie in enumerate(decided.ties)}
    groups = components(inhabitants | ties)
    of_client: dict[frozenset[Person], list[Dossier]] = defaultdict(list)
    for dossier in dossiers:
        client = client_of(dossier)
        of_client[groups.get(client, frozenset({client}))].append(dossier)
    found = []
    for group, owned in of_client.items():
        if len(group) <= OVERSIZE:
            found.append(describe(owned, group, winners, oversized=False))
            continue
        for dossier in owned:
            members = inhabitants[key_of(dossier)] | {client_of(dossier)}
            found.append(describe([dossier], members, winners, oversized=True))
    return sorted((explained(household, decided, made) for household in found), key=lambda household: household.id)


def said(dossiers: list[Dossier]) -> list[Statement]:
    """What every line states."""
    return [
        Statement(ref_of(d, line), person_of(d, line), line.bsn is not None, line.client, line.lives_here)
        for d in dossiers
        for line in d.lines
    ]


def as_decided(dossier: Dossier, decided: Decided) -> Dossier:
    """The dossier with its persons and their residence as humans decided."""
    refs = [(ref_of(dossier, line), line) for line in dossier.lines]
    lines = (
        replace(
            line,
            person=decided.person[ref],
            lives_here=decided.lives_here[ref],
            decided_at=decided.decided_at[ref],
        )
        for ref, line in refs
    )
    return replace(dossier, lines=tuple(lines))


def explained(household: Household, decided: Decided, decisions: Iterable[Decision]) -> Household:
    """With the decisions on its dossiers, and the number of members who are known by no valid number."""
    keys = {key_of(dossier) for dossier in household.dossiers}
    found = sorted((item.key, decided.effects[item.key]) for item in decisions if item.dossiers & keys)
    unknown = sum(decided.person[refs[0]] not in decided.sure for refs in household.members)
    return replace(household, decisions=tuple(found), unconfirmed=unknown)


def client_of(dossier: Dossier) -> Person:
    """The one whom the dossier follows."""
    return next(person_of(dossier, line) for line in dossier.lines if line.client)


def statements(dossiers: list[Dossier]) -> dict[Person, list[tuple[Dossier, Line]]]:
    """Per person the lines of open dossiers that say: this person lives here."""
    found: dict[Person, list[tuple[Dossier, Line]]] = defaultdict(list)
    for dossier in dossiers:
        for line in dossier.lines:
            if dossier.is_open and line.lives_here:
                found[person_of(dossier, line)].append((dossier, line))
    return found


def winner(stated: list[tuple[Dossier, Line]]) -> str | None:
    """The known address that was stated last, what a human decided before all others; None if none is known."""
    known = [
        ((line.decided_at, line.stated_at, dossier.source, dossier.id, dossier.version, line.line), line.address)
        for dossier, line in stated
        if line.address is not None
    ]
    return max(known)[1] if known else None


def at_home(dossier: Dossier, line: Line, winners: dict[Person, str | None]) -> bool:
    """Whether by this line its person lives in the dossier: it states the winning address, or knows none."""
    states = dossier.is_open and line.lives_here
    return states and line.address in (None, winners[person_of(dossier, line)])


def components(inhabitants: dict[DossierKey, set[Person]]) -> dict[Person, frozenset[Person]]:
    """Per person everybody who is reached through shared dossiers, by flood fill."""
    homes: dict[Person, list[DossierKey]] = defaultdict(list)
    for key, people in inhabitants.items():
        for person in people:
            homes[person].append(key)
    found: dict[Person, frozenset[Person]] = {}
    for start in homes:
        if start in found:
            continue
        reached, to_visit = {start}, [start]
        while to_visit:
            for key in homes[to_visit.pop()]:
                new = inhabitants[key] - reached
                reached |= new
                to_visit += new
        found |= dict.fromkeys(reached, frozenset(reached))
    return found


def describe(
    dossiers: list[Dossier], members: Set[Person], winners: dict[Person, str | None], *, oversized: bool
) -> Household:
    """Sort the lines of the dossiers by what they show. A member's lines are his, whatever else they show.

    Nobody who is named is left out: who lives in an open dossier whose client was lost to another household,
    and so is no member here, is shown as a conflict.
    """
    own: dict[Person, list[Ref]] = defaultdict(list)
    shown: dict[str, list[Ref]] = {"conflict": [], "reference": [], "history": []}
    for dossier in dossiers:
        for line in dossier.lines:
            person, ref = person_of(dossier, line), ref_of(dossier, line)
            if person in members:
                own[person].append(ref)
            if not dossier.is_open:
                if person not in members:
                    shown["history"].append(ref)
            elif not line.lives_here:
                shown["reference"].append(ref)
            elif person not in members or not at_home(dossier, line, winners):
                shown["conflict"].append(ref)
    anchor = min(dossiers, key=lambda dossier: (dossier.opened_on, dossier.source, dossier.id))
    return Household(
        id="H" + hashlib.sha256(f"{anchor.source}\0{anchor.id}".encode()).hexdigest()[:20],
        dossiers=tuple(sorted(dossiers, key=key_of)),
        oversized=oversized,
        members=tuple(sorted(tuple(sorted(refs)) for refs in own.values())),
        conflicts=tuple(sorted(shown["conflict"])),
        references=tuple(sorted(shown["reference"])),
        history=tuple(sorted(shown["history"])),
        unconfirmed=0,
        decisions=(),
    )
