"""The Keycloak of docker-compose.yml as a process of this machine: that version from Maven Central, its environment,
its start script and its realm. Of this machine are addresses, places of files and the database's user; its cache is for
one node (`KC_CACHE=local`) and its memory smaller."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from hub.demo.brokers.child import ChildProcess
from hub.demo.brokers.ports import HOST, free_port
from tests.deploy.composed import DESK, LOGIN, ROOT, Service, services

REALM: Final = "regiehub"
_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_DOWNLOAD_SECONDS: Final = 600
_START_SECONDS: Final = 900.0
"""The first start makes the database and puts the program together: a minute of CPU, on a busy machine much longer."""


def version() -> str:
    """That of the image in docker-compose.yml."""
    return str(services()["keycloak"]["image"]).rpartition(":")[2]


def unpacked(folder: Path) -> Path:
    """A fresh distribution; Maven keeps what it downloaded (150 MB)."""
    maven, name = shutil.which("mvn"), f"keycloak-quarkus-dist-{version()}.zip"
    assert maven, "mvn not found"
    wanted = f"-Dartifact=org.keycloak:keycloak-quarkus-dist:{version()}:zip"
    command = [maven, "-q", "-B", _COPY, wanted, f"-DoutputDirectory={folder}", "-Dmdep.useBaseVersion=true"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=_DOWNLOAD_SECONDS)
    assert done.returncode == 0, done.stdout[-2_000:]
    with zipfile.ZipFile(folder / name) as archive:
        archive.extractall(folder)
    (folder / name).unlink()
    return folder / f"keycloak-{version()}"


@contextmanager
def running(
    folder: Path, secrets: Path, database: str, *, inside: int, desk: str, login: str
) -> Iterator[ChildProcess]:
    """It is ready. `secrets`: filled by deploy/make-secrets; `database`: host and port of a PostgreSQL; `inside`: the
    port on which it answers in http; `desk`, `login`: the https addresses that people use."""
    home, told = unpacked(folder), services()["keycloak"]
    imported = home / "data" / "import"
    imported.mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "keycloak" / "realm.json", imported)
    management = free_port()
    places = {DESK: desk, LOGIN: login, "postgres:5432/keycloak": f"{database}/postgres"}
    environment = {name: _here(str(value), places) for name, value in told["environment"].items()} | {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "KC_DB_USERNAME": "hub",
        "KC_HTTP_HOST": HOST,
        "KC_HTTP_PORT": str(inside),
        "KC_HTTP_MANAGEMENT_PORT": str(management),
        "KC_CACHE": "local",
        "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx768m",
        "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",  # it starts once and serves ten people
    }
    child = ChildProcess(
        ["/bin/bash", str(_script(folder, home, _granted(folder, secrets, told)))],
        log=folder / "keycloak.log",
        environment=environment,
    )
    try:
        _await_ready(child, f"http://{HOST}:{management}/health/ready")
        yield child
    finally:
        child.stop(30.0)


def _here(text: str, places: Mapping[str, str]) -> str:
    for place, here in places.items():
        text = text.replace(place, here)
    return text


def _granted(folder: Path, secrets: Path, told: Service) -> Path:
    """The secrets of this service and no other's."""
    granted = folder / "granted"
    granted.mkdir(mode=0o700)
    for secret in told["secrets"]:
        shutil.copy(secrets / secret["source"], granted / Path(secret["target"]).name)
    return granted


def _script(folder: Path, home: Path, granted: Path) -> Path:
    """deploy/keycloak/start.sh, with the places of this machine. A program out of a zip is not executable yet."""
    script = folder / "start.sh"
    text = (ROOT / "deploy" / "keycloak" / "start.sh").read_text(encoding="utf-8")
    script.write_text(_here(text, {"/run/secrets": str(granted), "/opt/keycloak": str(home)}), encoding="utf-8")
    for program in (home / "bin").glob("*.sh"):
        program.chmod(0o700)
    return script


def _await_ready(child: ChildProcess, place: str) -> None:
    until, pause = time.monotonic() + _START_SECONDS, threading.Event()
    while not _is_ready(place):
        assert child.exit_code() is None and time.monotonic() < until, "\n".join(child.last_lines(40))
        pause.wait(0.3)


def _is_ready(place: str) -> bool:
    try:
        return httpx.get(place, trust_env=False, timeout=2).is_success
    except httpx.HTTPError:
        return False


def trusting(certificate: Path) -> ssl.SSLContext:
    """What believes the proxies."""
    return ssl.create_default_context(cafile=str(certificate))


class Administrator:
    """Who gives people accounts, in the administrator's API. `address`: the login provider's, in https."""

    def __init__(self, address: str, password: str, certificate: Path) -> None:
        self.address = address
        self._http = httpx.Client(base_url=address, trust_env=False, verify=trusting(certificate), timeout=60)
        self._password = password

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def add_user(
        self,
        user: str,
        password: str,
        role: str = "",
        attributes: Mapping[str, list[str]] | None = None,
        *,
        temporary: bool = False,
    ) -> None:
        """As deploy/README.md says: an account with one realm role; "" for none. `temporary`: of the password, which he
        then changes when he first logs in."""
        first, _, last = user.partition(".")
        account = {
            "username": user,
            "enabled": True,
            "firstName": first.title(),
            "lastName": last.title(),
            "attributes": dict(attributes or {}),
            "credentials": [{"type": "password", "value": password, "temporary": temporary}],
        }
        place = self.ask("POST", "users", account).headers["location"].rpartition("/")[2]
        if role:
            self._give(place, role)

    def rotate_key(self) -> None:
        """A new key signs from now on, and the one before is gone."""
        key, kind = "org.keycloak.keys.KeyProvider", "rsa-generated"
        former = self.ask("GET", f"components?type={key}").json()
        config = {"priority": ["500"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"]}
        realm = self.ask("GET", "").json()["id"]
        made = {"name": "newer", "providerId": kind, "providerType": key, "parentId": realm, "config": config}
        self.ask("POST", "components", made)
        for item in former:
            if item["providerId"] == kind:
                self.ask("DELETE", f"components/{item['id']}")

    def add_api_client(self, client: str, secret: str, role: str) -> None:
        """A client with a role, whose tokens on its own account open the API."""
        config = {"included.client.audience": "regiehub-api", "access.token.claim": "true"}
        mapper = {"name": "api", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper"}
        made = {
            "clientId": client,
            "secret": secret,
            "serviceAccountsEnabled": True,
            "standardFlowEnabled": False,
            "protocolMappers": [{**mapper, "config": config}],
        }
        place = self.ask("POST", "clients", made).headers["location"].rpartition("/")[2]
        self._give(self.ask("GET", f"clients/{place}/service-account-user").json()["id"], role)

    def _give(self, user_id: str, role: str) -> None:
        self.ask("POST", f"users/{user_id}/role-mappings/realm", [self.ask("GET", f"roles/{role}").json()])

    def service_token(self, client: str, secret: str) -> str:
        """An access token of a client on its own account."""
        return self._token(REALM, client_id=client, client_secret=secret, grant_type="client_credentials")

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Something of the realm."""
        token = self._token(
            "master", client_id="admin-cli", username="admin", password=self._password, grant_type="password"
        )
        answer = self._http.request(
            method,
            f"/admin/realms/{REALM}/{path}".rstrip("/"),
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def _token(self, realm: str, **asked: str) -> str:
        answer = self._http.post(f"/realms/{realm}/protocol/openid-connect/token", data=asked)
        assert answer.is_success, answer.text
        return str(answer.json()["access_token"])


def said_in_log(folder: Path, pattern: str) -> bool:
    """Whether Keycloak's own log has a line like that."""
    return re.search(pattern, (folder / "keycloak.log").read_text(encoding="utf-8", errors="replace")) is not None
