"""`regiehub opening …`: what opens a dossier to others: consent, an emergency, and its review. Asks the desk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from hub.cli.desk import DESK, Desk, DeskAddress, TokenFile, ask

app = typer.Typer(help="Consent, emergency access and its review.", no_args_is_help=True)

Source = Annotated[str, typer.Argument(help="The source of the dossier.")]
Dossier = Annotated[str, typer.Argument(help="The number of the dossier.")]
Why = Annotated[str, typer.Option("--why", help="The reason, 1 to 2000 signs; stays for ever. No BSN.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value.")]


@app.callback()
def _noun(context: typer.Context, desk: DeskAddress = DESK, token_file: TokenFile = None) -> None:
    """Consent, emergency access and its review."""
    context.obj = Desk(desk, token_file)


@app.command()
def consent(
    context: typer.Context,
    line: Annotated[tuple[str, str, str], typer.Argument(metavar="SOURCE DOSSIER LINE", help="Whoever agrees.")],
    unit: Annotated[Literal["youth", "adult"], typer.Argument(help="Which unit may see it.")],
    until: Annotated[str, typer.Option(help="The last day, YYYY-MM-DD; at most a year.")],
    given_by: Annotated[list[str], typer.Option(help="self, custodians; once for each.")],
    why: Why,
    domain: Annotated[list[str] | None, typer.Option(help="A life domain; none: all, and what has none.")] = None,
    as_json: AsJson = False,
) -> None:
    """Record that somebody lets the other unit see what a dossier knows of him. Taken back by `decision withdraw`."""
    named = dict(zip(("source", "dossier_id", "line"), line, strict=True))
    said = {"unit": unit, "domains": domain or None, "given_by": given_by, "until": until}
    _decide(context, "consent", why, {"consent": {**named, **said}}, as_json=as_json)


@app.command()
def emergency(context: typer.Context, source: Source, dossier: Dossier, why: Why, as_json: AsJson = False) -> None:
    """See a dossier in an emergency, for some hours. Everybody concerned sees that you did; it is reviewed."""
    _decide(context, "emergency", why, {"emergency": {"source": source, "dossier_id": dossier}}, as_json=as_json)


@app.command()
def review(
    context: typer.Context,
    source: Source,
    dossier: Dossier,
    decision: Annotated[str, typer.Argument(help="Id of the emergency access.")],
    why: Why,
    justified: Annotated[bool, typer.Option("--justified/--not-justified", help="Whether there was an emergency.")],
    as_json: AsJson = False,
) -> None:
    """Judge an emergency access. For safety officers, and not of their own."""
    said = {"source": source, "dossier_id": dossier, "emergency": decision, "justified": justified}
    _decide(context, "emergency_review", why, {"review": said}, as_json=as_json)


@app.command("to-review")
def to_review(context: typer.Context, as_json: AsJson = False) -> None:
    """The emergency accesses that nobody has reviewed yet, the oldest first. For safety officers."""
    found = ask(context.obj, "noodtoegangen")["emergencies"]
    if as_json:
        print(json.dumps(found))
        return
    for item in found:
        print(f"{item['decision_id']}  {item['source']} {item['dossier_id']}  {item['user']} until {item['until']}")
        print(f"  {item['why']}")


def _decide(context: typer.Context, kind: str, why: str, said: Mapping[str, Any], *, as_json: bool) -> None:
    accepted = ask(context.obj, "besluiten", {"kind": kind, "why": why, **said})
    recorded = f"{accepted['decision_id']}  recorded; it takes a second to come through"
    print(json.dumps(accepted) if as_json else recorded)
