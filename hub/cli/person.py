"""`regiehub person …`: what a citizen may ask.

It asks the desk, with a token: there stand the decision whether the asker may, the only writer of the log of looks, and
the key that finds a person. The BSN is typed or comes on stdin; it never stands in a command, an address or a log.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

app = typer.Typer(help="What is held of one person.", no_args_is_help=True)
_SETTING: Final = "--token-file"
_ANSWER_SECONDS: Final = 60.0
"""A person who has been looked at for years has many looks."""


@app.callback()
def _noun() -> None:
    """What is held of one person."""


@app.command()
def inspect(
    token_file: Annotated[Path, typer.Option(help="Holds the token of an inspection officer; mode 0600.")],
    desk: Annotated[str, typer.Option(help="Address of the desk.")] = "http://127.0.0.1:8080",
    language: Annotated[str, typer.Option(help="Of the text: nl or en.")] = "nl",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Everything held of a citizen, and every look at him; others cut out. Asks for the BSN, or reads it on stdin."""
    from hub.desk.letter import letter
    from hub.desk.translations import LANGUAGES
    from hub.desk.words import Words
    from hub.errors import ConfigError
    from hub.settings import read_private

    chosen = next((item for item in LANGUAGES if item == language), None)
    if chosen is None:
        raise ConfigError("--language", problem=f"must be one of: {', '.join(LANGUAGES)}")
    token = read_private(token_file, _SETTING).decode(errors="replace").strip()
    found = _ask(desk, token, _bsn())
    if as_json:
        print(json.dumps(found))
        return
    print("\n".join(letter(found, Words(chosen, datetime.now(UTC).date()))))


def _bsn() -> str:
    if sys.stdin.isatty():
        asked: str = typer.prompt("BSN", hide_input=True)
        return asked.strip()
    return sys.stdin.readline().strip()


def _ask(desk: str, token: str, bsn: str) -> Any:
    import httpx

    from hub.errors import RegiehubError

    try:
        with httpx.Client(trust_env=False, timeout=_ANSWER_SECONDS) as client:
            answer = client.post(
                f"{desk.rstrip('/')}/api/v1/inzageverzoeken",
                json={"bsn": bsn},
                headers={"authorization": f"Bearer {token}"},
            )
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as error:
        raise RegiehubError(f"The desk does not answer at {desk}.", type(error).__name__) from error
    if answer.status_code != httpx.codes.OK:
        raise RegiehubError(_refusal(answer))
    return answer.json()


def _refusal(answer: Any) -> str:
    """What the desk says of itself; it repeats nothing that was sent."""
    try:
        body = answer.json()
        reasons = [item["reason"] for item in body.get("invalid_params", [])]
        return " ".join([f"{body['title']}: {body['detail']}", *reasons])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"The desk answered {answer.status_code}."
