"""A simulated ZCD: a web server of its own process, with a file behind it that this process writes."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Final

import uvicorn

from connectors.zcd.simulator_server import STORE_NAME, make_server
from connectors.zcd.simulator_store import ZcdStore
from hub.connect.simulated_store import StoredSimulator
from hub.connect.simulator import Change, Faults

_START_SECONDS: Final = 30.0


class ZcdSimulator(StoredSimulator[ZcdStore]):
    """See `hub.connect.simulator.Simulator`. `in_process`: serve from a thread instead of a child process."""

    def __init__(self, folder: Path, port: int = 0, *, faults: Faults | None = None, in_process: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._port = port
        self._in_process = in_process
        super().__init__(ZcdStore(folder / STORE_NAME, faults))
        self._starting: Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._served: tuple[uvicorn.Server, ZcdStore, Thread] | None = None

    @property
    def url(self) -> str:
        """Where it answers, after `start`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The child process, if it runs in one."""
        return None if self._child is None else self._child.pid

    def settings(self) -> dict[str, str]:
        """What `ZcdConfig` needs."""
        return {
            "base_url": self.url,
            "client_id": self._store.setting("client_id"),
            "client_secret": self._store.setting("client_secret"),
        }

    def start(self) -> None:
        """Serve; returns when it answers.

        Raises OSError if the port is taken, RuntimeError if it does not come up.
        """
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self._port))
            listener.listen(128)
            self._port = listener.getsockname()[1]
            if self._in_process:
                self._serve_here(listener.dup())
            else:
                self._serve_in_child(listener.dup())
        self._await_answer()

    def _serve_here(self, listener: socket.socket) -> None:
        store = ZcdStore(self._folder / STORE_NAME)
        server = make_server(store)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True, name="zcd-simulator")
        thread.start()
        self._served = (server, store, thread)

    def _serve_in_child(self, listener: socket.socket) -> None:
        """Ctrl-C is raised in the main thread: another one starts the child, so that `stop` knows of it whenever that
        comes."""
        self._starting = Thread(target=self._start_child, args=(listener,), name="zcd-simulator-starter")
        self._starting.start()
        self._starting.join()

    def _start_child(self, listener: socket.socket) -> None:
        command = [sys.executable, "-m", "connectors.zcd.simulator_server"]
        with listener:
            self._child = subprocess.Popen(
                [*command, str(self._folder.resolve()), str(listener.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )

    def _await_answer(self) -> None:
        until = monotonic() + _START_SECONDS
        while monotonic() < until and (self._child is None or self._child.poll() is None):
            if self._answers():
                return
            sleep(0.02)
        self.stop()
        raise RuntimeError("the simulated ZCD does not come up")

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=1.0)
        try:
            connection.request("GET", "/gezond")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop answering; the content stays."""
        if self._served is not None:
            server, store, thread = self._served
            server.should_exit = server.force_exit = True
            thread.join(10)
            store.close()
            self._served = None
        if self._starting is not None:
            self._starting.join()
            self._starting = None
        if self._child is not None:
            if self._child.stdin is not None:
                self._child.stdin.close()
            self._child.wait(10)
            self._child = None

    def apply_silently(self, changes: Iterable[Change | str]) -> None:
        """Change records without a word in the feed: a change that got lost, or was made behind ZCD's back."""
        numbers = self._store.add(changes, held=True)
        self._store.silence(numbers)
        self._store.release(numbers)
