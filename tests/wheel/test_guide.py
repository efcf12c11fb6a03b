"""The vendor's guide, followed to the letter: its blocks in order, with the built wheel and nothing of the checkout."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from hub.demo.brokers.ports import free_port
from tests.stream.demos import heard_ctrl_c
from tests.wheel.conftest import ROOT, clean_environment

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]  # a slow package index is not our failure

GUIDE = (ROOT / "connectors" / "README.md").read_text(encoding="utf-8")
PATH = GUIDE[GUIDE.index("## Under 30 minutes") : GUIDE.index("## Your field")]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = re.compile(r"http://\S+/huishoudens/\S+")
TOKEN = re.compile(r"token (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def vendor(elsewhere: Path, tmp_path_factory: pytest.TempPathFactory) -> Vendor:
    """Somebody who typed in every command of the guide, with the wheel and a clone of the clean environment."""
    folder = tmp_path_factory.mktemp("vendor")
    (wheel,) = elsewhere.glob("*.whl")
    (folder / wheel.name).write_bytes(wheel.read_bytes())
    vendor = Vendor(folder, elsewhere)
    for kind, text in BLOCK.findall(PATH):
        vendor.edit(text) if kind == "diff" else vendor.type_in(text)
    return vendor


@pytest.fixture
def followed(vendor: Vendor) -> dict[str, str]:
    """Every command of the guide and what it said."""
    return vendor.said


class Vendor:
    """Somebody who does what the guide says."""

    def __init__(self, folder: Path, elsewhere: Path) -> None:
        self._folder = folder
        self._elsewhere = elsewhere
        self.said: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        """What each command took, in the order of the guide."""

    def type_in(self, block: str) -> None:
        """Commands, one a line."""
        for command in block.splitlines():
            began = time.monotonic()
            if command == "python3 -m venv hub":
                self._environment()
            elif "connector try" in command:
                self.said[command] = self._try(command)
            else:
                self.said[command] = self._run(command)
            self.seconds[command] = time.monotonic() - began

    def edit(self, block: str) -> None:
        """A file's name, and the lines that are taken out and put in."""
        name, *lines = block.splitlines()
        file = self._folder / name
        before, after = ("\n".join(line[1:] for line in lines if line[0] in signs) for signs in (" -", " +"))
        text = file.read_text()
        assert before in text, f"{name} has other lines than the guide says"
        file.write_text(text.replace(before, after))

    def _environment(self) -> None:
        """The environment into which the wheel was installed already, under the guide's name."""
        (self._folder / "hub").symlink_to(self._elsewhere / "venv")

    def _shell(self, command: str) -> list[str]:
        return ["bash", "-c", f". hub/bin/activate && {command}"]

    def _run(self, command: str) -> str:
        done = subprocess.run(
            self._shell(command),
            cwd=self._folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        wanted = 1 if "connector check" in command else 0  # nothing answers at the address in the guide
        assert done.returncode == wanted, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout

    def _try(self, command: str) -> str:
        """Until the pages are named; look at them, and stop it by Ctrl-C."""
        shell = self._shell(f"exec {command} --port {free_port()}")
        with heard_ctrl_c():
            process = subprocess.Popen(
                shell, cwd=self._folder, env=clean_environment(), stdout=subprocess.PIPE, text=True
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
        pages = self._look(said)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        return said + pages

    def _look(self, said: str) -> str:
        pages = zip(ADDRESS.findall(said), TOKEN.findall(said), strict=True)
        return "".join(_page(address, token) for address, token in pages)


def _page(address: str, token: str) -> str:
    """A household's page, for whoever has that token."""
    root = address.partition("/huishoudens")[0]
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=30) as client:
        client.post(f"{root}/inloggen", data={"token": token}).raise_for_status()
        return client.get(address).raise_for_status().text


def test_the_guide_can_be_followed(vendor: Vendor, followed: dict[str, str], close_with: Callable[[str], None]) -> None:
    for command, seconds in vendor.seconds.items():
        close_with(f"vendor's path: {seconds:6.1f} s  {command}")
    close_with(f"vendor's path: {sum(vendor.seconds.values()):6.1f} s  in all, without the reading and the editing")
    assert "acme" in followed["regiehub connector list"]
    assert followed["regiehub connector test acme"].strip().endswith("17 passed, 0 failed, 0 skipped")
    assert "17 passed" in followed["pytest -q regiehub-acme"]


def test_the_pages_show_the_vendors_data(followed: dict[str, str]) -> None:
    shown = followed["regiehub connector try acme"]
    assert "5 changes, 0 refused, 2 households" in shown
    for text in ("Samira Bakker", "Daan Visser", "Schulden in beeld", "A. Jansen"):
        assert text in shown


def test_a_live_source_that_is_not_there_is_said_to_be_so(followed: dict[str, str]) -> None:
    assert followed["regiehub connector check acme --file connectors.yaml"].startswith("acme: unreachable.")
