"""MensCentraal's outbox rows as shared events. Pure: the one module that knows its fields and codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

from hub.connect import RejectReason
from hub.connect.fields import MAX_INTEGER, Fields, models, read_object
from hub.events.records import (
    AnyBody,
    Assessment,
    CaseDirection,
    Composition,
    Contact,
    DomainScore,
    Draft,
    Frequency,
    Goal,
    Involvement,
    LifeDomain,
    Member,
    MemberRole,
    RecordType,
    RequestState,
    Signal,
    StateDay,
    SupportRequest,
    Unit,
)
from hub.events.sensitive import Address, Sensitive

RECORD_TYPES: Final[Mapping[str, RecordType]] = MappingProxyType(
    {
        "dossier": RecordType.COMPOSITION,
        "betrokkene": RecordType.INVOLVEMENT,
        "regievoering": RecordType.CASE_DIRECTION,
        "plandoel": RecordType.GOAL,
        "zrm": RecordType.ASSESSMENT,
        "voorziening": RecordType.SUPPORT_REQUEST,
        "contactmoment": RecordType.CONTACT,
        "melding": RecordType.SIGNAL,
    }
)
"""MensCentraal's `tabel` and the shared record type."""
TABLES: Final = {record_type: table for table, record_type in RECORD_TYPES.items()}
"""The other way round."""
_OPERATIONS: Final = {"I": False, "U": False, "D": True}
_YES_NO: Final = {"J": True, "N": False}
_PHASES: Final[dict[str, Literal["open", "closed"]]] = {"lopend": "open", "afgesloten": "closed"}
_ROLES: Final[dict[str, MemberRole]] = {
    "client": "client",
    "partner": "partner",
    "kind": "child",
    "ouder": "parent",
    "broerzus": "sibling",
    "overig": "other",
}
_GENDERS: Final[dict[str, Literal["male", "female", "other"]]] = {"M": "male", "V": "female", "O": "other"}
_INVOLVEMENTS: Final[dict[str, Literal["professional", "informal", "volunteer"]]] = {
    "P": "professional",
    "I": "informal",
    "V": "volunteer",
}
_DOMAINS: Final[dict[int, LifeDomain]] = {
    1: "finance",
    2: "work_education",
    3: "daytime_activities",
    4: "housing",
    5: "domestic_relations",
    6: "mental_health",
    7: "physical_health",
    8: "substance_use",
    9: "basic_adl",
    10: "instrumental_adl",
    11: "social_network",
    12: "participation",
    13: "justice",
}
"""Number of the ZRM-2017 domain."""
_GOAL_STATUS: Final[dict[str, Literal["open", "achieved", "stopped"]]] = {
    "L": "open",
    "B": "achieved",
    "S": "stopped",
}
_STATES: Final[dict[str, RequestState]] = {
    "CONCEPT": "concept",
    "AANGEVRAAGD": "submitted",
    "ONTVANGEN": "received",
    "AFGEKEURD": "rejected_technically",
    "ONDERZOEK": "under_investigation",
    "TOEGEKEND": "granted",
    "AFGEWEZEN": "rejected",
    "LOOPT": "started",
    "ONDERBROKEN": "paused",
    "AFGEROND": "ended",
}
_UNITS: Final[dict[str, Unit]] = {
    "01": "minute",
    "04": "hour",
    "14": "day",
    "16": "half_day",
    "82": "output",
    "83": "euro",
    "84": "effort",
}
_FREQUENCIES: Final[dict[str, Frequency]] = {"1": "day", "2": "week", "4": "month", "6": "total"}
_CONTACTS: Final[dict[str, Literal["home_visit", "conversation", "no_show", "telephone"]]] = {
    "HB": "home_visit",
    "GS": "conversation",
    "NV": "no_show",
    "TEL": "telephone",
}
_SEVERITIES: Final[dict[int, Literal["low", "medium", "high"]]] = {1: "low", 2: "medium", 3: "high"}
_BIRTH: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_HOUSE_NUMBER: Final = re.compile(r"\s*([0-9]{1,18})\s*")
_EUROS: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,2})?")


def translate(payload: bytes) -> list[Draft]:
    """The event of one outbox row. Raises TranslationError, and nothing else."""
    row = read_object(payload)
    record_type = row.code("tabel", RECORD_TYPES, unknown=RejectReason.UNKNOWN_TYPE)
    deleted = row.code("bewerking", _OPERATIONS)
    dossier, record = row.text("dossier_nr"), row.text("record_nr")
    if record_type is RecordType.COMPOSITION and record != dossier:
        row.fail("record_nr")
    version = row.integer("rowversion", low=1, high=MAX_INTEGER)
    recorded_at = row.moment("gewijzigd")
    with models():
        return [
            Draft(
                record_type=record_type,
                dossier_id=dossier,
                record_id=record,
                version=version,
                recorded_at=recorded_at,
                body=_body(row, record_type, recorded_at, deleted=deleted),
            )
        ]


def _body(row: Fields, record_type: RecordType, recorded_at: datetime, *, deleted: bool) -> AnyBody | None:
    if deleted:
        if row.has("payload"):
            row.fail("payload")
        return None
    data = row.child("payload")
    if record_type is RecordType.COMPOSITION:
        return _composition(data, recorded_at)
    return _BODIES[record_type](data)


def _composition(data: Fields, recorded_at: datetime) -> Composition:
    intake = data.opt_child("intake") or Fields({})
    return Composition(
        kind="adult",
        status=data.code("fase", _PHASES),
        opened_on=data.day("start"),
        closed_on=data.opt_day("einde"),
        referred_by=intake.opt_text("via"),
        received_on=intake.opt_day("ontvangen"),
        first_contact_on=intake.opt_day("eerste_contact"),
        address=_address(data.child("adres")) if data.has("adres") else None,
        members=_members(data, recorded_at),
        team=data.opt_text("wijkteam"),
    )


def _members(data: Fields, recorded_at: datetime) -> tuple[Member, ...]:
    members = tuple(_member(line, recorded_at) for line in data.children("personen"))
    if len({member.line for member in members}) != len(members):
        data.fail("personen")
    if sum(member.is_client for member in members) != 1:
        data.fail("personen", RejectReason.NO_SINGLE_CLIENT)
    return members


def _member(line: Fields, recorded_at: datetime) -> Member:
    role = line.code("relatie", _ROLES)
    bsn = line.opt_text("bsn")
    unknown = line.says("adres", "onbekend")
    lives_here = line.code("inwonend", _YES_NO)
    return Member(
        line=str(line.integer("nr")),
        bsn=None if bsn is None else Sensitive(bsn),
        role=role,
        is_client=role == "client",
        lives_here=lives_here or role == "client",
        stated_at=line.opt_moment("gewijzigd") or recorded_at,
        address=_address(line.child("adres")) if line.has("adres") and not unknown else None,
        address_unknown=unknown,
        from_on=line.opt_day("sinds"),
        to_on=line.opt_day("tot"),
        given_name=line.opt_text("voornamen"),
        prefix=line.opt_text("tussenvoegsel"),
        family_name=line.opt_text("geslachtsnaam"),
        birth_date=_birth_date(line, "geboren"),
        gender=line.opt_code("geslacht", _GENDERS),
        address_secret=line.opt_code("geheimhouding", _YES_NO),
    )


def _address(data: Fields) -> Address:
    return Address(
        street=data.opt_text("straat"),
        number=int(data.matched("huisnr", _HOUSE_NUMBER)[1]),
        suffix=(data.opt_text("toev") or "").strip().upper() or None,
        postcode="".join(data.text("postcode").split()).upper(),
        city=data.opt_text("woonplaats"),
    )


def _birth_date(line: Fields, name: str) -> str | None:
    """YYYYMMDD where 00 is an unknown part; a known day in an unknown month is no date."""
    if not line.has(name):
        return None
    year, month, day = line.matched(name, _BIRTH, RejectReason.INVALID_DATE).groups()
    known = [year, month, day][: 1 if month == "00" else 2 if day == "00" else 3]
    try:
        if month == "00" and day != "00":
            raise ValueError
        date(*(int(part) for part in (*known, "1", "1")[:3]))
    except ValueError:
        line.fail(name, RejectReason.INVALID_DATE)
    return "-".join(known)


def _involvement(data: Fields) -> Involvement:
    return Involvement(
        name=data.opt_text("naam"),
        function=data.opt_text("functie"),
        kind=data.code("categorie", _INVOLVEMENTS),
        organisation=data.opt_text("organisatie"),
        unit=data.opt_text("afdeling"),
        role=data.opt_text("rol"),
        phone=data.opt_text("tel"),
        email=data.opt_text("mail"),
        from_on=data.opt_day("sinds"),
        to_on=data.opt_day("tot"),
        staff=data.opt_text("personeelsnr"),
    )


def _case_direction(data: Fields) -> CaseDirection:
    return CaseDirection(
        director=data.text("regisseur"),
        organisation=data.opt_text("organisatie"),
        unit=data.opt_text("afdeling"),
        phone=data.opt_text("tel"),
        from_on=data.day("sinds"),
        to_on=data.opt_day("tot"),
        reason=data.opt_text("aanleiding"),
        staff=data.opt_text("personeelsnr"),
    )


def _goal(data: Fields) -> Goal:
    return Goal(
        life_domain=data.code("domein", _DOMAINS),
        wording=data.text("tekst"),
        owner=data.opt_text("wie"),
        status=data.code("stand", _GOAL_STATUS),
        evaluation_on=data.opt_day("evaluatie"),
    )


def _assessment(data: Fields) -> Assessment:
    person = data.opt_integer("persoon_nr")
    scores = {domain: data.opt_integer(f"d{number:02}", low=1, high=5) for number, domain in _DOMAINS.items()}
    return Assessment(
        instrument="ZRM",
        instrument_version=data.text("versie"),
        taken_on=data.day("datum"),
        line=None if person is None else str(person),
        scores=tuple(DomainScore(domain=domain, score=score) for domain, score in scores.items() if score is not None),
    )


def _support_request(data: Fields) -> SupportRequest:
    return SupportRequest(
        product_code=data.text("code"),
        product=data.text("naam"),
        provider=data.opt_text("leverancier"),
        state=data.code("status", _STATES),
        submitted_on=data.opt_day("aangevraagd"),
        decided_on=data.opt_day("besluitdatum"),
        decision=data.opt_text("besluit"),
        reason=data.opt_text("motivering"),
        committed_cents=_cents(data, "bedrag"),
        reference=data.opt_text("referentie"),
        allocation_number=data.opt_text("toewijzing_nr"),
        provider_code=data.opt_text("agb"),
        reason_code=data.opt_text("reden_code"),
        return_codes=data.opt_texts("retourcodes"),
        steps=_steps(data),
        starts_on=data.opt_day("ingang"),
        ends_on=data.opt_day("einde"),
        volume=data.opt_integer("volume"),
        unit=data.opt_code("eenheid", _UNITS),
        frequency=data.opt_code("frequentie", _FREQUENCIES),
        tariff_cents=_cents(data, "tarief"),
    )


def _cents(data: Fields, name: str) -> int | None:
    return int(Decimal(data.matched(name, _EUROS)[0]) * 100) if data.has(name) else None


def _steps(data: Fields) -> tuple[StateDay, ...] | None:
    if not data.has("verloop"):
        return None
    return tuple(
        StateDay(state=item.code("status", _STATES), on=item.day("datum")) for item in data.children("verloop")
    )


def _contact(data: Fields) -> Contact:
    return Contact(kind=data.code("type", _CONTACTS), held_on=data.day("datum"))


def _signal(data: Fields) -> Signal:
    return Signal(
        kind=data.text("aard"),
        raised_by=data.opt_text("bron"),
        severity=data.code("zwaarte", _SEVERITIES),
        child_safety=data.code("kind_onveilig", _YES_NO),
        raised_on=data.day("datum"),
    )


_BODIES: Final[dict[RecordType, Callable[[Fields], AnyBody]]] = {
    RecordType.INVOLVEMENT: _involvement,
    RecordType.CASE_DIRECTION: _case_direction,
    RecordType.GOAL: _goal,
    RecordType.ASSESSMENT: _assessment,
    RecordType.SUPPORT_REQUEST: _support_request,
    RecordType.CONTACT: _contact,
    RecordType.SIGNAL: _signal,
}
