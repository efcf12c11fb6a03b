"""`python -m hub.ops.probe`: whether the process beside it is ready, by its exit code. A container's health check.

Imports nothing of the hub: it starts every few seconds.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException
from typing import Final

_SECONDS: Final = 3.0
"""Less than what a health check waits: a process that answers later is in trouble."""
_ANYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104  # what we are told of, not where we listen


def is_ready(host: str, port: int) -> bool:
    """Whether /readyz says so, within a few seconds."""
    connection = HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def main() -> int:
    """0 if ready, else 1; where it answers stands in the variables that the process itself was told."""
    host = os.environ.get("REGIEHUB_METRICS_HOST", "127.0.0.1")
    return int(not is_ready("127.0.0.1" if host in _ANYWHERE else host, int(os.environ["REGIEHUB_METRICS_PORT"])))


if __name__ == "__main__":
    sys.exit(main())
