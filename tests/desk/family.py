"""One family that both units know, with everything that a page can show."""

from __future__ import annotations

from datetime import date
from typing import Any

from hub.events.ids import household_id
from hub.events.records import RecordType, SupportRequest
from tests.desk.views import (
    MENSCENTRAAL,
    ZCD,
    Line,
    address,
    at,
    composition,
    dossier,
    entry,
    member,
    view,
)

HOME = household_id(ZCD)


def involvement(name: str, **changed: Any) -> dict[str, Any]:
    """Body of an involvement."""
    return {
        "name": name,
        "function": "jeugdhulpverlener",
        "kind": "professional",
        "organisation": "Wijkteam Noord",
        "unit": "jeugd",
        "role": "begeleider",
        "phone": "010-0000001",
        "email": None,
        "from_on": date(2026, 1, 5),
        "to_on": None,
        "staff": None,
    } | changed


def direction(name: str, **changed: Any) -> dict[str, Any]:
    """Body of a case_direction."""
    return {
        "director": name,
        "organisation": "Wijkteam Noord",
        "unit": None,
        "phone": "010-0000002",
        "from_on": date(2026, 1, 5),
        "to_on": None,
        "reason": None,
        "staff": None,
    } | changed


def _goal(domain: str, wording: str, **changed: Any) -> dict[str, Any]:
    goal = {"life_domain": domain, "wording": wording, "owner": "Anna", "status": "open", "evaluation_on": None}
    return goal | changed


def _request(product: str, state: str) -> dict[str, Any]:
    stated = {
        "product_code": "45A04",
        "product": product,
        "provider": "Stichting Voorbeeld",
        "state": state,
        "submitted_on": date(2026, 1, 20),
        "decided_on": date(2026, 2, 3),
        "decision": "toegekend",
        "reason": None,
        "committed_cents": 123450,
    }
    return dict.fromkeys(SupportRequest.model_fields) | stated


def _signal(kind: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "raised_by": "school",
        "severity": "high",
        "child_safety": True,
        "raised_on": date(2026, 2, 10),
    }


def _records() -> list[dict[str, Any]]:
    scores = [{"domain": "finance", "score": 2}, {"domain": "housing", "score": 4}]
    zrm = {
        "instrument": "ZRM",
        "instrument_version": "2017",
        "taken_on": date(2026, 1, 12),
        "line": None,
        "scores": scores,
    }
    bodies = [
        (ZCD, RecordType.INVOLVEMENT, involvement("Kim Bakker")),
        (
            MENSCENTRAAL,
            RecordType.INVOLVEMENT,
            involvement("Piet Jansen", kind="volunteer", function=None, unit=None, organisation="Humanitas"),
        ),
        (ZCD, RecordType.CASE_DIRECTION, direction("Kim Bakker")),
        (
            MENSCENTRAAL,
            RecordType.CASE_DIRECTION,
            direction("Omar Yilmaz", to_on=date(2026, 1, 31), reason="overdracht"),
        ),
        (ZCD, RecordType.GOAL, _goal("upbringing", "rust aan tafel")),
        (ZCD, RecordType.GOAL, _goal("finance", "spaarpot voor de kinderen", status="achieved")),
        (MENSCENTRAAL, RecordType.GOAL, _goal("finance", "schulden op een rij", evaluation_on=date(2026, 6, 1))),
        (MENSCENTRAAL, RecordType.ASSESSMENT, zrm),
        (ZCD, RecordType.SUPPORT_REQUEST, _request("Jeugdhulp ambulant", "granted")),
        (ZCD, RecordType.CONTACT, {"kind": "home_visit", "held_on": date(2026, 2, 1)}),
        (ZCD, RecordType.SIGNAL, _signal("verzuim")),
    ]
    return [
        entry(ref, record_type, f"{record_type.value}-{number}", body, published=number, recorded=number - 1)
        for number, (ref, record_type, body) in enumerate(bodies, start=1)
    ]


def family(*, label: int = 1, extra: list[dict[str, Any]] | None = None) -> tuple[str, bytes]:
    """Id and view: a mother and a child known to both, a father elsewhere, one contested and one unconfirmed member."""
    child = {"role": "youth", "given_name": "Noor", "family_name": "de Vries", "birth_date": "2015-09-01"}
    father = {"role": "father", "given_name": "Bas", "family_name": "de Vries", "gender": "male", "birth_date": "1988"}
    uncle = father | {"role": "other", "given_name": "Tom", "birth_date": None}
    in_zcd = [
        member("1", "p-noor", **child, is_client=True),
        member("2", "p-anna", role="mother", prefix="van", family_name="Dijk", stated_at=at(3)),
        member("3", "p-bas", **father, lives_here=False, address=address("a-there")),
        member("4", "p-tom", **uncle),
    ]
    in_menscentraal = [
        member("1", "p-anna", family_name="van Dijk - de Vries", address=address("a-new"), stated_at=at(9)),
        member("2", "u-oma", role="grandparent", given_name="Mia", confirmed=False, unconfirmed_reason="bsn_missing"),
    ]
    members = [
        Line(ZCD, "1", "p-noor"),
        Line(ZCD, "2", "p-anna"),
        Line(MENSCENTRAAL, "1", "p-anna"),
        Line(MENSCENTRAAL, "2", "u-oma"),
    ]
    whole = composition(
        HOME,
        [dossier(ZCD, in_zcd), dossier(MENSCENTRAAL, in_menscentraal, opened_on=date(2026, 1, 8))],
        label=label,
        members=members,
        references=[Line(ZCD, "3", "p-bas")],
        conflicts=[Line(ZCD, "4", "p-tom")],
    )
    return HOME, view(HOME, whole, label=label, entries=[*_records(), *(extra or [])])
