"""Who works in the town: a youth and an adult team for each neighbourhood. The same in every town."""

from __future__ import annotations

from typing import Final, NamedTuple

from hub.demo.town import names
from hub.demo.town.changes import MENSCENTRAAL, ZCD
from hub.demo.town.people import Address

UNITS: Final = {ZCD: "jeugd", MENSCENTRAAL: "volwassenen"}
"""Which unit registers in which source."""
WORKERS: Final = 4
"""In each team."""
_AREAS: Final = (
    ("Delfshaven", 3014, 3026), ("Oude Noorden", 3031, 3045), ("Prins Alexander", 3062, 3069),
    ("Afrikaanderwijk", 3071, 3072), ("Hillesluis", 3073, 3075), ("Beverwaard", 3078, 3079), ("Carnisse", 3081, 3086),
)  # fmt: skip
"""Neighbourhood, and the first and the last of its postcodes."""
NEIGHBOURHOODS: Final = tuple(name for name, _, _ in _AREAS)
TEAMS: Final = tuple(f"{name} {unit}" for name in NEIGHBOURHOODS for unit in UNITS.values())


class Worker(NamedTuple):
    """Somebody of a team. `staff`: his personnel number, the same in both sources."""

    name: str
    staff: str
    team: str
    phone: str


def team_of(source: str, address: Address) -> str:
    """The team that helps the people of that address and registers in that source."""
    code = int(address.postcode[:4])
    area = next((name for name, first, last in _AREAS if first <= code <= last), NEIGHBOURHOODS[0])
    return f"{area} {UNITS[source]}"


def workers(team: str) -> tuple[Worker, ...]:
    """Everybody in that team."""
    first = TEAMS.index(team) * WORKERS
    return tuple(_worker(number, team) for number in range(first, first + WORKERS))


def _worker(number: int, team: str) -> Worker:
    given = (names.GIRLS + names.BOYS)[number * 5 % len(names.GIRLS + names.BOYS)]
    prefix, family = names.FAMILIES[number * 11 % len(names.FAMILIES)]
    name = " ".join(part for part in (given, prefix, family) if part)
    return Worker(name, f"{100_201 + number}", team, f"010-000{number:04}")
