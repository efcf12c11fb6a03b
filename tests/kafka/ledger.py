"""What Kafka acknowledged, as a consumer of our own saw it, outside of every process that is killed."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, NamedTuple, Self

from kafka import KafkaConsumer, TopicPartition

from connectors.menscentraal.translate import RECORD_TYPES as MENSCENTRAAL_TYPES
from connectors.zcd.translate import RECORD_TYPES as ZCD_TYPES
from hub.connect.simulator import Simulator
from hub.demo.town.changes import MENSCENTRAAL, ZCD
from hub.events.codec import decode
from hub.events.ids import DossierRef, Order, RecordRef
from hub.events.topics import COMPOSITIONS, HOUSEHOLD_RECORDS, RECORDS, topics

COMPOSITION = "composition"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEADLINE_SECONDS = 30.0
_POLL_MILLISECONDS = 100


class Acknowledged(NamedTuple):
    """The greatest version of a register that Kafka holds."""

    order: Order
    deleted: bool


class Shown(NamedTuple):
    """The version of a register that the API answers."""

    version: int
    recorded_at: int
    household: str


class Loss(NamedTuple):
    """A register that is not shown as it was acknowledged, or not acknowledged as its source holds it."""

    record: RecordRef
    why: str


class Ledger:
    """Reads the registrations, and what the stream sends on, while a context is open. Methods may be called from any
    thread; what they return is complete after `catch_up`."""

    def __init__(self, bootstrap: str) -> None:
        self.newest: dict[RecordRef, Acknowledged] = {}
        self._events: Counter[str] = Counter()
        self._sent_on: Counter[bytes] = Counter()
        self._reached: dict[TopicPartition, int] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        self._consumer: Any = KafkaConsumer(
            bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        names = (COMPOSITIONS, RECORDS, HOUSEHOLD_RECORDS)
        self.places = [TopicPartition(name, number) for name in names for number in range(topics()[name].partitions)]
        self._consumer.assign(self.places)
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                fetched = self._consumer.poll(timeout_ms=_POLL_MILLISECONDS)
                with self._lock:
                    for place, messages in fetched.items():
                        for message in messages:
                            self._note(place, message.key, message.value)
                        self._reached[place] = messages[-1].offset + 1
        except BaseException as error:  # noqa: BLE001  # raised by whoever asks next
            self._failure = error

    def _note(self, place: TopicPartition, key: bytes, value: bytes) -> None:
        if place.topic == HOUSEHOLD_RECORDS:
            self._sent_on[hashlib.sha256(key + b"\0" + value).digest()] += 1
            return
        event = decode(value).value
        record = RecordRef(event["source"], event["dossier_id"], event["record_type"], event["record_id"])
        order = Order(event["source_epoch"], event["version"], micros(event["recorded_at"]), event["revision"])
        self._events[event["event_id"]] += 1
        known = self.newest.get(record)
        if known is None or order > known.order:
            self.newest[record] = Acknowledged(order, event["deleted"])

    def catch_up(self, ends: Mapping[TopicPartition, int]) -> None:
        """Return when everything before these ends has been read."""
        until = time.monotonic() + _DEADLINE_SECONDS
        while not self._stopped.wait(0.02):
            if self._failure is not None:
                raise self._failure
            with self._lock:
                if all(self._reached.get(place, 0) >= end for place, end in ends.items()):
                    return
            if time.monotonic() > until:
                raise TimeoutError("the ledger does not keep up with the log")

    # ---- what it says

    def events(self) -> int:
        """Distinct events."""
        with self._lock:
            return len(self._events)

    def events_again(self) -> int:
        """Deliveries of events beyond their first: what a killed connector published once more."""
        with self._lock:
            return self._events.total() - len(self._events)

    def sent_on_again(self) -> int:
        """Messages to households that were sent once more, byte for byte: what a killed worker published again."""
        with self._lock:
            return self._sent_on.total() - len(self._sent_on)

    def losses(self, documents: Iterable[Mapping[str, Any]]) -> list[Loss]:
        """Registers of which the API does not show the greatest acknowledged version, or shows what was deleted."""
        with self._lock:
            newest = dict(self.newest)
        live = {ref.dossier for ref, known in newest.items() if ref.record_type == COMPOSITION and not known.deleted}
        found: list[Loss] = []
        shown = dict[RecordRef, Shown]()
        for ref, item in _shown(documents):
            if ref in shown:
                found.append(Loss(ref, f"is shown by {shown[ref].household} and {item.household}"))
            shown[ref] = item
        for ref, known in newest.items():
            wanted = (
                None if known.deleted or ref.dossier not in live else (known.order.version, known.order.recorded_at)
            )
            there = shown.pop(ref, None)
            got = None if there is None else (there.version, there.recorded_at)
            if got != wanted:
                found.append(Loss(ref, f"acknowledged {wanted}, shown {got}"))
        return [*found, *(Loss(ref, "shown, never acknowledged") for ref in shown)]

    def unpublished(self, simulators: Mapping[str, Simulator]) -> list[Loss]:
        """Records of the sources of which the newest version was never acknowledged."""
        found = []
        with self._lock:
            for source, simulator in simulators.items():
                for record in simulator.final_records():
                    ref, wanted = _READERS[source](record)
                    known = self.newest.get(ref)
                    got = None if known is None else (known.order.version, known.order.recorded_at, known.deleted)
                    if got != wanted:
                        found.append(Loss(ref, f"the source holds {wanted}, acknowledged {got}"))
        return found


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _shown(documents: Iterable[Mapping[str, Any]]) -> Iterable[tuple[RecordRef, Shown]]:
    for document in documents:
        household = document["household_id"]
        for item in document["dossiers"]:
            dossier = DossierRef(item["source"], item["dossier_id"])
            yield RecordRef(*dossier, COMPOSITION, dossier.dossier_id), _version(item, household)
        for item in document["records"]:
            ref = RecordRef(item["source"], item["dossier_id"], item["record_type"], item["record_id"])
            yield ref, _version(item, household)


def _version(item: Mapping[str, Any], household: str) -> Shown:
    return Shown(item["version"], micros(datetime.fromisoformat(item["recorded_at"])), household)


_Held = tuple[RecordRef, tuple[int, int, bool]]


def _zcd(record: Mapping[str, Any]) -> _Held:
    kind = ZCD_TYPES[record["soort"]].value
    held = (record["versie"], micros(datetime.fromisoformat(record["gewijzigdOp"])), record["actie"] == "verwijderd")
    return RecordRef(ZCD, record["dossiernummer"], kind, record["id"]), held


def _menscentraal(record: Mapping[str, Any]) -> _Held:
    kind = MENSCENTRAAL_TYPES[record["tabel"]].value
    held = (record["rowversion"], micros(datetime.fromisoformat(record["gewijzigd"])), record["bewerking"] == "D")
    return RecordRef(MENSCENTRAAL, record["dossier_nr"], kind, record["record_nr"]), held


_READERS = {ZCD: _zcd, MENSCENTRAAL: _menscentraal}
