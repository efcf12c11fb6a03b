"""Takes the events of a source that pushes, on loopback unless told otherwise, and keeps them in its inbox.

It says 204 when the event is on disk, or was before; a source sends again whatever got another answer. It runs in the
hub's process, beside no code of a vendor.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from pydantic import JsonValue, ValidationError

from hub.connect.api import Cursor
from hub.connect.inbox import Inbox
from hub.connect.ingest.cloud_events import Refused, read_event
from hub.connect.push import EVENTS_PATH, PushConfig
from hub.errors import ConfigError, SourceRejected, SourceUnavailable
from hub.ops import metrics
from hub.ops.logging import get_logger

_log: Final = get_logger()
_REQUEST_SECONDS: Final = 10.0
"""For the whole of a request, however slowly it comes: it holds a thread, before it is known who sends."""
_MOST_AT_ONCE: Final = 32
"""Requests served at once; more wait in the queue of the socket."""
_WAIT_SECONDS: Final = 1.0
"""So long the next one waits to be served. Then it is let go, to send again: nobody else is heard meanwhile."""
_POLL_SECONDS: Final = 0.05
_RETRY_SECONDS: Final = 5
_MOST_FOR_NOTHING: Final = 1 << 20
"""Bytes of a refused request that are read before the connection is closed."""
_METHODS: Final = "OPTIONS, POST"


def push_config(settings: Mapping[str, JsonValue]) -> PushConfig:
    """The hub's part of the settings of a source that pushes. Raises ConfigError."""
    try:
        return PushConfig.model_validate({n: v for n, v in settings.items() if n in PushConfig.model_fields})
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        raise ConfigError("connectors file", problem=f"lacks what a source that pushes needs: {wrong}") from None


def make_inbox_folder(settings: Mapping[str, JsonValue], denied: tuple[Path, ...]) -> None:
    """If a source has one, before its connector's process starts: what is made later may be closed to that
    (hub.connect.confine). Raises ConfigError where it cannot be made, or lies where no connector may read."""
    given = settings.get("inbox_folder")
    if not isinstance(given, str):
        return
    inbox = Path(given).resolve()
    if any(inbox == path.resolve() or path.resolve() in inbox.parents for path in denied):
        raise ConfigError("inbox_folder", [given], problem="lies where no connector may read: choose another")
    try:
        inbox.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError("inbox_folder", [given], problem=f"cannot be made ({error.strerror})") from error


class Receiver:
    """Listens for one source until `stop`, in threads of its own."""

    def __init__(self, config: PushConfig, source: str) -> None:
        """Listens at once. Raises ConfigError when it cannot: the port is taken, the inbox is another source's or
        cannot be made."""
        try:
            self._inbox = Inbox(config.inbox_folder, create=True)
            self._lock = _own(config.inbox_folder)
        except BlockingIOError as error:
            self._inbox.close()
            raise ConfigError(
                "inbox_folder", [str(config.inbox_folder)], problem="is in use: one per source"
            ) from error
        except (SourceUnavailable, SourceRejected) as error:
            raise ConfigError(
                "inbox_folder", [str(config.inbox_folder)], problem=f"cannot be used ({error})"
            ) from error
        self._token = config.receiver_token.get_secret_value().encode()
        self._most_bytes = config.max_event_bytes
        self._keep_days = config.keep_days
        self._source = source
        try:
            self._server = _Server((config.listen_host, config.listen_port), _handler(self), self._busy)
        except OSError as error:
            self._let_go()
            at = f"port {config.listen_port} on {config.listen_host}"
            raise ConfigError("listen_port", problem=f"cannot be used ({error.strerror}: {at})") from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="receiver", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Free the port, then the inbox. What was answered is kept."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._let_go()

    def forget(self, cursor: Cursor) -> None:
        """Drop the events up to a cursor that was saved, so that all of them are published, once they are old enough.
        Never by one that only looks ahead, or reads all once more. Raises SourceUnavailable, SourceRejected."""
        up_to = cursor.state.get("inbox")
        if isinstance(up_to, int):
            self._inbox.forget(up_to, self._keep_days)

    def _let_go(self) -> None:
        self._inbox.close()
        os.close(self._lock)

    def refuse_stranger(self, authorization: str) -> None:
        """Raises Refused unless the header holds the token."""
        scheme, _, token = authorization.partition(" ")
        given = token.strip().encode("utf-8", "surrogateescape")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._token):
            raise Refused(HTTPStatus.UNAUTHORIZED, "unauthorised", "Send Authorization: Bearer and the agreed token.")

    def length(self, header: str | None) -> int:
        """Bytes of the body. Raises Refused for none, and for too many."""
        if header is None or not header.isascii() or not header.isdigit() or len(header) > 18:
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "malformed", "Send a Content-Length.")
        if int(header) > self._most_bytes:
            title = f"An event may have {self._most_bytes} bytes at most."
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", title)
        return int(header)

    def take(self, headers: Mapping[str, str], body: bytes) -> None:
        """Keep the event of a request. Raises Refused."""
        event = read_event(headers, body, str(uuid4()))
        try:
            is_new = self._inbox.keep(event.source, event.id, event.body)
        except (SourceUnavailable, SourceRejected) as error:
            _log.error("event_not_kept", source=self._source, detail=error.detail)
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "not_kept", "Not kept: send it again later.") from error
        self.count("kept" if is_new else "duplicate")

    def _busy(self) -> None:
        self.refused(Refused(HTTPStatus.SERVICE_UNAVAILABLE, "not_kept", "Too many requests at once: send it again."))

    def count(self, outcome: str) -> None:
        """What became of a request."""
        metrics.EVENTS_RECEIVED.labels(self._source, outcome).inc()

    def refused(self, problem: Refused) -> None:
        """Count it and log why; nothing of the request."""
        self.count(problem.outcome)
        _log.warning("event_refused", source=self._source, reason=problem.outcome, why=problem.title)


class _Server(ThreadingHTTPServer):
    """Threads, but not without end."""

    daemon_threads = True
    block_on_close = False

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], busy: Callable[[], None]
    ) -> None:
        self._busy = busy
        self._slots = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._until: dict[socket.socket, float] = {}
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._slots.acquire(timeout=_WAIT_SECONDS):
            self._busy()
            self.shutdown_request(request)
            return
        self._until[request] = time.monotonic() + _REQUEST_SECONDS
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """Called again and again: end what takes too long. Its thread then reads the end of the request."""
        now = time.monotonic()
        for request, until in list(self._until.items()):
            if now > until:
                with suppress(OSError):  # it has just ended
                    request.shutdown(socket.SHUT_RDWR)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._until.pop(request, None)
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that went away is no news; of a defect only its kind is said, for a request holds people's data."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            _log.error("event_request_failed", error=type(error).__name__)


def _own(folder: Path) -> int:
    """Two sources in one inbox would each be given the other's events. Raises BlockingIOError."""
    descriptor = os.open(folder / "receiver.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    return descriptor


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _REQUEST_SECONDS

        def do_POST(self) -> None:
            """One event."""
            try:
                self._admit()
                size = receiver.length(self.headers.get("Content-Length"))
            except Refused as problem:
                self._refuse(problem)
                self._hear_out()
                return
            body = self.rfile.read(size)
            if len(body) < size:
                return  # it went away
            try:
                receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            except Refused as problem:
                self._refuse(problem)
            else:
                self._say(HTTPStatus.NO_CONTENT)

        def do_OPTIONS(self) -> None:
            """Whether we take events: the handshake of CloudEvents' webhooks, and our own check."""
            try:
                self._admit()
            except Refused as problem:
                self._refuse(problem)
            else:
                origin = self.headers.get("WebHook-Request-Origin", "")
                agreed = {"WebHook-Allowed-Origin": origin} if origin and origin.isprintable() else {}
                self._say(HTTPStatus.OK, {"Allow": _METHODS, **agreed})

        def do_GET(self) -> None:
            """There is nothing to get."""
            self._refuse(Refused(HTTPStatus.METHOD_NOT_ALLOWED, "malformed", "Send events by POST."))

        do_HEAD = do_PUT = do_PATCH = do_DELETE = do_GET

        def _admit(self) -> None:
            if self.path != EVENTS_PATH:
                raise Refused(HTTPStatus.NOT_FOUND, "malformed", f"Events go to {EVENTS_PATH}.")
            receiver.refuse_stranger(self.headers.get("Authorization", ""))

        def _hear_out(self) -> None:
            """Read what was sent for nothing, within bounds: closing before would take our answer away from it."""
            rest = _MOST_FOR_NOTHING
            while rest > 0 and (part := self.rfile.read1(min(rest, 1 << 16))):
                rest -= len(part)

        def _refuse(self, problem: Refused) -> None:
            receiver.refused(problem)
            status = problem.status
            extra = {
                HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
                HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": _METHODS},
                HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(_RETRY_SECONDS)},
            }.get(status, {})
            told = {"type": "about:blank", "status": int(status), "title": status.phrase, "detail": problem.title}
            self._say(status, {"Content-Type": "application/problem+json", **extra}, json.dumps(told).encode())

        def _say(self, status: HTTPStatus, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """The counts say it."""

    return Handler
