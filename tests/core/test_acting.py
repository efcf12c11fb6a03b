"""Who must act: on what asks for attention, and on requests that wait."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from hub.events.records import RequestState
from hub.household.attention.acting import Acting, Party, acting
from hub.household.attention.point import AttentionPoint, Rule, Severity
from hub.household.attention.terms import Terms
from hub.household.requests.threads import threads
from hub.household.waiting import waiting
from tests.core.attention_facts import MC, ZCD, dossier, household, request

TERMS = Terms()


def point(rule: Rule) -> AttentionPoint:
    return AttentionPoint(rule, "p", Severity.LOW, None, None, (ZCD, MC), ("menscentraal", "zcd"))


@pytest.mark.parametrize("rule", Rule)
def test_of_every_matter_somebody_must_act(rule: Rule) -> None:
    home = household([dossier(ZCD), dossier(MC)])
    with_director, without = acting(point(rule), home, ["Kim"]), acting(point(rule), home, [])
    assert with_director.names == (("Kim",) if with_director.party is Party.DIRECTOR else ())
    assert without.party is not Party.DIRECTOR
    assert (without.units == ("adult", "youth")) == (without.party is Party.TEAM)


def test_where_nobody_directs_the_units_must_agree_and_a_late_answer_is_the_municipalitys() -> None:
    home = household([dossier(ZCD)])
    assert acting(point(Rule.NO_DIRECTOR), home, []) == Acting(Party.TEAM, units=("youth",))
    assert acting(point(Rule.REQUEST_OVERDUE), home, ["Kim"]).party is Party.MUNICIPALITY


@pytest.mark.parametrize("state", get_args(RequestState))
def test_every_state_of_a_request_waits_for_somebody_or_is_done(state: str) -> None:
    home = household([dossier(ZCD)], [request(state, "2026-02-25", provider="Stichting")])
    found = waiting(threads(home, date(2026, 3, 3), TERMS))
    assert bool(found) == (state not in {"started", "rejected", "ended"})
    for item in found:
        assert (item.due is not None) == (state in {"submitted", "received", "under_investigation"})
        assert (item.who.names == ("Stichting",)) == (item.who.party is Party.PROVIDER)
        assert (item.who.units == ("youth",)) == (item.who.party is Party.TEAM)


def test_the_nearest_day_comes_first() -> None:
    records = [
        request("granted", "2026-01-02", record_id="1"),
        request("under_investigation", "2026-02-25", record_id="2"),
        request("submitted", "2026-02-25", record_id="3"),
    ]
    found = waiting(threads(household([dossier(ZCD)], records), date(2026, 3, 3), TERMS))
    assert [item.thread.anchor.record_id for item in found] == ["3", "2", "1"]
    assert found[0].due == date(2026, 3, 4)
