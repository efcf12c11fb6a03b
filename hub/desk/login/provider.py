"""The municipality's OpenID provider: where to send people, what a code is worth, which tokens it signed.

OpenID Connect Core 1.0 sections 3.1 and 3.1.3.7, Discovery 1.0, RP-Initiated Logout 1.0, RFC 7636 (PKCE), RFC 9207
(issuer in the answer), RFC 8725 (which algorithms are believed). Signatures are checked by joserfc, none here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from hub.desk.login.attempt import Attempt
from hub.desk.login.claims import Claims, Names
from hub.desk.login.documents import Kept, ProviderUnavailable, answer_of, client

ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""Signatures with a key pair. Never `none`, nor HMAC: there the public key would be the secret."""
LEEWAY_SECONDS: Final = 60
"""How far the provider's clock may be from ours."""
LONGEST_TOKEN: Final = 20_000
"""Characters of a token that is looked at; a Keycloak token of somebody in many groups has some thousands."""
_OLDEST_ID_TOKEN_SECONDS: Final = 300
"""It is made when the code is exchanged, so a moment ago."""
_DEMO_MARK: Final = "regiehub_demo"
"""What the demo's own provider says of itself, so that no production desk believes it."""
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OK: Final = 200


class NotBelieved(Exception):
    """A token or an answer that is not what it should be. `reason`: for the log of looks; `detail`: for the desk's own
    log, never the token."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Registration:
    """How this desk is known at the provider. `issuer`: as the provider writes it; `client_secret`: empty for a public
    client; `audience`: of access tokens for the API; `is_demo`: http and the demo's provider will do."""

    issuer: str
    client_id: str
    audience: str
    client_secret: str = field(default="", repr=False)
    scope: str = "openid profile"
    names: Names = field(default_factory=Names)
    is_demo: bool = False


class Redeemed(NamedTuple):
    """What a code was worth. `id_token`: as it came, for the logout."""

    claims: Claims
    id_token: str


class Provider:
    """The provider as the desk uses it. Safe to use from several threads; blocking."""

    def __init__(
        self,
        registration: Registration,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Asks nothing yet: a desk starts without its provider. `now`: seconds since 1970; `clock` only rises."""
        self.registration = registration
        self._now = now
        self._http = client()
        self._description = Kept(self._fetch_description, clock)
        self._keys = Kept(self._fetch_keys, clock)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    @property
    def origin(self) -> str:
        """Scheme, host and port of the provider."""
        parts = urlsplit(self.registration.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    def login_url(self, attempt: Attempt, back: str) -> str:
        """Where the browser goes; it comes back to `back`. Raises ProviderUnavailable."""
        asked = {
            "response_type": "code",
            "client_id": self.registration.client_id,
            "redirect_uri": back,
            "scope": self.registration.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return _with_query(str(self._description.get()["authorization_endpoint"]), asked)

    def redeem(self, code: str, attempt: Attempt, back: str, issuer: str = "") -> Redeemed:
        """Exchange the code. `issuer`: as the answer names it; one that says that it always does is held to it.
        Raises NotBelieved, ProviderUnavailable."""
        always = self._description.get().get("authorization_response_iss_parameter_supported")
        if issuer != self.registration.issuer and (issuer or always):
            raise NotBelieved("wrong_issuer")
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
        status, found = self._post_token(body | {"code_verifier": attempt.verifier})
        if status != _OK:
            raise NotBelieved("wrong_code", str(found.get("error", status))[:100])
        id_token = str(found.get("id_token", ""))
        claims = self._decoded(id_token, "wrong_id_token")
        self._check_id_token(claims, attempt.nonce)
        return Redeemed(claims, id_token)

    def bearer(self, token: str) -> Claims:
        """What an access token for the API says. Raises NotBelieved, ProviderUnavailable."""
        claims = self._decoded(token, "wrong_token")
        self._check(claims, "wrong_token", self.registration.audience, "sub")
        return claims

    def logout_url(self, id_token: str, back: str) -> str | None:
        """Where the browser goes to log out there too; None if the provider offers or answers nothing."""
        try:
            place = self._description.get().get("end_session_endpoint")
        except ProviderUnavailable:
            return None
        asked = {
            "id_token_hint": id_token,
            "client_id": self.registration.client_id,
            "post_logout_redirect_uri": back,
        }
        return _with_query(place, asked) if isinstance(place, str) else None

    def _post_token(self, body: dict[str, str]) -> tuple[int, Mapping[str, Any]]:
        """With the client's secret in the header, or in the body where the provider takes it only there."""
        known, description = self.registration, self._description.get()
        place = str(description["token_endpoint"])
        offered = description.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if known.client_secret and "client_secret_basic" in offered:
            basic = (quote(known.client_id, safe=""), quote(known.client_secret, safe=""))
            return answer_of(lambda: self._http.post(place, data=body, auth=basic))
        own = {"client_id": known.client_id} | ({"client_secret": known.client_secret} if known.client_secret else {})
        return answer_of(lambda: self._http.post(place, data=body | own))

    def _decoded(self, token: str, reason: str) -> Claims:
        """The content of a token that the provider signed. A key that is not known may be new, so keys are fetched
        again for it."""
        if not token.isascii() or len(token) > LONGEST_TOKEN:
            raise NotBelieved(reason, "too long or not ASCII")
        try:
            try:
                return jwt.decode(token, self._keys.get(), list(ALGORITHMS)).claims
            except InvalidKeyIdError:
                return jwt.decode(token, self._keys.get(newer=True), list(ALGORITHMS)).claims
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise NotBelieved(reason, getattr(error, "error", type(error).__name__)) from error

    def _check(self, claims: Claims, reason: str, audience: str, *needed: str, nonce: str = "") -> None:
        options: dict[str, jwt.ClaimsOption] = {name: {"essential": True} for name in ("exp", *needed)}
        options |= {"iss": {"essential": True, "value": self.registration.issuer}}
        options |= {"aud": {"essential": True, "value": audience}}
        if nonce:
            options |= {"nonce": {"essential": True, "value": nonce}}
        try:
            jwt.JWTClaimsRegistry(int(self._now()), LEEWAY_SECONDS, **options).validate(dict(claims))
        except JoseError as error:
            raise NotBelieved(reason, f"{error.error}: {getattr(error, 'claim', '')}") from error

    def _check_id_token(self, claims: Claims, nonce: str) -> None:
        """OpenID Connect Core section 3.1.3.7."""
        self._check(claims, "wrong_id_token", self.registration.client_id, "iat", "sub", nonce=nonce)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.registration.client_id) != self.registration.client_id:
            raise NotBelieved("wrong_id_token", "azp")
        if claims["iat"] < self._now() - _OLDEST_ID_TOKEN_SECONDS - LEEWAY_SECONDS:
            raise NotBelieved("wrong_id_token", "iat")

    def _fetch_description(self) -> Mapping[str, Any]:
        issuer = self.registration.issuer
        place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        status, found = answer_of(lambda: self._http.get(place))
        if status != _OK or found.get("issuer") != issuer:
            raise ProviderUnavailable(f"its description has status {status} and names another issuer, or none")
        if not self.registration.is_demo and found.get(_DEMO_MARK):
            raise ProviderUnavailable("it is the demo's")
        schemes = ("https://", "http://") if self.registration.is_demo else ("https://",)
        for name in _ENDPOINTS:
            if not str(found.get(name, "")).startswith(schemes):
                raise ProviderUnavailable(f"its description has no {name} with https")
        return found

    def _fetch_keys(self) -> KeySet:
        place = str(self._description.get()["jwks_uri"])
        status, found = answer_of(lambda: self._http.get(place))
        try:
            return KeySet.import_key_set({"keys": found["keys"]})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderUnavailable(f"its keys cannot be read, status {status}") from error


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
