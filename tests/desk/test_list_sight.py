"""What the list of households tells by how it is narrowed, counted and sorted: no more than its lines do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from hub.desk import database, readmodel
from hub.desk.access import Action, Actor, Ground, Household, Opening, Role, cut, grantees_of, known_of, may
from hub.desk.access.reach import moment_text
from hub.desk.access.roles import Replaced
from hub.desk.caseload.case import Case, case_of
from hub.desk.caseload.query import Wanted, find, mine
from hub.desk.caseload.writing import Attending
from hub.desk.insight import Insight, Whole
from hub.desk.projector import apply_view
from hub.desk.reading import Reading
from hub.desk.readmodel import Asker
from hub.desk.tokens import Tokens
from hub.events.decisions import Kind
from hub.events.ids import DossierRef, household_id, ref_of
from hub.events.records import RecordType
from hub.household.attention.terms import Terms
from hub.household.document_shape import Document
from tests.desk.conftest import NOW, AppOf, Desk
from tests.desk.decisions import direction_entry, opening_entry
from tests.desk.family import direction, involvement
from tests.desk.test_pages import log_in, plain
from tests.desk.test_requests import request as asked_for
from tests.desk.views import Line, composition, dossier, entry, member, view

pytestmark = pytest.mark.desk
TEAMS: Final = ("Noord", "Zuid")
ONE_WAY: Final = [
    *(Actor("t", Role.TEAM_MEMBER, unit=unit, teams=(team,)) for unit in ("youth", "adult") for team in TEAMS),
    *(Actor("s", Role.CASE_DIRECTOR, unit=unit, staff="201") for unit in ("youth", "adult", "")),
    *(Actor("dirk", Role.CASE_DIRECTOR, unit=unit) for unit in ("youth", "adult")),
    Actor("dee", Role.CASE_DIRECTOR, unit="youth", replaces=(Replaced("noord", "201"),)),
    Actor("sofie", Role.SAFETY_OFFICER),
]
"""Readers who find households in one way alone: for them the order is exactly that of the lines."""
MANY_WAYS: Final = [
    Actor("dirk", Role.CASE_DIRECTOR, unit="youth", teams=("Noord",), staff="201"),
    Actor("dirk", Role.TEAM_LEADER, unit="adult", teams=TEAMS, replaces=(Replaced("zuid", "201"),)),
    Actor("stef", Role.TEAM_MEMBER, unit="adult", teams=("Zuid",)),
]
SIGNAL = {"kind": "verzuim", "raised_by": "school", "severity": "high", "child_safety": True}
Shown = dict[str, Case]
Visit = Callable[[str], TestClient]


def signal(ref: DossierRef) -> dict[str, Any]:
    return entry(ref, RecordType.SIGNAL, "s", SIGNAL | {"raised_on": date(2026, 2, 10)})


def records(draw: st.DrawFn, ref: DossierRef) -> list[dict[str, Any]]:
    """Some of what rules say something of, and of what ties a reader to a dossier."""
    goal = {"life_domain": "finance", "wording": "w", "owner": "A", "status": "open", "evaluation_on": date(2026, 1, 9)}
    found = [
        signal(ref),
        entry(ref, RecordType.GOAL, "g", goal),
        asked_for(ref, 1, submitted_on=draw(st.sampled_from([date(2026, 2, 23), date(2025, 9, 1)]))),
        entry(ref, RecordType.INVOLVEMENT, "i", involvement("X", staff="201", to_on=draw(_ENDS))),
        entry(ref, RecordType.CASE_DIRECTION, "d", direction("Y", staff="201", to_on=draw(_ENDS))),
        direction_entry("Dirk", user="dirk", **ref._asdict()),
        opening_entry(Kind.EMERGENCY, **ref._asdict()),
    ]
    if draw(st.integers(0, 5)) == 0:
        found.append(opening_entry(Kind.CONSENT, **ref._asdict(), unit=draw(_UNITS)))
    return [item for item in found if draw(st.booleans())]


_ENDS = st.sampled_from([None, date(2026, 2, 1)])
_UNITS = st.sampled_from(["youth", "adult"])


@st.composite
def families(draw: st.DrawFn, number: int) -> tuple[str, bytes]:
    """A household of up to three dossiers, of either unit and of any team."""
    refs = [DossierRef("zcd", f"Z-{number}-{part}") for part in range(draw(st.integers(1, 3)))]
    packed = [
        dossier(
            ref,
            [member("1", f"p-{number}", family_name=draw(st.sampled_from("ABC")))],
            team=draw(st.sampled_from([*TEAMS, None])),
            kind=draw(_UNITS),
            status=draw(st.sampled_from(["open", "open", "closed"])),
            opened_on=draw(st.sampled_from([date(2026, 1, 5), date(2025, 6, 1)])),
        )
        for ref in refs
    ]
    home = household_id(refs[0])
    whole = composition(home, packed, members=[Line(ref, "1", f"p-{number}") for ref in refs])
    return home, view(home, whole, entries=[item for ref in refs for item in records(draw, ref)])


def shown_to(actor: Actor, documents: list[Document]) -> Shown:
    """What the lines of somebody's list are made of."""
    found = {}
    for document in documents:
        household = Household(document["household_id"], known=known_of(document, NOW))
        decision = may(actor, Action.READ_HOUSEHOLD, household)
        if decision.allowed:
            found[document["household_id"]] = _case(cut(document, decision.openings), document)
    return found


def shown_to_all(documents: list[Document]) -> Shown:
    """What is known of each household altogether."""
    opening = (Opening(Ground.WMO_5_1_1, "team"),)
    whole = [(item, {ref_of(part): opening for part in item["dossiers"]}) for item in documents]
    return {item["household_id"]: _case(cut(item, openings), item) for item, openings in whole}


def _case(shown: Document, whole: Document) -> Case:
    insight = Insight(shown, Whole(whole, NOW.date(), Terms()))
    return case_of(shown, insight.points, insight.threads, NOW.date())


def listed(engine: Engine, actor: Actor, **wanted: Any) -> list[str]:
    with engine.connect() as connection:
        asker = Asker(grantees_of(actor), moment_text(NOW))
        found = find(connection, actor, asker, Wanted(scope="all")._replace(**wanted))
    assert found.total == len(found.households)
    return [item.household_id for item in found.households]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    found = database.open_engine("sqlite://")
    yield found
    found.dispose()


@settings(max_examples=40)
@given(st.tuples(*map(families, range(3))), st.sampled_from([*ONE_WAY, *MANY_WAYS]))
def test_a_list_is_narrowed_counted_and_sorted_by_what_its_reader_is_shown(
    engine: Engine, town: tuple[tuple[str, bytes], ...], actor: Actor
) -> None:
    with engine.begin() as connection:
        readmodel.wipe(connection)
        for home, packed in town:
            apply_view(connection, home.encode(), packed, Attending(now=lambda: NOW))
        documents = list(readmodel.every(connection))
    shown, everything = shown_to(actor, documents), shown_to_all(documents)
    is_exact = actor in ONE_WAY and not any(item["consent"] for it in documents for item in it["decisions"])
    waiting = set(listed(engine, actor, attention=True))
    expected = {home for home, case in shown.items() if case.line["points"]}
    assert waiting == expected if is_exact else waiting <= expected
    for rule in sorted({rule for case in everything.values() for rule in case.urgency.rules}):
        found = set(listed(engine, actor, rule=rule))
        expected = {home for home, case in shown.items() if rule in case.urgency.rules}
        assert found == expected if is_exact else found <= expected, rule
    for sort, key in ORDERS.items():
        homes = listed(engine, actor, sort=sort)
        assert set(homes) == shown.keys()
        assert not is_exact or homes == sorted(shown, key=lambda home: (key(shown[home]), home)), sort


ORDERS: Final[dict[str, Callable[[Case], tuple[object, ...]]]] = {
    "urgency": lambda case: (case.urgency.rank, case.urgency.due or "9999-12-31", case.urgency.since or "9999-12-31"),
    "due": lambda case: (case.urgency.due or "9999-12-31", case.urgency.rank),
    "since": lambda case: (case.urgency.since or "9999-12-31", case.urgency.rank),
}


YARA = Actor("yara", Role.CASE_DIRECTOR, unit="youth", teams=("Jeugd",))
ADAM = Actor("adam", Role.CASE_DIRECTOR, unit="adult", teams=("Wmo",))


def both_units(number: int, *, alarming: bool) -> tuple[str, bytes]:
    """A family that Yara and Adam help, each in a dossier; the signal stands in that of the adult."""
    youth, adult = DossierRef("zcd", f"Z-{number}"), DossierRef("menscentraal", f"D-{number}")
    people = [member("1", f"p-{number}", family_name=f"Gezin {number}")]
    packed = [dossier(youth, people, team="Jeugd"), dossier(adult, people, team="Wmo")]
    whole = composition(household_id(youth), packed, members=[Line(ref, "1", f"p-{number}") for ref in (youth, adult)])
    told = [direction_entry("Yara", user="yara", **youth._asdict()), *([signal(adult)] if alarming else [])]
    return household_id(youth), view(household_id(youth), whole, entries=told)


@pytest.fixture
def browser(desk: Desk, app_of: AppOf) -> Iterator[TestClient]:
    """A browser at a desk where nobody sees everything."""
    leader = {unit: Actor(f"lea.{unit}", Role.TEAM_LEADER, unit=unit, teams=("Noord",)) for unit in ("youth", "adult")}
    tokens = Tokens({"yara": YARA, "adam": ADAM, **leader})
    site = replace(desk.site, reading=Reading(desk.engine, desk.log, lambda: NOW), tokens=tokens)
    with TestClient(app_of(site), follow_redirects=False) as client:
        yield client


def test_a_signal_in_the_other_units_dossier_neither_finds_nor_lifts_a_family(desk: Desk, browser: TestClient) -> None:
    desk.show(both_units(1, alarming=False))
    alarming = desk.show(both_units(2, alarming=True))
    filtered = "/huishoudens?wie=all&regel=child_safety"
    log_in(browser, "yara")
    assert "Gezin 2" not in plain(browser.get(filtered).text)
    assert listed(desk.engine, YARA) == sorted(shown_to(YARA, _documents(desk.engine)))
    log_in(browser, "adam")
    assert "Gezin 2" in plain(browser.get(filtered).text)
    assert listed(desk.engine, ADAM)[0] == alarming
    with desk.engine.connect() as connection:
        asker = Asker(grantees_of(YARA), moment_text(datetime(2026, 3, 1, 12, tzinfo=UTC)))
        assert mine(connection, YARA, asker, limit=9) == listed(desk.engine, YARA)


def _documents(engine: Engine) -> list[Document]:
    with engine.connect() as connection:
        return list(readmodel.every(connection))


def test_a_leader_is_not_told_what_stands_in_dossiers_of_the_other_unit(desk: Desk, browser: TestClient) -> None:
    youth, adult = DossierRef("zcd", "Z-1"), DossierRef("menscentraal", "D-1")
    people = [member("1", "p-1", family_name="Gezin")]
    packed = [
        dossier(youth, people, team="Noord", received_on=date(2026, 2, 2)),
        dossier(adult, people, team="Noord", opened_on=date(2025, 6, 1), first_contact_on=date(2025, 6, 9)),
    ]
    whole = composition(household_id(youth), packed, members=[Line(ref, "1", "p-1") for ref in (youth, adult)])
    told = [direction_entry("Kim Bakker"), signal(youth)]
    desk.show((household_id(youth), view(household_id(youth), whole, entries=told)))

    def team(unit: str) -> dict[str, Any]:
        answer = browser.get("/api/v1/teams", headers={"Authorization": f"Bearer {unit}"})
        (found,) = answer.json()["teams"]
        return dict(found)

    of_youth, of_adult = team("youth"), team("adult")
    assert [item["waiting_since"] for item in of_youth["waiting"]] == ["2026-02-02"]
    assert (of_adult["waiting"], of_youth["past_term"]) == ([], [])
    ((past,), (kim,), (lee,)) = of_adult["past_term"], of_adult["workers"], of_youth["workers"]
    assert (past["past_since"], past["waiting_since"]) == ("2025-12-01", None)
    assert (of_adult["households"], kim["with_attention"], kim["urgent"]) == (1, 1, 0)
    assert (lee["with_attention"], lee["urgent"]) == (1, 1)
    log_in(browser, "adult")
    assert "2 feb 2026" not in plain(browser.get("/team").text)
