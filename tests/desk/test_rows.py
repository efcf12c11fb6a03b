"""Of a household that changed only rows that say something else are written."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text

from hub.desk import database
from hub.desk.rows import Row, replace_rows
from hub.desk.tables import case_people, case_teams, cases


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = database.open_engine("sqlite://")
    with engine.begin() as found:
        yield found
    engine.dispose()


def person(home: str, who: str) -> Row:
    return {"household_id": home, "who": who}


def team(home: str, waiting_since: str) -> Row:
    return {"household_id": home, "team": "Noord", "unit": "youth", "waiting_since": waiting_since, "past_since": ""}


def places(connection: Connection) -> dict[str, int]:
    return {row.who: row.rowid for row in connection.execute(text("SELECT who, rowid FROM case_people"))}


def test_a_row_that_stands_as_it_must_is_left_and_the_others_are_replaced(connection: Connection) -> None:
    replace_rows(connection, case_people, ["H1", "H2"], [person("H1", "a"), person("H1", "b"), person("H2", "c")])
    stood = places(connection)
    replace_rows(connection, case_people, ["H1"], [person("H1", "b"), person("H1", "d")])
    stand = places(connection)
    assert stand.keys() == {"b", "c", "d"}
    assert {who: stand[who] for who in "bc"} == {who: stood[who] for who in "bc"}
    replace_rows(connection, case_people, ["H1"], [])
    assert places(connection).keys() == {"c"}


def test_a_row_of_the_same_key_says_what_it_says_now(connection: Connection) -> None:
    for waiting_since in ("2026-01-01", "", "2026-02-02"):
        replace_rows(connection, case_teams, ["H1"], [team("H1", waiting_since)])
        assert connection.scalars(select(case_teams.c.waiting_since)).all() == [waiting_since]


def test_no_household_is_none_of_the_rows(connection: Connection) -> None:
    replace_rows(connection, case_people, ["H1"], [person("H1", "a")])
    replace_rows(connection, case_people, [], [])
    replace_rows(connection, cases, [], [])
    assert places(connection).keys() == {"a"}


@pytest.mark.parametrize("follows", [True, False])
def test_what_who_follows_the_log_wrote_is_in_the_file_at_once(follows: bool, tmp_path: Path) -> None:
    """Not only in SQLite's log, which would go into it a thousand pages at a time while a look waits for the disk."""
    file, copy = tmp_path / "desk.sqlite", tmp_path / "copy.sqlite"
    engine = database.open_engine(f"sqlite:///{file}", follows=follows)
    with engine.begin() as connection:
        replace_rows(connection, case_people, ["H1"], [person("H1", "a")])
    shutil.copyfile(file, copy)
    with closing(sqlite3.connect(copy)) as alone:
        tables = alone.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'case_people'").fetchone()
        assert tables == (1 if follows else 0,)
        if follows:
            assert alone.execute("SELECT who FROM case_people").fetchall() == [("a",)]
    engine.dispose()
