"""To which processing activity each action belongs: what stands in the log of looks beside it. One table.

A municipality's register of processing activities (AVG article 30) has an entry for each of these ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.desk.access import Action

_REGISTER: Final = "urn:regiehub:verwerking:"
_ACTIVITIES: Final[Mapping[Action, str]] = {
    Action.ENTER: "toegang",
    Action.LIST_HOUSEHOLDS: "huishouden-vinden",
    Action.SEARCH_HOUSEHOLDS: "huishouden-vinden",
    Action.READ_HOUSEHOLD: "huishouden-inzien",
    Action.FOLLOW_HOUSEHOLD: "huishouden-inzien",
    Action.PRINT_HOUSEHOLD: "casus-bespreken",
    Action.READ_TEAM: "werkvoorraad-verdelen",
    Action.NAME_DEPUTY: "werkvoorraad-verdelen",
    Action.READ_REQUESTS: "aanvragen-volgen",
    Action.SEE_SECRET_ADDRESS: "geheim-adres-inzien",
    Action.READ_CANDIDATES: "samenhang-beoordelen",
    Action.DECIDE: "samenhang-beoordelen",
    Action.RECORD_CONSENT: "toestemming-vastleggen",
    Action.BREAK_GLASS: "noodtoegang",
    Action.END_EMERGENCY: "noodtoegang",
    Action.REVIEW_EMERGENCIES: "noodtoegang-toetsen",
    Action.JUDGE_EMERGENCY: "noodtoegang-toetsen",
    Action.READ_LOOKS: "inzage-verantwoorden",
    Action.INSPECT_PERSON: "inzageverzoek-beantwoorden",
    Action.ERASE_PERSON: "wisverzoek-beantwoorden",
    Action.READ_SOURCES: "aanlevering-bewaken",
    Action.READ_DEAD_LETTERS: "aanlevering-bewaken",
    Action.READ_CONSOLE: "aanlevering-bewaken",
    Action.OPERATE: "aanlevering-bewaken",
}


def activity_of(action: Action) -> str:
    """The id of an action's processing activity. Raises KeyError for one without: it must not be possible at all."""
    return _REGISTER + _ACTIVITIES[action]
