"""What a household asks for, as each of those sees it who find it: what a list is narrowed, counted and sorted by must
tell no more than its lines do. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from hub.desk.access import Actor, Known, Role, grantees_of
from hub.desk.access.decide import Openings, opened_by, relations, sees_whole, stood_in
from hub.desk.access.grounds import Relation
from hub.desk.access.roles import Replaced
from hub.desk.caseload.case import Case, Urgency, case_of, urgency_of
from hub.desk.insight import Insight, Whole
from hub.events.ids import DossierRef, ref_of
from hub.household.document_shape import Document
from hub.household.requests.codes import LAW_OF_KIND

_NOBODY: Final = "\0"
"""No user has this name: what is seen is seen by one relation alone."""
_NOTHING: Final[Openings] = {}
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
    insight = _seen_by(whole, _NOTHING)
    return case_of(insight.document, insight.points, insight.threads, whole.today)


def told_of(whole: Whole) -> Iterator[Told]:
    """What each sees who sees a dossier of it in full. Consent and an emergency are left out: they end at any moment,
    and so does what they show; whoever sees more by them is told less by the list, never more."""
    document = whole.document
    known = whole.known._replace(consents=())
    to_others = known._replace(emergencies=())
    by_tie: dict[_Tie, Openings] = {}
    made: dict[frozenset[DossierRef], Urgency] = {}
    for reader in readers(document, known):
        asked = known if reader.role is Role.SAFETY_OFFICER else to_others
        related = relations(reader, asked)
        tie = reader.unit, tuple(related), any(Relation.DIRECTS in tied for tied in related.values())
        if tie not in by_tie:
            by_tie[tie] = opened_by(reader, asked, related)
        openings = by_tie[tie]
        seen = frozenset(ref for ref in openings if sees_whole(openings, ref))
        if seen and seen not in made:
            made[seen] = _urgency(whole, seen, openings)
        if seen:
            yield Told(grantees_of(reader)[-1], reader.unit, len(seen), made[seen])


def _urgency(whole: Whole, seen: frozenset[DossierRef], openings: Openings) -> Urgency:
    document = whole.document
    is_all = seen.issuperset([*map(ref_of, document["dossiers"]), *map(ref_of, document["message_dossiers"])])
    insight = whole if is_all else _seen_by(whole, openings)
    return urgency_of(insight.points, insight.threads)


def readers(document: Document, known: Known) -> Iterator[Actor]:
    """Somebody for each way to find a household, as often as it has units."""
    teams = {item.team for item in known.dossiers if item.team}
    staff = {number for item in known.dossiers for number in item.named | item.directed_by}
    user, number = (known.director.user, known.director.staff) if known.director else ("", "")
    staff |= {number} - {""}
    replaced = [
        Replaced(team, worker)
        for worker in sorted(staff)
        for team in sorted(teams)
        if any(relation for item in known.dossiers for relation in stood_in(team, worker, item, known))
    ]
    for unit in sorted({item["kind"] for item in document["dossiers"]} & LAW_OF_KIND.keys()):
        for team in sorted(teams):
            yield Actor(_NOBODY, Role.CASE_DIRECTOR, unit=unit, teams=(team,))
        for worker in sorted(staff):
            yield Actor(_NOBODY, Role.CASE_DIRECTOR, unit=unit, staff=worker)
        for pair in replaced:
            yield Actor(_NOBODY, Role.CASE_DIRECTOR, unit=unit, replaces=(pair,))
        if user:
            yield Actor(user, Role.CASE_DIRECTOR, unit=unit)
    yield Actor(_NOBODY, Role.SAFETY_OFFICER)


def _seen_by(whole: Whole, openings: Openings) -> Insight:
    return Insight(whole.cut(openings), whole)
