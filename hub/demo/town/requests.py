"""What a registration keeps of a request beside its state: numbers, days, volume.

Drawn from the request itself, not from the town's own chance: a town of a seed stays the town it was."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Final

from hub.demo.town import names
from hub.demo.town.changes import JsonObject, JsonValue
from hub.demo.town.steps import step

_VOLUMES: Final = ((240, "minute", "week", 130), (2, "half_day", "week", 5_450), (12, "hour", "month", 6_900))
"""How much, of what, per what, and the price of one in euro cents."""
_WRONG: Final = ("S329", "9347", "9374")
"""What is filled in wrong most (WJ001): the product code, the reference, a request that is still open."""
_REFUSED: Final = ("2", "3", "7", "8")
"""Why a request is rejected (WJ759)."""
_WEEKS: Final = 26


def provider_code(provider: str) -> str:
    """The AGB code of an organisation of the town."""
    return f"{41_000_000 + names.ORGANISATIONS.index(provider)}"


def asked(seed: str, provider: str | None) -> dict[str, JsonValue]:
    """A request as it is first written down."""
    random = Random(seed)
    volume, unit, frequency, tariff = random.choice(_VOLUMES)
    return {
        "reference": f"V{random.randrange(10**8):08}",
        "allocation_number": None,
        "provider_code": provider_code(provider) if provider else None,
        "reason_code": None,
        "return_codes": None,
        "steps": None,
        "starts_on": None,
        "ends_on": None,
        "volume": volume,
        "unit": unit,
        "frequency": frequency,
        "tariff_cents": tariff,
    }


def follow(facts: JsonObject, state: str, today: date) -> None:
    """The request comes into a state."""
    random = Random(f"{facts['reference']} {today}")
    facts["state"] = state
    known = facts["steps"]
    facts["steps"] = [*(known if isinstance(known, list) else []), step(state, today.isoformat())]
    facts["return_codes"] = [random.choice(_WRONG)] if state == "rejected_technically" else None
    if state == "submitted":
        facts["starts_on"] = (today + timedelta(weeks=2)).isoformat()
        facts["ends_on"] = (today + timedelta(weeks=2 + _WEEKS)).isoformat()
    if state == "granted":
        facts["allocation_number"] = f"{random.randrange(10**7)}"
    if state == "rejected":
        facts["reason_code"] = random.choice(_REFUSED)
