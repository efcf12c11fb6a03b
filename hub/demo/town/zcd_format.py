"""Writes changes as ZCD (youth) does; the format is documented in the README of its connector."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hub.demo.town.changes import JsonObject, JsonValue
from hub.demo.town.dossiers import UNKNOWN, Dossier, Line, Record
from hub.demo.town.people import Address
from hub.demo.town.steps import history

TYPES: Final = {
    "involvement": ("betrokkene", "B"),
    "case_direction": ("regie", "R"),
    "goal": ("doel", "D"),
    "assessment": ("meting", "M"),
    "support_request": ("aanvraag", "A"),
    "contact": ("contact", "C"),
    "signal": ("signaal", "S"),
}
DOMAINS: Final = {
    "finance": "financien",
    "work_education": "werk_opleiding",
    "daytime_activities": "tijdsbesteding",
    "housing": "huisvesting",
    "domestic_relations": "huiselijke_relaties",
    "mental_health": "geestelijke_gezondheid",
    "physical_health": "lichamelijke_gezondheid",
    "substance_use": "middelengebruik",
    "basic_adl": "basale_adl",
    "instrumental_adl": "instrumentele_adl",
    "social_network": "sociaal_netwerk",
    "participation": "maatschappelijke_participatie",
    "justice": "justitie",
    "upbringing": "opvoeding",
    "safety": "veiligheid",
}
FIELDS: Final[dict[str, dict[str, str]]] = {
    "involvement": {
        "name": "naam", "function": "functie", "kind": "soortBetrokkenheid", "organisation": "organisatie",
        "unit": "team", "role": "rol", "phone": "telefoon", "email": "email", "from_on": "vanaf", "to_on": "tot",
        "staff": "medewerkernummer",
    },
    "case_direction": {
        "director": "naam", "organisation": "organisatie", "unit": "team", "phone": "telefoon", "from_on": "vanaf",
        "to_on": "tot", "reason": "reden", "staff": "medewerkernummer",
    },
    "goal": {
        "life_domain": "leefgebied", "wording": "doel", "owner": "eigenaar", "status": "status",
        "evaluation_on": "evaluatieOp",
    },
    "assessment": {
        "instrument": "instrument", "instrument_version": "versie", "taken_on": "afgenomenOp", "line": "regel",
        "scores": "scores",
    },
    "support_request": {
        "product_code": "productcode", "product": "product", "provider": "aanbieder", "state": "toestand",
        "submitted_on": "ingediendOp", "decided_on": "besluitOp", "decision": "besluit", "reason": "reden",
        "committed_cents": "bedragCenten", "reference": "referentie", "allocation_number": "toewijzingnummer",
        "provider_code": "agbcode", "reason_code": "redencode", "return_codes": "retourcodes", "steps": "verloop",
        "starts_on": "vanaf", "ends_on": "tot", "volume": "volume", "unit": "eenheid", "frequency": "frequentie",
        "tariff_cents": "tariefCenten",
    },
    "contact": {"kind": "soort", "held_on": "op"},
    "signal": {
        "kind": "soort", "raised_by": "van", "severity": "ernst", "child_safety": "kindveiligheid", "raised_on": "op",
    },
}  # fmt: skip
CODES: Final[dict[tuple[str, str], dict[str, str]]] = {
    ("involvement", "kind"): {"professional": "professional", "informal": "informeel", "volunteer": "vrijwilliger"},
    ("goal", "life_domain"): DOMAINS,
    ("goal", "status"): {"open": "open", "achieved": "behaald", "stopped": "gestopt"},
    ("support_request", "state"): {
        "concept": "concept", "submitted": "ingediend", "received": "ontvangen", "rejected_technically": "afgekeurd",
        "under_investigation": "in onderzoek", "granted": "toegewezen", "rejected": "afgewezen", "started": "gestart",
        "paused": "gestopt", "ended": "beeindigd",
    },
    ("support_request", "unit"): {
        "minute": "01", "hour": "04", "day": "14", "half_day": "16", "output": "82", "euro": "83", "effort": "84",
    },
    ("support_request", "frequency"): {"day": "1", "week": "2", "month": "4", "total": "6"},
    ("contact", "kind"): {
        "home_visit": "huisbezoek", "conversation": "gesprek", "no_show": "niet verschenen", "telephone": "telefonisch",
    },
    ("signal", "severity"): {"low": "laag", "medium": "midden", "high": "hoog"},
}  # fmt: skip
GENDERS: Final = {"male": "m", "female": "v"}


def record_id(kind: str, number: int) -> str:
    """The number ZCD gives to its number-th record."""
    return f"Z-{TYPES[kind][1]}-{number:05}"


def dossier_change(dossier: Dossier, recorded_at: datetime) -> JsonObject:
    """The dossier as it is now; with nothing in it when it is deleted."""
    content: JsonObject = {
        "status": "gesloten" if dossier.closed else "open",
        "openingsdatum": dossier.opened.isoformat(),
        "sluitingsdatum": dossier.closed.isoformat() if dossier.closed else None,
        "aanmelding": _intake(dossier.intake),
        "adres": _address(dossier.address) if dossier.address else None,
        "team": dossier.team,
        "gezinsleden": [_line(line) for line in dossier.lines],
    }
    return _change(
        "dossier", dossier.id, dossier.id, dossier.version, recorded_at, None if dossier.deleted else content
    )


def record_change(dossier: Dossier, record: Record, recorded_at: datetime, *, deleted: bool) -> JsonObject:
    """A record of the dossier as it is now; with nothing in it when it is deleted."""
    content: JsonObject = {}
    for name, value in record.facts.items():
        codes = CODES.get((record.type, name))
        content[FIELDS[record.type][name]] = codes[value] if codes and isinstance(value, str) else value
    scores = record.facts.get("scores")
    if isinstance(scores, dict):
        content["scores"] = {DOMAINS[domain]: score for domain, score in scores.items()}
    if record.type == "support_request":
        states = CODES["support_request", "state"]
        content["verloop"] = [{"toestand": states[state], "op": on} for state, on in history(record.facts)] or None
    kind = TYPES[record.type][0]
    return _change(kind, dossier.id, record.id, record.version, recorded_at, None if deleted else content)


def _change(
    kind: str, dossier: str, record: str, version: int, recorded_at: datetime, content: JsonObject | None
) -> JsonObject:
    return {
        "soort": kind,
        "actie": "verwijderd" if content is None else "vastgelegd",
        "dossiernummer": dossier,
        "id": record,
        "versie": version,
        "gewijzigdOp": recorded_at.isoformat(),
        "gegevens": content,
    }


def _intake(intake: JsonObject | None) -> JsonObject | None:
    if intake is None:
        return None
    names = {"referred_by": "verwijzer", "received_on": "ontvangenOp", "first_contact_on": "eersteContactOp"}
    return {names[name]: value for name, value in intake.items()}


def _line(line: Line) -> JsonObject:
    person, address = line.person, line.address
    written: JsonValue = None
    if address is not None:
        written = "onbekend" if address == UNKNOWN else _address(address)
    data: JsonObject = {
        "regel": str(line.number),
        "bsn": line.bsn,
        "voornaam": person.given_name,
        "voorvoegsel": person.prefix,
        "achternaam": line.family_name,
        "geboortedatum": person.born.isoformat()[: 3 * line.birth_parts + 1] or None if line.birth_parts else None,
        "geslacht": GENDERS[person.gender],
        "rol": _role(line),
        "client": line.client,
        "woontHier": line.lives_here,
        "adres": written,
        "vanaf": line.since.isoformat() if line.since else None,
        "tot": None,
        "adresGeheim": line.secret,
    }
    return data | ({"gewijzigdOp": line.stated_at.isoformat()} if line.stated_at else {})


def _role(line: Line) -> str:
    if line.client:
        return "jeugdige"
    female = line.person.gender == "female"
    return {
        "child": "zus" if female else "broer",
        "parent": "moeder" if female else "vader",
        "foster_parent": "pleegouder",
        "grandparent": "grootouder",
        "step_parent": "stiefouder",
    }.get(line.person.position, "overig")


def _address(address: Address) -> JsonObject:
    return {
        "straat": address.street,
        "huisnummer": address.number,
        "toevoeging": address.suffix,
        "postcode": address.postcode,
        "plaats": address.city,
    }
