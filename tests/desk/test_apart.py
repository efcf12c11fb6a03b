"""The projector in a process of its own, as the desk sees it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.desk.apart import SILENT_SECONDS, Apart
from hub.errors import ContractError, ProjectorEnded
from tests.desk.test_server import children_of, line_with, process

READY: dict[str, object] = {"why_not_ready": None, "did": [], "unreadable": None}


class Counting:
    """The observer: what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def applied(self, topic: str, count: int) -> None:
        self.told.append((topic, count))

    def visible(self, *, since_published_seconds: float, since_recorded_seconds: float) -> None:
        self.told.append((since_published_seconds, since_recorded_seconds))

    def view(self, size_bytes: int) -> None:
        self.told.append(size_bytes)

    def lag(self, records: int, parked: int) -> None:
        self.told.append((records, parked))


def saying(*lines: object, then: str = "") -> list[str]:
    """A projector that says this and does that."""
    said = "".join(json.dumps(line) + "\n" for line in lines)
    return [sys.executable, "-c", f"import sys, time\nsys.stdout.write({said!r})\nsys.stdout.flush()\n{then}"]


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.01)


async def test_what_it_did_and_how_far_it_is_is_heard_and_it_ends_when_it_is_asked() -> None:
    did = [
        ["applied", {"topic": "households.views.v1", "count": 2}],
        ["view", {"size_bytes": 900}],
        ["visible", {"since_published_seconds": 0.1, "since_recorded_seconds": 3.5}],
        ["lag", {"records": 7, "parked": 1}],
    ]
    observer = Counting()
    projector = Apart(observer, saying({**READY, "did": did}, then="time.sleep(60)"))
    assert projector.why_not_ready() == "the projector is starting"
    running = asyncio.create_task(projector.run())
    await until(lambda: projector.why_not_ready() is None)
    assert observer.told == [("households.views.v1", 2), 900, (0.1, 3.5), (7, 1)]
    projector.stop()
    assert await running == 0
    assert projector.why_not_ready() == "the projector has ended"


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("raise SystemExit(3)", "exit code 3"),
        ("sys.stdout.write('{cut sh')", "exit code 0"),
        ("import os\nos.kill(os.getpid(), 9)", "signal 9 .* memory"),
    ],
)
async def test_one_that_ends_by_itself_ends_the_desk_with_an_error(then: str, said: str) -> None:
    projector = Apart(Counting(), saying(READY, then=then))
    with pytest.raises(ProjectorEnded, match=said):
        await projector.run()
    assert projector.why_not_ready() == "the projector has ended"


async def test_a_log_that_it_cannot_read_is_said_as_it_was_in_one_process() -> None:
    projector = Apart(Counting(), saying({**READY, "unreadable": "schema id 99"}, then="raise SystemExit(1)"))
    with pytest.raises(ContractError, match="nothing was skipped") as caught:
        await projector.run()
    assert "schema id 99" in caught.value.detail


BREAKING = """
from hub.desk import apart

def broken(*_):
    raise OperationalError("INSERT", row, Exception("disk full"))

apart.project = broken
apart.main()
"""


def test_what_breaks_it_is_one_line_and_its_places_stand_in_the_log_without_a_value(tmp_path: Path) -> None:
    named = "from sqlalchemy.exc import OperationalError\nrow = {'name': 'Noor de Vries'}\n"
    ended = subprocess.run(
        [sys.executable, "-c", named + BREAKING, str(os.getpid())],
        env={**os.environ, "REGIEHUB_DATA_FOLDER": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    told, logged = json.loads(ended.stdout), json.loads(ended.stderr)
    assert told["failed"].startswith("OperationalError at apart.py:")
    assert (logged["event"], logged["error"]) == ("projector_failed", "OperationalError")
    assert "in broken" in logged["traceback"] and b"Noor" not in ended.stdout + ended.stderr


async def test_what_broke_it_and_what_to_do_is_said_by_the_desk() -> None:
    failed = {**READY, "failed": "OperationalError at projector.py:93"}
    with pytest.raises(ProjectorEnded, match=r"OperationalError at projector\.py:93\. Mend .* start the desk again"):
        await Apart(Counting(), saying(failed, then="raise SystemExit(1)")).run()


async def test_one_that_says_nothing_any_more_makes_the_desk_not_ready() -> None:
    now = [100.0]
    projector = Apart(Counting(), saying(READY, then="time.sleep(60)"), clock=lambda: now[0])
    running = asyncio.create_task(projector.run())
    await until(lambda: projector.why_not_ready() is None)
    now[0] += SILENT_SECONDS + 0.1
    assert projector.why_not_ready() == "the projector does not answer"
    projector.stop()
    assert await running == 0


def test_without_its_projector_the_desk_ends_too(tmp_path: Path) -> None:
    """The other way round, every test that ends a desk sees to it."""
    with process(tmp_path) as running:
        line_with(running, "log_unreachable")
        os.kill(children_of(running)[0], signal.SIGKILL)
        assert line_with(running, "projector_ended")["exit_code"] == -signal.SIGKILL
        assert running.wait(20) == 1
