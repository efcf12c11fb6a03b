"""`regiehub read-model …`: the read model of the desk, looked after from beside it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(help="The desk's read model.", no_args_is_help=True)


@app.callback()
def _noun() -> None:
    """The desk's read model."""


@app.command()
def build(
    into: Annotated[str, typer.Option("--into", help="SQLAlchemy address of the database to fill.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Fill another database with all that the log holds, while the desk goes on answering from its own.

    Stopped, it goes on where it was. Again when the desk is stopped it takes seconds: then tell the desk of it.
    """
    from hub.desk.building import build as fill
    from hub.desk.caseload.writing import Attending
    from hub.desk.settings_file import load_prices, load_terms
    from hub.ops.logging import configure
    from hub.settings import load_settings

    settings = load_settings()
    configure("read-model build")
    attending = Attending(load_terms(settings.terms_file), load_prices(settings.prices_file))
    built = fill(settings.broker, settings.desk_database, into, attending)
    if as_json:
        print(json.dumps(built._asdict()))
        return
    print(f"{built.households} households, of {built.messages} messages; {built.kept} rows that the log does not hold")
    print("next: stop the desk, run this again, and start the desk with REGIEHUB_DESK_DATABASE naming the new one")
