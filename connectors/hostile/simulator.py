"""Its source: a file, in which a change stands only when all before it do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from connectors.hostile.connector import translate
from hub.connect.simulated import FeedOfLines
from hub.connect.simulator import Change, Faults
from hub.events.records import Draft


class HostileSimulator(FeedOfLines):
    """Writes the file that `HostileConnector` reads anew after each change."""

    def __init__(self, folder: Path, port: int = 0, faults: Faults | None = None) -> None:
        super().__init__(folder, port, faults)
        self._shown = folder / "shown.jsonl"
        self._write()

    @property
    def url(self) -> str:
        """The file."""
        return str(self._shown)

    def start(self) -> None:
        """Nothing listens."""

    def stop(self) -> None:
        """Nothing listens."""

    def close(self) -> None:
        """Nothing is open."""

    def settings(self) -> dict[str, str]:
        """What `HostileConfig` needs."""
        return {"file": self.url}

    def unreachable(self) -> dict[str, str]:
        """A file that is not there."""
        return {"file": f"{self.url}.elsewhere"}

    def refused(self) -> dict[str, str]:
        """A file that is no feed."""
        other = self._shown.with_suffix(".other")
        other.write_text("no feed\n", encoding="utf-8")
        return {"file": str(other)}

    def translated(self, text: str) -> Sequence[Draft]:
        """By the connector's own translate."""
        return translate(text.encode("utf-8", "surrogatepass"))

    def apply_many(self, changes: Iterable[Change | str]) -> list[int]:
        """Record them, and write the file."""
        positions = super().apply_many(changes)
        self._write()
        return positions

    def release(self, positions: Iterable[int]) -> None:
        """Show them, and write the file."""
        super().release(positions)
        self._write()

    def _write(self) -> None:
        lines = (json.dumps(change) + "\n" for change in self.all_changes())
        self._shown.write_text("".join(lines), encoding="utf-8")
