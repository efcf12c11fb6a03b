"""The account that a registration (ZCD, MensCentraal) keeps of a request: one record, one claim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final, cast

from hub.household.days import local_day, parse_day
from hub.household.document_shape import Dossier, RecordEntry
from hub.household.requests.claim import Allocation, Claim, Record, Step, Wrong
from hub.household.requests.codes import FURTHER, LAW_OF_KIND

_GRANTED: Final = frozenset({"granted", "started", "paused", "ended"})
_NEEDED: Final = ("provider", "submitted_on")
"""Without these a request that was handed in goes nowhere."""


def claim(record: RecordEntry, dossier: Dossier) -> Claim:
    """What the registration says. A day that it does not state is the one on which it recorded the request: later than
    the real one, never earlier."""
    body = cast(dict[str, Any], record["body"])
    recorded = local_day(record["recorded_at"])
    state = str(body["state"])
    steps = tuple(sorted(_steps(record, body, recorded)))
    return Claim(
        source=record["source"],
        is_message=False,
        kind="new",
        law=LAW_OF_KIND.get(dossier["kind"], ""),
        person=dossier["client"],
        state=state,
        on=max((step.on for step in steps if step.state == state), default=recorded),
        recorded_at=record["recorded_at"],
        submitted_on=_day(body, "submitted_on") or _stated(steps, "submitted") or recorded,
        reference=_text(body, "reference"),
        numbers=tuple(filter(None, [_text(body, "allocation_number")])),
        provider_code=_text(body, "provider_code"),
        provider=_text(body, "provider"),
        product_code=_text(body, "product_code"),
        product=_text(body, "product"),
        starts_on=_day(body, "starts_on"),
        ends_on=_day(body, "ends_on"),
        reason_code=_text(body, "reason_code"),
        reason=_text(body, "reason"),
        steps=steps,
        wrong=tuple(Wrong("", str(code)) for code in body.get("return_codes") or ()),
        missing=tuple(name for name in _NEEDED if state not in ("concept", "ended") and not body.get(name)),
        allocations=(_allocation(body),) if state in _GRANTED else (),
        records=(Record(record["source"], record["dossier_id"], record["record_id"]),),
    )


def _steps(record: RecordEntry, body: dict[str, Any], recorded: date) -> Iterator[Step]:
    """Its history; of what that leaves out, what the days of request and decision say, and its present state."""
    kept = [(str(item["state"]), parse_day(item["on"])) for item in body.get("steps") or ()]
    known = {(state, on) for state, on in kept if on is not None}
    stated = {state for state, _ in known}
    submitted, decided, state = _day(body, "submitted_on"), _day(body, "decided_on"), str(body["state"])
    if submitted is not None and "submitted" not in stated and state != "concept":
        known.add(("submitted", submitted))
    decision = "rejected" if state == "rejected" else "granted" if state in _GRANTED else None
    if decided is not None and decision is not None and decision not in stated:
        known.add((decision, decided))
    if state not in {name for name, _ in known}:
        known.add((state, recorded))
    for name, on in known:
        code = _text(body, "reason_code") if name == "rejected" else ""
        where = (record["source"], record["dossier_id"], record["record_id"])
        yield Step(on, FURTHER.get(name, 0), name, *where, on, code)


def _allocation(body: dict[str, Any]) -> Allocation:
    return Allocation(
        number=_text(body, "allocation_number"),
        product_code=_text(body, "product_code"),
        starts_on=_day(body, "starts_on"),
        ends_on=_day(body, "ends_on"),
        volume=body.get("volume"),
        unit=body.get("unit"),
        frequency=body.get("frequency"),
        tariff_cents=body.get("tariff_cents"),
        budget_cents=None,
        committed_cents=body.get("committed_cents"),
    )


def _stated(steps: tuple[Step, ...], state: str) -> date | None:
    return max((step.on for step in steps if step.state == state), default=None)


def _day(body: dict[str, Any], name: str) -> date | None:
    return parse_day(body.get(name))


def _text(body: dict[str, Any], name: str) -> str:
    return str(body.get(name) or "")
