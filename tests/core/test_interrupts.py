"""Ctrl-C is heard whenever it comes, also where Python would lose it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stream.demos import heard_ctrl_c

PROGRAM = """
import os, signal, sys, time
from hub.cli.interrupts import hear_ctrl_c

hear_ctrl_c()
sys.path.insert(0, sys.argv[1])
try:
    import slow_module
    time.sleep(60)  # only if the signal was lost
    print("never heard")
except KeyboardInterrupt:
    print("heard", slow_module.is_whole)
"""
SWALLOWED = """
import gc, os, signal, weakref

class Held:
    pass

held = Held()
weakref.finalize(held, os.kill, os.getpid(), {number})
del held  # what a callback of this kind raises, Python prints and forgets
is_whole = True
"""
IN_EXEC = """
import os
exec("os.kill(os.getpid(), {number})")
is_whole = True
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("module", [SWALLOWED, IN_EXEC], ids=["in a callback", "in exec"])
def test_a_signal_during_an_import_is_heard_after_it(tmp_path: Path, number: signal.Signals, module: str) -> None:
    (tmp_path / "slow_module.py").write_text(module.format(number=int(number)))
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with heard_ctrl_c():
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "heard True\n", "")


def test_one_that_python_swallows_is_known_to_whoever_asks() -> None:
    program = (
        "import os, signal, weakref\nfrom hub.cli.interrupts import hear_ctrl_c\nasked = hear_ctrl_c()\n"
        "class Held: pass\nheld = Held()\nwas = asked()\n"
        "weakref.finalize(held, os.kill, os.getpid(), signal.SIGTERM)\ndel held\nprint(was, asked())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stdout) == (0, "False True\n")


def test_a_signal_that_is_ignored_on_purpose_stays_so() -> None:
    program = (
        "import os, signal\nfrom hub.cli.interrupts import hear_ctrl_c\nhear_ctrl_c()\n"
        "os.kill(os.getpid(), signal.SIGHUP)\nprint('alive')"
    )
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (done.returncode, done.stdout) == (0, "alive\n")
