"""What given files exercised, counted from what happened: their lines in the order of the feed, and the assignments
that follow from each published composition.

The worker publishes only where a dossier is at the end of a list of records, and a file arrives in few lists; hence
resolve takes the steps once more here, one by one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition

from hub.demo.reference import Answer
from hub.demo.stack import Stack
from hub.events.codec import decode
from hub.events.topics import ASSIGNMENTS, COMPOSITIONS, topics
from hub.stream.resolve import Resolve
from hub.stream.stage import Record

_PATIENCE_MILLISECONDS = 10_000
MESSAGES = "istandaarden"


class Line(NamedTuple):
    """One change, as far as counting goes."""

    record: tuple[str, str]
    version: int
    deleted: bool
    content: str


class Assigned(NamedTuple):
    """A dossier went to a household at a moment of the stream's clock."""

    since: int
    dossier: str
    household: str | None


def observed(stack: Stack, reference: Answer) -> dict[str, int]:
    """The counts of `exercised` for sources that were filled from files."""
    counts = dict.fromkeys(("merges", "splits", "moves", "moves_back"), 0)
    counts |= dict.fromkeys(("corrections", "deletions", "late", "duplicates"), 0)
    for simulator in stack.simulators.values():
        lines = [line for _, text in simulator.all_changes() if (line := _line(text))]
        for name, number in _changes(lines).items():
            counts[name] += number
    counts |= regroupings(_assignments(_compositions(stack.broker.bootstrap)))
    counts["conflicts"] = sum(len(household["conflicts"]) for household in reference.households)
    return counts


def _line(text: str) -> Line | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    kind = str(value.get("soort") or value.get("tabel"))
    record_id = str(value.get("id") or value.get("record_nr"))
    version = value.get("versie", value.get("rowversion"))
    deleted = value.get("actie") == "verwijderd" or value.get("bewerking") == "D"
    content = json.dumps(value.get("gegevens", value.get("payload")), sort_keys=True)
    return Line((kind, record_id), version, deleted, content) if isinstance(version, int) else None


def _changes(lines: Iterable[Line]) -> dict[str, int]:
    counts = dict.fromkeys(("corrections", "deletions", "late", "duplicates"), 0)
    seen: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for line in lines:
        versions = seen[line.record]
        if versions.get(line.version) == line.content:
            counts["duplicates"] += 1
        elif versions and line.version < max(versions):
            counts["late"] += 1
        elif line.deleted:
            counts["deletions"] += 1
        elif versions:
            counts["corrections"] += 1
        versions[line.version] = line.content
    return counts


def regroupings(assignments: Iterable[Assigned]) -> dict[str, int]:
    """How often dossiers moved and came back, and households merged and split, from the assignments in their order."""
    counts = dict.fromkeys(("merges", "splits", "moves", "moves_back"), 0)
    now: dict[str, str] = {}
    been: dict[str, set[str]] = defaultdict(set)
    for _, step in groupby(sorted(assignments), key=lambda item: item.since):
        before = dict(now)
        for item in step:
            _assign(item, now, been, counts)
        counts["merges"] += _shared(now, before)
        counts["splits"] += _shared(before, now)
    return counts


def _assign(item: Assigned, now: dict[str, str], been: dict[str, set[str]], counts: dict[str, int]) -> None:
    former = now.pop(item.dossier, None)
    if item.household is None:
        return
    now[item.dossier] = item.household
    if former not in (None, item.household):
        counts["moves"] += 1
        counts["moves_back"] += item.household in been[item.dossier]
    been[item.dossier].add(item.household)


def _shared(one: dict[str, str], other: dict[str, str]) -> int:
    """How many households of `one` hold dossiers that are in different households of `other`, where one of both is
    new."""
    if one == other:
        return 0
    groups: dict[str, set[str]] = defaultdict(set)
    changed = {one[dossier] for dossier in one if one[dossier] != other.get(dossier)}
    for dossier, household in one.items():
        if dossier in other:
            groups[household].add(other[dossier])
    return sum(len(groups[household]) > 1 for household in changed)


class _Memory:
    """Resolve's state, for as long as we count."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """See `State.get`."""
        return self._values.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """See `State.put`."""
        self._values[key] = value


def _assignments(compositions: Iterable[Record]) -> Iterator[Assigned]:
    resolve, state = Resolve(), _Memory()
    for record in compositions:
        for output in resolve.handle(state, COMPOSITIONS, [record]):
            value = decode(output.value).value if output.topic == ASSIGNMENTS else None
            if value is not None and value["source"] != MESSAGES:  # they only go along with their client
                yield Assigned(value["since"], f"{value['source']}/{value['dossier_id']}", value["household"])


def _compositions(bootstrap: str) -> Iterator[Record]:
    """Everything in the topic, partition by partition: a municipality has one."""
    consumer: Any = KafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        consumer_timeout_ms=_PATIENCE_MILLISECONDS,
    )
    try:
        for number in range(topics()[COMPOSITIONS].partitions):
            yield from _partition(consumer, TopicPartition(COMPOSITIONS, number))
    finally:
        consumer.close()


def _partition(consumer: Any, place: TopicPartition) -> Iterator[Record]:
    consumer.assign([place])
    end = consumer.end_offsets([place])[place]
    while consumer.position(place) < end:
        message = next(consumer)
        yield Record(message.offset, message.key, message.value)
