"""`regiehub opening …` against a desk that answers on a port of this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli.main import app
from hub.events.codec import decode
from hub.events.decisions import ON_DOSSIER, Kind
from tests.desk.conftest import DIRECTOR, OFFICER, Desk
from tests.desk.decisions import opening_entry
from tests.desk.family import family
from tests.desk.test_decision_command import served, token_file

__all__ = ["served"]
Regiehub = Callable[..., Result]
EMERGENCY = ("zcd", "Z-1", "--why", "acuut gevaar")


@pytest.fixture
def regiehub(served: tuple[Desk, str], tmp_path: Path) -> Regiehub:  # the fixture of that name
    """The command with somebody's token."""

    def run(*arguments: str, token: str = DIRECTOR) -> Result:
        settings = {"REGIEHUB_DESK_URL": served[1], "REGIEHUB_TOKEN_FILE": token_file(tmp_path, token)}
        return CliRunner().invoke(app, ["opening", *arguments], env=settings)

    return run


def said(desk: Desk, kind: Kind) -> dict[str, object]:
    body = decode(desk.sent[-1].value).value["body"]
    assert body["kind"] == kind
    found: dict[str, object] = body[ON_DOSSIER[kind]]
    return found


def test_consent_is_recorded(served: tuple[Desk, str], regiehub: Regiehub) -> None:  # see above
    line = ("menscentraal", "MC-1", "1", "youth")
    done = regiehub(
        "consent", *line, "--given-by", "self", "--until", "2026-12-31", "--domain", "finance", "--why", "w"
    )
    assert done.exit_code == 0, done.output
    found = said(served[0], Kind.CONSENT)
    assert (found["person"], found["domains"], found["given_by"]) == ("p-anna", ["finance"], ["self"])


def test_an_emergency_is_taken_listed_and_judged(served: tuple[Desk, str], regiehub: Regiehub) -> None:  # see above
    assert regiehub("emergency", *EMERGENCY).exit_code == 0
    assert said(served[0], Kind.EMERGENCY)["user"] == "dirk"
    served[0].show(family(label=3, extra=[opening_entry(Kind.EMERGENCY)]))
    listed = regiehub("to-review", token=OFFICER)
    identity = listed.output.split()[0]
    assert "zcd Z-1  stef until" in listed.output
    judged = regiehub("review", "zcd", "Z-1", identity, "--not-justified", "--why", "niemand gebeld", token=OFFICER)
    assert judged.exit_code == 0, judged.output
    assert said(served[0], Kind.EMERGENCY_REVIEW) == {"emergency": identity, "justified": False}
    assert regiehub("to-review").exit_code == 1
