"""What several commands need of one source: its entry in the connectors file, its control file, its status in the log.

They run where the source's ingest runs, by the same settings: its index and its orders are files there.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hub.connect.ingest.connectors_file import Source
    from hub.connect.ingest.control import Control
    from hub.ops.broker import Broker
    from hub.settings import Settings

By = Annotated[str, typer.Option("--by", help="Who asks; without it the user of this machine.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value.")]


def who(given: str) -> str:
    """Who asks."""
    try:
        return given or getpass.getuser()
    except OSError:  # a container's user without a name
        return "unknown"


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def load(settings: Settings, name: str) -> Source:
    """The entry of that name. Raises ConfigError."""
    from hub.connect.ingest.connectors_file import load_source

    return load_source(settings.connectors_file, name, settings.municipality)


def load_instance(settings: Settings, instance: str) -> Source:
    """The first entry of that instance. Raises ConfigError."""
    from hub.connect.ingest.connectors_file import source_names
    from hub.errors import ConfigError

    for name in source_names(settings.connectors_file):
        if (source := load(settings, name)).instance == instance:
            return source
    raise ConfigError(f"source {instance}", [str(settings.connectors_file)])


@contextmanager
def control_of(settings: Settings, source: Source) -> Iterator[Control]:
    """The source's control file, open."""
    from hub.connect.ingest.control import Control
    from hub.connect.ingest.runner import control_file

    control = Control(control_file(settings, source.instance))
    try:
        yield control
    finally:
        control.close()


def when(settings: Settings, source: Source) -> str:
    """When ingest does what it is asked, in words."""
    from hub.connect.ingest.runner import is_running

    if is_running(settings, source.instance):
        return "the connector runs: it does so at its next step"
    return f"the connector does not run here: it does so when it starts (regiehub run connector {source.name})"


def last_statuses(broker: Broker) -> dict[str, Mapping[str, Any]]:
    """The newest heartbeat of each source, by source, from the log. Raises LogUnavailable, LogRefused."""
    from hub.events.topics import SOURCES
    from hub.ops.watch import newest_statuses

    return newest_statuses(broker.messages(SOURCES))
