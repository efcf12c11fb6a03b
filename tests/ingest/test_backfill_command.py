"""`regiehub connector backfill` says first what it does, and `connector list` how far it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from hub.cli.main import app
from hub.connect.ingest.backfill import Backfill, Phase
from hub.connect.ingest.control import Control, Pause
from hub.errors import ConfigError

pytestmark = pytest.mark.core


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "connectors.yaml"
    file.write_text(yaml.safe_dump({"west": {"connector": "zcd"}}))
    file.chmod(0o600)
    for name, value in {"DATA_FOLDER": tmp_path / "data", "CONNECTORS_FILE": file, "BROKER": "127.0.0.1:9"}.items():
        monkeypatch.setenv(f"REGIEHUB_{name}", str(value))
    return tmp_path / "data"


def regiehub(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["connector", *words], input=answer)


def listed() -> dict[str, object]:
    found = json.loads(regiehub("list", "--json").stdout)
    (source,) = next(item["sources"] for item in found if item["name"] == "zcd")
    return dict(source)


def test_it_shows_what_it_will_do_and_asks(data: Path) -> None:
    done = regiehub("backfill", "west", answer="n\n")
    assert done.exit_code == 1
    assert "0 records of it are published now" in done.output
    assert "compositions, then all other records" in done.output
    assert listed()["backfill"] is None


def test_asked_for_it_is_listed_and_can_be_stopped(data: Path, tmp_path: Path) -> None:
    place = tmp_path / "cursor.json"
    place.write_text('{"version": 1, "state": {"after": 7}}')
    done = regiehub("backfill", "west", "--from", str(place), "--all", "--yes", "--by", "olga", "--json")
    assert json.loads(done.stdout)["from"]["state"] == {"after": 7}
    found = listed()
    assert (found["name"], found["running"]) == ("west", False)
    assert found["backfill"]["in_words"] == "Backfill by olga: compositions, 0 records read"  # type: ignore[index]  # JSON
    control = Control(data / "ingest" / "west.control.sqlite")
    control.pause(Pause("olga", "onderhoud", "2026-01-05"))
    control.close()
    said = regiehub("list").stdout
    assert "paused by olga: onderhoud; Backfill by olga: compositions" in said
    assert "stopped" in regiehub("backfill", "west", "--stop").stdout
    assert "there is no backfill" in regiehub("backfill", "west", "--stop").stdout
    assert listed()["backfill"] is None


def test_a_place_that_is_none_is_one_line(data: Path) -> None:
    assert isinstance(regiehub("backfill", "west", "--from", "nowhere", "--yes").exception, ConfigError)


def test_where_no_source_is_read_the_connectors_are_listed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGIEHUB_CONNECTORS_FILE", "/nowhere")
    found = json.loads(regiehub("list", "--json").stdout)
    assert {"zcd", "openzaak"} <= {item["name"] for item in found}
    assert all(item["sources"] == [] for item in found)


def test_how_far_it_is_is_shown_until_it_is_done(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done_at = {"compositions": None, "records": None, "done": "2026-01-06"}
    looks = iter(
        Backfill("olga", "2026-01-05", 1, phase=phase, read=read, published=2, done_at=done_at[name])
        for name, phase, read in (
            ("compositions", Phase.COMPOSITIONS, 40),
            ("records", Phase.RECORDS, 10),
            ("done", Phase.RECORDS, 40),
        )
    )
    monkeypatch.setattr(Control, "backfill", lambda _: next(looks))
    monkeypatch.setattr("hub.cli.backfill._LOOK_SECONDS", 0)
    done = regiehub("backfill", "west", "--yes", "--follow")
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("Backfill by olga: done, 2 published\n")
    assert "10/40" in done.stderr


def test_one_that_is_held_or_stopped_ends_the_showing_with_an_error(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for found in (None, Backfill("olga", "2026-01-05", 1, held="unreadable")):
        monkeypatch.setattr(Control, "backfill", lambda _, found=found: found)
        done = regiehub("backfill", "west", "--yes", "--follow", "--json")
        assert done.exit_code == 1
        assert json.loads(done.stdout)["source"] == "west"


def test_a_reset_shows_what_it_will_do_and_asks(data: Path) -> None:
    done = regiehub("reset", "west", answer="n\n")
    assert done.exit_code == 1
    assert "in two passes: the compositions" in done.output
    control = Control(data / "ingest" / "west.control.sqlite")
    assert control.orders().reset is None
    control.close()
