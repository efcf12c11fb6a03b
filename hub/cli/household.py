"""`regiehub household …`: one household in a terminal. It asks the desk, so that access and the log of looks hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from hub.cli.desk import DESK, Desk, DeskAddress, TokenFile, ask

app = typer.Typer(help="One household, as you may see it.", no_args_is_help=True)


@app.callback()
def _noun(context: typer.Context, desk: DeskAddress = DESK, token_file: TokenFile = None) -> None:
    """One household, as you may see it."""
    context.obj = Desk(desk, token_file)


@app.command()
def show(
    context: typer.Context,
    household_id: Annotated[str, typer.Argument(help="As in the address of its page; a former id leads to it too.")],
    language: Annotated[Literal["nl", "en"], typer.Option(help="Of the text.")] = "nl",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, as the API answers.")] = False,
) -> None:
    """Who they are, who directs, what asks for attention, the requests, and how fresh it is. The look is logged."""
    from urllib.parse import quote

    from hub.desk.sheet import sheet
    from hub.desk.words import Words

    found = ask(context.obj, f"huishoudens/{quote(household_id, safe='')}")
    words = Words(language, datetime.now(UTC).date())
    print(json.dumps(found) if as_json else "\n".join(sheet(found, words)))
