"""Whether a log of looks is whole: its chain, and the anchors that stand elsewhere. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from hub.desk.looks.anchors import Anchor
from hub.desk.looks.chain import NEWLINE, hash_of
from hub.desk.looks.record import Record, measure, parsed

MOST_PROBLEMS: Final = 100
"""A log that was rewritten has one per anchor; the first ones say where it begins."""


class Kind(StrEnum):
    """What is wrong with a log."""

    CHANGED = "changed"
    MISSING = "missing"
    MOVED = "moved"
    UNREADABLE = "unreadable"
    TOO_SHORT = "too_short"
    REWRITTEN = "rewritten"


class Problem(NamedTuple):
    """One thing that is wrong, at a line of the file (from 1), in words."""

    kind: Kind
    line: int
    text: str


@dataclass
class Verdict:
    """What was found. `torn`: lines that a crash left, each named by the record after it; `unfinished`: bytes of a line
    at the end that is being written, or that a crash left and no desk has named yet."""

    records: int = 0
    head: str = ""
    torn: int = 0
    unfinished: int = 0
    anchors: int = 0
    last_anchored: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Nothing is wrong."""
        return not self.problems


def verify(log: Path, anchors: Sequence[Anchor] = ()) -> Verdict:
    """Check a log against itself and against anchors, which must be read before it. Raises OSError."""
    with log.open("rb") as file:
        return verify_lines(file, anchors)


def verify_lines(lines: Iterable[bytes], anchors: Sequence[Anchor] = ()) -> Verdict:
    """As `verify`, of the lines of a log with their line ends."""
    walk = _Walk(_by_number(anchors))
    for line in lines:
        if not line.endswith(NEWLINE):
            walk.verdict.unfinished = len(line)
            break
        walk.step(line.removesuffix(NEWLINE))
    return walk.end(anchors)


def _by_number(anchors: Sequence[Anchor]) -> dict[int, list[Anchor]]:
    found: dict[int, list[Anchor]] = defaultdict(list)
    for anchor in anchors:
        found[anchor.records].append(anchor)
    return found


class _Walk:
    """Goes through a log line by line."""

    def __init__(self, anchors: dict[int, list[Anchor]]) -> None:
        self.verdict = Verdict()
        self._anchors = anchors
        self._line = 0
        self._number = 0
        self._previous = ""
        self._displaced = False
        self._torn: list[bytes] = []
        self._torn_at = 0

    def step(self, line: bytes) -> None:
        """Take the next line."""
        self._line += 1
        record = parsed(line)
        if record is None:
            self._torn_at = self._torn_at or self._line
            self._torn.append(line)
        else:
            self._take(record)
        self._previous = hash_of(line)
        if record is not None:
            self._compare(record["number"])

    def _take(self, record: Record) -> None:
        number, expected = record["number"], self._number + 1
        if number != expected:
            self._add(*_misplaced(number, expected))
        elif record.get("previous") != self._previous and not self._displaced:
            self._add(Kind.CHANGED, _changed(number))
        self._settle_torn(record)
        self._displaced = number < expected
        self._number = max(number, self._number)
        self.verdict.records += 1

    def _settle_torn(self, record: Record) -> None:
        """Lines that are no records are well if the record after them names them."""
        named = record.get("lines", []) if record["record"] == "torn" else []
        if [measure(line) for line in self._torn] == named:
            self.verdict.torn += len(self._torn)
        else:
            self._unreadable()
        self._torn, self._torn_at = [], 0

    def _unreadable(self) -> None:
        if not self._torn:
            self._add(Kind.MISSING, "a record says that a crash left torn lines before it, and they are not there")
            return
        text = f"{_lines(self._torn_at, len(self._torn))} no record, and no record after it says that a crash left it"
        self._add(Kind.UNREADABLE, text, self._torn_at)

    def _compare(self, number: int) -> None:
        for anchor in self._anchors.get(number, ()):
            if anchor.hash != self._previous:
                text = f"record {number} is another one than at {anchor.at}, when it was anchored"
                self._add(Kind.REWRITTEN, text)

    def _add(self, kind: Kind, text: str, line: int | None = None) -> None:
        self.verdict.problems.append(Problem(kind, line or self._line, text))

    def end(self, anchors: Sequence[Anchor]) -> Verdict:
        """After the last line."""
        if self._torn:
            self.verdict.unfinished += sum(map(len, self._torn))
        for anchor in anchors:
            if anchor.records > self._number:
                text = f"the log ends at record {self._number}; at {anchor.at} it had {anchor.records}"
                self._add(Kind.TOO_SHORT, text)
        self.verdict.head = self._previous
        self.verdict.anchors = len(anchors)
        self.verdict.last_anchored = max((anchor.records for anchor in anchors), default=0)
        return self.verdict


def _misplaced(number: int, expected: int) -> tuple[Kind, str]:
    if number < expected:
        return Kind.MOVED, f"record {number} stands after record {expected - 1}"
    gone = f"record {expected} is" if number == expected + 1 else f"records {expected} to {number - 1} are"
    return Kind.MISSING, f"{gone} missing before record {number}"


def _changed(number: int) -> str:
    if number == 1:
        return "record 1 says that another came before it"
    return f"record {number - 1} was changed after record {number} was written, or record {number} was"


def _lines(first: int, number: int) -> str:
    return f"line {first} is" if number == 1 else f"lines {first} to {first + number - 1} are"


def in_words(verdict: Verdict) -> Iterator[str]:
    """What was found, a sentence a line."""
    yield from (f"line {item.line}: {item.text}" for item in verdict.problems[:MOST_PROBLEMS])
    if len(verdict.problems) > MOST_PROBLEMS:
        yield f"and {len(verdict.problems) - MOST_PROBLEMS} more"
    if verdict.torn:
        yield f"{verdict.torn} torn lines of crashes, each named by the record after it"
    if verdict.unfinished:
        yield f"{verdict.unfinished} bytes at the end are no whole record: being written, or left by a crash just now"
    if not verdict.anchors:
        yield "no anchors: that the log was rewritten as a whole would not be noticed"
    else:
        after = verdict.records - verdict.last_anchored
        yield f"{verdict.anchors} anchors; {max(0, after)} records were written after the last"
    state = "is whole" if verdict.is_whole else "is NOT whole"
    yield f"the log {state}: {verdict.records} records, head {verdict.head or 'none'}"
