"""What the log is asked for: a topic that stands still is an answer, not a wait without end."""

from __future__ import annotations

from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaTimeoutError

from hub.ops import broker


class Silent:
    """A consumer whose broker has gone away: it says where the topic ends, and every poll is empty."""

    def __init__(self, *, ends_at: int) -> None:
        self._ends_at = ends_at

    def assign(self, places: list[Any]) -> None: ...

    def seek_to_beginning(self, place: Any) -> None: ...

    def end_offsets(self, places: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(places, self._ends_at)

    def position(self, place: Any) -> int:
        return 0

    def poll(self, timeout_ms: int) -> dict[Any, list[Any]]:
        return {}


def test_a_broker_that_goes_away_while_a_topic_is_read_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "_TIMEOUT_MILLISECONDS", 0)
    place, read = TopicPartition("hub.erasures.v1", 0), dict[int, int]()
    with pytest.raises(KafkaTimeoutError, match=r"hub\.erasures\.v1"):
        list(broker._values(Silent(ends_at=3), place, read))
    assert read == {}, "nothing is taken for read"


def test_an_empty_topic_is_read_at_once() -> None:
    assert list(broker._values(Silent(ends_at=0), TopicPartition("hub.erasures.v1", 0), {})) == []
