"""A process's own small web server, on loopback unless it is told otherwise: /metrics, /healthz, /readyz."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from hub.errors import ConfigError
from hub.ops.metrics import exposition

HOST: Final = "127.0.0.1"
_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class OpsServer:
    """Answers in threads of its own until `stop`. `ready` is asked at each /readyz; it must not block."""

    def __init__(self, port: int, ready: Callable[[], bool] = lambda: True, host: str = HOST) -> None:
        """Listens at once; port 0 takes a free one. Raises ConfigError when the port is taken, or the host not ours."""
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(ready))
        except OSError as error:
            raise ConfigError(
                "REGIEHUB_METRICS_PORT", problem=f"cannot be used ({error.strerror}: port {port} on {host})"
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="ops-http", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(ready: Callable[[], bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one of the three paths."""
            if self.path == "/metrics":
                self._answer(200, exposition(), _METRICS_TYPE)
            elif self.path == "/healthz":
                self._answer(200, b"ok\n", "text/plain")
            elif self.path == "/readyz":
                is_ready = ready()
                self._answer(200 if is_ready else 503, b"ready\n" if is_ready else b"not ready\n", "text/plain")
            else:
                self._answer(404, b"not found\n", "text/plain")

        def log_message(self, format: str, *args: object) -> None:
            """A scrape each few seconds is no news."""

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
