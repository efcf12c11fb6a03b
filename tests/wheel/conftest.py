"""The built wheel in an environment of its own, made once for all processes of a test run."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a program as somebody would who has nothing of ours in the environment."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{command} gave {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done


def clean_environment() -> dict[str, str]:
    """Ours, without what leads to this checkout or its environment."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "REGIEHUB", "VIRTUAL"))
    }


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with the wheel in it and an environment that has only the wheel, with what it asks for."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "elsewhere"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first process makes it, the others wait
        if not (folder / "made").exists():
            _make(folder)
            (folder / "made").touch()
    return folder


@pytest.fixture(scope="session")
def wheel(elsewhere: Path) -> Path:
    """The built wheel."""
    (found,) = elsewhere.glob("*.whl")
    return found


def _make(folder: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    program = (folder / "venv" / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    run(*program, "install", "--quiet", f"{wheel}[demo]", cwd=folder, timeout=500)


@pytest.fixture(scope="session")
def installed(elsewhere: Path) -> Path:
    """The programs of that environment."""
    return elsewhere / "venv" / "bin"
