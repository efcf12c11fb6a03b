"""What is refused of a new version, and why."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.events.codec import SchemaRegistry
from hub.ops.compatibility import incompatibilities, is_same, release_problems, version_problems
from hub.ops.contract import problems_since, registry

SCHEMAS = Path(__file__).parents[2] / "schemas"
ADDRESS = {
    "type": "record",
    "name": "Address",
    "fields": [{"name": "key", "type": "string", "personal": "identity"}],
}
OLD: dict[str, Any] = {
    "type": "record",
    "name": "Thing",
    "fields": [
        {"name": "count", "type": "int"},
        {"name": "day", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
        {"name": "home", "type": ["null", ADDRESS], "default": None},
        {"name": "former", "type": {"type": "array", "items": "Address"}, "default": []},
    ],
}
Change = Callable[[Any], object]
"""Of the fields, by place."""


def changed(change: Change) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    change(new["fields"])
    return new


ALLOWED: dict[str, Any] = {
    "a field at the end, with a default": lambda fields: fields.append({"name": "x", "type": "string", "default": ""}),
    "wider": lambda fields: fields[0].update(type="long"),
    "may be null now": lambda fields: fields[0].update(type=["null", "int"]),
    "a note": lambda fields: fields[0].update(doc="How many."),
    "inside, at the end": lambda fields: fields[2]["type"][1]["fields"].append(
        {"name": "text", "type": "string", "default": "", "personal": "identity"}
    ),
}
REFUSED: dict[str, tuple[Any, str]] = {
    "gone": (lambda fields: fields.pop(3), "former: is gone"),
    "gone inside": (lambda fields: fields[2]["type"][1]["fields"].clear(), "home.key: is gone"),
    "another type": (lambda fields: fields[0].update(type="string"), "count: was int, and is string"),
    "narrower": (lambda fields: fields[1].update(type="int"), "day: may have been null, and may not any more"),
    "no date": (lambda fields: fields[1].update(type=["null", "int"]), "day: may have been date, and may not any more"),
    "other items": (lambda fields: fields[3]["type"].update(items="string"), "former[]: was record, and is string"),
    "no default": (lambda fields: fields.append({"name": "x", "type": "string"}), "x: is new and has no default"),
    "not last": (
        lambda fields: fields.insert(0, {"name": "x", "type": "string", "default": ""}),
        "count: stands behind a new field: those come last",
    ),
    "other places": (lambda fields: fields.reverse(), "it: its fields have changed places"),
    "mark gone": (
        lambda fields: fields[2]["type"][1]["fields"][0].pop("personal"),
        "home.key: was marked as personal (identity), and is not any more",
    ),
}


@pytest.mark.parametrize("change", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_old_messages_do_not_notice_is_allowed(change: Change) -> None:
    assert incompatibilities(OLD, changed(change)) == []


@pytest.mark.parametrize(("change", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_old_messages_would_lose_is_refused_with_the_reason(change: Change, why: str) -> None:
    assert why in incompatibilities(OLD, changed(change))


def test_the_same_schema_is_compatible() -> None:
    for entry in registry().entries():
        schema = registry().schema(entry.schema_id)
        assert incompatibilities(schema, schema) == []
        assert is_same(schema, schema)


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """A copy of the contract that a test may change."""
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    return tmp_path / "schemas"


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_version_that_loses_a_field_is_found(contract: Path) -> None:
    rewrite(contract / "avro" / "households.composition" / "v2.avsc", '"name": "oversized"', '"name": "too_large"')
    found = list(version_problems(SchemaRegistry(contract)))
    assert "households.composition v2: oversized: is gone" in found


def test_only_what_one_stage_keeps_for_itself_may_break(contract: Path) -> None:
    assert not list(version_problems(SchemaRegistry(contract)))
    rewrite(contract / "avro" / "internal.resolve" / "v2.avsc", '"breaks"', '"note"')
    assert "internal.resolve v2: kind: is gone" in list(version_problems(SchemaRegistry(contract)))
    rewrite(contract / "avro" / "households.composition" / "v2.avsc", '"type"', '"breaks": "so be it", "type"')
    assert "households.composition v2: may not break: others read it (so be it)" in list(
        version_problems(SchemaRegistry(contract))
    )


def test_a_release_keeps_what_a_former_one_wrote(contract: Path) -> None:
    before = SchemaRegistry(contract)
    assert not list(release_problems(before, registry()))
    rewrite(contract / "registry.yaml", "1: 104", "1: 904")
    rewrite(contract / "registry.yaml", "1: 106", "1: 107")
    rewrite(contract / "registry.yaml", "1: 107\nregistrations.signal", "1: 106\nregistrations.signal")
    rewrite(contract / "avro" / "registrations.assessment" / "v1.avsc", '"version"', '"version_number"')
    assert problems_since(contract) == [
        "registrations.assessment v1: has changed since it was released: make a new version",
        "registrations.contact v1: its id 106 is now of registrations.support_request v1",
        "registrations.support_request v1: its id 107 is now of registrations.contact v1",
        "registrations.goal v1: its id 904 is gone",
    ]


def test_the_command_compares_with_the_release_that_runs(contract: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["schemas", "check", "--since", str(contract)]).exit_code == 0
    rewrite(contract / "registry.yaml", "1: 104", "1: 904")
    refused = runner.invoke(app, ["schemas", "check", "--since", str(contract)])
    assert (refused.exit_code, refused.stdout) == (1, "registrations.goal v1: its id 904 is gone\n")
    wrong = runner.invoke(app, ["schemas", "check", "--since", str(tmp_path / "none")])
    assert "is no schemas folder" in str(wrong.exception)
