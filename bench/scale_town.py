"""What is written for the benchmark of scale, and found in views: compositions of the synthetic municipality and
contact moments, as ingest publishes them."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Self

from confluent_kafka import Consumer, TopicPartition

from bench.municipality import JURISDICTION, Spec, message
from bench.worker import BenchError
from hub.connect.ingest.publisher import Message
from hub.events.codec import encode
from hub.events.ids import Order, RecordRef, event_id
from hub.events.topics import COMPOSITIONS, RECORDS, VIEWS, topics

_START: Final = datetime(2024, 1, 1, tzinfo=UTC)
_ONE_COMPOSITION_IN: Final = 3
_READ_AT_ONCE: Final = 500
_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 600.0
"""A killed worker's partitions are recovered from their whole changelogs."""
_CONTACT_ID: Final = re.compile(rb"(?:MC|Z)-\d{7}(?:-\d+)?-\d+-\d+\.")


def composition(spec: Spec, version: int) -> Message:
    """This version of who is in a dossier."""
    return Message(COMPOSITIONS, JURISDICTION.encode(), message(spec, version))


def contact(spec: Spec, number: int, version: int) -> Message:
    """A contact moment of a dossier; its id names dossier, number and version, so that it is found in a view."""
    at = _START + timedelta(hours=version)
    name = f"{spec.ref.dossier_id}-{number}-{version}."
    record = RecordRef(*spec.ref, "contact", name)
    order = Order(0, 1, int(at.timestamp() * 1_000_000), 0)
    value = {
        **record._asdict(),
        **order._asdict(),
        "recorded_at": at,
        "event_id": event_id(record, order),
        "key_generation": 1,
        "jurisdiction": JURISDICTION,
        "occurred_at": None,
        "first_published_at": at,
        "deleted": False,
        "subject": None,
        "body": {"kind": "conversation", "held_on": date(2024, 1, 2)},
    }
    return Message(RECORDS, spec.ref.key, encode("registrations.contact", value))


def contact_ids(values: Iterable[bytes]) -> set[bytes]:
    """The contact moments that stand in these records or views, found without taking them apart."""
    return {found for value in values for found in _CONTACT_ID.findall(value)}


def changes(specs: Sequence[Spec], number: int, version: int, rng: random.Random) -> list[Message]:
    """So many, at most one of a dossier: a composition, then two contact moments, and so on."""
    return [
        contact(spec, place, version) if place % _ONE_COMPOSITION_IN else composition(spec, version)
        for place, spec in enumerate(rng.sample(specs, min(number, len(specs))))
    ]


def resolve_us(resolver: Mapping[str, Any]) -> float:
    """CPU-microseconds that resolve takes of a change with its engine, in the largest town of the results of
    `bench.resolver`: only compositions are its work."""
    *_, (_, composition_us) = sorted(resolver["change_by_town"].items(), key=lambda item: int(item[0]))
    return float(composition_us) / _ONE_COMPOSITION_IN


class Views:
    """The views that are written from now on. A context manager; blocking."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "scale", "log_level": 0})
        places = [TopicPartition(VIEWS, number) for number in range(topics()[VIEWS].partitions)]
        for place in places:
            place.offset = self._consumer.get_watermark_offsets(place, timeout=30)[1]
        self._consumer.assign(places)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def await_all(self, missing: set[bytes]) -> None:
        """Until each of these contact moments stood in one. Raises BenchError."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while missing:
            if time.monotonic() > deadline:
                raise BenchError(f"{len(missing)} changes are in no view")
            found = self._consumer.consume(_READ_AT_ONCE, timeout=_LOOK_SECONDS)
            missing = missing - contact_ids(message.value() or b"" for message in found)
