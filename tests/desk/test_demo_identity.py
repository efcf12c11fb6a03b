"""The demo's login provider: of everybody one, careful, and never outside a demo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.demo.identity.config import IdentityConfig, User
from hub.demo.identity.provider import CODE_SECONDS, Identity
from hub.demo.users import USERS
from hub.desk.access import Role
from hub.desk.login.attempt import Attempt
from tests.desk.identity import Clock

DESK = "http://127.0.0.1:8080"
CONFIG = IdentityConfig(
    port=9,
    address=DESK,
    client_id="regiehub",
    client_secret="geheim",
    audience="api",
    users=(User(user="dirk", role="x"),),
)
ATTEMPT = Attempt("secret")
ASKED = {
    "response_type": "code",
    "client_id": "regiehub",
    "redirect_uri": f"{DESK}/inloggen/terug",
    "scope": "openid profile",
    "state": ATTEMPT.state,
    "nonce": ATTEMPT.nonce,
    "code_challenge": ATTEMPT.challenge,
    "code_challenge_method": "S256",
}
CLIENT = ("regiehub", "geheim")


@pytest.fixture
def clock() -> Clock:
    """Moved by the test only."""
    return Clock()


@pytest.fixture
def provider(clock: Clock) -> TestClient:
    """The provider, without a socket."""
    return TestClient(Identity(CONFIG, clock).app, base_url=CONFIG.issuer, follow_redirects=False)


def code_of(provider: TestClient) -> str:
    answer = provider.get("/authorize", params=ASKED | {"user": "dirk"})
    assert answer.headers["location"].startswith(f"{DESK}/inloggen/terug?")
    return str(answer.next_request.url.params["code"]) if answer.next_request else ""


def exchanged(provider: TestClient, code: str, auth: tuple[str, str] | None = CLIENT, **changes: str) -> int:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": f"{DESK}/inloggen/terug"}
    answer = provider.post("/token", data=form | {"code_verifier": ATTEMPT.verifier} | changes, auth=auth)
    return int(answer.status_code)


def test_there_is_somebody_to_be_in_every_role() -> None:
    assert {who.role for who in USERS.values()} == set(Role)


def test_outside_a_demo_it_does_not_start(tmp_path: Path) -> None:
    file = tmp_path / "identity.json"
    file.write_text(CONFIG.model_dump_json())
    file.chmod(0o600)
    environment = {**os.environ, "REGIEHUB_DATA_FOLDER": str(tmp_path)}
    environment.pop("REGIEHUB_ENVIRONMENT", None)
    command = [sys.executable, "-m", "hub.demo.identity", str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "regiehub: The setting REGIEHUB_ENVIRONMENT is not demo: here anybody may log in as anybody."
    )


@pytest.mark.parametrize("change", [{"client_id": "andere"}, {"redirect_uri": "https://elders.example"}])
def test_it_sends_nobody_where_it_was_not_told_to(change: dict[str, str], provider: TestClient) -> None:
    assert provider.get("/authorize", params=ASKED | change | {"user": "dirk"}).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"nonce": ""},
        {"response_type": "token"},
        {"scope": "profile"},
        {"user": "niemand"},
    ],
)
def test_a_question_that_is_not_right_gets_no_code(change: dict[str, str], provider: TestClient) -> None:
    place = provider.get("/authorize", params=ASKED | {"user": "dirk"} | change).headers["location"]
    assert place.startswith(f"{DESK}/inloggen/terug?error=")
    assert "code=" not in place


def test_a_code_works_once(provider: TestClient) -> None:
    code = code_of(provider)
    assert [exchanged(provider, code), exchanged(provider, code)] == [200, 400]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"auth": None}, 401),
        ({"auth": ("regiehub", "mis")}, 401),
        ({"auth": ("andere", "geheim")}, 401),
        ({"code_verifier": "mis"}, 400),
        ({"redirect_uri": "https://elders.example"}, 400),
        ({"grant_type": "password"}, 400),
    ],
)
def test_a_code_is_for_one_client_with_its_verifier(change: dict[str, Any], status: int, provider: TestClient) -> None:
    assert exchanged(provider, code_of(provider), **change) == status


def test_a_code_is_of_use_for_a_minute(provider: TestClient, clock: Clock) -> None:
    code = code_of(provider)
    clock.seconds += CODE_SECONDS
    assert exchanged(provider, code) == 400


def test_what_it_says_of_itself_is_that_it_is_a_demos(provider: TestClient) -> None:
    found = provider.get("/.well-known/openid-configuration").json()
    assert found["regiehub_demo"] is True
    (key,) = provider.get("/keys").json()["keys"]
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys()
    assert json.dumps(key).count("sig") == 1


def test_logging_out_leads_back_to_the_desk_only(provider: TestClient) -> None:
    back = {"post_logout_redirect_uri": f"{DESK}/inloggen"}
    assert provider.get("/logout", params=back).headers["location"] == f"{DESK}/inloggen"
    assert provider.get("/logout", params={"post_logout_redirect_uri": "https://elders.example"}).status_code == 200
