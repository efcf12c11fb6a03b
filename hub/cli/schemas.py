"""`regiehub schemas …`: the Avro schemas of the contract."""

from __future__ import annotations

import json
from typing import Annotated

import typer

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
def check_schemas() -> None:
    """Whether schemas, examples and topics fit each other. Exit 1 and a line per problem if not."""
    from hub.ops.contract import problems

    found = problems()
    for problem in found:
        print(problem)
    if found:
        raise typer.Exit(1)
    print("schemas, examples and topics agree")
