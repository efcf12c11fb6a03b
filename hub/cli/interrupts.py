"""Ctrl-C of a command that starts others: heard whenever it comes."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

_IMPORTS: Final = "<frozen importlib._bootstrap>"
_AGAIN_SECONDS: Final = 0.05
_heard: Final = threading.Event()


def hear_ctrl_c() -> Callable[[], bool]:
    """From now on Ctrl-C, SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread. A signal that is ignored on
    purpose (nohup) stays so. Gives what says whether one came, for loops that go on: an exception that is raised in a
    finalizer, wherever that runs, is swallowed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _interrupt)
    return _heard.is_set


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Not while a module is imported, but soon after: raised in the import system's own callbacks it is swallowed, and
    nothing stops; raised in the `exec` by which a class is made it ends Python with another exit code (CPython 3.11).
    """
    if sys.platform != "win32" and _is_importing(frame):
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
        return
    _heard.set()
    raise KeyboardInterrupt


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTS:
            return True
        frame = frame.f_back
    return False
