"""What ingest must forget: orders are read before anything is published, and looked for while it runs.

An order works in two ways. What is erased is held back wherever drafts come from (the feed, a backfill, a repair, a
dead letter): such a draft is published as the delete that the source never said, so that no replay brings it back. And
what was published before is deleted now: his own dossiers out of the index, without asking the source; his lines in
dossiers of others by reading those again, as a repair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from pydantic import ValidationError

from hub.connect.api import InventoryItem
from hub.connect.ingest.control import Control, Repair
from hub.connect.ingest.errands import Asked, Publish, deletion
from hub.connect.ingest.index import Index, RecordKey
from hub.connect.ingest.keys import KeyRing
from hub.connect.ingest.plan import Known
from hub.errors import ContractError
from hub.events.codec import UndecodableError, UnknownSchemaError, decode
from hub.events.erasures import Erasure, erasure_of
from hub.events.ids import DossierRef
from hub.events.records import Assessment, Composition, Draft, Member
from hub.events.topics import ERASURES
from hub.ops.broker import Broker
from hub.ops.logging import get_logger

LOOK_SECONDS: Final = 30.0
"""How often a running ingest looks for new orders. Each time it connects to the log anew, which takes 0.05 to 0.1 s."""
_log: Final = get_logger()


class Withheld:
    """What orders keep of one source from being published. Pure."""

    def __init__(self, source: str, orders: Iterable[Erasure] = ()) -> None:
        self._source = source
        self.dossiers: set[str] = set()
        """Numbers of dossiers of which nothing is published."""
        self.lines: dict[str, set[str]] = defaultdict(set)
        """Per dossier of somebody else the member lines that are not."""
        self._persons: dict[str, set[str]] = defaultdict(set)
        for order in orders:
            self.add(order)

    def add(self, order: Erasure) -> None:
        """Obey one more; twice is once."""
        self.dossiers |= {item.dossier_id for item in order.dossiers if item.source == self._source}
        for item in order.lines:
            if item.source == self._source:
                self.lines[item.dossier_id].add(item.line)
                self._persons[item.dossier_id].add(order.person)

    def kept(self, draft: Draft, ring: KeyRing) -> Draft:
        """What of a draft may be published: all, less a member line, or only that the record is deleted."""
        if draft.dossier_id in self.dossiers:
            return _gone(draft)
        if draft.body is None or draft.dossier_id not in self.lines:
            return draft
        if isinstance(draft.body, Composition):
            return self._without_lines(draft, draft.body, ring)
        is_his = self._is_person(draft, ring) or (
            isinstance(draft.body, Assessment) and draft.body.line in self.lines[draft.dossier_id]
        )
        return _gone(draft) if is_his else draft

    def _without_lines(self, draft: Draft, body: Composition, ring: KeyRing) -> Draft:
        """If the dossier has become his own meanwhile, nothing of it is left."""
        members = tuple(member for member in body.members if not self._is_line(draft.dossier_id, member, ring))
        is_about_him = self._is_person(draft, ring)
        if len(members) == len(body.members) and not is_about_him:
            return draft
        if not any(member.is_client for member in members):
            return _gone(draft)
        subject = None if is_about_him else draft.subject
        return draft.model_copy(update={"body": body.model_copy(update={"members": members}), "subject": subject})

    def _is_line(self, dossier_id: str, member: Member, ring: KeyRing) -> bool:
        """By his number; by the line only where no number says who that is: sources number lines anew."""
        person = ring.member(member.bsn, DossierRef(self._source, dossier_id), member.line)
        is_named = not person.confirmed and member.line in self.lines[dossier_id]
        return is_named or person.key in self._persons[dossier_id]

    def _is_person(self, draft: Draft, ring: KeyRing) -> bool:
        if draft.subject is None:
            return False
        dossier = DossierRef(self._source, draft.dossier_id)
        return ring.member(draft.subject, dossier, "").key in self._persons[draft.dossier_id]


class Eraser:
    """Obeys the orders that concern one source. `look_up` gives those that it did not give before; used by the thread
    of its engine."""

    def __init__(
        self, look_up: Callable[[], Iterable[Erasure]], control: Control, index: Index, ring: KeyRing, source: str
    ) -> None:
        self._look_up = look_up
        self._withheld = Withheld(source)
        self._ring = ring
        self._control = control
        self._index = index
        self._source = source
        self._waiting: dict[str, Erasure] = {}
        self._looked_at: float | None = None

    def kept(self, draft: Draft) -> Draft:
        """See `Withheld.kept`."""
        return self._withheld.kept(draft, self._ring)

    def run(self, publish: Publish, source_epoch: int, now: float) -> None:
        """Look for orders if it is time (`now`: a monotonic clock), and do what they say. Raises LogUnavailable, and
        then nothing may be published; ContractError for an order that cannot be read."""
        if self._looked_at is None or now - self._looked_at >= LOOK_SECONDS:
            self._take(list(self._look_up()))
            self._looked_at = now
        for order in list(self._waiting.values()):
            self._erase(order, publish, source_epoch)
            del self._waiting[order.erasure_id]

    def _take(self, orders: Iterable[Erasure]) -> None:
        done = self._control.erasures_done()
        for order in orders:
            self._withheld.add(order)
            if order.concerns(self._source) and order.erasure_id not in done:
                self._waiting[order.erasure_id] = order

    def _erase(self, order: Erasure, publish: Publish, source_epoch: int) -> None:
        own = [item.dossier_id for item in order.dossiers if item.source == self._source]
        others = {item.dossier_id for item in order.lines if item.source == self._source} - self._withheld.dossiers
        deleted = publish(
            (Asked(deletion(record, known), source_epoch) for record, known in self._standing(own)), (), ()
        )
        again = [
            Repair(InventoryItem(known.dossier_id, *record, known.order.version, False), held=True, forced=False)
            for record, known in self._standing(others)
        ]
        self._control.ask_repair(again)
        self._control.erasure_done(order.erasure_id)
        _log.info("person_erased", source=self._source, erasure_id=order.erasure_id, deleted=deleted, asked=len(again))

    def _standing(self, dossiers: Iterable[str]) -> Iterator[tuple[RecordKey, Known]]:
        """The newest version of each record that stands in these dossiers, or may."""
        wanted = set(dossiers)
        for record, versions in self._index.known(self._index.in_dossiers(wanted)).items():
            latest = max(versions, key=lambda item: item.order)
            if latest.dossier_id in wanted and not (latest.deleted and latest.published):
                yield record, latest


class LoggedOrders:
    """The orders in the log. Each call gives what came since the last one, the first all of them."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._read: dict[int, int] = {}

    def __call__(self) -> list[Erasure]:
        """Blocking. Raises LogUnavailable, LogRefused; ContractError for an order that cannot be read."""
        with Broker(self._bootstrap) as broker:
            return [read_order(message) for message in broker.messages_after(ERASURES, self._read)]


def read_order(message: bytes) -> Erasure:
    """One order. Raises ContractError: whoever cannot read whom to forget may publish nobody."""
    try:
        return erasure_of(decode(message).value)
    except (UndecodableError, UnknownSchemaError, ValidationError) as error:
        raise ContractError("An order to erase somebody cannot be read; nothing is published.", str(error)) from error


def _gone(draft: Draft) -> Draft:
    return Draft(
        record_type=draft.record_type,
        dossier_id=draft.dossier_id,
        record_id=draft.record_id,
        version=draft.version,
        recorded_at=draft.recorded_at,
        body=None,
    )
