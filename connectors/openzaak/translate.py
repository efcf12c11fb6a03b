"""A zaak as shared events. Pure: the one module that knows its fields.

A zaak about a request is no dossier of a team: it becomes a dossier of kind `request` (ADR 0011), found by its client,
and one support request in it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Final

from stdnum.nl import bsn

from hub.connect import RejectReason, TranslationError
from hub.connect.fields import Fields, models, read_object
from hub.events.moments import micros
from hub.events.records import AnyBody, Composition, Draft, Law, Member, RecordType, RequestState, SupportRequest
from hub.events.sensitive import Sensitive

_LAWS: Final[dict[str, Law]] = {"jw": "jw", "wmo": "wmo"}
REGISTERS: Final = (RecordType.COMPOSITION, RecordType.SUPPORT_REQUEST)
"""What a zaak becomes."""
_NINE_DIGITS: Final = re.compile(r"[0-9]{9}")
_OUTCOMES: Final[dict[str, RequestState]] = {"granted": "granted", "rejected": "rejected"}


def translate(payload: bytes) -> list[Draft]:
    """The events of one zaak, as the connector asked for it. Raises TranslationError, and nothing else."""
    record = read_object(payload)
    uuid = record.text("uuid")
    zaak = record.opt_child("zaak")
    with models():
        if zaak is None:
            return _drafts(uuid, record.moment("at"), None, None)
        changed = _changed(zaak)
        person = _person(record)
        if person is None:
            return _drafts(uuid, changed, None, None)
        number = _bsn(person)
        if number in zaak.text("identificatie"):
            zaak.fail("identificatie")  # it would be published in clear
        return _drafts(uuid, changed, _composition(number, changed), _request(record, zaak))


def stated(payload: bytes) -> tuple[str, int]:
    """Number and version of a zaak that is there, also if `translate` refuses it; version 0: not even that is readable.
    Raises TranslationError without a number."""
    record = read_object(payload)
    try:
        return record.text("uuid"), micros(_changed(record.child("zaak")))
    except TranslationError:
        return record.text("uuid"), 0


def _drafts(
    uuid: str, changed: datetime, composition: Composition | None, request: SupportRequest | None
) -> list[Draft]:
    """The two registers of a zaak. Both are deletions where there is no zaak, or nobody in it yet."""
    bodies: tuple[AnyBody | None, ...] = (composition, request)
    return [
        Draft(
            record_type=kind,
            dossier_id=uuid,
            record_id=uuid,
            version=micros(changed),
            recorded_at=changed,
            body=body,
        )
        for kind, body in zip(REGISTERS, bodies, strict=True)
    ]


def _changed(zaak: Fields) -> datetime:
    """The latest moment that the zaak itself states. It never goes back; a change that moves none of them is a silent
    edit, which the hub publishes as the next revision."""
    registered = datetime.combine(zaak.day("registratiedatum"), time(), UTC)
    changed = zaak.opt_moment("laatstGemuteerd")
    return registered if changed is None else max(registered, changed)


def _person(record: Fields) -> Fields | None:
    """Whom it is about; None: nobody is named yet (a role comes after its zaak), or no person."""
    persons = [role for role in record.children("rollen") if role.says("betrokkeneType", "natuurlijk_persoon")]
    if len(persons) > 1:
        record.fail("rollen", RejectReason.NO_SINGLE_CLIENT)
    return persons[0].child("betrokkeneIdentificatie") if persons else None


def _bsn(person: Fields) -> str:
    """A zaak of a number that nobody has reaches nobody: it is set aside, so that somebody looks."""
    number = person.matched("inpBsn", _NINE_DIGITS)[0]
    return number if bsn.is_valid(number) else person.fail("inpBsn")


def _composition(number: str, changed: datetime) -> Composition:
    member = Member(
        line="1",
        bsn=Sensitive(number),
        role="client",
        is_client=True,
        lives_here=True,
        stated_at=changed,
    )
    return Composition(kind="request", status="closed", opened_on=date.max, members=(member,))


def _request(record: Fields, zaak: Fields) -> SupportRequest:
    ended = zaak.opt_day("einddatum")
    outcome = record.opt_code("uitkomst", _OUTCOMES)
    state: RequestState = "under_investigation" if ended is None else outcome or "ended"
    return SupportRequest(
        product_code=zaak.text("zaaktype").rstrip("/").rpartition("/")[2],
        product=record.text("product"),
        law=record.code("wet", _LAWS),
        state=state,
        submitted_on=zaak.day("registratiedatum"),
        decided_on=ended if outcome else None,
        reference=zaak.text("identificatie"),
    )
