from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog.testing

from hub.desk.looks import LookLog
from hub.desk.looks.anchors import EVENT, Anchor, Anchoring, append, read
from hub.desk.looks.verify import Kind, verify
from hub.ops import metrics
from tests.desk.conftest import NOW
from tests.desk.test_looks import ZCD, look

AT = "2026-03-01T12:00:00+00:00"


@pytest.fixture
def log(tmp_path: Path) -> LookLog:
    return LookLog(tmp_path / "desk" / "looks.jsonl")


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere.jsonl"


def anchoring(log: LookLog, file: Path | None) -> Anchoring:
    return Anchoring(log, file, 300.0, lambda: NOW)


def test_the_head_is_anchored_when_it_has_changed(log: LookLog, anchors: Path) -> None:
    keeper = anchoring(log, anchors)
    for user in ("anna", "bob"):
        log.write(look(user, ZCD))
        for _ in range(2):
            keeper.once()
    assert [(item.at, item.records) for item in read(anchors)] == [(AT, 2), (AT, 4)]
    assert read(anchors)[-1].hash == log.head.hash
    assert anchors.stat().st_mode & 0o077 == 0
    assert metrics.LOOKS_ANCHORED._value.get() == NOW.timestamp()


def test_it_is_an_event_of_the_process_too_that_verify_can_read(log: LookLog, tmp_path: Path) -> None:
    log.write(look("anna", ZCD))
    with structlog.testing.capture_logs() as said:
        anchoring(log, None).once()
    (event,) = said
    assert (event["event"], event["records"], event["hash"]) == (EVENT, 2, log.head.hash)
    kept = tmp_path / "journal"
    kept.write_text("\n".join(["no json", "[]", "{}", json.dumps({"event": EVENT}), json.dumps(event), ""]))
    assert read(kept) == [Anchor(AT, 2, log.head.hash)]


def test_a_log_that_is_rewritten_between_two_starts_is_found(log: LookLog, anchors: Path, tmp_path: Path) -> None:
    for user in ("anna", "bob"):
        log.write(look(user, ZCD))
        anchoring(log, anchors).once()
    log.close()
    path = tmp_path / "desk" / "looks.jsonl"
    assert verify(path, read(anchors)).is_whole
    path.unlink()
    for user in ("anna", "eve", "fred"):
        forged = LookLog(path)
        forged.write(look(user, ZCD))
        forged.close()
    assert verify(path).is_whole
    assert {item.kind for item in verify(path, read(anchors)).problems} == {Kind.REWRITTEN}


@pytest.mark.parametrize("where", ["no/folder/anchors.jsonl", "."])
def test_an_anchor_that_cannot_be_written_is_said_and_refuses_no_read(where: str, log: LookLog, tmp_path: Path) -> None:
    log.write(look("anna", ZCD))
    keeper = anchoring(log, tmp_path / where)
    with structlog.testing.capture_logs() as said:
        keeper.once()
        log.write(look("bob", ZCD))
        keeper.once()
    assert [item["event"] for item in said] == ["looks_not_anchored"] * 2


def test_an_anchor_after_a_torn_one_stands_on_a_line_of_its_own(anchors: Path) -> None:
    append(anchors, Anchor(AT, 1, "a"))
    with anchors.open("ab") as file:
        file.write(b'{"event":"looks_anch')
    append(anchors, Anchor(AT, 2, "b"))
    assert [item.records for item in read(anchors)] == [1, 2]


@pytest.mark.parametrize("steps", [0, 3])
def test_it_is_anchored_at_the_start_at_intervals_and_at_the_end(steps: int, log: LookLog, anchors: Path) -> None:
    keeper = Anchoring(log, anchors, 0.001, lambda: NOW)

    async def live() -> None:
        stopping = asyncio.Event()
        running = asyncio.create_task(keeper.run(stopping))
        for number in range(steps):
            log.write(look(f"u{number}", ZCD))
            await until(lambda: anchored() == log.head.records)
        log.write(look("last", ZCD))
        stopping.set()
        await running

    def anchored() -> int:
        """Up to which record; 0 while the first anchor is still being written."""
        found = read(anchors) if anchors.exists() else []
        return found[-1].records if found else 0

    async def until(is_so: Callable[[], bool]) -> None:
        while not is_so():
            await asyncio.sleep(0)

    asyncio.run(live())
    assert read(anchors)[-1].records == log.head.records == 2 * (steps + 1)
