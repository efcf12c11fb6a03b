"""What docker-compose.yml starts does the main job: every service of ours with the command and the environment that
compose gives it, on a real Apache Kafka and a real PostgreSQL, in production and not as a demo.

The one thing on top: this Kafka is reached over TLS with a password, by the variables that deploy/README.md names."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Final, cast

import httpx
import pytest
import yaml
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from hub.connect.simulator import Simulator
from hub.demo.delivery import Deliverer
from hub.demo.identity.config import User
from hub.demo.once import new_town, reference_of
from hub.demo.oracle import compare
from hub.demo.reference import Answer
from hub.demo.stack import SOURCES, Stack
from hub.demo.town.correspondence import Correspondence
from hub.demo.town.teams import TEAMS
from hub.demo.users import DIRECTOR, USERS
from hub.desk import readmodel
from tests import machine
from tests.deploy.composed import DESK, LOGIN, ROOT, ours
from tests.deploy.registry import serving_registry
from tests.kafka.composed_hub import ComposedHub
from tests.kafka.conftest import running
from tests.kafka.municipal_login import municipal_login
from tests.kafka.secured_broker import SecuredKafka
from tests.postgres_server import server

__all__ = ["server"]

pytestmark = [
    pytest.mark.drill,
    pytest.mark.timeout(600),  # also for whoever has to say where he hangs
    pytest.mark.skipif(  # where all tiers are required, a skip is a failure (tests/tiers.py)
        machine.postgres_missing() is not None or machine.compose_program() is None,
        reason="needs a PostgreSQL server, and the compose parser (Linux on x86-64)",
    ),
]

HOUSEHOLDS: Final = 20
WHO: Final = User.model_validate({**USERS[DIRECTOR].claims(DIRECTOR), "teams": TEAMS})
"""Somebody in every team, so that there is always a household to read."""
_SECONDS: Final = 60.0
_EVERYBODY_BY_PASSWORD: Final = "host all regiehub,keycloak 127.0.0.1/32 scram-sha-256"
_BUT_HIM_WHO_MADE_IT: Final = "host all all 127.0.0.1/32 trust"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As deploy/make-secrets makes them."""
    folder = tmp_path_factory.mktemp("parity") / "secrets"
    subprocess.run([str(ROOT / "deploy" / "make-secrets"), str(folder)], check=True, capture_output=True, timeout=30)
    return folder


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """A municipality's own: it wants TLS and a password, of everybody."""
    with running(SecuredKafka(tmp_path_factory.mktemp("kafka"))) as broker:
        yield broker


@pytest.fixture(scope="module")
def database(server: str, secrets: Path) -> str:
    """Host and port of a PostgreSQL in which deploy/postgres/databases.sh has run, and which asks for passwords."""
    url, binaries = make_url(server), machine.postgres_bin()
    assert binaries is not None
    told = {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": str(url.host),
        "PGPORT": str(url.port),
        "POSTGRES_USER": str(url.username),
        "SECRETS": str(secrets),
    }
    subprocess.run([str(ROOT / "deploy" / "postgres" / "databases.sh")], env=told, check=True, timeout=60)
    engine = create_engine(f"{server}/postgres")
    with engine.begin() as connection:
        file = connection.execute(text("SHOW hba_file")).scalar_one()
        lines = f"VALUES ('{_EVERYBODY_BY_PASSWORD}'), ('{_BUT_HIM_WHO_MADE_IT}')"
        connection.exec_driver_sql(f"COPY ({lines}) TO '{file}'")
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
    return f"{url.host}:{url.port}"


@pytest.fixture(scope="module")
def simulators(secrets: Path) -> Iterator[dict[str, Simulator]]:
    """Both sources, with a town in them; the connectors file names them."""
    with ExitStack() as running:
        found: dict[str, Simulator] = {}
        for point in entry_points(group="regiehub.simulators"):
            if point.name in SOURCES:
                found[point.name] = point.load()(secrets.with_name(f"source-{point.name}"))
                running.callback(found[point.name].close)
                found[point.name].start()
        file = secrets / "connectors.yaml"
        settings = {name: simulator.settings() for name, simulator in found.items()}
        template = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert template.keys() == settings.keys()
        assert all(entry.keys() <= settings[name].keys() for name, entry in template.items())
        file.unlink()
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        yield found


def test_what_compose_starts_makes_households_readable(
    kafka: SecuredKafka,
    database: str,
    secrets: Path,
    simulators: dict[str, Simulator],
    seed: int,
    close_with: Callable[[str], None],
) -> None:
    began = time.monotonic()
    Deliverer(simulators).deliver_all(Correspondence().with_messages(new_town(HOUSEHOLDS, seed).fill()))
    folder = secrets.parent
    reference, _ = reference_of(cast(Stack, SimpleNamespace(simulators=simulators, folder=folder)))
    client_secret = (secrets / "login.txt").read_text(encoding="utf-8")
    with (
        _strangers(kafka) as strangers,
        serving_registry() as registry,
        municipal_login(
            folder,
            address=DESK,
            client_id="regiehub",
            client_secret=client_secret,
            audience="regiehub-api",
            users=(WHO,),
        ) as login,
    ):
        addresses = {
            "kafka:9092": kafka.secured,
            "postgres:5432": database,
            f"{LOGIN}/realms/regiehub": login.config.issuer,
            "http://schema-registry:8081": registry.address,
        }
        extra = dict.fromkeys(ours(), kafka.client_variables)
        extra["desk"] = {**extra["desk"], "SSL_CERT_FILE": str(folder / "authority.pem")}
        with ComposedHub(folder, secrets, addresses, extra) as hub:
            _await_right(hub, reference)
            read = _read_as_director(hub, login.access_token(WHO))
            assert read and read <= {household["household_id"] for household in reference.households}
            for name in hub.children:
                _assert_watched(hub.environment(name))
            assert set(hub.stop().values()) == {0}
        assert registry.subjects["households.view"] == {1: 204}
        for stranger in strangers:
            _assert_refused(stranger, kafka)
    seconds = time.monotonic() - began
    close_with(
        f"parity with docker-compose.yml: {len(reference.households)} households as the reference has them,"
        f" {len(read)} of them read by a director; {seconds:.0f} s"
    )


def _await_right(hub: ComposedHub, reference: Answer) -> None:
    """Wait until the read model, reached as the desk reaches it, equals the reference."""
    until = time.monotonic() + _SECONDS
    pause = threading.Event()
    engine = create_engine(hub.environment("desk")["REGIEHUB_DESK_DATABASE"])
    differing: list[object] = [True]
    while differing:
        with engine.connect() as connection:
            differing = list(compare(readmodel.every(connection), reference))
        assert time.monotonic() < until, f"{differing}: {hub.log('stream')}"
        pause.wait(1.0 if differing else 0.0)
    engine.dispose()


def _read_as_director(hub: ComposedHub, token: str) -> set[str]:
    """The households of his teams, each read by itself."""
    url = f"http://127.0.0.1:{hub.environment('desk')['REGIEHUB_DESK_PORT']}"
    with httpx.Client(base_url=url, trust_env=False, timeout=10.0) as client:
        assert client.get("/api/v1/huishoudens").status_code == 401
        client.headers["authorization"] = f"Bearer {token}"
        rows = client.get("/api/v1/huishoudens", params={"paginaGrootte": 100}).raise_for_status().json()["households"]
        ids = {row["household_id"] for row in rows}
        for household_id in ids:
            document = client.get(f"/api/v1/huishoudens/{household_id}").raise_for_status().json()
            assert document["household_id"] == household_id and document["members"]
    return ids


def _assert_watched(environment: dict[str, str]) -> None:
    metrics = httpx.get(f"http://127.0.0.1:{environment['REGIEHUB_METRICS_PORT']}/metrics", trust_env=False, timeout=5)
    assert "regiehub_" in metrics.text


@contextmanager
def _strangers(kafka: SecuredKafka) -> Iterator[list[subprocess.Popen[str]]]:
    """Who comes without TLS, and who comes under a wrong name: both try for half a minute, and are ended at the end."""
    command = [sys.executable, "-m", "hub.cli.main", "topics", "apply"]
    wrong = ({"REGIEHUB_KAFKA_PROTOCOL": "PLAINTEXT"}, {"REGIEHUB_KAFKA_USER": "somebody"})
    told = [{**kafka.client_variables, "REGIEHUB_BROKER": kafka.secured, **variables} for variables in wrong]
    with ExitStack() as running:
        strangers = []
        for variables in told:
            stranger = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True)
            strangers.append(running.enter_context(stranger))
            running.callback(stranger.kill)
        yield strangers


def _assert_refused(stranger: subprocess.Popen[str], kafka: SecuredKafka) -> None:
    said = stranger.communicate(timeout=120)[1]
    assert (stranger.returncode, said.split(" (")[0]) == (1, f"regiehub: The log at {kafka.secured} cannot be reached.")
