from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import blake2b
from itertools import islice

import pytest
from sqlalchemy import Connection, Engine, Table, select

from bench.desk_town import changes, published
from hub.desk import database, readmodel, tables, unreadable
from hub.desk.projector import Consumed, Offset, Shown, apply_list, apply_view, apply_views
from hub.desk.searching import Search, search
from hub.events.codec import UndecodableError
from hub.events.ids import household_id
from hub.events.records import RecordType
from hub.events.topics import DEAD_LETTERS, SOURCES, VIEWS
from tests.desk.views import (
    COLLEAGUE,
    MENSCENTRAAL,
    ZCD,
    Line,
    composition,
    dead_letter,
    dead_letter_state,
    dossier,
    entry,
    gone,
    member,
    one_dossier,
    source_status,
    view,
)

CONTACT = {"kind": "home_visit", "held_on": date(2026, 2, 1)}


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = database.open_engine("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def rows(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    return sorted((tuple(row) for row in connection.execute(select(table))), key=repr)


def everything(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    return {name: rows(connection, table) for name, table in tables.metadata.tables.items()}


def test_a_view_applied_twice_changes_nothing(connection: Connection) -> None:
    home, value = one_dossier(entries=[entry(ZCD, RecordType.CONTACT, "c", CONTACT)])
    apply_view(connection, home.encode(), value)
    once = everything(connection)
    assert apply_view(connection, home.encode(), value) is None
    assert everything(connection) == once
    document = readmodel.load(connection, home)
    assert document is not None
    assert document["members"][0]["person_key"] == "p-anna"


def test_a_smaller_label_never_replaces_a_greater_one(connection: Connection) -> None:
    home, new = one_dossier(label=7, given_name="Nieuw")
    _, old = one_dossier(label=6, given_name="Oud")
    apply_view(connection, home.encode(), new)
    expected = everything(connection)
    apply_view(connection, home.encode(), old)
    apply_view(connection, home.encode(), gone(home, label=5))
    assert everything(connection) == expected


def test_of_one_list_only_the_greatest_label_counts(connection: Connection) -> None:
    home, new = one_dossier(label=7, given_name="Nieuw")
    _, old = one_dossier(label=6, given_name="Oud")
    apply_views(connection, [(home.encode(), new), (home.encode(), old)])
    document = readmodel.load(connection, home)
    assert document is not None
    assert document["label"] == 7


def test_of_a_household_that_is_gone_only_id_and_label_stay(connection: Connection) -> None:
    home, value = one_dossier()
    apply_view(connection, home.encode(), value)
    apply_view(connection, home.encode(), gone(home, label=2))
    assert rows(connection, tables.members) == rows(connection, tables.dossiers) == []
    empty = blake2b(b"", digest_size=16).hexdigest()
    assert rows(connection, tables.households) == [(home, 2, True, False, "", "", "", "", 0, empty, "", None)]
    assert all(rows(connection, table) == [] for table in tables.BY_HOUSEHOLD)
    assert readmodel.load(connection, home) is None
    assert readmodel.count(connection, COLLEAGUE) == 0


def test_of_a_household_that_changes_again_and_again_stands_what_its_last_view_alone_makes(rng: random.Random) -> None:
    """Only the difference is written: nothing of what was before may stay, and nothing may be missed."""
    town = published(3)
    changed = list(islice(changes(town, rng), 4 * len(town)))
    ended = [item._replace(value=gone(item.key.decode(), label=2**40)) for item in town[:1]]
    lists = [town, changed[: len(changed) // 2], changed[len(changed) // 2 :], ended]
    last = {item.key: item for part in lists for item in part}
    assert _written(lists) == _written([list(last.values())])


def _written(lists: Sequence[Sequence[Consumed]]) -> dict[str, list[tuple[object, ...]]]:
    engine = database.open_engine("sqlite://")
    for part in lists:
        apply_list(engine, part, [])
    with engine.connect() as connection:
        found = everything(connection)
    engine.dispose()
    return found


def test_a_household_can_come_back_under_its_old_id(connection: Connection) -> None:
    home, value = one_dossier(label=3)
    apply_view(connection, home.encode(), gone(home, label=2))
    apply_view(connection, home.encode(), value)
    assert readmodel.load(connection, home) is not None


@pytest.mark.parametrize("new_home_first", [True, False])
def test_an_id_that_is_gone_forwards_to_where_its_anchor_dossier_lives_now(
    connection: Connection, new_home_first: bool
) -> None:
    old, before = one_dossier(ZCD)
    new = household_id(MENSCENTRAAL)
    packed = [dossier(ref, [member("1", "p-anna")]) for ref in (MENSCENTRAAL, ZCD)]
    lines = [Line(ref, "1", "p-anna") for ref in (MENSCENTRAAL, ZCD)]
    after = view(new, composition(new, packed, label=9, since=9, members=lines), label=9)
    apply_view(connection, old.encode(), before)
    steps = [(new, after), (old, gone(old, label=9))]
    for home, value in steps if new_home_first else reversed(steps):
        apply_view(connection, home.encode(), value)
    assert readmodel.forward(connection, old) == new
    assert readmodel.forward(connection, new) is None
    assert readmodel.forward(connection, "H" + "0" * 20) is None


def test_an_id_whose_anchor_was_deleted_forwards_nowhere(connection: Connection) -> None:
    home, value = one_dossier()
    apply_view(connection, home.encode(), value)
    apply_view(connection, home.encode(), gone(home, label=2))
    assert readmodel.forward(connection, home) is None


def test_offsets_are_kept_in_the_same_transaction_as_the_rows(engine: Engine) -> None:
    home, value = one_dossier()
    good = Consumed(VIEWS, 0, 0, home.encode(), value)
    bad = Consumed(VIEWS, 0, 1, b"H1", b"not ours")
    with pytest.raises(UndecodableError):
        apply_list(engine, [good, bad], [Offset(VIEWS, 0, 2)])
    with engine.connect() as connection:
        assert readmodel.next_offsets(connection) == {}
        assert readmodel.count(connection, COLLEAGUE) == 0
    apply_list(engine, [good], [Offset(VIEWS, 0, 1, "topic-1")])
    with engine.connect() as connection:
        assert readmodel.next_offsets(connection) == {(VIEWS, 0): ("topic-1", 1)}
        assert readmodel.count(connection, COLLEAGUE) == 1


def test_rows_are_undone_when_the_offsets_cannot_be_kept(engine: Engine) -> None:
    home, value = one_dossier()
    with engine.begin() as connection:
        tables.offsets.drop(connection)
    with pytest.raises(Exception, match="offsets"):
        apply_list(engine, [Consumed(VIEWS, 0, 0, home.encode(), value)], [Offset(VIEWS, 0, 1)])
    with engine.connect() as connection:
        assert readmodel.count(connection, COLLEAGUE) == 0


def test_what_became_visible_is_told_once(engine: Engine) -> None:
    home, value = one_dossier()
    newer = one_dossier(entries=[entry(ZCD, RecordType.CONTACT, "c", CONTACT, published=9, recorded=8)])[1]
    told = [apply_list(engine, [Consumed(VIEWS, 0, n, home.encode(), v)], []) for n, v in enumerate([value, value])]
    assert told == [[Shown(home, "2026-01-05T09:00:00.000000Z", "2026-01-05T09:01:00.000000Z")], []]
    assert apply_list(engine, [Consumed(VIEWS, 0, 2, home.encode(), newer)], []) == [
        Shown(home, "2026-01-05T09:08:00.000000Z", "2026-01-05T09:09:00.000000Z")
    ]


def test_the_last_heartbeat_of_a_source_stays_although_its_clock_was_set_back(engine: Engine) -> None:
    late, early = source_status(reported=20, published=20), source_status(reported=10, published=10)
    messages = [Consumed(SOURCES, 0, n, b"zcd", value) for n, value in enumerate([late, early, b"not ours"])]
    apply_list(engine, messages, [])
    with engine.connect() as connection:
        (status,) = readmodel.source_statuses(connection)
    assert (status["source"], status["published"]) == ("zcd", 10)


def test_a_dead_letter_is_kept_once_per_position_with_its_last_reason(engine: Engine) -> None:
    letters = [
        dead_letter(position="4", attempt=2, reason="invalid_date"),
        dead_letter(position="4", attempt=1),
        dead_letter(position="5"),
        dead_letter("menscentraal"),
        b"not ours",
    ]
    apply_list(engine, [Consumed(DEAD_LETTERS, 0, n, b"k", value) for n, value in enumerate(letters)], [])
    with engine.connect() as connection:
        assert unreadable.dead_letter_counts(connection) == {"menscentraal": 1, "zcd": 2}
        newest = unreadable.newest_dead_letters(connection, 1)[0]
        assert (newest.position, newest.reason) == ("4", "invalid_date")
        assert connection.scalar(select(tables.dead_letters.c.sealed)) == b"sealed"


def test_a_dead_letter_that_was_dealt_with_counts_no_more_until_it_fails_again(engine: Engine) -> None:
    settled = [dead_letter(), dead_letter("menscentraal"), dead_letter_state(), dead_letter()]
    apply_list(engine, [Consumed(DEAD_LETTERS, 0, n, b"", value) for n, value in enumerate(settled)], [])
    with engine.connect() as connection:
        assert unreadable.dead_letter_counts(connection) == {"menscentraal": 1}
        assert [row.source for row in unreadable.newest_dead_letters(connection, 5)] == ["menscentraal"]
        assert set(unreadable.last_dead_letters(connection)) == {"menscentraal"}
    again = [dead_letter(attempt=2), dead_letter_state(position="never seen")]
    apply_list(engine, [Consumed(DEAD_LETTERS, 0, n, b"", value) for n, value in enumerate(again, 4)], [])
    with engine.connect() as connection:
        assert unreadable.dead_letter_counts(connection) == {"menscentraal": 1, "zcd": 1}


def test_a_position_of_a_later_epoch_is_another_record(engine: Engine) -> None:
    letters = [dead_letter(attempt=3), dead_letter_state(attempt=3), dead_letter(source_epoch=1, reason="invalid_date")]
    apply_list(engine, [Consumed(DEAD_LETTERS, 0, n, b"", value) for n, value in enumerate(letters)], [])
    with engine.connect() as connection:
        assert unreadable.newest_dead_letters(connection, 1)[0].reason == "invalid_date"


def test_a_dead_letter_may_lie_at_a_position_of_any_length(engine: Engine) -> None:
    position = "registrations.records.v1@7:zcd/" + "Z" * 500
    letters = [dead_letter(position=position, attempt=n) for n in (1, 2)]
    apply_list(engine, [Consumed(DEAD_LETTERS, 0, n, b"hub", value) for n, value in enumerate(letters)], [])
    with engine.connect() as connection:
        assert [row.position for row in unreadable.newest_dead_letters(connection, 2)] == [position]


def test_households_are_found_by_what_their_members_are_called_and_by_dossier(connection: Connection) -> None:
    for ref, person, name in ((ZCD, "p-anna", "Smit"), (MENSCENTRAAL, "p-bob", "Öztürk 100%")):
        home, value = one_dossier(ref, person=person, family_name=name)
        apply_view(connection, home.encode(), value)

    def found(**wanted: str) -> list[str]:
        sought = search(connection, Search(**wanted), COLLEAGUE, limit=10, hidden=5)
        assert sought.hidden == 0
        return [item["dossiers"][0]["source"] for item in sought.households]

    assert found(name="anna SMIT") == ["zcd"]
    assert found(name="öztürk") == found(name="OZT") == found(name="100% ann") == ["menscentraal"]
    assert found(name="%") == found(name="mit") == []
    assert found(birth_date="1990-05-01") == ["zcd", "menscentraal"]
    assert found(birth_date="1990") == []
    assert found(dossier_id="mc-1") == found(person_key="p-bob") == ["menscentraal"]
    assert found(name="anna", dossier_id="MC-1") == ["menscentraal"]
    assert found(name="smit", dossier_id="MC-1") == found() == []
    assert [item["title"] for item in readmodel.page(connection, COLLEAGUE, skip=1, limit=5)] == ["Öztürk 100%"]


def test_a_read_model_of_another_release_is_made_anew(engine: Engine) -> None:
    home, value = one_dossier()
    with engine.begin() as connection:
        apply_view(connection, home.encode(), value)
        connection.execute(tables.meta.update().values(schema_number=tables.SCHEMA - 1))
    database.prepare(engine)
    with engine.connect() as connection:
        assert readmodel.count(connection, COLLEAGUE) == 0


def test_households_are_listed_as_dutch_lists_sort(connection: Connection) -> None:
    for number, (prefix, name) in enumerate([("van der", "Berg"), (None, "Adema"), ("de", "Zwart"), (None, "Cohen")]):
        home, value = one_dossier(ZCD._replace(dossier_id=str(number)), prefix=prefix, family_name=name)
        apply_view(connection, home.encode(), value)
    titles = [item["title"] for item in readmodel.page(connection, COLLEAGUE, skip=0, limit=9)]
    assert titles == ["Adema", "van der Berg", "Cohen", "de Zwart"]
