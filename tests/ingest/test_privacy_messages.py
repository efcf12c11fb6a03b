"""National messages leave nobody's number, name or birth date anywhere, whatever their sender wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.istandaarden.samples import Request
from connectors.istandaarden.translate import translate
from hub.connect.ingest.engine import Ingest
from hub.connect.ingest.index import Index
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.publisher import MemoryPublisher
from hub.connect.wire import Unreadable
from hub.errors import RejectReason
from hub.ops import metrics
from tests.ingest.drafts import BSN, RING, FakeClock, ScriptedFeed, batch

pytestmark = pytest.mark.core
NAME = "Voorbeeld"
"""What the sample messages call everybody."""
HELP = Request("jw", BSN, "V0001", "700123", "45A04", "2026-05-01", "2026-10-30")
MESSAGES = [
    HELP.asked("A1", "2026-04-01"),
    HELP.confirmed("A1", "2026-04-01", "2026-04-02"),
    HELP.change("A2", "2026-04-01"),
    HELP.answered("G1", "2026-04-07"),
    HELP.granted("G2", "2026-04-20"),
    HELP.started("A3", "2026-05-04", "2026-05-01"),
    HELP.stopped("A4", "2026-10-31", "2026-05-01", "2026-10-30", "31"),
]


def test_a_client_is_in_no_key_header_message_index_or_metric(tmp_path: Path) -> None:
    publisher, index = MemoryPublisher(), Index(tmp_path / "istandaarden.sqlite")
    drafts = [draft for text in MESSAGES for draft in translate(text.encode())]
    raw = HELP.asked("A9", "2026-04-01").replace("45A04", "te lange code").encode()
    bad = Unreadable("bericht.xml", RejectReason.INVALID_VALUE, "Client.AangevraagdeProducten", raw)
    identity = Identity("istandaarden", "0599", "istandaarden", "1")
    ingest = Ingest(
        ScriptedFeed(batch(1, *drafts, bad)), publisher, index, ring=RING, identity=identity, clock=FakeClock()
    )
    for _ in range(3):
        ingest.step()
    index.close()
    messages = [message for partition in publisher.partitions.values() for message in partition]
    assert len(messages) > len(drafts)
    said = [part for item in messages for part in (item.key, item.value, repr(item.headers).encode())]
    kept = [file.read_bytes() for file in tmp_path.iterdir()]
    for data in (*said, *kept, metrics.exposition()):
        for mark in (BSN, NAME, "1900-01-01"):
            assert mark.encode() not in data
