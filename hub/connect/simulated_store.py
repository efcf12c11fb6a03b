"""A simulated source whose content a store of its own keeps, a file or a database: what all such do alike. See
`hub.connect.simulator`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from hub.connect.simulated import HeldLines
from hub.connect.simulator import Change, Faults


class Store(Protocol):
    """Where the changes of a simulated source are kept."""

    def add(
        self, changes: Iterable[Change | str], *, held: bool = False, lines: Iterable[int] | None = None
    ) -> list[int]:
        """Number and keep changes; gives their positions. `held`: nobody sees them until they are released. `lines`:
        the positions of changes without one, counted from what is there."""

    def release(self, positions: Iterable[int] | None = None, /) -> None:
        """Make what is held at these positions visible; None: all of it."""

    def line(self, position: int | None, /) -> str:
        """The line of a change, without its position; None: of any visible and readable one. Raises KeyError."""

    def current(self) -> list[dict[str, object]]:
        """The newest readable version of each record, deleted ones included."""

    def lines(self) -> list[tuple[int, str]]:
        """Every visible change: position and line."""

    def set_faults(self, faults: Faults) -> None:
        """Behave differently from now on."""

    def close(self) -> None:
        """Let go of the file."""


Kept = TypeVar("Kept", bound=Store)


class StoredSimulator(ABC, Generic[Kept]):
    """The part of `hub.connect.simulator.Simulator` that is about content. Its transport is the subclass's own."""

    def __init__(self, store: Kept) -> None:
        self._store = store

    @abstractmethod
    def stop(self) -> None:
        """Stop answering; the content stays."""

    def close(self) -> None:
        """Stop, and let go of the file."""
        self.stop()
        self._store.close()

    def set_faults(self, faults: Faults) -> None:
        """Behave differently from now on."""
        self._store.set_faults(faults)

    def apply(self, change: Change | str) -> int:
        """Record one change; gives its position."""
        return self._store.add([change])[0]

    def apply_many(self, changes: Iterable[Change | str]) -> list[int]:
        """Record many changes in one go."""
        return self._store.add(changes)

    def apply_late(self, changes: Iterable[Change | str]) -> HeldLines:
        """Number changes now; they become visible together when released."""
        return HeldLines(self._store.release, self._store.add(changes, held=True))

    def release_all(self) -> None:
        """Make everything visible that is held."""
        self._store.release()

    def repeat(self, position: int | None = None) -> int:
        """Deliver an old change once more, at a new position."""
        return self.apply(self._store.line(position))

    def final_records(self) -> list[dict[str, object]]:
        """The newest readable version of each record, deleted ones included."""
        return self._store.current()

    def all_changes(self) -> list[tuple[int, str]]:
        """Every visible change: position and line."""
        return self._store.lines()

    def load(self, path: Path) -> int:
        """Record a file of one change a line; a line without a position gets the number of the line."""
        lines = _read_lines(path)
        return len(self._store.add(lines.values(), lines=lines.keys()))


def _read_lines(path: Path) -> dict[int, str]:
    """The lines of a file by number, blank ones left out; one that is not UTF-8 comes as text that is no JSON."""
    lines = enumerate(path.read_bytes().split(b"\n"), 1)
    return {number: _decoded(line) for number, line in lines if line.strip()}


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return "\ufffd" + line.decode(errors="replace")
