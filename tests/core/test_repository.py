"""The repository keeps its own rules: reasons for dependencies, nothing of one machine, data in the wheel."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

# Put together here, so that this file does not hold what it looks for.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("repo", "maven"),
        ("repo1", "maven"),
        ("registry", "npmjs"),
        ("static", "crates", "io"),
        ("proxy", "golang"),
        ("deb", "debian", "org"),
    )
]
MACHINE_PATH = re.compile(r"(?<![\w.-])/(?:work|root|Users)/")
DATA = {".avsc", ".yaml", ".json", ".html", ".css", ".js", ".svg", ".xml", ".typed", ".sql", ".jsonl"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def git(*args: str) -> list[str]:
    done = subprocess.run(["git", *args, "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return [name for name in done.stdout.split("\0") if name]


def tracked_texts() -> dict[str, str]:
    """Text of every tracked file; a file that is no text (an image) is left out."""
    texts = {}
    for name in git("ls-files"):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" not in content:
            texts[name] = content.decode()
    return texts


def absolute_imports(file: Path) -> set[str]:
    """Modules that a file names in its imports, wherever in the file; relative ones left out."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def test_every_dependency_says_why_it_is_here(project: dict[str, Any]) -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    groups = [project["project"]["dependencies"], *project["project"]["optional-dependencies"].values()]
    for requirement in [requirement for group in groups for requirement in group]:
        reasoned = re.compile(rf'\s*"{re.escape(requirement)}", # \S.{{9,}}')
        assert any(reasoned.fullmatch(line) for line in lines), f"{requirement}: say why, on its line"


def test_every_dependency_is_pinned_or_has_both_bounds(project: dict[str, Any]) -> None:
    groups = [project["project"]["dependencies"], *project["project"]["optional-dependencies"].values()]
    for requirement in [requirement for group in groups for requirement in group]:
        assert re.search(r"==[\d.]+$|>=[\d.]+,<[\d.]+$", requirement.partition(";")[0]), requirement


def test_no_file_names_a_package_registry() -> None:
    found = [(name, host) for name, text in tracked_texts().items() for host in REGISTRIES if host in text]
    assert not found


def test_no_file_holds_a_path_of_one_machine() -> None:
    assert not [name for name, text in tracked_texts().items() if MACHINE_PATH.search(text)]


def test_the_wheel_holds_code_and_contract(project: dict[str, Any]) -> None:
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["hub", "connectors", "schemas"]
    assert not {"exclude", "include", "only-include"} & wheel.keys()


def test_the_readme_is_the_description_of_the_package(project: dict[str, Any]) -> None:
    assert ("readme" in project["project"]) == (ROOT / "README.md").is_file()


def test_no_data_of_the_packages_is_ignored_by_git() -> None:
    """The wheel is built with the ignore rules of git: what they hide is missing from it."""
    hidden = git("ls-files", "--others", "--ignored", "--exclude-standard", "--", "hub", "connectors", "schemas")
    assert not [name for name in hidden if Path(name).suffix in DATA and "/target/" not in name]


def test_the_contract_is_data_only() -> None:
    assert not list((ROOT / "schemas").rglob("*.py"))


def test_every_entry_point_can_be_loaded(project: dict[str, Any]) -> None:
    groups: dict[str, dict[str, str]] = project["project"]["entry-points"]
    named = {"regiehub": project["project"]["scripts"]}
    for group, entries in (groups | named).items():
        for name, target in entries.items():
            assert EntryPoint(name, target, group).load(), target


def test_the_reference_uses_only_the_standard_library_and_stdnum() -> None:
    """The walls inside hub are import-linter's; this one is about everything else."""
    demo = ROOT / "hub" / "demo"
    files = [*demo.glob("reference.py"), *demo.glob("reference/**/*.py")]
    assert files
    imported = {name for file in files for name in absolute_imports(file)}
    ours = {name for name in imported if name.startswith("hub.demo.reference")}
    assert {name.partition(".")[0] for name in imported - ours} <= sys.stdlib_module_names | {"stdnum"}


def test_make_offers_the_promised_targets() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("setup", "demo", "test", "soak", "check", "clean"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_ci_is_a_script_that_bash_accepts() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True, timeout=60)
