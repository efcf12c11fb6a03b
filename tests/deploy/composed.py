"""What docker-compose.yml comes to, as the real compose parser says."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from tests import machine

ROOT: Final = Path(__file__).parents[2]
IMAGE: Final = "regiehub:0.1.0"
DESK: Final = "https://regiehub.example.org"
LOGIN: Final = "https://login.example.org"
Service = dict[str, Any]


@cache
def composed() -> dict[str, Any]:
    """The whole file, with the addresses of deploy/env.example. Skips where the parser does not run."""
    program = machine.compose_program()
    if program is None:
        pytest.skip("the compose parser is for Linux on x86-64")
    command = [str(program), "--env-file", "deploy/env.example", "config", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def services() -> dict[str, Service]:
    """All of them, by name."""
    found: dict[str, Service] = composed()["services"]
    return found


def ours() -> dict[str, Service]:
    """Those that run our image."""
    return {name: service for name, service in services().items() if service["image"] == IMAGE}


def entry_point() -> list[str]:
    """The program of our image, before a service's command."""
    lines = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"^ENTRYPOINT (\[.*\])$", lines, re.MULTILINE)
    assert found
    program: list[str] = json.loads(found[1])
    return program
