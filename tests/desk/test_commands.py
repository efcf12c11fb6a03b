"""`regiehub looks` and `regiehub person`, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from hub.cli.main import app
from hub.desk.looks import LookLog, log_file
from hub.desk.looks.anchors import Anchoring
from hub.errors import ConfigError
from tests.desk.conftest import DIRECTOR, INSPECTOR, KNOWN_BSN, NOW, Desk
from tests.desk.test_looks import ZCD, look


def regiehub(*arguments: str, stdin: str = "", **settings: str) -> Result:
    told = {f"REGIEHUB_{name.upper()}": value for name, value in settings.items()}
    return CliRunner().invoke(app, list(arguments), input=stdin, env=told)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of two looks in a data folder, anchored elsewhere."""
    path = log_file(tmp_path / "data")
    writer = LookLog(path)
    for user in ("anna", "bob"):
        writer.write(look(user, ZCD))
    Anchoring(writer, tmp_path / "anchors.jsonl", 300.0, lambda: NOW).once()
    writer.close()
    return path


def verified(tmp_path: Path, *arguments: str) -> Result:
    anchors = str(tmp_path / "anchors.jsonl")
    folder = str(tmp_path / "data")
    return regiehub("looks", "verify", *arguments, data_folder=folder, looks_anchors_file=anchors)


def test_a_whole_log_is_exit_0_and_says_so(log: Path, tmp_path: Path) -> None:
    done = verified(tmp_path)
    assert done.exit_code == 0
    assert done.output.splitlines()[0] == "1 anchors; 0 records were written after the last"
    assert done.output.splitlines()[1].startswith("the log is whole: 4 records, head ")
    found = json.loads(verified(tmp_path, "--json").output)
    assert (found["whole"], found["records"], found["anchors"], found["problems"]) == (True, 4, 1, [])


def test_a_changed_log_is_exit_1_and_says_where(log: Path, tmp_path: Path) -> None:
    log.write_bytes(log.read_bytes().replace(b'"anna"', b'"eve"'))
    done = verified(tmp_path)
    assert done.exit_code == 1
    assert "line 2: record 1 was changed after record 2 was written, or record 2 was" in done.output
    found = json.loads(verified(tmp_path, "--json").output)
    assert [(item["kind"], item["line"]) for item in found["problems"]] == [("changed", 2), ("changed", 3)]


def test_a_copy_is_verified_where_there_is_no_desk(log: Path, tmp_path: Path) -> None:
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:2]))
    assert regiehub("looks", "verify", "--log", str(log)).exit_code == 0
    done = regiehub("looks", "verify", "--log", str(log), "--anchors", str(tmp_path / "anchors.jsonl"))
    assert done.exit_code == 1
    assert "the log ends at record 2" in done.output


@pytest.mark.parametrize("option", ["--log", "--anchors"])
def test_a_file_that_cannot_be_read_is_named(option: str, log: Path, tmp_path: Path) -> None:
    files = {"--log": str(log), "--anchors": str(tmp_path / "anchors.jsonl"), option: str(tmp_path / "none")}
    done = regiehub("looks", "verify", *[part for pair in files.items() for part in pair])
    assert isinstance(done.exception, ConfigError)
    assert option in str(done.exception)


@pytest.fixture
def ask_desk(
    home: str, visit: Callable[[str | None], TestClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """A command that asks the desk, which reaches the one under test."""

    def client(headers: dict[str, str], follow_redirects: bool, **_: object) -> TestClient:
        found = visit(None)
        found.headers.update(headers)
        found.follow_redirects = follow_redirects
        return found

    monkeypatch.setattr(httpx, "Client", client)

    def run(noun: str, *arguments: str, token: str, stdin: str = "", mode: int = 0o600) -> Result:
        file = tmp_path / "token"
        file.write_text(f"{token}\n")
        file.chmod(mode)
        return regiehub(noun, "--token-file", str(file), *arguments, stdin=stdin)

    return run


@pytest.fixture
def inspect(ask_desk: Callable[..., Result]) -> Callable[..., Result]:
    """The command of the inspection officer."""

    def run(*arguments: str, token: str = INSPECTOR, stdin: str = f"{KNOWN_BSN}\n", mode: int = 0o600) -> Result:
        return ask_desk("person", "inspect", *arguments, token=token, stdin=stdin, mode=mode)

    return run


def test_a_household_is_a_sheet_to_read_and_the_look_is_logged(
    ask_desk: Callable[..., Result], home: str, desk: Desk
) -> None:
    done = ask_desk("household", "show", home, token=DIRECTOR)
    assert done.exit_code == 0, done.output
    blocks = [line for line in done.output.splitlines() if line and not line.startswith(" ")]
    assert blocks[1:4] == ["Gezinsleden", "Woont elders", "woonplaats betwist"]
    assert "  Anna van Dijk - de Vries, " in done.output
    assert [item["action"] for item in desk.operations()] == ["read_household"]
    assert "Members" in ask_desk("household", "show", home, "--language", "en", token=DIRECTOR).output
    assert json.loads(ask_desk("household", "show", home, "--json", token=DIRECTOR).output)["household_id"] == home


def test_a_household_that_is_not_there_or_not_yours_is_one_line(ask_desk: Callable[..., Result], home: str) -> None:
    for household, token in (("../bronnen", DIRECTOR), ("none", DIRECTOR), (home, INSPECTOR)):
        done = ask_desk("household", "show", household, token=token)
        assert done.exit_code == 1
        assert len(done.output.splitlines()) == 1
        assert "Anna" not in done.output


def test_an_inspection_is_a_text_to_read(inspect: Callable[..., Result]) -> None:
    done = inspect()
    assert done.exit_code == 0
    assert "Naam: Anna van Dijk - de Vries" in done.output
    assert "ine, inzagefunctionaris, Gemeente Voorbeeld; inzage gegeven aan de persoon zelf" in done.output
    assert "What is held about you" in inspect("--language", "en").output


def test_an_inspection_is_one_json_object_on_request(inspect: Callable[..., Result]) -> None:
    found: dict[str, Any] = json.loads(inspect("--json").output)
    assert (found["person_key"], len(found["looks"])) == ("p-anna", 1)


def test_the_bsn_is_in_no_output_and_no_log(inspect: Callable[..., Result], desk: Desk) -> None:
    text = inspect().output + inspect("--json").output + desk.looks_path.read_text()
    assert KNOWN_BSN not in text
    assert desk.asked == [KNOWN_BSN, KNOWN_BSN]


@pytest.fixture
def erase(ask_desk: Callable[..., Result]) -> Callable[..., Result]:
    """The command that has somebody forgotten."""

    def run(*arguments: str, token: str = INSPECTOR, stdin: str = f"{KNOWN_BSN}\n") -> Result:
        return ask_desk("person", "erase", "--why", "Jeugdwet 7.3.9", *arguments, token=token, stdin=stdin)

    return run


def test_an_erasure_says_first_what_goes_and_what_stays(erase: Callable[..., Result], desk: Desk) -> None:
    done = erase()
    assert done.exit_code == 0, done.output
    assert "MC-1: dossier met alles erin (LOOPT NOG" in done.output
    assert "Er is niets gewist. Met --yes wordt het opgedragen." in done.output
    assert "What stays, and why" in erase("--language", "en").output
    assert not desk.sent


def test_an_erasure_is_ordered_on_request(erase: Callable[..., Result], desk: Desk) -> None:
    found: dict[str, Any] = json.loads(erase("--yes", "--json").output)
    assert [message.key.decode() for message in desk.sent] == [found["erasure_id"]]
    assert f"Opgedragen ({desk.sent[0].key.decode()[0]}" in erase("--yes").output
    assert KNOWN_BSN not in erase("--yes").output + desk.looks_path.read_text()


def test_an_erasure_is_refused_in_one_line(erase: Callable[..., Result], desk: Desk) -> None:
    for changed in ({"token": DIRECTOR}, {"token": "wrong"}, {"stdin": "123456789\n"}, {"stdin": ""}):
        done = erase("--yes", **changed)
        assert (done.exit_code, len(done.output.splitlines())) == (1, 1)
    assert not desk.sent


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"token": DIRECTOR}, "The role of this token may not do this. The attempt was logged."),
        ({"token": "wrong"}, "Send a valid token"),
        ({"stdin": "123456789\n"}, "Some parameters are not valid. body.bsn: fails the 11-test"),
        ({"stdin": ""}, "Some parameters are not valid."),
    ],
)
def test_a_refusal_is_one_line(changed: dict[str, str], said: str, inspect: Callable[..., Result]) -> None:
    done = inspect(**changed)
    assert done.exit_code == 1
    assert said in done.output
    assert "Anna" not in done.output


def test_a_token_that_others_may_read_is_not_used(inspect: Callable[..., Result]) -> None:
    done = inspect(mode=0o644)
    assert isinstance(done.exception, ConfigError)
    assert "--token-file" in str(done.exception)


def test_a_desk_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("x")
    file.chmod(0o600)
    for desk in ("http://127.0.0.1:1", "nonsense", "http://["):
        done = regiehub("person", "--token-file", str(file), "--desk", desk, "inspect", stdin=KNOWN_BSN)
        assert done.exit_code == 1
        assert "the desk does not answer" in done.output
        assert KNOWN_BSN not in done.output
