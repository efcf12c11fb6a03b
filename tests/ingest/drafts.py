"""Drafts and doubles that the tests of ingest share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from hub.connect.api import Cursor, InventoryItem, RawRecord
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.keys import KeyRing
from hub.connect.ingest.publisher import MemoryPublisher, Message
from hub.connect.wire import Translated, TranslatedBatch, Unreadable
from hub.errors import LogUnavailable, RejectReason
from hub.events.records import Composition, Draft, Goal, Member, RecordType
from hub.events.sensitive import Address, Sensitive

RING = KeyRing(bytes(range(32)), bytes(range(64)))
IDENTITY = Identity("zcd", "0599", "zcd", "1")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BSN = "123456782"
FAMILY_NAME = "Plantagenet-Teststeen"
STREET = "Plantagelaantje"
ADDRESS = Address(street=STREET, number=7, postcode="3011 ab", city="Rotterdam")


def goal(
    record_id: str = "D-1",
    *,
    dossier_id: str = "Z-1",
    version: int = 1,
    wording: str = "rust",
    recorded_at: datetime = NOON,
) -> Draft:
    body = Goal(life_domain="finance", wording=wording, status="open")
    return Draft(
        record_type=RecordType.GOAL,
        dossier_id=dossier_id,
        record_id=record_id,
        version=version,
        recorded_at=recorded_at,
        body=body,
    )


def deleted_goal(record_id: str = "D-1", *, dossier_id: str = "Z-1", version: int = 2) -> Draft:
    return goal(record_id, dossier_id=dossier_id, version=version).model_copy(update={"body": None})


def member(line: str, bsn: str | None, *, is_client: bool = False) -> Member:
    return Member(
        line=line,
        bsn=None if bsn is None else Sensitive(bsn),
        role="youth",
        is_client=is_client,
        lives_here=True,
        stated_at=NOON,
        given_name="Jip",
        family_name=FAMILY_NAME,
    )


def dossier(dossier_id: str = "Z-1", *, version: int = 1, bsns: Sequence[str | None] = (BSN,)) -> Draft:
    members = tuple(member(str(n), bsn, is_client=n == 1) for n, bsn in enumerate(bsns, start=1))
    body = Composition(kind="youth", status="open", opened_on=date(2026, 1, 1), address=ADDRESS, members=members)
    return Draft(
        record_type=RecordType.COMPOSITION,
        dossier_id=dossier_id,
        record_id=dossier_id,
        version=version,
        recorded_at=NOON,
        subject=Sensitive(BSN),
        body=body,
    )


def cursor(number: int) -> Cursor:
    return Cursor(state={"at": number})


def batch(number: int, *records: Draft | Unreadable, more: bool = False) -> TranslatedBatch:
    """A batch that ends at cursor `number`; each draft is a record of its own."""
    read = tuple(
        item if isinstance(item, Unreadable) else Translated(f"{number}.{n}", (item,)) for n, item in enumerate(records)
    )
    return TranslatedBatch(read, cursor(number), more)


class FakeClock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def now(self) -> datetime:
        return NOON + timedelta(seconds=sum(self.waited))

    def monotonic(self) -> float:
        return sum(self.waited)

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)


class ScriptedFeed:
    """Answers polls from a list: batches and errors. Repeats a batch until its cursor was saved, as a source does."""

    def __init__(self, *answers: TranslatedBatch | Exception) -> None:
        self._answers = list(answers)
        self.polled: list[Cursor | None] = []

    def poll(self, cursor: Cursor | None) -> TranslatedBatch:
        self.polled.append(cursor)
        while self._answers and isinstance(first := self._answers[0], TranslatedBatch) and first.cursor == cursor:
            self._answers.pop(0)
        if not self._answers:
            assert cursor is not None
            return TranslatedBatch((), cursor)
        if isinstance(first := self._answers[0], Exception):
            self._answers.pop(0)
            raise first
        return first


class Holding:
    """A source that answers what it holds now, and translates records kept as `TYPE/ID`; those it holds no longer are
    unreadable."""

    def __init__(self, *held: Draft) -> None:
        self.held = {f"{draft.record_type}/{draft.record_id}": draft for draft in held}
        self.fails: list[Exception] = []

    def reread(self, items: Sequence[InventoryItem]) -> TranslatedBatch:
        if self.fails:
            raise self.fails.pop(0)
        names = [f"{item.record_type}/{item.record_id}" for item in items]
        read = tuple(Translated(name, (self.held[name],)) for name in names if name in self.held)
        return TranslatedBatch(read, Cursor())

    def translate(self, records: Sequence[RawRecord]) -> TranslatedBatch:
        return TranslatedBatch(tuple(self._translate(record) for record in records), Cursor())

    def _translate(self, record: RawRecord) -> Translated | Unreadable:
        draft = self.held.get(record.payload.decode())
        if draft is None:
            return Unreadable(record.position, RejectReason.MALFORMED, "", record.payload)
        return Translated(record.position, (draft,))


class CrashError(Exception):
    """The process dies here."""


class FlakyPublisher(MemoryPublisher):
    """Fails at chosen calls, before or after the messages reached the log."""

    def __init__(self, fails: Callable[[int], str | None]) -> None:
        super().__init__()
        self._fails = fails
        self.calls = 0

    def publish(self, messages: Sequence[Message]) -> None:
        self.calls += 1
        how = self._fails(self.calls)
        if how == "crash before":
            raise CrashError
        if how == "half":
            super().publish(messages[: len(messages) // 2])
            raise LogUnavailable
        super().publish(messages)
        if how == "crash after":
            raise CrashError
        if how == "no ack":
            raise LogUnavailable
