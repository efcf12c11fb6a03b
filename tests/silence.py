"""Somebody who takes connections and never says anything: a server that hangs, or what stands before it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silent_server() -> Iterator[str]:
    """Host and port. The machine itself takes the connections; nobody ever looks at them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield "{}:{}".format(*listener.getsockname())
