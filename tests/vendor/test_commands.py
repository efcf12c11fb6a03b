"""The vendor's commands: what they say and how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from hub.cli.main import app
from hub.connect.conformance import Outcome, Result, report
from hub.connect.starting import create_package
from hub.connect.template.regiehub_acme.simulator import AcmeSimulator
from hub.errors import ConfigError

RUNNER = CliRunner()
REFERENCE = "hub.connect.template.regiehub_acme.connector:AcmeConnector"
RESULTS = [
    Result("C01", "Settings are described", Outcome.PASSED, "", "", 0.1),
    Result("C07", "Nothing is lost", Outcome.FAILED, "3 records never came.", "Read the frontier.", 0.2),
    Result("C16", "inventory() agrees", Outcome.SKIPPED, "it offers no inventory", "", 0.0),
]


def test_the_report_says_what_was_seen_and_what_to_do() -> None:
    assert [report.line(result).splitlines() for result in RESULTS] == [
        ["C01 passed  Settings are described"],
        ["C07 failed  Nothing is lost", "    seen: 3 records never came.", "    do:   Read the frontier."],
        ["C16 skipped inventory() agrees", "    why:  it offers no inventory"],
    ]
    assert report.summary(RESULTS) == "1 passed, 1 failed, 1 skipped"


def test_the_report_as_json_and_for_ci() -> None:
    found = json.loads(report.as_json("acme", "1", RESULTS))
    assert (found["passed"], found["failed"], found["skipped"]) == (1, 1, 1)
    assert found["checks"][1]["number"] == "C07"
    suite = ElementTree.fromstring(report.as_junit("acme", RESULTS))
    assert suite.attrib["failures"] == suite.attrib["skipped"] == "1"
    assert [len(case) for case in suite] == [0, 1, 1]


def test_without_simulator_and_fixtures_nothing_fails_and_everything_skipped_says_why(tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["connector", "test", REFERENCE, "--json", "--junit", str(tmp_path / "junit.xml")])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["passed"], found["failed"], found["skipped"]) == (1, 0, 16)
    assert all("simulator" in check["seen"] for check in found["checks"][1:])
    assert len(ElementTree.parse(tmp_path / "junit.xml").getroot()) == 17


def test_strictly_what_could_not_run_failed(tmp_path: Path) -> None:
    strictly = [result.strictly() for result in RESULTS]
    assert [result.outcome for result in strictly] == [Outcome.PASSED, Outcome.FAILED, Outcome.FAILED]
    assert strictly[2].seen == "It could not run: it offers no inventory." and strictly[2].do
    done = RUNNER.invoke(app, ["connector", "test", REFERENCE, "--strict", "--junit", str(tmp_path / "junit.xml")])
    assert done.exit_code == 1, done.output
    assert done.stdout.strip().endswith("1 passed, 16 failed, 0 skipped")
    assert ElementTree.parse(tmp_path / "junit.xml").getroot().attrib["failures"] == "16"


def test_a_connector_that_is_not_there_is_one_line() -> None:
    done = RUNNER.invoke(app, ["connector", "test", "nobody"])
    assert isinstance(done.exception, ConfigError)
    assert "nobody" in str(done.exception)


def test_a_new_package_carries_its_name_everywhere(tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["connector", "new", "zorg_net", "--to", str(tmp_path)])
    assert done.exit_code == 0, done.output
    texts = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert not [path for path, text in texts.items() if "acme" in f"{path.relative_to(tmp_path)}{text}".lower()]
    assert 'zorg_net = "regiehub_zorg_net.connector:ZorgNetConnector"' in "".join(texts.values())
    with pytest.raises(ConfigError, match="is there already"):
        create_package("zorg_net", tmp_path)


def test_a_package_of_a_source_that_drops_files_has_nothing_of_the_web(tmp_path: Path) -> None:
    for name, words in (("web", []), ("dropped", ["--files"])):
        assert RUNNER.invoke(app, ["connector", "new", name, "--to", str(tmp_path), *words]).exit_code == 0
    texts = {path.name: path.read_text() for path in (tmp_path / "regiehub-dropped").rglob("*") if path.is_file()}
    assert not [name for name, text in texts.items() if " .config_files" in text or "httpx" in text]
    assert "source.py" not in texts and "FileConnector" in texts["connector.py"]
    assert '"byte"' not in texts["1.json"] and '"read"' in texts["1.json"]
    web = [path for path in (tmp_path / "regiehub-web").rglob("*") if "_files" in str(path)]
    assert not web


@given(name=st.text() | st.sampled_from(["", "1a", "a__b", "a-b", "../a", "A", "a" * 41, "a\n"]))
def test_a_name_that_is_no_name_makes_nothing(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    if name.isascii() and name.replace("_", "").isalnum() and name.islower() and len(name) <= 40:
        return
    folder = tmp_path_factory.getbasetemp() / "names"
    folder.mkdir(exist_ok=True)
    with pytest.raises(ConfigError):
        create_package(name, folder)
    assert not list(folder.iterdir())


@pytest.fixture
def source(tmp_path: Path) -> Iterator[AcmeSimulator]:
    simulator = AcmeSimulator(tmp_path / "source")
    simulator.start()
    yield simulator
    simulator.close()


@pytest.mark.parametrize("outcome", ["ok", "refused", "unreachable"])
def test_check_tells_bad_credentials_from_absence(source: AcmeSimulator, tmp_path: Path, outcome: str) -> None:
    settings = {"connector": REFERENCE, **source.settings()}
    if outcome == "refused":
        settings["api_token"] = "GEHEIM"
    if outcome == "unreachable":
        source.stop()
    file = tmp_path / "settings" / "connectors.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump({"acme": settings}))
    file.chmod(0o600)
    done = RUNNER.invoke(app, ["connector", "check", "acme", "--file", str(file), "--json"])
    assert json.loads(done.stdout)["outcome"] == outcome
    assert done.exit_code == (outcome != "ok")
    assert "GEHEIM" not in done.output
