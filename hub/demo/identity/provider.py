"""The endpoints: description, keys, choosing a user, token, logout. Everything is in memory.

It takes the same care as a real one (exact addresses, codes that work once, PKCE), for the desk is tried against it.
There is no password: that is why it answers on loopback only, and says in its description that it is a demo's.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from hub.demo.identity.config import IdentityConfig, User

TOKEN_SECONDS: Final = 300
CODE_SECONDS: Final = 60.0
_MOST_CODES: Final = 1_000
_LARGEST_FORM_BYTES: Final = 20_000
_PASSED_ON: Final = ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge")
_SECURITY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class _Code(NamedTuple):
    user: User
    nonce: str
    challenge: str
    until: float


class Identity:
    """The provider. `app` is its ASGI application."""

    def __init__(self, config: IdentityConfig, now: Callable[[], float] = time.time) -> None:
        """`now`: seconds since 1970."""
        self.config = config
        self._now = now
        self._codes: dict[str, _Code] = {}
        self._page = Environment(
            loader=PackageLoader("hub.demo.identity", "."),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
        ).get_template("choose.html")
        self.rotate()
        routes = [
            Route("/.well-known/openid-configuration", self._describe),
            Route("/keys", self._publish_keys),
            Route("/authorize", self._choose),
            Route("/token", self._exchange, methods=["POST"]),
            Route("/logout", self._log_out),
            Route("/readyz", lambda _: PlainTextResponse("ready\n")),
        ]
        self.app = Starlette(routes=routes)

    def rotate(self) -> None:
        """Sign with a new key from now on, and forget the old one."""
        self.key: RSAKey | ECKey = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)

    def sign(self, claims: dict[str, Any]) -> str:
        """A token of these claims."""
        return jwt.encode({"alg": self.key.alg or "", "kid": self.key.kid}, claims, self.key)

    def claims_of(self, user: User) -> dict[str, Any]:
        """What is said of a user, as Keycloak says it."""
        now = int(self._now())
        return {
            "iss": self.config.issuer,
            "sub": hashlib.sha256(user.user.encode()).hexdigest()[:32],
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "preferred_username": user.user,
            "name": user.name,
            "realm_access": {"roles": ["offline_access", user.role]},
            "organisation": user.organisation,
            "unit": user.unit,
            "teams": list(user.teams),
            "staff_number": user.staff,
            "phone_number": user.phone,
        }

    def id_token(self, user: User, nonce: str) -> str:
        """For the desk: who logged in."""
        return self.sign(self.claims_of(user) | {"aud": self.config.client_id, "nonce": nonce})

    def access_token(self, user: User) -> str:
        """For the desk's API."""
        return self.sign(self.claims_of(user) | {"aud": [self.config.audience], "azp": self.config.client_id})

    async def _describe(self, _: Request) -> Response:
        issuer = self.config.issuer
        return JSONResponse(
            {
                "regiehub_demo": True,
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/keys",
                "end_session_endpoint": f"{issuer}/logout",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _publish_keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def _choose(self, request: Request) -> Response:
        """The page of users; once one is chosen, back to the desk with a code."""
        asked = {name: request.query_params.get(name, "") for name in _PASSED_ON}
        if asked["client_id"] != self.config.client_id or asked["redirect_uri"] != self._back:
            return PlainTextResponse("This provider does not know where that came from.\n", 400)
        if request.query_params.get("code_challenge_method") != "S256" or not all(asked.values()):
            return self._answer(asked, error="invalid_request")
        if asked["response_type"] != "code" or "openid" not in asked["scope"].split():
            return self._answer(asked, error="invalid_request")
        chosen = request.query_params.get("user")
        if chosen is None:
            page = self._page.render(asked=asked, users=self.config.users)
            return HTMLResponse(page, headers=_SECURITY)
        user = next((item for item in self.config.users if item.user == chosen), None)
        if user is None:
            return self._answer(asked, error="access_denied")
        return self._answer(asked, code=self._new_code(user, asked))

    @property
    def _back(self) -> str:
        return f"{self.config.address}/inloggen/terug"

    def _answer(self, asked: dict[str, str], **said: str) -> Response:
        said |= {"state": asked["state"], "iss": self.config.issuer}
        return RedirectResponse(f"{self._back}?{urlencode(said)}", 303, headers=_SECURITY)

    def _new_code(self, user: User, asked: dict[str, str]) -> str:
        while len(self._codes) >= _MOST_CODES:
            self._codes.pop(next(iter(self._codes)))
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(user, asked["nonce"], asked["code_challenge"], self._now() + CODE_SECONDS)
        return code

    async def _exchange(self, request: Request) -> Response:
        """A code for tokens: once, in time, by the client it was made for, with the verifier of its challenge."""
        if not self._is_client(request):
            return JSONResponse({"error": "invalid_client"}, 401, headers=_SECURITY)
        body = (await request.body())[:_LARGEST_FORM_BYTES]
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        if form.get("grant_type") != "authorization_code":
            return JSONResponse({"error": "unsupported_grant_type"}, 400, headers=_SECURITY)
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or self._now() >= code.until or form.get("redirect_uri") != self._back:
            return JSONResponse({"error": "invalid_grant"}, 400, headers=_SECURITY)
        if not hmac.compare_digest(_challenge(form.get("code_verifier", "")), code.challenge.encode()):
            return JSONResponse({"error": "invalid_grant"}, 400, headers=_SECURITY)
        answer = {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": "openid profile"}
        tokens = {"id_token": self.id_token(code.user, code.nonce), "access_token": self.access_token(code.user)}
        return JSONResponse(answer | tokens, headers=_SECURITY)

    def _is_client(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        wanted = f"{self.config.client_id}:{self.config.client_secret}"
        return scheme.lower() == "basic" and hmac.compare_digest(_basic(given), wanted.encode())

    async def _log_out(self, request: Request) -> Response:
        """Nobody stays logged in here: choosing again is the login. So it only leads back to the desk."""
        back = f"{self.config.address}/inloggen"
        if request.query_params.get("post_logout_redirect_uri") != back:
            return PlainTextResponse("You are logged out.\n", headers=_SECURITY)
        return RedirectResponse(back, 303, headers=_SECURITY)


def _challenge(verifier: str) -> bytes:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")


def _basic(given: str) -> bytes:
    """RFC 6749 section 2.3.1: both parts are form-encoded before they are joined."""
    try:
        name, _, secret = b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        return b""
    return f"{unquote(name)}:{unquote(secret)}".encode()
