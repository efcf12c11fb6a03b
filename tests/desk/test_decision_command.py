"""`regiehub decision …` against a desk that answers on a port of this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli.main import app
from hub.desk import database
from hub.desk.app import create_app
from hub.desk.server import listen
from hub.events.codec import decode
from hub.events.decisions import decision_of
from tests.desk.conftest import DIRECTOR, OPERATOR, Desk
from tests.desk.family import HOME
from tests.desk.test_deciding import decided_family
from tests.serving import serving

Regiehub = Callable[..., Result]
SAME = ("make", "same_person", "--why", "Paspoort", "--line", "zcd", "Z-1", "2", "--other", "menscentraal", "MC-1", "2")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Desk, str]]:
    """A desk with one family, and its address."""
    desk = Desk(database.open_engine(f"sqlite:///{tmp_path / 'desk.sqlite'}"), tmp_path / "looks.jsonl")
    desk.show(decided_family())
    with serving(create_app(desk.site), listen("127.0.0.1", 0)) as address:
        yield desk, address
    desk.engine.dispose()


def token_file(folder: Path, token: str, mode: int = 0o600) -> str:
    path = folder / "token"
    path.write_text(f"{token}\n")
    path.chmod(mode)
    return str(path)


@pytest.fixture
def regiehub(served: tuple[Desk, str], tmp_path: Path) -> Regiehub:
    """The command with a director's token."""

    def run(*arguments: str, token: str = DIRECTOR) -> Result:
        settings = {"REGIEHUB_DESK_URL": served[1], "REGIEHUB_TOKEN_FILE": token_file(tmp_path, token)}
        return CliRunner().invoke(app, ["decision", *arguments], env=settings)

    return run


def test_a_decision_is_made(regiehub: Regiehub, served: tuple[Desk, str]) -> None:
    done = regiehub(*SAME, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["households"] == [HOME]
    decision = decision_of(decode(served[0].sent[0].value).value)
    assert (decision.kind, decision.why, decision.decided_by) == ("same_person", "Paspoort", "dirk")
    assert "takes a second" in regiehub(*SAME).output


def test_direction_is_taken_over_and_handed_over(regiehub: Regiehub, served: tuple[Desk, str]) -> None:
    assert regiehub("direct", "zcd", "Z-1", "--why", "w").exit_code == 0
    assert regiehub("direct", "zcd", "Z-1", "--why", "w", "--director", "Kim Bakker", "--phone", "010").exit_code == 0
    said = [decision_of(decode(sent.value).value).direction for sent in served[0].sent]
    assert [(item.name, item.user, item.phone) for item in said if item] == [
        ("dirk", "dirk", ""),
        ("Kim Bakker", "", "010"),
    ]


def test_each_kind_can_be_made(regiehub: Regiehub, served: tuple[Desk, str]) -> None:
    two = SAME[2:]
    assert regiehub("make", "different_person", *two, "--doubted", "other").exit_code == 0
    assert regiehub("make", "same_household", *two).exit_code == 0
    assert regiehub("make", "lives_here", "--why", "w", "--line", "zcd", "Z-1", "2").exit_code == 0
    snooze = ("--snooze", "zcd", "Z-1", "no_director", "p", "2026-04-01")
    assert regiehub("make", "snooze", "--why", "w", *snooze).exit_code == 0
    kinds = [decision_of(decode(sent.value).value).kind.value for sent in served[0].sent]
    assert kinds == ["different_person", "same_household", "lives_here", "snooze"]


def test_decisions_are_listed_shown_and_taken_back(regiehub: Regiehub, served: tuple[Desk, str]) -> None:
    (found,) = json.loads(regiehub("list", HOME, "--json").output)
    assert found["decision_id"] in regiehub("list", HOME).output
    shown = regiehub("show", found["decision_id"])
    assert "applied" in shown.output
    assert "menscentraal MC-1 2 (doubted)" in shown.output
    assert json.loads(regiehub("show", found["decision_id"], "--json").output) == found
    taken = json.loads(regiehub("withdraw", found["decision_id"], "--why", "Vergissing", "--json").output)
    assert taken["decision_id"] == found["decision_id"]
    assert decision_of(decode(served[0].sent[0].value).value).withdrawn


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "B" + "0" * 20), "no such decision"),
        (("show", "../../x"), "nothing here"),
        (("list", "H0"), "nothing to do with this household"),
        (("withdraw", "B0", "--why", " "), "body.why"),
        (("make", "same_person", "--why", "w", "--line", "zcd", "Z-1", "2"), "two member lines"),
        (("make", "lives_here", "--why", "w", "--line", "zcd", "Z-1", "99"), "does not stand in that dossier"),
    ],
)
def test_a_no_is_one_line_and_exit_1(arguments: tuple[str, ...], words: str, regiehub: Regiehub) -> None:
    done = regiehub(*arguments)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("regiehub: ")
    assert words in line


def test_who_may_not_is_told_so(regiehub: Regiehub) -> None:
    assert "role" in regiehub(*SAME, token=OPERATOR).stderr
    assert "valid token" in regiehub(*SAME, token="wrong").stderr


def test_a_desk_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    for address in ("http://127.0.0.1:1", "nonsense", "http://["):
        options = ["--desk", address, "--token-file", token_file(tmp_path, DIRECTOR)]
        done = CliRunner().invoke(app, ["decision", *options, "list", HOME])
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
        assert "does not answer" in done.stderr


@pytest.mark.parametrize(("token", "mode"), [("geheim", 0o644), ("gehéim", 0o600), ("ge\0heim", 0o600), ("", 0o600)])
def test_a_token_that_is_no_good_is_a_wrong_setting(token: str, mode: int, tmp_path: Path) -> None:
    options = ["--token-file", token_file(tmp_path, token, mode)]
    done = CliRunner().invoke(app, ["decision", *options, "list", HOME])
    assert "--token-file" in str(done.exception)
    assert "heim" not in done.output
    assert "REGIEHUB_TOKEN_FILE" in str(CliRunner().invoke(app, ["decision", "list", HOME]).exception)
