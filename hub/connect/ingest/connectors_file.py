"""The connectors file: YAML, the name of a source to the settings of its connector. It may hold secrets of sources,
hence mode 0600."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import JsonValue

from hub.errors import ConfigError
from hub.settings import read_private

_SETTING = "REGIEHUB_CONNECTORS_FILE"
_MOST_EPOCHS = 2**31 - 1  # the events' `int`


class Source(NamedTuple):
    """One source to run: which connector reads it, with which settings, in which epoch of the source."""

    name: str
    connector: str
    config: dict[str, JsonValue]
    source_epoch: int = 0

    @property
    def instance(self) -> str:
        """The source's name in every event; two entries of the file with the same one are the same source."""
        return str(self.config["instance"])


def load_source(path: Path, name: str, municipality: str) -> Source:
    """The source of that name. `connector` says which connector reads it; left out, it is the one of the source's
    own name. `source_epoch`: raised by hand when the source, or our index of it, starts anew.

    Raises ConfigError when the file or the source is missing, or others may read the file.
    """
    sources = _read(path)
    if name not in sources:
        known = ", ".join(sorted(sources)) or "none"
        raise ConfigError(f"source {name}", [f"{path} (sources in it: {known})"])
    given = sources[name] or {}
    if not isinstance(given, dict):
        raise ConfigError(f"source {name}", [str(path)], problem="is not a set of settings")
    config: dict[str, JsonValue] = {"instance": name, "jurisdiction": municipality, **given}
    connector = config.pop("connector", name)
    epoch = config.pop("source_epoch", 0)
    if isinstance(epoch, bool) or not isinstance(epoch, int) or not 0 <= epoch <= _MOST_EPOCHS:
        raise ConfigError(f"source_epoch of source {name}", [str(path)], problem="is not a whole number from 0")
    return Source(name, str(connector), config, epoch)


def source_names(path: Path) -> list[str]:
    """All sources in the file, sorted. Raises ConfigError as `load_source`."""
    return sorted(_read(path))


def _read(path: Path) -> Mapping[str, object]:
    data = read_private(path, _SETTING)
    try:
        sources = yaml.safe_load(data)
    except yaml.YAMLError:
        raise ConfigError(_SETTING, [str(path)], problem="is not YAML") from None  # its message quotes the file
    if sources is None:
        return {}
    if not isinstance(sources, dict):
        raise ConfigError(_SETTING, [str(path)], problem="does not name sources")
    return sources
