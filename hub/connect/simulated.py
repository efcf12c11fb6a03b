"""A simulated source for vendors: a feed of lines on disk, and a small web server before it. See
`hub.connect.simulator`.

Subclass `WebSimulator` and answer requests out of `page` and `final_records`. Standard library only.
"""

from __future__ import annotations

import json
import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from hub.connect.simulator import Change, Faults
from hub.errors import TranslationError
from hub.events.records import Draft

_POLL_SECONDS: Final = 0.02
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503


class Line(NamedTuple):
    """One change in the feed: its position and its text."""

    position: int
    text: str


class Page(NamedTuple):
    """A part of the feed. `last`: go on after it; `more`: there is more by now."""

    lines: list[Line]
    last: int
    more: bool


class Answer(NamedTuple):
    """What the simulated server says."""

    status: int
    body: object = None
    headers: Mapping[str, str] = {}


class Request(NamedTuple):
    """What it was asked."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class FeedOfLines(ABC):
    """The content of a simulated source, kept in a folder. Of `Faults` it does `gap_rate`."""

    orderly: ClassVar[bool] = True
    """The feed ends before the first change that is not committed. False: later ones show before it."""

    def __init__(self, folder: Path, port: int = 0, faults: Faults | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port
        self.faults = faults or Faults()
        self._random = random.Random(self.faults.seed)
        self._lock = threading.RLock()
        self._file = folder / "feed.jsonl"
        self._lines: dict[int, str] = {}
        self._held: dict[int, str] = {}
        self._last = 0
        if self._file.exists():
            for position, text in map(json.loads, self._file.read_text(encoding="utf-8").splitlines()):
                self._lines[position] = text
            self._last = max(self._lines, default=0)

    @abstractmethod
    def translated(self, text: str) -> Sequence[Draft]:
        """What the connector's own `translate` makes of a line; raises TranslationError."""

    def set_faults(self, faults: Faults) -> None:
        """Behave differently from now on."""
        self.faults = faults

    def apply(self, change: Change | str) -> int:
        """Record one change."""
        return self.apply_many([change])[0]

    def apply_many(self, changes: Iterable[Change | str]) -> list[int]:
        """Record many."""
        with self._lock:
            given = {self._next(): _text(change) for change in changes}
            self._show(given)
            return list(given)

    def apply_late(self, changes: Iterable[Change | str]) -> HeldLines:
        """Number changes now; they show when they are released."""
        with self._lock:
            given = {self._next(): _text(change) for change in changes}
            self._held |= given
            return HeldLines(self.release, list(given))

    def release_all(self) -> None:
        """Show everything that is held."""
        self.release(list(self._held))

    def repeat(self, position: int | None = None) -> int:
        """An old change once more. Raises KeyError."""
        with self._lock:
            if position is None:
                position = self._random.choice([line.position for line in self._visible() if self._drafts(line.text)])
            return self.apply(self._lines[position])

    def final_records(self) -> list[dict[str, object]]:
        """The newest readable version of each record."""
        newest: dict[tuple[str, str], tuple[tuple[object, ...], str]] = {}
        for line in self._visible():
            for draft in self._drafts(line.text):
                order = (draft.version, draft.recorded_at, line.position)
                register = (draft.record_type, draft.record_id)
                newest[register] = max(newest.get(register, (order, line.text)), (order, line.text))
        return [json.loads(text) for _, text in newest.values()]

    def all_changes(self) -> list[tuple[int, str]]:
        """Every change that shows."""
        return [(line.position, line.text) for line in self._visible()]

    def load(self, path: Path) -> int:
        """Record a file of one change a line; what is not UTF-8 comes as text that is no record."""
        lines = [line for line in path.read_bytes().split(b"\n") if line.strip()]
        return len(self.apply_many(line.decode(errors="replace") for line in lines))

    def page(self, after: int, limit: int) -> Page:
        """What shows after a position."""
        found = [line for line in self._visible() if line.position > after]
        shown = found[:limit]
        return Page(shown, shown[-1].position if shown else after, len(found) > limit)

    def _visible(self) -> list[Line]:
        with self._lock:
            end = min(self._held, default=self._last + 1) if self.orderly else self._last + 1
            return [Line(at, self._lines[at]) for at in sorted(self._lines) if at < end]

    def _next(self) -> int:
        self._last += 2 if self._random.random() < self.faults.gap_rate else 1
        return self._last

    def _show(self, lines: Mapping[int, str]) -> None:
        self._lines |= lines
        with self._file.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines.items())

    def release(self, positions: Iterable[int]) -> None:
        """Show what is held at these positions."""
        with self._lock:
            self._show({at: self._held.pop(at) for at in list(positions) if at in self._held})

    def _drafts(self, text: str) -> Sequence[Draft]:
        try:
            return self.translated(text)
        except TranslationError:
            return ()


class HeldLines:
    """A transaction that stays open."""

    def __init__(self, release: Callable[[Iterable[int]], None], positions: list[int]) -> None:
        self._release = release
        self.positions = positions

    def release(self) -> None:
        """Commit; a second call does nothing."""
        self._release(self.positions)


class WebSimulator(FeedOfLines):
    """The feed behind a web server on loopback, in a thread of this process. Does the faults of web sources."""

    def __init__(self, folder: Path, port: int = 0, faults: Faults | None = None) -> None:
        super().__init__(folder, port, faults)
        self._server: ThreadingHTTPServer | None = None
        self._stopping = threading.Event()

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """The source's own answer to one request. Called from several threads."""

    @property
    def url(self) -> str:
        """Where it answers, after `start`."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Answer from now on."""
        self._stopping.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()

    def stop(self) -> None:
        """Answer no more; the content stays."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server = None

    def close(self) -> None:
        """Stop."""
        self.stop()

    def in_its_mood(self, request: Request) -> Answer:
        """The answer, or what the faults make of it."""
        faults = self.faults
        if faults.delay_seconds:
            self._stopping.wait(faults.delay_seconds)
        if self._random.random() < faults.too_many_rate:
            return Answer(_TOO_MANY, headers={"Retry-After": str(faults.retry_after_seconds)})
        if self._random.random() < faults.server_error_rate:
            return Answer(_UNAVAILABLE)
        return self.answer(request)


def _text(change: Change | str) -> str:
    return change if isinstance(change, str) else json.dumps(change)


def _handler(simulator: WebSimulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _serve(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
            try:
                self._send(simulator.in_its_mood(request))
            except ConnectionError:  # whoever asked has gone
                self.close_connection = True

        def _send(self, answer: Answer) -> None:
            data = b"" if answer.body is None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(data)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    return Handler
