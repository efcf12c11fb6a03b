"""`regiehub schemas …`: the Avro schemas of the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hub.errors import ConfigError

app = typer.Typer(help="The Avro schemas and their examples.", no_args_is_help=True)


@app.command("list")
def list_schemas(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False) -> None:
    """Each version of each subject with its id on the wire."""
    from hub.ops.contract import schema_versions

    entries = schema_versions()
    if as_json:
        print(json.dumps([entry._asdict() for entry in entries]))
        return
    for entry in entries:
        print(f"{entry.subject:<32} v{entry.version}  id {entry.schema_id}")


@app.command("check")
def check_schemas(
    since: Annotated[Path | None, typer.Option(help="The schemas folder of the release that runs now.")] = None,
) -> None:
    """Whether schemas, examples and topics fit each other, and each version the one before. Exit 1 and a line per
    problem if not."""
    from hub.ops.contract import problems

    found = problems() + ([] if since is None else _problems_since(since))
    for problem in found:
        print(problem)
    if found:
        raise typer.Exit(1)
    print("schemas, examples and topics agree")


def _problems_since(folder: Path) -> list[str]:
    from hub.ops.contract import problems_since

    try:
        return problems_since(folder)
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise ConfigError("--since", [str(folder)], problem="is no schemas folder of a release") from error


@app.command("register")
def register_schemas(
    registry: Annotated[
        str, typer.Option(envvar="REGIEHUB_SCHEMA_REGISTRY", help="Its address, https://host:port; Confluent's API.")
    ] = "",
) -> None:
    """Put every version into a schema registry, under its own id. Again without effect."""
    from hub.ops.schema_registry import register

    if not registry.startswith(("http://", "https://")):
        raise ConfigError("REGIEHUB_SCHEMA_REGISTRY", ["--registry", "environment variable REGIEHUB_SCHEMA_REGISTRY"])
    done = register(registry)
    print(f"{done.there} schemas were there, {done.added} were added")
