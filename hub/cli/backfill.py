"""`regiehub connector backfill`: all of a source once more, beside its live changes; and how far that is."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.source import AsJson, By

if TYPE_CHECKING:
    from hub.connect.api import Cursor
    from hub.connect.ingest.backfill import Backfill
    from hub.connect.ingest.connectors_file import Source
    from hub.connect.ingest.control import Control
    from hub.settings import Settings

_LOOK_SECONDS = 0.5
_PAUSE = threading.Event()
"""Never set: a signal ends the wait."""


def backfill(
    name: Annotated[str, typer.Argument(help="Name of the source in the connectors file.")],
    start: Annotated[
        str, typer.Option("--from", help="beginning, or a file with a cursor as connector reset shows it.")
    ] = "beginning",
    everything: Annotated[
        bool, typer.Option("--all", help="Publish also what was published before: the log was lost, or a part of it.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End the one that runs; what it published stays.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show how far it is until it is done; Ctrl-C leaves it to go on.")
    ] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Read all of a source once more, compositions first; live changes go on meanwhile. Shows first what that does.

    It can be paused and resumed with its source, and goes on where it was after a crash: connector list says how far
    it is."""
    from hub.cli import source as told
    from hub.settings import load_settings

    settings = load_settings()
    source = told.load(settings, name)
    if stop:
        _stop(settings, source, as_json)
        return
    cursor = read_cursor(start)
    plan = {
        "source": source.instance,
        "from": None if cursor is None else cursor.model_dump(),
        "everything": everything,
        "records_known": _known(settings, source),
    }
    if not as_json:
        print("\n".join(_in_words(plan, name)))
    if not yes and not typer.confirm("Do it?", err=True):
        raise typer.Exit(1)
    with told.control_of(settings, source) as control:
        control.ask_backfill(cursor, told.who(by), told.now().isoformat(), everything=everything)
        print(json.dumps(plan) if as_json else f"The backfill of {name} is asked for; {told.when(settings, source)}")
        if follow:
            _follow(control, name, as_json)


def _follow(control: Control, name: str, as_json: bool) -> None:
    """Show how far it is, on stderr; JSON was printed before. Exit 1 if it ends otherwise than by being done."""
    from hub.cli.progress import progress

    found, first_pass = control.backfill(), 0
    with progress() as tell:
        while found is not None and found.is_active:
            first_pass = max(first_pass, found.read)
            tell(found.phase.value, found.read, total_of(found, first_pass))
            _PAUSE.wait(_LOOK_SECONDS)
            found = control.backfill()
    if not as_json:
        print(found.in_words() if found else f"The backfill of {name} is stopped")
    raise typer.Exit(found is None or found.done_at is None)


def total_of(backfill: Backfill, first_pass: int) -> int | None:
    """How many records this pass has: as many as the first had, of which nobody knows how many before it was read."""
    from hub.connect.ingest.backfill import Phase

    return first_pass if backfill.phase is Phase.RECORDS and first_pass else None


def _stop(settings: Settings, source: Source, as_json: bool) -> None:
    from hub.cli import source as told

    with told.control_of(settings, source) as control:
        stopped = control.stop_backfill()
    if as_json:
        print(json.dumps({"source": source.instance, "stopped": stopped and stopped.to_state()}))
    else:
        print(f"{source.name}: {stopped.in_words()}; stopped" if stopped else f"{source.name}: there is no backfill")


def _in_words(plan: dict[str, Any], name: str) -> list[str]:
    begins = "the beginning" if plan["from"] is None else json.dumps(plan["from"])
    effect = "all of it is published again" if plan["everything"] else "only what differs from that is published"
    return [
        f"source   {plan['source']}: {plan['records_known']} records of it are published now",
        f"from     {begins}, in two passes: the compositions, then all other records",
        f"effect   {effect}; live changes go on meanwhile",
        f"stop     regiehub connector backfill {name} --stop",
    ]


def read_cursor(start: str) -> Cursor | None:
    """What `--from` names; None: the beginning. Raises ConfigError."""
    from pydantic import ValidationError

    from hub.connect.api import Cursor
    from hub.errors import ConfigError

    if start == "beginning":
        return None
    try:
        return Cursor.model_validate_json(Path(start).read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigError("--from", [start], problem="is neither beginning nor a file with a cursor") from error


def _known(settings: Settings, source: Source) -> int:
    from hub.connect.ingest.index import Index
    from hub.connect.ingest.runner import index_file

    path = index_file(settings, source.instance)
    if not path.exists():
        return 0
    index = Index(path)
    try:
        return sum(not entry.known.deleted for entry in index.entries())
    finally:
        index.close()


def sources_here() -> list[dict[str, Any]]:
    """The sources of the connectors file, where it can be read: which connector, whether it runs here, what it was
    asked. Empty where this command runs beside no ingest."""
    from hub.connect.ingest.connectors_file import load_source, source_names
    from hub.errors import ConfigError
    from hub.settings import load_settings

    try:
        settings = load_settings()
        names = source_names(settings.connectors_file)
        return [_here(settings, load_source(settings.connectors_file, name, settings.municipality)) for name in names]
    except ConfigError:
        return []


def _here(settings: Settings, source: Source) -> dict[str, Any]:
    from hub.connect.ingest.control import Control
    from hub.connect.ingest.runner import control_file, is_running

    found: dict[str, Any] = {"name": source.name, "source": source.instance, "connector": source.connector}
    path = control_file(settings, source.instance)
    if not path.exists():
        return {**found, "running": False, "paused": None, "backfill": None}
    control = Control(path)
    try:
        pause, backfill = control.orders().pause, control.backfill()
    finally:
        control.close()
    return {
        **found,
        "running": is_running(settings, source.instance),
        "paused": pause and pause._asdict(),
        "backfill": backfill and {**backfill.to_state(), "in_words": backfill.in_words()},
    }
