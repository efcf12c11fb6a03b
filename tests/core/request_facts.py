"""National messages and registrations made by hand, as the records of a household document."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from hub.events.ids import DossierRef
from hub.household.attention.terms import Terms
from hub.household.document_shape import Document, MessageDossier, RecordEntry
from hub.household.requests.threads import Thread, threads
from tests.core.attention_facts import ZCD, household, record

GEMEENTE, AANBIEDER, REFERENCE, NUMBER = "0599", "41000001", "V1", "700123"
CLIENT = "p-noor"
_FROM_PROVIDER = ("305", "307", "315", "317")


def message(code: str, sent: str, *, number: int = 1, law: str = "jw", **said: Any) -> RecordEntry:
    """One part of a message (or of a retour: `code` of the retour) with this Dagtekening. `number`: Identificatie."""
    about = code if code not in ("302", "306", "308", "316", "318", "320") else str(int(code) - 1)
    sender = AANBIEDER if about in _FROM_PROVIDER else GEMEENTE
    dossier = f"{law}{about}/{sender}/{number}"
    ref = DossierRef("istandaarden", f"{law}/{GEMEENTE}/{AANBIEDER}/{REFERENCE}" if about == "319" else dossier)
    body = {"municipality": GEMEENTE, "provider_code": AANBIEDER, "identification": str(number), "sent_on": sent}
    found = record(
        "request_message",
        ref,
        f"{law}{code}/{sender}/{number}/1",
        recorded=f"{sent}T00:00:00.000000Z",
        law=law,
        message=code,
        **(body | said),
    )
    return found


def asked(sent: str, **said: Any) -> RecordEntry:
    """A request for an allocation (315)."""
    about = {"reference": REFERENCE, "product_category": "45", "product_code": "45A04", "starts_on": "2026-05-01"}
    return message("315", sent, **(about | said))


def confirmed(sent: str, *codes: str, **said: Any) -> RecordEntry:
    """A retour to it (316)."""
    return message("316", sent, **({"reference": REFERENCE, "return_codes": list(codes)} | said))


def answered(sent: str, answer: str, **said: Any) -> RecordEntry:
    """An answer (319)."""
    return message("319", sent, **({"reference": REFERENCE, "answer": answer} | said))


def granted(decided: str, **said: Any) -> RecordEntry:
    """An allocation (301)."""
    about = {"reference": REFERENCE, "allocation_number": NUMBER, "product_category": "45", "product_code": "45A04"}
    when = {"starts_on": "2026-05-01", "ends_on": "2026-10-30", "decided_at": f"{decided}T09:00:00.000000Z"}
    return message("301", decided, **(about | when | said))


def started(sent: str, begin: str, **said: Any) -> RecordEntry:
    """A start (305)."""
    about = {"allocation_number": NUMBER, "product_category": "45", "product_code": "45A04", "starts_on": begin}
    return message("305", sent, **(about | {"delivery_status": "first"} | said))


def stopped(sent: str, begin: str, end: str, reason: str = "as_planned", **said: Any) -> RecordEntry:
    """A stop (307)."""
    about = {"allocation_number": NUMBER, "product_category": "45", "product_code": "45A04", "starts_on": begin}
    why = {"ends_on": end, "end_reason": reason, "end_reason_code": reason, "delivery_status": "first"}
    return message("307", sent, **(about | why | said))


def registered(state: str, submitted: str | None = None, *, ref: DossierRef = ZCD, **said: Any) -> RecordEntry:
    """A request as a registration keeps it."""
    recorded = said.pop("recorded", "2026-03-01T09:00:00.000000Z")
    record_id = said.pop("record_id", "A-1")
    body = {"product_code": "45A04", "product": "Ambulant", "provider": "De Brug", "submitted_on": submitted} | said
    return record("support_request", ref, record_id, recorded=recorded, state=state, **body)


def with_messages(records: Iterable[RecordEntry], client: str = CLIENT) -> Document:
    """A household whose client the messages are about."""
    document = household(records=list(records))
    refs = sorted({item["dossier_id"] for item in document["records"] if item["record_type"] == "request_message"})
    document["message_dossiers"] = [
        MessageDossier(source="istandaarden", dossier_id=item, client=client) for item in refs
    ]
    return document


def followed(*records: RecordEntry, today: str = "2026-04-20") -> list[Thread]:
    """The threads on a day."""
    return threads(with_messages(records), date.fromisoformat(today), Terms())


def thread(*records: RecordEntry, today: str = "2026-04-20") -> Thread:
    """The only thread."""
    (found,) = followed(*records, today=today)
    return found
