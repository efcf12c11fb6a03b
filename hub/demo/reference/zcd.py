"""Reads one change of ZCD (youth), by the format that the connector's README documents."""

from __future__ import annotations

from datetime import datetime

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
    look_up,
    one_client,
    partial_day,
    refuse_as_number,
    scores,
)

SOURCE = "zcd"
ROLES = {
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
DOMAINS = {
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
STATES = {
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
KINDS = {"professional": "professional", "informeel": "informal", "vrijwilliger": "volunteer"}
GOAL_STATUS = {"open": "open", "behaald": "achieved", "gestopt": "stopped"}
INSTRUMENTS = {name: name for name in ("ZRM", "LIRIK", "GIZ", "VRAAGANALYSE")}
CONTACTS = {
    "huisbezoek": "home_visit",
    "gesprek": "conversation",
    "niet verschenen": "no_show",
    "telefonisch": "telephone",
}
SEVERITY = {"laag": "low", "midden": "medium", "hoog": "high"}
GENDERS = {"m": "male", "v": "female", "x": "other"}


def read(record: object) -> Change:
    """One line of `zcd.jsonl`, parsed. Raises UnreadableError."""
    row = Fields(record)
    type_name = row.code("soort", TYPES)
    dossier, record_id, version = row.id("dossiernummer"), row.id("id"), row.version("versie")
    recorded_at = row.moment("gewijzigdOp")
    stored = row.code("actie", {"vastgelegd": True, "verwijderd": False})
    if stored != row.has("gegevens"):
        raise UnreadableError("gegevens is null, and only then, when the record was deleted")
    if type_name == "composition" and record_id != dossier:
        raise UnreadableError("a dossier's id is its number")
    composition, body = None, None
    if stored and type_name == "composition":
        composition = _dossier(row.object("gegevens"), dossier, version, recorded_at)
    elif stored:
        body = row.object("gegevens").read(BODIES[type_name])
    return Change(SOURCE, dossier, type_name, record_id, version, recorded_at, composition, body)


def _dossier(data: Fields, dossier: str, version: int, recorded_at: datetime) -> Dossier:
    intake = data.optional_object("aanmelding")
    address = _address(data.object("adres")) if data.has("adres") else None
    refuse_as_number(dossier, map(Fields, data.items("gezinsleden")))
    return Dossier(
        source=SOURCE,
        id=dossier,
        version=version,
        is_open=data.code("status", {"open": True, "gesloten": False}),
        recorded_at=recorded_at,
        opened_on=data.day("openingsdatum"),
        facts={
            "kind": "youth",
            "closed_on": data.optional_day("sluitingsdatum"),
            "referred_by": intake.optional_text("verwijzer"),
            "received_on": intake.optional_day("ontvangenOp"),
            "first_contact_on": intake.optional_day("eersteContactOp"),
            "team": data.optional_text("team"),
        },
        lines=one_client(_line(Fields(item), address, recorded_at) for item in data.items("gezinsleden")),
    )


def _line(data: Fields, dossier_address: str | None, recorded_at: datetime) -> Line:
    data.optional_days("vanaf", "tot")
    address = dossier_address
    if data.has("adres"):
        address = None if data.values["adres"] == "onbekend" else _address(data.object("adres"))
    birth = data.optional_text("geboortedatum")
    return Line(
        line=data.text("regel"),
        bsn=bsn_or_none(data.optional_text("bsn")),
        client=data.flag("client"),
        lives_here=data.flag("woontHier") or data.flag("client"),
        stated_at=data.moment("gewijzigdOp") if data.has("gewijzigdOp") else recorded_at,
        address=address,
        name=full_name(*(data.optional_text(key) for key in ("voornaam", "voorvoegsel", "achternaam"))),
        birth_date=None if birth is None else partial_day(birth),
        gender=data.code("geslacht", GENDERS) if data.has("geslacht") else None,
        role=data.code("rol", ROLES),
        secret=data.flag("adresGeheim") if data.has("adresGeheim") else False,
    )


def _address(data: Fields) -> str:
    data.optional_text("straat")
    data.optional_text("plaats")
    return address_key(data.text("postcode"), data.whole("huisnummer"), data.optional_text("toevoeging"))


def _scores(data: Fields, key: str) -> list[Json]:
    return scores({look_up(name, DOMAINS): score for name, score in data.object(key).values.items()})


TYPES = {
    "dossier": "composition",
    "betrokkene": "involvement",
    "regie": "case_direction",
    "doel": "goal",
    "meting": "assessment",
    "aanvraag": "support_request",
    "contact": "contact",
    "signaal": "signal",
}
BODIES: dict[str, Table] = {
    "involvement": {
        "name": (Fields.optional_text, "naam"),
        "function": (Fields.optional_text, "functie"),
        "kind": (Fields.code, "soortBetrokkenheid", KINDS),
        "organisation": (Fields.optional_text, "organisatie"),
        "unit": (Fields.optional_text, "team"),
        "role": (Fields.optional_text, "rol"),
        "phone": (Fields.optional_text, "telefoon"),
        "email": (Fields.optional_text, "email"),
        "from_on": (Fields.optional_day, "vanaf"),
        "to_on": (Fields.optional_day, "tot"),
        "staff": (Fields.optional_text, "medewerkernummer"),
    },
    "case_direction": {
        "director": (Fields.text, "naam"),
        "organisation": (Fields.optional_text, "organisatie"),
        "unit": (Fields.optional_text, "team"),
        "phone": (Fields.optional_text, "telefoon"),
        "from_on": (Fields.day, "vanaf"),
        "to_on": (Fields.optional_day, "tot"),
        "reason": (Fields.optional_text, "reden"),
        "staff": (Fields.optional_text, "medewerkernummer"),
    },
    "goal": {
        "life_domain": (Fields.code, "leefgebied", DOMAINS),
        "wording": (Fields.text, "doel"),
        "owner": (Fields.optional_text, "eigenaar"),
        "status": (Fields.code, "status", GOAL_STATUS),
        "evaluation_on": (Fields.optional_day, "evaluatieOp"),
    },
    "support_request": {
        "product_code": (Fields.text, "productcode"),
        "product": (Fields.text, "product"),
        "provider": (Fields.optional_text, "aanbieder"),
        "state": (Fields.code, "toestand", STATES),
        "submitted_on": (Fields.optional_day, "ingediendOp"),
        "decided_on": (Fields.optional_day, "besluitOp"),
        "decision": (Fields.optional_text, "besluit"),
        "reason": (Fields.optional_text, "reden"),
        "committed_cents": (Fields.optional_whole, "bedragCenten"),
        "reference": (Fields.optional_text, "referentie"),
        "allocation_number": (Fields.optional_text, "toewijzingnummer"),
        "provider_code": (Fields.optional_text, "agbcode"),
        "reason_code": (Fields.optional_text, "redencode"),
        "return_codes": (Fields.optional_texts, "retourcodes"),
        "steps": (Fields.history, "verloop", "toestand", STATES, "op"),
        "starts_on": (Fields.optional_day, "vanaf"),
        "ends_on": (Fields.optional_day, "tot"),
        "volume": (Fields.optional_whole, "volume"),
        "unit": (Fields.optional_code, "eenheid", UNITS),
        "frequency": (Fields.optional_code, "frequentie", FREQUENCIES),
        "tariff_cents": (Fields.optional_whole, "tariefCenten"),
        "law": (Fields.unsaid,),
    },
    "contact": {
        "kind": (Fields.code, "soort", CONTACTS),
        "held_on": (Fields.day, "op"),
    },
    "signal": {
        "kind": (Fields.text, "soort"),
        "raised_by": (Fields.optional_text, "van"),
        "severity": (Fields.code, "ernst", SEVERITY),
        "child_safety": (Fields.flag, "kindveiligheid"),
        "raised_on": (Fields.day, "op"),
    },
    "assessment": {
        "instrument": (Fields.code, "instrument", INSTRUMENTS),
        "instrument_version": (Fields.text, "versie"),
        "taken_on": (Fields.day, "afgenomenOp"),
        "line": (Fields.optional_text, "regel"),
        "scores": (_scores, "scores"),
    },
}
"""Per record type: the shared field, and how it is read from the source's."""
