"""The one access decision, `may(actor, action, household)`, for API and pages. Deny by default. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from hub.events.ids import DossierRef


class Role(StrEnum):
    """What somebody is here for. The demo has a user of each; more come with real login.

    SAFETY_OFFICER (aandachtsfunctionaris): guards safety at home, and so may see where somebody is in hiding.
    INSPECTION_OFFICER (inzagefunctionaris): answers citizens who ask what is held of them.
    """

    CASE_DIRECTOR = "case_director"
    TEAM_LEADER = "team_leader"
    OPERATIONS = "operations"
    SAFETY_OFFICER = "safety_officer"
    INSPECTION_OFFICER = "inspection_officer"


class Action(StrEnum):
    """Everything that can be asked of the desk. ENTER: anything at all, asked before everything else. DECIDE: say who
    is who and who lives where, hide an attention point, or take that back.

    FOLLOW_HOUSEHOLD: be told that a household on the screen has changed. PRINT_HOUSEHOLD: put it on paper for a
    meeting. READ_TEAM: what each worker of one's own teams has in hand.
    SEE_SECRET_ADDRESS: an address that a source calls secret; whoever may not reads the household without it."""

    ENTER = "enter"
    LIST_HOUSEHOLDS = "list_households"
    SEARCH_HOUSEHOLDS = "search_households"
    READ_HOUSEHOLD = "read_household"
    FOLLOW_HOUSEHOLD = "follow_household"
    PRINT_HOUSEHOLD = "print_household"
    READ_TEAM = "read_team"
    READ_LOOKS = "read_looks"
    DECIDE = "decide"
    READ_CANDIDATES = "read_candidates"
    SEE_SECRET_ADDRESS = "see_secret_address"
    INSPECT_PERSON = "inspect_person"
    READ_SOURCES = "read_sources"
    READ_DEAD_LETTERS = "read_dead_letters"
    READ_DESCRIPTION = "read_description"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. What is not known of somebody is empty.

    `organisation`: on whose behalf. `name`: as colleagues know him. `unit`: of which help he is, `youth` or `adult`.
    `teams`: the neighbourhood teams he works in. `staff`: his personnel number, by which the registrations name him.
    """

    user: str
    role: Role
    organisation: str = ""
    name: str = ""
    unit: str = ""
    teams: tuple[str, ...] = ()
    staff: str = ""
    phone: str = ""


class Household(NamedTuple):
    """What a decision may depend on. The id is an address: grants hang on dossiers and persons."""

    household_id: str
    dossiers: tuple[DossierRef, ...] = ()
    persons: tuple[str, ...] = ()


class Decision(NamedTuple):
    """The answer, why, and on what legal ground (empty if refused or if no person's data are concerned)."""

    allowed: bool
    reason: str
    ground: str = ""


_HELP: Final = "JEUGDWET_7_4_0 WMO_5_1_1"
"""Youth Act article 7.4.0 and Social Support Act article 5.1.1: processing needed for the help itself."""
_INSPECTION: Final = "AVG_15 JEUGDWET_7_3_10"
"""GDPR article 15 and Youth Act article 7.3.10: the right of the person himself to see what is held of him."""

_GRANTED: Final = {
    (Role.CASE_DIRECTOR, Action.ENTER): "",
    (Role.CASE_DIRECTOR, Action.LIST_HOUSEHOLDS): _HELP,
    (Role.CASE_DIRECTOR, Action.SEARCH_HOUSEHOLDS): _HELP,
    (Role.CASE_DIRECTOR, Action.READ_HOUSEHOLD): _HELP,
    (Role.CASE_DIRECTOR, Action.FOLLOW_HOUSEHOLD): _HELP,
    (Role.CASE_DIRECTOR, Action.PRINT_HOUSEHOLD): _HELP,
    (Role.CASE_DIRECTOR, Action.READ_LOOKS): _HELP,
    (Role.CASE_DIRECTOR, Action.DECIDE): _HELP,
    (Role.CASE_DIRECTOR, Action.READ_CANDIDATES): _HELP,
    (Role.CASE_DIRECTOR, Action.READ_SOURCES): "",
    (Role.CASE_DIRECTOR, Action.READ_DESCRIPTION): "",
    (Role.TEAM_LEADER, Action.ENTER): "",
    (Role.TEAM_LEADER, Action.LIST_HOUSEHOLDS): _HELP,
    (Role.TEAM_LEADER, Action.READ_TEAM): _HELP,
    (Role.OPERATIONS, Action.ENTER): "",
    (Role.OPERATIONS, Action.READ_SOURCES): "",
    (Role.OPERATIONS, Action.READ_DEAD_LETTERS): "",
    (Role.OPERATIONS, Action.READ_DESCRIPTION): "",
    (Role.SAFETY_OFFICER, Action.ENTER): "",
    (Role.SAFETY_OFFICER, Action.LIST_HOUSEHOLDS): _HELP,
    (Role.SAFETY_OFFICER, Action.SEARCH_HOUSEHOLDS): _HELP,
    (Role.SAFETY_OFFICER, Action.READ_HOUSEHOLD): _HELP,
    (Role.SAFETY_OFFICER, Action.FOLLOW_HOUSEHOLD): _HELP,
    (Role.SAFETY_OFFICER, Action.READ_LOOKS): _HELP,
    (Role.SAFETY_OFFICER, Action.SEE_SECRET_ADDRESS): _HELP,
    (Role.INSPECTION_OFFICER, Action.ENTER): "",
    (Role.INSPECTION_OFFICER, Action.INSPECT_PERSON): _INSPECTION,
}
_ABOUT_ONE_HOUSEHOLD: Final = frozenset(
    {
        Action.READ_HOUSEHOLD,
        Action.FOLLOW_HOUSEHOLD,
        Action.PRINT_HOUSEHOLD,
        Action.READ_LOOKS,
        Action.READ_CANDIDATES,
        Action.DECIDE,
        Action.SEE_SECRET_ADDRESS,
    }
)


def may(actor: Actor | None, action: Action, household: Household | None = None) -> Decision:
    """Whether somebody may do something, with one household if the action is about one.

    Called for every read and every decision, also when the household does not exist: so a refusal does not tell
    whether it does.
    """
    if actor is None:
        return Decision(False, "not_logged_in")
    if (action in _ABOUT_ONE_HOUSEHOLD) != (household is not None):
        return Decision(False, "household_does_not_fit_action")
    ground = _GRANTED.get((actor.role, action))
    if ground is None:
        return Decision(False, "role_may_not")
    return Decision(True, "role_may", ground)
