"""The Acme connector: Acme drops its changes in a folder, as files of JSON lines. What of them is read when, is done by
`hub.connect.files`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from hub.connect import ConnectorConfig
from hub.connect.files import FileConnector
from hub.events.records import Draft

from .config_files import AcmeConfig
from .translate import translate


class AcmeConnector(FileConnector):
    """Reads what Acme drops."""

    Config: ClassVar[type[ConnectorConfig]] = AcmeConfig
    version: ClassVar[str] = "0.1.0"

    def translate_line(self, payload: bytes) -> Sequence[Draft]:
        """The events of one line."""
        return translate(payload)
