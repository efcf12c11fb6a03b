"""The projector in a process of its own beside the desk's: Python runs one thread at a time, so every reader would wait
for what is worked out of a view. It writes the read model, the desk reads it; how far it is and what it did it tells by
a pipe, a line of JSON several times a second.

If it ends unasked, so does the desk: what a page shows would grow old unsaid, and a supervisor starts both again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import traceback
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
import structlog

from hub.connect.confine import die_with_parent
from hub.desk import database, pauses
from hub.desk.caseload.writing import Attending
from hub.desk.feed import Feed, Observer
from hub.desk.settings_file import load_prices, load_terms
from hub.errors import ContractError, ProjectorEnded, RegiehubError
from hub.events.codec import UndecodableError, UnknownSchemaError
from hub.ops import logging
from hub.settings import Settings, load_settings

TELL_SECONDS: Final = 0.25
"""How often it tells: as old is what the desk knows of it, beside what the read model itself says."""
SILENT_SECONDS: Final = 5.0
"""After this long without a line it hangs, or the machine does: the desk is not ready."""
STOP_SECONDS: Final = 5.0
"""How long it may take over the list that it is at. Longer, and it is killed: a list is taken in as a whole or not."""
_LONGEST_LINE: Final = 16 * 2**20
"""Bytes: some hundred views a second and it is a few kilobytes; this many views nobody projects between two lines."""
_HUB: Final = Path(__file__).parents[1]
COMMAND: Final = (sys.executable, "-c", "from hub.desk.apart import main; main()")

_log = structlog.get_logger()


class Apart:
    """The projector as the desk sees it: started, listened to and ended by the desk's event loop."""

    def __init__(
        self,
        observer: Observer,
        command: Sequence[str] = COMMAND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`observer`: is told here what is done there. `command`: gets the number of this process as its last word, and
        this process's environment."""
        self._observer = observer
        self._command = command
        self._clock = clock
        self._why: str | None = "the projector is starting"
        self._heard_at = clock()
        self._unreadable: str | None = None
        self._failed: str | None = None
        self._stopped = asyncio.Event()

    def why_not_ready(self) -> str | None:
        """As `Progress.why_not_ready`, of the process that reads the log; also if nothing is heard of it."""
        if self._clock() - self._heard_at > SILENT_SECONDS:
            return "the projector does not answer"
        return self._why

    def stop(self) -> None:
        """Ask `run` to end it after the list it is at."""
        self._stopped.set()

    async def run(self) -> int:
        """Run it until asked to stop; gives the exit code of the desk. Raises ContractError if the log holds what this
        release cannot read, ProjectorEnded if it ended by itself for another reason."""
        child = await asyncio.create_subprocess_exec(
            *self._command, str(os.getpid()), stdin=DEVNULL, stdout=PIPE, limit=_LONGEST_LINE
        )
        hearing = asyncio.create_task(self._hear(child))
        stopping = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait([hearing, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not hearing.done():
                child.terminate()
            await asyncio.wait([asyncio.create_task(child.wait())], timeout=STOP_SECONDS)
        finally:
            stopping.cancel()
            with suppress(ProcessLookupError):
                child.kill()
        exit_code = await child.wait()
        await hearing
        self._why = "the projector has ended"
        if self._unreadable is not None:
            text = "The log holds what this release cannot read; nothing was skipped."
            raise ContractError(text, self._unreadable)
        if self._stopped.is_set():
            return 0
        _log.error("projector_ended", exit_code=exit_code)
        raise ProjectorEnded(_what_to_do(self._failed, exit_code))

    async def _hear(self, child: Process) -> None:
        """Until it says nothing more, because it has ended."""
        assert child.stdout is not None
        while line := await child.stdout.readline():
            with suppress(orjson.JSONDecodeError):  # cut short: it was killed
                self._take(orjson.loads(line))

    def _take(self, told: dict[str, Any]) -> None:
        self._heard_at = self._clock()
        self._why = told["why_not_ready"]
        self._unreadable = told["unreadable"]
        self._failed = told.get("failed")
        for name, said in told["did"]:
            getattr(self._observer, name)(**said)


def _what_to_do(failed: str | None, exit_code: int) -> str:
    """One line for whoever runs the desk."""
    if failed is not None:
        why = f"could not be filled: {failed}. Mend what projector_failed in the log names"
    elif exit_code < 0:
        why = f"is not filled any more: signal {-exit_code} ended that process. See whether the machine has memory left"
    else:
        why = f"is not filled any more: that process ended with exit code {exit_code}"
    return f"The read model {why}; then start the desk again. Nothing was skipped."


class _Did:
    """The observer there: keeps what is to be told."""

    def __init__(self) -> None:
        self._calls: list[tuple[str, dict[str, object]]] = []

    def taken(self) -> list[tuple[str, dict[str, object]]]:
        """What was not told yet."""
        calls, self._calls = self._calls, []
        return calls

    def applied(self, topic: str, count: int) -> None:
        """Keep it."""
        self._calls.append(("applied", {"topic": topic, "count": count}))

    def visible(self, *, since_published_seconds: float, since_recorded_seconds: float) -> None:
        """Keep it."""
        seconds = {"since_published_seconds": since_published_seconds, "since_recorded_seconds": since_recorded_seconds}
        self._calls.append(("visible", {**seconds}))

    def view(self, size_bytes: int) -> None:
        """Keep it."""
        self._calls.append(("view", {"size_bytes": size_bytes}))

    def lag(self, records: int, parked: int) -> None:
        """Keep it."""
        self._calls.append(("lag", {"records": records, "parked": parked}))


def main() -> None:
    """The process: told by the same settings as the desk. A terminal's Ctrl-C is the desk's, which ends this one."""
    die_with_parent(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.configure("projector")
    out = sys.stdout.buffer
    try:
        exit_code = project(load_settings(), out)
    except Exception as error:  # noqa: BLE001 - the top of this process: say what broke, without values, and end
        exit_code = _fail(error, out)
    raise SystemExit(exit_code)


def _fail(error: Exception, out: BinaryIO) -> int:
    """Places and classes alone: what a database says of its error may hold a family's data. What we say ourselves does
    not."""
    frames = traceback.extract_tb(error.__traceback__)
    places = "".join(traceback.format_list(frames))
    detail = str(error) if isinstance(error, (RegiehubError, UndecodableError)) else ""
    _log.critical("projector_failed", error=type(error).__name__, detail=detail, traceback=places)
    last = next((frame for frame in reversed(frames) if Path(frame.filename).is_relative_to(_HUB)), frames[-1])
    failed = f"{type(error).__name__}{f' ({detail})' if detail else ''} at {Path(last.filename).name}:{last.lineno}"
    _say(out, "the projector has failed", failed=failed)
    return 1


def project(settings: Settings, out: BinaryIO) -> int:
    """Fill the read model until SIGTERM; tells on `out`. Returns the exit code."""
    attending = Attending(load_terms(settings.terms_file), load_prices(settings.prices_file))
    engine = database.open_engine(settings.desk_database, follows=True)
    did = _Did()
    feed = Feed(settings.broker, engine, did, attending=attending)
    pauses.collect_seldom()
    try:
        asyncio.run(_project(feed, did, out))
    except UnknownSchemaError as error:
        _tell(out, feed, did, str(error))
        return 1
    finally:
        engine.dispose()
    return 0


async def _project(feed: Feed, did: _Did, out: BinaryIO) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, feed.stop)
    running = asyncio.create_task(feed.run())
    while not running.done():
        _tell(out, feed, did)
        await asyncio.wait([running], timeout=TELL_SECONDS)
    _tell(out, feed, did)
    await running


def _tell(out: BinaryIO, feed: Feed, did: _Did, unreadable: str | None = None) -> None:
    _say(out, feed.progress.why_not_ready(), did=did.taken(), unreadable=unreadable)


def _say(out: BinaryIO, why_not_ready: str | None, **more: object) -> None:
    """A line for `Apart`, which knows what stands in it."""
    line = {"why_not_ready": why_not_ready, "did": [], "unreadable": None, "failed": None} | more
    out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    out.flush()
