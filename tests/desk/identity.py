"""The desk and the demo's login provider, each on a real socket of this machine, and somebody with a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import httpx
from joserfc.jwk import RSAKey

from hub.demo.identity.config import IdentityConfig, User
from hub.demo.identity.provider import Identity
from hub.desk.login.doors import Login
from hub.desk.login.limits import Limits
from hub.desk.login.provider import Provider, Registration
from hub.desk.server import listen
from tests.desk.conftest import NOW, AppOf, Desk
from tests.serving import serving

HOST = "127.0.0.1"
CLIENT, SECRET, AUDIENCE = "regiehub", "geheim: van/de desk%", "regiehub-api"
USERS = (
    User(user="dirk", role="case_director", name="Dirk de Wit", unit="adult", teams=("Noord", "Zuid"), staff="4711"),
    User(user="olga", role="operations"),
    User(user="gast", role="gast"),
)
Forge = Callable[["Forger", dict[str, Any]], str]


@dataclass
class Clock:
    """Seconds since 1970, for whoever asks; only a test moves it."""

    seconds: float = NOW.timestamp()

    def __call__(self) -> float:
        """Now."""
        return self.seconds


@cache
def _key(number: int) -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


class Forger(Identity):
    """A provider that can be told to lie in its id tokens."""

    forge: Forge | None = None
    _rotations: int = 0

    def rotate(self) -> None:
        """To make a key takes longer than most tests, so that all providers have the same ones, in the same order."""
        self.key = _key(self._rotations)
        self._rotations += 1

    def id_token(self, user: User, nonce: str) -> str:
        """What it was told to say."""
        claims = self.claims_of(user) | {"aud": CLIENT, "nonce": nonce}
        return self.forge(self, claims) if self.forge else self.sign(claims)


@dataclass
class House:
    """What a test may touch."""

    desk: Desk
    identity: Forger
    provider: Provider
    url: str
    clock: Clock
    clients: list[httpx.Client] = field(default_factory=list)

    def browser(self) -> httpx.Client:
        """Somebody who is not logged in yet. Redirects are not followed."""
        self.clients.append(httpx.Client(base_url=self.url, trust_env=False, timeout=10))
        return self.clients[-1]

    def look(self) -> dict[str, Any]:
        """The newest line in the log of looks."""
        return self.desk.operations()[-1]


@contextmanager
def housing(desk: Desk, app_of: AppOf, logins: int = 1_000) -> Iterator[House]:
    """Both of them up. The provider answers from the same clock as the desk believes."""
    clock, here, there = Clock(), listen(HOST, 0), listen(HOST, 0)
    url, port = f"http://{HOST}:{here.getsockname()[1]}", there.getsockname()[1]
    config = IdentityConfig(
        port=port, address=url, client_id=CLIENT, client_secret=SECRET, audience=AUDIENCE, users=USERS
    )
    identity = Forger(config, clock)
    known = Registration(config.issuer, CLIENT, AUDIENCE, SECRET, is_demo=True)
    provider = Provider(known, now=clock, clock=clock)
    login = Login(url, provider, Limits.of(logins, 1_000, clock))
    house = House(desk, identity, provider, url, clock)
    with serving(identity.app, there), serving(app_of(replace(desk.site, login=login)), here):
        yield house
    for client in house.clients:
        client.close()
    provider.close()


def chosen(browser: httpx.Client, user: str, wanted: str = "/") -> str:
    """As far as the provider's answer: the address on the desk to which it sends the browser."""
    begun = browser.get("/inloggen/begin", params={"naar": wanted})
    assert begun.status_code == 303, begun.text
    asked = begun.headers["location"]
    assert user in browser.get(asked).text
    answered = browser.get(f"{asked}&user={user}")
    assert answered.status_code == 303, answered.text
    return answered.headers["location"]


def log_in(browser: httpx.Client, user: str, wanted: str = "/") -> httpx.Response:
    """All the way; the desk's last answer."""
    return browser.get(chosen(browser, user, wanted))
