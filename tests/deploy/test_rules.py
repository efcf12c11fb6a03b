"""The alerts: tried by promtool on their cases, about metrics that exist, each with an entry in the runbook."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import Any

import pytest
import yaml

from hub.ops.metrics import describe
from tests.deploy.composed import ROOT, services

PROMETHEUS = ROOT / "deploy" / "prometheus"
CASES = sorted((PROMETHEUS / "tests").glob("*.yml"))
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
RUNBOOK = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
NAME = re.compile(r"\bregiehub_\w+")
PART = re.compile(r"_(bucket|sum|count)$")
COMMAND = re.compile(r"docker compose (ps|logs|images|stats|exec|restart|up)\b")


def series() -> set[str]:
    """All names that a process of ours shows."""
    found: set[str] = set()
    for metric in describe():
        found |= (
            {f"{metric.name}_{part}" for part in ("bucket", "sum", "count")}
            if metric.kind == "histogram"
            else {metric.name}
        )
    return found


def promtool(*arguments: str) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_configuration_and_rules() -> None:
    promtool("check", "config", "prometheus.yml")
    promtool("check", "rules", "rules.yml")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_rules_fire_when_they_should_and_not_else(case: Any) -> None:
    promtool("test", "rules", str(case))


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_over() -> None:
    texts = [case.read_text(encoding="utf-8") for case in CASES]
    for rule in RULES:
        assert any(f'alertname="{rule["alert"]}"' in text for text in texts), rule["alert"]
    assert all("exp_samples: []" in text for text in texts)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_rule_asks_for_what_exists(rule: dict[str, Any]) -> None:
    assert set(NAME.findall(rule["expr"])) <= series()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_how_urgent_whom_it_hurts_and_one_command(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "effect", "command"}
    command = rule["annotations"]["command"]
    assert COMMAND.match(command) and not set("|;&") & set(command)
    words = {
        word for word in shlex.split(command.replace("{{ $labels.source }}", "zcd"))[3:] if not word.startswith("-")
    }
    named = {word for word in words if word in services()}
    assert named or command in {"docker compose ps --all", "docker compose images"}


def entries() -> dict[str, str]:
    """The runbook's entries, by alert."""
    found = re.findall(r"^### (Regiehub\w+)\n(.*?)(?=^##|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    return dict(found)


def test_the_runbook_has_one_entry_per_alert_and_no_other() -> None:
    assert list(entries()) == [rule["alert"] for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_the_entry_says_what_the_alert_says(rule: dict[str, Any]) -> None:
    entry = entries()[rule["alert"]]
    assert entry.startswith(f"\n**{rule['labels']['severity']}** · ")
    command = rule["annotations"]["command"].replace("{{ $labels.source }}", "SOURCE")
    assert f"`{command}`" in entry
