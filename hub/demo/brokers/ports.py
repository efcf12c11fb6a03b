"""Ports on loopback: find a free one, check one, ask whether a Kafka answers on it. Stdlib only."""

from __future__ import annotations

import errno
import random
import socket
import struct
import sys

from hub.demo.brokers import BrokerUnavailable

__all__ = ["HOST", "answers", "free_port", "require_free"]

HOST = "127.0.0.1"

# Below every platform's range for outgoing connections. Within that range a client that retries a stopped
# broker can be given the broker's own port and connect to itself; the broker then can't start again.
_FIRST_PORT, _LAST_PORT = 20_000, 31_999
_handed_out: set[int] = set()
_random = random.SystemRandom()

# Metadata v4 for no topic at all: api key, version, correlation id, client id, 0 topics, no auto-create.
_CLIENT_ID = b"regiehub-ready"
_BODY = struct.pack(f">hhih{len(_CLIENT_ID)}sib", 3, 4, 1, len(_CLIENT_ID), _CLIENT_ID, 0, 0)
_METADATA_REQUEST = struct.pack(">i", len(_BODY)) + _BODY
_ANSWER_HEAD = struct.Struct(">iiii")  # size, correlation id, throttle time, number of live brokers


def free_port() -> int:
    """A port nothing listens on, never handed out before by this process."""
    for port in _random.sample(range(_FIRST_PORT, _LAST_PORT + 1), 200):
        if port not in _handed_out and _bind_error(port) is None:
            _handed_out.add(port)
            return port
    raise BrokerUnavailable(f"no free port found between {_FIRST_PORT} and {_LAST_PORT} on {HOST}")


def require_free(port: int) -> None:
    """Raises BrokerUnavailable when the port is taken, or may not be used by this user."""
    error = _bind_error(port)
    if error is None:
        return
    if error.errno == errno.EADDRINUSE:
        raise BrokerUnavailable(f"port {port} on {HOST} is taken: stop what uses it or choose another port")
    raise BrokerUnavailable(f"port {port} on {HOST} can't be used: {error.strerror or error}")


def answers(port: int) -> bool:
    """Whether a Kafka on this port names at least one live broker: topics can be created from then on."""
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(_METADATA_REQUEST)
            head = connection.makefile("rb").read(_ANSWER_HEAD.size)
    except OSError:
        return False
    return len(head) == _ANSWER_HEAD.size and _ANSWER_HEAD.unpack(head)[3] > 0


def _bind_error(port: int) -> OSError | None:
    with socket.socket() as probe:
        if sys.platform != "win32":  # there the option would let two servers share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error
    return None
