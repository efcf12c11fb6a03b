"""Freshness as a case director would feel it: from the write in the source to the answer of the API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import httpx

from hub.demo.delivery import Deliverer
from hub.demo.errors import DemoError
from hub.demo.town.changes import ZCD, Change, Delivery, JsonObject

_LOOK_SECONDS: Final = 0.1
_LOOK_SHARE: Final = 8
"""Between two looks at one household: so many seconds, or this part of what has passed since, if that is longer: the
resolution of what is measured. More often, and a desk that answers looks has little time for the changes."""
_PATIENCE_SECONDS: Final = 60.0


class Place(NamedTuple):
    """A household to write to, through one of its dossiers."""

    household_id: str
    source: str
    dossier_id: str


def places(documents: Sequence[Mapping[str, Any]]) -> list[Place]:
    """One open dossier of each household that has one whose content the reader sees."""
    opened = (
        (document, next((dossier for dossier in _seen(document) if dossier["status"] == "open"), None))
        for document in documents
    )
    return [
        Place(document["household_id"], dossier["source"], dossier["dossier_id"])
        for document, dossier in opened
        if dossier is not None
    ]


def _seen(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    whole = {(item["source"], item["dossier_id"]) for item in document["access"] if item["content"] == "all"}
    return (item for item in document["dossiers"] if (item["source"], item["dossier_id"]) in whole)


async def measure(
    deliverer: Deliverer,
    url: str,
    token: str,
    targets: Sequence[Place],
    *,
    changes: int,
    per_second: float,
    recorded_at: str,
    first: int = 0,
) -> list[float]:
    """Write `changes` contact moments at a steady rate; the seconds until each stood in the API's answer, sorted.
    `first`: the number of the first; a number is used once.

    Raises DemoError when one is not seen within a minute.
    """
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=10.0) as client:
        began = time.monotonic()
        looks = []
        for number in range(changes):
            await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
            place = targets[number % len(targets)]
            record_id = f"LIVE-{first + number}"
            written = time.monotonic()
            deliverer.deliver(_contact(place, record_id, recorded_at))
            looks.append(asyncio.create_task(_seen_after(client, place, record_id, written)))
        return sorted(await asyncio.gather(*looks))


async def _seen_after(client: httpx.AsyncClient, place: Place, record_id: str, written: float) -> float:
    while time.monotonic() - written < _PATIENCE_SECONDS:
        answer = await client.get(f"/api/v1/huishoudens/{place.household_id}", follow_redirects=True)
        if answer.is_success and any(record["record_id"] == record_id for record in answer.json()["records"]):
            return time.monotonic() - written
        await asyncio.sleep(max(_LOOK_SECONDS, (time.monotonic() - written) / _LOOK_SHARE))
    raise DemoError(f"a change was not visible within {_PATIENCE_SECONDS:.0f} seconds")


def _contact(place: Place, record_id: str, recorded_at: str) -> Change:
    payload: JsonObject
    if place.source == ZCD:
        payload = {
            "soort": "contact",
            "actie": "vastgelegd",
            "dossiernummer": place.dossier_id,
            "id": record_id,
            "versie": 1,
            "gewijzigdOp": recorded_at,
            "gegevens": {"soort": "telefonisch", "op": recorded_at[:10]},
        }
    else:
        payload = {
            "tabel": "contactmoment",
            "bewerking": "I",
            "dossier_nr": place.dossier_id,
            "record_nr": record_id,
            "rowversion": 1,
            "gewijzigd": recorded_at,
            "payload": {"type": "TEL", "datum": recorded_at[:10]},
        }
    return Change(place.source, payload, Delivery.NORMAL)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the sorted values does not exceed."""
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * int(share * 100) // 100) - 1))]
