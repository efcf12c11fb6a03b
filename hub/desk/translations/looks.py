"""Who has looked: roles, actions and grounds in words."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "code.action.list_households": ("in een lijst gezien", "seen in a list"),
    "code.action.search_households": ("gevonden bij zoeken", "found in a search"),
    "code.action.read_household": ("huishouden bekeken", "household read"),
    "code.action.follow_household": ("wijzigingen gevolgd", "followed for changes"),
    "code.action.print_household": ("afgedrukt voor een bespreking", "printed for a meeting"),
    "code.action.read_team": ("gezien in de werkvoorraad van een team", "seen in a team's caseload"),
    "code.actor.team_leader": ("teamleider", "team leader"),
    "code.action.read_looks": ("inzagen bekeken", "looks read"),
    "code.action.decide": ("besluit genomen of teruggenomen", "decided, or took a decision back"),
    "code.action.read_candidates": ("als mogelijk dezelfde persoon gezien", "seen as possibly the same person"),
    "code.action.see_secret_address": ("geheim adres bekeken", "secret address seen"),
    "code.actor.case_director": ("casusregisseur", "case director"),
    "code.actor.operations": ("beheer", "operations"),
    "code.actor.safety_officer": ("aandachtsfunctionaris", "safety officer"),
    "code.action.inspect_person": ("inzage gegeven aan de persoon zelf", "inspection given to the person himself"),
    "code.action.enter": ("geprobeerd binnen te komen", "tried to enter"),
    "code.refusal.role_may_not": ("deze rol mag dit niet", "this role may not"),
    "code.refusal.not_logged_in": ("niet ingelogd", "not logged in"),
    "code.actor.inspection_officer": ("inzagefunctionaris", "inspection officer"),
    "code.ground.AVG_15": ("AVG artikel 15", "GDPR article 15"),
    "code.ground.JEUGDWET_7_3_10": ("Jeugdwet 7.3.10", "Youth Act 7.3.10"),
    "code.ground.JEUGDWET_7_4_0": ("Jeugdwet 7.4.0", "Youth Act 7.4.0"),
    "code.ground.WMO_5_1_1": ("Wmo 5.1.1", "Social Support Act 5.1.1"),
    "looks": ("Wie heeft gekeken", "Who has looked"),
    "looks_link": ("Bekijk wie dit huishouden heeft ingezien", "See who looked at this household"),
    "looks_intro": (
        "Wie gegevens van dit huishouden heeft bekeken, wanneer en waarom. Ook geweigerde pogingen staan erbij.",
        "Who looked at data of this household, when and why. Attempts that were refused are listed too.",
    ),
    "looks_count": ("{n} inzagen", "{n} looks"),
    "looks_count_one": ("1 inzage", "1 look"),
    "looks_nobody": ("niet ingelogd", "not logged in"),
    "looks_none": ("Nog niemand heeft gekeken.", "Nobody has looked yet."),
    "who": ("Wie", "Who"),
    "what": ("Wat", "What"),
    "outcome": ("Uitkomst", "Outcome"),
    "allowed": ("toegestaan", "allowed"),
    "refused": ("geweigerd", "refused"),
    "ground": ("Grond", "Ground"),
}  # fmt: skip
