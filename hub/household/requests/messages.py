"""The account that national messages give of a request: which of them belong together, and what they say in sum.

Source: iJw and iWmo 3.2; standards.md 1.3 to 1.5. Granted has no code of its own: an allocation (301) says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from hub.household.days import local_day, parse_day
from hub.household.requests.claim import Allocation, Claim, Record, Step, Wrong
from hub.household.requests.codes import FURTHER, WITHDRAWN
from hub.household.requests.parts import REQUESTS, RETOURS, Part, Partners, Retours, standing

_DELIVERY: Final = frozenset({"305", "307"})
_PAUSED: Final = "paused"


class ThreadKey(NamedTuple):
    """What holds messages together. `by`: reference, number or product; `value`: of that kind."""

    partners: Partners
    by: str
    value: tuple[str, ...]


def claims(parts: Sequence[Part]) -> list[tuple[ThreadKey, Claim]]:
    """One claim per request, sorted; of repeated parts one counts. The order of the parts makes no difference."""
    distinct = list({(item.source, item.record_id): item for item in sorted(parts, key=_known)}.values())
    retours = Retours.of(distinct)
    groups = grouped([item for item in distinct if item.message not in RETOURS], retours)
    return [(key, _claim(groups[key], retours)) for key in sorted(groups)]


def _known(item: Part) -> tuple[str, str, str]:
    return item.recorded_at, item.dossier_id, repr(sorted(item.body.items(), key=lambda pair: pair[0]))


def grouped(parts: Sequence[Part], retours: Retours) -> dict[ThreadKey, list[Part]]:
    """By reference; what has only an allocation number goes to the reference for which that number was granted last."""
    homes: dict[tuple[Partners, str], ThreadKey] = {}
    for item in sorted((item for item in parts if item.message == "301"), key=lambda item: item.decided):
        if item.reference and not retours.wrong(item):
            homes[item.partners, item.number] = ThreadKey(item.partners, "reference", (item.reference,))
    found: dict[ThreadKey, list[Part]] = defaultdict(list)
    for item in parts:
        if key := _key(item, homes):
            found[key].append(item)
    for item in parts:
        if _key(item, homes) is None:
            found[_by_product(item, found)].append(item)
    return found


def _key(item: Part, homes: dict[tuple[Partners, str], ThreadKey]) -> ThreadKey | None:
    if item.reference:
        return ThreadKey(item.partners, "reference", (item.reference,))
    if item.number:
        return homes.get((item.partners, item.number), ThreadKey(item.partners, "number", (item.number,)))
    return None


def _by_product(item: Part, found: dict[ThreadKey, list[Part]]) -> ThreadKey:
    """A start or stop without any number: the request of this client for this product from that day, if it is one."""
    start = item.allocation_starts_on or item.starts_on
    wanted = (item.partners, item.person, item.product_category, item.product_code, start)
    fitting = [
        key
        for key, parts in found.items()
        if key.by != "product" and any(_asked(other) == wanted for other in parts if other.message in ("301", "315"))
    ]
    if len(fitting) == 1:
        return fitting[0]
    return ThreadKey(item.partners, "product", (item.person, item.product_category, item.product_code, str(start)))


def _asked(item: Part) -> tuple[Partners, str, str, str, date | None]:
    return item.partners, item.person, item.product_category, item.product_code, item.starts_on


def _claim(parts: Sequence[Part], retours: Retours) -> Claim:
    parts = sorted(parts, key=lambda item: (*item.newness, item.message))
    steps = tuple(sorted(set(_steps(parts, retours))))
    state, on = _state(parts, retours)
    named = [item for item in reversed(parts) if item.message in (*REQUESTS, "301")] or parts
    requests = [item for item in parts if item.message in REQUESTS]
    asked = _round(requests, retours)
    rejection = max((item for item in parts if item.body.get("answer") == "rejected"), key=_newness, default=None)
    return Claim(
        source=parts[0].source,
        is_message=True,
        kind="change" if any(item.message == "317" for item in parts) else "new",
        law=parts[0].partners.law,
        person=next((item.person for item in parts if item.person), ""),
        state=state,
        on=on,
        recorded_at=max(item.recorded_at for item in parts),
        submitted_on=asked.sent_on if asked else parts[0].sent_on,
        reference=next((item.reference for item in parts if item.reference), ""),
        numbers=tuple(sorted({item.number for item in parts if item.number and item.message not in REQUESTS})),
        provider_code=parts[0].partners.provider_code,
        product_category=next((item.product_category for item in named if item.product_category), ""),
        product_code=next((item.product_code for item in named if item.product_code), ""),
        starts_on=next((item.starts_on for item in named if item.starts_on), None),
        ends_on=next((item.ends_on for item in named if item.ends_on), None),
        retour_on=retours.day(asked) if asked else None,
        reason_code=str(rejection.body.get("rejection_code") or "") if rejection else "",
        municipality=str(rejection.body.get("residence_municipality") or "") if rejection else "",
        steps=steps,
        wrong=tuple(sorted({Wrong(item.message, code) for item in parts for code in retours.wrong(item)})),
        allocations=tuple(map(_allocation, _granted(parts, retours))),
        records=tuple(sorted({Record(item.source, item.dossier_id, item.record_id) for item in parts})),
    )


def _newness(item: Part) -> tuple[date, str, str]:
    return item.newness


def _round(requests: Sequence[Part], retours: Retours) -> Part | None:
    """The request that counts: the newest that was not refused; if all were, the newest."""
    accepted = [item for item in requests if not retours.wrong(item)]
    return max(accepted or requests, key=_newness, default=None)


def _granted(parts: Iterable[Part], retours: Retours) -> list[Part]:
    """The allocations that hold, one per number, sorted by it."""
    newest: dict[str, Part] = {}
    for item in parts:
        if item.message == "301" and not retours.wrong(item):
            known = newest.get(item.number)
            newest[item.number] = item if known is None else max(known, item, key=lambda each: each.decided)
    return [newest[number] for number in sorted(newest)]


def _is_withdrawn(item: Part) -> bool:
    return item.body.get("change_reason_code") == WITHDRAWN


def _state(parts: Sequence[Part], retours: Retours) -> tuple[str, date]:
    """Where the request is, and since when."""
    delivery = _delivery(parts, retours)
    if delivery is not None:
        return delivery
    asked = _round([item for item in parts if item.message in REQUESTS], retours)
    since = asked.sent_on if asked else date.min
    answers = [item for item in parts if item.message == "319" and item.sent_on >= since and not retours.wrong(item)]
    rejected = [item.sent_on for item in answers if item.body.get("answer") == "rejected"]
    granted = [_decided_on(item) for item in _granted(parts, retours)]
    if granted and max(granted) >= max(rejected, default=date.min):
        return "granted", max(granted)
    if rejected:
        return "rejected", max(rejected)
    if answers:
        return "under_investigation", min(item.sent_on for item in answers)
    return _before_an_answer(asked, retours, parts)


def _before_an_answer(asked: Part | None, retours: Retours, parts: Sequence[Part]) -> tuple[str, date]:
    if asked is None:
        return "submitted", parts[0].sent_on
    day = retours.day(asked)
    if day is None:
        return "submitted", asked.sent_on
    return ("rejected_technically" if retours.wrong(asked) else "received"), day


def _delivery(parts: Sequence[Part], retours: Retours) -> tuple[str, date] | None:
    """Of the allocations: ended if all have, else started if help runs by any, else paused; None: no help yet."""
    moments: dict[str, tuple[date, int, str]] = {}
    for item in standing(item for item in parts if item.message in _DELIVERY and not retours.wrong(item)):
        moment = _moment(item)
        moments[item.number] = max(moments.get(item.number, moment), moment)
    allocated = _granted(parts, retours)
    for item in allocated:
        if _is_withdrawn(item):
            day = _decided_on(item)
            moments[item.number] = (day, FURTHER["ended"], "ended")
    states = {number: (state, day) for number, (day, _, state) in moments.items()}
    waiting = {item.number for item in allocated} - states.keys()
    for wanted in ("started", _PAUSED):
        days = [day for state, day in states.values() if state == wanted]
        if days:
            return wanted, max(days)
    if states and (not waiting or "" in states):
        return "ended", max(day for _, day in states.values())
    return None


def _moment(item: Part) -> tuple[date, int, str]:
    if item.message == "305":
        return item.starts_on or item.sent_on, FURTHER["started"], "started"
    state = _PAUSED if item.body.get("end_reason") == _PAUSED else "ended"
    return item.ends_on or item.sent_on, FURTHER[state], state


def _decided_on(item: Part) -> date:
    decided = item.body.get("decided_at")
    return local_day(str(decided)) if decided else item.sent_on


def _steps(parts: Sequence[Part], retours: Retours) -> Iterator[Step]:
    for item in parts:
        refused = retours.wrong(item)
        day = retours.day(item)
        if item.message in REQUESTS:
            yield _step(item, "submitted", item.sent_on)
            if day is not None:
                yield _step(item, "rejected_technically" if refused else "received", day, day, ",".join(refused))
        elif refused:
            continue
        elif item.message == "319":
            code = str(item.body.get("rejection_code") or "")
            yield _step(item, str(item.body.get("answer")), item.sent_on, code=code)
        elif item.message == "301":
            state = "ended" if _is_withdrawn(item) else "granted"
            yield _step(item, state, _decided_on(item), code=str(item.body.get("change_reason_code") or ""))
    for item in standing(item for item in parts if item.message in _DELIVERY and not retours.wrong(item)):
        on, _, state = _moment(item)
        yield _step(item, state, on, code=str(item.body.get("end_reason") or ""))


def _step(item: Part, state: str, on: date, reported: date | None = None, code: str = "") -> Step:
    where = item.source, item.dossier_id, item.record_id
    return Step(on, FURTHER.get(state, 0), state, *where, reported or item.sent_on, code)


def _allocation(item: Part) -> Allocation:
    is_nothing = _is_withdrawn(item)
    body = item.body
    return Allocation(
        number=item.number,
        product_code=item.product_code or item.product_category,
        starts_on=item.starts_on,
        ends_on=parse_day(body.get("ends_on")),
        volume=0 if is_nothing else body.get("volume"),
        unit=body.get("unit"),
        frequency=body.get("frequency"),
        tariff_cents=None,
        budget_cents=0 if is_nothing else body.get("budget_cents"),
        committed_cents=None,
    )
