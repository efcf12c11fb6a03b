"""Writes changes as MensCentraal (adults) does; the format is documented in the README of its connector."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from hub.demo.town.changes import JsonObject, JsonValue
from hub.demo.town.dossiers import UNKNOWN, Dossier, Line, Record
from hub.demo.town.people import Address
from hub.demo.town.steps import history

TYPES: Final = {
    "involvement": ("betrokkene", "BT"),
    "case_direction": ("regievoering", "RV"),
    "goal": ("plandoel", "DL"),
    "assessment": ("zrm", "ZR"),
    "support_request": ("voorziening", "VZ"),
    "contact": ("contactmoment", "CM"),
    "signal": ("melding", "ML"),
}
DOMAINS: Final = (
    "finance", "work_education", "daytime_activities", "housing", "domestic_relations", "mental_health",
    "physical_health", "substance_use", "basic_adl", "instrumental_adl", "social_network", "participation", "justice",
)  # fmt: skip
"""In the order of the ZRM-2017: MensCentraal numbers them from 1."""
FIELDS: Final[dict[str, dict[str, str]]] = {
    "involvement": {
        "name": "naam", "function": "functie", "kind": "categorie", "organisation": "organisatie", "unit": "afdeling",
        "role": "rol", "phone": "tel", "email": "mail", "from_on": "sinds", "to_on": "tot",
        "staff": "personeelsnr",
    },
    "case_direction": {
        "director": "regisseur", "organisation": "organisatie", "unit": "afdeling", "phone": "tel", "from_on": "sinds",
        "to_on": "tot", "reason": "aanleiding", "staff": "personeelsnr",
    },
    "goal": {
        "life_domain": "domein", "wording": "tekst", "owner": "wie", "status": "stand", "evaluation_on": "evaluatie",
    },
    "assessment": {"instrument_version": "versie", "taken_on": "datum", "line": "persoon_nr"},
    "support_request": {
        "product_code": "code", "product": "naam", "provider": "leverancier", "state": "status",
        "submitted_on": "aangevraagd", "decided_on": "besluitdatum", "decision": "besluit", "reason": "motivering",
        "committed_cents": "bedrag", "reference": "referentie", "allocation_number": "toewijzing_nr",
        "provider_code": "agb", "reason_code": "reden_code", "return_codes": "retourcodes", "steps": "verloop",
        "starts_on": "ingang", "ends_on": "einde", "volume": "volume", "unit": "eenheid", "frequency": "frequentie",
        "tariff_cents": "tarief",
    },
    "contact": {"kind": "type", "held_on": "datum"},
    "signal": {
        "kind": "aard", "raised_by": "bron", "severity": "zwaarte", "child_safety": "kind_onveilig",
        "raised_on": "datum",
    },
}  # fmt: skip
CODES: Final[dict[tuple[str, str], dict[JsonValue, JsonValue]]] = {
    ("involvement", "kind"): {"professional": "P", "informal": "I", "volunteer": "V"},
    ("goal", "life_domain"): {domain: number for number, domain in enumerate(DOMAINS, start=1)},
    ("goal", "status"): {"open": "L", "achieved": "B", "stopped": "S"},
    ("support_request", "state"): {
        "concept": "CONCEPT", "submitted": "AANGEVRAAGD", "received": "ONTVANGEN", "rejected_technically": "AFGEKEURD",
        "under_investigation": "ONDERZOEK", "granted": "TOEGEKEND", "rejected": "AFGEWEZEN", "started": "LOOPT",
        "paused": "ONDERBROKEN", "ended": "AFGEROND",
    },
    ("support_request", "unit"): {
        "minute": "01", "hour": "04", "day": "14", "half_day": "16", "output": "82", "euro": "83", "effort": "84",
    },
    ("support_request", "frequency"): {"day": "1", "week": "2", "month": "4", "total": "6"},
    ("contact", "kind"): {"home_visit": "HB", "conversation": "GS", "no_show": "NV", "telephone": "TEL"},
    ("signal", "severity"): {"low": 1, "medium": 2, "high": 3},
    ("signal", "child_safety"): {True: "J", False: "N"},
}  # fmt: skip
GENDERS: Final = {"male": "M", "female": "V"}


def record_id(kind: str, number: int) -> str:
    """The number MensCentraal gives to its number-th record."""
    return f"{TYPES[kind][1]}-{number}"


def dossier_change(dossier: Dossier, recorded_at: datetime) -> JsonObject:
    """The dossier as it is now; with nothing in it when it is deleted."""
    content: JsonObject = {
        "fase": "afgesloten" if dossier.closed else "lopend",
        "start": dossier.opened.isoformat(),
        "einde": dossier.closed.isoformat() if dossier.closed else None,
        "intake": _intake(dossier.intake),
        "adres": _address(dossier.address) if dossier.address else None,
        "wijkteam": dossier.team,
        "personen": [_line(line) for line in dossier.lines],
    }
    return _row("dossier", dossier.id, dossier.id, dossier.version, recorded_at, None if dossier.deleted else content)


def record_change(dossier: Dossier, record: Record, recorded_at: datetime, *, deleted: bool) -> JsonObject:
    """A record of the dossier as it is now; with nothing in it when it is deleted."""
    content: JsonObject = {}
    for name, column in FIELDS[record.type].items():
        value = record.facts.get(name)
        codes = CODES.get((record.type, name))
        content[column] = codes[value] if codes and isinstance(value, str | bool) else value
    if record.type == "support_request":
        content["bedrag"] = _euros(record.facts["committed_cents"])
        content["tarief"] = _euros(record.facts.get("tariff_cents"))
        states = CODES["support_request", "state"]
        content["verloop"] = [{"status": states[state], "datum": on} for state, on in history(record.facts)] or None
    if record.type == "assessment":
        line, scores = record.facts["line"], record.facts["scores"]
        content["persoon_nr"] = int(line) if isinstance(line, str) else None
        for number, domain in enumerate(DOMAINS, start=1):
            content[f"d{number:02}"] = scores.get(domain) if isinstance(scores, dict) else None
    kind = TYPES[record.type][0]
    return _row(kind, dossier.id, record.id, record.version, recorded_at, None if deleted else content)


def _euros(cents: JsonValue) -> str | None:
    return f"{cents // 100}.{cents % 100:02}" if isinstance(cents, int) else None


def _row(
    table: str, dossier: str, record: str, version: int, recorded_at: datetime, content: JsonObject | None
) -> JsonObject:
    return {
        "tabel": table,
        "bewerking": "D" if content is None else "I" if version == 1 else "U",
        "dossier_nr": dossier,
        "record_nr": record,
        "rowversion": version,
        "gewijzigd": _moment(recorded_at),
        "payload": content,
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _intake(intake: JsonObject | None) -> JsonObject | None:
    if intake is None:
        return None
    names = {"referred_by": "via", "received_on": "ontvangen", "first_contact_on": "eerste_contact"}
    return {names[name]: value for name, value in intake.items()}


def _line(line: Line) -> JsonObject:
    person, address = line.person, line.address
    written: JsonValue = None
    if address is not None:
        written = "onbekend" if address == UNKNOWN else _address(address)
    digits = person.born.isoformat().replace("-", "")[: 2 + 2 * line.birth_parts]
    data: JsonObject = {
        "nr": line.number,
        "bsn": line.bsn,
        "voornamen": person.given_name,
        "tussenvoegsel": person.prefix,
        "geslachtsnaam": line.family_name,
        "geboren": digits.ljust(8, "0") if line.birth_parts else None,
        "geslacht": GENDERS[person.gender],
        "relatie": _relation(line),
        "inwonend": "J" if line.lives_here else "N",
        "adres": written,
        "sinds": line.since.isoformat() if line.since else None,
        "tot": None,
        "geheimhouding": None if line.secret is None else "J" if line.secret else "N",
    }
    return data | ({"gewijzigd": _moment(line.stated_at)} if line.stated_at else {})


def _relation(line: Line) -> str:
    if line.client:
        return "client"
    places = {"child": "kind", "parent": "partner", "step_parent": "partner", "grandparent": "ouder"}
    return places.get(line.person.position, "overig")


def _address(address: Address) -> JsonObject:
    return {
        "postcode": f"{address.postcode[:4]} {address.postcode[4:]}",
        "huisnr": str(address.number),
        "toev": address.suffix.lower() if address.suffix else None,
        "straat": address.street,
        "woonplaats": address.city,
    }
