"""What every stage does with a message that it cannot read: keep its place as a dead letter and go on.

A stage has no sealing secret, so the dead letter carries no content; the message itself stays in its topic, which is
kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from hub.events.codec import Decoded, UndecodableError, decode, encode
from hub.events.topics import DEAD_LETTERS
from hub.stream.stage import Output, Record


def readable(
    stage: str, topic: str, records: Sequence[Record], subjects: Iterable[str], rejected: list[Output]
) -> Iterator[tuple[Record, Decoded]]:
    """The records that can be read, decoded, in order; dead letters for the others are added to `rejected`.

    Raises UnknownSchemaError for a newer writer: the process stops, and goes on after the upgrade.
    """
    expected = frozenset(subjects)
    for record in records:
        try:
            decoded = decode(record.value)
            if decoded.subject not in expected:
                raise UndecodableError(f"{decoded.subject} does not belong here")
        except UndecodableError:
            rejected.append(dead_letter(stage, topic, record))
        else:
            yield record, decoded


def dead_letter(stage: str, topic: str, record: Record) -> Output:
    """What keeps the place of a message that a stage cannot read."""
    value = {
        "source": "hub",
        "position": f"{topic}@{record.offset}:{record.key.decode(errors='replace')}",
        "reason": "malformed",
        "field": "",
        "connector": stage,
        "connector_version": "1",
        "failed_at": datetime.fromtimestamp(record.timestamp_ms / 1000, UTC),
        "attempt": 1,
        "sealed": b"",
        "source_epoch": 0,
    }
    return Output(DEAD_LETTERS, b"hub", encode("hub.dead_letter", value))
