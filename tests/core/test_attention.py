"""Attention points as a whole: snoozes, order, terms, and that all rules are there and documented."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.household.attention.facts import SEVERITY
from hub.household.attention.point import ALWAYS_SHOWN, AttentionPoint, Rule, Severity
from hub.household.attention.points import RULES, attention_points
from hub.household.attention.terms import Terms
from hub.household.document_shape import RecordEntry
from tests.core.attention_facts import (
    EVERYTHING,
    MC,
    TODAY,
    TROUBLE,
    ZCD,
    director,
    dossier,
    found,
    full,
    goal,
    household,
    request,
    signal,
    snooze,
)

DOC = Path(__file__).parents[2] / "hub" / "docs" / "attention.md"
LATE = [goal(evaluation="2026-03-01")]


def late(*decisions: RecordEntry, today: str | date = TODAY) -> AttentionPoint:
    """The one overdue evaluation, with these decisions among the records."""
    (point,) = found(Rule.EVALUATION_OVERDUE, household([dossier(), dossier(MC)], [*LATE, *decisions]), today)
    return point


POINT = late()


# snoozes


def test_a_snooze_hides_up_to_and_including_its_day_and_says_who_and_why() -> None:
    put_off = snooze(POINT, "2026-03-12")
    assert [late(put_off, today=day).hidden for day in ("2026-03-12", "2026-03-13")] == [True, False]
    assert late(put_off).snooze == (date(2026, 3, 12), "dirk", "wacht op het overleg")
    assert late(put_off, today="2026-03-13") == late(today="2026-03-13")


def test_a_snooze_that_is_taken_back_shows_the_point_again() -> None:
    assert late(snooze(POINT, "2026-12-31", withdrawn=True)) == POINT


def test_a_snoozed_point_stays_in_the_list_and_other_points_stay_shown() -> None:
    other = goal(evaluation="2026-03-01", record_id="2")
    points = found(Rule.EVALUATION_OVERDUE, household(records=[*LATE, other, snooze(POINT, "2026-12-31")]))
    assert sorted((item.point == POINT.point, item.hidden) for item in points) == [(False, False), (True, True)]


def test_the_same_key_under_another_rule_is_another_matter() -> None:
    other = replace(POINT, rule=Rule.NO_DIRECTOR)
    assert not late(snooze(other, "2026-12-31")).hidden


def test_of_several_snoozes_on_one_matter_the_last_decision_counts() -> None:
    long = snooze(POINT, "2026-12-31", ref=ZCD, decided="2026-03-01T09:00:00.000000Z")
    short = snooze(POINT, "2026-03-09", ref=MC, decided="2026-03-02T09:00:00.000000Z")
    back = snooze(POINT, "2026-12-31", ref=MC, decided="2026-03-02T09:00:00.000000Z", withdrawn=True)
    assert [late(long, last).hidden for last in (short, back)] == [False, False]
    assert [late(last, long).hidden for last in (short, back)] == [False, False]


def test_a_snooze_cannot_hide_a_child_safety_signal_but_stands_beside_it() -> None:
    alarm = signal("2026-03-01")
    (point,) = found(Rule.CHILD_SAFETY, household(records=[alarm]))
    (seen,) = found(Rule.CHILD_SAFETY, household(records=[alarm, snooze(point, "2026-12-31")]))
    assert seen.snooze is not None
    assert not seen.hidden
    assert frozenset({Rule.CHILD_SAFETY}) == ALWAYS_SHOWN


def test_every_point_has_a_dossier_to_record_a_snooze_on() -> None:
    assert all(point.dossiers for point in EVERYTHING)
    assert len({(point.rule, point.point) for point in EVERYTHING}) == len(EVERYTHING)


# the whole


def test_every_point_has_its_rule_the_registrations_it_comes_from_and_a_day() -> None:
    for point in [
        *EVERYTHING,
        *found(Rule.AFTERCARE_OVERDUE, household([dossier(opened="2025-01-01", closed="2025-11-30")])),
        *found(Rule.READY_TO_CLOSE, household(records=[goal(status="achieved")])),
    ]:
        assert point.sources, point
        assert point.since or point.due, point


def test_child_safety_comes_first_and_then_what_presses_most() -> None:
    assert [point.rule for point in EVERYTHING[:2]] == [Rule.CHILD_SAFETY] * 2
    rest = [list(Severity).index(point.severity) for point in EVERYTHING[2:]]
    assert rest == sorted(rest)
    assert len({point.rule for point in EVERYTHING}) == 11


@given(st.randoms(use_true_random=False), st.dates(min_value=date(2025, 1, 1), max_value=date(2028, 1, 1)))
def test_the_order_of_dossiers_records_members_and_sources_makes_no_difference(rng: random.Random, today: date) -> None:
    document, trouble = full(), list(TROUBLE)
    expected = attention_points(document, today, Terms(), trouble)
    shuffled = [document["dossiers"], document["records"], document["members"], trouble]
    for items in shuffled:
        rng.shuffle(items)  # type: ignore[arg-type]  # each list in itself
    assert attention_points(document, today, Terms(), trouble) == expected


records = st.one_of(
    st.builds(goal, st.sampled_from(["finance", "housing"]), st.sampled_from(["open", "achieved", "stopped"]),
              st.sampled_from([None, "2026-03-01"]), ref=st.sampled_from([ZCD, MC]), record_id=st.sampled_from("ab")),
    st.builds(request, st.sampled_from(["submitted", "under_investigation", "granted"]),
              st.sampled_from([None, "2026-01-05"]), ref=st.sampled_from([ZCD, MC]), record_id=st.sampled_from("ab")),
    st.builds(director, st.sampled_from(["Kim", "KIM", "Omar"]), st.sampled_from(["2026-01-05", "2026-03-01"]),
              st.sampled_from([None, "2026-02-01"]), ref=st.sampled_from([ZCD, MC]), record_id=st.sampled_from("ab")),
    st.builds(snooze, st.just(POINT), st.sampled_from(["2026-03-09", "2026-03-12"]), withdrawn=st.booleans(),
              decided=st.sampled_from(["2026-03-01T09:00:00.000000Z", "2026-03-02T09:00:00.000000Z"]),
              ref=st.sampled_from([ZCD, MC])),
)  # fmt: skip
"""Registers: of equal identity one is kept, below."""


@given(st.lists(records, max_size=12), st.randoms(use_true_random=False))
def test_any_records_in_any_order_give_the_same_points(made: list[RecordEntry], rng: random.Random) -> None:
    kept = {tuple(item[name] for name in ("record_type", "source", "dossier_id", "record_id")): item for item in made}
    dossiers = [dossier(), dossier(MC, "2025-12-01", "2026-02-01" if rng.random() < 0.5 else None)]
    one, other = list(kept.values()), list(kept.values())
    rng.shuffle(other)
    points = attention_points(household(dossiers, one), TODAY, Terms())
    assert attention_points(household(dossiers[::-1], other), TODAY, Terms()) == points
    assert len({(point.rule, point.point) for point in points}) == len(points)


def test_while_nothing_changes_a_matter_keeps_its_key_and_comes_up_once() -> None:
    """Else a snooze would be lost over night, or hide what is new."""
    days = [date(2025, 12, 1) + timedelta(days=number) for number in range(550)]
    seen: dict[tuple[Rule, str], list[int]] = {}
    for number, day in enumerate(days):
        for point in attention_points(full(), day, Terms(), TROUBLE):
            seen.setdefault((point.rule, point.point), []).append(number)
    assert all(found == list(range(found[0], found[-1] + 1)) for found in seen.values())
    keys_per_rule = Counter(rule for rule, _ in seen)
    assert keys_per_rule.keys() == set(Rule) - {Rule.AFTERCARE_OVERDUE, Rule.READY_TO_CLOSE}
    assert max(keys_per_rule.values()) == len(TROUBLE), (
        "two of a thing at most in that household, and three sources' troubles"
    )


def test_a_document_without_dossiers_has_no_points() -> None:
    document = household()
    document["dossiers"] = []
    assert attention_points(document, TODAY, Terms(), TROUBLE) == []


def test_nothing_asks_for_attention_in_a_household_that_is_well() -> None:
    document = household(records=[director(), goal(evaluation="2026-06-01")])
    assert attention_points(document, TODAY, Terms()) == []


# terms and documentation


@pytest.mark.parametrize(
    ("name", "value"),
    [("adult_help_months", 0), ("no_shows", 1), ("child_safety_days", 29), ("adult_help_months", "6"),
     ("request_answer_workdays", 5.0), ("unknown", 1), ("no_show_days", True)],
)  # fmt: skip
def test_a_term_out_of_bounds_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        Terms.model_validate({name: value})


def test_every_rule_has_a_function_a_severity_and_a_source_in_its_docstring() -> None:
    assert set(RULES) == set(SEVERITY) == set(Rule)
    for rule, function in RULES.items():
        assert function.__name__ == rule.value
        assert "Source: " in (function.__doc__ or ""), rule


def test_every_rule_and_every_term_with_its_default_is_documented() -> None:
    text = DOC.read_text(encoding="utf-8")
    rows = {row[0]: row[1:] for row in re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", text, re.MULTILINE)}
    terms = {name: str(field.default) for name, field in Terms.model_fields.items()}
    assert set(rows) == {rule.value for rule in Rule} | set(terms)
    assert {name: rows[name][0] for name in terms} == terms
