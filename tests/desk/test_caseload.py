"""The list of households: whose, in what order, what changed; written again when the day has changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from hub.desk import database, readmodel, tables, worked_out
from hub.desk.access import Action, Actor, Household, Role, grantees_of, may
from hub.desk.access.decide import sees_whole
from hub.desk.access.reach import moment_text
from hub.desk.caseload import writing
from hub.desk.caseload.case import keys_of
from hub.desk.caseload.query import SORTS, Found, Wanted, find
from hub.desk.caseload.told import finders, to_anybody, told_of
from hub.desk.caseload.writing import Attending, refresh
from hub.desk.insight import Whole
from hub.desk.projector import Consumed, apply_list
from hub.desk.readmodel import Asker
from hub.events.decisions import Kind, Snooze
from hub.events.moments import text_of
from hub.events.records import RecordType
from hub.events.topics import VIEWS
from hub.household.attention.terms import Terms
from hub.household.prices import Prices
from tests.desk.conftest import DIRECTOR, KIM, LEADER, NOW, OFFICER, Desk
from tests.desk.decisions import direction_entry, opening_entry, snooze_entry
from tests.desk.family import HOME, direction, family
from tests.desk.test_pages import log_in, plain
from tests.desk.views import MENSCENTRAAL, ZCD, entry, gone, one_dossier

NONE, SOME = Prices(), Prices(budgets={"Noord": {2026: 1}})
DIRK = Actor("dirk", Role.CASE_DIRECTOR, name="Dirk de Wit", unit="youth", teams=("Noord",))


def listed(desk: Desk, actor: Actor = DIRK, **wanted: object) -> Found:
    asker = Asker(grantees_of(actor), moment_text(NOW))
    with desk.engine.connect() as connection:
        return find(connection, actor, asker, Wanted()._replace(**wanted))  # type: ignore[arg-type]  # names of its fields


def titles(desk: Desk, found: Found) -> list[str]:
    with desk.engine.connect() as connection:
        known = readmodel.load_all(connection, [item.household_id for item in found.households])
    return [known[item.household_id]["title"] for item in found.households]


def test_mine_are_those_that_a_decision_or_a_source_says_i_direct(desk: Desk) -> None:
    by_staff = entry(ZCD._replace(dossier_id="Z-2"), RecordType.CASE_DIRECTION, "r", direction("D. Wit", staff="P-7"))
    desk.show(one_dossier(ZCD, family_name="Besluit", entries=[direction_entry("Dirk de Wit", user="dirk")]))
    desk.show(one_dossier(ZCD._replace(dossier_id="Z-2"), family_name="Bron", person="p-2", entries=[by_staff]))
    desk.show(one_dossier(MENSCENTRAAL, family_name="Ander", person="p-3"))
    assert titles(desk, listed(desk)) == ["Besluit"]
    assert titles(desk, listed(desk, Actor("x", Role.CASE_DIRECTOR, staff="P-7"))) == ["Bron"]
    assert titles(desk, listed(desk, Actor("x", Role.CASE_DIRECTOR, name="dirk  DE wit"))) == []
    assert listed(desk, scope="all").total == 3


def test_a_name_counts_only_where_nothing_better_is_known(desk: Desk) -> None:
    named = entry(ZCD, RecordType.CASE_DIRECTION, "r", direction("Dirk de Wit"))
    desk.show(one_dossier(ZCD, entries=[named]))
    assert listed(desk).total == 1
    assert keys_of(DIRK) == ["user:dirk", "name:dirk de wit"]


def test_direction_that_was_handed_over_leaves_my_list(desk: Desk) -> None:
    mine = direction_entry("Dirk", user="dirk")
    desk.show(one_dossier(ZCD, entries=[mine]))
    assert listed(desk).total == 1
    handed = direction_entry("Kim", from_on=date(2026, 2, 20), minutes=9)
    desk.show(one_dossier(ZCD, label=2, entries=[mine, handed]))
    assert listed(desk).total == 0


def test_what_presses_most_comes_first_and_rules_filter(desk: Desk) -> None:
    desk.show(one_dossier(MENSCENTRAAL, family_name="Zonder regie", person="p-2"))
    desk.show(family())
    assert titles(desk, listed(desk, scope="all"))[0].startswith("de Vries")
    assert titles(desk, listed(desk, scope="all", rule="no_director")) == ["Zonder regie"]
    assert listed(desk, scope="all", rule="no_shows").total == 0
    for sort in SORTS:
        assert listed(desk, scope="all", sort=sort, attention=True).total == 2


def test_a_household_that_is_gone_leaves_the_list(desk: Desk) -> None:
    home = desk.show(one_dossier(ZCD))
    desk.show((home, gone(home, label=2)))
    assert listed(desk, scope="all").total == 0


def test_news_is_what_came_in_since_i_looked(desk: Desk) -> None:
    mine = direction_entry("Dirk", user="dirk")
    desk.show(one_dossier(ZCD, entries=[mine]))
    assert listed(desk).changed == 0  # never looked at: nothing to compare with
    visits = desk.site.visits
    visits.visit(DIRK, [ZCD])
    assert listed(desk).changed == 0
    late = entry(ZCD, RecordType.CONTACT, "c", {"kind": "home_visit", "held_on": date(2026, 3, 1)}, published=999_999)
    desk.show(one_dossier(ZCD, label=2, entries=[mine, late]))
    found = listed(desk)
    assert (found.changed, found.households[0].changed) == (1, True)
    assert listed(desk, Actor("else", Role.CASE_DIRECTOR), scope="all").changed == 0


@pytest.mark.parametrize("kind", [Kind.CONSENT, Kind.EMERGENCY])
def test_what_somebody_decided_is_news_too(desk: Desk, kind: Kind) -> None:
    mine = direction_entry("Dirk", user="dirk")
    desk.show(one_dossier(ZCD, entries=[mine]))
    desk.site.visits.visit(DIRK, [ZCD])
    desk.show(one_dossier(ZCD, label=2, entries=[mine, opening_entry(kind, minutes=999_999)]))
    assert listed(desk).changed == 1


def test_a_decision_that_is_hidden_from_some_is_no_news_in_the_list(desk: Desk) -> None:
    mine = direction_entry("Dirk", user="dirk")
    desk.show(one_dossier(ZCD, entries=[mine]))
    desk.site.visits.visit(DIRK, [ZCD])
    put_off = Snooze(source="zcd", dossier_id="Z-1", rule="no_shows", point="p", until=date(2026, 12, 31))
    desk.show(one_dossier(ZCD, label=2, entries=[mine, snooze_entry(put_off, minutes=999_999)]))
    assert listed(desk).changed == 0


def test_a_page_loaded_again_still_says_what_was_new(desk: Desk) -> None:
    moments = iter([NOW, NOW + timedelta(days=1), NOW + timedelta(days=1, minutes=5), NOW + timedelta(days=1, hours=2)])
    visits = type(desk.site.visits)(desk.engine, lambda: next(moments))
    assert visits.visit(DIRK, [ZCD]) is None
    assert visits.visit(DIRK, [ZCD]) == text_of(NOW)
    assert visits.visit(DIRK, [ZCD]) == text_of(NOW)
    assert visits.visit(DIRK, [ZCD]) == text_of(NOW + timedelta(days=1, minutes=5))


def test_visits_outlive_a_read_model_of_another_release(desk: Desk) -> None:
    desk.site.visits.visit(DIRK, [ZCD])
    with desk.engine.begin() as connection:
        readmodel.wipe(connection)
        connection.execute(tables.meta.update().values(schema_number=tables.SCHEMA - 1))
    database.prepare(desk.engine)
    with desk.engine.connect() as connection:
        assert connection.scalar(select(tables.visits.c.user)) == "dirk"


@pytest.mark.parametrize("days", [0, 1, 40, 300, 4000])
def test_a_line_written_again_on_another_day_is_the_line_of_that_day(desk: Desk, days: int) -> None:
    desk.show(family())
    desk.show(one_dossier(MENSCENTRAAL._replace(dossier_id="MC-9"), family_name="Adult", person="p-9"))
    later = Attending(now=lambda: NOW + timedelta(days=days))
    assert refresh(desk.engine, later) == (2 if days else 0)
    assert refresh(desk.engine, later) == 0
    with desk.engine.connect() as connection:
        for home, line, rank in connection.execute(
            select(tables.cases.c.household_id, tables.cases.c.line, tables.cases.c.rank)
        ).all():
            document = readmodel.load(connection, home)
            assert document is not None
            expected = to_anybody(Whole(document, later.today, Terms()))
            kept = {**expected.line, "matters": expected.line["matters"][:1]}
            assert (orjson.loads(line), rank) == (kept, expected.urgency.rank)


def test_lines_that_come_later_are_those_that_would_have_come_at_once(tmp_path: Path) -> None:
    """Of a new household the line comes at once, of one that is gone it goes at once; another stands until then."""
    late = entry(ZCD, RecordType.CONTACT, "c", {"kind": "no_show", "held_on": date(2026, 2, 2)})
    other = one_dossier(MENSCENTRAAL._replace(dossier_id="MC-9"), family_name="Adult", person="p-9")
    first, changed = [family(), other], [family(extra=[late]), (other[0], gone(other[0], label=99))]
    found = []
    for later in (False, True):
        engine = database.open_engine(f"sqlite:///{tmp_path / f'{later}.sqlite'}")
        attending = Attending(now=lambda: NOW)
        for views in (first, changed):
            messages = [Consumed(VIEWS, 0, n, home.encode(), value) for n, (home, value) in enumerate(views)]
            apply_list(engine, messages, [], attending, lines_later=later)
        assert refresh(engine, attending) == (1 if later else 0)
        with engine.connect() as connection:
            found.append([sorted(map(tuple, connection.execute(select(table)))) for table in tables.BY_HOUSEHOLD])
        engine.dispose()
    assert found[0] == found[1]
    assert found[0][0]


def test_what_is_told_of_a_household_is_what_may_lets_each_see(desk: Desk) -> None:
    desk.show(family(extra=[direction_entry("Dirk de Wit", user="dirk")]))
    with desk.engine.connect() as connection:
        document = readmodel.load(connection, HOME)
    assert document is not None
    whole = Whole(document, NOW.date(), Terms())
    about = Household(HOME, known=whole.known._replace(consents=(), emergencies=()))
    told = {(item.grantee, item.unit): item.dossiers for item in told_of(whole)}
    assert told
    each = [replace(finder, unit=unit) for finder, units in finders(document, whole.known) for unit in units]
    for reader in each:
        openings = may(reader, Action.READ_HOUSEHOLD, about).openings
        seen = sum(sees_whole(openings, ref) for ref in openings)
        assert told.get((grantees_of(reader)[-1], reader.unit), 0) == seen


def test_other_terms_write_every_line_again(desk: Desk) -> None:
    desk.show(family())
    assert refresh(desk.engine, Attending(Terms(no_shows=5), now=lambda: NOW)) == 1
    each = [Attending(terms, prices, lambda: NOW) for terms in (Terms(), Terms(no_shows=5)) for prices in (NONE, SOME)]
    assert len({attending.stamp_of(NOW.date()) for attending in each}) == 4


@pytest.mark.parametrize(("where", "name"), [(writing, "version"), (worked_out, "shape")])
def test_another_version_writes_every_line_again(
    where: ModuleType, name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rules may be other ones, and what it keeps may have another shape."""
    desk.show(family())
    monkeypatch.setattr(where, name, lambda *_: "another")
    assert refresh(desk.engine, Attending(now=lambda: NOW)) == 1
    assert refresh(desk.engine, Attending(now=lambda: NOW)) == 0


def test_refreshing_goes_in_parts(desk: Desk) -> None:
    for number in range(5):
        desk.show(one_dossier(ZCD._replace(dossier_id=f"Z-{number}"), person=f"p-{number}"))
    tomorrow = Attending(now=lambda: NOW + timedelta(days=1))
    assert [refresh(desk.engine, tomorrow, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_the_page_says_what_must_happen_who_acts_since_when_and_until_when(
    home: str, visit: Callable[[str | None], TestClient]
) -> None:
    shown = plain(log_in(visit(None), KIM).get("/huishoudens").text)
    assert "Mijn huishoudens" in shown
    assert "dringend Signaal over de veiligheid van een kind, 10 feb 2026: verzuim (ernst: hoog)." in shown
    assert "Kim Bakker 10 feb 2026" in shown
    assert "+2 meer" in shown
    assert "Aanvraag Jeugdhulp ambulant: toegewezen Stichting Voorbeeld · sinds 3 feb 2026" in shown
    assert "1 huishouden" in shown
    assert home == HOME


def test_a_line_is_said_anew_to_whoever_is_told_something_else(
    desk: Desk, visit: Callable[[str | None], TestClient]
) -> None:
    """What a page made of a line is remembered: by what it says, not by who asked first."""
    desk.show(family())
    kim, leader = log_in(visit(None), KIM), log_in(visit(None), LEADER)

    def row(browser: TestClient, language: str = "nl") -> str:
        (found,) = re.findall(r"<tbody>(.*?)</tbody>", browser.get(f"/huishoudens?wie=all&taal={language}").text, re.S)
        return plain(found)

    dutch = row(kim)
    assert "dringend" in dutch
    assert "urgent" in row(kim, "en")
    assert row(leader) != dutch
    assert row(kim) == dutch
    desk.show(family(extra=[direction_entry("Zoë <b>Vos</b>", user="zoe")], label=2))
    assert "Zoë &lt;b&gt;Vos&lt;/b&gt;" in kim.get("/huishoudens?wie=all").text


def test_what_is_news_to_one_is_none_to_another_who_sees_the_same(
    desk: Desk, visit: Callable[[str | None], TestClient]
) -> None:
    desk.show(one_dossier(ZCD))
    desk.site.visits.visit(Actor("dirk", Role.CASE_DIRECTOR), [ZCD])
    late = entry(ZCD, RecordType.CONTACT, "c", {"kind": "home_visit", "held_on": date(2026, 3, 1)}, published=999_999)
    desk.show(one_dossier(ZCD, label=2, entries=[late]))
    dirk, kim = log_in(visit(None), DIRECTOR), log_in(visit(None), KIM)
    for _ in range(2):
        marked = ["badge new" in browser.get("/huishoudens?wie=all").text for browser in (dirk, kim)]
        assert marked == [True, False]


def test_each_line_is_in_the_log_and_a_page_keeps_its_choices(
    desk: Desk, visit: Callable[[str | None], TestClient]
) -> None:
    for number in range(26):
        desk.show(one_dossier(ZCD._replace(dossier_id=f"Z-{number:02}"), person=f"p-{number}"))
    browser = log_in(visit(None), DIRECTOR)
    text = browser.get("/huishoudens?wie=all&regel=no_director&aandacht=true&orde=name").text
    look = desk.operations()[-1]
    assert (look["action"], len(look["dossiers"]), look["household_id"]) == ("list_households", 25, None)
    (address,) = re.findall(r'rel="next" href="([^"]+)"', text)
    for choice in ("wie=all", "regel=no_director", "aandacht=True", "orde=name", "pagina=2"):
        assert choice in address
    assert "Pagina 2 van 2" in plain(browser.get(address.replace("&amp;", "&")).text)


@pytest.mark.parametrize("query", ["wie=everybody", "orde=x", "pagina=0", "aandacht=misschien", "regel=" + "x" * 41])
def test_a_wrong_choice_is_refused(query: str, visit: Callable[[str | None], TestClient]) -> None:
    assert log_in(visit(None), DIRECTOR).get(f"/huishoudens?{query}").status_code == 400


def test_an_unknown_rule_filters_nothing(home: str, visit: Callable[[str | None], TestClient]) -> None:
    assert "1 huishouden" in log_in(visit(None), OFFICER).get("/huishoudens?wie=all&regel=no_such").text


def test_the_day_of_a_line_is_dutch(desk: Desk) -> None:
    late = datetime.fromisoformat("2026-03-01T23:30:00+00:00")
    assert Attending(now=lambda: late).today == date(2026, 3, 2)
