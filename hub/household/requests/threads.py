"""The threads of a household: one per request for specialist help, out of every account of it. Pure.

A registration's record joins the messages that have its reference, else its allocation number, else its person, product
and first day; only where exactly one thread fits. Where several sources speak, the furthest state is that of the
thread, and each source's own stands beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from hub.events.records import RecordType
from hub.household.attention.terms import Terms
from hub.household.document_shape import Document, RecordEntry
from hub.household.requests import messages, registrations
from hub.household.requests.claim import Allocation, Claim, Record, Step, Wrong
from hub.household.requests.clocks import Owed, owed
from hub.household.requests.codes import FURTHER, NEXT, Party
from hub.household.requests.parts import part

MADE_OF: Final = frozenset({RecordType.SUPPORT_REQUEST.value, RecordType.REQUEST_MESSAGE.value})
"""Types of the records that requests are put together of."""


class Account(NamedTuple):
    """Where a request is according to one source. `recorded_at`: ISO time of what it rests on."""

    source: str
    state: str
    on: date
    recorded_at: str


class Decision(NamedTuple):
    """What was decided. `code`: WJ759 of a rejection; `text`: as the registration words it; `municipality`: that is to
    pay, if another one is."""

    outcome: str
    on: date
    code: str
    text: str
    municipality: str


@dataclass(frozen=True, slots=True)
class Thread:
    """One request. Texts are empty where no source states them.

    `anchor`: the first record of a registration, else of a message: what the thread is called by.
    `differs`: the sources are not equally far. `steps`: oldest first. `wrong`: as long as it was not put right.
    `next_party`, `next_due`: who has to act, and by when (None: no clock runs). `late`: something that is owed now is
    past its day. `owed`: also what was done, so that it shows whether that was in time.
    """

    anchor: Record
    kind: str
    law: str
    persons: tuple[str, ...]
    product_code: str
    product: str
    provider_code: str
    provider: str
    reference: str
    numbers: tuple[str, ...]
    submitted_on: date
    state: str
    since: date
    accounts: tuple[Account, ...]
    differs: bool
    steps: tuple[Step, ...]
    decision: Decision | None
    wrong: tuple[Wrong, ...]
    missing: tuple[str, ...]
    next_party: Party
    next_due: date | None
    late: bool
    owed: tuple[Owed, ...]
    allocations: tuple[Allocation, ...]
    records: tuple[Record, ...]

    @property
    def key(self) -> str:
        """What it is called by: equal for as long as it is the same request."""
        return "/".join(self.anchor)


def threads(document: Document, today: date, terms: Terms) -> list[Thread]:
    """All threads: late ones first, then by the day that is due, then the newest request first. Raises nothing.

    The order of the records, and one given twice, make no difference."""
    dossiers = {(item["source"], item["dossier_id"]): item for item in document["dossiers"]}
    clients = {(item["source"], item["dossier_id"]): item["client"] for item in document["message_dossiers"]}
    registered = [
        registrations.claim(record, dossiers[record["source"], record["dossier_id"]])
        for record in _distinct(document, RecordType.SUPPORT_REQUEST)
        if (record["source"], record["dossier_id"]) in dossiers
    ]
    parts = [
        part(record, clients.get((record["source"], record["dossier_id"]), ""))
        for record in _distinct(document, RecordType.REQUEST_MESSAGE)
    ]
    found = [_thread(claims, today, terms) for claims in joined(registered, [c for _, c in messages.claims(parts)])]
    return sorted(found, key=_order)


def _distinct(document: Document, record_type: RecordType) -> list[RecordEntry]:
    """Each record once, in its newest version."""
    newest: dict[tuple[str, str, str], RecordEntry] = {}
    for record in document["records"]:
        if record["record_type"] == record_type.value:
            key = record["source"], record["dossier_id"], record["record_id"]
            known = newest.get(key)
            newest[key] = record if known is None or _version(record) > _version(known) else known
    return [newest[key] for key in sorted(newest)]


def _version(record: RecordEntry) -> tuple[int, str, int]:
    return record["version"], record["recorded_at"], record["revision"]


def joined(registered: Sequence[Claim], messages: Sequence[Claim]) -> list[list[Claim]]:
    """The accounts of each request; those of messages first."""
    groups: dict[object, list[Claim]] = {("message", index): [claim] for index, claim in enumerate(messages)}
    for claim in registered:
        fitting = next(filter(None, (_fitting(claim, messages, fits) for fits in _WAYS)), None)
        groups.setdefault(_own_key(claim) if fitting is None else ("message", fitting[0]), []).append(claim)
    return list(groups.values())


def _fitting(claim: Claim, messages: Sequence[Claim], fits: Callable[[Claim, Claim], bool]) -> tuple[int] | None:
    found = [index for index, other in enumerate(messages) if claim.law == other.law and fits(claim, other)]
    return (found[0],) if len(found) == 1 else None


def _same_reference(one: Claim, other: Claim) -> bool:
    return bool(one.reference) and one.reference == other.reference and _may_be_one_provider(one, other)


def _same_number(one: Claim, other: Claim) -> bool:
    return bool(set(one.numbers) & set(other.numbers)) and _may_be_one_provider(one, other)


def _same_start(one: Claim, other: Claim) -> bool:
    """Not if both have a reference, or a number: then these say that they are two."""
    if (one.reference and other.reference) or (one.numbers and other.numbers):
        return False
    asked = one.person, one.product_code, one.starts_on
    return bool(one.product_code and one.starts_on) and asked == (other.person, other.product_code, other.starts_on)


def _may_be_one_provider(one: Claim, other: Claim) -> bool:
    return "" in (one.provider_code, other.provider_code) or one.provider_code == other.provider_code


_WAYS: Final = (_same_reference, _same_number, _same_start)


def _own_key(claim: Claim) -> object:
    """Two registrations speak of one request if they call it by one reference."""
    return (claim.law, claim.provider_code, claim.reference) if claim.reference else claim.records


def _thread(claims: Sequence[Claim], today: date, terms: Terms) -> Thread:
    newest = max(claims, key=lambda claim: claim.rank)
    duties = owed(claims, newest.state, today, terms)
    waiting = [item for item in duties if item.met_on is None]
    steps = tuple(sorted({step for claim in claims for step in claim.steps}))
    records = tuple(sorted({record for claim in claims for record in claim.records}))
    due = min((item.due for item in waiting), default=None)
    return Thread(
        anchor=_anchor(claims),
        kind=claims[0].kind,
        law=claims[0].law,
        persons=tuple(sorted({claim.person for claim in claims if claim.person})),
        product_code=_said(claims, "product_code") or _said(claims, "product_category"),
        product=_said(claims, "product"),
        provider_code=_said(claims, "provider_code"),
        provider=_said(claims, "provider"),
        reference=_said(claims, "reference"),
        numbers=tuple(sorted({number for claim in claims for number in claim.numbers})),
        submitted_on=claims[0].submitted_on,
        state=newest.state,
        since=newest.on,
        accounts=_accounts(claims),
        differs=len({claim.state for claim in claims}) > 1,
        steps=steps,
        decision=_decision(claims, newest.state),
        wrong=tuple(sorted({wrong for claim in claims for wrong in claim.wrong})),
        missing=() if claims[0].is_message else tuple(sorted({name for claim in claims for name in claim.missing})),
        next_party=_next_party(claims, newest.state),
        next_due=due,
        late=any(item.is_late(today) for item in waiting),
        owed=tuple(duties),
        allocations=_allocations(claims),
        records=records,
    )


def _anchor(claims: Sequence[Claim]) -> Record:
    registered = [claim for claim in claims if not claim.is_message]
    return min(record for claim in registered or claims for record in claim.records)


def _said(claims: Sequence[Claim], name: str) -> str:
    """What the first account that says anything says."""
    return next((str(value) for claim in claims if (value := getattr(claim, name))), "")


def _accounts(claims: Sequence[Claim]) -> tuple[Account, ...]:
    """One per source: of several records the furthest."""
    best: dict[str, Claim] = {}
    for claim in claims:
        known = best.get(claim.source)
        best[claim.source] = claim if known is None or claim.rank > known.rank else known
    return tuple(Account(source, item.state, item.on, item.recorded_at) for source, item in sorted(best.items()))


def _decision(claims: Sequence[Claim], state: str) -> Decision | None:
    """What was decided last; None while nothing is."""
    if FURTHER.get(state, 0) < FURTHER["granted"]:
        return None
    outcome = "rejected" if state == "rejected" else "granted"
    days = [day for claim in claims if (day := claim.last(outcome)) is not None]
    reason = outcome == "rejected"
    return Decision(
        outcome=outcome,
        on=max(days) if days else max(claims, key=lambda claim: claim.rank).on,
        code=_said(claims, "reason_code") if reason else "",
        text=_said(claims, "reason"),
        municipality=_said(claims, "municipality") if reason else "",
    )


def _next_party(claims: Sequence[Claim], state: str) -> Party:
    if state == "rejected_technically" and all(claim.is_message for claim in claims):
        return Party.PROVIDER
    return NEXT.get(state, Party.NOBODY)


def _allocations(claims: Sequence[Claim]) -> tuple[Allocation, ...]:
    """Of messages if they grant anything, else of the registrations; the tariff of whoever knows it."""
    lists: defaultdict[bool, list[Allocation]] = defaultdict(list)
    for claim in claims:
        lists[claim.is_message] += claim.allocations
    if not lists[True]:
        return tuple(sorted(set(lists[False]), key=repr))
    tariffs = {item.number: item.tariff_cents for item in lists[False] if item.tariff_cents is not None}
    priced = (
        item._replace(tariff_cents=tariffs.get(item.number)) if item.tariff_cents is None else item
        for item in lists[True]
    )
    return tuple(sorted(set(priced), key=repr))


def _order(thread: Thread) -> tuple[bool, date, int, str]:
    return not thread.late, thread.next_due or date.max, -thread.submitted_on.toordinal(), thread.key
