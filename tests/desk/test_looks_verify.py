from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.desk.looks.anchors import Anchor
from hub.desk.looks.chain import Head, chain, hash_of
from hub.desk.looks.record import bodies, torn_body
from hub.desk.looks.verify import MOST_PROBLEMS, Kind, Verdict, in_words, verify, verify_lines
from tests.desk.test_looks import look

AT = datetime(2026, 3, 1, tzinfo=UTC)


def log_of(*users: str) -> list[bytes]:
    """The lines of a log: two records for each."""
    text, _ = chain(Head(), [body for user in users for body in bodies(look(user, "zcd/Z-1"))])
    return text.splitlines(keepends=True)


def anchor_of(lines: list[bytes]) -> Anchor:
    """The anchor of a log that ends with these lines."""
    return Anchor("2026-03-01T12:00:00+00:00", len(lines), hash_of(lines[-1].removesuffix(b"\n")))


def kinds(lines: list[bytes], *anchors: Anchor) -> list[Kind]:
    return [item.kind for item in verify_lines(lines, anchors).problems]


WHOLE = log_of("anna", "bob", "carl", "dora", "eve")


def test_a_log_is_whole() -> None:
    found = verify_lines(WHOLE, [anchor_of(WHOLE[:4]), anchor_of(WHOLE)])
    assert (found.is_whole, found.records, found.anchors, found.last_anchored) == (True, 10, 2, 10)
    assert verify_lines([]) == Verdict()


def changed(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b"bob", b"bab") for line in lines]


TAMPERED: list[tuple[Callable[[list[bytes]], list[bytes]], Kind, str]] = [
    (changed, Kind.CHANGED, "line 4: record 3 was changed after record 4 was written, or record 4 was"),
    (lambda lines: lines[:4] + lines[5:], Kind.MISSING, "line 5: record 5 is missing before record 6"),
    (lambda lines: lines[:4] + lines[7:], Kind.MISSING, "line 5: records 5 to 7 are missing before record 8"),
    (lambda lines: lines[3:], Kind.MISSING, "line 1: records 1 to 3 are missing before record 4"),
    (lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]], Kind.MOVED, "record 5 stands after record 6"),
    (lambda lines: [*lines[:4], lines[3], *lines[4:]], Kind.MOVED, "line 5: record 4 stands after record 4"),
    (lambda lines: [*lines[:4], b"x\n", *lines[4:]], Kind.UNREADABLE, "line 5 is no record"),
    (lambda lines: [*lines[:4], b"x\n", b"y\n", *lines[6:]], Kind.UNREADABLE, "lines 5 to 6 are no record"),
    (lambda lines: [*lines[:4], b"\n", *lines[4:]], Kind.UNREADABLE, "line 5 is no record"),
]


@pytest.mark.parametrize(("tamper", "kind", "text"), TAMPERED, ids=range(len(TAMPERED)))
def test_tampering_is_found_and_said_in_words(
    tamper: Callable[[list[bytes]], list[bytes]], kind: Kind, text: str
) -> None:
    found = verify_lines(tamper(WHOLE))
    assert kind in [item.kind for item in found.problems]
    words = "\n".join(in_words(found))
    assert text in words
    assert "the log is NOT whole" in words


def test_a_log_that_was_cut_at_its_end_is_found_by_its_anchor_only() -> None:
    assert kinds(WHOLE[:8]) == []
    assert kinds(WHOLE[:8], anchor_of(WHOLE)) == [Kind.TOO_SHORT]
    assert kinds([], anchor_of(WHOLE)) == [Kind.TOO_SHORT]
    (problem,) = verify_lines(WHOLE[:8], [anchor_of(WHOLE)]).problems
    assert problem.text == "the log ends at record 8; at 2026-03-01T12:00:00+00:00 it had 10"


def test_a_log_that_was_rewritten_with_a_whole_chain_is_found_by_its_anchor_only() -> None:
    rewritten = log_of("anna", "nobody", "carl", "dora", "eve", "fred")
    assert kinds(rewritten) == []
    assert kinds(rewritten, anchor_of(WHOLE[:2]), anchor_of(WHOLE)) == [Kind.REWRITTEN, Kind.REWRITTEN]
    text = "\n".join(in_words(verify_lines(rewritten, [anchor_of(WHOLE)])))
    assert "line 10: record 10 is another one than at 2026-03-01T12:00:00+00:00, when it was anchored" in text


def test_without_anchors_it_says_what_would_not_be_noticed() -> None:
    assert "would not be noticed" in "\n".join(in_words(verify_lines(WHOLE)))
    anchored = "\n".join(in_words(verify_lines(WHOLE, [anchor_of(WHOLE[:4])])))
    assert "1 anchors; 6 records were written after the last" in anchored


def test_torn_lines_are_well_if_the_next_record_names_them_and_not_otherwise() -> None:
    text, head = chain(Head(), bodies(look("anna", "zcd/Z-1")))
    torn = b'{"number":3,"pre'
    left = Head(head.records, hash_of(torn), head.size)
    after, _ = chain(left, [torn_body(AT, [torn])])
    lines = [*text.splitlines(keepends=True), torn + b"\n", *after.splitlines(keepends=True)]
    found = verify_lines(lines)
    assert (found.problems, found.torn, found.records) == ([], 1, 3)
    assert Kind.UNREADABLE in kinds([*lines[:2], torn[:-1] + b"x\n", *lines[3:]])
    assert Kind.MISSING in kinds([*lines[:2], *lines[3:]])


def test_a_line_that_is_being_written_is_no_problem_but_is_said() -> None:
    found = verify_lines([*WHOLE, b'{"number":11,'])
    assert (found.is_whole, found.unfinished) == (True, 13)
    assert "13 bytes at the end are no whole record" in "\n".join(in_words(found))


def test_a_log_with_very_many_problems_names_the_first() -> None:
    anchors = [anchor_of(WHOLE)] * (MOST_PROBLEMS + 5)
    words = list(in_words(verify_lines(changed_and_chained(), anchors)))
    assert "and 5 more" in words


def changed_and_chained() -> list[bytes]:
    return log_of("anna", "bab", "carl", "dora", "eve")


def test_a_log_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "none.jsonl")


@given(st.data())
def test_no_change_of_a_byte_before_the_last_record_goes_unnoticed(data: st.DataObject) -> None:
    text = bytearray(b"".join(WHOLE))
    last = len(text) - len(WHOLE[-1])
    place = data.draw(st.integers(0, last - 1))
    text[place] ^= data.draw(st.integers(1, 255))
    assert kinds(BytesIO(text).readlines()) or text.count(b"\n") != len(WHOLE)


@given(st.permutations(range(len(WHOLE))))
def test_no_other_order_goes_unnoticed(order: list[int]) -> None:
    assert bool(kinds([WHOLE[number] for number in order])) == (order != sorted(order))


@given(st.sets(st.integers(0, len(WHOLE) - 1), max_size=len(WHOLE) - 1))
def test_no_missing_record_goes_unnoticed_with_an_anchor(kept: set[int]) -> None:
    lines = [line for number, line in enumerate(WHOLE) if number in kept]
    assert kinds(lines, anchor_of(WHOLE))


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_garbage_is_never_more_than_a_problem(lines: list[bytes]) -> None:
    verify_lines([line.replace(b"\n", b"") + b"\n" for line in lines])
