"""A source that drops files: what `regiehub connector new acme --files` makes, as a subject of the kit."""

from __future__ import annotations

from pathlib import Path

from hub.connect.conformance import Subject
from hub.connect.starting import create_package
from hub.connect.template.regiehub_acme.connector_files import AcmeConnector
from hub.connect.template.regiehub_acme.simulator_files import AcmeSimulator


def dropped(folder: Path) -> Subject:
    """Read in small pages; the package, with its fixtures, is made in that folder."""
    package = create_package("acme", folder, drops_files=True)
    return Subject(
        reference=f"{AcmeConnector.__module__}:{AcmeConnector.__qualname__}",
        connector=AcmeConnector,
        simulator=AcmeSimulator,
        fixtures=package / "regiehub_acme" / "fixtures",
        settings={"page_size": 2},
    )
