"""A simulated Acme, for `regiehub connector test` and `try`: it drops files."""

from __future__ import annotations

from collections.abc import Sequence

from hub.connect.simulated_files import FileSimulator
from hub.events.records import Draft

from .translate import translate


class AcmeSimulator(FileSimulator):
    """Drops files as Acme does."""

    def translated(self, text: str) -> Sequence[Draft]:
        """By the connector's own translate."""
        return translate(text.encode("utf-8", "surrogatepass"))
