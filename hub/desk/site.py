"""What API and pages share: the parts they are built of, who is asking, and what may be asked without a token."""

from __future__ import annotations

import re
import secrets
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, Literal, TypedDict

from starlette.requests import Request as HttpRequest

from hub.desk.access import Actor, Decision
from hub.desk.admission import Refused, Request
from hub.desk.caseload.lines import Lines
from hub.desk.caseload.writing import Attending
from hub.desk.database import for_reads
from hub.desk.deciding import Deciding
from hub.desk.deputising import Deputising
from hub.desk.erasing import Erasing
from hub.desk.live import Live
from hub.desk.login import entrances
from hub.desk.login.claims import NoActor
from hub.desk.login.claims import actor_of as actor_of_claims
from hub.desk.login.doors import Login
from hub.desk.login.provider import NotBelieved
from hub.desk.login.sessions import Sessions
from hub.desk.reading import Reading
from hub.desk.tokens import Tokens
from hub.desk.visits import Visits
from hub.events.sensitive import Address
from hub.household.attention.terms import Terms
from hub.household.days import TIME_ZONE
from hub.household.prices import Prices
from hub.ops.orders import Orders
from hub.ops.picture import Picture
from hub.ops.recent import Past

API: Final = "/api/v1"
LIVE_HEADER: Final = "x-regiehub-live"
"""On what a page fetches by itself: nobody pressed anything (`static/live.js`)."""
API_VERSION: Final = "1.0.0"
SESSION_COOKIE: Final = "regiehub_sessie"
LOGIN: Final = "/inloggen"
DESCRIPTION: Final = f"{API}/openapi.json"
OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics", DESCRIPTION})
"""What answers without a token: no data of any person. And login, and its style sheet."""
STATIC: Final = "/static/"

_ASKING: Final = "regiehub.asking"
_TRACE: Final = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True)
class Site:
    """Everything that the API and the pages need. `open_sealed`: sealed bytes of an address to its text, None if it
    was sealed with another key. `person_key`: a BSN to the key of its person, None if it is no valid BSN;
    `address_key`: an address to its key.
    `terms`: the municipality's, of attention points; `prices`: its products and budgets."""

    reading: Reading
    deciding: Deciding
    tokens: Tokens
    open_sealed: Callable[[bytes], str | None]
    person_key: Callable[[str], str | None]
    address_key: Callable[[Address], str]
    why_not_ready: Callable[[], str | None]
    render_metrics: Callable[[], bytes]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    terms: Terms = field(default_factory=Terms)
    prices: Prices = field(default_factory=Prices)
    login: Login = field(default_factory=Login)
    looking: Callable[[], Picture | None] = lambda: None
    """The newest look at the whole flow; None: none yet."""
    recent: Callable[[], tuple[Past, ...]] = tuple
    """What was wrong lately, newest first."""
    orders: Orders | None = None
    """What can be asked of the ingest of sources; None: nothing from here."""

    @cached_property
    def attending(self) -> Attending:
        """On what a line of a list depends beside its household, as its writer has it too."""
        return Attending(self.terms, self.prices, self.now)

    @cached_property
    def sessions(self) -> Sessions:
        """Who is logged in on the pages, beside the read model."""
        return Sessions(self.reading.engine, lambda: self.now().timestamp())

    @cached_property
    def lines(self) -> Lines:
        """The lines of the list of households."""
        return Lines(self.reading, self.terms, self.today)

    @cached_property
    def visits(self) -> Visits:
        """When who last looked at what."""
        return Visits(self.reading.engine, self.now)

    @cached_property
    def deputising(self) -> Deputising:
        """What team leaders decide of who stands in for whom."""
        return Deputising(self.reading, self.deciding)

    @cached_property
    def erasing(self) -> Erasing:
        """The orders to forget somebody."""
        return Erasing(self.reading, self.deciding)

    def with_deputyships(self, actor: Actor | None) -> Actor | None:
        """Somebody with those for whom he stands in today. Blocking."""
        if actor is None or not actor.staff:
            return actor
        return replace(actor, replaces=self.reading.around.replaced_by(actor))

    @cached_property
    def live(self) -> Live:
        """What tells pages that are open of changes."""
        return Live(for_reads(self.reading.engine))

    def open_address(self, sealed: str) -> str | None:
        """An address as written, from the base64 text in a document."""
        return self.open_sealed(b64decode(sealed))

    def today(self) -> date:
        """Today in the Netherlands."""
        return self.now().astimezone(TIME_ZONE).date()


def asking(request: HttpRequest) -> Request:
    """Who asks, as the gate established it."""
    found: Request = request.scope[_ASKING]
    return found


def remember_asking(scope: Any, request: Request) -> None:
    """The gate's side of `asking`."""
    scope[_ASKING] = request


def is_open(path: str) -> bool:
    """Whether a path answers without a token."""
    return path in OPEN_PATHS or path.startswith(STATIC) or is_login(path)


def is_login(path: str) -> bool:
    """Whether a path belongs to login."""
    return path == LOGIN or path.startswith(f"{LOGIN}/")


def is_api(path: str) -> bool:
    """Whether errors on this path are problem+json (else a page)."""
    return path.startswith("/api") or path in {"/healthz", "/readyz", "/metrics"}


def actor_of(site: Site, request: HttpRequest, asked: Request) -> Actor | None:
    """The API takes a bearer token and nothing else; the pages take their session cookie and nothing else. Raises
    Refused for a token of somebody without a role here; ProviderUnavailable. Blocking."""
    if is_api(request.url.path):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return _bearer(site, token.strip(), asked) if scheme.lower() == "bearer" else None
    secret = session_of(site, request)
    is_there = LIVE_HEADER not in request.headers
    return site.sessions.actor(secret, somebody_is_there=is_there) if secret else None


def _bearer(site: Site, token: str, asked: Request) -> Actor | None:
    """A token of the demo, or an access token of the provider."""
    known, provider = site.tokens.actor(token), site.login.provider
    if known is not None or provider is None:
        return known
    try:
        return actor_of_claims(provider.bearer(token), provider.registration.names)
    except NotBelieved:
        return None
    except NoActor as error:
        entrances.refused(site.reading, asked, error.reason, error.user)
        raise Refused(Decision(False, error.reason)) from error


class CookieFlags(TypedDict):
    """How every cookie of a login is set. Lax, so that it goes along when the provider sends somebody back; forms of
    other sites have no token."""

    path: str
    httponly: bool
    samesite: Literal["lax"]
    secure: bool


def cookie_of(site: Site, name: str = SESSION_COOKIE) -> tuple[str, CookieFlags]:
    """Name and flags of a cookie. Behind https the name itself tells browsers that no other host and no http page may
    set it (`__Host-`)."""
    secure = site.login.is_secure
    flags = CookieFlags(path="/", httponly=True, samesite="lax", secure=secure)
    return f"__Host-{name}" if secure else name, flags


def session_of(site: Site, request: HttpRequest) -> str | None:
    """The secret in the session cookie, if there is one."""
    cookies = SimpleCookie()
    try:
        cookies.load(request.headers.get("cookie", ""))
    except CookieError:
        return None
    found = cookies.get(cookie_of(site)[0])
    return found.value if found else None


def trace_of(request: HttpRequest) -> tuple[str, str]:
    """The caller's W3C trace id (32 hex digits) and span id (16) if there are, else a random trace id and no span."""
    trace = _TRACE.fullmatch(request.headers.get("traceparent", "").strip())
    return (trace.group(1), trace.group(2)) if trace else (secrets.token_hex(16), "")
