"""The synthetic town: deterministic, in the documented formats, and difficult in every way the demo promises."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from stdnum.nl import bsn

from hub.demo.reference import Answer, answer
from hub.demo.reference.report import READERS
from hub.demo.town import Change, Delivery, Town, moves
from hub.demo.town.life import Life

START = datetime(2025, 1, 1, 8, tzinfo=UTC)


def filled(households: int, seed: int = 1) -> tuple[Town, list[Change]]:
    town = Town(households, seed, start=START)
    return town, list(town.fill())


def text(change: Change) -> str:
    return change.payload if isinstance(change.payload, str) else json.dumps(change.payload)


def answered(changes: Iterable[Change]) -> Answer:
    lines: dict[str, list[str]] = {"zcd": [], "menscentraal": []}
    for change in changes:
        lines[change.source].append(text(change))
    return answer(lines["zcd"], lines["menscentraal"])


def as_list(value: object) -> list[Any]:
    assert isinstance(value, list)
    return value


def is_readable(change: Change) -> bool:
    return not any(answered([change]).summary["dead_letters"].values())


@pytest.fixture(scope="module")
def default() -> tuple[Town, list[Change]]:
    return filled(300)


def test_the_same_seed_gives_the_same_town() -> None:
    first, second = (Town(20, 7, start=START) for _ in range(2))
    assert list(first.fill()) == list(second.fill())
    assert list(islice(first.live(), 200)) == list(islice(second.live(), 200))
    assert filled(20, 7)[1] != filled(20, 8)[1]


@pytest.mark.parametrize("seed", range(10))
def test_even_a_small_town_sees_every_difficulty(seed: int) -> None:
    assert all(asdict(filled(20, seed)[0].exercised).values())


def test_the_default_town_sees_every_difficulty_often(default: tuple[Town, list[Change]]) -> None:
    assert min(asdict(default[0].exercised).values()) >= 30


def test_a_household_has_about_two_dossiers_and_25_changes(default: tuple[Town, list[Change]]) -> None:
    summary = answered(default[1]).summary
    assert 24 <= len(default[1]) / 300 <= 27
    assert isinstance(summary["dossiers"], int)
    assert 500 <= summary["dossiers"] <= 700


def test_what_is_bad_is_unreadable_and_all_else_is_readable(default: tuple[Town, list[Change]]) -> None:
    town, changes = default
    made = [change for change in changes if change.delivery is not Delivery.DUPLICATE]
    assert sum(not is_readable(change) for change in made) == town.exercised.bad


def test_deliveries_are_counted(default: tuple[Town, list[Change]]) -> None:
    town, changes = default
    deliveries = Counter(change.delivery for change in changes)
    assert deliveries[Delivery.LATE] == town.exercised.late
    assert deliveries[Delivery.DUPLICATE] == town.exercised.duplicates


def test_a_duplicate_repeats_a_change_that_was_delivered(default: tuple[Town, list[Change]]) -> None:
    seen: set[str] = set()
    for change in default[1]:
        if change.delivery is Delivery.DUPLICATE:
            assert text(change) in seen
        seen.add(text(change))


def test_versions_and_times_rise_with_each_change_of_a_record(default: tuple[Town, list[Change]]) -> None:
    last: dict[tuple[str, str, str], tuple[int, datetime]] = {}
    for change in default[1]:
        if change.delivery is not Delivery.DUPLICATE and is_readable(change):
            read = READERS[change.source](json.loads(text(change)))
            key = (read.source, read.type, read.id)
            assert read.version > 0
            assert read.recorded_at >= START
            assert key not in last or last[key] < (read.version, read.recorded_at)
            last[key] = (read.version, read.recorded_at)


def test_numbers_are_left_to_the_source(default: tuple[Town, list[Change]]) -> None:
    for change in default[1]:
        assert isinstance(change.payload, str) or not {"volgnummer", "seq", "tx"} & set(change.payload)


def test_every_bsn_is_one_that_is_handed_out_to_nobody(default: tuple[Town, list[Change]]) -> None:
    written = [
        line["bsn"]
        for change in default[1]
        if isinstance(change.payload, dict)
        for content in (change.payload.get("gegevens"), change.payload.get("payload"))
        if isinstance(content, dict)
        for lines in (content.get("gezinsleden"), content.get("personen"))
        if isinstance(lines, list)
        for line in lines
        if isinstance(line, dict)
    ]
    numbers = [number for number in written if isinstance(number, str)]
    assert all(number.startswith("9999") for number in numbers)
    assert any(bsn.is_valid(number) for number in numbers)
    assert not all(bsn.is_valid(number) for number in numbers)
    assert None in written


def test_the_households_are_of_many_kinds(default: tuple[Town, list[Change]]) -> None:
    households = answered(default[1]).households
    assert {1, 2, 3, 4, 5} <= {len(as_list(household["members"])) for household in households}
    for kind in ("oversized", "unconfirmed", "conflicts", "references", "history", "records"):
        assert any(household[kind] for household in households), kind
    assert {household["status"] for household in households} == {"open", "closed"}
    sources = [Counter(source for source, _ in as_list(household["dossiers"])) for household in households]
    assert any(count["zcd"] >= 2 for count in sources)
    assert any(count["menscentraal"] >= 2 for count in sources)
    assert sum(len(count) == 2 for count in sources) >= 100


def test_some_addresses_are_secret_and_not_every_dossier_says_so(default: tuple[Town, list[Change]]) -> None:
    lines = re.findall(r'"(?:adresGeheim|geheimhouding)": (\w+|"[JN]")', "".join(map(text, default[1])))
    assert set(lines) == {"true", "false", "null", '"J"', '"N"'}
    assert (
        10 <= sum(person["secret"] for h in answered(default[1]).households for person in as_list(h["persons"])) <= 100
    )


def test_a_shelter_holds_more_adults_than_a_family(default: tuple[Town, list[Change]]) -> None:
    *families, shelter = sorted(len(as_list(household["members"])) for household in answered(default[1]).households)
    assert 25 <= shelter <= 40
    assert max(families) <= 20


def test_life_goes_on_after_the_history() -> None:
    town, _ = filled(20)
    before = asdict(town.exercised)
    later = list(islice(town.live(), 3000))
    assert len(later) == 3000
    assert all(count > before[name] for name, count in asdict(town.exercised).items())


@pytest.mark.parametrize("households", [1, 2, 3, 7])
def test_a_very_small_town_works(households: int) -> None:
    town, changes = filled(households)
    assert changes
    assert len(list(islice(town.live(), 100))) == 100


def test_a_town_without_households_or_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one household"):
        Town(0, 1, start=START)
    with pytest.raises(ValueError, match="with a zone"):
        Town(1, 1, start=datetime(2025, 1, 1))  # noqa: DTZ001  # that is the point


def households_of(town: Town, seen: list[Change]) -> dict[tuple[str, str], str]:
    """The household id of each dossier, after what was written down since the last call."""
    seen += town._clerk.pending
    town._clerk.pending = []
    households = answered(seen).households
    return {(d[0], d[1]): str(h["household_id"]) for h in households for d in as_list(h["dossiers"])}


@pytest.mark.parametrize("event", [moves.partner_moves_in, moves.child_moves, moves.person_returns])
def test_life_events_really_change_who_is_one_household(event: Callable[[Life], bool]) -> None:
    town, seen = filled(60, 3)
    before = households_of(town, seen)
    changed = 0
    for _ in range(6):
        assert event(town._life)
        after = households_of(town, seen)
        changed += any(before[dossier] != after[dossier] for dossier in before.keys() & after.keys())
        before = after
    assert changed >= 4
