"""What the provider says of somebody, as the one who asks. Pure; deny by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.desk.access import Actor, Role
from hub.desk.tokens import LONGEST_USER

Claims = Mapping[str, Any]
"""The content of a token whose signature and purpose have been checked."""

UNITS: Final = frozenset({"youth", "adult"})
MOST_TEAMS: Final = 20
"""People work in one team or two; what a provider sends by mistake is not stored without end."""


class NoActor(Exception):
    """The provider knows somebody who cannot work here. `reason`: no_user, no_role or several_roles; `user`: who, as
    far as it is known."""

    def __init__(self, reason: str, user: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.user = user


@dataclass(frozen=True)
class Names:
    """Where the provider says who somebody is and what he is here for: the name of a claim, or names with dots between
    them for one within another."""

    user: str = "preferred_username"
    roles: str = "realm_access.roles"


def actor_of(claims: Claims, names: Names) -> Actor:
    """Who asks. Raises NoActor for whoever has no name, or not exactly one of the roles that are known here: with two
    it would not be clear which of them looks."""
    user = _text(_at(claims, names.user))
    if not user:
        raise NoActor("no_user")
    given = _at(claims, names.roles)
    roles = {role for role in Role if isinstance(given, list | str) and role in _several(given)}
    if len(roles) != 1:
        raise NoActor("several_roles" if roles else "no_role", user)
    unit = _text(claims.get("unit"))
    return Actor(
        user,
        roles.pop(),
        _text(claims.get("organisation")),
        name=_text(claims.get("name")),
        unit=unit if unit in UNITS else "",
        teams=tuple(team for item in _several(claims.get("teams"))[:MOST_TEAMS] if (team := _text(item))),
        staff=_text(claims.get("staff_number")),
        phone=_text(claims.get("phone_number")),
    )


def _at(claims: Claims, name: str) -> object:
    """A claim by its whole name, else along the dots in it; None if it is not there."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _several(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _text(value: object) -> str:
    """A short printable text; empty for anything else."""
    found = value.strip() if isinstance(value, str) else ""
    return found if len(found) <= LONGEST_USER and found.isprintable() else ""
