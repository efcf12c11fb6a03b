"""An Apache Kafka that wants TLS and a password, beside the open door by which the tests themselves come in."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from hub.demo.brokers.kafka import KafkaBroker
from hub.demo.brokers.ports import HOST, free_port
from tests.kafka.municipal_login import self_signed

_USER: Final = "hub"
_MECHANISM: Final = "PLAIN"
_MORE: Final = """
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port},SASL_SSL://{host}:{secured_port}
advertised.listeners=PLAINTEXT://{host}:{port},SASL_SSL://{host}:{secured_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
listener.name.sasl_ssl.sasl.enabled.mechanisms={mechanism}
listener.name.sasl_ssl.ssl.keystore.type=PEM
listener.name.sasl_ssl.ssl.keystore.location={keystore}
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_{user}="{password}";
"""


class SecuredKafka(KafkaBroker):
    """`secured`: where it wants TLS and a password."""

    def __init__(self, folder: Path) -> None:
        super().__init__(brief=True)
        self._secured_port = free_port()
        self._folder_of_keys = folder
        self._password = secrets.token_urlsafe(24)

    @property
    def secured(self) -> str:
        """Host and port."""
        return f"{HOST}:{self._secured_port}"

    @property
    def client_variables(self) -> dict[str, str]:
        """What a process of ours is told, to get in."""
        file = self._folder_of_keys / "password.txt"
        if not file.exists():
            file.write_text(self._password, encoding="utf-8")
            file.chmod(0o600)
        return {
            "REGIEHUB_KAFKA_PROTOCOL": "SASL_SSL",
            "REGIEHUB_KAFKA_CA_FILE": str(self._folder_of_keys / "authority.pem"),
            "REGIEHUB_KAFKA_MECHANISM": _MECHANISM,
            "REGIEHUB_KAFKA_USER": _USER,
            "REGIEHUB_KAFKA_PASSWORD_FILE": str(file),
        }

    def _prepare(self, folder: Path) -> None:
        super()._prepare(folder)
        key, certificate = self_signed(self._folder_of_keys)
        keystore = self._folder_of_keys / "kafka.pem"
        keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
        more = _MORE.format(
            host=HOST,
            port=self._port,
            controller_port=self._controller_port,
            secured_port=self._secured_port,
            mechanism=_MECHANISM,
            keystore=keystore,
            user=_USER,
            password=self._password,
        )
        with (folder / "server.properties").open("a", encoding="utf-8") as file:
            file.write(more)
