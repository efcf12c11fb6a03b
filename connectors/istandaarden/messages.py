"""Writes messages as a sender would, for the simulator and the tests: elements in the order of the XSDs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

from connectors.istandaarden.codes import CODE_OF, FROM_PROVIDER, RETOURS, Kind
from hub.events.records import Law

Content: TypeAlias = "str | Sequence[tuple[str, Content]]"
Elements = Sequence[tuple[str, Content]]
"""Elements in order, each with its text or what is in it."""
_BASE_CONTENT: Final = frozenset(
    {
        "BerichtIdentificatie", "XsdVersie", "XsdVersieRetour", "Geboortedatum", "Naam", "Geslachtsnaam", "Product",
        "Omvang", "Verwijzer", "Adres", "Huis",
    }
)  # fmt: skip
"""Elements whose content is of the base schema's namespace."""
_VERSIONS: Final[Elements] = (("BasisschemaXsdVersie", "0.1.0"), ("BerichtXsdVersie", "0.1.0"))


@dataclass(frozen=True)
class Envelope:
    """Who sends what to whom. `number`: 301 …; of a retour `identification` and `sent_on` are those of the message that
    it answers, and `codes` those on the whole."""

    law: Law
    number: str
    municipality: str
    provider_code: str
    identification: str
    sent_on: str
    retour_on: str = ""
    codes: Sequence[str] = field(default=())


def write(envelope: Envelope, body: Elements) -> str:
    """The message. `body`: what stands beside the header: the client, or the answer."""
    namespace = f"http://www.istandaarden.nl/i{envelope.law}/3_2/{envelope.law}{envelope.number}/schema"
    base = f"http://www.istandaarden.nl/i{envelope.law}/3_2/basisschema/schema"
    content = "".join(_element(name, inner, "b") for name, inner in (("Header", _header(envelope)), *body))
    declared = f'xmlns:b="{namespace}" xmlns:s="{base}"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<b:Bericht {declared}>{content}</b:Bericht>\n'


def _header(envelope: Envelope) -> Elements:
    from_provider = RETOURS.get(envelope.number, envelope.number) in FROM_PROVIDER
    parties = (envelope.provider_code, envelope.municipality)
    sender, receiver = parties if from_provider else parties[::-1]
    found: list[tuple[str, Content]] = [
        ("BerichtCode", CODE_OF[Kind(envelope.law, envelope.number)]),
        ("BerichtVersie", "3"),
        ("BerichtSubversie", "2"),
        ("Afzender", sender),
        ("Ontvanger", receiver),
        ("BerichtIdentificatie", [("Identificatie", envelope.identification), ("Dagtekening", envelope.sent_on)]),
        ("XsdVersie", _VERSIONS),
    ]
    if envelope.number in RETOURS:
        found += [
            ("IdentificatieRetour", f"R{envelope.identification}"[:12]),
            ("DagtekeningRetour", envelope.retour_on),
            ("XsdVersieRetour", _VERSIONS),
        ]
        found += [return_codes(envelope.codes)] if envelope.codes else []
    return found


def _element(name: str, content: Content, prefix: str) -> str:
    inner = "s" if name in _BASE_CONTENT else prefix
    text = escape(content) if isinstance(content, str) else "".join(_element(*item, inner) for item in content)
    return f"<{prefix}:{name}>{text}</{prefix}:{name}>"


def return_codes(codes: Iterable[str]) -> tuple[str, Content]:
    """What a retour says of one class."""
    return "RetourCodes", [("RetourCode", code) for code in codes]


def client(number: str, products: tuple[str, Content], *, full: bool = False, codes: Sequence[str] = ()) -> Elements:
    """The client with what is asked, granted, started or stopped. `number`: the BSN. `full`: as in an allocation."""
    name: list[tuple[str, Content]] = [("Geslachtsnaam", [("Achternaam", "Voorbeeld")])]
    contact = ("Contactgegevens", [("Contact", [("Soort", "01")])])
    return [
        (
            "Client",
            [
                ("Bsn", number),
                ("Geboortedatum", [("Datum", "1900-01-01"), ("DatumGebruik", "3")]),
                ("Geslacht", "0"),
                ("Naam", [*name, ("NaamGebruik", "1")] if full else name),
                *([contact] if full else []),
                products,
                *([return_codes(codes)] if codes else []),
            ],
        )
    ]


def product(code: str) -> tuple[str, Content]:
    """A product: its category are the first two signs of its code."""
    return "Product", [("Categorie", code[:2]), ("Code", code)]


def volume(number: int, unit: str, frequency: str) -> tuple[str, Content]:
    """How much: codes of WJ756 and WJ757."""
    return "Omvang", [("Volume", str(number)), ("Eenheid", unit), ("Frequentie", frequency)]


def in_order(values: Mapping[str, Content | None]) -> list[tuple[str, Content]]:
    """Elements in the order given, without those that are None."""
    return [(name, value) for name, value in values.items() if value is not None]
