"""`regiehub status`: the whole flow in a table, from outside the processes, with the cause of what is wrong."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Group

    from hub.ops.broker import Place
    from hub.ops.status import Finding, Measured
    from hub.settings import Settings

_BETWEEN_SECONDS: Final = 1.0
"""Two looks so far apart tell what moves from what stands still."""
_WATCH_SECONDS: Final = 2.0
_SOURCE_COLUMNS: Final = (
    "source", "connector", "state", "last report", "last read", "newest", "published", "unreadable", "complete",
)  # fmt: skip


def status(
    watch: Annotated[bool, typer.Option("--watch", help="Again every two seconds, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Source, connector, topics, stages and view: lag, freshness, dead letters, completeness. Exit 0 healthy, 1 not.

    Ends with the cause of what is wrong and the next command.
    """
    from hub.ops.status import findings, is_healthy
    from hub.settings import load_settings

    settings = load_settings()
    if watch:
        _watch(settings)
        return
    measured = _look(settings, _measure(settings), _BETWEEN_SECONDS)
    found = findings(measured)
    if as_json:
        print(json.dumps(_plain(measured, found)))
    else:
        _console().print(_table(measured, found))
    if not is_healthy(found):
        raise typer.Exit(1)


def _watch(settings: Settings) -> None:
    from rich.live import Live

    from hub.ops.status import findings

    measured = _measure(settings)
    try:
        with Live(_table(measured, findings(measured)), console=_console(), auto_refresh=False) as screen:
            while True:
                measured = _look(settings, measured, _WATCH_SECONDS)
                screen.update(_table(measured, findings(measured)), refresh=True)
    except KeyboardInterrupt:
        return


def _look(settings: Settings, before: Measured, seconds: float) -> Measured:
    """Measure again, and say what moved since; at once where there is no log to look at."""
    from hub.ops.status import rates

    if before.flow is not None or seconds == _WATCH_SECONDS:
        Event().wait(seconds)
        measured = _measure(settings)
        return measured._replace(rates=rates(before, measured))
    return before


def _measure(settings: Settings) -> Measured:
    from hub.cli.source import last_statuses, now
    from hub.errors import LogRefused, LogUnavailable
    from hub.ops.broker import Broker
    from hub.ops.flow import measure
    from hub.ops.status import Measured

    desk, desk_problem = _desk(settings)
    expected = _expected(settings)
    try:
        with Broker(settings.broker) as broker:
            flow = measure(broker, settings.stream_id, desk and desk.offsets)
            statuses = last_statuses(broker)
    except (LogUnavailable, LogRefused) as error:
        return Measured(now(), {}, expected, {}, None, error.user_message, desk_problem)
    letters, parked = (desk.open_letters, desk.parked) if desk else ({}, None)
    return Measured(now(), statuses, expected, letters, flow, None, desk_problem, parked)


class _Desk(NamedTuple):
    """What the read model says: how far it is, what is parked in it, how many dead letters of each source are open."""

    offsets: Mapping[Place, int]
    parked: int
    open_letters: Mapping[str, int]


def _desk(settings: Settings) -> tuple[_Desk | None, str | None]:
    """The read model's part, or what is wrong with it."""
    from sqlalchemy.exc import SQLAlchemyError

    from hub.desk import readmodel
    from hub.desk.shown import open_read_only
    from hub.errors import ConfigError

    try:
        engine = open_read_only(settings.desk_database)
    except ConfigError as error:
        return None, error.user_message
    try:
        with engine.connect() as connection:
            offsets = {place: offset for place, (_, offset) in readmodel.next_offsets(connection).items()}
            return _Desk(offsets, readmodel.parked(connection), readmodel.dead_letter_counts(connection)), None
    except SQLAlchemyError as error:
        return None, f"The read model cannot be read ({type(error).__name__})."
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


def _table(measured: Measured, found: list[Finding]) -> Group:
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = []
    if measured.flow is not None:
        parts = [_sources(measured), _hops(measured), _view(measured)]
    lines = [Text(f"{item.level.value:<9} {item.what}") for item in found]
    last = Text("healthy: all that the sources said is shown") if not found else Text(f"next: {found[0].command}")
    return Group(*parts, *lines, last)


def _sources(measured: Measured) -> Any:
    from rich.table import Table

    from hub.ops.status import age_seconds, in_words

    table = Table(box=None, title_justify="left", pad_edge=False)
    for name in _SOURCE_COLUMNS:
        table.add_column(name)
    for source in measured.sources:
        item = measured.statuses.get(source)
        if item is None:
            table.add_row(source, "-", "none", *["-"] * 6)
            continue
        ages = [age_seconds(measured.at, item[name]) for name in ("reported_at", "polled_at", "newest_recorded_at")]
        table.add_row(
            source,
            item["connector"],
            item["state"] if item["state"] != "running" or not item["message"] else f"running. {item['message']}",
            *("never" if age is None else in_words(age) for age in ages),
            str(item["published"]),
            str(measured.open_letters.get(source, 0)),
            _complete(item["completeness"]),
        )
    return table


def _complete(checked: Mapping[str, Any] | None) -> str:
    from hub.ops.status import DIFFERING

    if checked is None:
        return "not checked"
    differing = sum(checked[kind] for kind in DIFFERING)
    return f"{differing} differ" if differing else f"all {checked['records']}"


def _hops(measured: Measured) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("stage", "reads", "messages", "waiting", "per second"):
        table.add_column(name, justify="left" if name in ("stage", "reads") else "right")
    assert measured.flow is not None
    for hop in measured.flow.hops:
        rate = (measured.rates or {}).get((hop.stage, hop.topic))
        table.add_row(hop.stage, hop.topic, str(hop.end), str(hop.lag), "-" if rate is None else f"{rate:.0f}")
    return table


def _view(measured: Measured) -> Any:
    from rich.text import Text

    assert measured.flow is not None
    parked = "unknown" if measured.parked is None else str(measured.parked)
    return Text(f"view      workers {measured.flow.workers}, parked entries {parked}\n")


def _plain(measured: Measured, found: list[Finding]) -> dict[str, Any]:
    from hub.ops.status import age_seconds, is_healthy, skew_seconds

    sources = [
        {
            "source": source,
            "state": item["state"],
            "message": item["message"],
            "seconds_since_report": age_seconds(measured.at, item["reported_at"]),
            "seconds_since_poll": age_seconds(measured.at, item["polled_at"]),
            "clock_skew_seconds": skew_seconds(measured.at, item),
            "newest_recorded_at": item["newest_recorded_at"] and item["newest_recorded_at"].isoformat(),
            "published": item["published"],
            "source_epoch": item["source_epoch"],
            "dead_letters": measured.open_letters.get(source, 0),
            "completeness": item["completeness"]
            and item["completeness"] | {"checked_at": item["completeness"]["checked_at"].isoformat()},
        }
        for source, item in sorted(measured.statuses.items())
    ]
    hops = measured.flow.hops if measured.flow else ()
    return {
        "healthy": is_healthy(found),
        "at": measured.at.isoformat(),
        "sources": sources,
        "hops": [
            {**hop._asdict(), "lag": hop.lag, "per_second": (measured.rates or {}).get((hop.stage, hop.topic))}
            for hop in hops
        ],
        "workers": measured.flow.workers if measured.flow else None,
        "parked": measured.parked,
        "findings": [item._asdict() for item in found],
    }
