"""The demo as people use it: it comes up, lets its two users in, proves itself, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.connect.ingest.kafka_publisher import KafkaPublisher
from hub.connect.ingest.publisher import Message
from hub.demo.brokers.embedded import EmbeddedBroker
from hub.demo.brokers.ports import HOST
from hub.demo.town.changes import MENSCENTRAAL, ZCD, Change, Delivery
from hub.demo.town.town import Town
from hub.events.topics import SOURCES
from hub.stream.provision import ensure_topics
from tests.stream.demos import STOP_SECONDS, Demo, below, demo, eventually, status

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes the Linux way"),
    pytest.mark.timeout(400),
]

ROOT = Path(__file__).parents[2]
PROCESSES = (
    "run connector zcd",
    "run connector menscentraal",
    "run stream",
    "run desk",
    "noida-db",
    "simulator_server",
)
HOSTILE_LINES = 12
"""Well below the share of unreadable records at which a connector stops."""
LATE_LINES = 40
"""So many lines later stands what the town delivers late."""


def assert_nothing_left(running: Demo, processes: list[Any]) -> None:
    assert eventually(lambda: not any(process.is_alive() for process in processes), 5)
    assert status(f"{running.url}/healthz") == 0
    assert not list(running.temporary.iterdir())


def log_in(url: str, token: str) -> httpx.Response:
    with httpx.Client(base_url=url, trust_env=False, follow_redirects=True, timeout=10) as client:
        client.post("/inloggen", data={"token": token})
        return client.get("/")


def log_in_at_provider(url: str, user: str) -> httpx.Response:
    """As people do: by the button, choosing who to be."""
    with httpx.Client(base_url=url, trust_env=False, follow_redirects=True, timeout=10) as client:
        choosing = client.get("/inloggen/begin")
        assert "verzonnen" in choosing.text
        return client.get(f"{choosing.url}&user={user}")


def one_line(running: Demo) -> str:
    (line,) = running.errors.splitlines()
    assert line.startswith("regiehub: ")
    return line


def write_town(folder: Path, households: int) -> None:
    """The files that `--from` takes, as somebody could have written them by hand."""
    lines: dict[str, list[str]] = {ZCD: [], MENSCENTRAAL: []}
    late: dict[str, deque[tuple[int, str]]] = {ZCD: deque(), MENSCENTRAAL: deque()}
    for change in Town(households, 17, start=datetime(2026, 1, 5, tzinfo=UTC)).fill():
        written, held = lines[change.source], late[change.source]
        if change.delivery is Delivery.LATE:
            held.append((len(written) + LATE_LINES, line(change)))
        else:
            written.append(line(change))
        while held and held[0][0] <= len(written):
            written.append(held.popleft()[1])
    for source, written in lines.items():
        written += [text for _, text in late[source]]
        (folder / f"{source}.jsonl").write_text("\n".join(written) + "\n")


def line(change: Change) -> str:
    return change.payload if isinstance(change.payload, str) else json.dumps(change.payload)


def append_fixtures(folder: Path) -> None:
    """A dozen hostile lines too: what nobody can read must harm nothing else."""
    for source in (ZCD, MENSCENTRAAL):
        fixtures = ROOT / "connectors" / source / "fixtures"
        hostile = (fixtures / "hostile.jsonl").read_bytes().splitlines(keepends=True)[:HOSTILE_LINES]
        with (folder / f"{source}.jsonl").open("ab") as file:
            file.write((fixtures / "valid.jsonl").read_bytes() + b"".join(hostile))


def test_two_users_get_in_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path, "--households", "5") as running:
        running.await_output("Ctrl-C stops everything")
        assert_only_the_tokens_open(running)
        assert_ctrl_c_leaves_nothing(running)


@pytest.mark.drill
def test_a_second_demo_beside_it_takes_data_of_ones_own_and_proves_itself(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    write_town(given, 20)
    append_fixtures(given)
    dump = tmp_path / "dump.jsonl"
    with demo(tmp_path / "first", "--households", "5") as first:
        first.await_output("Ctrl-C stops everything")
        with demo(tmp_path / "second", "--once", "--json", "--from", str(given), "--dump", str(dump)) as second:
            assert second.ended(240) == 0, second.errors[-3000:]
            assert_proves_itself(second, dump)
        assert first.process.poll() is None, first.errors[-3000:]


def assert_only_the_tokens_open(running: Demo) -> None:
    places = ("/api/v1/huishoudens", "/api/v1/bronnen")
    assert len(set(running.tokens)) == 2
    for place in places:
        assert status(f"{running.url}{place}") == 401
        assert status(f"{running.url}{place}", "no-token") == 401
    director, operator = running.tokens
    assert status(f"{running.url}/api/v1/huishoudens", director) == 200
    assert status(f"{running.url}/api/v1/bronnen", operator) == 200
    for token in running.tokens:
        page = log_in(running.url, token)
        assert page.status_code == 200
        assert "/inloggen" not in str(page.url)
    assert str(log_in_at_provider(running.url, "regisseur").url) == f"{running.url}/huishoudens"
    assert str(log_in_at_provider(running.url, "niemand").url).startswith(f"{running.url}/inloggen/terug")


def assert_proves_itself(running: Demo, dump: Path) -> None:
    (text,) = running.output.splitlines()
    report = json.loads(text)
    assert report["mismatches"] == 0
    assert report["dead_letters"] == report["expected_dead_letters"] == report["exercised"]["bad"]
    assert not [name for name, count in report["exercised"].items() if not count]
    assert_documented_shape([json.loads(text) for text in dump.read_text().splitlines()], report)


def assert_documented_shape(households: list[dict[str, Any]], report: dict[str, Any]) -> None:
    assert len(households) == report["households"]
    assert sum(len(household["dossiers"]) for household in households) == report["dossiers"]
    for household in households:
        assert household.keys() == {"household_id", "members", "dossiers", "conflicts"}
        for member in household["members"]:
            assert member.keys() == {"person_key", "source_refs"}
            assert all(ref.keys() == {"source", "dossier_id", "line"} for ref in member["source_refs"])
        assert all(dossier.keys() == {"source", "dossier_id"} for dossier in household["dossiers"])


def assert_ctrl_c_leaves_nothing(running: Demo) -> None:
    processes = below(running.process.pid)
    for what in PROCESSES:
        assert any(what in command for command in processes.values()), what
    running.interrupt()
    assert running.ended() == 0
    assert "Traceback" not in running.errors
    assert running.errors.splitlines()[-1] == "regiehub: everything is stopped."
    assert_nothing_left(running, list(processes))


@pytest.mark.drill
def test_ctrl_c_while_the_sources_are_filled_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path, "--households", "300") as running:
        running.await_filling()
        processes = below(running.process.pid)
        running.interrupt()
        assert running.ended() == 0
        assert "Traceback" not in running.errors
        assert "Regiehub is up" not in running.output
        assert_nothing_left(running, list(processes))


def test_ctrl_c_before_everything_is_up_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        assert eventually(lambda: len(below(running.process.pid)) >= 3, 60)
        processes = below(running.process.pid)
        running.interrupt()
        assert running.ended() == 0
        assert running.errors.splitlines() == ["", "regiehub: everything is stopped."]
        assert_nothing_left(running, list(processes))


@pytest.mark.drill
@pytest.mark.parametrize(
    ("victim", "said"),
    [
        ("run stream", "`regiehub run stream` was killed (SIGKILL); the demo is stopped"),
        ("noida-db", "the broker has ended by itself; the demo is stopped"),
    ],
)
def test_a_killed_process_stops_the_demo_with_one_clear_line(tmp_path: Path, victim: str, said: str) -> None:
    with demo(tmp_path, "--households", "300") as running:
        running.await_filling()
        processes = below(running.process.pid)
        (killed,) = [process for process, command in processes.items() if victim in command]
        os.kill(killed.pid, signal.SIGKILL)
        assert running.ended(STOP_SECONDS) == 1
        assert "Traceback" not in running.errors
        assert running.errors.splitlines()[-1] == f"regiehub: {said}"
        assert_nothing_left(running, list(processes))


def test_a_taken_port_is_one_line_and_exit_2(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with demo(tmp_path, "--port", str(port)) as running:
            assert running.ended() == 2
            assert f"port {port} on {HOST} is taken" in one_line(running)


@pytest.mark.parametrize("name", ["absent", "a file"])
def test_an_unwritable_temporary_folder_is_one_line_and_exit_2(tmp_path: Path, name: str) -> None:
    (tmp_path / "a file").write_text("")
    with demo(tmp_path / "demo", temporary=tmp_path / name) as running:
        assert running.ended() == 2
        assert str(tmp_path / name) in one_line(running)


@pytest.mark.parametrize(
    "options",
    [
        ["--json"],
        ["--once", "--from", "absent"],
        ["--once", "--dump", "absent/dump.jsonl"],
        ["--broker", "nonsense"],
    ],
    ids=" ".join,
)
def test_nonsense_is_one_line_and_exit_2(tmp_path: Path, options: list[str]) -> None:
    with demo(tmp_path, *options) as running:
        assert running.ended() == 2
        one_line(running)


def test_a_broker_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
    with demo(tmp_path, "--broker", f"{HOST}:{port}") as running:
        assert running.ended() == 2
        assert f"{HOST}:{port}" in one_line(running)


def test_a_broker_whose_topics_are_in_use_is_refused_in_one_line(tmp_path: Path) -> None:
    with EmbeddedBroker() as broker:
        ensure_topics(broker.bootstrap)
        publisher = KafkaPublisher(broker.bootstrap, client_id="somebody")
        publisher.publish([Message(SOURCES, b"zcd", b"of an earlier demo")])
        publisher.close()
        with demo(tmp_path, "--broker", broker.bootstrap) as running:
            assert running.ended() == 2
            assert SOURCES in one_line(running)
