"""Who asks: bearer tokens for the API, sessions for the pages. The demo's stand-in for real login."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Final, Self

import orjson

from hub.desk.access import Actor, Role
from hub.errors import ConfigError
from hub.settings import read_private

SETTING: Final = "REGIEHUB_DESK_TOKENS_FILE"
SESSION_SECONDS: Final = 8 * 3600.0
"""A working day."""
LONGEST_USER: Final = 200
"""What an event of a decision holds as its maker."""
UNITS: Final = frozenset({"", "youth", "adult"})
MOST_SESSIONS: Final = 10_000
"""Bounds memory; the oldest are ended first."""


class Tokens:
    """The tokens that are valid; only their hashes are kept."""

    def __init__(self, actors: Mapping[str, Actor]) -> None:
        """`actors`: token to the one it stands for."""
        self._actors = [(_digest(token), actor) for token, actor in actors.items()]

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

    def actor(self, token: str) -> Actor | None:
        """Whom a token stands for. Takes as long for a wrong token as for a right one."""
        given = _digest(token)
        found = None
        for digest, actor in self._actors:
            if hmac.compare_digest(digest, given):
                found = actor
        return found


class Sessions:
    """Who is logged in on the pages. In memory: a restart logs everybody out. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds that only rise."""
        self._clock = clock
        self._lock = Lock()
        self._open: dict[bytes, tuple[float, Actor]] = {}

    def begin(self, actor: Actor) -> str:
        """The secret of a new session, for the cookie."""
        secret = secrets.token_urlsafe(32)
        with self._lock:
            while len(self._open) >= MOST_SESSIONS:
                self._open.pop(next(iter(self._open)))
            self._open[_digest(secret)] = (self._clock() + SESSION_SECONDS, actor)
        return secret

    def actor(self, secret: str) -> Actor | None:
        """Who a session belongs to; None if it has ended."""
        with self._lock:
            until, actor = self._open.get(_digest(secret), (0.0, None))
            return actor if self._clock() < until else None

    def end(self, secret: str) -> None:
        """Log out."""
        with self._lock:
            self._open.pop(_digest(secret), None)


def _actor(who: Mapping[str, object]) -> Actor:
    user, unit, teams = str(who["user"]), str(who.get("unit", "")), who.get("teams", [])
    if not 0 < len(user) <= LONGEST_USER or unit not in UNITS:
        raise ValueError("a user has a name, and not too long a one; he is of one unit or of none")
    if not isinstance(teams, list):
        raise TypeError("teams are a list")
    said = {name: str(who.get(name, "")) for name in ("organisation", "name", "staff", "phone")}
    return Actor(user, Role(str(who["role"])), unit=unit, teams=tuple(map(str, teams)), **said)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
