"""The history of a request in the town: through which states it went, and when."""

from __future__ import annotations

from hub.demo.town.changes import JsonObject, JsonValue


def step(state: str, on: str) -> JsonValue:
    """One entry of it."""
    return {"state": state, "on": on}


def history(facts: JsonObject) -> list[tuple[str, str]]:
    """States, each with its day as ISO text, the first one first; empty if none is kept."""
    kept = facts.get("steps")
    items = [item for item in kept if isinstance(item, dict)] if isinstance(kept, list) else []
    return [(str(item["state"]), str(item["on"])) for item in items]
