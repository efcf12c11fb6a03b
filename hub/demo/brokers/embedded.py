"""The embedded broker: one small native program from the `[demo]` extra, for the demo and quick tests only.

Only for data that may be lost: it drops its last seconds when it is killed, never expires dead group members
and rewrites its whole state each second. Hence a fresh folder per run and one worker; else `--broker kafka`.
"""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from hub.demo.brokers import BrokerNotInstalled, BrokerUnavailable
from hub.demo.brokers.local import LocalBroker

__all__ = ["EmbeddedBroker", "unsupported_reason"]

_PACKAGE = "noida_db"
_MACHINES = {
    "Linux": {"x86_64", "aarch64"},
    "Darwin": {"x86_64", "arm64"},
    "Windows": {"AMD64"},
}
_OLDEST_GLIBC = (2, 34)  # below it the dynamic linker refuses the program, although pip installs it
_INSTEAD = "use --broker kafka (Java 17 and Maven) or --broker HOST:PORT"


class EmbeddedBroker(LocalBroker):
    """Ready in well under a second. Create all topics up front; consumers need auto-commit off."""

    title: ClassVar[str] = "the embedded broker"
    stop_seconds: ClassVar[float] = 5.0
    harmless: ClassVar[str | None] = "GLIBC_2.39"  # the linker's warning about a symbol it doesn't need

    def __init__(self, *, port: int | None = None, ready_seconds: float = 10.0) -> None:
        """Starts nothing yet. Without `port` a free one is chosen."""
        super().__init__(port=port, ready_seconds=ready_seconds)

    def _prepare(self, folder: Path) -> None:
        reason = unsupported_reason(platform.system(), platform.machine(), _glibc_version())
        if reason:
            raise BrokerNotInstalled(f"the embedded broker does not run on {reason}: {_INSTEAD}")
        _program()

    def _command(self, folder: Path) -> list[str]:
        port = str(self._port)
        data = str(folder / "data")
        return [str(_program()), "start", "--only", "kafka", "--kafka-port", port, "--data-dir", data]


def unsupported_reason(system: str, machine: str, glibc: tuple[int, ...] | None) -> str | None:
    """What makes this platform unfit, in words; None when it is fit. `glibc` is None on another libc."""
    if machine not in _MACHINES.get(system, set()):
        return f"{system} {machine}"
    if system != "Linux":
        return None
    if glibc is None:
        return "a Linux without glibc"
    if glibc < _OLDEST_GLIBC:
        return f"glibc {'.'.join(map(str, glibc))} (it needs 2.34 or later)"
    return None


def _glibc_version() -> tuple[int, ...] | None:
    words: list[str] = []
    if sys.platform == "linux":
        with suppress(ValueError, OSError):  # another libc does not know the name
            words = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
    return tuple(int(part) for part in words[-1].split(".")[:2]) if words else None


def _program() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise BrokerNotInstalled(f"the embedded broker is not installed: pip install 'regiehub[demo]', or {_INSTEAD}")
    program = Path(spec.origin).with_name("noida-db.exe" if os.name == "nt" else "noida-db")
    if not os.access(program, os.X_OK):
        raise BrokerUnavailable(f"the embedded broker's program is missing or not executable: {program}")
    return program
