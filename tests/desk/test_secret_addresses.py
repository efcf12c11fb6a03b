"""Where somebody is in hiding is told to nobody but the role that may see it, on every way out of the desk."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

import orjson
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from hub.desk import digest, readmodel
from hub.desk.digest import Secrets
from hub.events.codec import decode
from hub.household.document import build
from hub.household.document_shape import Document, SealedAddress
from tests.desk.conftest import DIRECTOR, OFFICER, Desk
from tests.desk.family import family
from tests.desk.test_pages import log_in
from tests.desk.views import MENSCENTRAAL, ZCD, Line, address, at, composition, dossier, member, one_dossier, view

LIST = "/api/v1/huishoudens"
HERE = "Straat 1 (a-here)"
SECRET = "afgeschermd: geheim adres"
FATHER = ZCD._replace(dossier_id="Z-9")


def refuge(*, mother_secret: bool | None = True, label: int = 1, entries: Sequence[object] = ()) -> tuple[str, bytes]:
    """A mother and a child at a-here; the child is not said to be in hiding; another dossier says a-old of the mother;
    the father lives at a-far."""
    mother = {"role": "mother", "given_name": "Anna", "is_client": False}
    in_zcd = [
        member("1", "p-noor", role="youth", given_name="Noor", is_client=True),
        member("2", "p-anna", **mother, address_secret=mother_secret),
        member("3", "p-bas", role="father", lives_here=False, address=address("a-far")),
    ]
    in_menscentraal = [member("1", "p-anna", address=address("a-old"), stated_at=at(-9), address_secret=False)]
    packed = [dossier(ZCD, in_zcd), dossier(MENSCENTRAAL, in_menscentraal, address=address("a-here"))]
    members = [Line(ZCD, "1", "p-noor"), Line(ZCD, "2", "p-anna"), Line(MENSCENTRAAL, "1", "p-anna")]
    whole = composition(
        "H-refuge",
        packed,
        label=label,
        members=members,
        references=[Line(ZCD, "3", "p-bas")],
        conflicts=[Line(MENSCENTRAAL, "1", "p-anna")],
    )
    return "H-refuge", view("H-refuge", whole, label=label, entries=entries)


def fathers_home(child: str = "p-noor", at_address: str = "a-here") -> tuple[str, bytes]:
    """The father's own dossier, which names a child that lives elsewhere."""
    lines = [
        member("1", "p-bas", given_name="Bas"),
        member("2", child, role="child", is_client=False, lives_here=False, address=address(at_address)),
    ]
    packed = [dossier(FATHER, lines, address=address("a-far"))]
    whole = composition("H-father", packed, members=[Line(FATHER, "1", "p-bas")], references=[Line(FATHER, "2", child)])
    return "H-father", view("H-father", whole)


def addresses_of(person: str, body: dict[str, Any]) -> list[Any]:
    (found,) = [item for name in ("members", "references") for item in body[name] if item["person_key"] == person]
    return [stated["value"] for stated in found["fields"]["address"]["values"]]


WITHHELD = {"key": None, "text": None, "withheld": True}


def test_an_address_that_one_source_calls_secret_is_withheld_wherever_it_is_stated(
    desk: Desk, director: TestClient
) -> None:
    answer = director.get(f"{LIST}/{desk.show(refuge())}")
    body = answer.json()
    assert not any(word in answer.text for word in ("a-here", "a-old", "Straat 1 (a-old)"))
    assert addresses_of("p-anna", body) == [WITHHELD, WITHHELD]
    assert addresses_of("p-noor", body) == [WITHHELD]
    assert [item["address"] for item in body["dossiers"]] == [WITHHELD, WITHHELD]
    assert addresses_of("p-bas", body) == [{"key": "a-far", "text": "Straat 1 (a-far)", "withheld": False}]
    assert [item["address_secret"] for item in body["members"]] == [True, False]


def test_the_household_is_derived_from_it_all_the_same(desk: Desk, director: TestClient) -> None:
    body = director.get(f"{LIST}/{desk.show(refuge())}").json()
    assert [item["person_key"] for item in body["members"]] == ["p-anna", "p-noor"]
    assert {"kind": "field", "field": "address", "person_key": "p-anna"} in body["conflicts"]


@pytest.mark.parametrize("path", ["", "/inzagen"])
def test_no_page_shows_it(path: str, desk: Desk, nobody: TestClient) -> None:
    home = desk.show(refuge())
    page = log_in(nobody, DIRECTOR).get(f"/huishoudens/{home}{path}").text
    assert not any(word in page for word in ("a-here", "a-old"))
    assert path or (SECRET in page and "Adres geheim" in page and "Straat 1 (a-far)" in page)


def test_the_sentence_of_a_conflict_does_not_tell_it(desk: Desk, nobody: TestClient) -> None:
    page = log_in(nobody, DIRECTOR).get(f"/huishoudens/{desk.show(refuge())}").text
    assert f"Van Anna Smit verschilt het adres tussen de bronnen: “{SECRET}” volgens ZCD" in page


def test_who_may_see_it_sees_it_and_that_look_is_logged(desk: Desk, officer: TestClient) -> None:
    home = desk.show(refuge())
    body = officer.get(f"{LIST}/{home}").json()
    assert [value["text"] for value in addresses_of("p-anna", body)] == [HERE, "Straat 1 (a-old)"]
    assert body["dossiers"][0]["address"]["text"] == HERE
    looks = desk.operations()
    assert [(look["action"], look["user"], look["allowed"]) for look in looks] == [
        ("read_household", "sofie", True),
        ("see_secret_address", "sofie", True),
    ]
    assert "a-here" not in desk.looks_path.read_text()


def test_a_look_at_what_is_not_secret_is_no_look_at_a_secret(desk: Desk, officer: TestClient) -> None:
    for part in ("", "/tijdlijn", "/betrokkenen", "/inzagen"):
        officer.get(f"{LIST}/{desk.show(family())}{part}")
        officer.get(f"{LIST}/{desk.show(refuge())}{part}") if part else None
    assert "see_secret_address" not in desk.looks_path.read_text()


def test_the_officer_sees_it_on_the_page_too(desk: Desk, nobody: TestClient) -> None:
    page = log_in(nobody, OFFICER).get(f"/huishoudens/{desk.show(refuge())}")
    assert HERE in page.text
    assert SECRET not in page.text


def test_if_the_look_cannot_be_logged_the_secret_is_not_shown(desk: Desk, officer: TestClient) -> None:
    home = desk.show(refuge())
    desk.looks_path.mkdir()
    answer = officer.get(f"{LIST}/{home}")
    assert answer.status_code == 503
    assert "a-here" not in answer.text


def test_what_is_secret_in_one_household_is_secret_in_another(desk: Desk, director: TestClient) -> None:
    """The father's dossier says where the child lives, and so would tell where the mother is."""
    father = desk.show(fathers_home())
    assert HERE in director.get(f"{LIST}/{father}").text
    desk.show(refuge())
    body = director.get(f"{LIST}/{father}").json()
    assert addresses_of("p-noor", body) == [WITHHELD]
    assert addresses_of("p-bas", body)[0]["text"] == "Straat 1 (a-far)"


def test_a_person_in_hiding_has_no_address_in_any_household(desk: Desk, director: TestClient) -> None:
    """Not even one that only this household's dossier states."""
    father = desk.show(fathers_home("p-anna", "a-new"))
    desk.show(refuge())
    assert addresses_of("p-anna", director.get(f"{LIST}/{father}").json()) == [WITHHELD]


def test_the_address_of_a_dossier_is_withheld_with_its_client_even_if_his_line_says_another(
    desk: Desk, director: TestClient
) -> None:
    lines = [
        member("1", "p-anna", address=address("a-other"), address_secret=True),
        member("2", "p-noor", role="child", is_client=False),
    ]
    members = [Line(MENSCENTRAAL, "1", "p-anna"), Line(MENSCENTRAAL, "2", "p-noor")]
    whole = composition("H1", [dossier(MENSCENTRAAL, lines, address=address("a-here"))], members=members)
    answer = director.get(f"{LIST}/{desk.show(('H1', view('H1', whole)))}")
    assert answer.json()["dossiers"][0]["address"] == WITHHELD
    assert "a-here" not in answer.text
    assert "a-other" not in answer.text


def grandmothers_home(at_address: str = "a-here", label: int = 1) -> tuple[str, bytes]:
    """Beside her own dossier one in which nobody lives with her: it is about the child."""
    own, about_child = FATHER._replace(dossier_id="Z-7"), FATHER._replace(dossier_id="Z-8")
    child = member("1", "p-noor", lives_here=False, address=address("a-far"))
    packed = [
        dossier(own, [member("1", "p-oma", given_name="Oma")], address=address("a-oma")),
        dossier(about_child, [child], address=address(at_address)),
    ]
    members, references = [Line(own, "1", "p-oma")], [Line(about_child, "1", "p-noor")]
    whole = composition("H-oma", packed, label=label, members=members, references=references)
    return "H-oma", view("H-oma", whole, label=label)


def test_the_address_of_a_dossier_that_names_no_member_is_withheld_too(desk: Desk, director: TestClient) -> None:
    home = desk.show(grandmothers_home())
    assert HERE in director.get(f"{LIST}/{home}").text
    desk.show(refuge())
    assert "a-here" not in director.get(f"{LIST}/{home}").text


def test_when_such_a_dossier_moves_there_its_address_is_withheld_from_then_on(desk: Desk, director: TestClient) -> None:
    desk.show(refuge())
    home = desk.show(grandmothers_home("a-new"))
    assert "Straat 1 (a-new)" in director.get(f"{LIST}/{home}").text
    desk.show(grandmothers_home(label=2))
    assert "a-here" not in director.get(f"{LIST}/{home}").text


def test_what_is_read_with_a_household_is_secret_as_it_is_asked_for_by_itself(desk: Desk) -> None:
    homes = [desk.show(item) for item in (refuge(), fathers_home(), grandmothers_home(), family())]
    with desk.site.reading.connect() as connection:
        for home in homes:
            found = readmodel.held(connection, home)
            assert found is not None
            document, secrets, _ = found
            persons = {person["person_key"] for person in digest.persons(document)}
            assert document == readmodel.load(connection, home)
            assert secrets == readmodel.secrets_in(connection, persons, digest.address_keys(document))
        assert readmodel.held(connection, "H-nowhere") is None


@pytest.mark.parametrize("shown_first", ["refuge", "father"])
def test_the_order_of_arrival_changes_nothing(shown_first: str, desk: Desk, director: TestClient) -> None:
    both = [refuge(), fathers_home()]
    for item in both if shown_first == "refuge" else both[::-1]:
        desk.show(item)
    assert "a-here" not in director.get(f"{LIST}/H-father").text


def test_when_no_source_says_so_any_more_it_is_shown_again(desk: Desk, director: TestClient) -> None:
    home = desk.show(refuge())
    desk.show(refuge(mother_secret=None, label=2))
    assert director.get(f"{LIST}/{home}").json()["dossiers"][0]["address"]["text"] == HERE


def test_somebody_in_hiding_of_whom_no_address_is_known_is_still_withheld_elsewhere(
    desk: Desk, director: TestClient
) -> None:
    desk.show(one_dossier(person="p-anna", address_unknown=True, address_secret=True))
    desk.show(fathers_home("p-anna"))
    assert addresses_of("p-anna", director.get(f"{LIST}/H-father").json()) == [WITHHELD]


@pytest.mark.parametrize("who", [DIRECTOR, OFFICER])
def test_lists_and_searches_show_no_address_to_anybody(
    who: str, desk: Desk, visit: Callable[[str | None], TestClient]
) -> None:
    home, client = desk.show(refuge()), visit(who)
    answers = [
        client.get(LIST),
        client.post(f"{LIST}/zoekopdrachten", json={"name": "Anna"}),
        client.get(f"{LIST}/{home}/tijdlijn"),
        client.get(f"{LIST}/{home}/betrokkenen"),
        client.get(f"{LIST}/{home}/inzagen"),
    ]
    browser = log_in(visit(None), who)
    answers += [browser.get("/huishoudens?wie=all"), browser.post("/zoeken", data={"name": "Anna"})]
    assert [answer.status_code for answer in answers] == [200] * 7
    assert not any(word in answer.text for answer in answers for word in ("a-here", "a-old", "a-far", "Straat"))


def test_operations_see_none_of_it(desk: Desk, operator: TestClient) -> None:
    assert operator.get(f"{LIST}/{desk.show(refuge())}").status_code == 403


def test_the_page_of_the_officer_leads_to_no_part_that_is_not_on_it(
    desk: Desk, visit: Callable[[str | None], TestClient]
) -> None:
    text = log_in(visit(None), OFFICER).get(f"/huishoudens/{desk.show(refuge())}").text
    assert [part for part in re.findall(r'href="#([^"]+)"', text) if f'id="{part}"' not in text] == []


def test_the_officer_may_not_see_what_operations_see(officer: TestClient) -> None:
    assert officer.get("/api/v1/bronnen").status_code == 403


KEYS = ("a-here", "a-old", "a-far", "a-there", "a-new")
PERSONS = ("p-anna", "p-noor", "p-bas", "p-tom", "u-oma")


@given(
    st.sampled_from([refuge(), fathers_home(), family()]),
    st.frozensets(st.sampled_from(PERSONS)),
    st.frozensets(st.sampled_from(KEYS)),
)
def test_nothing_secret_is_left_and_nothing_else_is_gone(
    shown: tuple[str, bytes], persons: frozenset[str], keys: frozenset[str]
) -> None:
    document = cast(Document, build(decode(shown[1]).value))
    before = copy.deepcopy(document)
    after = digest.withheld(document, Secrets(persons, keys))
    assert document == before
    assert not digest.address_keys(after) & keys
    for person, known in zip(digest.persons(after), digest.persons(before), strict=True):
        for stated, value in zip(
            person["fields"]["address"]["values"], known["fields"]["address"]["values"], strict=True
        ):
            address_key = cast(SealedAddress, value["value"])["key"]
            hidden = person["person_key"] in persons or address_key in keys
            assert stated["value"] == (digest.WITHHELD if hidden else value["value"])
    opened = orjson.dumps(digest.opened(after, lambda sealed: f"open {sealed}")).decode()
    assert not any(f'"{key}"' in opened for key in keys)
