"""`regiehub decision …`: what people decide on who is who, who lives where and who directs. Asks the desk,
so that access and the log of looks stay in one place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import typer

from hub.cli.desk import DESK, Desk, DeskAddress, TokenFile, ask

app = typer.Typer(
    help="What people decide: who is who, who lives where, who directs, what is hidden.", no_args_is_help=True
)

Kind = Literal[
    "same_person", "different_person", "same_household", "lives_here", "lives_elsewhere", "snooze", "direction"
]
Line = tuple[str, str, str]
Why = Annotated[str, typer.Option("--why", help="The reason, 1 to 2000 signs; stays for ever. No BSN.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value.")]
Identity = Annotated[str, typer.Argument(help="Id of the decision.")]
_LINE: Final = "SOURCE DOSSIER LINE"


@app.callback()
def _noun(
    context: typer.Context,
    desk: DeskAddress = DESK,
    token_file: TokenFile = None,
) -> None:
    """What people decide: who is who, who lives where, who directs, what is hidden."""
    context.obj = Desk(desk, token_file)


@app.command("make")
def make_decision(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="What is decided.")],
    why: Why,
    line: Annotated[Line | None, typer.Option(help="A member line.", metavar=_LINE)] = None,
    other: Annotated[Line | None, typer.Option(help="The other, if it is about two.", metavar=_LINE)] = None,
    doubted: Annotated[
        Literal["line", "other"] | None,
        typer.Option(help="different_person: whose number is wrong where both state the same."),
    ] = None,
    snooze: Annotated[
        tuple[str, str, str, str, str] | None,
        typer.Option(help="What to hide, until when.", metavar="SOURCE DOSSIER RULE POINT YYYY-MM-DD"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record a decision; one on the same lines is replaced. It takes a second to come through."""
    wanted = {
        "kind": kind,
        "why": why,
        "line": _named(("source", "dossier_id", "line"), line),
        "other": _named(("source", "dossier_id", "line"), other),
        "doubted": doubted,
        "snooze": _named(("source", "dossier_id", "rule", "point", "until"), snooze),
    }
    _print_accepted(ask(context.obj, "besluiten", wanted), as_json)


@app.command("direct")
def direct(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="The source of the dossier on which it is said.")],
    dossier: Annotated[str, typer.Argument(help="The number of that dossier.")],
    why: Why,
    director: Annotated[str | None, typer.Option(help="Who directs from today on; without it, you.")] = None,
    phone: Annotated[str, typer.Option(help="His telephone.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take over who directs a household across both systems, or hand it over."""
    who = {"name": director, "phone": phone} if director else None
    said = {"source": source, "dossier_id": dossier, "director": who}
    _print_accepted(ask(context.obj, "besluiten", {"kind": "direction", "why": why, "direction": said}), as_json)


@app.command("withdraw")
def withdraw_decision(context: typer.Context, decision: Identity, why: Why, as_json: AsJson = False) -> None:
    """Take a decision back: what it did is undone, and it stays to be seen."""
    _print_accepted(ask(context.obj, f"besluiten/{quote(decision, safe='')}/intrekking", {"why": why}), as_json)


@app.command("list")
def list_decisions(
    context: typer.Context,
    household: Annotated[str, typer.Argument(help="Id of the household.")],
    as_json: AsJson = False,
) -> None:
    """All decisions about a household, the newest first; those taken back too."""
    found = ask(context.obj, f"huishoudens/{quote(household, safe='')}/besluiten")["decisions"]
    if as_json:
        print(json.dumps(found))
        return
    for item in found:
        print(f"{item['decision_id']}  {item['effect']:<12} {item['kind']:<16} {item['decided_by']}: {item['why']}")


@app.command("show")
def show_decision(context: typer.Context, decision: Identity, as_json: AsJson = False) -> None:
    """One decision with what it does now."""
    found = ask(context.obj, f"besluiten/{quote(decision, safe='')}")
    if as_json:
        print(json.dumps(found))
        return
    for name in ("decision_id", "kind", "effect", "decided_by", "decided_at", "why"):
        print(f"{name:<12} {found[name]}")
    for line in found["lines"]:
        print(f"{'line':<12} {line['source']} {line['dossier_id']} {line['line']}{' (doubted)' * line['doubted']}")
    if said := found["direction"]:
        print(f"{'direction':<12} {said['name']} from {said['from_on']}, {said['source']} {said['dossier_id']}")
    if point := found["snooze"]:
        print(f"{'snooze':<12} {' '.join(str(value) for value in point.values())}")


def _named(names: tuple[str, ...], given: tuple[str, ...] | None) -> dict[str, str] | None:
    return dict(zip(names, given, strict=True)) if given else None


def _print_accepted(accepted: Mapping[str, Any], as_json: bool) -> None:
    said = f"{accepted['decision_id']}  recorded; it takes a second to come through"
    print(json.dumps(accepted) if as_json else said)
