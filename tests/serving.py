"""An application that answers on a socket of this machine while a test runs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def serving(app: ASGIApp, listener: socket.socket, **options: Any) -> Iterator[str]:
    """In a thread of its own; gives its address, and closes the socket. `options`: of uvicorn, as for https."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", **options))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    host, port = listener.getsockname()[:2]
    thread.start()
    try:
        yield f"{'https' if options.get('ssl_keyfile') else 'http'}://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
