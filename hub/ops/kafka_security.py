"""How processes reach a Kafka that wants TLS or a password: `REGIEHUB_KAFKA_*` variables, in the words of both clients.

Read wherever a client is made, and not handed down: it is one thing for a whole process, and every client needs all of
it. A password without TLS is not among the choices.
"""

from __future__ import annotations

import socket
import ssl
import threading
import weakref
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import ConfigError
from hub.settings import PREFIX, read_private

KAFKA_PREFIX: Final = f"{PREFIX}KAFKA_"
_PASSWORD_FILE: Final = f"{KAFKA_PREFIX}PASSWORD_FILE"
_CA_FILE: Final = f"{KAFKA_PREFIX}CA_FILE"
_HANDSHAKE_SECONDS: Final = 5.0
"""Leaves room for another attempt, at any of the broker's servers, in the ten seconds that we mostly give it in all."""


class Protocol(StrEnum):
    """Kafka's own names."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_SSL = "SASL_SSL"


class Mechanism(StrEnum):
    """Kafka's own names."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class KafkaSecurity(BaseSettings):
    """What a process is told of the broker's locks."""

    model_config = SettingsConfigDict(
        env_prefix=KAFKA_PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    protocol: Protocol = Field(
        default=Protocol.PLAINTEXT, description="PLAINTEXT (a closed network only), SSL, or SASL_SSL with a password."
    )
    ca_file: Path | None = Field(
        default=None, description="PEM: who may vouch for the broker; none: whoever this machine trusts."
    )
    mechanism: Mechanism = Field(
        default=Mechanism.SCRAM_SHA_512, description="With SASL_SSL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."
    )
    user: str = Field(default="", description="With SASL_SSL: our name at the broker.")
    password_file: Path | None = Field(default=None, description="With SASL_SSL: the password, mode 0600.")


def load_security() -> KafkaSecurity:
    """Out of the environment. Raises ConfigError that names the variable."""
    try:
        return KafkaSecurity()
    except ValidationError as error:
        first = error.errors()[0]
        name = KAFKA_PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        problem = f"is not valid: {first['msg']}"
        raise ConfigError(name, [f"environment variable {name}"], problem=problem) from None


def client_options() -> dict[str, Any]:
    """Options of a client, of kafka-python and of aiokafka alike. Raises ConfigError."""
    security = load_security()
    if security.protocol is Protocol.PLAINTEXT:
        return {}
    options: dict[str, Any] = {"security_protocol": security.protocol.value, "ssl_context": _context(security.ca_file)}
    if security.protocol is Protocol.SASL_SSL:
        options |= {
            "sasl_mechanism": security.mechanism.value,
            "sasl_plain_username": _stated(security.user),
            "sasl_plain_password": _password(security.password_file),
        }
    return options


class _Answered(ssl.SSLSocket):
    """kafka-python (3.0.12) waits without end for a broker that takes the connection and says nothing in the TLS
    handshake: neither request_timeout_ms nor bootstrap_timeout_ms counts there. This one ends such a connection, after
    which that client goes on as after any that failed. aiokafka makes no such socket, and has a deadline of its own."""

    _deadline: threading.Timer | None = None

    def do_handshake(self, block: bool = False) -> None:
        """A step of it; as kafka-python has set the socket, that does not block. Raises SSLWantReadError or
        SSLWantWriteError for more steps, another OSError when it has failed or was ended."""
        try:
            if self._deadline is None:
                self._deadline = threading.Timer(_HANDSHAKE_SECONDS, _end, [weakref.ref(self)])
                self._deadline.daemon = True
                self._deadline.start()
            super().do_handshake(block)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except (
            Exception
        ):  # whatever it was (a certificate, no thread for the timer): that client lets go of it unclosed
            self._over()
            self.close()
            raise
        self._over()

    def _over(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()


def _end(given_up: weakref.ref[_Answered]) -> None:
    """Keeps no socket alive that its client has let go of."""
    if (found := given_up()) is not None:
        with suppress(OSError):  # it is closed already
            socket.socket.shutdown(found, socket.SHUT_RDWR)  # not its own, which takes the TLS away under a thread


def _context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificate and host name are checked."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one too
        raise ConfigError(_CA_FILE, [str(ca_file)], problem="cannot be read, or holds no certificate") from error
    context.sslsocket_class = _Answered
    return context


def _stated(user: str) -> str:
    if not user:
        raise ConfigError(f"{KAFKA_PREFIX}USER", [f"environment variable {KAFKA_PREFIX}USER"])
    return user


def _password(file: Path | None) -> str:
    if file is None:
        raise ConfigError(_PASSWORD_FILE, [f"environment variable {_PASSWORD_FILE}"])
    try:
        found = read_private(file, _PASSWORD_FILE).decode().strip()
    except UnicodeDecodeError:
        found = ""
    if not found:
        raise ConfigError(_PASSWORD_FILE, [str(file)], problem="holds no password")
    return found
