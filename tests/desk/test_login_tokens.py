"""Id tokens that are not what they should be; keys that come and go."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from hub.desk.login.documents import AGAIN_SECONDS, KEEP_SECONDS, Kept, ProviderUnavailable
from hub.desk.login.provider import LEEWAY_SECONDS
from hub.desk.site import SESSION_COOKIE
from tests.desk.conftest import AppOf, Desk
from tests.desk.identity import CLIENT, Clock, Forge, Forger, House, housing, log_in

Claims = dict[str, Any]


@pytest.fixture
def house(desk: Desk, app_of: AppOf) -> Iterator[House]:
    """A desk and a provider that lies when told."""
    with housing(desk, app_of) as found:
        yield found


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def changed(**changes: Any) -> Forge:
    """Signed well, of other claims; None leaves one out."""

    def forge(identity: Forger, claims: Claims) -> str:
        return identity.sign({name: value for name, value in (claims | changes).items() if value is not None})

    return forge


def later(name: str, seconds: float) -> Forge:
    return lambda identity, claims: identity.sign(claims | {name: claims[name] + seconds})


def unsigned(identity: Forger, claims: Claims) -> str:
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


def with_public_key_as_secret(identity: Forger, claims: Claims) -> str:
    """By hand: a library of today refuses to do it."""
    signed = f"{part({'alg': 'HS256', 'kid': identity.key.kid})}.{part(claims)}"
    signature = hmac.digest(identity.key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def by_another_key(identity: Forger, claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": identity.key.kid}, claims, RSAKey.generate_key(2048))


def by_an_unknown_key(identity: Forger, claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "onbekend"}, claims, RSAKey.generate_key(2048))


def by_the_key_it_brings(identity: Forger, claims: Claims) -> str:
    key = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "kid": identity.key.kid, "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims, key)


def by_an_algorithm_that_is_not_believed(identity: Forger, claims: Claims) -> str:
    key = RSAKey.import_key(identity.key.as_pem(private=True))
    return jwt.encode({"alg": "RS512", "kid": identity.key.kid}, claims, key, algorithms=["RS512"])


def with_changed_content(identity: Forger, claims: Claims) -> str:
    header, _, signature = identity.sign(claims).split(".")
    return f"{header}.{part(claims | {'preferred_username': 'olga'})}.{signature}"


FORGED: dict[str, Forge] = {
    "expired": later("exp", -300 - LEEWAY_SECONDS),
    "without an end": changed(exp=None),
    "whose end is no number": changed(exp="morgen"),
    "of the future": later("iat", LEEWAY_SECONDS + 1),
    "of long ago": later("iat", -3600),
    "that says not when": changed(iat=None),
    "whose beginning is no number": changed(iat="gisteren"),
    "not valid yet": changed(nbf=2**40),
    "for somebody else": changed(aud="andere-toepassing"),
    "for nobody": changed(aud=None),
    "for an empty list": changed(aud=[]),
    "for two, said not to which": changed(aud=[CLIENT, "andere-toepassing"]),
    "for two, given to the other": changed(aud=[CLIENT, "andere-toepassing"], azp="andere-toepassing"),
    "given to somebody else": changed(azp="andere-toepassing"),
    "of another provider": changed(iss="https://elders.example"),
    "of no provider": changed(iss=None),
    "of another attempt": changed(nonce="van-gisteren"),
    "of no attempt": changed(nonce=None),
    "about nobody": changed(sub=None),
    "unsigned": unsigned,
    "signed with the public key as a secret": with_public_key_as_secret,
    "signed by another key under the same name": by_another_key,
    "signed by a key nobody knows": by_an_unknown_key,
    "signed by the key it brings along": by_the_key_it_brings,
    "signed in a way that is not believed": by_an_algorithm_that_is_not_believed,
    "whose content was changed": with_changed_content,
    "empty": lambda *_: "",
    "no token": lambda *_: "onzin",
    "no claims": lambda identity, _: jwt.encode({"alg": "RS256", "kid": identity.key.kid}, {}, identity.key),
    "a list": lambda *_: f"{part({'alg': 'RS256'})}.{part([1])}.AAAA",
    "deep": lambda *_: f"{part({'alg': 'RS256'})}.{'W' * 15_000}.AAAA",
    "huge": lambda *_: "a" * 200_000,
}


@pytest.mark.parametrize("name", FORGED)
def test_an_id_token_is_not_believed(name: str, house: House) -> None:
    house.identity.forge = FORGED[name]
    browser = house.browser()
    answer = log_in(browser, "dirk")
    assert answer.status_code == 401
    assert SESSION_COOKIE not in browser.cookies
    look = house.look()
    assert (look["user"], look["allowed"], look["reason"]) == ("", False, "wrong_id_token")


FINE: dict[str, Forge] = {
    "for two, given to this one": changed(aud=[CLIENT, "andere-toepassing"], azp=CLIENT),
    "just expired, by a clock that differs": later("exp", -300 - LEEWAY_SECONDS + 1),
    "just made, by a clock that differs": later("iat", LEEWAY_SECONDS),
}


@pytest.mark.parametrize("name", FINE)
def test_an_id_token_is_believed(name: str, house: House) -> None:
    house.identity.forge = FINE[name]
    assert log_in(house.browser(), "dirk").status_code == 303


def test_a_new_key_of_the_provider_is_found_and_the_old_one_is_believed_no_more(house: House) -> None:
    assert log_in(house.browser(), "dirk").status_code == 303
    old = house.identity.key
    house.identity.rotate()
    house.clock.seconds += AGAIN_SECONDS
    assert log_in(house.browser(), "dirk").status_code == 303
    house.clock.seconds += AGAIN_SECONDS
    house.identity.forge = lambda _, claims: jwt.encode({"alg": "RS256", "kid": old.kid}, claims, old)
    assert log_in(house.browser(), "dirk").status_code == 401


def test_a_provider_may_sign_with_another_kind_of_key(house: House) -> None:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    house.identity.key = key
    assert log_in(house.browser(), "dirk").status_code == 303


def test_a_provider_that_is_down_gives_503_and_the_desk_goes_on(house: House) -> None:
    house.provider.registration = house.provider.registration.__class__(
        "http://127.0.0.1:1", CLIENT, "api", is_demo=True
    )
    answer = house.browser().get("/inloggen/begin")
    assert answer.status_code == 503
    assert house.browser().get("/inloggen").status_code == 200


def test_the_demos_provider_is_refused_in_production(house: House) -> None:
    known = house.provider.registration
    house.provider.registration = known.__class__(known.issuer, CLIENT, "api")
    with pytest.raises(ProviderUnavailable) as caught:
        house.provider.bearer("x")
    assert caught.value.why == "it is the demo's"


def test_another_issuer_in_the_description_is_refused(house: House) -> None:
    known = house.provider.registration
    house.provider.registration = known.__class__(f"{known.issuer}/", CLIENT, "api", is_demo=True)
    assert house.browser().get("/inloggen/begin").status_code == 503


def test_what_was_fetched_is_kept_for_an_hour_and_never_asked_for_all_the_time() -> None:
    clock, numbers = Clock(), count(1)
    kept = Kept(lambda: next(numbers), clock)
    assert [kept.get(), kept.get(), kept.get(newer=True)] == [1, 1, 1]
    clock.seconds += AGAIN_SECONDS
    assert [kept.get(), kept.get(newer=True), kept.get(newer=True)] == [1, 2, 2]
    clock.seconds += KEEP_SECONDS
    assert kept.get() == 3


def test_what_cannot_be_fetched_is_not_asked_for_all_the_time_and_gets_no_older_than_an_hour() -> None:
    clock, asked = Clock(), []

    def fetch() -> int:
        asked.append(1)
        if len(asked) > 1:
            raise ProviderUnavailable("down")
        return 1

    kept = Kept(fetch, clock)
    assert kept.get() == 1
    clock.seconds += KEEP_SECONDS
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            kept.get()
    assert len(asked) == 2


def test_a_redirect_of_the_provider_is_not_followed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        house.provider, "_http", httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(302)))
    )
    assert house.browser().get("/inloggen/begin").status_code == 503
