"""The demo's users: one or more of every role, in teams of the town and with a personnel number of somebody there."""

from __future__ import annotations

from typing import Final, NamedTuple

from hub.demo.town import teams
from hub.demo.town.changes import MENSCENTRAAL, ZCD

DIRECTOR: Final = "regisseur"
OPERATOR: Final = "beheer"
_HERE: Final = ("Carnisse", "Hillesluis")
"""The neighbourhoods in which most of the town's streets are."""


class DemoUser(NamedTuple):
    """Somebody who can log in. `unit`: youth, adult or none."""

    role: str
    name: str
    unit: str = ""
    teams: tuple[str, ...] = ()
    staff: str = ""
    phone: str = ""

    def claims(self, user: str) -> dict[str, object]:
        """What the desk is told of him."""
        return {"user": user, "organisation": "Gemeente Rotterdam", **self._asdict()}


def _worker(number: int, role: str, unit: str, areas: tuple[str, ...]) -> DemoUser:
    """The number-th of the first of these neighbourhoods' teams, who works in all of them."""
    source = {"youth": ZCD, "adult": MENSCENTRAAL}[unit]
    own = tuple(f"{area} {teams.UNITS[source]}" for area in areas)
    who = teams.workers(own[0])[number]
    return DemoUser(role, who.name, unit, own, who.staff, who.phone)


USERS: Final[dict[str, DemoUser]] = {
    DIRECTOR: _worker(0, "case_director", "youth", _HERE),
    "regisseur-volwassenen": _worker(0, "case_director", "adult", _HERE),
    "regisseur-elders": _worker(0, "case_director", "youth", ("Beverwaard",)),
    "gezinscoach": _worker(1, "team_member", "youth", _HERE[:1]),
    "wijkcoach": _worker(1, "team_member", "adult", _HERE[:1]),
    "teamleider": _worker(2, "team_leader", "youth", _HERE[:1]),
    "veiligheid": DemoUser("safety_officer", "Vera Veenstra"),
    "inzage": DemoUser("inspection_officer", "Ine Inzage"),
    "controle": DemoUser("auditor", "Cas Controle"),
    OPERATOR: DemoUser("operations", "Bas Beheer"),
}
"""By the name with which somebody logs in."""
