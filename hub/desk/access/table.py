"""The whole decision table as a page: `hub/docs/access.md`, made by asking `may`. `python -m hub.desk.access.table`
writes it; a test holds the two together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Final

from hub.desk.access.consent import SELF, Consent
from hub.desk.access.decide import may
from hub.desk.access.facts import Director, DossierFacts, Emergency, Household, Known, Rules
from hub.desk.access.grounds import Opening
from hub.desk.access.roles import ABOUT_ONE_HOUSEHOLD, ALLOWED, Action, Actor, Replaced, Role
from hub.events.ids import DossierRef

YOUTH: Final = DossierRef("zcd", "Z-1")
ADULT: Final = DossierRef("menscentraal", "MC-1")
_NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
_USER: Final = "kim"
_STAFF: Final = "100201"
_TEAM: Final = "noord jeugd"
_MOTHER: Final = "p-anna"
_REPLACED: Final = Replaced("west jeugd", "100999")
"""For whom, in which team, the reader stands in today."""

RELATIONS: Final[dict[str, tuple[DossierFacts, DossierFacts]]] = {
    "none": (DossierFacts(YOUTH, "youth"), DossierFacts(ADULT, "adult")),
    "own team has the youth dossier": (DossierFacts(YOUTH, "youth", _TEAM), DossierFacts(ADULT, "adult")),
    "named in the youth dossier": (
        DossierFacts(YOUTH, "youth", named=frozenset({_STAFF})),
        DossierFacts(ADULT, "adult"),
    ),
    "directs by the youth dossier": (
        DossierFacts(YOUTH, "youth", directed_by=frozenset({_STAFF})),
        DossierFacts(ADULT, "adult"),
    ),
    "directs by a decision in the hub": (DossierFacts(YOUTH, "youth"), DossierFacts(ADULT, "adult")),
    "named in the adult dossier": (
        DossierFacts(YOUTH, "youth"),
        DossierFacts(ADULT, "adult", named=frozenset({_STAFF})),
    ),
    "stands in for a director by the youth dossier, of its team": (
        DossierFacts(YOUTH, "youth", _REPLACED.team, directed_by=frozenset({_REPLACED.staff})),
        DossierFacts(ADULT, "adult"),
    ),
    "stands in for somebody named in the youth dossier, of its team": (
        DossierFacts(YOUTH, "youth", _REPLACED.team, named=frozenset({_REPLACED.staff})),
        DossierFacts(ADULT, "adult"),
    ),
    "stands in for him in another team": (
        DossierFacts(YOUTH, "youth", "zuid jeugd", named=frozenset({_REPLACED.staff})),
        DossierFacts(ADULT, "adult"),
    ),
    "a child's safety in the youth dossier": (
        DossierFacts(YOUTH, "youth", child_safety=True),
        DossierFacts(ADULT, "adult"),
    ),
}
"""How somebody of the youth unit has to do with a household of one youth and one adult dossier."""
CONSENTS: Final[dict[str, tuple[Consent, ...]]] = {
    "no": (),
    "all": (Consent(ADULT, _MOTHER, "youth", None, frozenset({SELF}), date(2026, 12, 31), ("1990-05-01",)),),
    "finance": (
        Consent(ADULT, _MOTHER, "youth", frozenset({"finance"}), frozenset({SELF}), date(2026, 12, 31), ("1990",)),
    ),
}
"""Of the client of the adult dossier, for the youth unit."""


def household(relation: str, consent: str, emergency: bool, *, wams: bool = False) -> Household:
    """A row of the table as `may` is asked about it."""
    access = Emergency("B" + 20 * "0", ADULT, _USER, _NOW + timedelta(hours=4))
    known = Known(
        at=_NOW,
        dossiers=RELATIONS[relation],
        director=Director(user=_USER, unit="youth") if "decision" in relation else None,
        consents=CONSENTS[consent],
        emergencies=(access,) if emergency else (),
        rules=Rules(wams=wams),
    )
    return Household("H1", (YOUTH, ADULT), (), known)


def actor(role: Role) -> Actor:
    """Somebody of the youth unit."""
    return Actor(_USER, role, unit="youth", teams=(_TEAM,), staff=_STAFF, replaces=(_REPLACED,))


def page() -> str:
    """The page, in Markdown."""
    return "\n".join((*_INTRODUCTION, *_actions(), "", *_contents(), ""))


_INTRODUCTION: Final = (
    "# Who may see what",
    "",
    "Made by `python -m hub.desk.access.table` out of the function that decides (`hub/desk/access`); not written",
    "by hand.",
    "",
    "Two layers. **That**: the dossiers that exist (kind, system, open or closed, team), who is a member, who",
    "helps and who directs, with how to reach them. Whoever has to do with a household sees that of all of it.",
    "**What**: goals, scores, requests, contacts, signals, costs, the reasons of decisions, where people live,",
    "and what asks for attention because of these. That needs a ground, dossier by dossier. Nothing else is",
    "allowed; every refusal is logged.",
    "",
    "- A relation is: the dossier is of one's team; an open dossier names one by personnel number, as involved or",
    "  directing, today; one directs by a decision in the hub; one broke the glass, and that has not ended.",
    "- A team leader decides who stands in for whom in his team, from which day to which. On those days the deputy",
    "  is what he stands in for, in that team's dossiers; still of his own unit's content alone, and in his own role.",
    "  Named or taken back, it counts a second after the read model knows of it, at most.",
    "- One's own work is dossiers of one's own unit alone. Who directs sees all of his unit's in the household.",
    "- The other unit's dossier is opened by consent of the person, for a unit, for all or for some life domains,",
    "  until a day. Below 12 the custodians give it, from 12 to 15 they and the child, from 16 on the person",
    "  alone (Youth Act 7.3.4, 7.3.5), by the age today. Of a birth date that is partly or not known: the",
    "  stricter reading.",
    "- An emergency opens one dossier to whoever gives a reason, for some hours (`REGIEHUB_EMERGENCY_HOURS`); the",
    "  household shows it, the log of looks has it, and a safety officer reviews it.",
    "- `WAMS` is off unless a municipality sets `REGIEHUB_WAMS`; then it opens a household to whoever directs it.",
    "- A safety officer has to do with households in which an open dossier holds a signal about a child's safety,",
    "  or somebody broke the glass: there he sees those dossiers, and secret addresses.",
    "- A household that is not there is refused like one that is not yours.",
    "",
    "## Role and action",
    "",
    "yes: the role may; related: with a household that one has to do with; -: never.",
    "",
)


_HEADINGS: Final = (
    "| role | relation | consent for the adult one | emergency on it | that | youth dossier | adult dossier | why |",
    "|---|---|---|---|---|---|---|---|",
)


def _actions() -> Iterator[str]:
    yield "| action | " + " | ".join(role.value for role in Role) + " |"
    yield "|---" * (len(Role) + 1) + "|"
    for action in Action:
        yield f"| {action.value} | " + " | ".join(_may_do(role, action) for role in Role) + " |"


def _may_do(role: Role, action: Action) -> str:
    if action not in ALLOWED[role]:
        return "-"
    if action not in ABOUT_ONE_HOUSEHOLD:
        return "yes" if may(actor(role), action).allowed else "-"
    unrelated = may(actor(role), action, household("none", "no", emergency=False))
    return "yes" if unrelated.allowed else "related"


def _contents() -> Iterator[str]:
    yield "## What is seen of a household"
    yield ""
    yield "Somebody of the youth unit reads a household with a youth and an adult dossier. Somebody of the adult unit"
    yield "likewise, the other way round. Roles that are not named here read no household at all."
    yield ""
    yield from _HEADINGS
    readers = [role for role in Role if Action.READ_HOUSEHOLD in ALLOWED[role]]
    for role, relation, consent, emergency in product(readers, RELATIONS, CONSENTS, (False, True)):
        yield _row(role, relation, consent, emergency)
    yield ""
    yield "With `WAMS` on:"
    yield ""
    yield from _HEADINGS
    for relation in RELATIONS:
        yield _row(Role.CASE_DIRECTOR, relation, "no", emergency=False, wams=True)


def _row(role: Role, relation: str, consent: str, emergency: bool, *, wams: bool = False) -> str:
    found = may(actor(role), Action.READ_HOUSEHOLD, household(relation, consent, emergency, wams=wams))
    seen = [_opened(found.openings.get(ref, ())) for ref in (YOUTH, ADULT)]
    taken = "yes" if emergency else "no"
    that = "yes" if found.allowed else "refused"
    return f"| {role.value} | {relation} | {consent} | {taken} | {that} | {seen[0]} | {seen[1]} | {found.reason} |"


def _opened(openings: tuple[Opening, ...]) -> str:
    return ", ".join(_said(opening) for opening in openings) or "-"


def _said(opening: Opening) -> str:
    if opening.person is None:
        return opening.ground.value
    return f"{opening.ground.value} ({', '.join(sorted(opening.domains or ('of the client',)))})"


if __name__ == "__main__":
    sys.stdout.write(page())
