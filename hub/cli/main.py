"""The command `regiehub`. Sub-commands import what they need when they run, so that --help is quick."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated

import typer

from hub.cli import (
    connector,
    dead_letter,
    decision,
    demo,
    household,
    looks,
    opening,
    person,
    read_model,
    reconcile,
    run,
    schemas,
    status,
    topics,
)
from hub.errors import ConfigError, RegiehubError

app = typer.Typer(
    name="regiehub",
    help="One household, one plan, one director: one view out of the registrations of youth and adult help.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"regiehub {metadata.version('regiehub')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which release this is.")
    ] = False,
) -> None:
    pass


app.command(name="demo")(demo.demo)
app.command(name="reconcile")(reconcile.reconcile)
app.command(name="status")(status.status)
app.add_typer(run.app, name="run")
app.add_typer(connector.app, name="connector")
app.add_typer(dead_letter.app, name="dead-letter")
app.add_typer(household.app, name="household")
app.add_typer(decision.app, name="decision")
app.add_typer(opening.app, name="opening")
app.add_typer(topics.app, name="topics")
app.add_typer(schemas.app, name="schemas")
app.add_typer(looks.app, name="looks")
app.add_typer(person.app, name="person")
app.add_typer(read_model.app, name="read-model")


def main() -> None:
    """Run a command. Wrong settings: one line on stderr and exit 2; another known error: one line and exit 1."""
    try:
        app()
    except ConfigError as error:
        _fail(error, 2)
    except RegiehubError as error:
        _fail(error, 1)


def _fail(error: RegiehubError, code: int) -> None:
    print(f"regiehub: {error}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
