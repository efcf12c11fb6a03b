"""What a source holds, what the hub published of it, what the read model shows: where the three differ. Pure.

Cheap where all is well: each side is read once, and only a sum per bucket is kept, the same in any order. Of buckets
that differ the records are read, twice, some time apart: what differs both times in the same way is a difference, what
does not was only on its way. Deleted records are left out on every side: not to hold them and to hold them as deleted
is the same.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

BUCKETS: Final = 4096
"""A few differences then make a thousandth of the records be read by id, and the sums of a side take 32 KiB."""
OLDER_EPOCH: Final = -1
"""Version of what was published in an epoch before the present one: older than any."""
_MASK: Final = 2**64 - 1
_DOSSIER: Final = "composition"
"""The record that says that a dossier exists: without it nothing of the dossier is shown."""


class Record(NamedTuple):
    """A record of one source, in the dossier in which it stands."""

    dossier_id: str
    record_type: str
    record_id: str


class Stated(NamedTuple):
    """What one side holds of a record: equal stamps, equal content."""

    record: Record
    stamp: int


class Published(NamedTuple):
    """What the hub published of a record. `version`: as the source counts, OLDER_EPOCH if of an epoch before.
    `published_at`: when that version was first published, in microseconds. `waits`: its dossier has no composition."""

    record: Record
    version: int
    published_at: int
    waits: bool = False


class Sides(Protocol):
    """The three sides of one source, without deleted records, each read from its beginning when it is asked."""

    @property
    def is_complete(self) -> bool:
        """Whether the source holds all that it ever told: what it does not hold is then extra, else forgotten.
        If not, what is shown is not compared either: of messages only those about known households are shown."""

    def source(self) -> Iterable[Stated]:
        """What the source holds; the stamp is the version."""

    def published(self) -> Iterable[Published]:
        """What stands in the index of what was published."""

    def shown(self) -> Iterable[Stated]:
        """What the read model shows; the stamp is the time of first publication."""

    def teams(self) -> Mapping[str, str]:
        """Dossier number to the team that directs, of the dossiers that the read model shows."""


class Kind(StrEnum):
    """How a record differs."""

    MISSING = "missing"
    """Held by the source, not published."""
    STALE = "stale"
    """Published in an older version."""
    AHEAD = "ahead"
    """Published in a newer version than the source holds: it went back in time."""
    EXTRA = "extra"
    """Published, and not held by the source."""
    UNSHOWN = "unshown"
    """Published, and the read model shows another version of it or nothing; or shows what was not published."""


class Difference(NamedTuple):
    """One record that differs. `stamps`: of the one side and the other; None: not there."""

    kind: Kind
    record: Record
    stamps: tuple[int | None, int | None]


def _is_not_shown(item: Difference) -> bool:
    return item.kind is Kind.UNSHOWN and item.stamps[1] is None


class TeamCount(NamedTuple):
    """Of the records that the source holds, and of those that differ, how many are of one team; "" is unknown."""

    team: str
    records: int
    differing: int


class Outcome(NamedTuple):
    """What one reconciliation found."""

    records: int
    waiting: int
    differences: tuple[Difference, ...]
    teams: tuple[TeamCount, ...]

    def count(self, kind: Kind) -> int:
        """So many records differ in that way."""
        return sum(item.kind is kind for item in self.differences)

    @property
    def missing_dossiers(self) -> int:
        """Dossiers that the source holds and of which nothing is shown: not published, or published and not shown."""
        lost = (item for item in self.differences if item.record.record_type == _DOSSIER)
        return len({item.record for item in lost if item.kind is Kind.MISSING or _is_not_shown(item)})


class Sums:
    """A sum per bucket: equal for the same records with the same stamps, whatever their order."""

    def __init__(self) -> None:
        self._sums = [0] * BUCKETS

    def add(self, stated: Stated) -> None:
        """Take one in."""
        bucket = bucket_of(stated.record)
        text = "\0".join([*stated.record, str(stated.stamp)])
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._sums[bucket] = (self._sums[bucket] + int.from_bytes(digest)) & _MASK

    def differing(self, other: Sums) -> frozenset[int]:
        """Buckets that are not equal."""
        pairs = enumerate(zip(self._sums, other._sums, strict=True))
        return frozenset(number for number, (one, two) in pairs if one != two)


def bucket_of(record: Record) -> int:
    """Where a record belongs: by its type and id, so that one that moves to another dossier stays in its bucket."""
    text = f"{record.record_type}\0{record.record_id}"
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest) % BUCKETS


def reconcile(sides: Sides, settle: Callable[[], None]) -> Outcome:
    """Compare the three sides. `settle` waits until what is on its way has had the time to arrive."""
    survey = _survey(sides)
    found: frozenset[Difference] = frozenset()
    for look in range(2 if survey.suspects.any else 0):
        settle()
        now = frozenset(_differences(sides, survey.suspects))
        found = now if look == 0 else found & now
        if not found:
            break
    per_team = Counter(survey.teams.get(record.dossier_id, "") for record in {item.record for item in found})
    names = sorted({*survey.records, *per_team})
    return Outcome(
        records=survey.records.total(),
        waiting=survey.waiting,
        differences=tuple(sorted(found, key=lambda item: (item.kind, item.record))),
        teams=tuple(TeamCount(name, survey.records[name], per_team[name]) for name in names),
    )


class _Suspects(NamedTuple):
    """Buckets that differ: between source and published, between published and shown."""

    unpublished: frozenset[int]
    unshown: frozenset[int]

    @property
    def any(self) -> bool:
        return bool(self.unpublished or self.unshown)


class _Survey(NamedTuple):
    suspects: _Suspects
    teams: Mapping[str, str]
    records: Counter[str]
    waiting: int


def _survey(sides: Sides) -> _Survey:
    held, published, sent, shown = Sums(), Sums(), Sums(), Sums()
    teams = sides.teams()
    records: Counter[str] = Counter()
    waiting = 0
    for stated in sides.source():
        held.add(stated)
        records[teams.get(stated.record.dossier_id, "")] += 1
    for item in sides.published():
        published.add(Stated(item.record, item.version))
        waiting += item.waits
        if not item.waits:
            sent.add(Stated(item.record, item.published_at))
    for stated in sides.shown():
        shown.add(stated)
    unshown = sent.differing(shown) if sides.is_complete else frozenset()
    return _Survey(_Suspects(held.differing(published), unshown), teams, records, waiting)


def _differences(sides: Sides, suspects: _Suspects) -> Iterator[Difference]:
    held: dict[Record, int] = {}
    for item in sides.source():
        if bucket_of(item.record) in suspects.unpublished:
            held[item.record] = max(item.stamp, held.get(item.record, item.stamp))
    published: dict[Record, int] = {}
    sent: dict[Record, int] = {}
    for sent_item in sides.published():
        bucket = bucket_of(sent_item.record)
        if bucket in suspects.unpublished:
            published[sent_item.record] = sent_item.version
        if bucket in suspects.unshown and not sent_item.waits:
            sent[sent_item.record] = sent_item.published_at
    shown = {item.record: item.stamp for item in sides.shown() if bucket_of(item.record) in suspects.unshown}
    found = _unpublished(held, published)
    yield from (item for item in found if sides.is_complete or item.kind is not Kind.EXTRA)
    yield from _unshown(sent, shown)


def _unpublished(held: Mapping[Record, int], published: Mapping[Record, int]) -> Iterator[Difference]:
    for record in held.keys() | published.keys():
        here, there = held.get(record), published.get(record)
        if here is None:
            yield Difference(Kind.EXTRA, record, (here, there))
        elif there is None:
            yield Difference(Kind.MISSING, record, (here, there))
        elif here != there:
            yield Difference(Kind.STALE if here > there else Kind.AHEAD, record, (here, there))


def _unshown(sent: Mapping[Record, int], shown: Mapping[Record, int]) -> Iterator[Difference]:
    for record in sent.keys() | shown.keys():
        if sent.get(record) != shown.get(record):
            yield Difference(Kind.UNSHOWN, record, (sent.get(record), shown.get(record)))
