"""A simulated source that pushes, for vendors: a feed of lines on disk, each sent to the hub as a CloudEvent.

See `hub.connect.simulator`. Standard library only.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, Final

from hub.connect.push import EVENTS_PATH
from hub.connect.simulated import FeedOfLines, Line
from hub.connect.simulator import Change, Faults

_TOKEN: Final = "token-of-the-simulated-receiver"
_AGAIN_SECONDS: Final = 0.2
_ANSWER_SECONDS: Final = 5.0


class PushSimulator(FeedOfLines):
    """Sends each change until the hub has taken it: at once, and again where nobody listened."""

    orderly: ClassVar[bool] = False

    def __init__(self, folder: Path, port: int = 0, faults: Faults | None = None) -> None:
        super().__init__(folder, port or _free_port(), faults)
        self._folder = folder
        self._taken: set[int] = set()
        self._sending = threading.Lock()
        self._stopping = threading.Event()

    @property
    def url(self) -> str:
        """Where the hub is to listen."""
        return f"http://127.0.0.1:{self.port}{EVENTS_PATH}"

    def settings(self) -> dict[str, str]:
        """What a `PushConfig` needs."""
        return {
            "inbox_folder": str(self._folder / "inbox"),
            "listen_port": str(self.port),
            "receiver_token": _TOKEN,
        }

    def unreachable(self) -> dict[str, str]:
        """An inbox that is not there, and a port that nobody listens on."""
        return {**self.settings(), "inbox_folder": str(self._folder / "none"), "listen_port": str(_free_port())}

    def refused(self) -> dict[str, str]:
        """Another token."""
        return {**self.settings(), "receiver_token": "not-the-token-of-the-receiver"}

    def event(self, line: Line) -> Mapping[str, object]:
        """The event of a change. The same for the same one: it may be sent twice."""
        return {
            "specversion": "1.0",
            "id": str(line.position),
            "source": "urn:nld:oin:00000001823288444000:systeem:simulated",
            "type": "nl.regiehub.simulated.changed",
            "datacontenttype": "application/json",
            "data": _data(line.text),
        }

    def request(self, line: Line) -> tuple[str, bytes]:
        """Content type and body of what is sent: the event in structured form."""
        return "application/cloudevents+json", json.dumps(self.event(line)).encode()

    def start(self) -> None:
        """Send from now on, and what was not taken yet."""
        self._stopping.clear()
        threading.Thread(target=self._keep_sending, args=(self._stopping,), daemon=True).start()

    def stop(self) -> None:
        """Send no more."""
        self._stopping.set()
        self._stopping = threading.Event()
        self._stopping.set()

    def close(self) -> None:
        """Stop."""
        self.stop()

    def apply_many(self, changes: Iterable[Change | str]) -> list[int]:
        """Record them, and send them."""
        positions = super().apply_many(changes)
        self._send_all()
        return positions

    def release(self, positions: Iterable[int]) -> None:
        """Show them, and send them."""
        super().release(positions)
        self._send_all()

    def _keep_sending(self, stopping: threading.Event) -> None:
        while not stopping.wait(_AGAIN_SECONDS):
            self._send_all()

    def _send_all(self) -> None:
        """All that show and were not taken, in order; ends at the first that is not taken."""
        with self._sending:
            for line in self._visible():
                if self._stopping.is_set():
                    return
                if line.position not in self._taken and not self._is_taken(line):
                    return
                self._taken.add(line.position)

    def _is_taken(self, line: Line) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_ANSWER_SECONDS)
        content_type, body = self.request(line)
        headers = {"Content-Type": content_type, "Authorization": f"Bearer {_TOKEN}"}
        try:
            connection.request("POST", EVENTS_PATH, body, headers)
            return connection.getresponse().status == http.client.NO_CONTENT
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _data(text: str) -> object:
    """A line that is no JSON is sent as text."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text.encode(errors="replace").decode()


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
