"""The image: linted, confined, and with all that the wheel is made of. It is built where there is Docker; what it
installs is what the wheel tier installs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hub.ops.http import OpsServer
from tests.deploy.composed import ROOT

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


def test_hadolint_has_nothing_to_say() -> None:
    program = Path(sys.executable).with_name("hadolint")
    found = str(program) if program.exists() else shutil.which("hadolint")
    if found is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run(
        [found, str(ROOT / "deploy" / "Dockerfile")], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_both_stages_have_one_pinned_base_and_the_last_is_nobody() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2 and len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", bases[0])
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]


def test_what_the_wheel_is_made_of_reaches_the_build() -> None:
    copied = {part for line in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.MULTILINE) for part in line.split()}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert copied == {"pyproject.toml", "README.md", "LICENSE", "hub", "connectors", "schemas"}
    assert {f"!{name}" for name in copied} <= set(ignored)


def probe(port: int) -> int:
    command = [sys.executable, "-m", "hub.ops.probe"]
    told = {"REGIEHUB_METRICS_PORT": str(port), "REGIEHUB_METRICS_HOST": "0.0.0.0"}
    return subprocess.run(command, cwd=ROOT, env=told, check=False, timeout=30).returncode


def test_the_health_check_says_what_the_process_says() -> None:
    ready = False
    server = OpsServer(0, lambda: ready, "0.0.0.0")
    try:
        assert probe(server.port) == 1
        ready = True
        assert probe(server.port) == 0
    finally:
        server.stop()
    assert probe(server.port) == 1
