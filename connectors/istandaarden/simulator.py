"""A simulated exchange of messages: a drop folder into which files are moved as a real postbox does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import RLock

from connectors.istandaarden.samples import rendered
from connectors.istandaarden.translate import translate
from hub.connect import TranslationError
from hub.connect.simulated_files import DropFolder
from hub.connect.simulator import Change, Faults

_HELD = ".held-"
"""A name that begins with a dot is not read: a file is written under one, and then renamed."""


class IStandaardenSimulator(DropFolder):
    """See `hub.connect.simulator.Simulator`. A change is what `samples.rendered` writes a message of; text is the
    content of a file as it is. It has no faults: what a folder can do wrong (late, twice, unreadable) is done by
    `apply_late`, `repeat` and text."""

    def __init__(self, folder: Path, port: int = 0, *, faults: Faults | None = None) -> None:
        self.folder = folder / "berichten"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = RLock()
        self._next = max((number for number, _ in self._files(held=True)), default=0) + 1

    def set_faults(self, faults: Faults) -> None:
        """None of them is of a folder."""

    def apply(self, change: Change | str) -> int:
        """Drop one message; gives its number."""
        return self._write(change, held=False)

    def apply_many(self, changes: Iterable[Change | str]) -> list[int]:
        """Drop many."""
        return [self.apply(change) for change in changes]

    def apply_late(self, changes: Iterable[Change | str]) -> HeldMessages:
        """Number messages now; they are dropped when released."""
        return HeldMessages(self, [self._write(change, held=True) for change in changes])

    def release_all(self) -> None:
        """Drop everything that is held."""
        self.release([number for number, path in self._files(held=True) if path.name.startswith(_HELD)])

    def release(self, numbers: Iterable[int]) -> None:
        """Drop these, if they are still held."""
        for number in numbers:
            held = self.folder / f"{_HELD}{_name(number)}"
            if held.exists():
                held.rename(self.folder / _name(number))

    def repeat(self, position: int | None = None) -> int:
        """Drop an old message once more under a new name."""
        files = dict(self._files())
        chosen = position if position is not None else next(n for n, path in files.items() if _is_readable(path))
        return self.apply(files[chosen].read_text(encoding="utf-8"))

    def final_records(self) -> list[dict[str, object]]:
        """Every readable message: a message never changes."""
        return [{"xml": _text(path)} for _, path in self._files() if _is_readable(path)]

    def all_changes(self) -> list[tuple[int, str]]:
        """Every dropped file: its number and its content."""
        return [(number, _text(path)) for number, path in self._files()]

    def load(self, path: Path) -> int:
        """Drop the files of a folder that end in .xml, in the order of their names; gives their number."""
        files = sorted(item for item in path.iterdir() if item.suffix.lower() == ".xml" and item.is_file())
        for item in files:
            self._write(item.read_bytes(), held=False)
        return len(files)

    def _write(self, change: Change | str | bytes, *, held: bool) -> int:
        content = change if isinstance(change, str | bytes) else rendered(change)
        data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        with self._lock:
            number, self._next = self._next, self._next + 1
        path = self.folder / f"{_HELD}{_name(number)}"
        path.write_bytes(data)
        if not held:
            os.replace(path, self.folder / _name(number))
        return number

    def _files(self, *, held: bool = False) -> Sequence[tuple[int, Path]]:
        found = [path for path in self.folder.iterdir() if held or not path.name.startswith(".")]
        return sorted((int(path.stem.rpartition("-")[2]), path) for path in found)


class HeldMessages:
    """Messages that have their numbers and that nobody can see yet."""

    def __init__(self, simulator: IStandaardenSimulator, numbers: Sequence[int]) -> None:
        self._simulator = simulator
        self.numbers = numbers

    def release(self) -> None:
        """Drop them all."""
        self._simulator.release(self.numbers)


def _name(number: int) -> str:
    return f"bericht-{number:07}.xml"


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def _is_readable(path: Path) -> bool:
    try:
        translate(path.read_bytes())
    except TranslationError:
        return False
    return True
