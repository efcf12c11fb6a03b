"""Which connectors are installed: entry points of the group `regiehub.connectors`. Imports none before it is asked
for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final, NamedTuple

from hub.connect.api import Connector
from hub.connect.simulator import Simulator
from hub.errors import ConfigError

GROUP: Final = "regiehub.connectors"
SIMULATORS: Final = "regiehub.simulators"


class Installed(NamedTuple):
    """A connector that some installed package offers."""

    name: str
    reference: str
    distribution: str


def installed() -> Iterator[Installed]:
    """All connectors on this machine, by name. Imports nothing."""
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        yield Installed(point.name, point.value, point.dist.name if point.dist else "")


def load(reference: str) -> type[Connector]:
    """The class of a connector: an installed name (`zcd`), or `package.module:Class` for one that is being made.

    Imports the vendor's code. Raises ConfigError when there is none, or when it is no Connector.
    """
    found = _import(reference) if ":" in reference else _load_installed(reference)
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise ConfigError(f"connector {reference}", problem="is not a subclass of hub.connect.Connector")
    return found


def load_simulator(name: str) -> Callable[[Path], Simulator] | None:
    """What makes the simulator of an installed connector, given a folder; None when no package offers one."""
    for point in entry_points(group=SIMULATORS, name=name):
        made: Callable[[Path], Simulator] = point.load()
        return made
    return None


def _load_installed(name: str) -> object:
    points: list[EntryPoint] = list(entry_points(group=GROUP, name=name))
    if not points:
        names = ", ".join(item.name for item in installed()) or "none"
        raise ConfigError(f"connector {name}", [f"entry points of group {GROUP} (installed: {names})"])
    return points[0].load()


def _import(reference: str) -> object:
    module, _, name = reference.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"connector {reference}", [f"module {module}"], problem="cannot be imported") from error
