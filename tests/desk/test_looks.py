from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from hub.desk.looks import Look, LookLog, LooksTaken, LooksUnavailable, log_file
from hub.desk.looks.record import bodies
from hub.desk.looks.verify import verify

ZCD, OTHER = "zcd/Z-1", "zcd/Z-2"
FULL = Path("/dev/full")


def look(user: str, *dossiers: str, persons: tuple[str, ...] = ("p-anna",)) -> Look:
    return Look(
        at="2026-03-01T12:00:00.000000Z",
        user=user,
        role="case_director",
        organisation="",
        action="read_household",
        activity="urn:regiehub:verwerking:huishouden-inzien",
        ground="",
        allowed=True,
        reason="role_may",
        household_id="H1",
        dossiers=dossiers,
        subjects=dict.fromkeys(persons, dossiers),
        trace_id="ab" * 16,
        parent_span_id="",
    )


def users(log: LookLog, *dossiers: str, limit: int = 200, skip: int = 0) -> list[str]:
    return [item["user"] for item in log.of_household(dossiers, (), limit=limit, skip=skip).looks]


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_looks_are_found_by_dossier_and_by_person_newest_first_and_once(tmp_path: Path) -> None:
    log = LookLog(tmp_path / "looks.jsonl")
    assert users(log, ZCD) == []
    log.write(look("anna", ZCD, persons=("p-1", "p-2")))
    log.write(look("bob", OTHER, persons=("p-2",)))
    assert users(log, ZCD) == ["anna"]
    log.write(look("carl", ZCD, OTHER, persons=()))
    assert users(log, ZCD, OTHER) == ["carl", "bob", "anna"]
    assert users(log, ZCD, OTHER, limit=1) == ["carl"]
    assert users(log, ZCD, OTHER, limit=5, skip=1) == ["bob", "anna"]
    assert log.of_household([ZCD], ["p-2"], limit=1).total == 3
    assert [(item["user"], item["person"]) for item in log.of_person("p-2")] == [("bob", "p-2"), ("anna", "p-2")]
    assert log.of_person("p") == []


def test_the_index_is_a_copy_that_comes_back(tmp_path: Path) -> None:
    log = LookLog(tmp_path / "looks.jsonl")
    log.write(look("anna", ZCD))
    assert users(log, ZCD) == ["anna"]
    (tmp_path / "looks.index.sqlite").unlink()
    assert users(log, ZCD) == ["anna"]
    log.close()
    (tmp_path / "looks.jsonl").unlink()
    another = LookLog(tmp_path / "looks.jsonl")
    another.write(look("bob", ZCD))
    assert users(another, ZCD) == ["bob"]


def test_a_log_is_read_on_after_a_restart_and_is_private(tmp_path: Path) -> None:
    path = log_file(tmp_path)
    for user in ("anna", "bob"):
        log = LookLog(path)
        log.write(look(user, ZCD))
        assert users(log, ZCD)[0] == user
        log.close()
    assert verify(path).is_whole
    assert [item["number"] for item in records(path)] == [1, 2, 3, 4]
    assert not [item for item in path.parent.iterdir() if item.stat().st_mode & 0o077]


def test_no_two_records_have_the_same_span(tmp_path: Path) -> None:
    spans = [json.loads(body)["span_id"] for _ in range(50) for body in bodies(look("anna", ZCD))]
    assert len(set(spans)) == 100


TORN = [b'{"at":"2026-03-0', b"\0" * 4096, b"{}", b'{"number":1,"record":"ope', b"x" * 200_000, b"een\ntwee"]


@pytest.mark.parametrize("open_again", [True, False])
@pytest.mark.parametrize("torn", TORN, ids=range(len(TORN)))
def test_a_line_that_a_crash_tore_stays_is_said_and_spoils_no_other(
    torn: bytes, open_again: bool, tmp_path: Path
) -> None:
    path = tmp_path / "looks.jsonl"
    log = LookLog(path)
    log.write(look("anna", ZCD))
    with path.open("ab") as file:
        file.write(torn)
    if open_again:
        log.close()
        log = LookLog(path)
    log.write(look("bob", ZCD))
    assert users(log, ZCD) == ["bob", "anna"]
    assert torn in path.read_bytes()
    found = verify(path)
    assert (found.problems, found.records, found.torn) == ([], 5, len(torn.split(b"\n")))


@pytest.mark.parametrize("torn", [b"half a line", b'{"number":1,"previous":"","record":"subject","person":"p"}'])
def test_a_log_that_begins_with_a_crash_is_mended(torn: bytes, tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    path.write_bytes(torn)
    log = LookLog(path)
    log.write(look("anna", ZCD))
    assert users(log, ZCD) == ["anna"]
    assert verify(path).is_whole


def cut_short(handle: int, data: bytes, real: Callable[[int, bytes], int] = os.write) -> int:
    return real(handle, data[:-9])


def disk_full(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("call", "fails"), [("write", cut_short), ("write", disk_full), ("fsync", disk_full)])
def test_a_write_that_fails_or_is_cut_short_is_refused_and_the_next_goes_on(
    call: str, fails: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "looks.jsonl"
    log = LookLog(path)
    log.write(look("anna", ZCD))
    for _ in range(3):
        with monkeypatch.context() as patch, pytest.raises(LooksUnavailable):
            patch.setattr(os, call, fails)
            log.write(look("bob", ZCD))
    log.write(look("carl", ZCD))
    assert users(log, ZCD)[0] == "carl"
    assert verify(path).is_whole


@pytest.mark.skipif(not FULL.exists(), reason="the device that is always full is Linux's")
def test_on_a_full_disk_nothing_is_logged_and_so_nothing_allowed(tmp_path: Path) -> None:
    (tmp_path / "looks.jsonl").symlink_to(FULL)
    with pytest.raises(LooksUnavailable):
        LookLog(tmp_path / "looks.jsonl").write(look("anna", ZCD))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LooksUnavailable):
        LookLog(tmp_path / "file" / "looks.jsonl").write(look("anna", ZCD))
    with pytest.raises(LooksUnavailable):
        LookLog(tmp_path / "file" / "looks.jsonl").open()


@pytest.mark.parametrize("lost", ["file", "folder", "replaced", "cut", "rewritten"])
def test_a_log_that_is_gone_or_changed_under_the_desk_refuses_until_it_is_back(lost: str, tmp_path: Path) -> None:
    path = tmp_path / "desk" / "looks.jsonl"
    log = LookLog(path)
    for user in ("anna", "bob"):
        log.write(look(user, ZCD))
    content = path.read_bytes()
    if lost == "folder":
        shutil.rmtree(path.parent)
    elif lost in ("file", "replaced"):
        path.unlink()
        if lost == "replaced":
            path.write_bytes(content[:-1] + b" \n")
    elif lost == "cut":
        os.truncate(path, 10)
    else:
        path.write_bytes(content.replace(b"bob", b"eve") + b"\n")
    for _ in range(2):
        with pytest.raises(LooksUnavailable):
            log.write(look("carl", ZCD))
        with pytest.raises(LooksUnavailable):
            users(log, ZCD)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    log.write(look("dora", ZCD))
    assert users(log, ZCD) == ["dora", "bob", "anna"]
    assert verify(path).is_whole


def test_two_writers_of_one_log_are_one_too_many(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    first, second = LookLog(path), LookLog(path)
    first.open()
    with pytest.raises(LooksTaken):
        second.open()
    with pytest.raises(LooksUnavailable):
        second.write(look("bob", ZCD))
    first.write(look("anna", ZCD))
    first.close()
    second.write(look("bob", ZCD))
    with pytest.raises(LooksUnavailable):
        first.write(look("carl", ZCD))
    assert [item["user"] for item in records(path) if item["record"] == "operation"] == ["anna", "bob"]


def test_many_who_look_at_once_lose_nothing_and_stand_in_one_order(tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    log = LookLog(path)
    names = [f"u{number}" for number in range(400)]
    with ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda name: log.write(look(name, ZCD, persons=("p-1", "p-2", "p-3"))), names))
    found = records(path)
    assert [item["number"] for item in found] == list(range(1, 1601))
    assert sorted(item["user"] for item in found if item["record"] == "operation") == sorted(names)
    assert all(item["user"] == found[place // 4 * 4]["user"] for place, item in enumerate(found))
    assert verify(path).is_whole


def test_those_who_come_while_one_is_written_share_the_next_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LookLog(tmp_path / "looks.jsonl")
    log.open()
    flushes, begun, go_on = [], Event(), Event()

    def slow(handle: int) -> None:
        flushes.append(handle)
        begun.set()
        assert go_on.wait(60)

    monkeypatch.setattr(os, "fsync", slow)
    with ThreadPoolExecutor(12) as pool:
        first = pool.submit(log.write, look("first", ZCD))
        assert begun.wait(60)
        others = [pool.submit(log.write, look(f"u{number}", ZCD)) for number in range(10)]
        while len(log._queue) < 10:
            assert not any(item.done() for item in (first, *others))
        go_on.set()
        for item in (first, *others):
            item.result(60)
    assert len(flushes) == 2


def test_a_failure_reaches_everybody_who_waited_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LookLog(tmp_path / "looks.jsonl")
    monkeypatch.setattr(os, "fsync", disk_full)
    with ThreadPoolExecutor(8) as pool:
        outcomes = [pool.submit(log.write, look(f"u{number}", ZCD)).exception(60) for number in range(40)]
    assert {type(outcome) for outcome in outcomes} == {LooksUnavailable}


def test_whoever_waited_for_somebody_whom_a_defect_ended_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LookLog(tmp_path / "looks.jsonl")
    log.open()
    begun, go_on, calls = Event(), Event(), []

    def once_then_broken(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 1:
            raise RuntimeError("a defect")
        begun.set()
        assert go_on.wait(60)

    monkeypatch.setattr(os, "fsync", once_then_broken)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(log.write, look("first", ZCD))
        assert begun.wait(60)
        others = [pool.submit(log.write, look(f"u{number}", ZCD)) for number in range(3)]
        while len(log._queue) < 3:
            assert not any(item.done() for item in (first, *others))
        go_on.set()
        outcomes = [item.exception(60) for item in others]
    assert all(outcomes)
    assert first.exception(60) is None


WRITER = """
import sys
from pathlib import Path
from hub.desk.looks import LookLog
from tests.desk.test_looks import look
log = LookLog(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    log.write(look(f"u{number}", "zcd/Z-1", persons=tuple(f"p-{n}" for n in range(200))))
    print(number, flush=True)
"""


@pytest.mark.parametrize("run", range(2))
def test_what_was_answered_outlives_a_kill_in_mid_write(run: int, tmp_path: Path) -> None:
    path = tmp_path / "looks.jsonl"
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as writer:
            assert writer.stdout is not None
            said = [next(writer.stdout) for _ in range(5 + run)]
            writer.send_signal(signal.SIGKILL)
            said += list(writer.stdout)
        before = sum(item["record"] == "operation" for item in whole_lines(path))
        assert before >= len(said)
        log = LookLog(path)
        log.write(look("after", ZCD))
        log.close()
        assert verify(path).problems == []
    kept = [item["user"] for item in whole_lines(path) if item["record"] == "operation"]
    assert kept.count("after") == 2
    assert {"u1", f"u{5 + run}"} <= set(kept)


def whole_lines(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_bytes().splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found
