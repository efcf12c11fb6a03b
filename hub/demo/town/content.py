"""What is written in the records of a dossier: plausible, in shared field names, dates as ISO text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Final

from hub.demo.town import menscentraal_format, names, requests, teams, zcd_format
from hub.demo.town.changes import ZCD, JsonObject, JsonValue
from hub.demo.town.dossiers import Dossier

WISHES: Final = {
    "finance": ("Schulden in kaart en een betalingsregeling", "Inkomen op orde"),
    "work_education": ("Weer vier dagen per week naar school", "Een passende opleiding vinden"),
    "daytime_activities": ("Een vaste sport of club", "Dagritme voor het hele gezin"),
    "housing": ("Een eigen woning", "Huurachterstand voorkomen"),
    "domestic_relations": ("Zonder ruzie overleggen over de kinderen", "Rust in huis"),
    "mental_health": ("Minder somber en beter slapen", "Behandeling volhouden"),
    "physical_health": ("Controles bij de huisarts nakomen", "Gezonder eten"),
    "substance_use": ("Doordeweeks niet drinken", "Stoppen met blowen"),
    "basic_adl": ("Zelf op tijd opstaan en eten",),
    "instrumental_adl": ("Post en administratie bijhouden",),
    "social_network": ("Een buurvrouw die af en toe oppast", "Contact met opa en oma herstellen"),
    "participation": ("Vrijwilligerswerk in de buurt",),
    "justice": ("Geen nieuwe meldingen bij de politie",),
    "upbringing": ("Duidelijke regels thuis", "Ouders trekken één lijn"),
    "safety": ("Het veiligheidsplan wordt nageleefd",),
}
PRODUCTS: Final = (
    ("45A04", "Jeugdhulp ambulant", 480_000),
    ("54002", "Jeugd-ggz behandeling", 725_000),
    ("44A09", "Dagbehandeling jeugd", 1_150_000),
    ("02A03", "Individuele begeleiding", 390_000),
    ("07A11", "Dagbesteding", 610_050),
    ("10A01", "Huishoudelijke ondersteuning", 215_075),
)
NEXT_STATES: Final[dict[str, tuple[str, ...]]] = {
    "concept": ("submitted",),
    "submitted": ("received", "received", "rejected_technically"),
    "rejected_technically": ("submitted",),
    "received": ("under_investigation", "granted"),
    "under_investigation": ("granted", "granted", "rejected"),
    "granted": ("started",),
    "started": ("paused", "ended"),
    "paused": ("started", "ended"),
}
"""Where a request can go from each state; from rejected and ended it goes nowhere."""
PROFESSIONS: Final = (
    "wijkcoach",
    "gezinscoach",
    "leerkracht",
    "huisarts",
    "schuldhulpverlener",
    "maatschappelijk werker",
)
TIES: Final = ("oma", "buurvrouw", "oom", "vriendin van moeder", "voetbaltrainer")
ALARMS: Final = ("zorgmelding", "schoolverzuim", "huurachterstand", "ruzie in huis", "vermoeden van verwaarlozing")


def new_facts(kind: str, random: Random, today: date, dossier: Dossier) -> dict[str, JsonValue]:
    """The contents of a new record of this type in this dossier."""
    return _WRITERS[kind](random, today, dossier)


def proceed(facts: JsonObject, random: Random, today: date) -> bool:
    """Bring a request a step further; False when it has come to its end."""
    choices = NEXT_STATES.get(str(facts["state"]))
    if not choices:
        return False
    state = random.choice(choices)
    requests.follow(facts, state, today)
    if state == "submitted":
        facts["submitted_on"] = today.isoformat()
    if state in ("granted", "rejected"):
        facts["decided_on"] = today.isoformat()
        facts["decision"] = "toegekend" if state == "granted" else "afgewezen"
        facts["reason"] = None if state == "granted" else "voorliggende voorziening"
    if state == "granted":
        facts["committed_cents"] = random.choice(PRODUCTS)[2]
    return True


def _somebody(random: Random) -> str:
    prefix, family = random.choice(names.FAMILIES)
    return " ".join(part for part in (random.choice(names.BOYS + names.GIRLS), prefix, family) if part)


def _domain(random: Random, dossier: Dossier) -> str:
    return random.choice(tuple(zcd_format.DOMAINS) if dossier.source == ZCD else menscentraal_format.DOMAINS)


def _phone(random: Random) -> str:
    return f"06-000{random.randint(0, 99999):05}"


def _involvement(random: Random, today: date, dossier: Dossier) -> dict[str, JsonValue]:
    kind = random.choice(("professional", "professional", "informal", "volunteer"))
    professional = kind == "professional"
    if professional and random.random() < 0.5:
        return _colleague(random, today, dossier)
    name = _somebody(random) if random.random() > 0.1 else None
    return {
        "name": name,
        "function": random.choice(PROFESSIONS) if professional else None,
        "kind": kind,
        "organisation": random.choice(names.ORGANISATIONS) if professional else None,
        "unit": None,
        "role": "uitvoerend" if professional else random.choice(TIES),
        "phone": _phone(random),
        "email": f"{name.split()[0].lower()}@voorbeeld.nl" if name and professional else None,
        "from_on": (today - timedelta(days=random.randint(0, 300))).isoformat(),
        "to_on": None,
        "staff": None,
    }


def _colleague(random: Random, today: date, dossier: Dossier) -> dict[str, JsonValue]:
    worker = random.choice(teams.workers(dossier.team))
    return {
        "name": worker.name,
        "function": random.choice(PROFESSIONS[:2]),
        "kind": "professional",
        "organisation": "Gemeente Rotterdam",
        "unit": worker.team,
        "role": "uitvoerend",
        "phone": worker.phone,
        "email": f"{worker.staff}@voorbeeld.nl",
        "from_on": (today - timedelta(days=random.randint(0, 300))).isoformat(),
        "to_on": None,
        "staff": worker.staff,
    }


def _case_direction(random: Random, today: date, dossier: Dossier) -> dict[str, JsonValue]:
    worker = random.choice(teams.workers(dossier.team))
    return {
        "director": worker.name,
        "organisation": "Gemeente Rotterdam",
        "unit": worker.team,
        "phone": worker.phone,
        "from_on": today.isoformat(),
        "to_on": None,
        "reason": random.choice((None, "toegewezen bij de intake", "op verzoek van het gezin")),
        "staff": worker.staff,
    }


def _goal(random: Random, today: date, dossier: Dossier) -> dict[str, JsonValue]:
    domain = _domain(random, dossier)
    return {
        "life_domain": domain,
        "wording": random.choice(WISHES[domain]),
        "owner": random.choice((None, "moeder", "vader", "gezin", "wijkcoach")),
        "status": "open",
        "evaluation_on": (today + timedelta(days=random.randint(30, 180))).isoformat(),
    }


def _assessment(random: Random, today: date, dossier: Dossier) -> dict[str, JsonValue]:
    youth = dossier.source == ZCD
    domains = [
        domain for domain in (zcd_format.DOMAINS if youth else menscentraal_format.DOMAINS) if random.random() < 0.8
    ]
    line = random.choice(dossier.lines)
    return {
        "instrument": random.choice(("LIRIK", "GIZ", "VRAAGANALYSE", "ZRM")) if youth else "ZRM",
        "instrument_version": "2017",
        "taken_on": today.isoformat(),
        "line": str(line.number) if random.random() < 0.7 else None,
        "scores": {domain: random.randint(1, 5) for domain in domains},
    }


def _support_request(random: Random, today: date, dossier: Dossier) -> dict[str, JsonValue]:
    code, product, _ = random.choice(PRODUCTS)
    provider = random.choice((None, *names.ORGANISATIONS))
    return {
        **requests.asked(f"{dossier.id} {code} {today}", provider),
        "product_code": code,
        "product": product,
        "provider": provider,
        "state": "concept",
        "submitted_on": None,
        "decided_on": None,
        "decision": None,
        "reason": None,
        "committed_cents": None,
    }


def _contact(random: Random, today: date, dossier: Dossier) -> dict[str, JsonValue]:
    kind = random.choice(("home_visit", "conversation", "conversation", "no_show", "telephone"))
    return {"kind": kind, "held_on": today.isoformat()}


def _signal(random: Random, today: date, dossier: Dossier) -> dict[str, JsonValue]:
    return {
        "kind": random.choice(ALARMS),
        "raised_by": random.choice((None, *names.ORGANISATIONS)),
        "severity": random.choice(("low", "medium", "high")),
        "child_safety": random.random() < 0.25,
        "raised_on": today.isoformat(),
    }


_WRITERS: Final[dict[str, Callable[[Random, date, Dossier], dict[str, JsonValue]]]] = {
    "involvement": _involvement,
    "case_direction": _case_direction,
    "goal": _goal,
    "assessment": _assessment,
    "support_request": _support_request,
    "contact": _contact,
    "signal": _signal,
}
