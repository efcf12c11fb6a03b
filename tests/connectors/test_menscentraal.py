"""The MensCentraal connector against databases that are not as agreed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from connectors.menscentraal.config import MensCentraalConfig
from connectors.menscentraal.connector import MensCentraalConnector
from connectors.menscentraal.simulator import MensCentraalSimulator
from connectors.menscentraal.source import METADATA, OUTBOX, OutboxReader
from hub.connect import SourceRejected, SourceUnavailable, TranslationError
from hub.connect.frontier import Span
from tests.connectors.sources import mens_contact, read_all

pytestmark = pytest.mark.core


def connector(url: str) -> MensCentraalConnector:
    return MensCentraalConnector(MensCentraalConfig.model_validate({"url": url, "timeout_seconds": 1}))


def test_a_database_that_is_not_there_is_unavailable_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable):
        connector(f"sqlite:///{tmp_path}/none.sqlite").check()
    assert not list(tmp_path.iterdir())


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(SourceUnavailable) as error:
        connector("postgresql+psycopg://hub:GEHEIM@127.0.0.1:9/mens").check()
    assert "GEHEIM" not in f"{error.value!r}{error.value.detail}"


def test_another_database_is_rejected(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "other.sqlite").execute("CREATE TABLE t (x)").connection.close()
    with pytest.raises(SourceRejected):
        connector(f"sqlite:///{tmp_path}/other.sqlite").check()
    (tmp_path / "no.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(SourceRejected):
        connector(f"sqlite:///{tmp_path}/no.sqlite").check()


@pytest.mark.parametrize("url", ["", "mens", "nosuchdialect://x/y"])
def test_an_address_that_makes_no_sense_is_rejected(url: str) -> None:
    with pytest.raises(SourceRejected):
        connector(url).check()


def test_a_locked_database_is_unavailable(tmp_path: Path) -> None:
    simulator = MensCentraalSimulator(tmp_path)
    simulator.close()
    locker = sqlite3.connect(simulator.url.removeprefix("sqlite:///"))
    locker.execute("PRAGMA journal_mode=DELETE")
    locker.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SourceUnavailable):
        connector(simulator.url).poll(None)
    locker.close()


def test_the_connection_cannot_write(mens: MensCentraalSimulator) -> None:
    reading = connector(mens.url)
    with reading._source.reader() as reader, pytest.raises(Exception, match="readonly"):
        reader._connection.exec_driver_sql("DELETE FROM outbox")
    reading.close()


def test_a_payload_that_is_no_json_is_one_unreadable_record(mens: MensCentraalSimulator) -> None:
    mens.apply_many([mens_contact("a"), mens_contact("b"), mens_contact("c")])
    with sqlite3.connect(mens.url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE outbox SET payload = '{\"type\": ' WHERE seq = 1")
        database.execute('UPDATE outbox SET payload = \'null,"tabel":"zrm"\' WHERE seq = 2')
    database.close()
    reading = connector(mens.url)
    records = read_all(reading).records
    reasons = []
    for record in records:
        try:
            reading.translate(record)
        except TranslationError as error:
            reasons.append((record.position, error.reason, error.field))
    assert reasons == [("1", "invalid_value", "payload"), ("2", "invalid_value", "payload")]
    reading.close()


def test_the_first_row_of_a_transaction_that_began_before_is_found_although_its_seq_is_higher(
    mens: MensCentraalSimulator, mens_connector: MensCentraalConnector
) -> None:
    """tx 1 takes seq 2 and stays open; tx 2 took seq 1: order by seq is not order by tx."""
    late = mens.apply_late([mens_contact("late")])
    cursor = read_all(mens_connector).cursor
    mens.apply_many([mens_contact(f"c{number}") for number in range(7)])
    read = read_all(mens_connector, cursor)
    assert read.positions == list(range(2, 9))
    late.release()
    mens.apply(mens_contact("after"))
    assert read_all(mens_connector, read.cursor).positions == [1, 9]


def test_rows_of_one_transaction_larger_than_a_page(tmp_path: Path) -> None:
    lines = tmp_path / "menscentraal.jsonl"
    row = '{"seq": %d, "tx": 7, "tabel": "contactmoment"}'
    lines.write_text("\n".join(row % seq for seq in range(1, 24)))
    simulator = MensCentraalSimulator(tmp_path)
    assert simulator.load(lines) == 23
    small = MensCentraalConnector(MensCentraalConfig.model_validate({**simulator.settings(), "page_size": 5}))
    assert read_all(small).positions == list(range(1, 24))
    small.close()
    simulator.close()


def test_the_address_is_shown_nowhere() -> None:
    config = MensCentraalConfig.model_validate({"url": "postgresql://hub:GEHEIM@db/mens"})
    assert "GEHEIM" not in f"{config!r}{config}{config.model_dump_json()}"


def test_what_a_poll_costs_that_finds_nothing_does_not_grow_with_the_outbox() -> None:
    steps = [_steps_of_an_idle_poll(rows) for rows in (200, 4_000)]
    assert steps[1] < 2 * steps[0] + 10


def _steps_of_an_idle_poll(rows: int) -> int:
    """Hundreds of steps of SQLite's machine, when so many rows are final and read, and one hole is left."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(OUTBOX.insert(), [{"seq": seq, "tx": seq} for seq in range(2, rows)])
        reader, holes = OutboxReader(connection), [Span(1, 1), Span(rows, None)]
        database = connection.connection.driver_connection
        assert isinstance(database, sqlite3.Connection)
        database.set_progress_handler(count, 100)
        assert reader.first_open(rows) is None
        assert reader.open(rows, holes, 500) == reader.final((rows - 1, rows - 1), rows, holes, 500) == []
    engine.dispose()
    return steps
