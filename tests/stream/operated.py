"""A demo stack that is looked after with the commands, as operations does: run from outside, told by settings."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from hub.cli.main import app
from hub.demo.stack import Stack

COMMAND_SECONDS = 240


class Said(NamedTuple):
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)


def regiehub(stack: Stack, *words: str, code: int | None = 0, answer: str = "") -> Said:
    """Run a command beside the stack, in this process; it must end with that exit code, unless None."""
    done = CliRunner().invoke(app, words, env=_told(stack), input=answer)
    assert code in (None, done.exit_code), (done.output, done.exception)
    return Said(done.exit_code, done.stdout, done.stderr)


def regiehub_apart(stack: Stack, *words: str) -> Said:
    """The same in a process of its own, for what sets up a whole process; it must end well."""
    command = [sys.executable, "-m", "hub.cli.main", *words]
    told = {**os.environ, **_told(stack)}
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=True)
    return Said(done.returncode, done.stdout, done.stderr)


def _told(stack: Stack) -> dict[str, str]:
    folder = str(stack.data_folder)
    return {"REGIEHUB_BROKER": stack.broker.bootstrap, "REGIEHUB_DATA_FOLDER": folder, "COLUMNS": "160"}


def back_up(stack: Stack, source: str, to: Path) -> None:
    """Copy what a source holds now."""
    with closing(sqlite3.connect(_store(stack, source))) as now, closing(sqlite3.connect(to)) as kept:
        now.backup(kept)


def restore(stack: Stack, source: str, of: Path) -> None:
    """Let a source hold what it held then."""
    with closing(sqlite3.connect(of)) as kept, closing(sqlite3.connect(_store(stack, source), timeout=30)) as now:
        kept.backup(now)


def _store(stack: Stack, source: str) -> Path:
    (found,) = (stack.folder / source).glob("*.sqlite")
    return found
