"""The price list and the budgets of the demo's municipality: what it sets in a file of its own."""

from __future__ import annotations

from datetime import date
from typing import Final

from hub.demo.town import teams

_PRODUCTS: Final = {
    "45A04": ("ambulante jeugdhulp aan huis", "outpatient youth help at home", "minute", 130),
    "54002": ("behandeling in de jeugd-ggz", "youth mental health treatment", "minute", 185),
    "44A09": ("dagbehandeling voor jeugdigen", "day treatment for youth", "half_day", 14_250),
    "02A03": ("individuele begeleiding", "individual support", "hour", 6_900),
    "07A11": ("dagbesteding", "daytime activities", "half_day", 5_450),
    "10A01": ("hulp in het huishouden", "help in the household", "hour", 3_480),
}
"""By code: what it is in Dutch and English, of what the price is, and the price in euro cents."""
_BUDGETS: Final = {"jeugd": 4_000_000, "volwassenen": 2_500_000}
"""Euro cents a year for the team of each unit: small enough for a demo's town to get near it."""


def prices(today: date) -> dict[str, object]:
    """What stands in the file. Budgets of this year and the next; one neighbourhood's are still to be set."""
    years = (today.year, today.year + 1)
    return {
        "products": {
            code: {"nl": nl, "en": en, "unit": unit, "tariff_cents": cents}
            for code, (nl, en, unit, cents) in _PRODUCTS.items()
        },
        "budgets": {
            team: dict.fromkeys(years, _BUDGETS[team.rpartition(" ")[2]])
            for team in teams.TEAMS
            if not team.startswith("Beverwaard ")
        },
    }
