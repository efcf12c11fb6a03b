"""Every rule of the attention points on the day before, on and after its edge."""

from __future__ import annotations

import pytest

from hub.events.ids import DossierRef
from hub.household.attention.point import Rule, Severity, SourceState, SourceTrouble
from hub.household.attention.terms import Terms
from tests.core.attention_facts import (
    MC,
    TODAY,
    ZCD,
    contact,
    director,
    dossier,
    found,
    goal,
    household,
    on_days,
    person,
    record,
    request,
    signal,
)

SECOND = DossierRef("zcd", "Z-2")
CLOSED = dossier(closed="2026-01-31", opened="2025-06-01")


# who directs


def test_nobody_directs_from_the_day_after_the_last_did() -> None:
    document = household([dossier(opened="2026-01-05")], [director(start="2026-01-05", end="2026-02-28")])
    assert on_days(Rule.NO_DIRECTOR, document, "2026-02-28", "2026-03-01") == [0, 1]
    (point,) = found(Rule.NO_DIRECTOR, document)
    assert (str(point.since), point.dossiers, point.severity) == ("2026-03-01", (ZCD,), Severity.HIGH)


def test_where_nobody_ever_directed_it_is_since_the_opening() -> None:
    assert str(found(Rule.NO_DIRECTOR, household())[0].since) == "2026-03-01"


@pytest.mark.parametrize(
    ("end", "closed", "since"),
    [
        (None, "2026-01-31", "2026-01-31"),
        ("2026-02-10", "2026-01-31", "2026-01-31"),
        ("2026-01-20", "2026-01-31", "2026-01-21"),
        (None, "2026-03-10", "2026-03-10"),
    ],
)
def test_a_direction_ends_on_the_day_its_dossier_is_closed_and_the_matter_stays_the_same(
    end: str | None, closed: str, since: str
) -> None:
    dossiers = [dossier(MC, "2025-06-01", closed), dossier(opened="2025-12-01")]
    document = household(dossiers, [director(start="2025-06-01", end=end, ref=MC)])
    (today,), (tomorrow,) = (found(Rule.NO_DIRECTOR, document, day) for day in (TODAY, "2026-03-11"))
    assert (str(today.since), today.point) == (since, tomorrow.point)


def test_a_closed_household_needs_no_director() -> None:
    assert found(Rule.NO_DIRECTOR, household([CLOSED])) == []


def test_nobody_directs_again_is_a_new_matter() -> None:
    first = director(start="2026-01-05", end="2026-01-31", record_id="1")
    second = director(start="2026-02-10", end="2026-02-28", record_id="2")
    dossiers = [dossier(opened="2026-01-05")]
    (before,) = found(Rule.NO_DIRECTOR, household(dossiers, [first]))
    (after,) = found(Rule.NO_DIRECTOR, household(dossiers, [first, second]))
    assert before.point != after.point


def test_two_directors_from_the_start_of_the_second_until_the_end_of_one() -> None:
    both = [
        director("Kim Bakker", "2026-01-05", "2026-03-12"),
        director("Omar Yilmaz", "2026-03-10", ref=MC),
        director("  kim bakker", "2026-01-10", ref=MC, record_id="2"),
    ]
    document = household([dossier(), dossier(MC)], both)
    days = ("2026-03-09", "2026-03-10", "2026-03-12", "2026-03-13")
    assert on_days(Rule.TWO_DIRECTORS, document, *days) == [0, 1, 1, 1]
    (point,) = found(Rule.TWO_DIRECTORS, document)
    assert (str(point.since), point.detail) == ("2026-03-10", {"directors": ["Kim Bakker", "Omar Yilmaz"]})


def test_one_director_whom_both_sources_name_is_one() -> None:
    document = household([dossier(), dossier(MC)], [director("Kim Bakker"), director("KIM  BAKKER", ref=MC)])
    assert found(Rule.TWO_DIRECTORS, document) == []


# clocks


@pytest.mark.parametrize(
    ("opened", "days", "seen"),
    [
        ("2026-01-15", ("2026-06-14", "2026-06-15", "2026-07-15", "2026-07-16"), [None, "near", "near", "past"]),
        ("2025-08-31", ("2026-01-28", "2026-01-29", "2026-02-28", "2026-03-01"), [None, "near", "near", "past"]),
        ("2023-08-31", ("2024-01-29", "2024-01-30", "2024-02-29", "2024-03-01"), [None, "near", "near", "past"]),
    ],
)
def test_adult_help_is_announced_30_days_before_and_past_after_6_months(
    opened: str, days: tuple[str, ...], seen: list[str | None]
) -> None:
    document = household([dossier(MC, opened)])
    points = [found(Rule.ADULT_TERM, document, day) for day in days]
    assert [point[0].detail["case"] if point else None for point in points] == seen
    assert [point[0].severity for point in points[2:]] == [Severity.LOW, Severity.MEDIUM]


def test_help_to_youth_and_help_that_has_ended_have_no_such_term() -> None:
    assert found(Rule.ADULT_TERM, household([dossier(opened="2024-01-01")])) == []
    assert found(Rule.ADULT_TERM, household([dossier(MC, "2024-01-01", "2026-01-01")])) == []


@pytest.mark.parametrize(
    ("born", "days", "seen"),
    [
        ("2008-06-15", ("2025-06-14", "2025-06-15", "2026-06-15", "2026-06-16"), [0, 1, 1, 0]),
        ("2008-02-29", ("2025-02-28", "2025-03-01", "2026-03-01", "2026-03-02"), [0, 1, 1, 0]),
        ("2008-06", ("2025-05-31", "2025-06-01", "2026-06-30", "2026-07-01"), [0, 1, 1, 0]),
        ("2008", ("2024-12-31", "2025-01-01", "2026-12-31", "2027-01-01"), [0, 1, 1, 0]),
        ("2008-13", ("2026-03-10",), [0]),
    ],
)
def test_a_child_turns_18_within_a_year(born: str, days: tuple[str, ...], seen: list[int]) -> None:
    assert on_days(Rule.COMING_OF_AGE, household(members=[person("p-noor", born)]), *days) == seen


def test_coming_of_age_names_the_person_and_the_day() -> None:
    (point,) = found(Rule.COMING_OF_AGE, household(members=[person("p-noor", "2008-06-15")]))
    assert (point.persons, str(point.due), point.detail) == (("p-noor",), "2026-06-15", {"case": "exact"})


def test_where_sources_differ_the_first_birthday_counts_and_is_not_sure() -> None:
    (point,) = found(Rule.COMING_OF_AGE, household(members=[person("p-noor", "2008-06-15", "2008-05-16")]))
    assert (str(point.due), point.detail) == ("2026-05-16", {"case": "about"})


def test_nobody_comes_of_age_in_a_household_that_is_closed() -> None:
    assert found(Rule.COMING_OF_AGE, household([CLOSED], members=[person("p-noor", "2008-06-15")])) == []


def test_an_evaluation_is_overdue_from_the_day_after() -> None:
    document = household(records=[goal(evaluation="2026-03-10")])
    assert on_days(Rule.EVALUATION_OVERDUE, document, "2026-03-09", "2026-03-10", "2026-03-11") == [0, 0, 1]


def test_a_goal_that_is_reached_or_of_a_closed_dossier_is_evaluated_no_more() -> None:
    assert found(Rule.EVALUATION_OVERDUE, household(records=[goal(status="achieved", evaluation="2026-01-01")])) == []
    assert found(Rule.EVALUATION_OVERDUE, household([CLOSED], [goal(evaluation="2026-01-01")])) == []


def test_an_evaluation_that_is_planned_anew_and_missed_anew_is_a_new_matter() -> None:
    (first,) = found(Rule.EVALUATION_OVERDUE, household(records=[goal(evaluation="2026-02-01")]))
    (second,) = found(Rule.EVALUATION_OVERDUE, household(records=[goal(evaluation="2026-03-01")]))
    assert first.point != second.point


def test_after_care_is_overdue_after_3_months_and_moot_after_12() -> None:
    document = household([dossier(opened="2025-01-01", closed="2025-11-30")])
    days = ("2026-02-28", "2026-03-01", "2026-11-30", "2026-12-01")
    assert on_days(Rule.AFTERCARE_OVERDUE, document, *days) == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("kind", "day", "points"),
    [
        ("telephone", "2026-02-01", 0),
        ("no_show", "2026-02-01", 1),
        ("conversation", "2025-11-30", 1),
        ("conversation", "2025-12-01", 0),
    ],
)
def test_only_a_contact_after_closing_is_after_care(kind: str, day: str, points: int) -> None:
    document = household([dossier(opened="2025-01-01", closed="2025-11-30")], [contact(kind, day)])
    assert len(found(Rule.AFTERCARE_OVERDUE, document)) == points


def test_after_care_waits_until_the_last_dossier_is_closed() -> None:
    closed = dossier(opened="2025-01-01", closed="2025-10-01")
    assert found(Rule.AFTERCARE_OVERDUE, household([closed, dossier(MC)])) == []
    both = household([closed, dossier(MC, "2025-01-01", "2026-02-01")])
    assert on_days(Rule.AFTERCARE_OVERDUE, both, "2026-05-01", "2026-05-02") == [0, 1]
    assert found(Rule.AFTERCARE_OVERDUE, both, "2026-05-02")[0].dossiers == (MC,)


@pytest.mark.parametrize("state", ["submitted", "received"])
@pytest.mark.parametrize(
    ("submitted", "days"),
    [
        ("2026-03-02", ("2026-03-09", "2026-03-10")),
        ("2025-12-19", ("2025-12-30", "2025-12-31")),
        ("2026-04-24", ("2026-05-04", "2026-05-05")),
    ],
)
def test_a_request_is_answered_within_5_working_days(state: str, submitted: str, days: tuple[str, str]) -> None:
    document = household(records=[request(state, submitted)])
    assert on_days(Rule.REQUEST_OVERDUE, document, *days) == [0, 1]
    (point,) = found(Rule.REQUEST_OVERDUE, document, days[1])
    assert (str(point.due), point.detail["case"], point.severity) == (days[0], "unanswered", Severity.HIGH)


@pytest.mark.parametrize(
    ("submitted", "due", "after"),
    [("2026-01-12", "2026-03-09", "2026-03-10"), ("2026-02-06", "2026-04-07", "2026-04-08")],
)
def test_what_is_investigated_is_decided_within_8_weeks_or_on_the_next_working_day(
    submitted: str, due: str, after: str
) -> None:
    document = household(records=[request("under_investigation", submitted)])
    assert on_days(Rule.REQUEST_OVERDUE, document, due, after) == [0, 1]
    assert found(Rule.REQUEST_OVERDUE, document, after)[0].detail["case"] == "undecided"


@pytest.mark.parametrize(
    "state", ["concept", "rejected_technically", "granted", "rejected", "started", "paused", "ended"]
)
def test_of_other_requests_no_answer_is_owed(state: str) -> None:
    assert found(Rule.REQUEST_OVERDUE, household(records=[request(state, "2020-01-01")])) == []


def test_a_request_without_a_day_counts_from_when_it_was_recorded() -> None:
    document = household(records=[request("submitted", None, recorded="2026-03-01T23:30:00.000000Z")])
    assert on_days(Rule.REQUEST_OVERDUE, document, "2026-03-09", "2026-03-10") == [0, 1]


def test_an_answer_is_owed_in_a_closed_dossier_too() -> None:
    assert len(found(Rule.REQUEST_OVERDUE, household([CLOSED], [request("submitted", "2026-01-05")]))) == 1


def test_a_request_that_is_late_in_another_way_is_a_new_matter() -> None:
    points = [
        found(Rule.REQUEST_OVERDUE, household(records=[request(state, "2025-01-06")]))[0].point
        for state in ("submitted", "under_investigation")
    ]
    assert points[0] != points[1]


# how the help goes


def test_three_no_shows_within_90_days_are_repeated_ones() -> None:
    days = ("2025-12-10", "2026-01-20", "2026-03-10")
    document = household(records=[contact("no_show", day, record_id=day) for day in days])
    assert on_days(Rule.NO_SHOWS, document, "2026-03-09", "2026-03-10", "2026-03-11") == [0, 1, 0]
    (point,) = found(Rule.NO_SHOWS, document)
    assert (str(point.since), point.detail) == ("2025-12-10", {"number": 3})


def test_one_more_no_show_is_a_new_matter_and_other_contacts_are_none() -> None:
    missed = [contact("no_show", "2026-03-01", record_id=str(n)) for n in range(3)]
    (first,) = found(Rule.NO_SHOWS, household(records=[*missed, contact("telephone", "2026-03-05", record_id="t")]))
    (again,) = found(Rule.NO_SHOWS, household(records=[*missed, contact("no_show", "2026-03-06", record_id="4")]))
    assert first.point != again.point
    assert found(Rule.NO_SHOWS, household(records=missed[:2])) == []
    assert found(Rule.NO_SHOWS, household([CLOSED], missed)) == []


@pytest.mark.parametrize(
    ("closed", "opened", "points"),
    [
        ("2025-03-09", "2026-03-09", 1),
        ("2025-03-09", "2026-03-10", 0),
        ("2024-02-29", "2025-02-28", 1),
        ("2024-02-29", "2025-03-01", 0),
        ("2026-03-01", "2026-03-01", 1),
        ("2026-03-02", "2026-03-01", 0),
    ],
)
def test_a_return_within_12_months_of_closing(closed: str, opened: str, points: int) -> None:
    document = household([dossier(MC, "2020-01-01", closed), dossier(ZCD, opened)])
    assert len(found(Rule.REREGISTRATION, document)) == points


def test_it_is_no_return_while_another_dossier_ran() -> None:
    dossiers = [CLOSED, dossier(MC, "2025-01-01"), dossier(SECOND, "2026-02-20")]
    assert found(Rule.REREGISTRATION, household(dossiers)) == []


def test_a_dossier_that_runs_has_not_been_closed_whatever_day_it_carries() -> None:
    running = dossier(MC, "2025-01-01", "2026-01-01", status="open")
    assert found(Rule.REREGISTRATION, household([running, dossier(ZCD, "2026-02-01")])) == []


def test_a_return_names_the_dossier_that_opened_first_and_the_one_that_had_closed() -> None:
    (point,) = found(Rule.REREGISTRATION, household([CLOSED, dossier(SECOND, "2026-02-20")]))
    assert (point.dossiers, point.detail) == ((SECOND, ZCD), {"closed_on": "2026-01-31"})


def test_a_dossier_is_ready_to_close_when_it_has_goals_and_none_is_open() -> None:
    done = [goal(status="achieved", record_id="1"), goal(status="stopped", record_id="2")]
    assert len(found(Rule.READY_TO_CLOSE, household(records=done))) == 1
    assert found(Rule.READY_TO_CLOSE, household(records=[*done, goal(record_id="3")])) == []
    assert found(Rule.READY_TO_CLOSE, household()) == []
    assert found(Rule.READY_TO_CLOSE, household([CLOSED], done)) == []


def test_ready_to_close_says_what_still_stands_open() -> None:
    records = [
        goal(status="achieved"),
        goal(ref=MC, record_id="2"),
        request("started", "2026-01-01"),
        request("ended", "2026-01-01", record_id="2"),
        signal("2026-02-01"),
    ]
    (point,) = found(Rule.READY_TO_CLOSE, household([dossier(), dossier(MC)], records))
    assert point.dossiers == (ZCD,)
    assert point.detail["still_open"] == [
        {"kind": "request", "source": "zcd", "dossier_id": "Z-1", "product": "Begeleiding", "state": "started"},
        {"kind": "goals", "source": "menscentraal", "dossier_id": "MC-1", "number": 1},
        {"kind": "child_safety", "source": "zcd", "dossier_id": "Z-1", "on": "2026-02-01"},
    ]


def test_other_goals_make_ready_to_close_a_new_matter() -> None:
    (first,) = found(Rule.READY_TO_CLOSE, household(records=[goal(status="achieved")]))
    (again,) = found(
        Rule.READY_TO_CLOSE, household(records=[goal(status="achieved"), goal(status="stopped", record_id="2")])
    )
    assert first.point != again.point


# safety


def test_a_child_safety_signal_stays_for_its_term_and_first() -> None:
    document = household([dossier(opened="2025-01-01")], [signal("2025-03-10"), request("submitted", "2026-01-05")])
    assert on_days(Rule.CHILD_SAFETY, document, "2026-03-10", "2026-03-11") == [1, 0]


def test_a_child_safety_signal_stands_in_a_closed_household_and_from_the_future() -> None:
    assert len(found(Rule.CHILD_SAFETY, household([CLOSED], [signal("2026-02-01")]))) == 1
    assert len(found(Rule.CHILD_SAFETY, household(records=[signal("2027-02-01")]))) == 1
    assert found(Rule.CHILD_SAFETY, household(records=[signal("2026-02-01", child_safety=False)])) == []


# two plans


def both_plans(zcd: str, menscentraal: str, domain: str = "finance") -> list[int]:
    records = [goal(status=zcd), goal(domain, menscentraal, ref=MC)]
    document = household([dossier(), dossier(MC)], records)
    return [len(found(rule, document)) for rule in (Rule.PLANS_DOUBLE, Rule.PLANS_CONTRADICT)]


def test_two_plans_double_or_contradict_each_other_on_one_domain() -> None:
    assert both_plans("open", "open") == [1, 0]
    assert both_plans("open", "achieved") == [0, 1]
    assert both_plans("stopped", "open") == [0, 1]
    assert both_plans("achieved", "stopped") == [0, 0]
    assert both_plans("open", "open", "housing") == [0, 0]


def test_one_source_cannot_double_itself_and_a_closed_dossier_is_history() -> None:
    own = household([dossier(), dossier(SECOND)], [goal(), goal(ref=SECOND)])
    assert found(Rule.PLANS_DOUBLE, own) == []
    closed = household([CLOSED, dossier(MC)], [goal(status="achieved"), goal(ref=MC)])
    assert found(Rule.PLANS_CONTRADICT, closed) == []


def test_plans_say_who_works_and_who_is_done() -> None:
    document = household([dossier(), dossier(MC)], [goal(), goal(status="achieved", ref=MC)])
    (point,) = found(Rule.PLANS_CONTRADICT, document)
    assert point.detail == {"life_domain": "finance", "working": ["zcd"], "done": ["menscentraal"]}
    assert (point.sources, point.dossiers) == (("menscentraal", "zcd"), (MC, ZCD))


# what the view is worth


def test_a_source_in_trouble_presses_less_where_the_household_has_no_dossier_in_it() -> None:
    since = "2026-03-08T23:30:00.000000Z"
    sources = [SourceState(name, SourceTrouble.STALE, since) for name in ("menscentraal", "zcd")]
    both = found(Rule.SOURCE, household([dossier(), dossier(MC)]), sources=sources)
    assert {point.sources: point.dossiers for point in both} == {("zcd",): (ZCD,), ("menscentraal",): (MC,)}
    own, other = found(Rule.SOURCE, household(), sources=sources)
    assert (own.sources, own.severity, str(own.since)) == (("zcd",), Severity.MEDIUM, "2026-03-09")
    assert (other.sources, other.severity, other.dossiers) == (("menscentraal",), Severity.LOW, (ZCD,))


def test_a_source_that_is_only_incomplete_presses_least() -> None:
    state = SourceState("zcd", SourceTrouble.INCOMPLETE, "2026-03-08T12:00:00.000000Z")
    assert [point.severity for point in found(Rule.SOURCE, household(), sources=[state])] == [Severity.LOW]


def test_a_source_that_was_never_read_says_so() -> None:
    (point,) = found(Rule.SOURCE, household(), sources=[SourceState("zcd", SourceTrouble.SILENT, None)])
    assert (point.since, point.detail) == (None, {"case": "never"})


@pytest.mark.parametrize(
    ("births", "opened", "since"),
    [
        (("1950",), "2026-01-05", "2026-03-01"),
        ((), "2026-01-05", "2026-01-05"),
    ],
)
def test_since_when_somebody_is_unconfirmed_is_told(births: tuple[str, ...], opened: str, since: str) -> None:
    document = household(
        [dossier(opened=opened), dossier(MC, "2020-01-01")], members=[person("u", *births, confirmed=False)]
    )
    assert [str(point.since) for point in found(Rule.UNCONFIRMED_IDENTITY, document)] == [since]


def test_members_without_a_valid_number_are_named() -> None:
    members = [person("u-oma", confirmed=False, ref=MC), person("p-noor")]
    (point,) = found(Rule.UNCONFIRMED_IDENTITY, household(members=members))
    assert (point.persons, point.dossiers, point.detail) == (("u-oma",), (MC,), {"reason": "bsn_missing"})
    assert found(Rule.UNCONFIRMED_IDENTITY, household([CLOSED], members=members)) == []


# terms


def test_terms_are_the_municipalitys() -> None:
    document = household([dossier(MC, "2026-01-01")])
    assert on_days(Rule.ADULT_TERM, document, "2026-03-10", terms=Terms(adult_help_months=2)) == [1]
    late = household(records=[request("submitted", "2026-03-02")])
    assert on_days(Rule.REQUEST_OVERDUE, late, "2026-03-10", terms=Terms(request_answer_workdays=6)) == [0]
    missed = household(records=[contact("no_show", "2026-03-01", record_id=str(n)) for n in range(2)])
    assert on_days(Rule.NO_SHOWS, missed, "2026-03-10", "2026-03-12", terms=Terms(no_shows=2, no_show_days=10)) == [
        1,
        0,
    ]


def test_what_a_source_writes_that_is_no_day_stops_nothing() -> None:
    far = "9999-12-31"
    odd = [
        goal(evaluation="31-12-2026"),
        contact("no_show", "ooit"),
        director(start="", end="nooit"),
        request("submitted", far),
        request("under_investigation", "0001-01-01", record_id="2"),
        signal("?"),
        record(
            "decision", ref=ZCD, record_id="x", kind="same_person", withdrawn=False, rule=None, point=None, until=None
        ),
    ]
    dossiers = [dossier(MC, far), dossier(opened="0001-01-01", closed="nooit", ref=SECOND), dossier(opened=far)]
    members = [person("p", far, "0001", "0000-00-00"), person("q", "9999")]
    for day in ("0001-01-01", TODAY, far):
        assert isinstance(found(Rule.NO_DIRECTOR, household(dossiers, odd, members), day), list)
