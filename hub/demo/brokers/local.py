"""What the two brokers share: a port, a folder of their own, one child process, how they start and end."""

from __future__ import annotations

import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from hub.demo.brokers import BrokerUnavailable
from hub.demo.brokers.child import ChildProcess
from hub.demo.brokers.ports import HOST, answers, free_port, require_free

__all__ = ["LocalBroker"]

_POLL_SECONDS = 0.02
_DETAIL_LINES = 20


class LocalBroker(ABC):
    """A throw-away broker: a fresh folder each run, removed by `stop`. See `Broker` for the promises.

    The process also dies when ours is killed (Linux); only its folder in the temporary directory stays."""

    title: ClassVar[str]
    stop_seconds: ClassVar[float]
    harmless: ClassVar[str | None] = None  # log lines that hold this text are never shown

    def __init__(self, *, port: int | None, ready_seconds: float) -> None:
        self._port = free_port() if port is None else port
        self._ready_seconds = ready_seconds
        self._folder: Path | None = None
        self._child: ChildProcess | None = None

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:PORT`; the same before, during and after a run."""
        return f"{HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """None before the start and after a stop."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Return once clients can connect. Raises BrokerUnavailable and leaves nothing behind."""
        if self._folder is not None:
            raise RuntimeError(f"{self.title} was started before; stop it first")
        require_free(self._port)  # before the preparation, which may take seconds
        try:
            self._folder = _new_folder()
            self._prepare(self._folder)
            self._launch(self._folder)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process and remove its data. Safe to call twice, and after a failed start."""
        try:
            self._end_process()
        finally:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def is_running(self) -> bool:
        """False before the start, after a stop, and when the process died by itself."""
        return self._child is not None and self._child.exit_code() is None

    def last_lines(self, count: int = _DETAIL_LINES) -> list[str]:
        """The end of the broker's log, oldest first; empty when there is no process."""
        lines = self._child.last_lines(count) if self._child else []
        return [line for line in lines if self.harmless is None or self.harmless not in line]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self, folder: Path) -> None:
        """Once per folder, before the first launch. Raises BrokerNotInstalled for what is missing."""

    @abstractmethod
    def _command(self, folder: Path) -> list[str]:
        """The program and its arguments; it keeps its data in `folder`."""

    def _launch(self, folder: Path) -> None:
        require_free(self._port)
        self._child = ChildProcess(self._command(folder), log=folder / "broker.log")
        deadline = time.monotonic() + self._ready_seconds
        while not answers(self._port):
            if not self.is_running():
                raise self._failure(f"stopped at once (exit code {self._child.exit_code()})")
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready within {self._ready_seconds:g} seconds")
            time.sleep(_POLL_SECONDS)

    def _end_process(self) -> None:
        if self._child is not None:
            self._child.stop(self.stop_seconds)
        self._child = None

    def _failure(self, what: str) -> BrokerUnavailable:
        lines = self.last_lines()
        errors = [line for line in lines if "error" in line.lower()] or lines[-1:]
        reason = f": {errors[0].strip()[:300]}" if errors else ""
        return BrokerUnavailable(f"{self.title} on {self.bootstrap} {what}{reason}", detail="\n".join(lines))


def _new_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="regiehub-broker-"))
    except OSError as error:
        raise BrokerUnavailable(f"no temporary folder for the broker: {error}") from error
