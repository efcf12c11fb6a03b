"""`regiehub connector new|try|check`: a vendor's way from nothing to a source that is read."""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hub.demo.stack import Stack
    from hub.demo.trial import Trial

_LOOK_SECONDS = 1.0
_PAGE_SECONDS = 30.0
Name = Annotated[str, typer.Argument(help="Name of an installed connector.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def new(
    name: Annotated[str, typer.Argument(help="Name of the source: lower-case letters, digits, underscores.")],
    to: Annotated[Path, typer.Option(help="Folder to make the package in.")] = Path(),
    drops_files: Annotated[
        bool, typer.Option("--files", help="Of a source that drops files of lines in a folder, not of a web server.")
    ] = False,
) -> None:
    """Make a package of your own, regiehub-NAME, that works and passes the tests; then edit it."""
    from hub.connect.starting import create_package

    package = create_package(name, to, drops_files=drops_files)
    print(f"Made {package}. Next:\n")
    print(f"  pip install --editable {package}")
    for verb in ("test", "try"):
        print(f"  regiehub connector {verb} {name}")


def try_out(
    name: Name,
    port: Annotated[int, typer.Option(help="Port of the desk, on loopback.", min=1, max=65535)] = 8080,
    once: Annotated[bool, typer.Option("--once", help="Stop when it was shown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a connector into a demo of its own, fed with its fixtures, and say on which page its data stand."""
    from hub.cli.interrupts import hear_ctrl_c
    from hub.demo.brokers import BrokerUnavailable
    from hub.demo.brokers.embedded import EmbeddedBroker
    from hub.demo.stack import Stack
    from hub.demo.trial import show, users_of
    from hub.errors import ConfigError

    is_interrupted = hear_ctrl_c()
    logging.getLogger("kafka").addHandler(logging.NullHandler())  # our one line says it
    try:
        with Stack(
            EmbeddedBroker(), port=port, sources=[name], users=users_of(name), is_interrupted=is_interrupted
        ) as stack:
            _tell(stack, name, show(stack, name), as_json)
            if not once:
                _stay(stack)
    except BrokerUnavailable as error:
        raise ConfigError("demo", problem=f"does not start: {error.user_message}") from error
    except KeyboardInterrupt:
        print("\nregiehub: everything is stopped.", file=sys.stderr)


def _tell(stack: Stack, name: str, trial: Trial, as_json: bool) -> None:
    from hub.demo.users import OPERATOR

    if as_json:
        households = [{**shown._asdict(), "token": stack.tokens.get(shown.user or "")} for shown in trial.households]
        print(json.dumps({**trial._asdict(), "households": households}), flush=True)
        return
    print(f"\n  {name}: {trial.changes} changes, {trial.refused} refused, {len(trial.households)} households\n")
    if not trial.households:
        print("    none: dossiers of kind request show where their client is, and here no other source knows him\n")
    for shown in trial.households:
        records = ", ".join(f"{count} {kind}" for kind, count in shown.records.items()) or "no records"
        print(f"  {shown.address}\n    {', '.join(shown.members)}: {records}")
        if shown.user is None:
            print("    no dossier of it names its team, so nobody may see it: give `team` in the composition\n")
            continue
        token = stack.tokens[shown.user]
        print(f"    log in as {shown.user}, with the token {token}\n")
        print("\n".join(f"    | {line}".rstrip() for line in _page(stack, shown.household_id, token)) + "\n")
    print(f"  Console  {stack.url}/beheer\n    log in as {OPERATOR}, with the token {stack.tokens[OPERATOR]}")
    print(f"  Metrics  http://127.0.0.1:{stack.metrics_ports[f'connector {name}']}/metrics\n", flush=True)


def _page(stack: Stack, household_id: str, token: str) -> list[str]:
    """The household's page as text, for whoever has that token: as `regiehub household show`."""
    import httpx

    from hub.desk.sheet import sheet
    from hub.desk.words import Words

    with httpx.Client(trust_env=False, headers={"Authorization": f"Bearer {token}"}, timeout=_PAGE_SECONDS) as client:
        found = client.get(f"{stack.url}/api/v1/huishoudens/{household_id}").raise_for_status().json()
    return list(sheet(found, Words("nl", datetime.now(UTC).date())))


def _stay(stack: Stack) -> None:
    print("  Ctrl-C stops everything.", flush=True)
    pause = threading.Event()  # never set: a signal ends the wait
    while not pause.wait(_LOOK_SECONDS):
        stack.check()


def check(
    name: Annotated[str, typer.Argument(help="Name of the source in the connectors file.")],
    file: Annotated[
        Path | None, typer.Option(envvar="REGIEHUB_CONNECTORS_FILE", help="The connectors file; mode 0600.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the live source whether it answers and lets us in; exit 1 if not. Reads nothing and publishes nothing."""
    from hub.connect.ingest.connectors_file import load_source
    from hub.connect.ingest.process import ConnectorProcess
    from hub.errors import SourceRejected, SourceUnavailable
    from hub.settings import load_settings

    path = file or load_settings().connectors_file
    source = load_source(path, name, _MUNICIPALITY)
    process = ConnectorProcess(source.connector, source.config, denied=(path,))
    try:
        process.check()
        outcome, message, detail = "ok", "The source answers and lets us in.", ""
    except SourceUnavailable as error:
        outcome, message, detail = "unreachable", error.user_message, error.detail
    except SourceRejected as error:
        outcome, message, detail = "refused", error.user_message, error.detail
    finally:
        process.close()
    if as_json:
        print(json.dumps({"source": name, "outcome": outcome, "message": message, "detail": detail}))
    else:
        print(f"{name}: {outcome}. {message}{f' ({detail})' if detail else ''}")
    raise typer.Exit(outcome != "ok")


_MUNICIPALITY = "0599"
"""What a source without one of its own is told; it plays no part in a check."""
