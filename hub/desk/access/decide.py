"""The decision itself: `may(actor, action, household)`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from hub.desk.access import consent
from hub.desk.access.facts import DossierFacts, Emergency, Household, Known, Messages, team_key
from hub.desk.access.grounds import OF_KIND, OWN, Ground, Opening, Relation
from hub.desk.access.roles import ABOUT_ONE_HOUSEHOLD, ALLOWED, Action, Actor, Role
from hub.events.ids import DossierRef

Openings = Mapping[DossierRef, tuple[Opening, ...]]
"""What may be seen of the content of each dossier; of one with nothing here only that it exists."""
_NOTHING: Final[Openings] = {}
_EVERY_HOUSEHOLD: Final = frozenset({(Role.AUDITOR, Action.READ_LOOKS)})
"""What needs no relation to the household, for it shows nothing of it."""
_OWN_WORK: Final = frozenset({Action.DECIDE, Action.RECORD_CONSENT, Action.READ_CANDIDATES})
"""What an emergency is no reason for: it lets somebody see, not make himself at home."""
_UNTIED: Final = frozenset[Relation]()
_NO_WORK: Final = frozenset({Relation.EMERGENCY, Relation.SAFETY})
"""Relations of which none makes somebody one of those who work with the household."""
_HELP: Final = {unit: ground.value for unit, ground in OF_KIND.items()}


class Decision(NamedTuple):
    """The answer, why, and on what legal grounds (empty if refused or if no person's data are concerned).

    `openings`: of READ_HOUSEHOLD, what of each dossier may be shown beyond that it exists."""

    allowed: bool
    reason: str
    ground: str = ""
    openings: Openings = _NOTHING


def may(actor: Actor | None, action: Action, household: Household | None = None) -> Decision:
    """Whether somebody may do something, with one household if the action is about one.

    Called for every read and every decision, also when the household does not exist: so a refusal does not tell
    whether it does.
    """
    if actor is None:
        return Decision(False, "not_logged_in")
    if (action in ABOUT_ONE_HOUSEHOLD) != (household is not None):
        return Decision(False, "household_does_not_fit_action")
    if action not in ALLOWED[actor.role]:
        return Decision(False, "role_may_not")
    if household is None:
        return Decision(True, "role_may", _ground_of_role(actor, action))
    return _about(actor, action, household)


def _about(actor: Actor, action: Action, household: Household) -> Decision:
    if action is Action.BREAK_GLASS:
        return _break_glass(household)
    if (actor.role, action) in _EVERY_HOUSEHOLD:
        return Decision(True, "role_may")
    known = household.known
    related = {} if known is None else relations(actor, known)
    everything = frozenset[Relation]().union(*related.values())
    if known is None or not everything or (action in _OWN_WORK and everything == {Relation.EMERGENCY}):
        return Decision(False, "no_relation")
    opened = opened_by(actor, known, related)
    grounds = {opening.ground for found in opened.values() for opening in found}
    grounds |= {_ground_of(relation, item) for item in known.dossiers for relation in related.get(item.ref, ())}
    reasons = sorted({relation.value for found in related.values() for relation in found})
    return Decision(True, " ".join(reasons), " ".join(sorted(grounds)), opened)


def opened_by(actor: Actor, known: Known, related: Mapping[DossierRef, frozenset[Relation]]) -> Openings:
    """What is opened to whoever may read a household, by what ties him to it (`related`: his `relations`). Of him alone
    the unit is asked: whoever of it is tied alike sees the same."""
    everything = frozenset[Relation]().union(*related.values())
    opened = {
        item.ref: tuple(_openings(actor, item, related.get(item.ref, _UNTIED), everything, known))
        for item in known.dossiers
    }
    return opened | {item.ref: _beside(item, opened) for item in known.messages}


def _beside(messages: Messages, opened: Openings) -> tuple[Opening, ...]:
    """What is opened of messages: what is of the dossiers beside them."""
    found = (opening for ref in sorted(messages.beside) for opening in opened.get(ref, ()))
    return tuple(dict.fromkeys(found))


def _break_glass(household: Household) -> Decision:
    """Of an emergency nobody asks whose household it is; only that there is one."""
    if household.known is None:
        return Decision(False, "no_relation")
    return Decision(True, "emergency", Ground.VITAAL_BELANG.value)


def relations(actor: Actor, known: Known) -> dict[DossierRef, frozenset[Relation]]:
    """What ties somebody to each dossier of a household; a dossier to which nothing does is not named.

    Who directs by a decision in the hub is tied to every dossier: directing is across them."""
    found = {item.ref: frozenset(_tied(actor, item, known)) for item in known.dossiers}
    return {ref: tied for ref, tied in found.items() if tied}


def _tied(actor: Actor, dossier: DossierFacts, known: Known) -> Iterator[Relation]:
    if actor.role is Role.SAFETY_OFFICER:
        if dossier.child_safety or any(item.dossier == dossier.ref for item in known.emergencies):
            yield Relation.SAFETY
    else:
        if dossier.team and dossier.team in map(team_key, actor.teams):
            yield Relation.TEAM
        if actor.staff and actor.staff in dossier.named:
            yield Relation.NAMED
        if (actor.staff and actor.staff in dossier.directed_by) or _directs(actor, known):
            yield Relation.DIRECTS
        for replaced in actor.replaces:
            yield from stood_in(replaced.team, replaced.staff, dossier, known)
    if any(item.dossier == dossier.ref and is_under_way(item, actor.user, known) for item in known.emergencies):
        yield Relation.EMERGENCY


def stood_in(team: str, staff: str, dossier: DossierFacts, known: Known) -> Iterator[Relation]:
    """What whoever stands in for a worker is to a dossier: what that worker is, in dossiers of the team for which it
    was decided. Who directs a household by a decision in the hub is stood in for where that team has a dossier."""
    found: set[Relation] = set()
    if not team:
        return
    if dossier.team == team:
        found |= {Relation.NAMED} if staff in dossier.named else set()
        found |= {Relation.DIRECTS} if staff in dossier.directed_by else set()
    directs = known.director is not None and known.director.staff == staff
    if directs and any(item.team == team for item in known.dossiers):
        found.add(Relation.DIRECTS)
    yield from found | ({Relation.DEPUTY} if found else set())


def is_under_way(emergency: Emergency, user: str, known: Known) -> bool:
    """Whether somebody's emergency access has not ended."""
    return emergency.user == user and known.at < emergency.until


def _directs(actor: Actor, known: Known) -> bool:
    """By a decision in the hub. A name alone is nobody: two people can have one."""
    who = known.director
    return who is not None and (who.user == actor.user or bool(actor.staff and who.staff == actor.staff))


def _openings(
    actor: Actor, dossier: DossierFacts, tied: frozenset[Relation], everything: frozenset[Relation], known: Known
) -> Iterator[Opening]:
    """`tied`: by what somebody is tied to this dossier; `everything`: to any of the household."""
    if own := _own_relation(actor, dossier, tied, everything):
        yield Opening(OF_KIND[dossier.kind], own.value)
    if Relation.EMERGENCY in tied:
        yield Opening(Ground.VITAAL_BELANG, Relation.EMERGENCY.value)
    if known.consents and everything - _NO_WORK:
        yield from _agreed(actor, dossier, known)
    if known.rules.wams and Relation.DIRECTS in everything and dossier.kind in OF_KIND:
        yield Opening(Ground.WAMS, Relation.DIRECTS.value)


def _own_relation(
    actor: Actor, dossier: DossierFacts, tied: frozenset[Relation], everything: frozenset[Relation]
) -> Relation | None:
    """By which relation a dossier is part of one's own work: of one's own unit alone. Who directs the household sees
    all of his unit's dossiers in it; a safety officer is of both units."""
    if dossier.kind not in OF_KIND:
        return None
    if Relation.SAFETY in tied:
        return Relation.SAFETY
    if dossier.kind != actor.unit:
        return None
    mine = [item for item in (Relation.TEAM, Relation.NAMED, Relation.DIRECTS) if item in tied]
    return next(iter(mine), Relation.DIRECTS if Relation.DIRECTS in everything else None)


def _agreed(actor: Actor, dossier: DossierFacts, known: Known) -> Iterator[Opening]:
    """What persons agreed to show to the unit of somebody who has to do with the household anyhow."""
    for item in known.consents:
        if item.dossier == dossier.ref and actor.unit and item.unit == actor.unit and consent.holds(item, known.today):
            yield Opening(Ground.TOESTEMMING, "consent", item.person, item.domains)


def _ground_of(relation: Relation, dossier: DossierFacts) -> Ground:
    return Ground.VITAAL_BELANG if relation is Relation.EMERGENCY else OF_KIND.get(dossier.kind, Ground.WMO_5_1_1)


def _ground_of_role(actor: Actor, action: Action) -> str:
    """The ground of what is asked of no one household."""
    if action is Action.INSPECT_PERSON:
        return Ground.INZAGE.value
    if action is Action.ERASE_PERSON:
        return Ground.WISSING.value
    if action is Action.REVIEW_EMERGENCIES:
        return Ground.VITAAL_BELANG.value
    if action not in (Action.LIST_HOUSEHOLDS, Action.SEARCH_HOUSEHOLDS, Action.READ_REQUESTS):
        return ""
    return _HELP.get(actor.unit, " ".join(sorted(_HELP.values())))


def sees_whole(openings: Openings, dossier: DossierRef) -> bool:
    """Whether a dossier is seen in full."""
    return any(opening.whole for opening in openings.get(dossier, ()))


def may_show_on(openings: Openings, dossier: DossierRef) -> bool:
    """Whether a dossier is part of one's own work, so that one may record that its content is shown to others."""
    return any(opening.whole and opening.ground in OWN for opening in openings.get(dossier, ()))
