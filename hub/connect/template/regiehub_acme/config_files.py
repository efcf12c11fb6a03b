"""Settings of the Acme connector."""

from __future__ import annotations

from hub.connect.files import FileConfig


class AcmeConfig(FileConfig):
    """Where Acme drops its files: the hub's own settings of such a source are enough."""
