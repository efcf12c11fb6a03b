"""Sees what a piece of code does outside of itself: files, network, processes, threads. By Python's audit events."""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_ACTS: Final = (
    "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system", "os.exec",
    "os.fork", "os.posix_spawn", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.listdir", "os.scandir",
    "sqlite3.connect", "urllib.Request", "shutil.rmtree", "_thread.start_new_thread", "tempfile.mkstemp",
)  # fmt: skip
_LOOKS: Final = frozenset({"os.listdir", "os.scandir"})
_SYSTEM: Final = ("/usr", "/lib", "/etc", "/proc", "/sys", "/dev", "/System", "/Library", "/opt")
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Watch:
    """The one hook of this process: a hook can't be taken away again."""

    def __init__(self) -> None:
        self.seen: list[str] | None = None
        self.thread = 0
        self.installed = False

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.seen is None or threading.get_ident() != self.thread:
            return
        if event == "open":
            self._opened(arguments)
        elif event in _ACTS and not (event in _LOOKS and _is_code(arguments[0])):
            self.seen.append(event)

    def _opened(self, arguments: tuple[object, ...]) -> None:
        path, _, flags = arguments
        assert self.seen is not None
        writes = isinstance(flags, int) and flags & _WRITING
        if not isinstance(path, str | bytes) or (writes and os.fsdecode(path).endswith(os.devnull)):
            return
        if writes or not _is_code(path):
            self.seen.append(f"open for {'writing' if writes else 'reading'}: {Path(os.fsdecode(path)).name}")


_WATCH: Final = _Watch()


@contextmanager
def watching() -> Iterator[list[str]]:
    """What this thread does in the block, as it happens. Imports and data of installed packages don't count."""
    if not _WATCH.installed:
        sys.addaudithook(_WATCH.hear)
        _WATCH.installed = True
    seen: list[str] = []
    _WATCH.seen, _WATCH.thread = seen, threading.get_ident()
    try:
        yield seen
    finally:
        _WATCH.seen = None


def _is_code(path: object) -> bool:
    """Whether it lies where code and the data of packages and of the system lie."""
    if not isinstance(path, str | bytes):
        return True
    text = os.path.abspath(os.fsdecode(path))
    return text.endswith((".py", ".pyc")) or text.startswith((*_SYSTEM, *_roots()))


def _roots() -> tuple[str, ...]:
    return (*(path for path in sysconfig.get_paths().values() if path), *(path for path in sys.path if path))
