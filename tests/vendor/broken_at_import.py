"""A connector that touches the world when it is merely imported."""

from __future__ import annotations

import socket

from hub.connect.template.regiehub_acme.connector import AcmeConnector

LISTENING = socket.create_server(("127.0.0.1", 0))


class C02(AcmeConnector):
    """Is innocent itself."""
