"""A vendor's connector in a demo of its own: its fixtures in its simulator, and where they can be seen."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

from hub.connect.conformance import Bench, subject_of
from hub.connect.conformance.subject import VALID
from hub.demo.lag import Gauge
from hub.demo.once import dead_letters, read_all
from hub.demo.stack import Stack
from hub.demo.users import DIRECTOR, OPERATOR, USERS, DemoUser
from hub.events.records import Composition

_UNITS: Final = ("youth", "adult")


class Shown(NamedTuple):
    """One household, where its page is, and the user who may open it; none if no dossier names its team."""

    address: str
    user: str | None
    household_id: str
    members: list[str]
    dossiers: list[str]
    records: dict[str, int]


class Trial(NamedTuple):
    """What a connector brought into the hub. `refused`: records that it could not read."""

    changes: int
    refused: int
    households: list[Shown]


def users_of(name: str) -> dict[str, DemoUser]:
    """Users who may see what the connector's valid.jsonl holds: of each unit one, in all teams that it names.

    Raises NotRun when there is no such fixture, Nonconformity when it can't be read.
    """
    with Bench(subject_of(name)) as bench:
        bodies = [draft.body for told in bench.told for draft in told.drafts]
    teams = {body.team for body in bodies if isinstance(body, Composition) and body.team}
    trial = {f"proef-{unit}": DemoUser("case_director", f"Proef {unit}", unit, tuple(sorted(teams))) for unit in _UNITS}
    return {**trial, **{user: USERS[user] for user in (DIRECTOR, OPERATOR)}}


def show(stack: Stack, name: str) -> Trial:
    """Let the source hold the connector's valid.jsonl; wait until it is through. Blocking.

    Raises NotRun when there is no such fixture, DemoError when nothing moves.
    """
    changes = subject_of(name).load_into(stack.simulators[name], VALID)
    gauge = Gauge(stack)
    try:
        gauge.await_zero()
    finally:
        gauge.close()
    return Trial(changes, dead_letters(stack), [_shown(stack, document) for document in read_all(stack)])


def _shown(stack: Stack, document: dict[str, Any]) -> Shown:
    household_id = document["household_id"]
    return Shown(
        address=f"{stack.url}/huishoudens/{household_id}",
        user=next((f"proef-{kind}" for kind in _kinds(document)), None),
        household_id=household_id,
        members=[_name(member) for member in document["members"]],
        dossiers=[dossier["dossier_id"] for dossier in document["dossiers"]],
        records=dict(Counter(record["record_type"] for record in document["records"])),
    )


def _kinds(document: dict[str, Any]) -> list[str]:
    return [dossier["kind"] for dossier in document["dossiers"] if dossier["kind"] in _UNITS and dossier["team"]]


def _name(member: dict[str, Any]) -> str:
    parts = member["names"][0] if member["names"] else {}
    return " ".join(part for part in parts.values() if part) or "(no name)"
