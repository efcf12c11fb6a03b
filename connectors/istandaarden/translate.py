"""iJw and iWmo messages as shared events. Pure: the one module that knows their elements.

A message knows no dossier of a team. What it says goes into dossiers of its own kind (ADR 0011): one per message, of
the client whom it names; and one per reference of a request (315, 317), in which an answer (319) is found, for that
names nobody. A retour stands with the message that it answers. Their numbers are hashes: the senders choose what they
are made of.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from stdnum.nl import bsn

from connectors.istandaarden.codes import (
    ANSWERS,
    BERICHT_CODES,
    CHANGE_REASONS,
    DELIVERY,
    END_REASONS,
    FREQUENCIES,
    FROM_PROVIDER,
    REJECTIONS,
    REQUEST_REASONS,
    RETOURS,
    UNITS,
    Kind,
)
from connectors.istandaarden.xml import Node, Schemas, kind_of, parse
from hub.connect import RejectReason
from hub.connect.fields import models
from hub.events.records import Composition, Draft, Member, RecordType, RequestMessage
from hub.events.sensitive import Sensitive

Said = dict[str, Any]
"""Fields of a RequestMessage."""
_ZONE: Final = ZoneInfo("Europe/Amsterdam")
_NINE_DIGITS: Final = re.compile(r"[0-9]{9}")
_AGB: Final = re.compile(r"[0-9]{8}")
_MUNICIPALITY: Final = re.compile(r"[0-9]{4}")
_RETURN_CODE: Final = re.compile(r"[0-9A-Z]{4}")
_LONGEST_IDENTIFICATION: Final = 12
_LONGEST_REFERENCE: Final = 36
_DIGEST_DIGITS: Final = 24
"""96 bits: no two of a million million messages share one."""
_VERSION, _SUBVERSION = 3, 2


class _Header(NamedTuple):
    """`sent_on`: of a retour its own day, `answered_on` that of what it answers; of others both are equal."""

    kind: Kind
    municipality: str
    provider_code: str
    identification: str
    sent_on: date
    answered_on: date
    codes: tuple[str, ...]

    @property
    def about(self) -> str:
        """The number of the message whose dossier this stands in."""
        return RETOURS.get(self.kind.number, self.kind.number)

    @property
    def sender(self) -> str:
        return self.provider_code if self.about in FROM_PROVIDER else self.municipality

    @property
    def dossier_id(self) -> str:
        """Of the message: (Afzender, BerichtCode, Identificatie) make it the message it is (TR056)."""
        return f"{self.kind.law}{self.about}-{_digest(self.sender, self.identification)}"

    def record_id(self, place: int) -> str:
        """Of a part of the message, or of its retour."""
        return f"{self.kind.law}{self.kind.number}-{_digest(self.sender, self.identification)}/{place}"

    def of_reference(self, reference: str) -> str:
        """Number of the dossier in which answers to a request are found."""
        return f"{self.kind.law}-{_digest(self.municipality, self.provider_code, reference)}"


def translate(payload: bytes, schemas: Schemas | None = None) -> list[Draft]:
    """The events of one message. Raises TranslationError, and nothing else."""
    root = parse(payload)
    law, number = kind_of(root)
    message = Node(root)
    header = _header(message.child("Header"), law, number)
    if schemas is not None:
        schemas.check((law, number), root)
    with models():
        return list(_drafts(message, header))


def _header(node: Node, law: str, number: str) -> _Header:
    kind = node.code("BerichtCode", BERICHT_CODES)
    if kind != (law, number):
        node.fail("BerichtCode")
    for name, wanted in (("BerichtVersie", _VERSION), ("BerichtSubversie", _SUBVERSION)):
        if node.whole(name) != wanted:
            node.fail(name, RejectReason.UNKNOWN_TYPE)
    from_provider = RETOURS.get(number, number) in FROM_PROVIDER
    sender, receiver = (_AGB, _MUNICIPALITY) if from_provider else (_MUNICIPALITY, _AGB)
    parties = node.matched("Afzender", sender), node.matched("Ontvanger", receiver)
    provider, municipality = parties if from_provider else parties[::-1]
    identity = node.child("BerichtIdentificatie")
    answered_on = identity.day("Dagtekening")
    is_retour = number in RETOURS
    return _Header(
        kind=kind,
        municipality=municipality,
        provider_code=provider,
        identification=identity.text("Identificatie", longest=_LONGEST_IDENTIFICATION),
        sent_on=node.day("DagtekeningRetour") if is_retour else answered_on,
        answered_on=answered_on,
        codes=_codes(node) if is_retour else (),
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_DIGEST_DIGITS]


def _drafts(message: Node, header: _Header) -> Iterator[Draft]:
    number = header.kind.number
    if number in RETOURS:
        yield from _records(header, _retour(message, header))
        return
    if number == "319":
        yield from _records(header, [_answer(message.child("Antwoord"))])
        return
    client = message.child("Client")
    person = _bsn(client)
    said = _PARTS[number](client, header)
    _refuse_number_of(client, person, [header.identification, *(str(item.get("reference") or "") for item in said)])
    yield _composition(header, header.dossier_id, person, version=1)
    if number in ("315", "317"):
        for reference in sorted({str(item["reference"]) for item in said}):
            yield _composition(header, header.of_reference(reference), person, header.sent_on.toordinal())
    yield from _records(header, said, person)


def _bsn(client: Node) -> Sensitive:
    """A message about a number that nobody has can reach nobody: it is set aside, so that somebody looks."""
    value = client.matched("Bsn", _NINE_DIGITS)
    return Sensitive(value) if bsn.is_valid(value) else client.fail("Bsn")


def _refuse_number_of(client: Node, person: Sensitive, chosen: Iterable[str]) -> None:
    """A sender may not call a message or a request by the client's BSN: it would be published in clear."""
    if any(person.get_secret_value() in text for text in chosen):
        client.fail("Bsn")


def _composition(header: _Header, dossier_id: str, person: Sensitive, version: int) -> Draft:
    moment = _moment(header.answered_on)
    member = Member(line="1", bsn=person, role="client", is_client=True, lives_here=True, stated_at=moment)
    return Draft(
        record_type=RecordType.COMPOSITION,
        dossier_id=dossier_id,
        record_id=dossier_id,
        version=version,
        recorded_at=moment,
        body=Composition(kind="request", status="closed", opened_on=date.max, members=(member,)),
    )


def _records(header: _Header, said: Iterable[Said], person: Sensitive | None = None) -> Iterator[Draft]:
    """A record per part. Of the answers to a request the dossier is that of its reference."""
    for place, item in enumerate(said, 1):
        by_reference = header.about == "319"
        yield Draft(
            record_type=RecordType.REQUEST_MESSAGE,
            dossier_id=header.of_reference(str(item["reference"])) if by_reference else header.dossier_id,
            record_id=header.record_id(place),
            version=1,
            recorded_at=_moment(header.sent_on),
            subject=person,
            body=RequestMessage(
                law=header.kind.law,
                message=header.kind.number,  # type: ignore[arg-type]  # pydantic checks that it is one of the list
                municipality=header.municipality,
                provider_code=header.provider_code,
                identification=header.identification,
                sent_on=header.sent_on,
                **item,
            ),
        )


def _moment(day: date, at: time = time()) -> datetime:
    """A day (Dagtekening has no time) as the moment at which it begins in the Netherlands."""
    try:
        return datetime.combine(day, at, _ZONE).astimezone(UTC)
    except OverflowError:
        return datetime.combine(day, at, UTC)


def _codes(*nodes: Node) -> tuple[str, ...]:
    found = {code for node in nodes if (held := node.opt_child("RetourCodes")) for code in held.texts("RetourCode")}
    for node in nodes:
        if not all(_RETURN_CODE.fullmatch(code) for code in found):
            node.fail("RetourCodes")
    return tuple(sorted(found))


def _allocations(client: Node, header: _Header) -> list[Said]:
    products = client.child("ToegewezenProducten").children("ToegewezenProduct")
    return [
        {
            "allocation_number": str(item.whole("ToewijzingNummer")),
            "reference": _reference(item) if item.has("ReferentieAanbieder") else None,
            **_product(item),
            "starts_on": item.day("Ingangsdatum"),
            "ends_on": item.opt_day("Einddatum"),
            "decided_at": _moment(item.day("Toewijzingsdatum"), item.time("Toewijzingstijd")),
            "change_reason_code": item.opt_code("RedenWijziging", CHANGE_REASONS),
            **_volume(item),
        }
        for item in products
    ]


def _starts(client: Node, header: _Header) -> list[Said]:
    return [_delivery(item) for item in client.child("StartProducten").children("StartProduct")]


def _stops(client: Node, header: _Header) -> list[Said]:
    reasons = END_REASONS[header.kind.law]
    return [
        _delivery(item)
        | {
            "ends_on": item.day("Einddatum"),
            "end_reason": item.code("RedenBeeindiging", reasons),
            "end_reason_code": item.text("RedenBeeindiging"),
        }
        for item in client.child("StopProducten").children("StopProduct")
    ]


def _delivery(item: Node) -> Said:
    number = item.opt_whole("ToewijzingNummer")
    return {
        "allocation_number": None if number is None else str(number),
        **_product(item),
        "allocation_starts_on": item.opt_day("ToewijzingIngangsdatum"),
        "starts_on": item.day("Begindatum"),
        "delivery_status": item.code("StatusAanlevering", DELIVERY),
    }


def _requests(client: Node, header: _Header) -> list[Said]:
    products = client.child("AangevraagdeProducten").children("AangevraagdProduct")
    return [
        {
            "reference": _reference(item),
            **_product(item),
            "starts_on": item.day("ToewijzingIngangsdatum"),
            "ends_on": item.opt_day("ToewijzingEinddatum"),
            **_volume(item),
        }
        for item in products
    ]


def _changes(client: Node, header: _Header) -> list[Said]:
    """One request, decided as a whole (OP344); product and volume are told if it asks for one new product only."""
    asked = client.child("Verzoek")
    new = held.children("NieuwProduct") if (held := asked.opt_child("NieuweProducten")) else []
    changed = held.children("TeWijzigenProduct") if (held := asked.opt_child("TeWijzigenProducten")) else []
    only = new[0] if len(new) == 1 and not changed else None
    return [
        {
            "reference": _reference(asked),
            "request_reason_code": asked.code("RedenVerzoek", REQUEST_REASONS),
            "starts_on": min((item.day("GewensteIngangsdatum") for item in (*changed, *new)), default=None),
            **(_product(only) | _volume(only) | {"ends_on": only.opt_day("Einddatum")} if only else {}),
        }
    ]


def _answer(node: Node) -> Said:
    residence = node.opt_child("Woonplaatsbeginsel")
    return {
        "reference": _reference(node),
        "answer": node.code("VerzoekAntwoord", ANSWERS),
        "rejection_code": node.opt_code("RedenAfwijzingVerzoek", REJECTIONS),
        "residence_municipality": residence.matched("Gemeente", _MUNICIPALITY) if residence else None,
    }


def _reference(node: Node) -> str:
    return node.text("ReferentieAanbieder", longest=_LONGEST_REFERENCE)


def _product(node: Node) -> Said:
    product = node.opt_child("Product")
    if product is None:
        return {}
    return {
        "product_category": product.text("Categorie", longest=2),
        "product_code": product.opt_text("Code", longest=5),
    }


def _volume(node: Node) -> Said:
    volume = node.opt_child("Omvang")
    counted = (
        {}
        if volume is None
        else {
            "volume": volume.whole("Volume"),
            "unit": volume.code("Eenheid", UNITS),
            "frequency": volume.code("Frequentie", FREQUENCIES),
        }
    )
    return {**counted, "budget_cents": node.opt_whole("Budget")}


_HELD: Final = {
    "301": ("ToegewezenProducten", "ToegewezenProduct"),
    "305": ("StartProducten", "StartProduct"),
    "307": ("StopProducten", "StopProduct"),
    "315": ("AangevraagdeProducten", "AangevraagdProduct"),
}
"""The list and its items in the client of each message."""


def _retour(message: Node, header: _Header) -> list[Said]:
    """What is wrong, per part; one about the whole message where it names no part."""
    if header.about == "319":
        answer = message.child("Antwoord")  # without it nobody can say which request this is about
        return [{"reference": _reference(answer), "return_codes": _merged(header.codes, _codes(answer))}]
    client = message.opt_child("Client")
    if client is None:
        return [{"return_codes": header.codes}]
    above = _merged(header.codes, _codes(client))
    if header.about == "317":
        asked = client.child("Verzoek")
        return [{"reference": _reference(asked), "return_codes": _merged(above, _inside(asked))}]
    outer, inner = _HELD[header.about]
    return [_of_part(item, above) for item in client.child(outer).children(inner)]


def _inside(asked: Node) -> tuple[str, ...]:
    """The codes of a change request and of all products in it: it is decided as a whole."""
    lists = (
        ("OngewijzigdeProducten", "OngewijzigdProduct"),
        ("TeWijzigenProducten", "TeWijzigenProduct"),
        ("NieuweProducten", "NieuwProduct"),
    )
    held = [item for outer, inner in lists if (box := asked.opt_child(outer)) for item in box.children(inner)]
    return _codes(asked, *held)


def _of_part(item: Node, above: tuple[str, ...]) -> Said:
    number = item.opt_whole("ToewijzingNummer")
    return {
        "reference": _reference(item) if item.has("ReferentieAanbieder") else None,
        "allocation_number": None if number is None else str(number),
        "return_codes": _merged(above, _codes(item)),
    }


def _merged(*codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({code for part in codes for code in part}))


_PARTS: Final[dict[str, Callable[[Node, _Header], list[Said]]]] = {
    "301": _allocations,
    "305": _starts,
    "307": _stops,
    "315": _requests,
    "317": _changes,
}
