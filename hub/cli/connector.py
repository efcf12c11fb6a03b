"""`regiehub connector …`: the connectors on this machine, and what to tell the one that reads a source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import backfill as backfilling
from hub.cli import conformance, vendor
from hub.cli.source import AsJson, By

if TYPE_CHECKING:
    from hub.connect.ingest.connectors_file import Source
    from hub.settings import Settings

app = typer.Typer(help="The connectors, and what to tell them while they run.", no_args_is_help=True)
app.command("new")(vendor.new)
app.command("try")(vendor.try_out)
app.command("test")(conformance.test)
app.command("check")(vendor.check)
app.command("backfill")(backfilling.backfill)
Name = Annotated[str, typer.Argument(help="Name of the source in the connectors file.")]


@app.callback()
def _noun() -> None:
    """The connectors, and what to tell them while they run."""


@app.command("list")
def list_connectors(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False) -> None:
    """Name, class and package of each installed connector, and the sources that this machine reads with it."""
    from hub.connect.discovery import installed

    found, sources = list(installed()), backfilling.sources_here()
    if as_json:
        own = {item.name: [one for one in sources if one["connector"] == item.name] for item in found}
        print(json.dumps([{**item._asdict(), "sources": own[item.name]} for item in found]))
        return
    for item in found:
        print(f"{item.name:<16} {item.reference}  ({item.distribution})")
        for one in sources:
            if one["connector"] == item.name:
                print(f"  {one['name']:<14} {_state(one)}")


def _state(source: dict[str, Any]) -> str:
    says = ["runs" if source["running"] else "does not run here"]
    if source["paused"]:
        says.append(f"paused by {source['paused']['by']}: {source['paused']['why']}")
    if source["backfill"]:
        says.append(source["backfill"]["in_words"])
    return "; ".join(says)


@app.command()
def pause(
    name: Name,
    why: Annotated[str, typer.Option("--why", help="The reason; stands in its status.")],
    by: By = "",
) -> None:
    """Leave the source alone until somebody resumes; its status says who and why."""
    from hub.cli import source as told
    from hub.connect.ingest.control import Pause
    from hub.settings import load_settings

    settings = load_settings()
    source = told.load(settings, name)
    with told.control_of(settings, source) as control:
        control.pause(Pause(told.who(by), why, told.now().isoformat()))
    print(f"{name} pauses; {told.when(settings, source)}")


@app.command()
def resume(name: Name) -> None:
    """Read the source again: after a pause, or when too many of its records could not be read.

    In the latter case the records at hand are set aside, however many are unreadable, and the share counts anew.
    """
    from hub.cli import source as told
    from hub.settings import load_settings

    settings = load_settings()
    source = told.load(settings, name)
    with told.control_of(settings, source) as control:
        control.resume()
    print(f"{name} goes on; {told.when(settings, source)}")


@app.command()
def reset(
    name: Name,
    start: Annotated[
        str, typer.Option("--from", help="beginning, or a file with a cursor as this command shows it.")
    ] = "beginning",
    new_epoch: Annotated[
        bool, typer.Option("--new-epoch", help="The source went back in time (a backup): what it says now beats all.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Read a source from another place, compositions first. Shows first what that does; nothing that was published is
    lost by it."""
    from hub.cli import source as told
    from hub.settings import load_settings

    settings = load_settings()
    source = told.load(settings, name)
    cursor = backfilling.read_cursor(start)
    with told.control_of(settings, source) as control:
        epoch = max(source.source_epoch, control.orders().source_epoch, _epoch_in_log(settings, source, new_epoch))
        wanted = epoch + 1 if new_epoch else epoch
        plan = {
            "source": source.instance,
            "cursor_now": _cursor_now(settings, source),
            "cursor_then": None if cursor is None else cursor.model_dump(),
            "epoch_now": epoch,
            "epoch_then": wanted,
        }
        if not as_json:
            print("\n".join(_in_words(plan)))
        if not yes and not typer.confirm("Do it?", err=True):
            raise typer.Exit(1)
        control.ask_reset(cursor, wanted, told.who(by))
    print(json.dumps(plan) if as_json else f"{name} is reset; {told.when(settings, source)}")


def _in_words(plan: dict[str, object]) -> list[str]:
    begins = "the beginning" if plan["cursor_then"] is None else json.dumps(plan["cursor_then"])
    lines = [
        f"source   {plan['source']}",
        f"cursor   {json.dumps(plan['cursor_now'])}",
        f"then     {begins}, in two passes: the compositions (and child-safety signals), then all in order",
        "         other changes wait for the first pass; pause and resume at any moment, it goes on where it was",
    ]
    if plan["epoch_now"] == plan["epoch_then"]:
        return [*lines, "effect   only what differs from what was published is published"]
    return [
        *lines,
        f"epoch    {plan['epoch_now']} -> {plan['epoch_then']}",
        "effect   all that the source holds is published again and beats all that was published before;",
        "         repairs and replays that wait are dropped; what the source holds no longer stays to be seen until",
        "         regiehub reconcile finds and repairs it",
    ]


def _cursor_now(settings: Settings, source: Source) -> object:
    from hub.connect.ingest.index import Index
    from hub.connect.ingest.runner import index_file

    path = index_file(settings, source.instance)
    if not path.exists():
        return None
    index = Index(path)
    try:
        cursor = index.progress().cursor
    finally:
        index.close()
    return None if cursor is None else cursor.model_dump()


def _epoch_in_log(settings: Settings, source: Source, is_needed: bool) -> int:
    """The epoch that the source's last status states: known even where the control file was lost."""
    from hub.cli.source import last_statuses
    from hub.ops.broker import Broker

    if not is_needed:
        return 0
    with Broker(settings.broker) as broker:
        return int(last_statuses(broker).get(source.instance, {}).get("source_epoch", 0))
