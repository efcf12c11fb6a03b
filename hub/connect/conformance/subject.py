"""What is tested: a connector, the simulator that plays its source, and the fixtures beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from hub.connect.api import Connector
from hub.connect.conformance.verdict import NotRun
from hub.connect.discovery import load, load_simulator
from hub.connect.simulator import Simulator

VALID: Final = "valid"
HOSTILE: Final = "hostile"
CURSORS: Final = "cursors"
STORIES: Final = ("corrected", "deleted", "recreated", "moved")
"""Each is what happened to one record: what the name says happens in the last change."""


@dataclass(frozen=True)
class Subject:
    """A connector and what is needed to test it.

    `reference`: the name of its entry point, or `package.module:Class`; other processes load it by that.
    `simulator`: makes the source in a folder. `settings`: beyond those that the simulator gives.
    """

    reference: str
    connector: type[Connector]
    simulator: Callable[[Path], Simulator] | None = None
    fixtures: Traversable | None = None
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    patience_seconds: float = 10.0
    """How long a poll may take when the source hangs: "a few seconds", twice."""

    def changes(self, name: str) -> list[tuple[str, str]]:
        """The changes in a fixture, each with where it stands: a file of one a line, or a folder of one a file. Raises
        NotRun when there is none."""
        fixture = self._fixture(name)
        if fixture.is_dir():
            files = sorted((item for item in fixture.iterdir() if item.is_file()), key=lambda item: item.name)
            return [(f"{name}/{item.name}", item.read_bytes().decode(errors="replace")) for item in files]
        lines = [line for line in fixture.read_bytes().split(b"\n") if line.strip()]
        return [(f"{fixture.name}:{at}", line.decode(errors="replace")) for at, line in enumerate(lines, 1)]

    def has(self, name: str) -> bool:
        """Whether a fixture is there."""
        try:
            self._fixture(name)
        except NotRun:
            return False
        return True

    def load_into(self, simulator: Simulator, name: str) -> int:
        """Let the simulator read a fixture by itself: also what is no text. Raises NotRun."""
        with as_file(self._fixture(name)) as path:
            return simulator.load(path)

    def cursors(self) -> list[tuple[str, str]]:
        """The cursors of earlier releases: file name and JSON. Raises NotRun when none was kept."""
        folder = None if self.fixtures is None else self.fixtures.joinpath(CURSORS)
        kept = [] if folder is None or not folder.is_dir() else [item for item in folder.iterdir() if item.is_file()]
        if not kept:
            raise NotRun(f"fixtures/{CURSORS} holds no cursor of a release")
        return sorted((item.name, item.read_text(encoding="utf-8")) for item in kept)

    def _fixture(self, name: str) -> Traversable:
        if self.fixtures is not None:
            for fixture in (self.fixtures.joinpath(f"{name}.jsonl"), self.fixtures.joinpath(name)):
                if fixture.is_file() or fixture.is_dir():
                    return fixture
        raise NotRun(f"fixtures/{name}.jsonl is missing (or a folder {name} with one change a file)")


def subject_of(reference: str) -> Subject:
    """The subject of an installed connector: its simulator by entry point of the same name, the fixtures beside it.

    Imports the vendor's code. Raises ConfigError when there is no such connector.
    """
    kind = load(reference)
    simulator = load_simulator(reference)
    package = (simulator or kind).__module__.rpartition(".")[0]
    folder = files(package).joinpath("fixtures") if package else None
    return Subject(reference, kind, simulator, folder if folder is not None and folder.is_dir() else None)
