"""Reads one iJw or iWmo message, by what the connector's README documents: several changes of one file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from stdnum.nl import bsn

from hub.demo.reference.facts import FREQUENCIES, UNITS, Change, Dossier, Json, Line, UnreadableError, day, look_up

SOURCE = "istandaarden"
REQUEST = "request"
"""Kind of a dossier that is no team's."""
MAX_BYTES = 1_048_576
LAST_DAY = "9999-12-31"
CODES = {
    "jw": {"301": "436", "305": "438", "307": "440", "315": "446", "317": "486", "319": "488"},
    "wmo": {"301": "414", "305": "418", "307": "420", "315": "444", "317": "480", "319": "482"},
}
PROVIDERS = ("305", "307", "315", "317")
LISTS = {
    "301": ("ToegewezenProducten", "ToegewezenProduct"),
    "305": ("StartProducten", "StartProduct"),
    "307": ("StopProducten", "StopProduct"),
    "315": ("AangevraagdeProducten", "AangevraagdProduct"),
}
ENDS = {"02": "death", "20": "paused", "36": "by_municipality", "37": "change_request", "38": "other_provider"}
ENDS |= {"39": "other_domain"}
YOUTH = {"31": "as_planned", "32": "early_by_client", "33": "early_by_provider", "34": "early_together"}
ADULT = {"19": "as_planned", "21": "early_by_client", "22": "early_by_provider", "23": "early_together"}
END_REASONS = {"jw": ENDS | YOUTH | {"35": "external_cause"}, "wmo": ENDS | ADULT | {"31": "moved_away"}}


class Element:
    """Look-ups in one element by local names; all raise UnreadableError."""

    def __init__(self, element: ElementTree.Element) -> None:
        self.inside: dict[str, list[ElementTree.Element]] = {}
        for child in element:
            self.inside.setdefault(str(child.tag).rpartition("}")[2], []).append(child)

    def all(self, name: str) -> list[Element]:
        """Every element of a name, at least one."""
        if name not in self.inside:
            raise UnreadableError(name)
        return [Element(item) for item in self.inside[name]]

    def one(self, name: str) -> Element:
        """The only one."""
        found = self.all(name)
        if len(found) > 1:
            raise UnreadableError(name)
        return found[0]

    def maybe(self, name: str) -> Element | None:
        """The only one, or None."""
        return self.one(name) if name in self.inside else None

    def text(self, name: str, form: str = r".{1,100}") -> str:
        """Its text, of a form."""
        self.one(name)
        element = self.inside[name][0]
        text = (element.text or "").strip()
        if len(element) or not re.fullmatch(form, text, re.DOTALL):
            raise UnreadableError(name)
        return text

    def optional(self, name: str, form: str = r".{1,100}") -> str | None:
        """Its text, or None."""
        return self.text(name, form) if name in self.inside else None

    def whole(self, name: str) -> int | None:
        """A whole number, or None."""
        text = self.optional(name, r"[0-9]{1,15}")
        return None if text is None else int(text)

    def day(self, name: str) -> str:
        """A day."""
        return day(self.text(name))

    def maybe_day(self, name: str) -> str | None:
        """A day, or None."""
        return self.day(name) if name in self.inside else None

    def codes(self) -> list[str]:
        """Its return codes."""
        held = self.maybe("RetourCodes")
        found = [(item.text or "").strip() for item in held.inside.get("RetourCode", [])] if held else []
        if not all(re.fullmatch(r"[0-9A-Z]{4}", code) for code in found):
            raise UnreadableError("RetourCode")
        return found


def read(line: str) -> list[Change]:
    """A message, or `{"xml": message}`. Raises UnreadableError."""
    if line.startswith("{"):
        line = str(json.loads(line)["xml"])
    if len(line.encode("utf-8", "replace")) > MAX_BYTES or "<!DOCTYPE" in line:
        raise UnreadableError("too large, or with a document type")
    try:
        root = ElementTree.fromstring(line.encode("utf-8", "replace"))
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise UnreadableError("no XML") from error
    return list(Message(root).changes())


class Message:
    """One message with what its header says."""

    def __init__(self, root: ElementTree.Element) -> None:
        found = re.fullmatch(
            r"\{http://www\.istandaarden\.nl/(?:ijw|iwmo)/3_2/(jw|wmo)([0-9]{3})/schema\}Bericht", str(root.tag)
        )
        if found is None:
            raise UnreadableError("no message of these")
        self.law, self.number = found[1], found[2]
        self.is_retour = self.number not in CODES[self.law]
        self.about = str(int(self.number) - 1) if self.is_retour else self.number
        self.root = Element(root)
        header = self.root.one("Header")
        code = CODES[self.law].get(self.about)
        if code is None or header.text("BerichtCode") != str(int(code) + self.is_retour):
            raise UnreadableError("BerichtCode")
        if (header.whole("BerichtVersie"), header.whole("BerichtSubversie")) != (3, 2):
            raise UnreadableError("BerichtVersie")
        agb, cbs = r"[0-9]{8}", r"[0-9]{4}"
        forms = (agb, cbs) if self.about in PROVIDERS else (cbs, agb)
        self.sender, receiver = header.text("Afzender", forms[0]), header.text("Ontvanger", forms[1])
        parties = [self.sender, receiver] if self.about in PROVIDERS else [receiver, self.sender]
        self.provider, self.municipality = parties
        identity = header.one("BerichtIdentificatie")
        self.identification = identity.text("Identificatie", r".{1,12}")
        self.answered = identity.day("Dagtekening")
        self.sent = header.day("DagtekeningRetour") if self.is_retour else self.answered
        self.codes = header.codes() if self.is_retour else []

    def changes(self) -> Iterator[Change]:
        """The dossiers of the client, and a record per part."""
        if self.is_retour or self.about == "319":
            parts = self.retour() if self.is_retour else [self.answer()]
        else:
            client = self.root.one("Client")
            parts = self.parts(client)
            number = client.text("Bsn", r"[0-9]{9}")
            chosen = [self.identification, *(str(part["reference"] or "") for part in parts)]
            if not bsn.is_valid(number) or any(number in text for text in chosen):
                raise UnreadableError("Bsn")
            yield self.dossier(self.own_dossier(), 1, number)
            if self.about in ("315", "317"):
                for reference in sorted({str(part["reference"]) for part in parts}):
                    version = date.fromisoformat(self.answered).toordinal()
                    yield self.dossier(self.of_reference(reference), version, number)
        for place, part in enumerate(parts, 1):
            yield self.record(place, part)

    def own_dossier(self) -> str:
        """Number of the message's dossier."""
        return f"{self.law}{self.about}-{digest(self.sender, self.identification)}"

    def of_reference(self, reference: str) -> str:
        """Number of the dossier of a reference."""
        return f"{self.law}-{digest(self.municipality, self.provider, reference)}"

    def dossier(self, number: str, version: int, client: str) -> Change:
        """A dossier of the client alone."""
        moment = begin(self.answered)
        line = Line(
            line="1", bsn=client, client=True, lives_here=True, stated_at=moment, address=None, name="",
            birth_date=None, gender=None, role="client", secret=False,
        )  # fmt: skip
        facts: Json = dict.fromkeys(("closed_on", "referred_by", "received_on", "first_contact_on"))
        composition = Dossier(SOURCE, number, version, False, moment, LAST_DAY, {"kind": REQUEST} | facts, (line,))
        return Change(SOURCE, number, "composition", number, version, moment, composition, None)

    def record(self, place: int, part: Json) -> Change:
        """What one part says."""
        by_reference = self.about == "319"
        dossier = self.of_reference(str(part["reference"])) if by_reference else self.own_dossier()
        record_id = f"{self.law}{self.number}-{digest(self.sender, self.identification)}/{place}"
        body = {
            "law": self.law,
            "message": self.number,
            "municipality": self.municipality,
            "provider_code": self.provider,
            "identification": self.identification,
            "sent_on": self.sent,
        }
        return Change(SOURCE, dossier, "request_message", record_id, 1, begin(self.sent), None, body | part)

    def parts(self, client: Element) -> list[Json]:
        """What is asked, granted, started or stopped."""
        if self.about == "317":
            return [change(client.one("Verzoek"))]
        outer, inner = LISTS[self.about]
        return [self.part(item) for item in client.one(outer).all(inner)]

    def part(self, item: Element) -> Json:
        """One product."""
        if self.about == "315":
            period = {"starts_on": item.day("ToewijzingIngangsdatum"), "ends_on": item.maybe_day("ToewijzingEinddatum")}
            return {"reference": reference(item), **product(item), **volume(item), **period}
        if self.about == "301":
            moment = f"{item.day('Toewijzingsdatum')}T{item.text('Toewijzingstijd', r'[0-9:.]{8,15}')}"
            change_code = item.optional("RedenWijziging")
            if change_code is not None and not ("01" <= change_code <= "14" and len(change_code) == 2):
                raise UnreadableError("RedenWijziging")
            number = item.whole("ToewijzingNummer")
            if number is None:
                raise UnreadableError("ToewijzingNummer")
            return {
                "reference": reference(item) if "ReferentieAanbieder" in item.inside else None,
                "allocation_number": str(number),
                **product(item),
                **volume(item),
                "starts_on": item.day("Ingangsdatum"),
                "ends_on": item.maybe_day("Einddatum"),
                "decided_at": dutch(moment).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "change_reason_code": change_code,
            }
        return self.delivery(item)

    def delivery(self, item: Element) -> Json:
        """A start or a stop."""
        number = item.whole("ToewijzingNummer")
        found = {
            "reference": None,
            "allocation_number": None if number is None else str(number),
            **product(item),
            "allocation_starts_on": item.maybe_day("ToewijzingIngangsdatum"),
            "starts_on": item.day("Begindatum"),
            "delivery_status": look_up(item.text("StatusAanlevering"), {"1": "first", "3": "delete"}),
        }
        if self.about == "305":
            return found
        code = item.text("RedenBeeindiging")
        reason = look_up(code, END_REASONS[self.law])
        return found | {"ends_on": item.day("Einddatum"), "end_reason": reason, "end_reason_code": code}

    def answer(self) -> Json:
        """A rejection, or that it is investigated."""
        found = self.root.one("Antwoord")
        home = found.maybe("Woonplaatsbeginsel")
        return {
            "reference": reference(found),
            "answer": look_up(found.text("VerzoekAntwoord"), {"1": "rejected", "2": "under_investigation"}),
            "rejection_code": found.optional("RedenAfwijzingVerzoek", r"[1-9]"),
            "residence_municipality": home.text("Gemeente", r"[0-9]{4}") if home else None,
        }

    def retour(self) -> list[Json]:
        """What is wrong with a message."""
        if self.about == "319":
            found = self.root.one("Antwoord")
            return [{"reference": reference(found), "return_codes": sorted({*self.codes, *found.codes()})}]
        client = self.root.maybe("Client")
        if client is None:
            return [{"return_codes": sorted(set(self.codes))}]
        above = {*self.codes, *client.codes()}
        if self.about == "317":
            asked = client.one("Verzoek")
            codes = {*above, *asked.codes(), *(code for item in products(asked) for code in item.codes())}
            return [{"reference": reference(asked), "return_codes": sorted(codes)}]
        outer, inner = LISTS[self.about]
        return [
            {
                "reference": reference(item) if "ReferentieAanbieder" in item.inside else None,
                "allocation_number": None if (number := item.whole("ToewijzingNummer")) is None else str(number),
                "return_codes": sorted({*above, *item.codes()}),
            }
            for item in client.one(outer).all(inner)
        ]


def change(asked: Element) -> Json:
    """A request for change."""
    new = held.all("NieuwProduct") if (held := asked.maybe("NieuweProducten")) else []
    other = held.all("TeWijzigenProduct") if (held := asked.maybe("TeWijzigenProducten")) else []
    found: Json = {
        "reference": reference(asked),
        "request_reason_code": asked.text("RedenVerzoek", r"[12]"),
        "starts_on": min((item.day("GewensteIngangsdatum") for item in (*other, *new)), default=None),
    }
    if len(new) == 1 and not other:
        found |= {**product(new[0]), **volume(new[0]), "ends_on": new[0].maybe_day("Einddatum")}
    return found


def products(asked: Element) -> list[Element]:
    """All products that a request for change names."""
    names = (
        ("OngewijzigdeProducten", "OngewijzigdProduct"),
        ("TeWijzigenProducten", "TeWijzigenProduct"),
        ("NieuweProducten", "NieuwProduct"),
    )
    return [item for outer, inner in names if (held := asked.maybe(outer)) for item in held.all(inner)]


def reference(item: Element) -> str:
    """What the provider calls the request."""
    return item.text("ReferentieAanbieder", r".{1,36}")


def product(item: Element) -> Json:
    """The product, if it is stated."""
    found = item.maybe("Product")
    if found is None:
        return {}
    return {"product_category": found.text("Categorie", r".{1,2}"), "product_code": found.optional("Code", r".{1,5}")}


def volume(item: Element) -> Json:
    """How much, if it is stated."""
    found, budget = item.maybe("Omvang"), {"budget_cents": item.whole("Budget")}
    if found is None:
        return budget
    number = found.whole("Volume")
    if number is None:
        raise UnreadableError("Volume")
    unit, frequency = look_up(found.text("Eenheid"), UNITS), look_up(found.text("Frequentie"), FREQUENCIES)
    return {"volume": number, "unit": unit, "frequency": frequency, **budget}


def digest(*parts: str) -> str:
    """A number out of what makes something what it is."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def dutch(text: str) -> datetime:
    """A Dutch moment, in UTC."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Amsterdam")).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableError(text) from error


def begin(text: str) -> datetime:
    """When a day begins."""
    return dutch(f"{text}T00:00:00")
