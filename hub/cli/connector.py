"""`regiehub connector …`: the connectors on this machine."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hub.cli import conformance, vendor

app = typer.Typer(help="The connectors that are installed.", no_args_is_help=True)
app.command("new")(vendor.new)
app.command("try")(vendor.try_out)
app.command("test")(conformance.test)
app.command("check")(vendor.check)


@app.callback()
def _noun() -> None:
    """The connectors that are installed."""


@app.command("list")
def list_connectors(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False) -> None:
    """Name, class and package of each installed connector."""
    from hub.connect.discovery import installed

    found = list(installed())
    if as_json:
        print(json.dumps([item._asdict() for item in found]))
        return
    for item in found:
        print(f"{item.name:<16} {item.reference}  ({item.distribution})")
