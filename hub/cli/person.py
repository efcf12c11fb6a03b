"""`regiehub person …`: what a citizen may ask: what is held of him, and that it be erased.

It asks the desk: there stand the decision whether the asker may, the only writer of the log of looks, and the key that
finds a person. The BSN is typed or comes on stdin; it never stands in a command, an address or a log.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from hub.cli.desk import DESK, Desk, DeskAddress, TokenFile, ask

app = typer.Typer(help="What is held of one person.", no_args_is_help=True)


@app.callback()
def _noun(context: typer.Context, desk: DeskAddress = DESK, token_file: TokenFile = None) -> None:
    """What is held of one person."""
    context.obj = Desk(desk, token_file)


@app.command()
def inspect(
    context: typer.Context,
    language: Annotated[Literal["nl", "en"], typer.Option(help="Of the text.")] = "nl",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Everything held of a citizen, and every look at him; others cut out. Asks for the BSN, or reads it on stdin."""
    from hub.desk.letter import letter
    from hub.desk.words import Words

    found = ask(context.obj, "inzageverzoeken", {"bsn": _bsn()})
    words = Words(language, datetime.now(UTC).date())
    print(json.dumps(found) if as_json else "\n".join(letter(found, words)))


@app.command()
def erase(
    context: typer.Context,
    why: Annotated[str, typer.Option(help="The ground, and where his request is kept. Without his name or BSN.")],
    yes: Annotated[bool, typer.Option("--yes", help="Order it. Without: only what would go, and what stays.")] = False,
    language: Annotated[Literal["nl", "en"], typer.Option(help="Of the text.")] = "nl",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Have the hub forget a citizen. Asks for the BSN, or reads it on stdin. Says first what goes, and what stays and
    why; the sources must erase him too."""
    from hub.desk.erasure_letter import erasure_letter
    from hub.desk.words import Words

    found = ask(context.obj, "wisverzoeken", {"bsn": _bsn(), "why": why, "order": yes})
    words = Words(language, datetime.now(UTC).date())
    print(json.dumps(found) if as_json else "\n".join(erasure_letter(found, words)))


def _bsn() -> str:
    if sys.stdin.isatty():
        asked: str = typer.prompt("BSN", hide_input=True)
        return asked.strip()
    return sys.stdin.readline().strip()
