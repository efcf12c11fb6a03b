"""The pure rules under Hypothesis: the view is a join-semilattice, households do not depend on order or on what is
asked first."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.events.codec import decode, encode
from hub.events.ids import DossierRef, Order, household_id
from hub.household.clustering import MAX_PERSONS, Neighbourhood
from hub.household.dossier import Dossier, Line
from hub.household.residence import winning_address
from hub.household.view import (
    Entry,
    EntryKey,
    View,
    decode_view,
    empty_view,
    encode_view,
    join,
    visible_entries,
    with_composition,
    with_entries,
)

DOSSIERS = [DossierRef("zcd", "Z-1"), DossierRef("zcd", "Z-2"), DossierRef("menscentraal", "1"), DossierRef("x", "1/2")]
HOUSEHOLD = "H1"

orders = st.builds(Order, st.integers(0, 1), st.integers(0, 3), st.integers(0, 2), st.integers(0, 2))
keys: st.SearchStrategy[EntryKey] = st.tuples(st.sampled_from(DOSSIERS), st.just("contact"), st.sampled_from("ab"))


def entry(since: int, order: Order) -> Entry:
    """Content is a function of (since, order), as the protocol promises."""
    return Entry(since, order, order.version == 0, repr((since, order)).encode())


entries = st.tuples(keys, st.builds(entry, st.integers(0, 9), orders))


@st.composite
def compositions(draw: st.DrawFn) -> bytes:
    """A households.composition whose content is a function of its label."""
    label = draw(st.integers(0, 9))
    chosen = random.Random(label)
    gone = label % 4 == 3
    named = [] if gone else [ref for ref in DOSSIERS if chosen.random() < 0.5]
    dossiers = [{**ref._asdict(), "since": label, "composition": b"c"} for ref in named]
    lines: dict[str, object] = {name: [] for name in ("members", "references", "history", "conflicts", "decisions")}
    header = {"household": HOUSEHOLD, "label": label, "gone": gone, "status": "open", "oversized": False}
    return encode("households.composition", header | {"dossiers": dossiers} | lines)


events = st.lists(st.one_of(entries, compositions()), max_size=12)


def fold(view: View, arrived: Collection[bytes | tuple[EntryKey, Entry]]) -> View:
    for event in arrived:
        view = with_composition(view, event) if isinstance(event, bytes) else with_entries(view, dict([event]))
    return view


@given(events, st.randoms(use_true_random=False))
def test_any_order_and_repetition_folds_to_the_same_view(arrived: list[bytes], rng: random.Random) -> None:
    again = arrived + [event for event in arrived if rng.random() < 0.5]
    rng.shuffle(again)
    assert fold(empty_view(HOUSEHOLD), again) == fold(empty_view(HOUSEHOLD), arrived)


@given(events, events, events)
def test_join_is_commutative_associative_and_idempotent(a: list[bytes], b: list[bytes], c: list[bytes]) -> None:
    one, other, third = (fold(empty_view(HOUSEHOLD), arrived) for arrived in (a, b, c))
    assert join(one, other) == join(other, one)
    assert join(one, join(other, third)) == join(join(one, other), third)
    assert join(one, one) == one


@given(events, events)
def test_join_of_two_halves_is_the_fold_of_both(a: list[bytes], b: list[bytes]) -> None:
    halves = join(fold(empty_view(HOUSEHOLD), a), fold(empty_view(HOUSEHOLD), b))
    assert halves == fold(empty_view(HOUSEHOLD), a + b)


@given(events)
def test_a_view_survives_its_message(arrived: list[bytes]) -> None:
    view = fold(empty_view(HOUSEHOLD), arrived)
    assert decode_view(encode_view(view)) == view
    assert encode_view(decode_view(encode_view(view))) == encode_view(view)


@given(events)
def test_nothing_of_a_dossier_outside_the_composition_is_visible(arrived: list[bytes]) -> None:
    view = fold(empty_view(HOUSEHOLD), arrived)
    named = decode(view.composition).value["dossiers"] if view.composition else []
    inside = {DossierRef(item["source"], item["dossier_id"]) for item in named}
    assert {key[0] for key in visible_entries(view)} <= inside
    assert all(not item.deleted for item in visible_entries(view).values())


persons = st.sampled_from([f"p{number}" for number in range(8)])
lines = st.builds(
    Line,
    line=st.just("?"),
    person=persons,
    is_client=st.just(False),
    lives_here=st.booleans(),
    stated_at=st.integers(0, 4),
    address=st.sampled_from(["x", "y", None]),
)


@st.composite
def towns(draw: st.DrawFn) -> dict[DossierRef, Dossier]:
    """Up to eight dossiers over eight persons and two addresses."""
    town = {}
    for number in range(draw(st.integers(1, 8))):
        ref = DossierRef(draw(st.sampled_from(["zcd", "menscentraal"])), str(number))
        drawn = draw(st.lists(lines, min_size=1, max_size=4))
        named = [
            Line(str(at), line.person, at == 0, at == 0 or line.lives_here, line.stated_at, line.address)
            for at, line in enumerate(drawn)
        ]
        opened = date(2026, 1, draw(st.integers(1, 5)))
        town[ref] = Dossier(ref, Order(0, 1, 0, 0), False, draw(st.booleans()), opened, named[0].person, tuple(named))
    return town


class Town:
    """A registry over a dictionary."""

    def __init__(self, town: dict[DossierRef, Dossier]) -> None:
        self.town = town

    def dossier(self, ref: DossierRef) -> Dossier | None:
        return self.town.get(ref)

    def dossiers_of(self, person: str) -> list[DossierRef]:
        return [ref for ref, found in self.town.items() if person in found.persons]

    def joined(self, person: str) -> set[str]:
        return set()


@given(towns())
def test_every_dossier_is_in_exactly_one_household_named_after_its_oldest(town: dict[DossierRef, Dossier]) -> None:
    households = Neighbourhood(Town(town)).around(town)
    named = [found.ref for household in households for found in household.dossiers]
    assert sorted(named) == sorted(town)
    for household in households:
        anchor = min(household.dossiers, key=lambda found: (found.opened_on, found.ref))
        assert household.id == household_id(anchor.ref)
        assert household.oversized or len({person for _, _, person in household.members}) <= MAX_PERSONS


@given(towns(), st.data())
def test_a_look_around_one_change_finds_every_household_that_it_touched(
    town: dict[DossierRef, Dossier], data: st.DataObject
) -> None:
    changed = data.draw(st.sampled_from(sorted(town)))
    before = {household.id: household for household in Neighbourhood(Town(town)).around(town)}
    without = {ref: found for ref, found in town.items() if ref != changed}
    registry = Town(without)
    after = {household.id: household for household in Neighbourhood(registry).around(without)}
    around = Neighbourhood(Town(town)).surroundings([changed])
    seen = {household.id for household in Neighbourhood(registry).around([changed], before=around)}
    assert {name for name, household in after.items() if before.get(name) != household} <= seen


@given(towns())
def test_no_two_households_share_a_resident(town: dict[DossierRef, Dossier]) -> None:
    homes: dict[str, str] = {}
    for household in Neighbourhood(Town(town)).around(town):
        if not household.oversized:
            for _, _, person in household.members:
                assert homes.setdefault(person, household.id) == household.id


@given(towns(), persons)
def test_a_retracted_statement_restores_the_one_before(town: dict[DossierRef, Dossier], person: str) -> None:
    stated = list(town.values())
    late = Line("late", person, True, True, 99, "z")
    latest = Dossier(DossierRef("zcd", "late"), Order(0, 1, 0, 0), False, True, date(2026, 1, 1), person, (late,))
    assert winning_address(person, [*stated, latest]) == "z"
    assert winning_address(person, stated) != "z"


@pytest.mark.parametrize("size", [MAX_PERSONS, MAX_PERSONS + 1])
def test_a_component_over_the_cap_falls_apart_by_dossier(size: int) -> None:
    shared = tuple(Line(str(n), f"p{n}", n == 0, True, 0, "x") for n in range(size))
    town = {ref: Dossier(ref, Order(0, 1, 0, 0), False, True, date(2026, 1, 1), "p0", shared) for ref in DOSSIERS[:2]}
    households = Neighbourhood(Town(town)).around(DOSSIERS[:1])
    assert len(households) == (1 if size <= MAX_PERSONS else 2)
    assert all(household.oversized is (size > MAX_PERSONS) for household in households)
