"""The town of the resolver's benchmark: what its figures say they are about."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bench.municipality import Municipality, chain, message
from hub.events.codec import decode
from hub.events.topics import COMPOSITIONS, HOUSEHOLD_COMPOSITIONS
from hub.household.clustering import MAX_PERSONS
from hub.stream.resolve import Resolve
from hub.stream.stage import Record
from tests.stream.adversary.lane import Overlay


def test_a_seed_is_one_town_of_so_many_dossiers() -> None:
    town = list(Municipality(300, 7).specs())
    assert town == list(Municipality(300, 7).specs()) != list(Municipality(300, 8).specs())
    assert len({spec.ref for spec in town}) == 300
    persons = {member.person for spec in town for member in spec.members}
    assert 6 < len(persons) / 300 < 7.5  # a million in 150,000 dossiers


@pytest.mark.parametrize("persons", [3, 10, 20, 40])
def test_a_chain_is_one_component_of_so_many_persons(persons: int) -> None:
    specs = chain(persons, "a", 7)
    records = [Record(offset, b"0599", message(spec)) for offset, spec in enumerate(specs)]
    outputs = Resolve().handle(Overlay({}), COMPOSITIONS, records)
    found = [decode(output.value).value for output in outputs if output.topic == HOUSEHOLD_COMPOSITIONS]
    households = [household for household in found if not household["gone"]]
    if persons > MAX_PERSONS:
        assert [household["oversized"] for household in households] == [True] * len(specs)
    else:
        (household,) = households
        assert len({member["person"] for member in household["members"]}) == persons


def test_every_version_says_something_else_and_every_fifth_is_a_removal() -> None:
    (spec,) = chain(3, "a", 7)
    bodies = [decode(message(spec, version)).value["body"] for version in range(1, 7)]
    addresses = [body["address"]["key"] for body in bodies]
    assert all(one != other for one, other in pairwise(bodies))
    assert [address != addresses[0] for address in addresses] == [False] * 4 + [True, False]
