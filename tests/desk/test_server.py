from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.desk.access import Actor, Role
from hub.desk.feed import CONTACT_SECONDS, READY_LAG_RECORDS, Progress
from hub.desk.looks.anchors import read
from hub.desk.server import anchors_file, listen, open_database
from hub.desk.tokens import Tokens
from hub.errors import ConfigError
from hub.settings import Settings

VIEW = ("households.views.v1", 0)
DIRK = Actor("dirk", Role.CASE_DIRECTOR)


def test_a_taken_port_gives_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as caught:
            listen("127.0.0.1", port)
    assert str(port) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_answer_in_two_writes_does_not_wait_for_the_reader_to_acknowledge_the_first() -> None:
    """asyncio would set the option itself, but not on a socket that does not name its protocol: 40 ms on every read."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("url", ["nonsense", "sqlite://", "sqlite:////proc/desk.sqlite", "nosuchdb://u:geheim@h/d"])
def test_a_database_that_cannot_be_opened_is_a_setting_that_is_wrong(url: str) -> None:
    with pytest.raises(ConfigError, match="REGIEHUB_DESK_DATABASE") as caught:
        open_database(url)
    assert "geheim" not in str(caught.value)


def test_the_read_model_is_private_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "desk" / "desk.sqlite"
    open_database(f"sqlite:///{path}").dispose()
    assert path.stat().st_mode & 0o077 == 0


def tokens_file(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "tokens.json"
    path.write_text(content)
    path.chmod(mode)
    return path


def test_tokens_stand_for_a_user_and_a_role(tmp_path: Path) -> None:
    inspector = {"user": "ine", "role": "inspection_officer", "organisation": "Gemeente Voorbeeld"}
    content = json.dumps({"aap": {"user": "dirk", "role": "case_director"}, "mies": inspector})
    tokens = Tokens.from_file(tokens_file(tmp_path, content))
    assert tokens.actor("aap") == DIRK
    assert tokens.actor("mies") == Actor("ine", Role.INSPECTION_OFFICER, "Gemeente Voorbeeld")
    assert tokens.actor("noot") is None


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        ("geheim", 0o600),
        ('["geheim"]', 0o600),
        ('{"geheim": {"user": "x", "role": "koning"}}', 0o600),
        ('{"geheim": {"role": "operations"}}', 0o600),
        ('{"geheim": {"user": "", "role": "operations"}}', 0o600),
        ('{"geheim": {"user": "x", "role": "operations"}}', 0o644),
    ],
)
def test_a_tokens_file_that_is_wrong_stops_the_start_and_is_not_repeated(
    content: str, mode: int, tmp_path: Path
) -> None:
    path = tokens_file(tmp_path, content, mode)
    with pytest.raises(ConfigError, match="REGIEHUB_DESK_TOKENS_FILE") as caught:
        Tokens.from_file(path)
    assert "geheim" not in str(caught.value)


def test_a_tokens_file_that_is_not_there_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Tokens.from_file(tmp_path / "none.json")
    assert str(tmp_path / "none.json") in caught.value.tried


def test_ready_means_caught_up_once_near_the_end_and_in_contact() -> None:
    now = [100.0]
    progress = Progress(clock=lambda: now[0])
    assert progress.why_not_ready() == "the log cannot be reached"
    progress.aim({VIEW: 5})
    assert progress.why_not_ready() == "catching up with the log"
    progress.measure({VIEW: 4})
    assert progress.why_not_ready() == "catching up with the log"
    progress.measure({VIEW: 5})
    assert progress.why_not_ready() is None
    progress.measure({VIEW: 5}, {VIEW: 10})
    assert (progress.lag_records, progress.why_not_ready()) == (5, None)
    progress.measure({VIEW: 5}, {VIEW: 6 + READY_LAG_RECORDS})
    assert progress.why_not_ready() == "behind the log"
    progress.measure({VIEW: 9}, {VIEW: 9})
    now[0] += CONTACT_SECONDS + 1
    assert progress.why_not_ready() == "the log cannot be reached"


PROCESS = """
from hub.desk.server import Keys, run
from hub.settings import load_settings
raise SystemExit(run(load_settings(), Keys(lambda sealed: None, lambda bsn: None, lambda address: "", "f" * 16), print))
"""


@contextmanager
def process(folder: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """The desk as a process of its own, without a log to read. It is killed at the end, and its projector is gone."""
    tokens_file(folder, json.dumps({"aap": {"user": "dirk", "role": "case_director"}}))
    environment = {
        **os.environ,
        "REGIEHUB_DATA_FOLDER": str(folder),
        "REGIEHUB_ENVIRONMENT": "demo",
        "REGIEHUB_DESK_TOKENS_FILE": str(folder / "tokens.json"),
        "REGIEHUB_BROKER": "127.0.0.1:1",
        "REGIEHUB_DESK_PORT": "0",
        **settings,
    }
    with subprocess.Popen(
        [sys.executable, "-c", PROCESS], env=environment, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            left = [os.pidfd_open(child) for child in children_of(running)]
            running.kill()
            for child in left:
                assert select.select([child], [], [], 20)[0]
                os.close(child)


def children_of(running: subprocess.Popen[str]) -> list[int]:
    """The process id of its projector; none if it does not run."""
    if running.poll() is not None:
        return []
    return [int(word) for word in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()]


def line_with(running: subprocess.Popen[str], event: str) -> dict[str, object]:
    assert running.stderr is not None
    for line in running.stderr:
        found: dict[str, object] = json.loads(line)
        if found["event"] == event:
            return found
    raise AssertionError(f"the process ended without {event}")


def test_a_second_desk_on_the_same_log_of_looks_is_refused_in_one_line(tmp_path: Path) -> None:
    with process(tmp_path) as running:
        line_with(running, "desk_listening")
        with process(tmp_path) as second:
            assert second.wait(60) == 1
            assert second.stderr is not None
            said = second.stderr.read()
        assert "holds a log of looks that another process writes" in said


def test_a_log_of_looks_that_cannot_be_written_does_not_stop_the_desk(tmp_path: Path) -> None:
    (tmp_path / "desk" / "looks.jsonl").mkdir(parents=True)
    with process(tmp_path) as running:
        assert line_with(running, "looks_unavailable")["why"] == "Is a directory"
        address = f"http://127.0.0.1:{line_with(running, 'desk_listening')['port']}"
        with pytest.raises(urllib.error.HTTPError, match="503") as refused:
            urllib.request.urlopen(f"{address}/api/v1/huishoudens")
        refused.value.close()


def test_the_log_of_looks_is_anchored_outside_the_data_folder(tmp_path: Path) -> None:
    folder, anchors = tmp_path / "data", tmp_path / "anchors.jsonl"
    folder.mkdir()
    with process(folder, REGIEHUB_LOOKS_ANCHORS_FILE=str(anchors)) as running:
        address = f"http://127.0.0.1:{line_with(running, 'desk_listening')['port']}"
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(f"{address}/api/v1/huishoudens")
        refused.value.close()
        running.send_signal(signal.SIGTERM)
        assert line_with(running, "looks_anchored")["records"] == 1
        assert running.wait(20) == 0
    assert [item.records for item in read(anchors)] == [1]


@pytest.mark.parametrize("inside", ["anchors.jsonl", "desk/anchors.jsonl", "../data/x"])
def test_anchors_beside_the_log_would_be_rewritten_with_it(inside: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings = Settings(data_folder=folder, looks_anchors_file=folder / inside)
    with pytest.raises(ConfigError, match="outside the data folder"):
        anchors_file(settings)


def test_a_proxy_on_this_machine_says_whom_a_limit_is_about(tmp_path: Path) -> None:
    def status(address: str, client: str) -> int:
        request = urllib.request.Request(f"{address}/inloggen/begin", headers={"X-Forwarded-For": client})
        try:
            with urllib.request.urlopen(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    with process(tmp_path, REGIEHUB_LOGINS_PER_MINUTE="1") as running:
        address = f"http://127.0.0.1:{line_with(running, 'desk_listening')['port']}"
        assert [status(address, "192.0.2.7") for _ in range(11)] == [200] * 10 + [429]
        assert status(address, "192.0.2.8") == 200


def test_a_desk_without_login_does_not_start_outside_a_demo(tmp_path: Path) -> None:
    with process(tmp_path, REGIEHUB_ENVIRONMENT="production") as running:
        assert running.wait(60) == 1
        assert running.stderr is not None
        assert "REGIEHUB_OIDC_ISSUER is missing" in running.stderr.read()


def test_the_process_answers_at_once_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    with process(tmp_path) as running:
        address = f"http://127.0.0.1:{line_with(running, 'desk_listening')['port']}"
        with urllib.request.urlopen(f"{address}/healthz") as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{address}/metrics") as answer:
            assert b"regiehub_visible_freshness_seconds" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="503") as refused:
            urllib.request.urlopen(f"{address}/readyz")
        refused.value.close()
        running.send_signal(signal.SIGTERM)
        line_with(running, "desk_stopped")
        assert running.wait(20) == 0
