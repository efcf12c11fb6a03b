"""`regiehub reconcile`: what each source holds now, against what was published of it and what the read model shows."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from hub.connect.ingest.connectors_file import Source
    from hub.connect.ingest.erasing import Withheld
    from hub.connect.ingest.reconciling import SourceSides
    from hub.ops.broker import Broker
    from hub.ops.reconcile import Outcome
    from hub.settings import Settings

_LOOK_SECONDS: Final = 0.2
_QUIET_LOOKS: Final = 2
_SHOWN: Final = 20
"""Differences named on screen; --json names all."""


class _Setup(NamedTuple):
    """What all sources share."""

    settings: Settings
    engine: Engine
    broker: Broker
    settle_seconds: float
    per_second: float


def reconcile(
    name: Annotated[str, typer.Argument(metavar="[SOURCE]", help="Of one source; without it of all.")] = "",
    repair: Annotated[
        bool, typer.Option("--repair", help="Read what differs again, publish it, and compare once more.")
    ] = False,
    content: Annotated[
        bool,
        typer.Option("--content", help="With --repair: read every record again, for edits under an equal version."),
    ] = False,
    settle: Annotated[
        float, typer.Option(min=0, help="Longest wait, in seconds, for what is on its way to arrive.")
    ] = 30.0,
    wait: Annotated[float, typer.Option(min=0, help="With --repair: longest wait until it landed.")] = 300.0,
    per_second: Annotated[float, typer.Option(min=1, help="Records asked of the source per second.")] = 5000.0,
    at_rest: Annotated[
        bool, typer.Option("--at-rest", help="Read no source while the flow does not come to rest: exit 1.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """Whether all that the sources hold is published and shown. Exit 0 if nothing differs, else 1.

    Runs where the ingest of the sources runs, beside it; the result stands in the source's status.
    """
    from hub.connect.ingest.connectors_file import source_names
    from hub.desk.shown import open_read_only
    from hub.errors import ConfigError
    from hub.ops.broker import Broker
    from hub.settings import load_settings

    if content and not repair:
        raise ConfigError("--content", problem="is for --repair: what differs is seen only by reading it again")
    settings = load_settings()
    names = [name] if name else source_names(settings.connectors_file)
    with ExitStack() as stack:
        engine = open_read_only(settings.desk_database)
        stack.callback(engine.dispose)
        broker = stack.enter_context(Broker(settings.broker))
        setup = _Setup(settings, engine, broker, settle, per_second)
        if at_rest and not _settle(setup):
            print("regiehub: not compared, for the flow did not come to rest", file=sys.stderr)
            raise typer.Exit(1)
        reports = [_one(setup, one, wait if repair else None, content=content) for one in names]
    print(json.dumps(reports) if as_json else "\n".join(line for report in reports for line in _in_words(report)))
    if any(report["differing"] for report in reports):
        raise typer.Exit(1)


def _one(setup: _Setup, name: str, repair_within: float | None, *, content: bool) -> dict[str, Any]:
    """One source, compared; repaired and compared again if `repair_within` says how long that may take."""
    from hub.cli import source as told
    from hub.connect.ingest import reconciling

    source = told.load(setup.settings, name)
    with _compared(setup, source) as sides:
        outcome, is_at_rest = _compare(setup, sides)
        report = _report(source, outcome, is_at_rest)
        everything = sides.source() if content else ()
        asked = reconciling.repairs(outcome.differences, everything, unshown=is_at_rest)
        if repair_within is not None and asked:
            before = _published(setup, source)
            with told.control_of(setup.settings, source) as control:
                control.ask_repair(asked)
            report |= {"asked": len(asked), "landed": _await_repair(setup, source, repair_within)}
            report["published"] = _published(setup, source) - before
            if report["landed"]:
                found = report["differences"]
                outcome, is_at_rest = _compare(setup, sides)
                report |= _report(source, outcome, is_at_rest) | {"repaired": found}
        if reconciling.is_certain(outcome, at_rest=is_at_rest):
            with told.control_of(setup.settings, source) as control:
                control.keep_completeness(reconciling.completeness(outcome, told.now()))
        else:
            print(f"regiehub: {source.instance}: not kept, for the flow did not come to rest", file=sys.stderr)
    return report


def _paced(records_per_second: float, requests_per_second: float | None) -> Callable[[int], None]:
    """Waits after a page of so many records: until both rates are kept, of records and, if it has one, of requests."""
    from hub.connect.ingest.pace import Pace

    pause = Event().wait
    records = Pace(records_per_second, time.monotonic, pause)
    if requests_per_second is None:
        return records
    requests = Pace(requests_per_second, time.monotonic, pause)

    def paced(count: int) -> None:
        records(count)
        requests(1)

    return paced


@contextmanager
def _compared(setup: _Setup, source: Source) -> Iterator[SourceSides]:
    """What is to be compared of a source."""
    from hub.cli import source as told
    from hub.connect.ingest.index import Index
    from hub.connect.ingest.process import ConnectorProcess
    from hub.connect.ingest.reconciling import Shown, SourceSides
    from hub.connect.ingest.runner import denied_to_connectors, index_file
    from hub.desk import shown
    from hub.ops.reconcile import Record, Stated

    def records() -> Iterator[Stated]:
        return (Stated(Record(*item[:3]), item.published_at) for item in shown.records(setup.engine, source.instance))

    with ExitStack() as stack:
        path = index_file(setup.settings, source.instance)
        index = Index(path) if path.exists() else None  # opening it would make one, and a new one means a new epoch
        if index is not None:
            stack.callback(index.close)
        with told.control_of(setup.settings, source) as control:
            epoch = max(source.source_epoch, control.orders().source_epoch)
        process = ConnectorProcess(source.connector, source.config, denied=denied_to_connectors(setup.settings))
        stack.callback(process.close)
        yield SourceSides(
            process,
            index,
            Shown(records, lambda: shown.teams(setup.engine, source.instance)),
            source_epoch=epoch,
            paced=_paced(setup.per_second, process.requests_per_second),
            withheld=_withheld(setup, source),
        )


def _withheld(setup: _Setup, source: Source) -> Withheld:
    """What the hub was told to forget of it: that the source still holds that is no difference."""
    from hub.connect.ingest.erasing import Withheld, read_order
    from hub.events.topics import ERASURES

    return Withheld(source.instance, map(read_order, setup.broker.messages(ERASURES)))


def _compare(setup: _Setup, sides: SourceSides) -> tuple[Outcome, bool]:
    """What was found, and whether everything published had arrived by then."""
    from hub.ops.reconcile import reconcile as compare_sides

    rest = [True]

    def settle() -> None:
        rest[0] = _settle(setup)

    return compare_sides(sides, settle), rest[0]


def _settle(setup: _Setup) -> bool:
    """Wait until nothing waits anywhere, seen twice; False if it did not come to that in time."""
    from hub.desk import readmodel
    from hub.events.topics import SOURCES
    from hub.ops.flow import measure

    pause, quiet = Event(), 0
    until = time.monotonic() + setup.settle_seconds
    while quiet < _QUIET_LOOKS:
        with setup.engine.connect() as connection:
            done = {place: offset for place, (_, offset) in readmodel.next_offsets(connection).items()}
        flow = measure(setup.broker, setup.settings.stream_id, done)
        quiet = quiet + 1 if sum(hop.lag for hop in flow.hops if hop.topic != SOURCES) == 0 else 0
        if time.monotonic() > until:
            return False
        pause.wait(_LOOK_SECONDS)
    return True


def _await_repair(setup: _Setup, source: Source, seconds: float) -> bool:
    """Wait until ingest has done all that it was asked; False if it does not run, or takes longer."""
    from hub.cli import source as told
    from hub.connect.ingest.control import Errand
    from hub.connect.ingest.runner import is_running

    pause, until = Event(), time.monotonic() + seconds
    with told.control_of(setup.settings, source) as control:
        while control.waiting(Errand.REPAIR):
            if time.monotonic() > until or not is_running(setup.settings, source.instance):
                return False
            pause.wait(_LOOK_SECONDS)
    return True


def _published(setup: _Setup, source: Source) -> int:
    """Events that ingest has published so far."""
    from hub.connect.ingest.index import Index
    from hub.connect.ingest.runner import index_file

    index = Index(index_file(setup.settings, source.instance))
    try:
        return index.progress().published
    finally:
        index.close()


def _report(source: Source, outcome: Outcome, is_at_rest: bool) -> dict[str, Any]:
    from hub.ops.reconcile import Kind

    return {
        "source": source.instance,
        "name": source.name,
        "records": outcome.records,
        "differing": len({item.record for item in outcome.differences}),
        "counts": {kind.value: outcome.count(kind) for kind in Kind},
        "waiting": outcome.waiting,
        "at_rest": is_at_rest,
        "teams": [team._asdict() for team in outcome.teams],
        "differences": [
            {"kind": item.kind.value, **item.record._asdict(), "stamps": item.stamps} for item in outcome.differences
        ],
    }


def _in_words(report: dict[str, Any]) -> Iterator[str]:
    counts = ", ".join(f"{number} {kind}" for kind, number in report["counts"].items() if number)
    yield f"{report['source']}: {report['records']} records held, {counts or 'nothing differs'}" + (
        f"; {report['waiting']} wait for their dossier" if report["waiting"] else ""
    )
    if "asked" in report:
        ended = "landed" if report["landed"] else "asked for; not done yet, compare again later"
        yield f"  repair of {report['asked']} {ended}; {report['published']} events published meanwhile"
    for item in report.get("repaired", ())[:_SHOWN]:
        yield f"  was {item['kind']:<8} {item['record_type']} {item['record_id']} in {item['dossier_id']}"
    for item in report["differences"][:_SHOWN]:
        yield f"  {item['kind']:<8} {item['record_type']} {item['record_id']} in {item['dossier_id']}"
    if len(report["differences"]) > _SHOWN:
        yield f"  … {len(report['differences']) - _SHOWN} more: --json names all"
    for team in report["teams"]:
        if team["differing"]:
            yield f"  team {team['team'] or '(unknown)'}: {team['differing']} of {team['records']} differ"
    if not report["at_rest"]:
        yield "  the flow did not come to rest: what is not shown may be on its way (regiehub status)"
    if report["counts"]["ahead"]:
        yield f"  the source went back in time: regiehub connector reset {report['name']} --new-epoch"
    elif report["differing"] and "asked" not in report:
        yield f"  next: regiehub reconcile {report['name']} --repair"
