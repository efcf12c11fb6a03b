"""Now and then one change is traced: the last of its batch, by its own event id."""

from __future__ import annotations

import pytest

from hub.connect.ingest.index import Entry, RecordKey
from hub.connect.ingest.plan import Known
from hub.connect.ingest.publisher import Message
from hub.connect.ingest.tracing import Tracing
from hub.events.ids import Order, RecordRef, event_id
from hub.events.trace import carried, trace_id

pytestmark = pytest.mark.core


def entries(count: int) -> list[Entry]:
    orders = [Order(0, number, 2, 0) for number in range(count)]
    return [Entry(RecordKey("contact", "C-1"), Known("Z-1", order, "hash", False, 3, True)) for order in orders]


def messages(count: int) -> list[Message]:
    return [Message("t", b"k", b"%d" % number, (("reason", b"r"),)) for number in range(count)]


def test_one_of_a_batch_and_then_none_for_a_while() -> None:
    now = [100.0]
    tracing = Tracing("zcd", 10.0, lambda: now[0])
    sent = messages(3)
    marked = tracing.mark(sent, entries(2))
    assert marked == event_id(RecordRef("zcd", "Z-1", "contact", "C-1"), Order(0, 1, 2, 0))
    assert [bool(carried(message.headers)) for message in sent] == [False, True, False], "the third is a dead letter"
    assert trace_id(carried(sent[1].headers)) == marked
    assert sent[1]._replace(headers=()) == messages(3)[1]._replace(headers=()), "the message is the same"
    now[0] += 9.0
    assert tracing.mark(messages(3), entries(2)) == ""
    now[0] += 1.0
    assert tracing.mark(messages(3), entries(2))


def test_none_without_events_or_where_none_is_wanted() -> None:
    assert Tracing("zcd", 10.0, lambda: 1.0).mark(messages(1), []) == ""
    assert Tracing("zcd", 0.0, lambda: 1.0).mark(messages(1), entries(1)) == ""
