"""What a household asks for, as each of those sees it who find it: what a list is narrowed, counted and sorted by must
tell no more than its lines do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from hub.desk.access import Actor, Known, Role, grantees_of
from hub.desk.access.decide import Openings, opened_by, relations, sees_whole
from hub.desk.access.grounds import Relation
from hub.desk.access.roles import Replaced
from hub.desk.caseload.case import Case, Urgency, case_of, urgency_of
from hub.desk.insight import Insight, Whole
from hub.events.ids import DossierRef, ref_of
from hub.household.document_shape import Document
from hub.household.requests.codes import LAW_OF_KIND

_NOBODY: Final = "\0"
"""No user has this name: what is seen is seen by one relation alone."""
_Tie = tuple[str, tuple[DossierRef, ...], bool]
"""What somebody sees in full follows from his unit, the dossiers that he is tied to, and whether he directs."""


class Told(NamedTuple):
    """What is told to whoever finds a household by this `grantee` (as in `hub.desk.access.reach`) and is of this `unit`
    ("": whichever it is). `dossiers`: how many he sees in full by that alone."""

    grantee: str
    unit: str
    dossiers: int
    urgency: Urgency


def to_anybody(whole: Whole) -> Case:
    """What everybody sees who has to do with a household at all."""
    insight = Insight(whole.seen_by_anybody, whole)
    return case_of(insight.document, insight.points, insight.threads, whole.today)


def told_of(whole: Whole) -> Iterator[Told]:
    """What each sees who sees a dossier of it in full. Consent and an emergency are left out: they end at any moment,
    and so does what they show; whoever sees more by them is told less by the list, never more."""
    known = whole.known._replace(consents=())
    to_others = known._replace(emergencies=())
    by_tie: dict[_Tie, frozenset[DossierRef]] = {}
    made: dict[frozenset[DossierRef], Urgency] = {}
    for finder, units in finders(whole.document, known):
        asked = known if finder.role is Role.SAFETY_OFFICER else to_others
        related = relations(finder, asked)
        directs = any(Relation.DIRECTS in tied for tied in related.values())
        for unit in units:
            tie = unit, tuple(related), directs
            if tie not in by_tie:
                openings = opened_by(replace(finder, unit=unit), asked, related)
                by_tie[tie] = seen = frozenset(ref for ref in openings if sees_whole(openings, ref))
                if seen and seen not in made:
                    made[seen] = _urgency(whole, seen, openings)
            if seen := by_tie[tie]:
                yield Told(grantees_of(finder)[-1], unit, len(seen), made[seen])


def _urgency(whole: Whole, seen: frozenset[DossierRef], openings: Openings) -> Urgency:
    document = whole.document
    if seen.issuperset([*map(ref_of, document["dossiers"]), *map(ref_of, document["message_dossiers"])]):
        return urgency_of(whole.points, whole.threads)
    threads = whole.threads_seen(openings)
    return urgency_of(whole.points_seen(seen.intersection(map(ref_of, document["dossiers"])), threads), threads)


def finders(document: Document, known: Known) -> Iterator[tuple[Actor, Sequence[str]]]:
    """Somebody for each way to find a household, with the units that he may be of. Of those who stand in only whom
    `stood_in` gives anything."""
    teams = {item.team for item in known.dossiers if item.team}
    staff = {number for item in known.dossiers for number in item.named | item.directed_by}
    replaced = {(item.team, number) for item in known.dossiers if item.team for number in item.named | item.directed_by}
    user, number = (known.director.user, known.director.staff) if known.director else ("", "")
    if number:
        staff.add(number)
        replaced |= {(team, number) for team in teams}
    units = sorted({item["kind"] for item in document["dossiers"]} & LAW_OF_KIND.keys())
    for team in sorted(teams):
        yield Actor(_NOBODY, Role.CASE_DIRECTOR, teams=(team,)), units
    for worker in sorted(staff):
        yield Actor(_NOBODY, Role.CASE_DIRECTOR, staff=worker), units
    for pair in sorted(replaced):
        yield Actor(_NOBODY, Role.CASE_DIRECTOR, replaces=(Replaced(*pair),)), units
    if user:
        yield Actor(user, Role.CASE_DIRECTOR), units
    yield Actor(_NOBODY, Role.SAFETY_OFFICER), ("",)
