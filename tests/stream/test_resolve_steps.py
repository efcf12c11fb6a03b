"""resolve computes only what is around a change; what it keeps must equal what everything together gives, after every
step."""

from __future__ import annotations

import random

import pytest

from hub.events.ids import DossierRef
from hub.events.topics import COMPOSITIONS
from hub.household import clustering
from hub.household.clustering import Household, Neighbourhood
from hub.household.rulings import Ruled
from hub.stream.resolve import Resolve
from hub.stream.resolve_book import Book
from hub.stream.stage import Record
from tests.stream.adversary.lane import Overlay
from tests.stream.adversary.registrations import DOSSIERS, Registrations

HISTORIES = 15
FOUND_BY_THE_ADVERSARY = (54, 60, 228, 232, 255)
"""Histories after which a household was stale: persons whom a decision ties although no dossier names them (any more),
and groups that a second decision makes valid, were not looked for around the change."""


def feed(rng: random.Random) -> list[bytes]:
    town = Registrations(rng)
    for _ in range(40):
        town.happen()
    messages = [event.message for event in (*town.compositions, *town.decisions)]
    messages += [message for message in messages if rng.random() < 0.2]
    rng.shuffle(messages)
    return messages


def kept(book: Book) -> dict[DossierRef, str]:
    return {ref: home for ref in DOSSIERS if (home := book.assignment(ref))}


def stale(book: Book, households: list[Household], ruled: Ruled) -> list[str]:
    """Households of which resolve would publish something else if it looked at them now."""
    before = {household.id: book.label(household.id) for household in households}
    messages = book.messages(DOSSIERS)
    for household in households:
        book.publish(10**9, household, messages, ruled.rulings(found.ref for found in household.dossiers))
    return [name for name, label in before.items() if book.label(name) != label]


def assert_every_step_is_complete(rng: random.Random) -> None:
    state = Overlay({})
    for offset, message in enumerate(feed(rng)):
        step = Overlay(state.store)
        Resolve().handle(step, COMPOSITIONS, [Record(offset, b"0599", message)])
        state.store.update(step.puts)
        book = Book(Overlay(state.store))
        ruled = Ruled(book)
        households = Neighbourhood(ruled).around(DOSSIERS)
        assert kept(book) == {found.ref: household.id for household in households for found in household.dossiers}
        assert stale(book, households, ruled) == []


@pytest.mark.parametrize("cap", [2, clustering.MAX_PERSONS])
def test_after_every_step_the_state_is_that_of_everything_at_once(
    cap: int, rng: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clustering, "MAX_PERSONS", cap)
    for _ in range(HISTORIES):
        assert_every_step_is_complete(rng)


@pytest.mark.parametrize("seed", FOUND_BY_THE_ADVERSARY)
def test_a_change_reaches_everybody_whom_decisions_tie(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(clustering, "MAX_PERSONS", rng.choice([20, 20, 2]))
    assert_every_step_is_complete(rng)
