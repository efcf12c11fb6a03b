from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from hub.desk import access, candidates, models, readmodel, tables
from hub.desk.matching.blocking import LARGEST
from hub.events.decisions import Kind
from hub.events.ids import household_id
from hub.household.rulings import Effect
from tests.desk.conftest import DIRECTOR, OPERATOR, Desk
from tests.desk.decisions import named, packed
from tests.desk.test_pages import log_in, plain
from tests.desk.views import MENSCENTRAAL, ZCD, Line, address, composition, dossier, gone, member, one_dossier, view

LIST = "/api/v1/huishoudens"
UNCONFIRMED: dict[str, Any] = {"confirmed": False, "unconfirmed_reason": "bsn_missing"}
MIA: dict[str, Any] = {"given_name": "Mia", "prefix": "van der", "family_name": "Meer", "birth_date": "1950-03-04"}


@pytest.fixture
def mia(desk: Desk) -> str:
    """The household where Mia has a BSN."""
    return desk.show(one_dossier(MENSCENTRAAL, person="p-mia", **MIA))


@pytest.fixture
def someone(desk: Desk) -> str:
    """The household where somebody like Mia has none."""
    written: dict[str, Any] = MIA | {"given_name": "M.", "prefix": None, "birth_date": "1950-04-03"}
    return desk.show(one_dossier(ZCD, person="u-mia", **written, **UNCONFIRMED))


def pairs(client: TestClient, home: str) -> list[dict[str, Any]]:
    answer = client.get(f"{LIST}/{home}/kandidaten")
    assert answer.status_code == 200
    models.Candidates.model_validate_json(answer.content)
    found: list[dict[str, Any]] = answer.json()["candidates"]
    return found


def found_in(desk: Desk, home: str) -> list[tuple[str, str]]:
    """Person keys of the pairs, by the read model alone."""
    with desk.engine.connect() as connection:
        document = readmodel.load(connection, home)
        assert document is not None
        found = candidates.find(connection, document, desk.site.open_address)
    return [(item.one.person["person_key"], item.other.person["person_key"]) for item in found]


def test_a_pair_is_seen_from_both_households(desk: Desk, mia: str, someone: str) -> None:
    assert found_in(desk, someone) == [("u-mia", "p-mia")]
    assert found_in(desk, mia) == [("p-mia", "u-mia")]


def test_a_candidate_carries_both_member_lines_and_its_evidence_in_words(
    mia: str, someone: str, director: TestClient
) -> None:
    (pair,) = pairs(director, someone)
    assert pair["one"]["lines"] == [
        {"source": "zcd", "dossier_id": "Z-1", "line": "1", "person_key": "u-mia", "confirmed": False}
    ]
    assert pair["other"]["lines"] == [
        {"source": "menscentraal", "dossier_id": "MC-1", "line": "1", "person_key": "p-mia", "confirmed": True}
    ]
    assert (pair["other"]["household_id"], pair["other"]["place"], pair["other"]["name"]) == (
        mia,
        "members",
        "Mia van der Meer",
    )
    assert {item["code"]: item["text"]["nl"] for item in pair["evidence"]} == {
        "address_same": "Zelfde adres",
        "birth_swapped": "Dag en maand van geboorte verwisseld: 3 apr 1950 / 4 mrt 1950",
        "family_prefix": "Achternaam lijkt: Meer / van der Meer",
        "given_initial": "Voorletter past: M. / Mia",
        "gender_same": "Zelfde geslacht",
    }
    assert sum(item["weight"] for item in pair["evidence"]) == pytest.approx(pair["score"], abs=0.05)
    assert pair["strength"] == "strong"


def test_two_persons_with_a_bsn_are_never_a_pair(desk: Desk, mia: str) -> None:
    twin = desk.show(one_dossier(ZCD, person="p-other", **MIA))
    assert found_in(desk, twin) == found_in(desk, mia) == []


def test_two_without_a_bsn_are_a_pair(desk: Desk, someone: str) -> None:
    other = desk.show(one_dossier(MENSCENTRAAL, person="u-other", **MIA, **UNCONFIRMED))
    assert found_in(desk, other) == [("u-other", "u-mia")]


def test_who_has_little_in_common_is_no_candidate(desk: Desk, mia: str) -> None:
    changed: dict[str, Any] = {"given_name": "Kees", "family_name": "Bos", "birth_date": "1950-03-04", "gender": "male"}
    stranger = desk.show(one_dossier(ZCD, person="u-kees", **changed, **UNCONFIRMED, address=address("a-far")))
    assert found_in(desk, stranger) == []


def test_members_of_one_household_can_be_a_pair(desk: Desk) -> None:
    """The mother is known by number in one dossier and without it in the other; the child joins both."""
    child: dict[str, Any] = {"role": "child", "given_name": "Noor", "birth_date": "2015-09-01"}
    packed = [
        dossier(ZCD, [member("1", "p-noor", **child, is_client=True), member("2", "p-mia", **MIA, role="mother")]),
        dossier(MENSCENTRAAL, [member("1", "u-mia", **MIA, **UNCONFIRMED), member("2", "p-noor", **child)]),
    ]
    lines = [Line(ZCD, "1", "p-noor"), Line(ZCD, "2", "p-mia"), Line(MENSCENTRAAL, "1", "u-mia")]
    home = household_id(ZCD)
    desk.show((home, view(home, composition(home, packed, members=[*lines, Line(MENSCENTRAAL, "2", "p-noor")]))))
    assert found_in(desk, home) == [("p-mia", "u-mia")]


def test_of_a_person_whom_two_households_name_the_one_where_he_lives_is_shown(desk: Desk, someone: str) -> None:
    lives = ZCD._replace(dossier_id="Z-2")
    named = MENSCENTRAAL._replace(dossier_id="MC-2")
    packed = dossier(named, [member("1", "p-ed", given_name="Ed"), member("2", "p-mia", role="mother", **MIA)])
    home = household_id(named)
    references = [Line(named, "2", "p-mia")]
    whole = composition(home, [packed], members=[Line(named, "1", "p-ed")], references=references)
    desk.show((home, view(home, whole)))
    desk.show(one_dossier(lives, person="p-mia", **MIA))
    with desk.engine.connect() as connection:
        document = readmodel.load(connection, someone)
        assert document is not None
        (pair,) = candidates.find(connection, document, desk.site.open_address)
    assert (pair.other.place, pair.other.household["household_id"]) == ("members", household_id(lives))


def test_on_whom_somebody_has_decided_is_not_shown_again_by_another_household_that_names_him(desk: Desk) -> None:
    lives, named_in = MENSCENTRAAL, MENSCENTRAAL._replace(dossier_id="MC-2")
    two = packed(
        Kind.DIFFERENT_PERSON,
        named(ZCD, "1", "u-mia", confirmed=False),
        named(lives, "1", "p-mia"),
        doubted=named(ZCD, "1", "u-mia", confirmed=False),
    )
    someone = desk.show(one_dossier(ZCD, person="u-mia", **MIA, **UNCONFIRMED, decisions=[(Effect.APPLIED, two)]))
    desk.show(one_dossier(lives, person="p-mia", **MIA, decisions=[(Effect.APPLIED, two)]))
    whole = dossier(named_in, [member("1", "p-ed", given_name="Ed"), member("2", "p-mia", role="mother", **MIA)])
    home, references = household_id(named_in), [Line(named_in, "2", "p-mia")]
    desk.show(
        (home, view(home, composition(home, [whole], members=[Line(named_in, "1", "p-ed")], references=references)))
    )
    assert found_in(desk, someone) == []


def test_on_whom_somebody_has_decided_is_not_shown_again_under_another_line_number(desk: Desk) -> None:
    """The source numbers its lines anew; the decision is about the person who has the number."""
    unknown = named(ZCD, "1", "u-mia", confirmed=False)
    two = packed(Kind.DIFFERENT_PERSON, unknown, named(MENSCENTRAAL, "1", "p-mia"), doubted=unknown)
    someone = desk.show(one_dossier(ZCD, person="u-mia", **MIA, **UNCONFIRMED, decisions=[(Effect.APPLIED, two)]))
    home, ed = household_id(MENSCENTRAAL), member("1", "p-ed", given_name="Ed")
    renumbered = dossier(MENSCENTRAAL, [ed, member("2", "p-mia", role="mother", **MIA)])
    lines = [Line(MENSCENTRAAL, "1", "p-ed"), Line(MENSCENTRAAL, "2", "p-mia")]
    desk.show((home, view(home, composition(home, [renumbered], members=lines, decisions=[(Effect.APPLIED, two)]))))
    assert found_in(desk, someone) == found_in(desk, home) == []


def test_at_most_five_are_shown_and_a_key_that_fits_a_crowd_finds_nobody(desk: Desk, someone: str) -> None:
    def show(number: int) -> None:
        ref = MENSCENTRAAL._replace(dossier_id=f"MC-{number}")
        desk.show(one_dossier(ref, person=f"p-{number:03}", **MIA))

    for number in range(9):
        show(number)
    assert len(found_in(desk, someone)) == candidates.PER_PERSON
    for number in range(9, LARGEST + 1):
        show(number)
    assert found_in(desk, someone) == []


def test_a_household_that_is_gone_leaves_no_key(desk: Desk, mia: str, someone: str) -> None:
    desk.show((mia, gone(mia, label=2)))
    assert found_in(desk, someone) == []
    with desk.engine.connect() as connection:
        left = connection.execute(tables.blocking_keys.select()).all()
    assert {row.household_id for row in left} == {someone}


def test_an_index_that_is_older_than_the_documents_shows_nothing_wrong(desk: Desk, mia: str, someone: str) -> None:
    """As between the statements of a read while the projector writes."""
    with desk.engine.begin() as connection:
        keys = tables.blocking_keys
        row = connection.execute(keys.select().where(keys.c.household_id == mia)).first()
        assert row is not None
        connection.execute(keys.insert().values(household_id=mia, person=7, key=row.key, confirmed=False))
        connection.execute(keys.update().where(keys.c.household_id == someone).values(confirmed=True))
        connection.execute(keys.insert().values(household_id="H-gone", person=0, key=row.key, confirmed=False))
    assert found_in(desk, someone) == [("u-mia", "p-mia")]


def test_candidates_are_found_by_index_and_not_by_reading_everybody(desk: Desk, mia: str, someone: str) -> None:
    asked: list[tuple[str, Any]] = []
    with desk.engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        document = readmodel.load(connection, someone)
        assert document is not None
        candidates.find(connection, document, desk.site.open_address)
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all() for sql, values in list(asked)]
    steps = [str(row[3]) for plan in plans for row in plan]
    assert any("blocking_keys_by_key" in step for step in steps)
    assert not any(step.startswith(("SCAN blocking_keys", "SCAN households")) for step in steps), steps


@pytest.mark.parametrize(
    ("sealed", "expected"),
    [
        ("Putselaan 12 A, 3074JB Rotterdam", ("Putselaan", "12", "A", "3074JB", "Rotterdam")),
        ("Plein 1940 7, 3011 AA Rotterdam", ("Plein 1940", "7", None, "3011 AA", "Rotterdam")),
        ("7, 3011AA", ("", "7", None, "3011AA", "")),
        ("onbekend", (None,) * 5),
        (None, (None,) * 5),
    ],
)
def test_an_opened_address_is_read_in_parts(desk: Desk, mia: str, sealed: str | None, expected: tuple[object]) -> None:
    with desk.engine.connect() as connection:
        document = readmodel.load(connection, mia)
    assert document is not None
    (found,) = candidates.record(document["members"][0], lambda _: sealed).addresses
    assert found.key == "a-here"
    assert tuple(found)[1:] == expected


def test_every_person_shown_is_in_the_log_of_looks(desk: Desk, mia: str, someone: str, director: TestClient) -> None:
    pairs(director, someone)
    (look,) = desk.operations()
    assert (look["action"], look["household_id"], look["allowed"]) == ("read_candidates", someone, True)
    assert (look["dossiers"], look["persons"]) == (["menscentraal/MC-1", "zcd/Z-1"], 2)
    assert "Mia" not in desk.looks_path.read_text()


def test_a_candidate_of_a_household_that_may_not_be_read_is_only_counted(
    desk: Desk, mia: str, someone: str, visit: Callable[[str | None], TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_mias(actor: Any, action: Any, household: access.Household | None = None) -> access.Decision:
        if household is not None and household.household_id == mia:
            return access.Decision(False, "not_involved")
        return access.may(actor, action, household)

    monkeypatch.setattr("hub.desk.reading.may", not_mias)
    answer = visit(DIRECTOR).get(f"{LIST}/{someone}/kandidaten")
    assert answer.json() == {"household_id": someone, "candidates": [], "withheld": 1}
    assert "menscentraal" not in desk.looks_path.read_text()
    shown = plain(log_in(visit(None), DIRECTOR).get(f"/huishoudens/{someone}/kandidaten").text)
    assert "1 mogelijke personen in huishoudens die u niet mag inzien." in shown
    assert "Mia" not in shown


def test_whoever_may_not_read_the_household_learns_nothing(
    desk: Desk, mia: str, someone: str, operator: TestClient, nobody: TestClient
) -> None:
    assert operator.get(f"{LIST}/{someone}/kandidaten").status_code == 403
    assert operator.get(f"{LIST}/unknown/kandidaten").status_code == 403
    assert nobody.get(f"{LIST}/{someone}/kandidaten").status_code == 401
    assert log_in(nobody, OPERATOR).get(f"/huishoudens/{someone}/kandidaten").status_code == 403
    looks = desk.operations()
    assert [look["action"] for look in looks if look["allowed"]] == ["enter"]
    assert not any("menscentraal/MC-1" in look["dossiers"] for look in looks)


def test_a_look_that_cannot_be_logged_shows_nobody(desk: Desk, mia: str, someone: str, director: TestClient) -> None:
    desk.looks_path.mkdir()
    answer = director.get(f"{LIST}/{someone}/kandidaten")
    assert (answer.status_code, "Mia" in answer.text) == (503, False)


def test_the_page_says_who_may_be_the_same_and_why(
    desk: Desk, mia: str, someone: str, visit: Callable[[str | None], TestClient]
) -> None:
    browser = log_in(visit(None), DIRECTOR)
    shown = plain(browser.get(f"/huishoudens/{someone}/kandidaten").text)
    for words in (
        "Mogelijk dezelfde persoon",
        "een mens beslist",
        "⇄ Mia van der Meer 4 mrt 1950 MensCentraal (volwassenen) MC-1,",
        "sterk",
        "ander huishouden , woont hier",
        "Daarvoor spreekt: Zelfde adres; ",
        "Achternaam lijkt: Meer / van der Meer",
        "Dag en maand van geboorte verwisseld: 3 apr 1950 / 4 mrt 1950",
    ):
        assert words in shown, words
    english = plain(browser.get(f"/huishoudens/{someone}/kandidaten?taal=en").text)
    assert "Day and month of birth swapped: 3 Apr 1950 / 4 Mar 1950" in english


def test_the_page_says_so_when_there_is_nobody(mia: str, visit: Callable[[str | None], TestClient]) -> None:
    shown = plain(log_in(visit(None), DIRECTOR).get(f"/huishoudens/{mia}/kandidaten").text)
    assert "Er is niemand gevonden die dezelfde persoon kan zijn." in shown
