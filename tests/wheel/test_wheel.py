"""The built wheel, alone in an empty environment outside the checkout, proves itself in one pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from hub.demo.brokers.ports import free_port

pytestmark = pytest.mark.timeout(600)  # a slow package index is not our failure

ROOT = Path(__file__).parents[2]
EXERCISED = {
    "merges",
    "splits",
    "moves",
    "moves_back",
    "corrections",
    "deletions",
    "late",
    "duplicates",
    "conflicts",
    "bad",
}
DATA = ["schemas/registry.yaml", "hub/desk/templates/household.html", "hub/demo/brokers/pom.xml", "hub/py.typed"]


def run(*command: str | Path, cwd: Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a program as somebody would who has nothing of ours in the environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "REGIEHUB", "VIRTUAL"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept, capture_output=True, text=True, check=False, timeout=timeout
    )
    assert done.returncode == 0, f"{command} gave {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel in it, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("elsewhere")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(elsewhere: Path) -> Path:
    """The programs of an environment into which only the wheel was installed, with what it asks for."""
    (wheel,) = elsewhere.glob("*.whl")
    venv.create(elsewhere / "venv", with_pip=True)
    programs = elsewhere / "venv" / "bin"
    pip = (programs / "python", "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", "--quiet", f"{wheel}[demo]", cwd=elsewhere, timeout=500)
    return programs


@pytest.fixture(scope="module")
def report(installed: Path, elsewhere: Path) -> dict[str, Any]:
    """What one pass came to: the only thing on standard output."""
    options = ("--once", "--json", "--households", "20", "--port", str(free_port()))
    done = run(installed / "regiehub", "demo", *options, cwd=elsewhere)
    (line,) = done.stdout.splitlines()
    value: dict[str, Any] = json.loads(line)
    return value


def test_nothing_comes_from_the_checkout(installed: Path, elsewhere: Path) -> None:
    ask = "import hub, connectors, schemas; print(hub.__path__, connectors.__path__, schemas.__path__)"
    places = run(installed / "python", "-c", ask, cwd=elsewhere).stdout
    assert str(ROOT) not in places
    assert str(elsewhere) in places


@pytest.mark.parametrize("name", DATA)
def test_data_goes_along(installed: Path, elsewhere: Path, name: str) -> None:
    (packages,) = (elsewhere / "venv" / "lib").glob("python*/site-packages")
    assert (packages / name).is_file()


def test_the_read_model_equals_the_reference(report: dict[str, Any]) -> None:
    assert report["mismatches"] == 0
    assert report["dead_letters"] == report["expected_dead_letters"]
    assert report["households"] >= 20


def test_the_report_has_what_is_promised(report: dict[str, Any]) -> None:
    promised = {"events", "persons", "dossiers", "households", "mismatches", "dead_letters", "seconds"}
    assert promised <= report.keys()
    assert {"p50", "p99"} <= report["freshness_seconds"].keys()
    assert report["exercised"].keys() >= EXERCISED
