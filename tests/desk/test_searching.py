"""Search finds by index what a look at every household would find, and nothing by what somebody may not see."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub.desk import readmodel
from hub.desk.access import Actor, Role, grantees_of
from hub.desk.searching import Search, fits, search
from hub.events.ids import household_id
from hub.events.records import RecordType
from tests.desk.conftest import KIM, Desk
from tests.desk.family import family
from tests.desk.test_pages import log_in
from tests.desk.test_secret_addresses import refuge
from tests.desk.test_sight import HOUSEHOLDS, Visit, enter, the_family
from tests.desk.views import (
    COLLEAGUE,
    MENSCENTRAAL,
    ZCD,
    Line,
    address,
    composition,
    dossier,
    entry,
    member,
    one_dossier,
    view,
)

__all__ = ["enter"]
SEARCH = f"{HOUSEHOLDS}/zoekopdrachten"
NAMES = ("Anna", "anna-Maria", "d'Angelo", "Öztürk", "Łukasz", "van der Berg", "Bergman", "IJsbrand", "𐍈 Gothic", "zz")
WORDS = ("an", "ANNA", "dangelo", "ozturk", "lukasz", "berg", "van", "ijs", "𐍈", "zz", "z", "100%", "_", "x" * 50)
DATES = ("1990-05-01", "1988", "2015-09-01")
NO_SHRINK = [phase for phase in Phase if phase is not Phase.shrink]
"""Every example writes a read model: to shrink one would take minutes."""
KEYS = ("a-1", "a-2", "a-3")
STRANGER = COLLEAGUE._replace(grantees=grantees_of(Actor("tom", Role.CASE_DIRECTOR, teams=("Elders",))))


def ids(answer: Any) -> list[str]:
    return [row["household_id"] for row in answer.json()["households"]]


def living_alone(number: int, given: str, family_name: str, born: str, key: str, team: str) -> tuple[str, bytes]:
    """A household of one, of a team."""
    ref, person = ZCD._replace(dossier_id=f"Z-{number}"), f"p-{number}"
    line = member("1", person, given_name=given, family_name=family_name, birth_date=born, address=address(key))
    home = household_id(ref)
    packed = [dossier(ref, [line], team=team)]
    return home, view(home, composition(home, packed, members=[Line(ref, "1", person)]))


@settings(max_examples=30, deadline=None, phases=NO_SHRINK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(st.tuples(*map(st.sampled_from, (NAMES, NAMES, DATES, KEYS, ("Noord", "Zuid")))), max_size=8),
    name=st.none() | st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
    born=st.none() | st.sampled_from(DATES),
    lives=st.none() | st.sampled_from(KEYS),
)
def test_the_index_finds_what_a_look_at_every_household_finds(
    people: list[tuple[str, ...]], name: str | None, born: str | None, lives: str | None, desk: Desk
) -> None:
    with desk.engine.begin() as connection:
        readmodel.wipe(connection)
    for number, stated in enumerate(people):
        desk.show(living_alone(number, *stated))
    wanted = Search(name=name, birth_date=born, address_key=lives)
    with desk.engine.connect() as connection:
        documents = list(readmodel.every(connection))
        found = search(connection, wanted, COLLEAGUE, limit=50, hidden=3)
    fitting = [item for item in documents if fits(item, wanted)]
    own = {item["household_id"] for item in fitting if item["dossiers"][0]["team"] == "Noord"}
    assert {item["household_id"] for item in found.households} == own
    tells_where = lives is not None and bool(name or born)
    assert found.hidden == (0 if tells_where else min(3, len(fitting) - len(own)))


def test_who_does_not_live_there_makes_no_household_one_that_fits_the_address(desk: Desk) -> None:
    """Nobody is told that a family names somebody, because she once lived, or lives, where he looks."""
    lines = [
        member("1", "p-mum", address=address("a-1")),
        member("2", "p-gran", address=address("a-2")),
        member("3", "p-ex", address=address("a-3")),
    ]
    home = household_id(ZCD)
    packed = composition(
        home,
        [dossier(ZCD, lines)],
        members=[Line(ZCD, "1", "p-mum")],
        references=[Line(ZCD, "2", "p-gran")],
        history=[Line(ZCD, "3", "p-ex")],
    )
    desk.show((home, view(home, packed)))
    with desk.engine.connect() as connection:

        def hidden(**wanted: str) -> int:
            found = search(connection, Search(**wanted), STRANGER, limit=50, hidden=3)
            return len(found.households) + found.hidden

        assert [hidden(address_key=key) for key in KEYS] == [1, 0, 0]
        assert hidden(person_key="p-mum") == hidden(person_key="p-mum", dossier_id=ZCD.dossier_id) == 1
        assert hidden(person_key="p-mum", dossier_id="Z-other") == 0


@pytest.mark.parametrize(
    "wanted", [{"postcode": "here", "house_number": 1}, {"postcode": "1234 AB"}, {"house_number": 1}]
)
def test_half_an_address_is_a_400(wanted: dict[str, object], director: TestClient) -> None:
    assert director.post(SEARCH, json=wanted).status_code == 400


LIVES = {"postcode": "1234 ab", "house_number": 7}


def moved_in(**changed: Any) -> tuple[str, bytes]:
    """Somebody at the address of LIVES."""
    return one_dossier(address=address("a-1"), **changed)


def test_a_household_is_found_by_its_address(desk: Desk, director: TestClient, nobody: TestClient) -> None:
    home = desk.show(moved_in(person="p-1", ref=MENSCENTRAAL._replace(dossier_id="MC-9")))
    desk.show(family())
    desk.address = "a-1"
    assert ids(director.post(SEARCH, json=LIVES)) == [home]
    assert ids(director.post(SEARCH, json=LIVES | {"name": "smit"})) == [home]
    assert ids(director.post(SEARCH, json=LIVES | {"name": "noor"})) == []
    browser = log_in(nobody, KIM)
    assert home in browser.post("/zoeken", data={key: str(value) for key, value in LIVES.items()}).text
    assert browser.post("/zoeken", data={"postcode": "1234AB"}).status_code == 400


def test_an_address_that_one_may_not_see_finds_nothing(desk: Desk, enter: Visit) -> None:
    """The adult dossier alone states a-new; the youth worker sees that it is there, not what it says."""
    home = desk.show(the_family())
    asked = {"postcode": "1234AB", "house_number": 1}
    desk.address = "a-new"
    assert ids(enter("adult").post(SEARCH, json=asked)) == [home]
    youth = enter("youth").post(SEARCH, json=asked).json()
    assert (youth["households"], youth["hidden"]) == ([], 0)
    assert enter("stranger").post(SEARCH, json=asked).json()["hidden"] == 1


def test_nobody_is_told_whether_a_stranger_lives_at_an_address(desk: Desk, enter: Visit) -> None:
    desk.show(moved_in(person="p-1"))
    desk.address = "a-1"
    stranger = enter("stranger")
    assert stranger.post(SEARCH, json={"name": "smit"}).json()["hidden"] == 1
    for known in ({"name": "smit"}, {"dossier_number": "Z-1"}):
        assert stranger.post(SEARCH, json=LIVES | known).json()["hidden"] == 0


def test_a_secret_address_is_found_only_by_who_may_see_it_and_that_is_logged(
    desk: Desk, director: TestClient, enter: Visit
) -> None:
    alarm = {"kind": "x", "raised_by": "x", "severity": "high", "child_safety": True, "raised_on": date(2026, 2, 1)}
    home = desk.show(refuge(entries=[entry(ZCD, RecordType.SIGNAL, "s", alarm)]))
    for key in ("a-here", "a-old"):
        desk.address = key
        asked = {"postcode": "1234AB", "house_number": 1}
        for client in (director, enter("stranger")):
            answer = client.post(SEARCH, json=asked).json()
            assert (answer["households"], answer["hidden"]) == ([], 0)
        # of the adult dossier, which alone says a-old, the safety officer sees no content
        assert ids(enter("safety").post(SEARCH, json=asked)) == ([home] if key == "a-here" else [])
    assert [look["user"] for look in desk.operations() if look["action"] == "see_secret_address"] == ["sofie"]
    assert ids(director.post(SEARCH, json={"name": "anna"})) == [home]
