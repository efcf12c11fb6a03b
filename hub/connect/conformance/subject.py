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

VALID: Final = "valid.jsonl"
HOSTILE: Final = "hostile.jsonl"
CURSORS: Final = "cursors"
STORIES: Final = ("corrected.jsonl", "deleted.jsonl", "recreated.jsonl", "moved.jsonl")
"""Each is what happened to one record, one change a line: what the name says happens in the last line."""


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

    def lines(self, name: str) -> list[str]:
        """The changes in a fixture. Raises NotRun when there is none."""
        content = [line for line in self._bytes(name).split(b"\n") if line.strip()]
        return [line.decode(errors="replace").removesuffix("\r") for line in content]

    def has(self, name: str) -> bool:
        """Whether a fixture is there."""
        return self.fixtures is not None and self.fixtures.joinpath(name).is_file()

    def load_into(self, simulator: Simulator, name: str) -> int:
        """Let the simulator read a fixture by itself: also lines that are no text. Raises NotRun."""
        self._bytes(name)
        assert self.fixtures is not None
        with as_file(self.fixtures.joinpath(name)) as path:
            return simulator.load(path)

    def cursors(self) -> list[tuple[str, str]]:
        """The cursors of earlier releases: file name and JSON. Raises NotRun when none was kept."""
        folder = None if self.fixtures is None else self.fixtures.joinpath(CURSORS)
        kept = [] if folder is None or not folder.is_dir() else [item for item in folder.iterdir() if item.is_file()]
        if not kept:
            raise NotRun(f"fixtures/{CURSORS} holds no cursor of a release")
        return sorted((item.name, item.read_text(encoding="utf-8")) for item in kept)

    def _bytes(self, name: str) -> bytes:
        if self.fixtures is None or not self.has(name):
            raise NotRun(f"fixtures/{name} is missing")
        return self.fixtures.joinpath(name).read_bytes()


def subject_of(reference: str) -> Subject:
    """The subject of an installed connector: its simulator by entry point of the same name, the fixtures beside it.

    Imports the vendor's code. Raises ConfigError when there is no such connector.
    """
    kind = load(reference)
    simulator = load_simulator(reference)
    package = (simulator or kind).__module__.rpartition(".")[0]
    folder = files(package).joinpath("fixtures") if package else None
    return Subject(reference, kind, simulator, folder if folder is not None and folder.is_dir() else None)
