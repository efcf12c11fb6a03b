"""A simulated Open Zaak with Open Notificaties: a Zaken API that is asked, and notifications that are pushed.

A change is a line: `zaak` with its `rollen` and `resultaat`, as the Zaken API shows them (`zaak` null: destroyed), and
the `notificatie` that tells of it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from connectors.openzaak.source import PAGE
from connectors.openzaak.translate import translate
from hub.connect.simulated import Answer, Line, Request, WebSimulator
from hub.connect.simulated_push import PushSimulator
from hub.connect.simulator import Faults
from hub.events.records import Draft

_SECRET: Final = "secret-of-the-simulated-open-zaak"
_ROOT: Final = "/zaken/api/v1"
_CATALOGUE: Final = "https://openzaak.example/catalogi/api/v1"
CASE_TYPES: Final = {
    f"{_CATALOGUE}/zaaktypen/8b7c1bb9-6e7a-4c02-9a51-1c1d0d4a1f11": {"law": "wmo", "name": "Melding Wmo"}
}
RESULTS: Final = {f"{_CATALOGUE}/resultaattypen/5f2b3c77-1d44-4c8e-9f0e-7a3d2b1c9e22": "granted"}


class _Api(WebSimulator):
    """The Zaken API over what the simulator holds."""

    def __init__(self, folder: Path, owner: OpenZaakSimulator) -> None:
        super().__init__(folder)
        self._owner = owner

    def translated(self, text: str) -> Sequence[Draft]:
        """It holds no lines of its own."""
        return self._owner.translated(text)

    def answer(self, request: Request) -> Answer:
        """What is asked for, to whoever signed with the secret."""
        if not _is_signed(request.headers.get("authorization", "")):
            return Answer(403, {"code": "permission_denied", "status": 403})
        parts = request.path.removeprefix(_ROOT).strip("/").split("/")
        held = self._owner.held()
        match parts:
            case ["zaken"]:
                zaken = [item["zaak"] for item in held.values()]
                wanted = [zaak for zaak in zaken if zaak.get("zaaktype") == request.query.get("zaaktype")]
                return _page(sorted(wanted, key=lambda zaak: str(zaak["identificatie"])), request)
            case ["zaken", uuid] if uuid in held:
                return Answer(200, held[uuid]["zaak"])
            case ["rollen"]:
                roles = (role for item in held.values() for role in item.get("rollen", ()))
                return _page([role for role in roles if _is_asked_for(role, request)], request)
            case ["resultaten", uuid]:
                results = (item.get("resultaat") or {} for item in held.values())
                found = next((result for result in results if result.get("uuid") == uuid), None)
                return Answer(404) if found is None else Answer(200, found)
            case _:
                return Answer(404, {"code": "not_found", "status": 404})


class OpenZaakSimulator(PushSimulator):
    """Pushes a notification of each change; holds the zaken as they are now."""

    def __init__(self, folder: Path, port: int = 0, faults: Faults | None = None) -> None:
        super().__init__(folder, port, faults)
        self._api = _Api(folder / "api", self)

    def start(self) -> None:
        """Both of them."""
        self._api.start()
        super().start()

    def stop(self) -> None:
        """Both of them."""
        super().stop()
        self._api.stop()

    def set_faults(self, faults: Faults) -> None:
        """Of the API, which is asked."""
        super().set_faults(faults)
        self._api.set_faults(faults)

    def settings(self) -> dict[str, str]:
        """What `OpenZaakConfig` needs."""
        return {
            **super().settings(),
            "base_url": f"{self._api.url}{_ROOT}",
            "client_id": "regiehub",
            "client_secret": _SECRET,
            "case_types": json.dumps(CASE_TYPES),
            "results": json.dumps(RESULTS),
        }

    def unreachable(self) -> dict[str, str]:
        """Nobody is at the address of the API either."""
        return {**super().unreachable(), "base_url": "http://127.0.0.1:9"}  # the port of nobody

    def refused(self) -> dict[str, str]:
        """Another secret."""
        return {**self.settings(), "client_secret": "not-the-secret"}

    def request(self, line: Line) -> tuple[str, bytes]:
        """The notification as Open Notificaties sends it: a CloudEvent, or a message of the Notificaties API."""
        notice = _object(line.text).get("notificatie")
        if not isinstance(notice, dict):
            return super().request(line)
        form = "application/cloudevents+json" if "specversion" in notice else "application/json"
        return form, json.dumps(notice).encode()

    def translated(self, text: str) -> Sequence[Draft]:
        """As the connector would ask for it."""
        change = _object(text)
        zaak, notice = change.get("zaak"), change.get("notificatie") or {}
        kind = CASE_TYPES.get(str(zaak.get("zaaktype")), {}) if isinstance(zaak, dict) else {}
        result = (change.get("resultaat") or {}).get("resultaattype")
        asked = {
            "uuid": _uuid_of(change),
            "at": notice.get("aanmaakdatum") or notice.get("time"),
            "wet": kind.get("law"),
            "product": kind.get("name"),
            "zaak": zaak,
            "rollen": [role for role in change.get("rollen", ()) if role.get("omschrijvingGeneriek") == "initiator"],
            "uitkomst": RESULTS.get(str(result)),
        }
        return translate(json.dumps(asked).encode())

    def held(self) -> dict[str, dict[str, Any]]:
        """The last change of each zaak that is there."""
        newest: dict[str, dict[str, Any]] = {}
        for _, text in self.all_changes():
            change = _object(text)
            if (uuid := _uuid_of(change)) is not None:
                newest[uuid] = change
        return {uuid: change for uuid, change in newest.items() if isinstance(change.get("zaak"), dict)}


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _uuid_of(change: Mapping[str, Any]) -> str | None:
    zaak, notice = change.get("zaak"), change.get("notificatie") or {}
    if isinstance(zaak, dict):
        return zaak.get("uuid")
    name = str(notice.get("hoofdObject") or notice.get("subject") or "")
    return name.rpartition("/")[2] or None


def _page(items: list[Any], request: Request) -> Answer:
    page = int(request.query.get("page", 1))
    shown = items[(page - 1) * PAGE : page * PAGE]
    if not shown and page > 1:
        return Answer(404, {"code": "not_found", "status": 404})
    return Answer(200, {"count": len(items), "next": None, "previous": None, "results": shown})


def _is_asked_for(role: Mapping[str, Any], request: Request) -> bool:
    return all(role.get(name) == request.query.get(name) for name in ("zaak", "omschrijvingGeneriek"))


def _is_signed(authorization: str) -> bool:
    signed, _, signature = authorization.removeprefix("Bearer ").rpartition(".")
    digest = hmac.new(_SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(signature, base64.urlsafe_b64encode(digest).decode().rstrip("="))
