from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.connect.ingest.index import Index
from hub.desk.database import open_engine
from hub.events.topics import topics
from hub.stream.lane.store import Marker, PartitionStore, shared_cache

RUNNER = CliRunner()
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("REGIEHUB_")}


def regiehub(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = CLEAN | {f"REGIEHUB_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "hub.cli.main", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("what", [("connector", "zcd"), ("stream",), ("desk",)])
def test_a_missing_setting_is_one_line_and_exit_2(what: tuple[str, ...]) -> None:
    done = regiehub("run", *what)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "regiehub: The setting REGIEHUB_DATA_FOLDER is missing. Looked at: environment variable REGIEHUB_DATA_FOLDER."
    ]


@pytest.fixture
def open_umask() -> Iterator[None]:
    """As on most machines: new files may be read by everybody."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize("what", [("connector", "zcd"), ("stream",), ("desk",)])
def test_what_a_process_keeps_on_disk_is_its_owners_only(tmp_path: Path, what: tuple[str, ...]) -> None:
    RUNNER.invoke(app, ["run", *what], env={"REGIEHUB_DATA_FOLDER": ""})  # goes no further than its settings
    Index(tmp_path / "ingest" / "zcd.sqlite").close()
    open_engine(f"sqlite:///{tmp_path / 'desk' / 'desk.sqlite'}").dispose()
    PartitionStore(tmp_path / "stream" / "resolve-0", Marker("a", 0), shared_cache(1 << 20)).close()
    kept = sorted(tmp_path.rglob("*"))
    assert {path.name for path in kept} >= {"zcd.sqlite", "desk.sqlite", "resolve-0"}
    assert not [str(path) for path in kept if path.stat().st_mode & 0o077]


def test_help_imports_no_kafka_and_no_database() -> None:
    code = "import sys, hub.cli.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    slow = {"kafka", "sqlalchemy", "faust", "fastapi", "aiokafka", "pydantic", "fastavro"}
    assert not slow & set(done.stdout.split())


def test_it_says_which_release_it_is() -> None:
    done = RUNNER.invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"regiehub {metadata.version('regiehub')}\n")


def test_installed_connectors_are_listed() -> None:
    found = json.loads(RUNNER.invoke(app, ["connector", "list", "--json"]).output)
    assert {"zcd", "menscentraal"} <= {item["name"] for item in found}
    assert "connectors.zcd.connector:ZcdConnector" in RUNNER.invoke(app, ["connector", "list"]).output


def test_topics_are_listed() -> None:
    found = json.loads(RUNNER.invoke(app, ["topics", "list", "--json"]).output)
    assert [item["topic"] for item in found] == list(topics())
    assert all(name in RUNNER.invoke(app, ["topics", "list"]).output for name in topics())


def test_schemas_are_listed_and_checked() -> None:
    found = json.loads(RUNNER.invoke(app, ["schemas", "list", "--json"]).output)
    assert {"subject": "registrations.composition", "version": 1, "schema_id": 101} in found
    assert "registrations.composition" in RUNNER.invoke(app, ["schemas", "list"]).output
    checked = RUNNER.invoke(app, ["schemas", "check"])
    assert (checked.exit_code, checked.output) == (0, "schemas, examples and topics agree\n")
