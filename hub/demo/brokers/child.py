"""A child process that never outlives us: start it, end it, read what it said. Stdlib only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["ChildProcess"]

# Runs in the child, before the program (Linux only): when its parent dies, how ever, the kernel kills it.
# Not a preexec_fn: that runs Python between fork and exec, which can deadlock in a process with threads.
_TIE_AND_RUN = (
    "import ctypes, os, sys\n"
    "ctypes.CDLL(None).prctl(1, 9)\n"  # PR_SET_PDEATHSIG, SIGKILL
    "os.getppid() == int(sys.argv[1]) or os._exit(1)\n"  # the parent died before the line above
    "os.execv(sys.argv[2], sys.argv[2:])\n"
)
# "Parent" means the thread that started the child. This thread lives as long as our process does.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="child-starter")


if sys.platform == "win32":
    _NEW_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _NEW_GROUP = 0


class ChildProcess:
    """A running program in its own session (Ctrl-C in our terminal does not reach it), output in `log`."""

    def __init__(self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> None:
        """`command[0]` is an absolute path; `environment` None: ours. Blocks until the process exists."""
        self._log = log
        starting = _starter.submit(_start, command, log, environment)
        try:
            self._process = starting.result()
        except KeyboardInterrupt:
            starting.result().kill()  # nobody else knows of it
            raise

    @property
    def pid(self) -> int:
        """The program itself: no wrapper stays in between."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def wait(self, deadline_seconds: float) -> int | None:
        """The exit code, or None when it still runs at the deadline."""
        try:
            return self._process.wait(deadline_seconds)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        """SIGTERM, without waiting; nothing happens when it ended before."""
        self._process.terminate()

    def stop(self, deadline_seconds: float) -> None:
        """SIGTERM, wait, and SIGKILL at the deadline or when the wait is interrupted."""
        self.terminate()
        try:
            self.wait(deadline_seconds)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL and reap; nothing happens when it ended before."""
        self._process.kill()
        self._process.wait()

    def last_lines(self, count: int) -> list[str]:
        """The end of its output, oldest first."""
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]


def _start(command: Sequence[str], log: Path, environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    tie = [sys.executable, "-ISc", _TIE_AND_RUN, str(os.getpid())] if sys.platform == "linux" else []
    with log.open("ab") as output:
        return subprocess.Popen(
            [*tie, *command],
            cwd=log.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=_NEW_GROUP,
        )
