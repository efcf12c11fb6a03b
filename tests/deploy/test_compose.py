"""docker-compose.yml: confined, limited, pinned, with nothing secret in it. As the real parser reads it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.demo.brokers.kafka import server_properties
from hub.settings import PREFIX, Settings
from tests import machine
from tests.deploy.composed import ROOT, composed, ours, services

CONNECTORS = {"connector-istandaarden", "connector-menscentraal", "connector-zcd"}
ROLES = {*CONNECTORS, "desk", "schemas", "stream", "topics"}
MESSAGES = "/var/lib/regiehub-messages"
"""The one folder of the machine that one of ours reads."""
THEIRS = {"grafana", "kafka", "keycloak", "postgres", "prometheus", "schema-registry"}
PINNED = re.compile(r"[a-z0-9/-]+:v?\d+(\.\d+)+(-[a-z0-9]+)?")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY", re.IGNORECASE)
OF_COMMANDS = {"REGIEHUB_SCHEMA_REGISTRY"}
"""Variables that are an option of a command, not a setting of all processes."""


def environment(service: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = service.get("environment") or {}
    return found


def test_all_of_it_is_there() -> None:
    assert set(ours()) == ROLES
    assert set(services()) == ROLES | THEIRS


def test_every_service_is_confined_limited_and_asked_for_its_health() -> None:
    for name, service in services().items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert "privileged" not in service, name
        is_one_shot = service["restart"].startswith("on-failure")
        assert service["healthcheck"].get("disable", False) == is_one_shot, name


def test_ours_run_as_nobody_on_a_file_system_that_cannot_be_written() -> None:
    for name, service in ours().items():
        assert (service["user"], service["read_only"]) == ("10001:10001", True), name
        assert "cap_add" not in service, name
        mounted = {volume["target"] for volume in service.get("volumes", ()) if volume["type"] != "volume"}
        assert mounted == ({MESSAGES} if name == "connector-istandaarden" else set()), name


def test_every_image_is_pinned() -> None:
    for name, service in services().items():
        assert PINNED.fullmatch(service["image"]), name


def test_no_variable_holds_a_secret() -> None:
    for name, service in services().items():
        for key, value in environment(service).items():
            assert not SECRET.search(key) or value.startswith("/run/secrets/"), f"{name}: {key}"
            assert not re.search(r"://[^/@]*:[^/@]*@", value), f"{name}: {key} has a password"


def test_every_variable_of_ours_is_a_setting() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | OF_COMMANDS
    for name, service in ours().items():
        assert environment(service).keys() <= known, name


def test_only_loopback_is_published() -> None:
    ports = [port for service in services().values() for port in service.get("ports", ())]
    assert {port["published"] for port in ports} == {"8080", "8081", "9090", "3000"}
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_who_knows_what() -> None:
    """The keys are for ingest and desk; what reaches the sources reaches no user; the log and the database no network
    beyond."""
    holders = {name for name, service in ours().items() if "keys.json" in str(service.get("secrets"))}
    assert holders == {*CONNECTORS, "desk"}
    networks = {name: set(service["networks"]) for name, service in services().items()}
    assert {name for name in networks if "sources" in networks[name]} == CONNECTORS
    assert networks["kafka"] == {"hub"}
    internal = {name for name, network in composed()["networks"].items() if network.get("internal")}
    assert internal == {"hub", "login"}
    assert networks["postgres"] <= internal


def test_every_secret_is_made_and_every_made_one_is_used(tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "secrets")
    assert {path.name for path in made.iterdir()} == set(composed()["secrets"])
    used = {secret["source"] for service in services().values() for secret in service.get("secrets", ())}
    assert used == set(composed()["secrets"])


def test_the_broker_is_as_the_one_that_the_tests_run_on() -> None:
    told = {
        key.removeprefix("KAFKA_").lower().replace("_", "."): value
        for key, value in environment(services()["kafka"]).items()
    }
    tried = dict(
        line.split("=", 1)
        for line in server_properties(1, 2, Path("/data")).splitlines()
        if line and not line.startswith("#")
    )
    same = {
        "auto.create.topics.enable", "message.max.bytes", "replica.fetch.max.bytes", "min.insync.replicas",
        "process.roles", "default.replication.factor",
    }  # fmt: skip
    assert {key: told[key] for key in same} == {key: tried[key] for key in same}
    pom = (ROOT / "hub" / "demo" / "brokers" / "pom.xml").read_text(encoding="utf-8")
    version = re.search(r"<kafka.version>(.*)</kafka.version>", pom)
    assert version and services()["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_prometheus_asks_every_process_of_ours() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    targets = {
        (target.partition(":")[0], target.partition(":")[2], entry["labels"]["role"])
        for entry in config["scrape_configs"][0]["static_configs"]
        for target in entry["targets"]
    }
    watched = {name: service for name, service in ours().items() if "REGIEHUB_METRICS_PORT" in environment(service)}
    assert targets == {
        (name, environment(service)["REGIEHUB_METRICS_PORT"], name.partition("-")[0])
        for name, service in watched.items()
    }
    assert set(watched) == ROLES - {"topics", "schemas"}


def test_what_is_mounted_from_here_exists() -> None:
    for name, service in services().items():
        for volume in service.get("volumes", ()):
            if volume["type"] == "bind":
                assert volume["target"] == MESSAGES or Path(volume["source"]).exists(), f"{name}: {volume['source']}"
                assert volume["read_only"], f"{name}: {volume['source']}"


@pytest.mark.parametrize("name", ["REGIEHUB_DESK_ADDRESS", "REGIEHUB_LOGIN_ADDRESS"])
def test_without_an_address_it_says_which(name: str) -> None:
    program = machine.compose_program()
    if program is None:
        pytest.skip("the compose parser is for Linux on x86-64")
    given = {key: "https://example.org" for key in ("REGIEHUB_DESK_ADDRESS", "REGIEHUB_LOGIN_ADDRESS") if key != name}
    done = subprocess.run(
        [str(program), "config", "--quiet"],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert name in done.stderr


# ---------------------------------------------------------------- secrets


def make_secrets(folder: Path) -> Path:
    subprocess.run([str(ROOT / "deploy" / "make-secrets"), str(folder)], check=True, capture_output=True, timeout=30)
    return folder


def test_secrets_are_private_and_of_the_form_that_we_read(tmp_path: Path) -> None:
    from hub.connect.ingest.connectors_file import load_source
    from hub.connect.ingest.secrets import load_key_ring

    folder = make_secrets(tmp_path / "secrets")
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o400"}
    load_key_ring(folder / "keys.json", 1)
    assert load_source(folder / "connectors.yaml", "zcd", "0599").config["client_id"] == "regiehub"
    assert (folder / "desk.pgpass").read_text().split(":")[4].strip() == (folder / "postgres-desk.txt").read_text()
    for one, other in [("login", "keycloak-client"), ("postgres-keycloak", "keycloak-database")]:
        assert (folder / f"{one}.txt").read_text() == (folder / f"{other}.txt").read_text()
    passwords = [path.read_text() for path in folder.glob("*.txt")]
    assert len(set(passwords)) == len(passwords) - 2
    assert all(re.fullmatch(r"[\w-]{64}", password) for password in passwords)


def test_secrets_are_never_made_twice(tmp_path: Path) -> None:
    folder = make_secrets(tmp_path / "secrets")
    (folder / "grafana.txt").unlink()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    after = {path.name: path.read_bytes() for path in make_secrets(folder).iterdir()}
    assert {name: after[name] for name in before} == before
    assert "grafana.txt" in after


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_each_secret_belongs_to_the_user_of_the_image_that_reads_it(tmp_path: Path) -> None:
    folder = make_secrets(tmp_path / "secrets")
    users = {"postgres": 999, "keycloak": 1000, "grafana": 472}
    for name, service in services().items():
        for secret in service.get("secrets", ()):
            owner = (folder / secret["source"]).stat().st_uid
            assert owner == users.get(name, 10001), f"{name}: {secret['source']}"
