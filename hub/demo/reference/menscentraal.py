"""Reads one outbox row of MensCentraal (adults), by the format that the connector's README documents."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from hub.demo.reference.facts import (
    FREQUENCIES,
    UNITS,
    Change,
    Dossier,
    Fields,
    Json,
    Line,
    Table,
    UnreadableError,
    address_key,
    bsn_or_none,
    full_name,
    one_client,
    partial_day,
    refuse_as_number,
    scores,
)

SOURCE = "menscentraal"
DOMAINS = {
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
STATES = {
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
YES_NO = {"J": True, "N": False}
KINDS = {"P": "professional", "I": "informal", "V": "volunteer"}
GOAL_STATUS = {"L": "open", "B": "achieved", "S": "stopped"}
CONTACTS = {"HB": "home_visit", "GS": "conversation", "NV": "no_show", "TEL": "telephone"}
SEVERITY = {1: "low", 2: "medium", 3: "high"}
GENDERS = {"M": "male", "V": "female", "O": "other"}
ROLES = {
    "client": "client",
    "partner": "partner",
    "kind": "child",
    "ouder": "parent",
    "broerzus": "sibling",
    "overig": "other",
}


def read(record: object) -> Change:
    """One line of `menscentraal.jsonl`, parsed. Raises UnreadableError."""
    row = Fields(record)
    type_name = row.code("tabel", TYPES)
    dossier, record_id, version = row.id("dossier_nr"), row.id("record_nr"), row.version("rowversion")
    recorded_at = row.moment("gewijzigd")
    stored = row.code("bewerking", {"I": True, "U": True, "D": False})
    if stored != row.has("payload"):
        raise UnreadableError("payload is null, and only then, when the record was deleted")
    if type_name == "composition" and record_id != dossier:
        raise UnreadableError("a dossier's record number is its own")
    composition, body = None, None
    if stored and type_name == "composition":
        composition = _dossier(row.object("payload"), dossier, version, recorded_at)
    elif stored:
        body = row.object("payload").read(BODIES[type_name])
    return Change(SOURCE, dossier, type_name, record_id, version, recorded_at, composition, body)


def _dossier(data: Fields, dossier: str, version: int, recorded_at: datetime) -> Dossier:
    intake = data.optional_object("intake")
    address = _address(data.object("adres")) if data.has("adres") else None
    refuse_as_number(dossier, map(Fields, data.items("personen")))
    return Dossier(
        source=SOURCE,
        id=dossier,
        version=version,
        is_open=data.code("fase", {"lopend": True, "afgesloten": False}),
        recorded_at=recorded_at,
        opened_on=data.day("start"),
        facts={
            "kind": "adult",
            "closed_on": data.optional_day("einde"),
            "referred_by": intake.optional_text("via"),
            "received_on": intake.optional_day("ontvangen"),
            "first_contact_on": intake.optional_day("eerste_contact"),
            "team": data.optional_text("wijkteam"),
        },
        lines=one_client(_line(Fields(item), address, recorded_at) for item in data.items("personen")),
    )


def _line(data: Fields, dossier_address: str | None, recorded_at: datetime) -> Line:
    role = data.code("relatie", ROLES)
    client = role == "client"
    data.optional_days("sinds", "tot")
    address = dossier_address
    if data.has("adres"):
        address = None if data.values["adres"] == "onbekend" else _address(data.object("adres"))
    lives_here = data.code("inwonend", YES_NO)
    return Line(
        line=str(data.whole("nr")),
        bsn=bsn_or_none(data.optional_text("bsn")),
        client=client,
        lives_here=lives_here or client,
        stated_at=data.moment("gewijzigd") if data.has("gewijzigd") else recorded_at,
        address=address,
        name=full_name(*(data.optional_text(key) for key in ("voornamen", "tussenvoegsel", "geslachtsnaam"))),
        birth_date=_birth_date(data.text("geboren")) if data.has("geboren") else None,
        gender=data.code("geslacht", GENDERS) if data.has("geslacht") else None,
        role=role,
        secret=data.code("geheimhouding", YES_NO) if data.has("geheimhouding") else False,
    )


def _birth_date(digits: str) -> str:
    """YYYYMMDD, in which an unknown day or month is 00."""
    if not re.fullmatch(r"\d{8}", digits, re.ASCII):
        raise UnreadableError(f"no birth date: {digits}")
    year, month, day_of_month = digits[:4], digits[4:6], digits[6:]
    if month == "00" and day_of_month == "00":
        return partial_day(year)
    return partial_day(f"{year}-{month}" if day_of_month == "00" else f"{year}-{month}-{day_of_month}")


def _address(data: Fields) -> str:
    data.optional_text("straat")
    data.optional_text("woonplaats")
    number = data.text("huisnr").strip()
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise UnreadableError(f"no house number: {number}")
    return address_key(data.text("postcode"), int(number), data.optional_text("toev"))


def _cents(data: Fields, key: str) -> int | None:
    """1234.50 -> 123450."""
    euros = data.optional_text(key)
    if euros is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,2})?", euros):
        raise UnreadableError(f"no amount: {euros}")
    return int(Decimal(euros) * 100)


def _line_number(data: Fields, key: str) -> str | None:
    number = data.optional_whole(key)
    return None if number is None else str(number)


def _scores(data: Fields) -> list[Json]:
    columns = {domain: f"d{number:02}" for number, domain in DOMAINS.items()}
    return scores({domain: data.values[key] for domain, key in columns.items() if data.has(key)})


TYPES = {
    "dossier": "composition",
    "betrokkene": "involvement",
    "regievoering": "case_direction",
    "plandoel": "goal",
    "zrm": "assessment",
    "voorziening": "support_request",
    "contactmoment": "contact",
    "melding": "signal",
}
BODIES: dict[str, Table] = {
    "involvement": {
        "name": (Fields.optional_text, "naam"),
        "function": (Fields.optional_text, "functie"),
        "kind": (Fields.code, "categorie", KINDS),
        "organisation": (Fields.optional_text, "organisatie"),
        "unit": (Fields.optional_text, "afdeling"),
        "role": (Fields.optional_text, "rol"),
        "phone": (Fields.optional_text, "tel"),
        "email": (Fields.optional_text, "mail"),
        "from_on": (Fields.optional_day, "sinds"),
        "to_on": (Fields.optional_day, "tot"),
        "staff": (Fields.optional_text, "personeelsnr"),
    },
    "case_direction": {
        "director": (Fields.text, "regisseur"),
        "organisation": (Fields.optional_text, "organisatie"),
        "unit": (Fields.optional_text, "afdeling"),
        "phone": (Fields.optional_text, "tel"),
        "from_on": (Fields.day, "sinds"),
        "to_on": (Fields.optional_day, "tot"),
        "reason": (Fields.optional_text, "aanleiding"),
        "staff": (Fields.optional_text, "personeelsnr"),
    },
    "goal": {
        "life_domain": (Fields.number_code, "domein", DOMAINS),
        "wording": (Fields.text, "tekst"),
        "owner": (Fields.optional_text, "wie"),
        "status": (Fields.code, "stand", GOAL_STATUS),
        "evaluation_on": (Fields.optional_day, "evaluatie"),
    },
    "support_request": {
        "product_code": (Fields.text, "code"),
        "product": (Fields.text, "naam"),
        "provider": (Fields.optional_text, "leverancier"),
        "state": (Fields.code, "status", STATES),
        "submitted_on": (Fields.optional_day, "aangevraagd"),
        "decided_on": (Fields.optional_day, "besluitdatum"),
        "decision": (Fields.optional_text, "besluit"),
        "reason": (Fields.optional_text, "motivering"),
        "committed_cents": (_cents, "bedrag"),
        "reference": (Fields.optional_text, "referentie"),
        "allocation_number": (Fields.optional_text, "toewijzing_nr"),
        "provider_code": (Fields.optional_text, "agb"),
        "reason_code": (Fields.optional_text, "reden_code"),
        "return_codes": (Fields.optional_texts, "retourcodes"),
        "steps": (Fields.history, "verloop", "status", STATES, "datum"),
        "starts_on": (Fields.optional_day, "ingang"),
        "ends_on": (Fields.optional_day, "einde"),
        "volume": (Fields.optional_whole, "volume"),
        "unit": (Fields.optional_code, "eenheid", UNITS),
        "frequency": (Fields.optional_code, "frequentie", FREQUENCIES),
        "tariff_cents": (_cents, "tarief"),
        "law": (Fields.unsaid,),
    },
    "contact": {
        "kind": (Fields.code, "type", CONTACTS),
        "held_on": (Fields.day, "datum"),
    },
    "signal": {
        "kind": (Fields.text, "aard"),
        "raised_by": (Fields.optional_text, "bron"),
        "severity": (Fields.number_code, "zwaarte", SEVERITY),
        "child_safety": (Fields.code, "kind_onveilig", YES_NO),
        "raised_on": (Fields.day, "datum"),
    },
    "assessment": {
        "instrument": (lambda _: "ZRM",),
        "instrument_version": (Fields.text, "versie"),
        "taken_on": (Fields.day, "datum"),
        "line": (_line_number, "persoon_nr"),
        "scores": (_scores,),
    },
}
"""Per record type: the shared field, and how it is read from the source's."""
