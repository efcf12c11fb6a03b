"""The parts of national messages as the threads need them: what replaces what, and what its receiver refused.

No meaning is attached to the order in which messages come (iJw OP080): what is alive is a function of the set of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple, cast

from hub.household.days import parse_day
from hub.household.document_shape import RecordEntry
from hub.household.requests.codes import NO_REMARK

REQUESTS: Final = frozenset({"315", "317"})
RETOURS: Final = frozenset({"302", "306", "308", "316", "318", "320"})


class Partners(NamedTuple):
    """Between whom and by which law: references and allocation numbers are unique within it (TR332, TR347)."""

    law: str
    municipality: str
    provider_code: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message; fields as in `hub.events.records.RequestMessage`, texts empty where it states nothing."""

    partners: Partners
    message: str
    identification: str
    sent_on: date
    reference: str
    number: str
    product_category: str
    product_code: str
    starts_on: date | None
    ends_on: date | None
    allocation_starts_on: date | None
    body: Mapping[str, Any]
    source: str
    dossier_id: str
    record_id: str
    recorded_at: str
    person: str

    @property
    def newness(self) -> tuple[date, str, str]:
        """Which of two parts was said last; the numbers only settle a tie."""
        return self.sent_on, self.identification, self.record_id

    @property
    def decided(self) -> tuple[str, date, str, str]:
        """Which of two allocations of one number holds: that of the latest decision (IV013)."""
        return str(self.body.get("decided_at") or ""), *self.newness

    @property
    def logical_key(self) -> tuple[object, ...]:
        """What a start or stop is corrected by (IV008)."""
        product = self.product_category, self.product_code
        stop = (self.body.get("end_reason_code"), self.ends_on) if self.message == "307" else ()
        return self.message, self.partners, self.person, self.number, product, self.starts_on, *stop


def part(record: RecordEntry, person: str) -> Part:
    """A record of a message. `person`: the client of its dossier."""
    body = cast(dict[str, Any], record["body"])

    def text(name: str) -> str:
        return str(body.get(name) or "")

    return Part(
        partners=Partners(text("law"), text("municipality"), text("provider_code")),
        message=text("message"),
        identification=text("identification"),
        sent_on=parse_day(body["sent_on"]) or date.min,
        reference=text("reference"),
        number=text("allocation_number"),
        product_category=text("product_category"),
        product_code=text("product_code"),
        starts_on=parse_day(body.get("starts_on")),
        ends_on=parse_day(body.get("ends_on")),
        allocation_starts_on=parse_day(body.get("allocation_starts_on")),
        body=body,
        source=record["source"],
        dossier_id=record["dossier_id"],
        record_id=record["record_id"],
        recorded_at=record["recorded_at"],
        person=person,
    )


@dataclass(frozen=True)
class Retours:
    """The answers of receivers to messages: per message, for a retour stands in the dossier of what it answers."""

    by_message: Mapping[tuple[str, str], list[Part]]

    @classmethod
    def of(cls, parts: Iterable[Part]) -> Retours:
        """Those among these parts."""
        found: dict[tuple[str, str], list[Part]] = defaultdict(list)
        for item in parts:
            if item.message in RETOURS:
                found[item.source, item.dossier_id].append(item)
        return cls(found)

    def on(self, item: Part) -> list[Part]:
        """The retours to a part: those about it, and those about all of its message."""
        return [
            retour
            for retour in self.by_message.get((item.source, item.dossier_id), ())
            if int(retour.message) == int(item.message) + 1
            and retour.reference in ("", item.reference)
            and retour.number in ("", item.number)
        ]

    def wrong(self, item: Part) -> list[str]:
        """The codes of what is wrong with a part, sorted; none: nothing is, or nobody said."""
        codes = {str(code) for retour in self.on(item) for code in retour.body.get("return_codes") or ()}
        return sorted(codes - NO_REMARK)

    def day(self, item: Part) -> date | None:
        """When the receiver first answered; None: not yet."""
        return min((retour.sent_on for retour in self.on(item)), default=None)


def standing(parts: Iterable[Part]) -> list[Part]:
    """The starts and stops that hold: delivered once more often than deleted (TR063, TR074: the two alternate)."""
    by_key: dict[tuple[object, ...], list[Part]] = defaultdict(list)
    for item in parts:
        by_key[item.logical_key].append(item)
    found = []
    for same in by_key.values():
        delivered = [item for item in same if item.body.get("delivery_status") != "delete"]
        if len(delivered) > len(same) - len(delivered):
            found.append(max(delivered, key=lambda item: item.newness))
    return sorted(found, key=lambda item: item.newness)
