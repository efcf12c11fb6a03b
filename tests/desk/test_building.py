"""What is kept beside the read model: copied into one that is built anew, and the fingerprint of the linking key."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect
from structlog.testing import capture_logs

from hub.desk import building, database, readmodel
from hub.desk.caseload.writing import Attending
from hub.desk.tables import RETIRED, SCHEMA, kept, linked, meta, visits
from hub.errors import ConfigError
from hub.ops.linking import Linking

VISIT = {"user": "anna", "source": "zcd", "dossier_id": "Z-1", "seen_at": "2026-01-02", "before_at": ""}


def address(folder: Path, name: str) -> str:
    return f"sqlite:///{folder / name}"


def test_what_only_the_live_one_holds_is_copied_as_often_as_it_is_asked(tmp_path: Path) -> None:
    live, new = (database.open_engine(address(tmp_path, name)) for name in ("live", "new"))
    with live.begin() as connection:
        connection.execute(visits.insert(), VISIT)
        linked.drop(connection)  # an older release
    for _ in range(2):
        assert building._copy_kept(address(tmp_path, "live"), new) == 1
    with new.connect() as connection:
        assert [dict(row) for row in connection.execute(visits.select()).mappings()] == [VISIT]
    live.dispose()
    new.dispose()


@pytest.mark.parametrize("into", ["live", "no/such/dialect"])
def test_an_address_that_will_not_do_is_a_setting_that_is_wrong(into: str, tmp_path: Path) -> None:
    live = address(tmp_path, "live")
    (tmp_path / "no").write_text("a file")
    with pytest.raises(ConfigError, match="--into"):
        building.build("127.0.0.1:1", live, address(tmp_path, into), Attending())


def test_a_read_model_remembers_its_key_and_refuses_another_until_the_topics_are_new(tmp_path: Path) -> None:
    engine = database.open_engine(address(tmp_path, "desk.sqlite"))
    for _ in range(2):
        readmodel.link(engine, Linking(0, "a" * 16))
    with pytest.raises(ConfigError, match="another linking key"):
        readmodel.link(engine, Linking(0, "b" * 16))
    readmodel.link(engine, Linking(1, "b" * 16))
    with pytest.raises(ConfigError, match="incarnation 1"):
        readmodel.link(engine, Linking(0, "a" * 16))
    engine.dispose()


@pytest.mark.parametrize("written", [SCHEMA - 1, SCHEMA + 1])
def test_the_read_model_of_another_release_is_dropped_in_so_many_words_and_visits_stay(
    written: int, tmp_path: Path
) -> None:
    with capture_logs() as said:
        engine = database.open_engine(address(tmp_path, "desk.sqlite"))
    assert said == []
    with engine.begin() as connection:
        connection.execute(visits.insert(), VISIT)
        connection.execute(meta.update().values(schema_number=written))
        for name in RETIRED:
            connection.exec_driver_sql(f"CREATE TABLE {name} (household_id TEXT)")
    with capture_logs() as said:
        database.prepare(engine)
    assert not {*RETIRED} & {*inspect(engine).get_table_names()}
    (line,) = said
    assert (line["event"], line["written_by_schema"], line["schema"]) == ("read_model_dropped", written, SCHEMA)
    with engine.connect() as connection:
        assert len(connection.execute(visits.select()).all()) == 1
        assert {table.name for table in kept.sorted_tables} >= {"visits", "linked"}
    engine.dispose()
