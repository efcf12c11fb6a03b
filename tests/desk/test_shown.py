"""The read model as commands see it: read only, one source at a time, no content."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from hub.desk import database, readmodel, shown
from hub.desk.projector import apply_view
from hub.desk.tables import households, meta
from hub.errors import ConfigError
from hub.events.moments import micros
from hub.events.records import RecordType
from tests.desk.views import MENSCENTRAAL, TEAM, ZCD, entry, one_dossier

DIRECTION = {
    "director": "Dirk", "organisation": None, "unit": "Delfshaven 2", "phone": None, "from_on": date(2026, 1, 1),
    "to_on": None, "reason": None, "staff": None,
}  # fmt: skip
CONTACT = {"kind": "home_visit", "held_on": date(2026, 2, 1)}


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A read model with one household, in a folder with an awkward name."""
    address = f"sqlite:///{tmp_path}/a # b%20/desk.sqlite"
    engine = database.open_engine(address)
    entries = [entry(ZCD, RecordType.CONTACT, "c", CONTACT), entry(ZCD, RecordType.CASE_DIRECTION, "r", DIRECTION)]
    home, value = one_dossier(entries=entries)
    with engine.begin() as connection:
        apply_view(connection, home.encode(), value)
    engine.dispose()
    return address


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = shown.open_read_only(url)
    yield opened
    opened.dispose()


def test_every_record_of_a_source_is_named_with_the_moment_of_its_version(engine: Engine) -> None:
    found = {item.record_type: item for item in shown.records(engine, ZCD.source)}
    assert found.keys() == {"composition", "contact", "case_direction"}
    assert {item.dossier_id for item in found.values()} == {ZCD.dossier_id}
    with engine.connect() as connection:
        home = connection.scalars(select(households.c.household_id)).one()
        document = readmodel.load(connection, home)
    assert document is not None
    stated = datetime.fromisoformat(document["dossiers"][0]["first_published_at"])
    assert found["composition"].published_at == micros(stated)
    assert not list(shown.records(engine, MENSCENTRAAL.source))


def test_the_team_of_a_dossier_is_its_own_or_else_that_of_whoever_directs_it(engine: Engine, url: str) -> None:
    assert shown.teams(engine, ZCD.source) == {ZCD.dossier_id: TEAM}
    assert shown.teams(engine, MENSCENTRAAL.source) == {}
    writer = database.open_engine(url)
    with writer.begin() as connection:
        text = readmodel.unpacked(connection.scalars(select(households.c.document)).one()).decode()
        without = text.replace(f'"team":"{TEAM}"', '"team":null')
        connection.execute(households.update().values(document=readmodel.packed(without.encode())))
    writer.dispose()
    assert shown.teams(engine, ZCD.source) == {ZCD.dossier_id: "Delfshaven 2"}


def test_a_command_cannot_write_the_read_model(engine: Engine) -> None:
    with pytest.raises(OperationalError, match="readonly"), engine.begin() as connection:
        readmodel.wipe(connection)


def test_a_read_model_that_is_not_there_or_of_another_release_is_refused_and_left_alone(
    url: str, tmp_path: Path
) -> None:
    missing = tmp_path / "none" / "desk.sqlite"
    with pytest.raises(ConfigError, match="no read model"):
        shown.open_read_only(f"sqlite:///{missing}")
    assert not missing.exists()
    engine = database.open_engine(url)
    with engine.begin() as connection:
        connection.execute(meta.update().values(schema_number=1))
    engine.dispose()
    with pytest.raises(ConfigError, match="another release"):
        shown.open_read_only(url)
