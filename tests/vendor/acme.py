"""The package that `regiehub connector new` makes, as a subject of the kit, and variants of it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from hub.connect import Connector
from hub.connect.conformance import Subject
from hub.connect.simulator import Simulator
from hub.connect.template.regiehub_acme.connector import AcmeConnector
from hub.connect.template.regiehub_acme.simulator import AcmeSimulator

FIXTURES = files("hub.connect.template.regiehub_acme") / "fixtures"


def acme(
    connector: type[Connector] = AcmeConnector,
    simulator: Callable[[Path], Simulator] = AcmeSimulator,
    *,
    patience_seconds: float = 10.0,
) -> Subject:
    """A connector of that kind, read in small pages, against its simulator and fixtures."""
    return Subject(
        reference=f"{connector.__module__}:{connector.__qualname__}",
        connector=connector,
        simulator=simulator,
        fixtures=FIXTURES,
        settings={"page_size": 4, "timeout_seconds": 2},
        patience_seconds=patience_seconds,
    )
