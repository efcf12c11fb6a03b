"""The documentation names what exists, and names all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from hub.cli.main import app
from hub.events.records import BODIES, Member, RecordType
from hub.events.topics import topics

ROOT = Path(__file__).parents[2]
ROOMS = ("hub", "connectors", "schemas", "tests", "deploy", "bench")
DOCS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.md")),
]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HUB = (ROOT / "hub" / "README.md").read_text(encoding="utf-8")
SCREENSHOT_BYTES = 300_000

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)")
NAMED_PATH = re.compile(rf"(?:{'|'.join(ROOMS)}|\.ci)/[\w./-]*")
CITED = re.compile(r"\b(design|protocol)\.md(?:,? section (\d+)|,? (R\d+))?")


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("doc", DOCS, ids=names(DOCS))
def test_every_file_that_is_named_exists(doc: Path) -> None:
    text = doc.read_text(encoding="utf-8")
    named = [span for span in CODE.findall(text) if NAMED_PATH.fullmatch(span)]
    missing = [path for path in named if not (ROOT / path).exists()]
    linked = [link for link in LINK.findall(text) if "://" not in link]
    missing += [link for link in linked if not (doc.parent / link).exists()]
    assert not missing


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that does something, as it is typed."""
    if isinstance(command, TyperGroup):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))
    else:
        yield path


def documented(text: str) -> set[tuple[str, ...]]:
    """What stands in code as `regiehub noun verb|verb`; options and arguments left out."""
    found: set[tuple[str, ...]] = set()
    for span in CODE.findall(text):
        if span.startswith("regiehub "):
            words = re.split(r" (?=[^a-z])", span.removeprefix("regiehub "))[0].split()
            found |= set(product(*(word.split("|") for word in words)))
    return found


def test_every_command_is_documented_and_no_other() -> None:
    assert documented(README) == set(commands(get_command(app)))


def test_what_the_architecture_says_of_commands_exists() -> None:
    assert documented(HUB) <= set(commands(get_command(app)))


def test_every_option_of_the_demo_is_documented() -> None:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    options = [option for parameter in root.commands["demo"].params for option in parameter.opts]
    assert options
    assert not [option for option in options if not re.search(rf"[` ]{option}[` ]", README)]


def test_every_topic_is_in_the_architecture() -> None:
    assert not [name for name in topics() if f"`{name}`" not in HUB]


def test_every_record_type_is_in_the_glossary() -> None:
    terms = {term.strip() for row in re.findall(r"^\|[^|]+\|([^|]+)\|", HUB, re.MULTILINE) for term in row.split(",")}
    assert {kind.value.replace("_", " ") for kind in RecordType} <= terms


def test_every_field_that_a_vendor_can_fill_is_in_his_guide() -> None:
    guide = (ROOT / "connectors" / "README.md").read_text(encoding="utf-8")
    rows = {name: row for row in guide.splitlines() if row.startswith("|") for name in re.findall(r"`(\w+)`", row)[:1]}
    missing = [
        f"{kind.value}.{field}"
        for kind, body in BODIES.items()
        for field in body.model_fields
        if f"`{field}`" not in rows[kind.value]
    ]
    assert not missing
    assert not [field for field in Member.model_fields if f"`{field}`" not in rows["Member"]]


@pytest.mark.parametrize("source", ["zcd", "menscentraal"])
def test_the_formats_promise_what_decisions_rest_on(source: str) -> None:
    """A decision on somebody without a BSN is about a line (ADR 7): a number used again means a stranger."""
    text = (ROOT / "connectors" / source / "README.md").read_text(encoding="utf-8")
    (line,) = [row for row in text.splitlines() if re.match(r"\| `(regel|nr)` \|", row)]
    assert "never used again for another in this dossier" in line


def test_every_decision_is_listed() -> None:
    decisions = sorted((ROOT / "hub" / "docs" / "adr").glob("*.md"))
    assert decisions
    for path in decisions:
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert f"- [{title}](docs/adr/{path.name})" in HUB
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))


def test_every_rule_that_code_refers_to_is_written_down() -> None:
    folder = ROOT / "hub" / "docs"
    pages = {name: (folder / f"{name}.md").read_text(encoding="utf-8") for name in ("design", "protocol")}
    for file in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for page, section, rule in CITED.findall(file.read_text(encoding="utf-8")):
            assert not section or f"\n## {section}. " in pages[page], f"{file}: section {section}"
            assert not rule or f"\n| {rule} |" in pages[page], f"{file}: {rule}"


def test_the_screenshot_is_small() -> None:
    assert (ROOT / "hub" / "docs" / "household.png").stat().st_size < SCREENSHOT_BYTES
