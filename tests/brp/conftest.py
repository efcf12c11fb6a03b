"""The lists, what the sources wrote, and what the hub made of it; each once for all tests."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine

from hub.connect.api import RawRecord
from hub.errors import TranslationError
from tests.brp.agreement import Written
from tests.brp.lists import LISTS_END, Population, read_population
from tests.brp.registrations import Change, DossierRef, Registrations, registrations
from tests.machine import reference_dir
from tests.stream.adversary.lane import Rules
from tests.stream.inline import connectors, documents_in, read_model, translated

SLOW_SECONDS = 900
"""Whichever test comes first sends thousands of changes through the hub: ten seconds by itself, minutes where others
share the cores."""
LANES = Rules(crash=0.02, longest_list=200)
"""Crashes and replays as in the adversary, less often: thousands of changes, not forty."""


@dataclass
class Hub:
    """What the hub holds once everything up to a day has gone through it."""

    engine: Engine
    unreadable: int
    documents: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Read all households."""
        self.documents = documents_in(self.engine)

    def household_of(self, dossier: DossierRef) -> dict[str, Any]:
        """The household in which a dossier is."""
        ref = {"source": dossier.source, "dossier_id": dossier.dossier}
        (found,) = [d for d in self.documents if any(ref.items() <= item.items() for item in d["dossiers"])]
        return found


def through_the_hub(changes: list[Change], seed: int) -> Hub:
    """Translate, key, send through the stages and put into the read model."""
    messages, unreadable = translated([(change.dossier.source, change.payload) for change in changes])
    return Hub(read_model(messages, random.Random(seed), LANES), unreadable)


def written_by(recorded: Registrations, day: date) -> Written:
    """What the sources hold on a day, as far as it can be read."""
    speakers = connectors()
    current, unreadable = {}, set()
    for change in recorded.until(day):
        try:
            speakers[change.dossier.source].translate(RawRecord(position="1", payload=orjson.dumps(change.payload)))
        except TranslationError:
            unreadable.add(change.dossier)
        else:
            current[change.dossier] = change.content
    return Written(current, frozenset(unreadable), recorded.written)


@pytest.fixture(scope="session")
def population() -> Population:
    """All person lists."""
    return read_population(reference_dir())


@pytest.fixture(scope="session")
def recorded(population: Population) -> Registrations:
    """What both sources recorded."""
    return registrations(population)


@pytest.fixture(scope="session")
def hub_on(recorded: Registrations, seed: int) -> Iterator[Callable[[date], Hub]]:
    """The hub on a day."""
    made: list[Hub] = []

    @cache
    def on(day: date) -> Hub:
        made.append(through_the_hub(recorded.until(day), seed))
        return made[-1]

    yield on
    for hub in made:
        hub.engine.dispose()


@pytest.fixture(scope="session")
def hub(hub_on: Callable[[date], Hub]) -> Hub:
    """The hub at the end."""
    return hub_on(LISTS_END)
