"""The drop folder: which messages are ready (see `hub.connect.folder`), and their bytes. The only IO of this
connector; it only reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from connectors.istandaarden.config import IStandaardenConfig
from connectors.istandaarden.xml import MAX_BYTES, Schemas
from hub.connect import SourceRejected
from hub.connect.folder import Place, changed, listed, opened


class Dropped(NamedTuple):
    """A file that was read; of one that is too large the beginning."""

    place: Place
    payload: bytes


class DropFolder:
    """One folder. Raises SourceUnavailable or SourceRejected, and nothing else."""

    def __init__(self, config: IStandaardenConfig) -> None:
        self._folder = config.folder
        self._xsd_folder = config.xsd_folder
        self._settle_seconds = config.settle_seconds

    def ready(self, after: Place | None) -> list[Place]:
        """The messages beyond a place that have come to rest, in order."""
        found = listed(self._folder, [b".xml"]).at_rest(self._settle_seconds)
        return [place for place in found if after is None or place > after]

    def read(self, place: Place) -> Dropped | None:
        """One file; None if it went away or changed meanwhile: then it has another place now, or none."""
        found = opened(self._folder, place)
        if found is None:
            return None
        with found as file:
            payload = file.read(MAX_BYTES + 1)
            return Dropped(place, payload) if changed(file, place) == place else None

    def schemas(self) -> Schemas:
        """The XSDs of the folder that is set; none if none is. Raises SourceRejected if one cannot be used."""
        return Schemas(dict(_schemas(self._xsd_folder)) if self._xsd_folder else None)


def _schemas(folder: Path) -> Iterator[tuple[tuple[str, str], etree.XMLSchema]]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        for path in sorted(folder.rglob("*.xsd")):
            law, number = path.stem[:-3].lower(), path.stem[-3:]
            if law in ("jw", "wmo") and number.isdigit():
                yield (law, number), etree.XMLSchema(etree.parse(path, parser))
    except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise SourceRejected("The XSDs cannot be used.", type(error).__name__) from error
