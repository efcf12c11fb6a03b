"""Who may do what: the table as a document, and what must hold whatever is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.desk.access import Action, Actor, Household, Known, Role, Rules, may, table
from hub.desk.access.consent import CUSTODIANS, SELF, Consent, holds, required
from hub.desk.access.facts import Director, DossierFacts, Emergency
from hub.desk.access.grounds import OWN, Ground
from hub.desk.access.roles import ABOUT_ONE_HOUSEHOLD, ALLOWED
from hub.desk.activities import activity_of
from hub.events.ids import DossierRef

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = NOW.date()
REFS = (DossierRef("zcd", "Z-1"), DossierRef("menscentraal", "MC-1"))
KINDS = dict(zip(REFS, ("youth", "adult"), strict=True))
RELATED = table.household("own team has the youth dossier", "no", emergency=False)
STRANGE = table.household("none", "no", emergency=False)


def test_the_page_is_what_the_function_answers() -> None:
    assert (ROOT / "hub" / "docs" / "access.md").read_text(encoding="utf-8") == table.page()


@pytest.mark.parametrize("action", Action)
def test_nobody_and_a_role_without_it_may_nothing(action: Action) -> None:
    about = RELATED if action in ABOUT_ONE_HOUSEHOLD else None
    assert may(None, action, about) == (False, "not_logged_in", "", {})
    for role in Role:
        if action not in ALLOWED[role]:
            assert may(table.actor(role), action, about) == (False, "role_may_not", "", {})


@pytest.mark.parametrize("action", sorted(ABOUT_ONE_HOUSEHOLD - {Action.BREAK_GLASS}))
@pytest.mark.parametrize("role", Role)
def test_without_a_relation_nothing_may_be_done_with_a_household(action: Action, role: Role) -> None:
    for about in (STRANGE, Household("H1"), Household("")):
        allowed = may(table.actor(role), action, about).allowed
        assert allowed == (role is Role.AUDITOR and action is Action.READ_LOOKS)


def test_a_secret_address_is_for_one_role_only() -> None:
    about = table.household("a child's safety in the youth dossier", "no", emergency=False)
    assert [role for role in Role if may(table.actor(role), Action.SEE_SECRET_ADDRESS, about).allowed] == [
        Role.SAFETY_OFFICER
    ]


def test_an_emergency_needs_a_household_and_nothing_else() -> None:
    asked = may(table.actor(Role.TEAM_MEMBER), Action.BREAK_GLASS, STRANGE)
    assert asked.allowed
    assert asked.ground == "VITAAL_BELANG"
    assert not may(table.actor(Role.TEAM_MEMBER), Action.BREAK_GLASS, Household("H1")).allowed


@pytest.mark.parametrize("action", [Action.DECIDE, Action.RECORD_CONSENT, Action.READ_CANDIDATES])
def test_an_emergency_lets_somebody_see_and_nothing_more(action: Action) -> None:
    about = table.household("none", "no", emergency=True)
    assert may(table.actor(Role.CASE_DIRECTOR), Action.READ_HOUSEHOLD, about).allowed
    assert not may(table.actor(Role.CASE_DIRECTOR), action, about).allowed


def test_an_action_about_one_household_needs_one_and_others_take_none() -> None:
    director = table.actor(Role.CASE_DIRECTOR)
    assert not may(director, Action.READ_HOUSEHOLD).allowed
    assert not may(director, Action.LIST_HOUSEHOLDS, RELATED).allowed


def test_an_inspection_has_the_ground_of_the_right_to_it() -> None:
    decision = may(Actor("i", Role.INSPECTION_OFFICER), Action.INSPECT_PERSON)
    assert decision.ground == "AVG_15 JEUGDWET_7_3_10"


@pytest.mark.parametrize("action", Action)
def test_every_action_belongs_to_a_processing_activity(action: Action) -> None:
    assert activity_of(action).startswith("urn:regiehub:verwerking:")


BIRTHS = st.dates(date(1930, 1, 1), TODAY)
GIVERS = st.frozensets(st.sampled_from([SELF, CUSTODIANS]))


@st.composite
def consents(draw: st.DrawFn) -> Consent:
    return Consent(
        dossier=draw(st.sampled_from(REFS)),
        person="p-anna",
        unit=draw(st.sampled_from(["youth", "adult"])),
        domains=draw(st.none() | st.frozensets(st.sampled_from(["finance", "housing"]), min_size=1)),
        given_by=draw(GIVERS),
        until=draw(st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3))),
        births=draw(st.lists(BIRTHS.map(date.isoformat), max_size=2).map(tuple)),
        withdrawn=draw(st.booleans()),
    )


@st.composite
def knowns(draw: st.DrawFn) -> Known:
    def dossier(ref: DossierRef) -> DossierFacts:
        staff = st.frozensets(st.sampled_from(["1", "2"]))
        team = draw(st.sampled_from(["", "noord", "zuid"]))
        return DossierFacts(ref, KINDS[ref], team, draw(staff), draw(staff), draw(st.booleans()))

    hours = st.integers(-2, 2).filter(bool).map(lambda number: NOW + timedelta(hours=number))
    access = st.builds(Emergency, st.just("B1"), st.sampled_from(REFS), st.sampled_from(["kim", "bo"]), hours)
    directors = st.builds(Director, st.sampled_from(["kim", "bo", ""]), st.sampled_from(["1", "2", ""]))
    return Known(
        at=NOW,
        dossiers=tuple(dossier(ref) for ref in REFS),
        director=draw(st.none() | directors),
        consents=tuple(draw(st.lists(consents(), max_size=3))),
        emergencies=tuple(draw(st.lists(access, max_size=2))),
    )


ACTORS = st.builds(
    Actor,
    st.sampled_from(["kim", "zed"]),
    st.sampled_from(list(Role)),
    unit=st.sampled_from(["youth", "adult", ""]),
    teams=st.lists(st.sampled_from(["Noord", "West", ""]), max_size=2).map(tuple),
    staff=st.sampled_from(["1", "3", ""]),
)


def read(actor: Actor, known: Known) -> dict[DossierRef, set[tuple[str, str | None, frozenset[str] | None]]]:
    found = may(actor, Action.READ_HOUSEHOLD, Household("H1", REFS, (), known))
    assert found.allowed or not found.openings
    return {ref: {(it.ground.value, it.person, it.domains) for it in seen} for ref, seen in found.openings.items()}


@given(ACTORS, knowns())
def test_content_needs_a_relation_and_a_ground_that_fits_the_dossier(actor: Actor, known: Known) -> None:
    found = may(actor, Action.READ_HOUSEHOLD, Household("H1", REFS, (), known))
    for ref, openings in found.openings.items():
        for opening in openings:
            if opening.ground in OWN:
                fits = {"youth": Ground.JEUGDWET_7_4_0, "adult": Ground.WMO_5_1_1}[KINDS[ref]]
                assert opening.ground is fits
                assert actor.role is Role.SAFETY_OFFICER or actor.unit == KINDS[ref]
            elif opening.ground is Ground.TOESTEMMING:
                assert any(item.dossier == ref and item.unit == actor.unit for item in known.consents)
            else:
                assert opening.ground is Ground.VITAAL_BELANG
                assert any(item.dossier == ref and item.user == actor.user for item in known.emergencies)


@given(ACTORS, knowns())
def test_somebody_without_team_number_direction_or_emergency_sees_nothing(actor: Actor, known: Known) -> None:
    stranger = Actor("nobody", actor.role, unit=actor.unit)
    if actor.role is not Role.SAFETY_OFFICER:
        assert read(stranger, known) == {}


@given(ACTORS, knowns(), st.data())
def test_taking_a_consent_back_never_shows_more(actor: Actor, known: Known, data: st.DataObject) -> None:
    less = tuple(item._replace(withdrawn=item.withdrawn or data.draw(st.booleans())) for item in known.consents)
    before, after = read(actor, known), read(actor, known._replace(consents=less))
    assert before.keys() == after.keys()
    assert all(after[ref] <= before[ref] for ref in after)


@given(ACTORS, knowns())
def test_time_alone_ends_emergencies_and_consents_and_opens_nothing(actor: Actor, known: Known) -> None:
    later = known._replace(at=known.at + timedelta(days=30))
    before, after = read(actor, known), read(actor, later)
    assert all(not {item for item in after[ref] if item[0] == "VITAAL_BELANG"} for ref in after)
    assert all(not {item for item in after[ref] if item[0] == "TOESTEMMING"} for ref in after)
    assert all(after[ref] <= before[ref] for ref in after)


@given(ACTORS, knowns())
def test_wams_opens_only_for_whoever_directs(actor: Actor, known: Known) -> None:
    on = known._replace(rules=Rules(wams=True))
    opened = {ground for seen in read(actor, on).values() for ground, _, _ in seen}
    directs = may(actor, Action.READ_HOUSEHOLD, Household("H1", REFS, (), known)).reason.split()
    assert ("WAMS" in opened) == ("directs" in directs)


@given(BIRTHS, st.integers(1, 3))
def test_of_a_birth_date_that_is_known_in_part_the_stricter_reading_counts(born: date, parts: int) -> None:
    whole, partly = born.isoformat(), "-".join(born.isoformat().split("-")[:parts])
    assert required((whole,), TODAY) <= required((partly,), TODAY)
    assert required((whole,), TODAY) <= required((partly, "2010"), TODAY)


@pytest.mark.parametrize(
    ("birth", "who"),
    [
        ("2014-03-02", {CUSTODIANS}),
        ("2014-03-01", {SELF, CUSTODIANS}),
        ("2010-03-02", {SELF, CUSTODIANS}),
        ("2010-03-01", {SELF}),
        ("2014", {SELF, CUSTODIANS}),
        ("2010", {SELF, CUSTODIANS}),
        ("2013-12", {SELF, CUSTODIANS}),
        ("1980", {SELF}),
        ("2020", {CUSTODIANS}),
        ("", {SELF, CUSTODIANS}),
        ("2010-00-00", {SELF, CUSTODIANS}),
        ("gisteren", {SELF, CUSTODIANS}),
    ],
)
def test_who_must_give_consent_follows_from_the_age_today(birth: str, who: set[str]) -> None:
    assert required((birth,), TODAY) == who


def test_consent_that_was_given_for_a_child_ends_when_it_must_agree_itself() -> None:
    given_for = Consent(REFS[0], "p-noor", "adult", None, frozenset({CUSTODIANS}), date(2026, 12, 31), ("2014-03-02",))
    assert holds(given_for, TODAY)
    assert not holds(given_for, TODAY + timedelta(days=1))
