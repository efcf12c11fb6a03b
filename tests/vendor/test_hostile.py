"""What the rules allow, the hub takes: the hostile connector conforms, and ingest publishes all of it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from connectors.hostile.connector import HostileConnector
from connectors.hostile.simulator import HostileSimulator
from hub.connect import Cursor
from hub.connect.conformance import Bench, Subject
from hub.connect.conformance.testing import conformance
from hub.connect.ingest.engine import Ingest
from hub.connect.ingest.index import Index
from hub.connect.ingest.publisher import MemoryPublisher
from hub.connect.wire import Translated, TranslatedBatch, batch_frame, pack, read_batch, read_frame
from hub.events.codec import decode
from hub.events.topics import COMPOSITIONS, DEAD_LETTERS, RECORDS
from tests.ingest.drafts import IDENTITY, RING, FakeClock

HOSTILE = Subject(
    "connectors.hostile.connector:HostileConnector",
    HostileConnector,
    HostileSimulator,
    files("connectors.hostile") / "fixtures",
)

test_conformance = conformance(HOSTILE)


class Piped:
    """The connector as ingest sees it: each batch goes through the bytes of the pipe."""

    def __init__(self, connector: HostileConnector) -> None:
        self._connector = connector

    def poll(self, cursor: Cursor | None) -> TranslatedBatch:
        batch = self._connector.poll(cursor)
        records = tuple(
            Translated(record.position, tuple(self._connector.translate(record))) for record in batch.records
        )
        frame = read_frame(_reader(pack(batch_frame(TranslatedBatch(records, batch.cursor, batch.more)))))
        assert frame is not None
        return read_batch(frame)


def _reader(data: bytes) -> Callable[[int], bytes]:
    rest = memoryview(data)

    def read(count: int) -> bytes:
        nonlocal rest
        part, rest = rest[:count], rest[count:]
        return bytes(part)

    return read


def test_ingest_publishes_all_of_it_and_every_message_can_be_read(tmp_path: Path) -> None:
    publisher, index = MemoryPublisher(), Index(tmp_path / "hostile.sqlite")
    with Bench(HOSTILE) as bench, bench.connector(bench.filled.settings()) as connector:
        assert isinstance(connector, HostileConnector)
        ingest = Ingest(Piped(connector), publisher, index, ring=RING, identity=IDENTITY, clock=FakeClock())
        drafts = sum(len(told.drafts) for told in bench.told)
        for _ in range(2 * drafts + 1):
            ingest.step()
    index.close()
    messages = [*publisher.topic(COMPOSITIONS), *publisher.topic(RECORDS)]
    values = [decode(message.value).value for message in messages]
    moved = 1  # is deleted where it was, by the hub
    assert len(values) == drafts + moved
    assert not publisher.topic(DEAD_LETTERS)
    assert {value["version"] for value in values} >= {0, 2**63 - 1}
