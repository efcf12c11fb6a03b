"""A dossier as the household rules see it: its member lines and the statements of residence they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hub.events.ids import DossierRef, Order, ref_of
from hub.events.moments import micros


@dataclass(frozen=True, slots=True)
class Line:
    """One member line. `address` is the key of the address it states; None: unknown. `stated_at` in microseconds (UTC).

    The client's line always counts as living here. `confirmed`: the person is known by a valid number. `decided_at`
    (microseconds): when a human said that this person lives here; such a statement beats all others. -1: nobody did.
    """

    line: str
    person: str
    is_client: bool
    lives_here: bool
    stated_at: int
    address: str | None
    confirmed: bool = True
    decided_at: int = -1


@dataclass(frozen=True, slots=True)
class Dossier:
    """Current composition of one dossier. `client` is the person key of its client; empty when deleted."""

    ref: DossierRef
    order: Order
    deleted: bool
    is_open: bool
    opened_on: date
    client: str
    lines: tuple[Line, ...]
    persons: frozenset[str] = field(init=False, compare=False, repr=False)
    """Everybody named, whether or not they live here."""

    def __post_init__(self) -> None:
        """Asked for several times in each change: derived once."""
        object.__setattr__(self, "persons", frozenset([line.person for line in self.lines]))


def order_of(envelope: Mapping[str, Any]) -> Order:
    """Order of a decoded registrations.* event."""
    return Order(
        envelope["source_epoch"],
        envelope["version"],
        micros(envelope["recorded_at"]),
        envelope["revision"],
    )


def parse_dossier(event: Mapping[str, Any]) -> Dossier:
    """A decoded registrations.composition as a Dossier."""
    ref = ref_of(event)
    body = event["body"]
    if event["deleted"] or body is None:
        return Dossier(ref, order_of(event), True, False, date.max, "", ())
    home = body["address"]["key"] if body["address"] else None
    lines = tuple(_parse_line(member, home) for member in body["members"])
    client = next((line.person for line in lines if line.is_client), "")
    return Dossier(ref, order_of(event), False, body["status"] == "open", body["opened_on"], client, lines)


def _parse_line(member: Mapping[str, Any], home: str | None) -> Line:
    address = member["address"]["key"] if member["address"] else None if member["address_unknown"] else home
    is_client = member["is_client"]
    return Line(
        member["line"],
        member["person"],
        is_client,
        is_client or member["lives_here"],
        micros(member["stated_at"]),
        address,
        member["confirmed"],
    )
