"""Who directs: what sources state and what people decided, read as one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.events.codec import decode
from hub.events.decisions import Decision, Kind, decision_of, message_of
from hub.events.direction import Direction
from hub.events.ids import DossierRef
from hub.events.moments import moment
from hub.events.topics import RECORDS
from hub.household.attention.point import Rule
from hub.household.direction import decided, directions, directors
from hub.household.document_shape import RecordEntry
from tests.core.attention_facts import MC, TODAY, ZCD, director, dossier, found, household, record


def said(name: str, start: str, version: int = 1, *, withdrawn: bool = False, ref: DossierRef = ZCD) -> RecordEntry:
    """A decision on who directs."""
    direction = {"name": name, "from_on": start} | dict.fromkeys(
        ("user", "organisation", "unit", "team", "phone", "staff"), ""
    )
    body: dict[str, Any] = {"kind": "direction", "withdrawn": withdrawn, "decided_by": "dirk", "why": "overdracht"}
    return record("decision", ref, f"direction-{name}-{start}", version=version, direction=direction, **body)


def names(*records: RecordEntry, day: date = TODAY) -> list[str]:
    return directors(household([dossier(ZCD), dossier(MC)], records), day)


def test_the_latest_decision_that_is_not_taken_back_counts() -> None:
    first, second = said("Kim", "2026-03-01"), said("Omar", "2026-03-05", ref=MC)
    assert names(first, second) == ["Omar"]
    assert names(second, first, day=date(2026, 3, 4)) == ["Kim"]
    assert names(first, said("Omar", "2026-03-05", 2, withdrawn=True, ref=MC)) == ["Kim"]
    assert names(said("Kim", "2026-03-01", 1, withdrawn=True)) == []


def test_a_planned_handover_changes_nothing_before_its_day() -> None:
    planned = said("Omar", "2026-03-11", 2)
    assert names(said("Kim", "2026-03-01"), planned) == ["Kim"]
    assert names(said("Kim", "2026-03-01"), planned, day=date(2026, 3, 11)) == ["Omar"]


def test_of_one_day_the_later_decision_counts() -> None:
    assert names(said("Kim", "2026-03-01", 2), said("Omar", "2026-03-01", 1)) == ["Kim"]


def test_where_a_source_names_another_both_are_shown_and_it_is_a_point_of_attention() -> None:
    both = [director("Kim Bakker"), said("Omar", "2026-03-05")]
    assert sorted(names(*both)) == ["Kim Bakker", "Omar"]
    (point,) = found(Rule.TWO_DIRECTORS, household([dossier(ZCD)], both))
    assert point.detail == {"directors": ["Kim Bakker", "Omar"]}
    assert names(director("Kim  Bakker"), said("kim bakker", "2026-03-05")) == ["kim bakker"]


def test_a_decision_ends_the_lack_of_a_director_until_its_dossier_closes() -> None:
    assert found(Rule.NO_DIRECTOR, household([dossier(ZCD)], [said("Kim", "2026-03-05")])) == []
    closed = [dossier(ZCD, closed="2026-03-08"), dossier(MC)]
    (point,) = found(Rule.NO_DIRECTOR, household(closed, [said("Kim", "2026-03-05")]))
    assert point.since == date(2026, 3, 8)


def test_handovers_stay_as_history() -> None:
    entries = directions(household([dossier()], [said("Kim", "2026-03-01"), said("Omar", "2026-03-05")]), TODAY)
    assert [(item.record["body"]["director"], item.record["body"]["to_on"], item.decided) for item in entries] == [
        ("Omar", None, True),
        ("Kim", "2026-03-04", True),
    ]


DECISIONS = st.lists(
    st.builds(
        said,
        st.sampled_from(["Kim", "Omar", "Lea"]),
        st.sampled_from(["2026-03-01", "2026-03-05", "2026-03-20"]),
        st.integers(1, 9),
        withdrawn=st.booleans(),
        ref=st.sampled_from([ZCD, MC]),
    ),
    unique_by=lambda item: (item["source"], item["record_id"]),
    max_size=7,
)


@given(DECISIONS, st.randoms(use_true_random=False), st.integers(-30, 30))
def test_at_most_one_is_decided_for_a_day_whatever_the_order(records: list[RecordEntry], rng: Any, days: int) -> None:
    day = TODAY + timedelta(days=days)
    here = names(*records, day=day)
    rng.shuffle(records)
    assert names(*records, day=day) == here
    assert len(here) <= 1
    kept = [item for item in records if not item["body"]["withdrawn"]]
    assert len(decided(household([dossier()], records))) == len(kept)
    assert bool(here) == any(item["body"]["direction"]["from_on"] <= day.isoformat() for item in kept)  # type: ignore[index]  # a record


@pytest.mark.parametrize("withdrawn", [False, True])
def test_a_direction_survives_the_log(withdrawn: bool) -> None:
    direction = Direction(source="zcd", dossier_id="Z-1", name="Kim", staff="P-1", from_on=date(2026, 3, 1))
    decision = Decision(kind=Kind.DIRECTION, withdrawn=withdrawn, decided_by="d", why="w", direction=direction)
    sent = message_of(decision, version=1, decided_at=moment(1), jurisdiction="0599", key_generation=1)
    assert (sent.topic, sent.key) == (RECORDS, ZCD.key)
    assert decision_of(decode(sent.value).value) == decision
    other_day = direction.model_copy(update={"from_on": date(2026, 3, 2)})
    assert decision.record != decision.model_copy(update={"direction": other_day}).record
    again = direction.model_copy(update={"phone": "010"})
    assert decision.record == decision.model_copy(update={"direction": again}).record
