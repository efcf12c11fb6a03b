"""The parent's side of a connector's process: starts it with nothing to find, talks with it, ends it."""

from __future__ import annotations

import ctypes
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from hub.connect.api import Cursor, InventoryItem, RawRecord
from hub.connect.wire import (
    Frame,
    Kind,
    TranslatedBatch,
    WireError,
    pack,
    read_batch,
    read_frame,
    read_items,
    reread_request,
    translate_request,
)
from hub.errors import ConfigError, RegiehubError, SourceRejected, SourceUnavailable

_PLACES: Final = frozenset({"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT"})
_PYTHON: Final = frozenset({"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"})
_NETWORK: Final = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"})
_PASSED_ON: Final = _PLACES | _PYTHON | _NETWORK
_PR_SET_DUMPABLE: Final = 4
_LOOK_SECONDS: Final = 0.1
ANSWER_SECONDS: Final = 300.0
"""A poll takes "a few seconds at most"; a source that hangs longer than this will not come back by itself."""


class ConnectorDefectError(RegiehubError):
    """The connector broke its contract: an exception that it may not raise, a malformed answer, or it hangs. A bug."""


def hide_memory() -> None:
    """Close this process's memory and environment to others of the same user (/proc/PID/mem, environ, ptrace).
    Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """What a connector may see of our environment: locale, paths, proxies. Never a REGIEHUB_ variable."""
    return {name: value for name, value in environment.items() if name.upper() in _PASSED_ON or name.startswith("LC_")}


class ConnectorProcess:
    """One connector, in a process of its own. Used by one thread, the one that starts it must live as long as it
    does."""

    def __init__(
        self,
        reference: str,
        config: Mapping[str, JsonValue],
        *,
        denied: tuple[Path, ...] = (),
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Starts it and builds the connector. Raises ConfigError for its settings, ConnectorDefectError."""
        self._stopping = stopping
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hub.connect.host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=scrubbed(os.environ),
            start_new_session=True,  # Ctrl-C in our terminal is ours to handle
        )
        try:
            self._send(_setup(reference, config, denied))
            ready = self._answer()
        except BaseException:
            self.close(0)
            raise
        frame = ready or {}
        self.version = str(frame.get("version", "0"))
        self.unconfined: str | None = frame.get("unconfined")
        self.inventory_is_complete = bool(frame.get("inventory_is_complete", True))
        self.receives = frame.get("receives") is True
        limit = frame.get("requests_per_second")
        self.requests_per_second = float(limit) if isinstance(limit, int | float) and limit > 0 else None

    @property
    def pid(self) -> int:
        """The connector's process."""
        return self._process.pid

    def poll(self, cursor: Cursor | None) -> TranslatedBatch | None:
        """Read and translate what is new. None: we were asked to stop meanwhile; the batch, if any, is lost on purpose.

        Raises SourceUnavailable, SourceRejected, ConnectorDefectError.
        """
        return self._ask_batch({"kind": Kind.POLL, "cursor": None if cursor is None else cursor.model_dump()})

    def reread(self, items: Sequence[InventoryItem]) -> TranslatedBatch | None:
        """These records as the source holds them now, translated. As `poll`, with a cursor that means nothing."""
        return self._ask_batch(reread_request(items))

    def translate(self, records: Sequence[RawRecord]) -> TranslatedBatch | None:
        """Records that were read before, translated anew. As `poll`, with a cursor that means nothing."""
        return self._ask_batch(translate_request(records))

    def inventory(self) -> Iterator[list[InventoryItem]]:
        """What the source holds now, page by page; ends early when we are asked to stop. Raises as `poll`, at any step.

        Nothing else may be asked before it is read to its end."""
        request = {"kind": Kind.INVENTORY, "first": True}
        while True:
            self._send(request)
            frame = self._answer()
            if frame is None:
                return
            yield _checked_items(frame)
            if not frame.get("more"):
                return
            request = {"kind": Kind.INVENTORY, "first": False}

    def _ask_batch(self, request: Frame) -> TranslatedBatch | None:
        self._send(request)
        frame = self._answer()
        if frame is None:
            return None
        try:
            return read_batch(frame)
        except WireError as error:
            raise ConnectorDefectError("The connector answered nonsense.", str(error)) from error

    def check(self) -> None:
        """See whether the source answers and lets us in. Raises SourceUnavailable, SourceRejected,
        ConnectorDefectError."""
        self._send({"kind": Kind.CHECK})
        self._answer()

    def close(self, deadline_seconds: float = 5.0) -> None:
        """End it: close its stdin, wait, and kill it at the deadline. May be called twice."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # it ended before it had read everything
        try:
            self._process.wait(deadline_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, frame: Frame) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(pack(frame))
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise ConnectorDefectError("The connector's process ended by itself.") from error

    def _answer(self) -> Frame | None:
        deadline = time.monotonic() + ANSWER_SECONDS
        try:
            frame = read_frame(lambda count: self._read_exactly(count, deadline))
        except (WireError, TimeoutError) as error:
            if self._stopping():
                return None
            raise ConnectorDefectError("The connector does not answer as it must.", str(error)) from error
        if frame is None and not self._stopping():
            raise ConnectorDefectError("The connector's process ended by itself.", f"code {self._process.poll()}")
        return None if frame is None else _checked(frame)

    def _read_exactly(self, count: int, deadline: float) -> bytes | None:
        assert self._process.stdout is not None
        parts: list[bytes] = []
        descriptor = self._process.stdout.fileno()
        while count > 0:
            if not select.select([descriptor], [], [], _LOOK_SECONDS)[0]:
                if self._stopping():
                    return None
                if time.monotonic() > deadline:
                    raise TimeoutError("no answer in time")
                continue
            part = os.read(descriptor, min(count, 1 << 20))
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def _setup(reference: str, config: Mapping[str, JsonValue], denied: tuple[Path, ...]) -> Frame:
    return {
        "kind": Kind.SETUP,
        "parent": os.getpid(),
        "connector": reference,
        "config": dict(config),
        "denied": [str(path.resolve()) for path in denied],
    }


def _checked_items(frame: Frame) -> list[InventoryItem]:
    try:
        return read_items(frame)
    except WireError as error:
        raise ConnectorDefectError("The connector answered nonsense.", str(error)) from error


def _checked(frame: Frame) -> Frame:
    """The frame, if it is good news. Raises what it reports otherwise."""
    message, detail = str(frame.get("message", "")), str(frame.get("detail", ""))
    match frame.get("kind"):
        case Kind.READY | Kind.BATCH | Kind.ITEMS | Kind.CHECKED:
            return frame
        case Kind.UNAVAILABLE:
            asked = frame.get("retry_after_seconds")
            seconds = float(asked) if isinstance(asked, int | float) else None
            raise SourceUnavailable(seconds, user_message=message, detail=detail)
        case Kind.REJECTED:
            raise SourceRejected(message, detail)
        case Kind.CONFIG_INVALID:
            raise ConfigError("connectors file", problem=f"does not fit: {message}")
        case Kind.DEFECT:
            where = f"{frame.get('error')} at {frame.get('where')}"
            raise ConnectorDefectError("The connector raised what it may not raise.", where)
        case _:
            raise ConnectorDefectError("The connector answered nonsense.", "unknown kind of frame")
