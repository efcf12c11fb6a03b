"""`regiehub connector test`: does a connector do what the hub expects of it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def test(
    name: Annotated[str, typer.Argument(help="An installed connector, or package.module:Class.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit file for CI.")] = None,
    cursor: Annotated[
        Path | None, typer.Option(help="Write the last cursor: a release keeps it in fixtures/cursors, for C08.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="A check that could not run counts as one that failed.")
    ] = False,
) -> None:
    """Run the conformance checks C01–C17 against the connector's simulator and fixtures.

    Exit 0: none failed. 1: one failed, or with --strict could not run. 2: there is no such connector."""
    from hub.connect.conformance import Bench, Outcome, Result, report, run, subject_of

    subject = subject_of(name)
    results: list[Result] = []
    with Bench(subject) as bench:
        for found in run(bench):
            result = found.strictly() if strict else found
            results.append(result)
            if not as_json:
                print(report.line(result), flush=True)
        if cursor is not None and bench.last_cursor is not None:
            cursor.write_text(bench.last_cursor.model_dump_json() + "\n", encoding="utf-8")
    if junit is not None:
        junit.write_bytes(report.as_junit(name, results))
    print(report.as_json(name, subject.connector.version, results) if as_json else f"\n{report.summary(results)}")
    raise typer.Exit(any(result.outcome is Outcome.FAILED for result in results))
