"""Who can ask, what can be asked, and which role may ask what at all. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple


class Role(StrEnum):
    """What somebody is here for.

    TEAM_MEMBER: helps families of his team, and directs none. TEAM_LEADER: sees to his team's work.
    SAFETY_OFFICER (aandachtsfunctionaris): guards safety at home, and so may see where somebody is in hiding; he
    reviews every emergency access. INSPECTION_OFFICER (inzagefunctionaris): answers citizens who ask what is held
    of them, or that it be erased. AUDITOR: sees who looked, and nothing of what they saw.
    """

    CASE_DIRECTOR = "case_director"
    TEAM_MEMBER = "team_member"
    TEAM_LEADER = "team_leader"
    SAFETY_OFFICER = "safety_officer"
    INSPECTION_OFFICER = "inspection_officer"
    AUDITOR = "auditor"
    OPERATIONS = "operations"


class Action(StrEnum):
    """Everything that can be asked of the desk. ENTER: anything at all, asked before everything else. DECIDE: say who
    is who and who lives where, who directs, hide an attention point, or take that back.

    FOLLOW_HOUSEHOLD: be told that a household on the screen has changed. PRINT_HOUSEHOLD: put it on paper for a
    meeting. READ_TEAM: what each worker of one's own teams has in hand. READ_REQUESTS: the requests of one's own
    households or teams together, each as far as one may see it.
    NAME_DEPUTY: say who stands in for whom in one's own team, or take that back.
    SEE_SECRET_ADDRESS: an address that a source calls secret; whoever may not reads the household without it.
    RECORD_CONSENT: that somebody agrees to show a dossier to the other unit, or that he does so no more.
    BREAK_GLASS: see a dossier in an emergency, whoever's it is. END_EMERGENCY: end one's own before its time.
    REVIEW_EMERGENCIES: see which there were. JUDGE_EMERGENCY: say of one whether it was justified.
    INSPECT_PERSON: everything held of a citizen who asks for it. ERASE_PERSON: have the hub forget him, or see what
    that would do.
    READ_CONSOLE: how the flow is, without anybody's data. OPERATE: pause a source, read it again, compare it, deal with
    what could not be read."""

    ENTER = "enter"
    LIST_HOUSEHOLDS = "list_households"
    SEARCH_HOUSEHOLDS = "search_households"
    READ_HOUSEHOLD = "read_household"
    FOLLOW_HOUSEHOLD = "follow_household"
    PRINT_HOUSEHOLD = "print_household"
    READ_TEAM = "read_team"
    READ_REQUESTS = "read_requests"
    NAME_DEPUTY = "name_deputy"
    READ_LOOKS = "read_looks"
    DECIDE = "decide"
    RECORD_CONSENT = "record_consent"
    BREAK_GLASS = "break_glass"
    END_EMERGENCY = "end_emergency"
    REVIEW_EMERGENCIES = "review_emergencies"
    JUDGE_EMERGENCY = "judge_emergency"
    READ_CANDIDATES = "read_candidates"
    SEE_SECRET_ADDRESS = "see_secret_address"
    INSPECT_PERSON = "inspect_person"
    ERASE_PERSON = "erase_person"
    READ_SOURCES = "read_sources"
    READ_DEAD_LETTERS = "read_dead_letters"
    READ_CONSOLE = "read_console"
    OPERATE = "operate"


class Replaced(NamedTuple):
    """For whom somebody stands in today: a personnel number, in the dossiers of a team (its `team_key`)."""

    team: str
    staff: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. What is not known of somebody is empty.

    `organisation`: on whose behalf. `name`: as colleagues know him. `unit`: of which help he is, `youth` or `adult`.
    `teams`: the neighbourhood teams he works in. `staff`: his personnel number, by which the registrations name him.
    `replaces`: for whom he stands in today, as team leaders decided.
    """

    user: str
    role: Role
    organisation: str = ""
    name: str = ""
    unit: str = ""
    teams: tuple[str, ...] = ()
    staff: str = ""
    phone: str = ""
    replaces: tuple[Replaced, ...] = ()


_HELPING: Final = (
    Action.ENTER,
    Action.LIST_HOUSEHOLDS,
    Action.SEARCH_HOUSEHOLDS,
    Action.READ_HOUSEHOLD,
    Action.FOLLOW_HOUSEHOLD,
)
_SYSTEM: Final = (Action.READ_SOURCES,)
ALLOWED: Final[dict[Role, frozenset[Action]]] = {
    Role.CASE_DIRECTOR: frozenset(
        (
            *_HELPING,
            *_SYSTEM,
            Action.PRINT_HOUSEHOLD,
            Action.READ_LOOKS,
            Action.READ_REQUESTS,
            Action.DECIDE,
            Action.READ_CANDIDATES,
            Action.RECORD_CONSENT,
            Action.BREAK_GLASS,
            Action.END_EMERGENCY,
        )
    ),
    Role.TEAM_MEMBER: frozenset(
        (*_HELPING, *_SYSTEM, Action.PRINT_HOUSEHOLD, Action.RECORD_CONSENT, Action.BREAK_GLASS, Action.END_EMERGENCY)
    ),
    Role.TEAM_LEADER: frozenset(
        (*_HELPING, *_SYSTEM, Action.READ_LOOKS, Action.READ_TEAM, Action.READ_REQUESTS, Action.NAME_DEPUTY)
    ),
    Role.SAFETY_OFFICER: frozenset(
        (
            *_HELPING,
            Action.READ_LOOKS,
            Action.SEE_SECRET_ADDRESS,
            Action.BREAK_GLASS,
            Action.END_EMERGENCY,
            Action.REVIEW_EMERGENCIES,
            Action.JUDGE_EMERGENCY,
        )
    ),
    Role.INSPECTION_OFFICER: frozenset((Action.ENTER, Action.INSPECT_PERSON, Action.ERASE_PERSON)),
    Role.AUDITOR: frozenset((Action.ENTER, Action.READ_LOOKS)),
    Role.OPERATIONS: frozenset((Action.ENTER, *_SYSTEM, Action.READ_DEAD_LETTERS, Action.READ_CONSOLE, Action.OPERATE)),
}
"""Which role may ask for what; the relation to a household comes on top of that."""
ABOUT_ONE_HOUSEHOLD: Final = frozenset(
    {
        Action.READ_HOUSEHOLD,
        Action.FOLLOW_HOUSEHOLD,
        Action.PRINT_HOUSEHOLD,
        Action.READ_LOOKS,
        Action.READ_CANDIDATES,
        Action.DECIDE,
        Action.RECORD_CONSENT,
        Action.BREAK_GLASS,
        Action.END_EMERGENCY,
        Action.JUDGE_EMERGENCY,
        Action.SEE_SECRET_ADDRESS,
    }
)
"""Asked of one household, and answered by the relation to it."""
