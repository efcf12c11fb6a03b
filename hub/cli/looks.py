"""`regiehub looks …`: the log of looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hub.desk.looks.anchors import Anchor
    from hub.desk.looks.verify import Verdict

app = typer.Typer(help="The log of who looked at whose data.", no_args_is_help=True)


@app.callback()
def _noun() -> None:
    """The log of who looked at whose data."""


@app.command()
def verify(
    log: Annotated[
        Path | None, typer.Option(help="The log; without it that of the data folder, with its anchors.")
    ] = None,
    anchors: Annotated[
        Path | None, typer.Option(help="The anchors: their file, or log lines of the desk that hold them.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Whether no record of a look was changed, removed or moved. Exit 1, and in words where, if one was."""
    from hub.desk.looks.verify import in_words

    found = _verdict(log, anchors)
    print(json.dumps(_plain(found)) if as_json else "\n".join(in_words(found)))
    if not found.is_whole:
        raise typer.Exit(1)


def _verdict(log: Path | None, anchors: Path | None) -> Verdict:
    """The anchors are read first: what is written meanwhile is not in them."""
    from hub.desk.looks import log_file
    from hub.desk.looks.verify import verify as verify_log
    from hub.errors import ConfigError
    from hub.settings import load_settings

    if log is None:
        settings = load_settings()
        log, anchors = log_file(settings.data_folder), anchors or settings.looks_anchors_file
    known = _anchors(anchors) if anchors else []
    try:
        return verify_log(log, known)
    except OSError as error:
        raise ConfigError("--log", [str(log)], problem=f"cannot be read ({error.strerror})") from error


def _anchors(file: Path) -> list[Anchor]:
    from hub.desk.looks.anchors import read
    from hub.errors import ConfigError

    try:
        return read(file)
    except OSError as error:
        raise ConfigError("--anchors", [str(file)], problem=f"cannot be read ({error.strerror})") from error


def _plain(found: Verdict) -> dict[str, object]:
    problems = [item._asdict() for item in found.problems]
    return {"whole": found.is_whole, **vars(found), "problems": problems}
