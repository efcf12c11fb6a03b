"""A family with much going on: what has to fit on the first screen."""

from __future__ import annotations

from datetime import date
from typing import Any

from hub.events.records import RecordType, SupportRequest
from tests.desk.decisions import direction_entry
from tests.desk.family import family
from tests.desk.views import MENSCENTRAAL, ZCD, entry

ASKED: dict[str, Any] = {
    "product_code": "02A11", "product": "Begeleiding individueel", "provider": "Stichting Thuis",
    "submitted_on": date(2026, 2, 23), "decided_on": None, "decision": None, "reason": None, "committed_cents": None,
}  # fmt: skip


def request_in(state: str, *, version: int = 1) -> dict[str, Any]:
    """The adult unit's request for help in a state."""
    body = dict.fromkeys(SupportRequest.model_fields) | ASKED | {"state": state}
    if state == "granted":
        body |= {"decided_on": date(2026, 3, 1), "decision": "toegewezen", "committed_cents": 230_000}
    minutes = 100 * version
    return entry(MENSCENTRAAL, RecordType.SUPPORT_REQUEST, "ask", body, published=minutes, recorded=minutes)


def busy_family(state: str = "under_investigation", *, label: int = 1, handed_to: str = "") -> tuple[str, bytes]:
    """Both units, a network, two directors at once, requests, measurements over time."""
    extra = [
        _involved(MENSCENTRAAL, "Omar Yilmaz", "maatschappelijk werker", "010-0000003"),
        _involved(MENSCENTRAAL, "Lotte Jansen", "schuldhulpverlener", "010-0000004"),
        _involved(ZCD, "Yara de Boer", "gezinsbegeleider", "010-0000005"),
        request_in(state, version=label),
        direction_entry(handed_to or "Omar Yilmaz", phone="010-0000003", unit="adult", minutes=label),
        _assessment(date(2025, 8, 1), "2013", finance=1, mental_health=2),
        _assessment(date(2026, 2, 20), "2017", finance=3, housing=4, mental_health=2),
    ]
    return family(label=label, extra=extra)


def _involved(ref: Any, name: str, function: str, phone: str) -> dict[str, Any]:
    body = {
        "name": name, "function": function, "kind": "professional", "organisation": "Wijkteam Noord", "unit": None,
        "role": "hulpverlener", "phone": phone, "email": f"{name.split(maxsplit=1)[0].lower()}@voorbeeld.example",
        "from_on": date(2026, 1, 5), "to_on": None, "staff": None,
    }  # fmt: skip
    return entry(ref, RecordType.INVOLVEMENT, f"i-{name}", body)


def _assessment(taken: date, version: str, **scored: int) -> dict[str, Any]:
    scores = [{"domain": domain, "score": score} for domain, score in scored.items()]
    body = {"instrument": "ZRM", "instrument_version": version, "taken_on": taken, "line": None, "scores": scores}
    return entry(MENSCENTRAAL, RecordType.ASSESSMENT, f"a-{taken}", body)
