"""The built wheel, alone in an empty environment outside the checkout, proves itself in one pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.demo.brokers.ports import free_port
from tests.wheel.conftest import ROOT, run

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]  # a slow package index is not our failure

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
