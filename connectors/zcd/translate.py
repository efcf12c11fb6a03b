"""ZCD's changes as shared events. Pure: the one module that knows ZCD's fields and codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
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
        "regie": RecordType.CASE_DIRECTION,
        "doel": RecordType.GOAL,
        "meting": RecordType.ASSESSMENT,
        "aanvraag": RecordType.SUPPORT_REQUEST,
        "contact": RecordType.CONTACT,
        "signaal": RecordType.SIGNAL,
    }
)
"""ZCD's `soort` and the shared record type."""
KINDS: Final = {record_type: kind for kind, record_type in RECORD_TYPES.items()}
"""The other way round."""
_ACTIONS: Final = {"vastgelegd": False, "verwijderd": True}
_STATUS: Final[dict[str, Literal["open", "closed"]]] = {"open": "open", "gesloten": "closed"}
_ROLES: Final[dict[str, MemberRole]] = {
    "jeugdige": "youth",
    "moeder": "mother",
    "vader": "father",
    "stiefouder": "step_parent",
    "pleegouder": "foster_parent",
    "broer": "sibling",
    "zus": "sibling",
    "kind": "child",
    "partner": "partner",
    "grootouder": "grandparent",
    "overig": "other",
}
_GENDERS: Final[dict[str, Literal["male", "female", "other"]]] = {"m": "male", "v": "female", "x": "other"}
_INVOLVEMENTS: Final[dict[str, Literal["professional", "informal", "volunteer"]]] = {
    "professional": "professional",
    "informeel": "informal",
    "vrijwilliger": "volunteer",
}
_DOMAINS: Final[dict[str, LifeDomain]] = {
    "financien": "finance",
    "werk_opleiding": "work_education",
    "tijdsbesteding": "daytime_activities",
    "huisvesting": "housing",
    "huiselijke_relaties": "domestic_relations",
    "geestelijke_gezondheid": "mental_health",
    "lichamelijke_gezondheid": "physical_health",
    "middelengebruik": "substance_use",
    "basale_adl": "basic_adl",
    "instrumentele_adl": "instrumental_adl",
    "sociaal_netwerk": "social_network",
    "maatschappelijke_participatie": "participation",
    "justitie": "justice",
    "opvoeding": "upbringing",
    "veiligheid": "safety",
}
_GOAL_STATUS: Final[dict[str, Literal["open", "achieved", "stopped"]]] = {
    "open": "open",
    "behaald": "achieved",
    "gestopt": "stopped",
}
_INSTRUMENTS: Final[dict[str, Literal["ZRM", "LIRIK", "GIZ", "VRAAGANALYSE"]]] = {
    "ZRM": "ZRM",
    "LIRIK": "LIRIK",
    "GIZ": "GIZ",
    "VRAAGANALYSE": "VRAAGANALYSE",
}
_STATES: Final[dict[str, RequestState]] = {
    "concept": "concept",
    "ingediend": "submitted",
    "ontvangen": "received",
    "afgekeurd": "rejected_technically",
    "in onderzoek": "under_investigation",
    "toegewezen": "granted",
    "afgewezen": "rejected",
    "gestart": "started",
    "gestopt": "paused",
    "beeindigd": "ended",
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
    "huisbezoek": "home_visit",
    "gesprek": "conversation",
    "niet verschenen": "no_show",
    "telefonisch": "telephone",
}
_SEVERITIES: Final[dict[str, Literal["low", "medium", "high"]]] = {
    "laag": "low",
    "midden": "medium",
    "hoog": "high",
}
_PARTIAL_DATE: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def translate(payload: bytes) -> list[Draft]:
    """The event of one change. Raises TranslationError, and nothing else."""
    change = read_object(payload)
    record_type = change.code("soort", RECORD_TYPES, unknown=RejectReason.UNKNOWN_TYPE)
    deleted = change.code("actie", _ACTIONS)
    dossier, record = change.text("dossiernummer"), change.text("id")
    if record_type is RecordType.COMPOSITION and record != dossier:
        change.fail("id")
    version = change.integer("versie", low=1, high=MAX_INTEGER)
    recorded_at = change.moment("gewijzigdOp")
    with models():
        return [
            Draft(
                record_type=record_type,
                dossier_id=dossier,
                record_id=record,
                version=version,
                recorded_at=recorded_at,
                body=_body(change, record_type, recorded_at, deleted=deleted),
            )
        ]


def _body(change: Fields, record_type: RecordType, recorded_at: datetime, *, deleted: bool) -> AnyBody | None:
    if deleted:
        if change.has("gegevens"):
            change.fail("gegevens")
        return None
    data = change.child("gegevens")
    if record_type is RecordType.COMPOSITION:
        return _composition(data, recorded_at)
    return _BODIES[record_type](data)


def _composition(data: Fields, recorded_at: datetime) -> Composition:
    intake = data.opt_child("aanmelding") or Fields({})
    return Composition(
        kind="youth",
        status=data.code("status", _STATUS),
        opened_on=data.day("openingsdatum"),
        closed_on=data.opt_day("sluitingsdatum"),
        referred_by=intake.opt_text("verwijzer"),
        received_on=intake.opt_day("ontvangenOp"),
        first_contact_on=intake.opt_day("eersteContactOp"),
        address=_address(data.child("adres")) if data.has("adres") else None,
        members=_members(data, recorded_at),
        team=data.opt_text("team"),
    )


def _members(data: Fields, recorded_at: datetime) -> tuple[Member, ...]:
    members = tuple(_member(line, recorded_at) for line in data.children("gezinsleden"))
    if len({member.line for member in members}) != len(members):
        data.fail("gezinsleden")
    if sum(member.is_client for member in members) != 1:
        data.fail("gezinsleden", RejectReason.NO_SINGLE_CLIENT)
    return members


def _member(line: Fields, recorded_at: datetime) -> Member:
    is_client = line.flag("client")
    bsn = line.opt_text("bsn")
    unknown = line.says("adres", "onbekend")
    lives_here = line.flag("woontHier")
    return Member(
        line=line.text("regel"),
        bsn=None if bsn is None else Sensitive(bsn),
        role=line.code("rol", _ROLES),
        is_client=is_client,
        lives_here=lives_here or is_client,
        stated_at=line.opt_moment("gewijzigdOp") or recorded_at,
        address=_address(line.child("adres")) if line.has("adres") and not unknown else None,
        address_unknown=unknown,
        from_on=line.opt_day("vanaf"),
        to_on=line.opt_day("tot"),
        given_name=line.opt_text("voornaam"),
        prefix=line.opt_text("voorvoegsel"),
        family_name=line.opt_text("achternaam"),
        birth_date=_birth_date(line, "geboortedatum"),
        gender=line.opt_code("geslacht", _GENDERS),
        address_secret=line.flag("adresGeheim") if line.has("adresGeheim") else None,
    )


def _address(data: Fields) -> Address:
    return Address(
        street=data.opt_text("straat"),
        number=data.integer("huisnummer"),
        suffix=(data.opt_text("toevoeging") or "").strip().upper() or None,
        postcode="".join(data.text("postcode").split()).upper(),
        city=data.opt_text("plaats"),
    )


def _birth_date(line: Fields, name: str) -> str | None:
    if not line.has(name):
        return None
    parts = line.matched(name, _PARTIAL_DATE, RejectReason.INVALID_DATE)
    try:
        date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1))
    except ValueError:
        line.fail(name, RejectReason.INVALID_DATE)
    return parts[0]


def _involvement(data: Fields) -> Involvement:
    return Involvement(
        name=data.opt_text("naam"),
        function=data.opt_text("functie"),
        kind=data.code("soortBetrokkenheid", _INVOLVEMENTS),
        organisation=data.opt_text("organisatie"),
        unit=data.opt_text("team"),
        role=data.opt_text("rol"),
        phone=data.opt_text("telefoon"),
        email=data.opt_text("email"),
        from_on=data.opt_day("vanaf"),
        to_on=data.opt_day("tot"),
        staff=data.opt_text("medewerkernummer"),
    )


def _case_direction(data: Fields) -> CaseDirection:
    return CaseDirection(
        director=data.text("naam"),
        organisation=data.opt_text("organisatie"),
        unit=data.opt_text("team"),
        phone=data.opt_text("telefoon"),
        from_on=data.day("vanaf"),
        to_on=data.opt_day("tot"),
        reason=data.opt_text("reden"),
        staff=data.opt_text("medewerkernummer"),
    )


def _goal(data: Fields) -> Goal:
    return Goal(
        life_domain=data.code("leefgebied", _DOMAINS),
        wording=data.text("doel"),
        owner=data.opt_text("eigenaar"),
        status=data.code("status", _GOAL_STATUS),
        evaluation_on=data.opt_day("evaluatieOp"),
    )


def _assessment(data: Fields) -> Assessment:
    scores = data.child("scores")
    scored = set(scores.names())
    if not scored <= _DOMAINS.keys():
        data.fail("scores")
    return Assessment(
        instrument=data.code("instrument", _INSTRUMENTS),
        instrument_version=data.text("versie"),
        taken_on=data.day("afgenomenOp"),
        line=data.opt_text("regel"),
        scores=tuple(
            DomainScore(domain=domain, score=scores.integer(name, low=1, high=5))
            for name, domain in _DOMAINS.items()
            if name in scored
        ),
    )


def _support_request(data: Fields) -> SupportRequest:
    return SupportRequest(
        product_code=data.text("productcode"),
        product=data.text("product"),
        provider=data.opt_text("aanbieder"),
        state=data.code("toestand", _STATES),
        submitted_on=data.opt_day("ingediendOp"),
        decided_on=data.opt_day("besluitOp"),
        decision=data.opt_text("besluit"),
        reason=data.opt_text("reden"),
        committed_cents=data.opt_integer("bedragCenten"),
        reference=data.opt_text("referentie"),
        allocation_number=data.opt_text("toewijzingnummer"),
        provider_code=data.opt_text("agbcode"),
        reason_code=data.opt_text("redencode"),
        return_codes=data.opt_texts("retourcodes"),
        steps=_steps(data),
        starts_on=data.opt_day("vanaf"),
        ends_on=data.opt_day("tot"),
        volume=data.opt_integer("volume"),
        unit=data.opt_code("eenheid", _UNITS),
        frequency=data.opt_code("frequentie", _FREQUENCIES),
        tariff_cents=data.opt_integer("tariefCenten"),
    )


def _steps(data: Fields) -> tuple[StateDay, ...] | None:
    if not data.has("verloop"):
        return None
    return tuple(StateDay(state=item.code("toestand", _STATES), on=item.day("op")) for item in data.children("verloop"))


def _contact(data: Fields) -> Contact:
    return Contact(kind=data.code("soort", _CONTACTS), held_on=data.day("op"))


def _signal(data: Fields) -> Signal:
    return Signal(
        kind=data.text("soort"),
        raised_by=data.opt_text("van"),
        severity=data.code("ernst", _SEVERITIES),
        child_safety=data.flag("kindveiligheid"),
        raised_on=data.day("op"),
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
