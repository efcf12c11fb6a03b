"""The Open Zaak connector: which notifications concern us, and what to ask the Zaken API when one comes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar
from uuid import UUID

from pydantic import JsonValue

from connectors.openzaak.config import OpenZaakConfig
from connectors.openzaak.source import FORBIDDEN, PAGE, Json, ZakenApi, listed
from connectors.openzaak.translate import REGISTERS, stated, translate
from hub.connect import Batch, ConnectorConfig, Cursor, InventoryItem, RawRecord, SourceRejected, TranslationError
from hub.connect.inbox import Event
from hub.connect.push import PushConnector, Stock
from hub.events.records import Draft

_SHOWN = ("identificatie", "zaaktype", "registratiedatum", "einddatum", "laatstGemuteerd")
"""All that we need of a zaak: nothing else is passed on, not even into a dead letter."""
_OURS = ("nl.overheid.zaken.", "nl.regiehub.")
"""Types of CloudEvents: Open Zaak's of the Zaken API, and what the hub makes of a webhook."""
_OF_A_PERSON = ("betrokkeneType", "betrokkeneIdentificatie")


class OpenZaakConnector(PushConnector):
    """Is told of zaken by Open Notificaties, in either of its forms, and asks for each as it is now."""

    Config: ClassVar[type[ConnectorConfig]] = OpenZaakConfig
    version: ClassVar[str] = "1"
    inventory_is_complete: ClassVar[bool] = True
    tells_every_change: ClassVar[bool] = False
    records_move: ClassVar[bool] = False

    def __init__(self, config: OpenZaakConfig) -> None:
        super().__init__(config)
        self._config = config
        self._api = ZakenApi(config)

    def check(self) -> None:
        """Ask for one page, and see whether the hub listens."""
        self._api.page(self._types()[0], 1)
        super().check()

    def close(self) -> None:
        """Let go of the connection and the inbox."""
        self._api.close()
        super().close()

    def poll(self, cursor: Cursor | None) -> Batch:
        """As every source that pushes; says how often the Zaken API was asked."""
        before = self._api.asked
        return super().poll(cursor).model_copy(update={"requests": self._api.asked - before})

    def fetch(self, event: Event) -> bytes | None:
        """The zaak that a notification names. What is no notification goes on as it is, and is set aside."""
        content = event.content()
        notice = content["data"] if isinstance(content.get("data"), dict) else {}
        assert isinstance(notice, dict)
        name = str(notice.get("hoofdObject") or content.get("subject") or "")
        uuid = _uuid(name.rstrip("/").rpartition("/")[2])
        if notice.get("kanaal", "zaken") != "zaken" or not str(content.get("type")).startswith(_OURS):
            return None
        if uuid is None:
            return event.body
        features = notice.get("kenmerken")
        zaaktype = (features if isinstance(features, dict) else notice).get("zaaktype")
        if isinstance(zaaktype, str) and zaaktype not in self._config.case_types:
            return None
        return self._asked(uuid, notice.get("aanmaakdatum") or content.get("time"))

    def stock(self, place: JsonValue) -> Stock:
        """The zaken of our types, page by page *backwards*, in the order of their numbers: what is deleted or added
        meanwhile moves no zaak from a page that is still to come to one that was read."""
        types = self._types()
        at, page = place if isinstance(place, list) and len(place) == 2 else (0, None)
        if not isinstance(at, int) or not 0 <= at < len(types) or not isinstance(page, int | None):
            raise SourceRejected("The saved position was not written by this connector.")
        found = self._api.page(types[at], page or 1)
        if page is None:
            count = found.get("count")
            page = max(1, -(-count // PAGE)) if isinstance(count, int) else 1
            found = found if page == 1 else self._api.page(types[at], page)
        following: JsonValue = [at, page - 1] if page > 1 else [at + 1, None] if at + 1 < len(types) else None
        return Stock(tuple(self._records(found)), following)

    def translate(self, record: RawRecord) -> Sequence[Draft]:
        """The events of one zaak."""
        return translate(record.payload)

    def inventory(self) -> Iterator[InventoryItem]:
        """What the Zaken API holds now of our types."""
        place: JsonValue = None
        while True:
            stock = self.stock(place)
            for record in stock.records:
                yield from _items(record)
            place = stock.place
            if place is None:
                return

    def reread(self, items: Sequence[InventoryItem]) -> Iterator[RawRecord]:
        """These zaken as they are now."""
        for dossier in dict.fromkeys(item.dossier_id for item in items):
            if (uuid := _uuid(dossier)) is not None and (zaak := self._api.zaak(uuid)) is not None:
                yield from self._record(zaak)

    def _types(self) -> list[str]:
        return sorted(self._config.case_types)

    def _asked(self, uuid: str, at: JsonValue) -> bytes | None:
        """A zaak that alone is closed to us is set aside: no other waits for it."""
        try:
            zaak = self._api.zaak(uuid)
            if zaak is None:
                return _payload({"uuid": uuid, "at": at, "zaak": None})
            return next((record.payload for record in self._record(zaak)), None)
        except SourceRejected as error:
            if error.detail != FORBIDDEN:
                raise
            self._api.page(self._types()[0], 1)  # raises, if we are not let in at all
            return _payload({"uuid": uuid, "at": at, "zaak": FORBIDDEN})

    def _records(self, page: Json) -> Iterator[RawRecord]:
        for zaak in listed(page):
            if not isinstance(zaak, dict):
                raise SourceRejected("Open Zaak does not keep to its API.", "zaak")
            yield from self._record(zaak)

    def _record(self, zaak: Json) -> Iterator[RawRecord]:
        """What we need of a zaak and of whom it is about; nothing if it is of another type."""
        uuid, url, zaaktype = _uuid(str(zaak.get("uuid"))), zaak.get("url"), zaak.get("zaaktype")
        if uuid is None or not isinstance(url, str):
            raise SourceRejected("Open Zaak does not keep to its API.", "uuid, url")
        case_type = self._config.case_types.get(str(zaaktype))
        if case_type is None:
            return
        roles = [role for role in self._api.roles(url) if isinstance(role, dict)]
        payload = {
            "uuid": uuid,
            "wet": case_type.law,
            "product": case_type.name,
            "zaak": {name: zaak.get(name) for name in _SHOWN},
            "rollen": [{name: role.get(name) for name in _OF_A_PERSON} for role in roles],
            "uitkomst": self._outcome(zaak.get("resultaat")),
        }
        yield RawRecord(position=f"zaak {uuid}", payload=_payload(payload))

    def _outcome(self, result: object) -> str | None:
        kind = self._api.result_type(result) if isinstance(result, str) and result and self._config.results else None
        return self._config.results.get(str(kind))


def _payload(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _items(record: RawRecord) -> Iterator[InventoryItem]:
    try:
        drafts = translate(record.payload)
    except TranslationError:  # it is there all the same: what was published of it is not to be deleted
        uuid, version = stated(record.payload)
        for register in REGISTERS:
            yield InventoryItem(uuid, register.value, uuid, version, False)
        return
    for draft in drafts:
        yield InventoryItem(draft.dossier_id, draft.record_type.value, draft.record_id, draft.version, draft.deleted)


def _uuid(text: str) -> str | None:
    """In its one form; None for what is none: an address is only ever made of a checked one."""
    try:
        return str(UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None
