from __future__ import annotations

import pytest

from hub.desk.access import Action, Actor, Household, Role, may
from hub.desk.activities import activity_of

HOME = Household("H1")
ABOUT_ONE = {
    Action.READ_HOUSEHOLD,
    Action.READ_LOOKS,
    Action.READ_CANDIDATES,
    Action.DECIDE,
    Action.SEE_SECRET_ADDRESS,
}
DIRECTOR_MAY = {
    Action.ENTER,
    Action.LIST_HOUSEHOLDS,
    Action.SEARCH_HOUSEHOLDS,
    Action.READ_HOUSEHOLD,
    Action.READ_LOOKS,
    Action.DECIDE,
    Action.READ_CANDIDATES,
    Action.READ_SOURCES,
    Action.READ_DESCRIPTION,
}
INSPECTION_MAY = {Action.ENTER, Action.INSPECT_PERSON}
SAFETY_OFFICER_MAY = {
    Action.ENTER,
    Action.LIST_HOUSEHOLDS,
    Action.SEARCH_HOUSEHOLDS,
    Action.READ_HOUSEHOLD,
    Action.READ_LOOKS,
    Action.SEE_SECRET_ADDRESS,
}
OPERATIONS_MAY = {Action.ENTER, Action.READ_SOURCES, Action.READ_DEAD_LETTERS, Action.READ_DESCRIPTION}


@pytest.mark.parametrize("action", Action)
def test_each_role_may_what_the_table_says_and_nothing_else(action: Action) -> None:
    household = HOME if action in ABOUT_ONE else None
    assert may(Actor("d", Role.CASE_DIRECTOR), action, household).allowed == (action in DIRECTOR_MAY)
    assert may(Actor("o", Role.OPERATIONS), action, household).allowed == (action in OPERATIONS_MAY)
    assert may(Actor("i", Role.INSPECTION_OFFICER), action, household).allowed == (action in INSPECTION_MAY)
    assert may(Actor("s", Role.SAFETY_OFFICER), action, household).allowed == (action in SAFETY_OFFICER_MAY)
    assert not may(None, action, household).allowed


def test_a_secret_address_is_for_one_role_only() -> None:
    may_see = {role for role in Role if may(Actor("x", role), Action.SEE_SECRET_ADDRESS, HOME).allowed}
    assert may_see == {Role.SAFETY_OFFICER}


@pytest.mark.parametrize("action", sorted(DIRECTOR_MAY & (ABOUT_ONE | {Action.LIST_HOUSEHOLDS})))
def test_a_look_at_persons_has_a_legal_ground(action: Action) -> None:
    decision = may(Actor("d", Role.CASE_DIRECTOR), action, HOME if action in ABOUT_ONE else None)
    assert decision.ground == "JEUGDWET_7_4_0 WMO_5_1_1"


def test_an_inspection_has_the_ground_of_the_right_to_it() -> None:
    decision = may(Actor("i", Role.INSPECTION_OFFICER), Action.INSPECT_PERSON)
    assert decision.ground == "AVG_15 JEUGDWET_7_3_10"


@pytest.mark.parametrize("action", Action)
def test_every_action_belongs_to_a_processing_activity(action: Action) -> None:
    assert activity_of(action).startswith("urn:regiehub:verwerking:")


def test_a_refusal_says_why_and_has_no_ground() -> None:
    assert may(None, Action.ENTER) == (False, "not_logged_in", "")
    assert may(Actor("o", Role.OPERATIONS), Action.LIST_HOUSEHOLDS) == (False, "role_may_not", "")


def test_an_action_about_one_household_needs_one_and_others_take_none() -> None:
    director = Actor("d", Role.CASE_DIRECTOR)
    assert not may(director, Action.READ_HOUSEHOLD).allowed
    assert not may(director, Action.LIST_HOUSEHOLDS, HOME).allowed
