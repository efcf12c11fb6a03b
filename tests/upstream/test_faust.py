"""Defects of Faust (faust-streaming 0.15.3) that the lane works around, as small as they can be shown: no broker.

One that fails here has been mended upstream: then look at what hub/docs/adr/0001-why-faust.md says of it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import faust
import pytest
from faust.transport import consumer as upstream
from faust.transport.producer import ProducerBuffer
from faust.types import TP

PLACE = TP("t", 0)


@pytest.fixture
def books() -> Any:
    """What Faust's consumer notes of a partition whose next message is 5, without a consumer around it."""
    app = MagicMock()
    app.producer.flush = AsyncMock()
    return MagicMock(
        app=app,
        assignment=lambda: {PLACE},
        in_transaction=False,
        _committed_offset={PLACE: 5},
        _acked=defaultdict(list),
        _acked_index=defaultdict(set),
        _gap=defaultdict(vars(upstream)["IntervalTree"]),
    )


def test_the_version_is_the_one_that_was_looked_at() -> None:
    assert version("faust-streaming") == "0.15.3"


def test_a_commit_jumps_past_a_message_in_flight(books: Any) -> None:
    """#606: with two at a time, 6 and 7 are done and 5 is not. The lane commits only what has no hole before it."""
    books._acked[PLACE] = [6, 7]
    assert upstream.Consumer._new_offset(books, PLACE) == 8


async def test_what_was_thrown_away_counts_as_acknowledged(books: Any) -> None:
    """A hole in what the stream was handed is booked as a hole in the topic: how restarts lose messages."""
    await upstream.Consumer._add_gap(books, PLACE, 5, 7)
    books._acked[PLACE] = [7]
    assert upstream.Consumer._new_offset(books, PLACE) == 8


async def test_a_refused_commit_is_booked(books: Any) -> None:
    """#316. The lane books what the broker took."""
    books._commit = AsyncMock(return_value=False)
    assert not await upstream.Consumer._commit_offsets(books, {PLACE: 8})
    assert books._committed_offset[PLACE] == 8


def test_a_setting_that_nothing_reads() -> None:
    """`stream_ack_exceptions=False` changes nothing: a failing agent acknowledges. No exception leaves a stage."""
    package = Path(faust.__file__).parent
    readers = {
        str(file.relative_to(package)) for file in package.rglob("*.py") if "stream_ack_exceptions" in file.read_text()
    }
    assert readers == {"types/settings/settings.py"}


async def test_a_flush_ends_with_messages_that_are_not_sent() -> None:
    """Nothing sent for a tenth of a second, and it returns: the commit after it overtakes the changelog. The lane
    commits what the broker has acknowledged."""
    waiting = MagicMock(state="running", size=1, message_sent=asyncio.Event())
    assert await ProducerBuffer.flush_atmost(waiting, None) == 0
    assert waiting.size == 1
