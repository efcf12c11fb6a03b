"""A demo as a user starts it: a program with a terminal's worth of output, and every process below it."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from hub.demo.brokers.ports import free_port

START_SECONDS = 120.0
"""Six Python processes come up on two cores that others use too."""
STOP_SECONDS = 90.0
_POLL_SECONDS = 0.05


class Process(NamedTuple):
    """A process of this machine: the number alone may be given to another one later."""

    pid: int
    started_at: str

    def is_alive(self) -> bool:
        """Whether it runs; one that only waits to be reaped does not."""
        stat = _stat(self.pid)
        return stat is not None and stat[19] == self.started_at and stat[0] != "Z"


def eventually(condition: Callable[[], bool], deadline_seconds: float) -> bool:
    """Whether it became true in time."""
    until = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def below(pid: int) -> dict[Process, str]:
    """Every process below this one, at any depth, with its command line."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (stat := _stat(int(entry.name))):
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found: dict[Process, str] = {}
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            waiting.append(child)
            if stat := _stat(child):
                found[Process(child, stat[19])] = _command(child)
    return found


def _stat(pid: int) -> list[str] | None:
    """State, parent, … of a process; None when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Demo:
    """`regiehub demo …` in a folder of its own, with a temporary directory of its own."""

    def __init__(self, folder: Path, *options: str, temporary: Path | None = None) -> None:
        self.port = free_port()
        self.temporary = temporary or folder / "tmp"
        if temporary is None:
            self.temporary.mkdir(parents=True)
        self._output, self._errors = folder / "stdout", folder / "stderr"
        given = [] if "--port" in options else ["--port", str(self.port)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REGIEHUB_")}
        with self._output.open("w") as output, self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hub.cli.main", "demo", *given, *options],
                cwd=folder,
                env=kept | {"TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        """Address of its desk."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """What it printed."""
        return self._output.read_text()

    @property
    def errors(self) -> str:
        """What it said on standard error."""
        return self._errors.read_text()

    @property
    def tokens(self) -> list[str]:
        """The tokens it printed of a director and of operations."""
        return re.findall(r"^ +(?:regisseur|beheer) +\([^)]*\) +(\S+)", self.output, re.MULTILINE)

    def await_output(self, text: str) -> None:
        """Until it printed this. Fails when it ends before, or takes too long."""
        self._await(lambda: text in self.output, text)

    def await_filling(self) -> None:
        """Until the first households are in the read model: the sources are being filled."""
        self._await(self._has_households, "households")

    def _has_households(self) -> bool:
        for database in self.temporary.glob("regiehub-demo-*/data/desk/desk.sqlite"):
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                try:
                    return connection.execute("select 1 from dossiers").fetchone() is not None
                except sqlite3.OperationalError:
                    return False  # it is being made
        return False

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        eventually(lambda: condition() or self.process.poll() is not None, START_SECONDS)
        assert condition(), f"no {what}: exit {self.process.poll()}\n{self.output}\n{self.errors[-3000:]}"

    def ended(self, deadline_seconds: float = STOP_SECONDS) -> int:
        """The exit code; waits for it."""
        return self.process.wait(deadline_seconds)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)


def status(url: str, token: str | None = None) -> int:
    """HTTP status of a page or resource; 0 when nothing answers."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    try:
        return httpx.get(url, headers=headers, trust_env=False, timeout=10).status_code
    except httpx.TransportError:
        return 0


@contextmanager
def heard_ctrl_c() -> Iterator[None]:
    """Whatever is started meanwhile hears Ctrl-C: where the tests run in the background it is ignored, and a child
    would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def demo(folder: Path, *options: str, temporary: Path | None = None) -> Iterator[Demo]:
    """A demo that is gone at the end, whatever the test did to it."""
    folder.mkdir(parents=True, exist_ok=True)
    with heard_ctrl_c():
        running = Demo(folder, *options, temporary=temporary)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
