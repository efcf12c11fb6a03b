"""`regiehub run …`: one process of the production set-up."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Run one process of the production set-up, until SIGTERM.", no_args_is_help=True)


@app.command()
def connector(name: Annotated[str, typer.Argument(help="Name of the source in the connectors file.")]) -> None:
    """Read a source and publish what it holds."""
    from hub.connect.ingest.runner import run
    from hub.settings import load_settings

    raise typer.Exit(run(load_settings(), name))


@app.command()
def stream() -> None:
    """Work out who is one household, and what is known of it."""
    from hub.settings import load_settings
    from hub.stream.app import run

    raise typer.Exit(run(load_settings()))


@app.command()
def desk() -> None:
    """Keep the read model, and answer the API and the pages."""
    from hub.desk.server import run
    from hub.settings import load_settings

    raise typer.Exit(run(load_settings()))
