"""`regiehub status`: the whole flow in a table, from outside the processes, with the cause of what is wrong."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rich.console import Group

    from hub.ops.picture import Picture
    from hub.ops.watch import ReadModel, Watch
    from hub.settings import Settings

_BETWEEN_SECONDS: Final = 1.0
"""Two looks so far apart tell what moves from what stands still."""
_WATCH_SECONDS: Final = 2.0
_SOURCE_COLUMNS: Final = (
    "source", "connector", "state", "last report", "last read", "newest", "published", "unreadable", "complete",
)  # fmt: skip
_POINTS: Final = ("published", "applied", "visible")


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Again every two seconds, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object; with --watch one a line.")] = False,
) -> None:
    """Source, connector, topics, stages and view: lag, freshness, dead letters, completeness. Exit 0 healthy, 1 not.

    Ends with the cause of what is wrong and the next command.
    """
    from hub.ops.picture import picture
    from hub.settings import load_settings

    with _watching(load_settings()) as looking:
        if watch:
            _watch(looking, as_json)
            return
        measured = looking.look()
        if measured.flow is not None:
            Event().wait(_BETWEEN_SECONDS)
            measured = looking.look()
    shown = picture(measured)
    _print(shown, as_json)
    if not shown.healthy:
        raise typer.Exit(1)


def _watch(looking: Watch, as_json: bool) -> None:
    from rich.live import Live

    from hub.ops.picture import picture

    try:
        if as_json:
            while True:
                _print(picture(looking.look()), as_json)
                Event().wait(_WATCH_SECONDS)
        with Live(_table(picture(looking.look())), console=_console(), auto_refresh=False) as screen:
            while True:
                Event().wait(_WATCH_SECONDS)
                screen.update(_table(picture(looking.look())), refresh=True)
    except KeyboardInterrupt:
        return


def _print(shown: Picture, as_json: bool) -> None:
    from hub.ops.picture import plain

    if as_json:
        print(json.dumps(plain(shown)), flush=True)
    else:
        _console().print(_table(shown))


def _watching(settings: Settings) -> Watch:
    from hub.ops.watch import Watch

    return Watch(settings.broker, settings.stream_id, lambda: _read_model(settings), _expected(settings))


def _read_model(settings: Settings) -> ReadModel:
    """What the read model says, or what is wrong with it."""
    from hub.desk.shown import open_read_only, state
    from hub.errors import ConfigError
    from hub.ops.watch import ReadModel

    try:
        engine = open_read_only(settings.desk_database)
    except ConfigError as error:
        return ReadModel(None, None, {}, error.user_message)
    try:
        return state(engine)
    finally:
        engine.dispose()


def _expected(settings: Settings) -> frozenset[str]:
    """Instances in the connectors file, where it can be read: this command also runs where it is not."""
    from hub.cli.source import load
    from hub.connect.ingest.connectors_file import source_names
    from hub.errors import ConfigError

    try:
        return frozenset(load(settings, name).instance for name in source_names(settings.connectors_file))
    except ConfigError:
        return frozenset()


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)


def _table(shown: Picture) -> Group:
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = []
    if shown.workers is not None:
        parts = [_sources(shown), _fresh(shown), _hops(shown), _view(shown)]
    lines = [Text(f"{item.level.value:<9} {item.what}") for item in shown.findings]
    healthy = Text("healthy: all that the sources said is shown")
    last = Text(f"next: {shown.findings[0].command}") if shown.findings else healthy
    return Group(*parts, *lines, last)


def _sources(shown: Picture) -> Any:
    from hub.ops.status import age_seconds

    table = _new_table(*_SOURCE_COLUMNS)
    for row in shown.sources:
        item = row.status
        if item is None:
            table.add_row(row.source, "-", row.pulse, *["-"] * 6)
            continue
        ages = [age_seconds(shown.at, item[name]) for name in ("reported_at", "polled_at", "newest_recorded_at")]
        table.add_row(
            row.source,
            item["connector"],
            row.pulse if not item["message"] else f"{row.pulse}. {item['message']}",
            *(_ago(age, "never") for age in ages),
            str(item["published"]),
            str(row.dead_letters),
            _complete(item["completeness"], row.differing, shown.at),
        )
    return table


def _complete(checked: Mapping[str, Any] | None, differing: int | None, at: datetime) -> str:
    from hub.ops.status import age_seconds

    if checked is None:
        return "not checked"
    found = f"{differing} differ" if differing else f"all {checked['records']}"
    return f"{found}, {_ago(age_seconds(at, checked['checked_at']), 'never')} ago"


def _fresh(shown: Picture) -> Any:
    """How old the view of each source is, hop by hop."""
    from hub.ops.freshness import Point
    from hub.ops.status import in_words

    table = _new_table("freshness", *_POINTS, "clock")
    for row in shown.sources:
        ages = [row.freshness.seconds(point, shown.at) for point in Point]
        skew, ahead = row.freshness.skew_seconds, row.freshness.ahead_seconds
        clock = f"{in_words(skew)} ahead" if skew >= 1 else "right"
        clock += f"; source {in_words(ahead)} ahead" if ahead >= 1 else ""
        table.add_row(row.source, *(_ago(age, "unknown") for age in ages), clock)
    return table


def _hops(shown: Picture) -> Any:
    table = _new_table("stage", "reads", "messages", "waiting", "oldest", "per second", "state")
    for row in shown.hops:
        hop, rate = row.hop, "-" if row.per_second is None else f"{row.per_second:.0f}"
        state = row.pace.replace("_", " ")
        table.add_row(hop.stage, hop.topic, str(hop.end), str(hop.lag), _ago(row.waits_seconds, "-"), rate, state)
    return table


def _ago(seconds: float | None, unknown: str) -> str:
    from hub.ops.status import in_words

    return unknown if seconds is None else in_words(seconds)


def _new_table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in {"messages", "waiting", "per second"} else "left")
    return table


def _view(shown: Picture) -> Any:
    from rich.text import Text

    parked = "unknown" if shown.parked is None else str(shown.parked)
    return Text(f"view      workers {shown.workers}, parked entries {parked}\n")
