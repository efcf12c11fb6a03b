"""A throw-away PostgreSQL for the tests of the postgres tier. Import the fixture `server` to use it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.machine import postgres_bin


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A throw-away server; gives its address without a database."""
    with running() as address:
        yield address


@contextmanager
def running(*settings: str) -> Iterator[str]:
    """The same, for who runs no tests. PostgreSQL refuses to run as root, so it runs as nobody. `settings`: as in its
    configuration (`name=value`)."""
    binaries = postgres_bin()
    assert binaries is not None
    folder = Path(mkdtemp(prefix="regiehub-postgres-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        command = [str(binaries / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60)

    run("initdb", "-A", "trust", "-U", "hub", "--no-sync")
    options = " ".join([f"-p {port} -k {folder} -h 127.0.0.1 -F", *(f"-c {item}" for item in settings)])
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://hub@127.0.0.1:{port}"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)
