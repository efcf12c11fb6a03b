"""People log in at the real Keycloak of docker-compose.yml: its version, environment, start script and realm. A drill.

It makes its tables in a PostgreSQL, behind a TLS proxy, as in production; the desk stands behind another one.
"""

from __future__ import annotations

import hmac
import html
import re
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect
from structlog.testing import capture_logs

from hub.demo.brokers.ports import HOST, free_port
from hub.desk import database
from hub.desk.access import Role
from hub.desk.login.documents import AGAIN_SECONDS
from hub.desk.login.doors import open_login
from hub.desk.login.provider import Provider
from hub.desk.server import listen
from hub.desk.site import SESSION_COOKIE
from hub.settings import Environment, Settings
from tests import machine
from tests.browser.conftest import chromium
from tests.deploy import keycloak
from tests.deploy.composed import DESK, LOGIN, ROOT, ours
from tests.deploy.keycloak import REALM, Administrator, said_in_log, trusting
from tests.deploy.tls_proxy import tls_proxy
from tests.desk.conftest import AppOf, Desk, app_of
from tests.desk.decisions import direction_entry
from tests.desk.family import HOME, family
from tests.desk.identity import Clock
from tests.desk.views import TEAM
from tests.kafka.municipal_login import self_signed
from tests.postgres_server import running
from tests.serving import serving

__all__ = ["app_of", "chromium"]
pytestmark = pytest.mark.drill
PASSWORD: Final = "een lang wachtwoord 12"
DIRECTOR: Final = {
    "unit": ["youth"],
    "teams": [TEAM, "Zuid"],
    "staff_number": ["1"],
    "organisation": ["Wijkteam Noord"],
}
_CODE_SECONDS: Final = 30


@dataclass(frozen=True)
class Town:
    """What stays up for all tests. `inside`: the port behind the desk's proxy."""

    folder: Path
    desk: str
    inside: int
    login: str
    certificate: Path
    admin: Administrator

    def settings(self, **changed: Any) -> Settings:
        """Of the desk in docker-compose.yml, as far as the login goes."""
        told = ours()["desk"]["environment"]
        names = ("REGIEHUB_OIDC_ISSUER", "REGIEHUB_OIDC_CLIENT_ID", "REGIEHUB_OIDC_AUDIENCE", "REGIEHUB_DESK_ADDRESS")
        here = {
            name.removeprefix("REGIEHUB_").lower(): told[name].replace(DESK, self.desk).replace(LOGIN, self.login)
            for name in names
        }
        secret = self.folder / "secrets" / "login.txt"
        own = {"environment": Environment.PRODUCTION, "oidc_client_secret_file": secret, "data_folder": self.folder}
        return Settings(**{**here, **own, **changed})

    def somebody(self) -> httpx.Client:
        """Who trusts the proxies, and follows where he is sent."""
        return httpx.Client(trust_env=False, verify=trusting(self.certificate), follow_redirects=True, timeout=60)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Keycloak is ready; nobody has an account yet."""
    if missing := machine.kafka_missing() or machine.postgres_missing() or machine.chromium_missing():
        pytest.skip(missing)  # said in the line of the tier; where all tiers are required it fails the run
    folder = tmp_path_factory.mktemp("keycloak")
    secrets = folder / "secrets"
    subprocess.run([str(ROOT / "deploy" / "make-secrets"), str(secrets)], check=True, capture_output=True, timeout=30)
    key, certificate = self_signed(folder)
    desk, login = listen(HOST, 0), listen(HOST, 0)
    inside, behind = free_port(), free_port()
    addresses = {name: f"https://{HOST}:{at.getsockname()[1]}" for name, at in {"desk": desk, "login": login}.items()}
    password = (secrets / "keycloak-admin.txt").read_text(encoding="utf-8")
    with (
        running() as database,
        tls_proxy(login, f"http://{HOST}:{behind}", key, certificate),
        tls_proxy(desk, f"http://{HOST}:{inside}", key, certificate),
        keycloak.running(folder, secrets, urlsplit(database).netloc.partition("@")[2], inside=behind, **addresses),
    ):
        admin = Administrator(addresses["login"], password, certificate)
        yield Town(folder, addresses["desk"], inside, addresses["login"], certificate, admin)
        admin.close()


@dataclass
class House:
    """The desk of one test. `clock`: by which it counts how long ago it asked Keycloak for its keys."""

    desk: Desk
    clock: Clock

    def look(self) -> tuple[str, str, bool]:
        """Who, why and whether, of the newest line in the log of looks."""
        found = self.desk.operations()[-1]
        return found["user"], found["reason"], found["allowed"]


@contextmanager
def housing(town: Town, app_of: AppOf, folder: Path, *, later_seconds: float = 0, **changed: Any) -> Iterator[House]:
    """A desk with one family, behind the proxy. `later_seconds`: how far its clock is ahead of Keycloak's."""
    desk = Desk(database.open_engine(f"sqlite:///{folder / 'desk.sqlite'}"), folder / "looks.jsonl")
    desk.show(family(extra=[direction_entry("Dirk Dewit")]))
    opened = open_login(town.settings(**changed))
    assert opened.provider is not None
    house = House(desk, Clock())
    provider = Provider(opened.provider.registration, now=lambda: time.time() + later_seconds, clock=house.clock)
    login = replace(opened, provider=provider)
    try:
        with serving(app_of(replace(desk.site, login=login)), listen(HOST, town.inside)):
            yield house
    finally:
        for it in (opened.provider, provider, desk.log):
            it.close()
        desk.engine.dispose()


@pytest.fixture(autouse=True)
def _trusting(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk trusts the proxy's certificate, as hub/README.md says for an authority of one's own."""
    monkeypatch.setenv("SSL_CERT_FILE", str(town.certificate))


@pytest.fixture
def page(town: Town, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Of the system's browser."""
    context = request.getfixturevalue("chromium").new_context(
        viewport={"width": 1280, "height": 800}, locale="nl-NL", ignore_https_errors=True
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def one_time_code(secret: str, at_seconds: float) -> str:
    """RFC 6238, as an authenticator on a phone shows it."""
    digest = hmac.digest(secret.encode(), struct.pack(">Q", int(at_seconds) // _CODE_SECONDS), "sha1")
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4]) & 0x7FFF_FFFF) % 1_000_000:06d}"


def sign_in(browser: httpx.Client, town: Town, user: str) -> httpx.Response:
    """By Keycloak's own forms, for the first time: a password, and an authenticator. Where that ends."""
    form = browser.get(f"{town.desk}/inloggen/begin", params={"naar": "/huishoudens"})
    answer = browser.post(_action(form), data={"username": user, "password": PASSWORD})
    if not (found := re.search(r'name="totpSecret" value="([^"]+)"', answer.text)):
        return answer
    secret = html.unescape(found[1])
    code = {"totp": one_time_code(secret, time.time()), "totpSecret": secret, "userLabel": "telefoon"}
    return browser.post(_action(answer), data=code)


def _action(page: httpx.Response) -> str:
    found = re.search(r'<form[^>]* action="([^"]+)"', page.text)
    assert found, f"{page.status_code} {page.url}: {page.text[:2_000]}"
    return html.unescape(found[1])


def test_a_director_logs_in_with_a_second_factor_and_a_password_of_his_own_works_and_logs_out(
    town: Town, app_of: AppOf, tmp_path: Path, page: Page
) -> None:
    town.admin.add_user("dirk.dewit", "van de beheerder", "case_director", DIRECTOR, temporary=True)
    with housing(town, app_of, tmp_path) as house:
        page.goto(f"{town.desk}/huishoudens")
        page.get_by_role("link", name="Inloggen", exact=True).click()
        page.locator("#username").fill("dirk.dewit")
        page.locator("#password").fill("van de beheerder")
        page.locator("#kc-login").click()
        secret = page.locator("[name=totpSecret]").get_attribute("value")
        assert secret
        page.locator("#totp").fill(one_time_code(secret, time.time()))
        page.locator("#saveTOTPBtn").click()
        page.locator("#password-new").fill(PASSWORD)
        page.locator("#password-confirm").fill(PASSWORD)
        page.locator("[type=submit]").click()
        page.wait_for_url(f"{town.desk}/huishoudens")
        expect(page.get_by_role("heading", level=1)).to_contain_text("huishoudens")
        expect(page.locator(f'a[href="/huishoudens/{HOME}"]')).to_be_visible()
        (cookie,) = (it for it in page.context.cookies() if it["name"] == f"__Host-{SESSION_COOKIE}")
        assert cookie["secure"] and cookie["httpOnly"]
        actor = house.desk.site.sessions.actor(cookie["value"])
        assert actor is not None
        assert (actor.user, actor.role, actor.name) == ("dirk.dewit", Role.CASE_DIRECTOR, "Dirk Dewit")
        assert (actor.unit, actor.teams, actor.staff) == ("youth", (TEAM, "Zuid"), "1")
        page.get_by_role("button", name="Uitloggen").click()
        page.wait_for_url(f"{town.desk}/inloggen")
        assert house.look() == ("dirk.dewit", "logged_out", True)
        page.get_by_role("link", name="Inloggen", exact=True).click()
        expect(page.locator("#password")).to_be_visible()


def test_who_has_no_role_is_told_so_and_that_is_logged(town: Town, app_of: AppOf, tmp_path: Path) -> None:
    town.admin.add_user("gast.zonder", PASSWORD)
    with housing(town, app_of, tmp_path) as house, town.somebody() as browser:
        answer = sign_in(browser, town, "gast.zonder")
        assert answer.status_code == 403 and "geen rol in Regiehub" in answer.text
        assert house.look() == ("gast.zonder", "no_role", False)
        assert browser.get(f"{town.desk}/huishoudens").url.path == "/inloggen"


def test_a_wrong_secret_of_the_desk_is_told_and_logged(town: Town, app_of: AppOf, tmp_path: Path) -> None:
    town.admin.add_user("wim.wrong", PASSWORD, "case_director", DIRECTOR)
    secret = tmp_path / "wrong.txt"
    secret.write_text("not the secret")
    secret.chmod(0o600)
    with (
        capture_logs() as logged,
        housing(town, app_of, tmp_path, oidc_client_secret_file=secret) as house,
        town.somebody() as browser,
    ):
        answer = sign_in(browser, town, "wim.wrong")
        assert answer.status_code == 401 and "Het inloggen is niet gelukt" in answer.text
        assert house.look() == ("", "wrong_code", False)
    (said,) = (it for it in logged if it["event"] == "login_not_believed")
    assert (said["reason"], said["detail"]) == ("wrong_code", "unauthorized_client")


def test_another_address_of_the_desk_is_refused_by_keycloak_which_says_so(
    town: Town, app_of: AppOf, tmp_path: Path
) -> None:
    elsewhere = town.desk.replace("https://127.0.0.1", "https://elsewhere.example.org")
    with housing(town, app_of, tmp_path, desk_address=elsewhere), town.somebody() as browser:
        answer = browser.get(f"{town.desk}/inloggen/begin")
        assert answer.status_code == 400 and "redirect_uri" in answer.text
        assert str(answer.url).startswith(town.login)
    assert said_in_log(town.folder, 'error="invalid_redirect_uri"')


@pytest.mark.parametrize("skew_seconds", [-50, 50])
def test_clocks_that_differ_a_little_do_no_harm(town: Town, app_of: AppOf, tmp_path: Path, skew_seconds: int) -> None:
    user = f"klok.{'voor' if skew_seconds > 0 else 'achter'}"
    town.admin.add_user(user, PASSWORD, "case_director", DIRECTOR)
    with housing(town, app_of, tmp_path, later_seconds=skew_seconds) as house, town.somebody() as browser:
        assert sign_in(browser, town, user).url.path == "/huishoudens"
        assert ("logged_in", True) in {(it["reason"], it["allowed"]) for it in house.desk.operations()}


def test_a_clock_that_is_wrong_is_told_and_the_log_says_what(town: Town, app_of: AppOf, tmp_path: Path) -> None:
    town.admin.add_user("klok.stuk", PASSWORD, "case_director", DIRECTOR)
    with (
        capture_logs() as logged,
        housing(town, app_of, tmp_path, later_seconds=-600) as house,
        town.somebody() as browser,
    ):
        assert sign_in(browser, town, "klok.stuk").status_code == 401
        assert house.look() == ("", "wrong_id_token", False)
    (said,) = (it for it in logged if it["event"] == "login_not_believed")
    assert said["detail"] == "invalid_claim: iat"


def test_tokens_of_the_api_expire_and_keys_change(town: Town, app_of: AppOf, tmp_path: Path) -> None:
    town.admin.add_api_client("vendor", "secret-of-the-vendor", "case_director")
    place = f"{town.desk}/api/v1/huishoudens"
    with housing(town, app_of, tmp_path) as house, town.somebody() as client:
        token = town.admin.service_token("vendor", "secret-of-the-vendor")
        assert client.get(place, headers={"Authorization": f"Bearer {token}"}).status_code == 200
        town.admin.rotate_key()
        house.clock.seconds += AGAIN_SECONDS + 1
        newer = town.admin.service_token("vendor", "secret-of-the-vendor")
        assert client.get(place, headers={"Authorization": f"Bearer {newer}"}).status_code == 200
        _assert_refused(client.get(place, headers={"Authorization": f"Bearer {token}"}))
    with housing(town, app_of, tmp_path, later_seconds=3_600), town.somebody() as client:
        _assert_refused(client.get(place, headers={"Authorization": f"Bearer {newer}"}))


def _assert_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_provider_that_is_down_is_said_and_not_a_fault_of_the_desk(town: Town, app_of: AppOf, tmp_path: Path) -> None:
    nowhere = f"https://{HOST}:{free_port()}/realms/{REALM}"
    with housing(town, app_of, tmp_path, oidc_issuer=nowhere), town.somebody() as browser:
        answer = browser.get(f"{town.desk}/inloggen/begin")
        assert answer.status_code == 503
        assert "Traceback" not in answer.text
