"""The simulators keep what they promise to the demo and to the reference."""

from __future__ import annotations

import _thread
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import pytest

from connectors.menscentraal.simulator import MensCentraalSimulator
from connectors.zcd.config import ZcdConfig
from connectors.zcd.connector import ZcdConnector
from connectors.zcd.simulator import ZcdSimulator
from hub.connect.simulator import Faults, Simulator
from tests.connectors.sources import (
    FIXTURES,
    hostile,
    mens_contact,
    mens_removal,
    read_all,
    valid,
    zcd_contact,
    zcd_removal,
)

pytestmark = pytest.mark.core

CONTACT = {"zcd": zcd_contact, "menscentraal": mens_contact}
REMOVAL = {"zcd": zcd_removal, "menscentraal": mens_removal}
ROOT = FIXTURES.parent
_POPEN: Final = subprocess.Popen


@pytest.fixture(params=["zcd", "menscentraal"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def simulator(name: str, tmp_path: Path) -> Iterator[Simulator]:
    made = make(name, tmp_path)
    yield made
    made.close()


def make(name: str, folder: Path) -> Simulator:
    return ZcdSimulator(folder) if name == "zcd" else MensCentraalSimulator(folder)


def test_final_records_are_the_newest_readable_versions(name: str, simulator: Simulator) -> None:
    contact, removal = CONTACT[name], REMOVAL[name]
    broken = {**contact("c", 9), "payload": 1, "gegevens": 1}
    simulator.apply_many([contact("c", 2), contact("c", 1), broken, contact("gone", 1), removal("gone", 2)])
    version = "versie" if name == "zcd" else "rowversion"
    assert sorted(str(record[version]) for record in simulator.final_records()) == ["2", "2"]
    assert len(simulator.all_changes()) == 5


def test_what_is_held_does_not_count_yet(name: str, simulator: Simulator) -> None:
    late = simulator.apply_late([CONTACT[name]("c", 2)])
    simulator.apply(CONTACT[name]("c", 1))
    assert [position for position, _ in simulator.all_changes()] == [2]
    late.release()
    late.release()
    assert [position for position, _ in simulator.all_changes()] == [1, 2]
    assert len(simulator.final_records()) == 1


def test_a_repeat_is_the_same_change_at_a_new_position(name: str, simulator: Simulator) -> None:
    simulator.apply_many(["garbage", CONTACT[name]("c", 1)])
    assert simulator.repeat() == 3
    assert simulator.repeat(1) == 4
    lines = [line for _, line in simulator.all_changes()]
    numbers = ("volgnummer", "seq", "tx")
    bare = [{key: value for key, value in json.loads(line).items() if key not in numbers} for line in lines[1:3]]
    assert bare[0] == bare[1] == CONTACT[name]("c", 1)
    assert lines[3] == "garbage"
    with pytest.raises(KeyError):
        simulator.repeat(99)


def test_a_file_is_numbered_by_its_lines(name: str, simulator: Simulator, tmp_path: Path) -> None:
    number = "volgnummer" if name == "zcd" else "seq"
    contact = CONTACT[name]
    lines = [json.dumps(contact("a", 1)), "", json.dumps({**contact("b", 1), number: 40}), "garbage", "\udcff"]
    (tmp_path / "given.jsonl").write_bytes("\n".join(lines).encode(errors="surrogateescape") + b"\n")
    assert simulator.load(tmp_path / "given.jsonl") == 4
    assert [position for position, _ in simulator.all_changes()] == [1, 4, 5, 40]
    assert simulator.apply(contact("c", 1)) == 41


def test_the_fixtures_can_be_loaded_and_read(name: str, simulator: Simulator) -> None:
    fixtures = FIXTURES / name / "fixtures"
    assert simulator.load(fixtures / "valid.jsonl") == len(valid(name))
    assert simulator.load(fixtures / "hostile.jsonl") == len(hostile(name))
    assert len(simulator.all_changes()) == len(valid(name)) + len(hostile(name))
    assert len(simulator.final_records()) == 11


def test_a_restart_keeps_everything(name: str, simulator: Simulator, tmp_path: Path) -> None:
    simulator.apply(CONTACT[name]("a", 1))
    simulator.apply_late([CONTACT[name]("b", 1)])
    settings = simulator.settings()
    simulator.close()
    again = make(name, tmp_path)
    assert again.apply(CONTACT[name]("c", 1)) == 3
    again.release_all()
    assert [position for position, _ in again.all_changes()] == [1, 2, 3]
    assert again.settings().get("client_secret") == settings.get("client_secret")
    again.close()


def test_late_changes_appear_by_themselves(name: str, simulator: Simulator) -> None:
    simulator.set_faults(Faults(seed=1, late_rate=1.0, late_seconds=0.05))
    simulator.start()
    simulator.apply_many([CONTACT[name](f"c{number}", 1) for number in range(5)])
    until = time.monotonic() + 10
    while len(simulator.all_changes()) < 5:
        assert time.monotonic() < until
        time.sleep(0.01)
    simulator.stop()


def test_the_web_server_is_a_process_of_its_own_and_comes_back_at_its_address(tmp_path: Path) -> None:
    simulator = ZcdSimulator(tmp_path)
    simulator.start()
    pid, url = simulator.pid, simulator.url
    assert pid is not None and pid != os.getpid()
    connector = ZcdConnector(ZcdConfig.model_validate(simulator.settings()))
    simulator.apply(zcd_contact("a"))
    read = read_all(connector)
    simulator.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    simulator.start()
    assert simulator.url == url
    simulator.apply(zcd_contact("b"))
    assert read_all(connector, read.cursor).positions == [2]
    connector.close()
    simulator.close()


def test_a_taken_port_is_said_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        simulator = ZcdSimulator(tmp_path, taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            simulator.start()
        simulator.close()


def test_no_process_is_left_when_the_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, signal\n"
        "from connectors.zcd.simulator import ZcdSimulator\n"
        "simulator = ZcdSimulator(pathlib.Path(sys.argv[1]))\n"
        "simulator.start()\n"
        "print(simulator.pid, flush=True)\n"
        "signal.pause()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 15
    while is_running(child):
        assert time.monotonic() < until
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether a process runs; one that ended but that nobody has waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_all_are_found_by_entry_point() -> None:
    found = {entry.name: entry.value for entry in entry_points(group="regiehub.simulators")}
    if not found:
        pytest.skip("regiehub is not installed")
    assert found == {
        "zcd": "connectors.zcd.simulator:ZcdSimulator",
        "menscentraal": "connectors.menscentraal.simulator:MensCentraalSimulator",
        "istandaarden": "connectors.istandaarden.simulator:IStandaardenSimulator",
        "openzaak": "connectors.openzaak.simulator:OpenZaakSimulator",
    }


def test_ctrl_c_while_the_server_is_started_leaves_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def start_and_interrupt(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(_POPEN(*arguments, **options))
        _thread.interrupt_main()
        time.monotonic()  # where it is raised if this is the main thread
        return started[0]

    simulator = ZcdSimulator(tmp_path)
    monkeypatch.setattr(subprocess, "Popen", start_and_interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            simulator.start()
    finally:
        simulator.close()
        signal.signal(signal.SIGINT, before)
    assert started[0].poll() is not None
