"""A simulated source that drops files, for vendors: each change, or lot of changes, a file of JSON lines in a folder.

See `hub.connect.simulator`. Of `Faults` it does `gap_rate`: what else a folder can do wrong is done by `apply_late`,
`repeat` and text.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from hub.connect.simulated import FeedOfLines
from hub.connect.simulator import Change, Faults


class DropFolder:
    """A simulated source that is a folder, into which files are renamed: how it is reached. Nothing runs."""

    folder: Path

    @property
    def url(self) -> str:
        """The folder."""
        return str(self.folder)

    def settings(self) -> dict[str, str]:
        """What its config needs. A file that is renamed into its place is complete: no need to wait long."""
        return {"folder": str(self.folder), "settle_seconds": "0.1"}

    def unreachable(self) -> dict[str, str]:
        """A folder that is not there."""
        return {"folder": f"{self.folder}-elsewhere"}

    def refused(self) -> dict[str, str]:
        """A file where the folder should be."""
        other = self.folder.with_name("no-folder")
        other.touch()
        return {"folder": str(other)}

    def start(self) -> None:
        """A folder needs nobody."""

    def stop(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """The files stay."""


class FileSimulator(DropFolder, FeedOfLines):
    """Writes a file under a name that is not read, and renames it, as a careful source does."""

    orderly: ClassVar[bool] = False

    def __init__(self, folder: Path, port: int = 0, faults: Faults | None = None) -> None:
        super().__init__(folder, port, faults)
        self.folder = folder / "dropped"
        self.folder.mkdir(exist_ok=True)

    def content(self, lines: Iterable[str]) -> bytes:
        """What stands in a file of these changes."""
        return b"".join(line.encode("utf-8", "surrogatepass") + b"\n" for line in lines)

    def apply_many(self, changes: Iterable[Change | str]) -> list[int]:
        """Record them, and drop them in one file."""
        positions = super().apply_many(changes)
        self._drop(positions)
        return positions

    def release(self, positions: Iterable[int]) -> None:
        """Show them, and drop them in one file."""
        held = [at for at in positions if at in self._held]
        super().release(held)
        self._drop(held)

    def _drop(self, positions: Iterable[int]) -> None:
        lines: Mapping[int, str] = {at: self._lines[at] for at in positions}
        if not lines:
            return
        name = f"changes-{min(lines):06}.jsonl"
        written = self.folder / f".{name}"
        written.write_bytes(self.content(lines.values()))
        os.replace(written, self.folder / name)
