"""A vendor's connector in a demo of its own: its fixtures in its simulator, and where they can be seen."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from hub.connect.conformance.subject import VALID, subject_of
from hub.demo.lag import Gauge
from hub.demo.once import dead_letters, read_all
from hub.demo.stack import Stack


class Shown(NamedTuple):
    """One household, and where its page is."""

    address: str
    household_id: str
    members: list[str]
    dossiers: list[str]
    records: dict[str, int]


class Trial(NamedTuple):
    """What a connector brought into the hub. `refused`: records that it could not read."""

    changes: int
    refused: int
    households: list[Shown]


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
        household_id=household_id,
        members=[_name(member) for member in document["members"]],
        dossiers=[dossier["dossier_id"] for dossier in document["dossiers"]],
        records=dict(Counter(record["record_type"] for record in document["records"])),
    )


def _name(member: dict[str, Any]) -> str:
    parts = member["names"][0] if member["names"] else {}
    return " ".join(part for part in parts.values() if part) or "(no name)"
