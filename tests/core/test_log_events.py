"""Every log line is declared, and what is declared is said."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.ops import log_events
from hub.ops.log_events import EVENTS, FIELDS

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
DECLARED = {item.name: item for item in EVENTS}


def said() -> Iterator[tuple[str, str, set[str]]]:
    """Every call of a logger in the hub: where, the event, and the fields that are named in the call."""
    for file in sorted((ROOT / "hub").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        constants = {
            item.target.id: item.value.value
            for item in tree.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            if isinstance(item.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_logger(node.func):
                fields = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
                for name in _names(node.args[0], constants):
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", name, fields


def _is_logger(called: ast.expr) -> bool:
    if not isinstance(called, ast.Attribute) or called.attr not in LEVELS:
        return False
    owner = called.value
    is_made = isinstance(owner, ast.Call) and ast.unparse(owner.func).endswith("get_logger")
    return is_made or (isinstance(owner, ast.Name) and owner.id in {"_log", "log"})


def _names(argument: ast.expr, constants: Mapping[str, object]) -> list[str]:
    if isinstance(argument, ast.IfExp):
        return _names(argument.body, constants) + _names(argument.orelse, constants)
    if isinstance(argument, ast.Name) and argument.id == "reason":
        return ["source_unavailable", "log_unavailable"]  # one word for the line and for the metric
    value = constants[argument.id] if isinstance(argument, ast.Name) else ast.literal_eval(argument)
    return [str(value)]


def test_every_line_that_is_said_is_declared_with_its_fields() -> None:
    for where, name, fields in said():
        assert name in DECLARED, f"{where}: {name} is not in hub/ops/log_events.py"
        assert fields <= set(DECLARED[name].fields), f"{where}: {name}"


def test_every_line_that_is_declared_is_said_and_has_one_name() -> None:
    assert {name for _, name, _ in said()} == set(DECLARED)
    assert len(DECLARED) == len(EVENTS)


def test_a_field_holds_the_same_in_every_line() -> None:
    assert {field for item in EVENTS for field in item.fields} == set(FIELDS)
    assert list(FIELDS) == sorted(FIELDS)


def test_the_page_is_made_from_the_list() -> None:
    assert (ROOT / "hub" / "docs" / "logs.md").read_text(encoding="utf-8") == log_events.as_markdown()
