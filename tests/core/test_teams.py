"""The teams of the town, and that what was written before there were teams can still be read."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from hub.demo import prices
from hub.demo.town import teams
from hub.demo.town.changes import MENSCENTRAAL, ZCD
from hub.demo.town.content import PRODUCTS
from hub.demo.town.people import Address
from hub.demo.town.town import Town
from hub.events.codec import Codec, SchemaRegistry, decode, schemas_folder
from hub.household.prices import Prices
from tests.desk.family import direction, involvement
from tests.desk.views import ZCD as REF
from tests.desk.views import dossier, envelope, member

START = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_street_has_one_youth_and_one_adult_team() -> None:
    home = Address("Slinge", 1, None, "3085EJ")
    assert teams.team_of(ZCD, home) == "Carnisse jeugd"
    assert teams.team_of(MENSCENTRAAL, home) == "Carnisse volwassenen"


def test_everybody_works_in_one_team_and_has_a_number_of_his_own() -> None:
    everybody = [worker for team in teams.TEAMS for worker in teams.workers(team)]
    assert len({worker.staff for worker in everybody}) == len(everybody) == len(teams.TEAMS) * teams.WORKERS
    assert all(worker.team == team for team in teams.TEAMS for worker in teams.workers(team))


def test_who_directs_a_dossier_works_in_its_team() -> None:
    town = Town(20, 3, start=START)
    list(islice(town.fill(), 300))
    for written in town._clerk.dossiers:
        for record in written.of_type("case_direction"):
            assert record.facts["staff"] in {worker.staff for worker in teams.workers(written.team)}


@pytest.mark.parametrize(
    ("subject", "version", "field"),
    [
        ("registrations.composition", 2, "team"),
        ("registrations.case_direction", 1, "staff"),
        ("registrations.involvement", 1, "staff"),
    ],
)
def test_what_was_written_before_is_read_as_not_stated(subject: str, version: int, field: str) -> None:
    former = Codec(SchemaRegistry(schemas_folder()), {subject: version})
    kind = subject.partition(".")[2]
    bodies = {"involvement": involvement("Kim"), "case_direction": direction("Kim")}
    if kind == "composition":
        value = former.decode(dossier(REF, [member("1", "p-anna")])[1]).value
    else:
        body = {name: item for name, item in bodies[kind].items() if name != field}
        value = envelope(REF, kind, "r", body)
    assert decode(former.encode(subject, value)).value["body"][field] is None


def test_the_demo_s_price_list_is_one_that_a_desk_takes_and_prices_what_the_town_asks_for() -> None:
    found = Prices.model_validate(prices.prices(START.date()))
    assert set(found.products) == {code for code, _, _ in PRODUCTS}
    assert found.budget("Carnisse jeugd", START.year) and found.budget("Carnisse volwassenen", START.year)
    assert found.budget("Beverwaard jeugd", START.year) is None
