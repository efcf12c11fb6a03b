"""The vendor's guide, followed to the letter: its blocks in order, with the built wheel and nothing of the checkout."""

from __future__ import annotations

import hashlib
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from hub.demo.brokers import BrokerUnavailable
from hub.demo.brokers.ports import free_port, require_free
from tests.stream.demos import heard_ctrl_c
from tests.wheel.conftest import ROOT, clean_environment

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1500)]  # a slow package index is not our failure

GUIDE = (ROOT / "connectors" / "README.md").read_text(encoding="utf-8")
PATH = GUIDE[GUIDE.index("## Under 30 minutes") : GUIDE.index("## Your field")]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = re.compile(r"http://\S+/huishoudens/\S+")
TOKEN = re.compile(r"log in as proef-\S+, with the token (\S+)$", re.MULTILINE)
CONSOLE = re.compile(r"Console  (\S+)\n.*with the token (\S+)$", re.MULTILINE)
METRICS = re.compile(r"Metrics  (\S+)$", re.MULTILINE)
ACTIVATE = ". hub/bin/activate"
TRY, TRY_ONCE = "regiehub connector try acme", "regiehub connector try acme --once"
LIVE = """
import sys, pathlib, threading
from regiehub_acme.simulator import AcmeSimulator
source = AcmeSimulator(pathlib.Path(sys.argv[1]))
source.start()
print(source.settings()["base_url"], source.settings()["api_token"], flush=True)
sys.stdin.read()
source.close()
"""
"""A source of the vendor's own that answers, on loopback, until its stdin ends."""


@pytest.fixture(scope="module")
def vendor(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Vendor:
    """Somebody who has the wheel in an empty folder, and typed in every command of the guide."""
    folder = tmp_path_factory.mktemp("vendor")
    (folder / wheel.name).write_bytes(wheel.read_bytes())
    vendor = Vendor(folder)
    for kind, text in BLOCK.findall(PATH):
        vendor.edit(text) if kind == "diff" else vendor.type_in(text)
    return vendor


@pytest.fixture
def followed(vendor: Vendor) -> dict[str, str]:
    """Every command of the guide and what it said."""
    return vendor.said


class Vendor:
    """Somebody who does what the guide says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        """What each command took, in the order of the guide."""
        self.edits: list[str] = []
        self.hub: list[str] = []
        """What the hub was before and after: digests of its files."""
        self._is_active = False

    def type_in(self, block: str) -> None:
        """Commands, one a line."""
        for command in block.splitlines():
            if command.startswith("regiehub connector new"):
                self.hub.append(self.hubs_files())
            began = time.monotonic()
            if command == ACTIVATE:
                self._is_active = True  # each command has a shell of its own: from here on it begins with this
            self.said[command] = self._try(command) if command == TRY else self.run(command)
            self.seconds[command] = time.monotonic() - began
        self.hub[1:] = [self.hubs_files()] if self.hub else []

    def edit(self, block: str) -> None:
        """A file's name, and the lines that are taken out and put in."""
        name, *lines = block.splitlines()
        file = self.folder / name
        before, after = ("\n".join(line[1:] for line in lines if line[0] in signs) for signs in (" -", " +"))
        text = file.read_text()
        assert text.count(before) == 1, f"{name} has other lines than the guide says"
        file.write_text(text.replace(before, after))
        self.edits.append(file.name)

    def hubs_files(self) -> str:
        """A digest of every file of the installed hub."""
        (packages,) = (self.folder / "hub" / "lib").glob("python*/site-packages")
        files = sorted(path for path in (packages / "hub").rglob("*") if path.is_file() and path.suffix != ".pyc")
        return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).hexdigest()

    def shell(self, command: str) -> list[str]:
        """A shell in which the command is typed."""
        return ["bash", "-c", f"{ACTIVATE} && {command}" if self._is_active else command]

    def run(self, command: str) -> str:
        """To its end; it must end as the guide says."""
        done = subprocess.run(
            self.shell(command),
            cwd=self.folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        wanted = 1 if "connector check" in command and "live" not in command else 0  # nothing answers at that address
        assert done.returncode == wanted, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout

    def _try(self, command: str) -> str:
        """Until the pages are named; look at them, and stop it by Ctrl-C."""
        shell = self.shell(f"exec {command}{_elsewhere()}")
        with heard_ctrl_c():
            process = subprocess.Popen(
                shell, cwd=self.folder, env=clean_environment(), stdout=subprocess.PIPE, text=True
            )
        with process:
            try:
                return self._tried(process)
            finally:
                process.terminate()

    def _tried(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        seen = self._look(said)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        return said + seen

    def _look(self, said: str) -> str:
        pages = zip(ADDRESS.findall(said), TOKEN.findall(said), strict=True)
        metrics = httpx.get(METRICS.findall(said)[0], trust_env=False, timeout=30).raise_for_status().text
        return "".join(_page(*found) for found in [*pages, *CONSOLE.findall(said)]) + metrics


def _elsewhere() -> str:
    """Where somebody else has the port of the desk, another one: the one thing in which the guide is left."""
    try:
        require_free(8080)
    except BrokerUnavailable:
        return f" --port {free_port()}"
    return ""


def _page(address: str, token: str) -> str:
    """A page, for whoever has that token."""
    root = "/".join(address.split("/")[:3])
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=30) as client:
        client.post(f"{root}/inloggen", data={"token": token}).raise_for_status()
        return client.get(address).raise_for_status().text


@contextmanager
def live_source(vendor: Vendor) -> Iterator[list[str]]:
    """Address and token of a source that answers."""
    with subprocess.Popen(
        ["bash", "-c", f'{ACTIVATE} && exec python -c "$0" live', LIVE],
        cwd=vendor.folder,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()


def test_the_guide_can_be_followed(vendor: Vendor, followed: dict[str, str], close_with: Callable[[str], None]) -> None:
    for command, seconds in vendor.seconds.items():
        close_with(f"vendor's path: {seconds:6.1f} s  {command}")
    close_with(f"vendor's path: {sum(vendor.seconds.values()):6.1f} s  in all, without the reading and the editing")
    assert vendor.edits == ["config.py", "source.py", "translate.py"]
    assert "acme" in followed["regiehub connector list"]
    for words in ("", " --strict"):
        assert followed[f"regiehub connector test acme{words}"].strip().endswith("17 passed, 0 failed, 0 skipped")
    assert "17 passed" in followed["pytest -q regiehub-acme"]


@pytest.mark.parametrize("command", [TRY, TRY_ONCE])
def test_the_pages_are_printed_with_the_vendors_data(followed: dict[str, str], command: str) -> None:
    """The second time it is the wheel of the vendor, installed beside the hub."""
    printed = followed[command].partition("Ctrl-C")[0]
    assert "5 changes, 0 refused, 2 households" in printed
    for text in ("Samira Bakker", "Daan Visser"):
        assert re.search(rf"^    \| .*{text}", printed, re.MULTILINE)


def test_pages_console_and_metrics_show_it(followed: dict[str, str]) -> None:
    shown = followed[TRY].partition("Ctrl-C")[2]
    for text in ("Samira Bakker", "Daan Visser", "Schulden in beeld", "A. Jansen"):
        assert text in shown
    assert "/beheer/bronnen/acme" in shown
    assert re.search(r'regiehub_records_published_total\{source="acme"\} [1-9]', shown)


def test_nothing_in_the_hub_has_changed(vendor: Vendor) -> None:
    before, after = vendor.hub
    assert before == after


def test_a_live_source_is_told_from_one_that_is_not_there(vendor: Vendor, followed: dict[str, str]) -> None:
    assert followed["regiehub connector check acme --file connectors.yaml"].startswith("acme: unreachable.")
    with live_source(vendor) as (address, token):
        (vendor.folder / "live.yaml").write_text(f"acme:\n  base_url: {address}\n  api_token: {token}\n")
        (vendor.folder / "live.yaml").chmod(0o600)
        assert vendor.run("regiehub connector check acme --file live.yaml").startswith("acme: ok.")


def test_a_package_of_a_source_that_drops_files_does_what_the_hub_expects(vendor: Vendor) -> None:
    """The guide's other form of `new`: all checks, also those that start processes."""
    for command in (
        "regiehub connector new dropped --files",
        "pip install --quiet --no-deps ./regiehub-dropped",
    ):
        vendor.run(command)
    assert vendor.run("regiehub connector test dropped --strict").strip().endswith("17 passed, 0 failed, 0 skipped")
