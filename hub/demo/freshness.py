"""Freshness as a case director would feel it: from the write in the source to the answer of the API."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, Self

import httpx

from hub.demo.delivery import Deliverer
from hub.demo.errors import DemoError
from hub.demo.town.changes import ZCD, Change, Delivery, JsonObject

_LOOK_SECONDS: Final = 0.1
_LOOKS_PER_SECOND: Final = 40.0
"""Between two rounds of looks, and how many looks at most: the resolution of what is measured. More often, and a desk
that answers looks has little time for the changes."""
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


def measure(
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

    Blocks. Raises DemoError when one is not seen within a minute.
    """
    headers = {"authorization": f"Bearer {token}"}
    with (
        httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=10.0, follow_redirects=True) as client,
        ThreadPoolExecutor(1) as beside,
        Looker(client) as looker,
    ):
        looking = beside.submit(looker.run, changes)
        began = time.monotonic()
        for number in range(changes):
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))  # the steady rate; waits for nothing
            place = targets[number % len(targets)]
            record_id = f"LIVE-{first + number}"
            looker.expect(place.household_id, record_id)
            deliverer.deliver(contact(place, record_id, recorded_at))
        return sorted(looking.result())


class Looker:
    """Looks again and again at each household in which something is awaited, in a thread of its own: whoever writes is
    not held up, and one answer serves all that is awaited there. A client that asked for each change by itself would be
    what is measured, from some fifteen changes a second on. A context manager: on leaving it looks no more, so that a
    writer that failed, or Ctrl-C, does not wait for what was never written."""

    def __init__(
        self,
        client: httpx.Client,
        *,
        looks_per_second: float = _LOOKS_PER_SECOND,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._client = client
        self._looks_per_second = looks_per_second
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._awaited: dict[str, dict[str, float]] = {}
        """By household: the records, and since when."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def expect(self, household_id: str, record_id: str) -> None:
        """This record is written now."""
        with self._lock:
            self._awaited.setdefault(household_id, {})[record_id] = time.monotonic()

    def run(self, number: int) -> list[float]:
        """The seconds that each of so many took; of fewer when it was ended. Raises DemoError."""
        seconds: list[float] = []
        while len(seconds) < number and not self._ended.is_set():
            began = time.monotonic()
            with self._lock:
                homes = [home for home, awaited in self._awaited.items() if awaited]
            for home in homes:
                seconds += self._look(home)
            pause = max(_LOOK_SECONDS, len(homes) / self._looks_per_second)
            self._ended.wait(max(0.0, began + pause - time.monotonic()))
        return seconds

    def _look(self, home: str) -> list[float]:
        answer = self._client.get(f"/api/v1/huishoudens/{home}")
        now = time.monotonic()
        shown = {record["record_id"] for record in answer.json()["records"]} if answer.is_success else set()
        with self._lock:
            awaited = self._awaited[home]
            found = [now - awaited.pop(record_id) for record_id in shown & awaited.keys()]
            if any(now - written > self._patience_seconds for written in awaited.values()):
                raise DemoError(f"a change was not visible within {self._patience_seconds:.0f} seconds")
        return found


def contact(place: Place, record_id: str, recorded_at: str) -> Change:
    """A contact moment, as the source of this dossier writes it. `recorded_at`: ISO 8601."""
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
