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
    """Run a command beside the stack; it must end with that exit code, unless None."""
    told = {"BROKER": stack.broker.bootstrap, "DATA_FOLDER": str(stack.data_folder)}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("REGIEHUB_")}
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli.main", *words],
        env=kept | {f"REGIEHUB_{key}": value for key, value in told.items()} | {"COLUMNS": "160"},
        input=answer,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert code in (None, done.returncode), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


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
