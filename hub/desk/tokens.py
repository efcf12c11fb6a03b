"""Who asks with a token of the demo. A production desk has none: there the provider says who asks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import orjson

from hub.desk.access import Actor, Role
from hub.errors import ConfigError
from hub.settings import read_private

SETTING: Final = "REGIEHUB_DESK_TOKENS_FILE"
LONGEST_USER: Final = 200
"""What an event of a decision holds as its maker."""
UNITS: Final = frozenset({"", "youth", "adult"})


class Tokens:
    """The tokens that are valid; only their hashes are kept."""

    def __init__(self, actors: Mapping[str, Actor]) -> None:
        """`actors`: token to the one it stands for."""
        self._actors = {digest(token): actor for token, actor in actors.items()}

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read `{token: {"user": …, "role": …}}`, with what else is known of him: `organisation`, `name`, `unit`
        (`youth` or `adult`), `teams` (a list), `staff`, `phone`. Raises ConfigError; its message holds no token."""
        data = read_private(path, SETTING)
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise ConfigError(SETTING, [str(path)], problem="is not JSON") from None
        try:
            return cls({token: _actor(who) for token, who in found.items() if token})
        except (AttributeError, KeyError, TypeError, ValueError):
            roles = ", ".join(Role)
            problem = f'must map each token to {{"user", "role"}}; roles: {roles}'
            raise ConfigError(SETTING, [str(path)], problem=problem) from None

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._actors)

    def actor(self, token: str) -> Actor | None:
        """Whom a token stands for. It is looked up by its hash: how long that takes says nothing of a token."""
        return self._actors.get(digest(token))


def _actor(who: Mapping[str, object]) -> Actor:
    user, unit, teams = str(who["user"]), str(who.get("unit", "")), who.get("teams", [])
    if not 0 < len(user) <= LONGEST_USER or unit not in UNITS:
        raise ValueError("a user has a name, and not too long a one; he is of one unit or of none")
    if not isinstance(teams, list):
        raise TypeError("teams are a list")
    organisation, name, staff, phone = (str(who.get(key, "")) for key in ("organisation", "name", "staff", "phone"))
    return Actor(user, Role(str(who["role"])), organisation, name, unit, tuple(map(str, teams)), staff, phone)


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()
