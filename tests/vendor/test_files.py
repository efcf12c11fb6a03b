"""Sources that drop files: how lines are read, what is said of a file that changes, and that nothing is lost or read
twice."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connect import Batch, Cursor, RawRecord, SourceRejected, SourceUnavailable, TranslationError
from hub.connect.conformance import CHECKS, Bench, Check, Outcome, report
from hub.connect.conformance.running import examine
from hub.connect.files import FileConfig
from hub.connect.ingest.engine import Ingest
from hub.connect.ingest.index import Index
from hub.connect.ingest.publisher import MemoryPublisher
from hub.connect.rows import MOST_LINE_BYTES, Row, rows
from hub.connect.template.regiehub_acme.connector_files import AcmeConnector
from hub.events.codec import decode
from hub.events.topics import RECORDS
from tests.ingest.drafts import IDENTITY, RING, FakeClock
from tests.vendor.dropped import dropped
from tests.vendor.test_broken import SLOW
from tests.vendor.test_push import Here, goal

NAMES = "abcdef"


@pytest.fixture(scope="module", autouse=True)
def all_at_rest() -> Iterator[None]:
    """No test waits for a file to come to rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.connect.folder._now_ns", lambda: time.time_ns() + 10**12)
        yield


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(dropped(tmp_path_factory.mktemp("package"))) as opened:
        yield opened


@pytest.mark.parametrize("check", [check for check in CHECKS if check.number not in SLOW | {"C07"}], ids=str)
def test_what_new_makes_for_files_does_what_the_hub_expects(check: Check, bench: Bench) -> None:
    """All of them, with files that do have to come to rest, run in the guide's own test."""
    result = examine(check, bench)
    assert result.outcome is Outcome.PASSED, report.line(result)


def connector(folder: Path, page_size: int = 2, **settings: object) -> AcmeConnector:
    given = {"instance": "acme", "folder": folder, "page_size": page_size, **settings}
    return AcmeConnector(FileConfig.model_validate(given))


def line(name: str, version: int = 1) -> str:
    return json.dumps(goal(name, version))


def drop(folder: Path, name: str, *lines: str) -> None:
    """Write it; again until the file system's clock has gone on, so that a change is one."""
    path = folder / name
    before = path.stat().st_ctime_ns if path.exists() else 0
    while not path.exists() or path.stat().st_ctime_ns == before:
        path.write_text("".join(f"{text}\n" for text in lines))


def read(source: AcmeConnector, cursor: Cursor | None = None) -> tuple[list[RawRecord], Cursor]:
    """All that is there, the cursor through JSON each time."""
    found: list[RawRecord] = []
    batch = Batch(cursor=cursor or Cursor(state={"read": {}}), more=True)
    while batch.more:
        batch = source.poll(cursor)
        cursor = Cursor.model_validate_json(batch.cursor.model_dump_json())
        found += batch.records
    return found, batch.cursor


def positions(records: list[RawRecord]) -> list[str]:
    """Without when a file was changed."""
    return [re.sub(r"@[0-9]+", "", record.position) for record in records]


def refusals(source: AcmeConnector, records: list[RawRecord]) -> list[tuple[str, str]]:
    found = []
    for record in records:
        try:
            source.translate(record)
        except TranslationError as error:
            found.append((error.reason.value, error.field))
    return found


# rows

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def in_pages(data: bytes, name: bytes, size: int) -> list[Row]:
    found: list[Row] = []
    start = (0, 1)
    while True:
        page = [row for row, _ in zip(rows(io.BytesIO(data), name, start, ","), range(size), strict=False)]
        if not page:
            return found
        found += page
        start = page[-1].end


@given(st.lists(st.lists(TEXT, min_size=3, max_size=3), max_size=8), st.integers(1, 4), st.sampled_from(["\n", "\r\n"]))
def test_a_csv_comes_out_as_it_was_written_in_pages_of_any_size(table: list[list[str]], size: int, end: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *table])
    data = b"\xef\xbb\xbf" + out.getvalue().encode()
    found = in_pages(data, b"x.CSV", size)
    assert [list(json.loads(row.payload).values()) for row in found] == table
    assert found == list(rows(io.BytesIO(data), b"x.csv", (0, 1), ","))


@given(st.binary(max_size=300), st.integers(1, 4), st.sampled_from([b"x.csv", b"x.jsonl"]))
def test_any_bytes_are_rows_in_pages_of_any_size_and_nothing_else_happens(data: bytes, size: int, name: bytes) -> None:
    found = in_pages(data, name, size)
    assert found == list(rows(io.BytesIO(data), name, (0, 1), ","))
    if name == b"x.jsonl":
        assert [row.payload for row in found] == [
            part.rstrip(b"\r\n") for part in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if part.strip()
        ]


def test_a_row_that_has_not_a_value_for_each_column_comes_as_it_stands_and_the_next_is_read() -> None:
    data = b'a;b\n1;2\n3\n4;5;6\n"x"y;7\n\n8;"9\n9"\n'
    found = [(row.line, row.payload) for row in rows(io.BytesIO(data), b"x.csv", (0, 1), ";")]
    bad = [(3, b"3"), (4, b"4;5;6"), (5, b'"x"y;7')]
    assert found == [(2, b'{"a":"1","b":"2"}'), *bad, (7, b'{"a":"8","b":"9\\n9"}')]


@pytest.mark.parametrize("end", [b"", b'5,"q"\n6,w\n'], ids=["to the end", "up to another"])
def test_a_quote_that_nobody_closed_takes_no_other_line_along(end: bytes) -> None:
    data = b'a,b\n1,x\n2,"oops\n3,y\n4,z\n' + end
    found = {row.line: row.payload for row in rows(io.BytesIO(data), b"x.csv", (0, 1), ",")}
    assert found[3] == b'2,"oops'
    assert [found[2], found[4], found[5]] == [b'{"a":"1","b":"x"}', b'{"a":"3","b":"y"}', b'{"a":"4","b":"z"}']
    assert len(found) == 4 + len(end.splitlines())


@pytest.mark.parametrize("name", [b"x.csv", b"x.jsonl"])
def test_of_a_line_that_is_too_long_only_the_beginning_is_held(name: bytes) -> None:
    data = b"a\n" + b"x" * (3 * MOST_LINE_BYTES) + b"\n1\n"
    found = list(rows(io.BytesIO(data), name, (0, 1), ","))
    assert [len(row.payload) for row in found if row.line == 2] == [MOST_LINE_BYTES + 1]
    assert found[-1].line == 3


@pytest.mark.parametrize("head", [b"a,a\n", b'"a\n'])
def test_a_csv_without_columns_to_go_by_can_not_be_read(head: bytes) -> None:
    assert not [row for row in rows(io.BytesIO(head + b"1,2\n"), b"x.csv", (0, 1), ",") if row.payload.startswith(b"{")]


# files


def test_what_is_half_written_or_none_of_ours_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.jsonl", ".a.jsonl", "c.jsonl.part", "d.txt"):
        drop(tmp_path, name, line("a"))
    (tmp_path / "e.jsonl").symlink_to(tmp_path / "b.jsonl")
    source = connector(tmp_path)
    assert positions(read(source)[0]) == ["b.jsonl:1"]
    monkeypatch.setattr("hub.connect.folder._now_ns", time.time_ns)
    slow = connector(tmp_path, settle_seconds=600)
    assert not read(slow)[0], "it may still be written"


def test_a_bad_line_is_refused_with_its_place_and_its_reason_and_the_rest_is_read(tmp_path: Path) -> None:
    drop(tmp_path, "a.jsonl", line("a"), "{half", line("b"))
    drop(tmp_path, "b.csv", "kind,file", "goal,A-1,too many")
    source = connector(tmp_path)
    records, _ = read(source)
    assert positions(records) == ["a.jsonl:1", "a.jsonl:2", "a.jsonl:3", "b.csv:2"]
    assert refusals(source, records) == [("malformed", "")] * 2


def test_a_bad_line_of_another_file_by_a_name_that_was_used_before_is_news(tmp_path: Path) -> None:
    source, seen = connector(tmp_path), []
    cursor = None
    for _ in range(2):
        drop(tmp_path, "export.jsonl", "{half")
        records, cursor = read(source, cursor)
        seen += [record.position for record in records]
        (tmp_path / "export.jsonl").unlink()
        _, cursor = read(source, cursor)
    assert len(set(seen)) == 2


@pytest.mark.parametrize("lines_read", [2, 5], ids=["while it is read", "after it was read"])
def test_a_file_that_changes_is_said_and_read_again_from_its_beginning(tmp_path: Path, lines_read: int) -> None:
    drop(tmp_path, "a.jsonl", *(line(name) for name in "abcde"))
    source = connector(tmp_path)
    cursor = source.poll(None).cursor if lines_read == 2 else read(source)[1]
    drop(tmp_path, "a.jsonl", *(line(name) for name in "abcdef"))
    records, cursor = read(source, cursor)
    said, *lines = [record.position for record in records]
    assert said.startswith("a.jsonl@") and said.endswith(" changed after it was read")
    assert lines == [f"{said.partition(' ')[0]}:{number}" for number in range(1, 7)]
    assert refusals(source, records) == [("invalid_value", "file changed after it was read")]
    assert read(source, cursor)[0] == []


def test_a_file_that_goes_away_before_its_end_is_said(tmp_path: Path) -> None:
    drop(tmp_path, "a.jsonl", *(line(name) for name in "abc"))
    source = connector(tmp_path)
    cursor = source.poll(None).cursor
    (tmp_path / "a.jsonl").unlink()
    drop(tmp_path, "b.jsonl", line("d"))
    records, cursor = read(source, cursor)
    assert positions(records) == ["a.jsonl went away before it was read to its end", "b.jsonl:1"]
    assert len(refusals(source, records)) == 1
    assert cursor.state["read"] != {} and read(source, cursor)[0] == []


@pytest.mark.parametrize("name", ["dossier-123456782", "1234.56.782", "x-12345672", "piet van dijk", "123456782-1"])
def test_a_name_that_could_say_who_somebody_is_is_not_shown(tmp_path: Path, name: str) -> None:
    drop(tmp_path, f"{name}.jsonl", line("a"))
    (record,) = read(connector(tmp_path))[0]
    assert record.position.startswith("sha256-") and name not in record.position


@pytest.mark.parametrize("name", ["export-20261126", "export_2026-11-26", "20261126_0930", "export.1234"])
def test_a_name_with_a_date_is_shown(tmp_path: Path, name: str) -> None:
    drop(tmp_path, f"{name}.jsonl", line("a"))
    (record,) = read(connector(tmp_path))[0]
    assert record.position.startswith(name)


def test_what_the_folder_says_of_itself(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable):
        connector(tmp_path / "none").check()
    (tmp_path / "file").touch()
    with pytest.raises(SourceRejected):
        connector(tmp_path / "file").check()


@pytest.mark.parametrize(
    "state",
    [{}, {"read": []}, {"read": {}, "changed_ns": 1}, {"read": {}, "changed_ns": 1, "name": "zz"}, {"after": 3}],
)
def test_a_cursor_of_another_connector_is_refused(tmp_path: Path, state: dict[str, object]) -> None:
    with pytest.raises(SourceRejected):
        connector(tmp_path).poll(Cursor.model_validate({"state": state}))


STEPS = st.lists(st.sampled_from(["read", "crash", *NAMES]), max_size=14)


@settings(max_examples=12)
@given(before=st.lists(st.sampled_from(NAMES), max_size=5), steps=STEPS)
def test_what_was_there_and_what_came_since_is_published_once(before: list[str], steps: list[str]) -> None:
    """Snapshot, then changes, with no gap between and nothing double, wherever the process dies."""
    versions: Counter[str] = Counter()
    with TemporaryDirectory() as name:
        folder, publisher = Path(name), MemoryPublisher()
        (folder / "dropped").mkdir()

        def change(number: int, record: str) -> None:
            versions[record] += 1
            drop(folder / "dropped", f"{number:03}.jsonl", line(record, versions[record]))

        for number, record in enumerate(before):
            change(number, record)
        index = Index(folder / "index.sqlite")
        ingest = new_ingest(folder / "dropped", publisher, index)
        for number, step in enumerate([*steps, *["read"] * 22], len(before)):
            if step == "read":
                ingest.step()
            elif step == "crash":
                ingest = new_ingest(folder / "dropped", publisher, index)
            else:
                change(number, step)
        index.close()
    values = [decode(message.value).value for message in publisher.topic(RECORDS)]
    published = Counter((value["record_id"], value["version"]) for value in values)
    assert published == Counter((record, n) for record, last in versions.items() for n in range(1, last + 1))


def new_ingest(folder: Path, publisher: MemoryPublisher, index: Index) -> Ingest:
    feed = Here(connector(folder))
    return Ingest(feed, publisher, index, ring=RING, identity=IDENTITY, clock=FakeClock())
