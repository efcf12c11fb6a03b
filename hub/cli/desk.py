"""Commands that ask the desk: with a token, over its API, so that access and the log of looks stay in one place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

DESK: Final = "http://127.0.0.1:8080"
DeskAddress = Annotated[str, typer.Option("--desk", envvar="REGIEHUB_DESK_URL", help="The desk.")]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", envvar="REGIEHUB_TOKEN_FILE", help="File that holds your token; mode 0600."),
]
_ANSWER_SECONDS: Final = 60.0
"""Longer than the desk itself waits: for its turn, for a connection to the log, and for the acknowledgement."""
_SUCCESS: Final = range(200, 300)


@dataclass(frozen=True)
class Desk:
    """Where the desk answers, and where the token stands."""

    address: str
    token_file: Path | None


def ask(desk: Desk, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
    """The desk's answer. Ends the command with one line and exit code 1 if it is no."""
    import httpx

    headers = {"Authorization": f"Bearer {_token(desk.token_file)}"}
    try:
        with httpx.Client(trust_env=False, follow_redirects=True, timeout=_ANSWER_SECONDS, headers=headers) as client:
            address = f"{desk.address.rstrip('/')}/api/v1/{path}"
            answer = client.get(address) if body is None else client.post(address, json=body)
            found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        _fail(f"the desk does not answer at {desk.address} ({type(error).__name__})")
    if answer.status_code not in _SUCCESS:
        wrong = [f"{item['name']}: {item['reason']}" for item in found.get("invalid_params") or ()]
        _fail(" ".join([str(found.get("detail", answer.status_code)), *wrong]))
    return found


def _token(path: Path | None) -> str:
    """Raises ConfigError."""
    from hub.errors import ConfigError
    from hub.settings import read_private

    if path is None:
        raise ConfigError("--token-file", ["--token-file", "environment variable REGIEHUB_TOKEN_FILE"])
    token = read_private(path, "--token-file").decode(errors="replace").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise ConfigError("--token-file", [str(path)], problem="holds no token")
    return token


def _fail(message: str) -> NoReturn:
    print(f"regiehub: {message}", file=sys.stderr)
    raise typer.Exit(1)
