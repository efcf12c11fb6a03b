"""The lines of a page are remembered: never longer than what they were worked out from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.desk import readmodel
from hub.desk.access import Actor, Role, known_of
from hub.desk.access.roles import Replaced
from hub.desk.caseload import lines as subject
from hub.desk.caseload.case import Line as Shown
from hub.desk.caseload.lines import Lines, line_of
from hub.desk.reading import Reading
from hub.events.codec import decode
from hub.events.decisions import Kind
from hub.events.ids import DossierRef
from hub.events.records import RecordType
from hub.household.attention.terms import Terms
from hub.household.days import TIME_ZONE
from hub.household.document import build
from tests.desk.conftest import NOW, Desk
from tests.desk.decisions import opening_entry
from tests.desk.family import involvement
from tests.desk.test_list_sight import families, signal
from tests.desk.test_requests import request
from tests.desk.views import TEAM, entry, one_dossier

pytestmark = pytest.mark.desk
REF: Final = DossierRef("zcd", "Z-1")
YARA: Final = Actor("yara", Role.CASE_DIRECTOR, unit="youth", teams=(TEAM,))
ADAM: Final = Actor("adam", Role.CASE_DIRECTOR, unit="adult", staff="201")
DEE: Final = Actor(
    "dee", Role.CASE_DIRECTOR, unit="youth", replaces=(Replaced(" ".join(TEAM.split()).casefold(), "201"),)
)
STEF: Final = Actor("stef", Role.CASE_DIRECTOR, unit="adult")
GOAL: Final = {
    "life_domain": "finance",
    "wording": "w",
    "owner": "A",
    "status": "open",
    "evaluation_on": NOW.date(),
}


@dataclass
class Town:
    """A desk with one household, a clock that can be set, and lines that remember."""

    desk: Desk
    now: datetime = NOW
    said: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        reading = Reading(self.desk.engine, self.desk.log, lambda: self.now)
        self.lines = Lines(reading, Terms(), lambda: self.now.astimezone(TIME_ZONE).date())
        self.show()

    def show(self, *said: dict[str, Any], **changed: Any) -> None:
        """The household, with these entries beside those that it has."""
        self.said += said
        self.home, packed = one_dossier(REF, entries=self.said, **changed)
        self.desk.show((self.home, packed))

    def line(self, actor: Actor) -> Shown | None:
        """What somebody is shown; the same as what would be worked out for him now."""
        with self.desk.engine.connect() as connection:
            found = self.lines.of(connection, actor, [self.home]).get(self.home)
            document = readmodel.load(connection, self.home)
        assert document is not None
        seen = self.lines.reading.cut_down(actor, document)
        line = found.line if found else None
        assert line == (line_of(seen, document, self.lines.today(), self.lines.terms) if seen else None)
        return line


@pytest.fixture
def town(desk: Desk) -> Town:
    return Town(desk)


def test_what_is_remembered_is_not_read_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = town.line(YARA)
    monkeypatch.setattr(subject, "line_of", lambda *_: pytest.fail("worked out again"))
    monkeypatch.setattr(readmodel, "load_digested", lambda _, homes: pytest.fail("read again") if homes else [])
    with town.desk.engine.connect() as connection:
        assert town.lines.of(connection, YARA, [town.home])[town.home].line == shown


def test_a_household_that_changed_has_its_new_line(town: Town) -> None:
    before = town.line(YARA)
    town.show(family_name="Anders")
    after = town.line(YARA)
    assert before and after and before["title"] != after["title"]


def test_another_day_has_its_own_line(town: Town) -> None:
    town.show(entry(REF, RecordType.GOAL, "g", GOAL))
    before = town.line(YARA)
    town.now += timedelta(days=1)
    after = town.line(YARA)
    assert before and after and len(before["matters"]) < len(after["matters"])
    town.now -= timedelta(days=1)
    assert town.line(YARA) == before


def test_whoever_sees_more_or_less_has_another_line(town: Town) -> None:
    town.show(entry(REF, RecordType.INVOLVEMENT, "i", involvement("X", staff="201")), signal(REF))
    lines = [town.line(YARA), town.line(ADAM), town.line(DEE), town.line(YARA)]
    assert lines[0] == lines[2] == lines[3]
    assert lines[0] and lines[1] and lines[0]["child_safety"] and not lines[1]["child_safety"]


def test_an_emergency_shows_a_line_until_it_is_over(town: Town) -> None:
    assert town.line(STEF) is None
    town.show(opening_entry(Kind.EMERGENCY, **REF._asdict()))
    assert town.line(STEF) is not None
    town.now = datetime(2026, 3, 1, 14, tzinfo=UTC)
    assert town.line(STEF) is None


def test_a_consent_shows_its_part_until_it_is_withdrawn(town: Town) -> None:
    consent = {**REF._asdict(), "person": "p-anna", "unit": "adult", "given_by": ["self"]}
    town.show(entry(REF, RecordType.INVOLVEMENT, "i", involvement("X", staff="201")), request(REF, 1))
    before = town.line(ADAM)
    town.said.append(opening_entry(Kind.CONSENT, **consent))
    town.show()
    during = town.line(ADAM)
    town.said[-1] = opening_entry(Kind.CONSENT, withdrawn=True, **consent)
    town.show()
    assert before == town.line(ADAM) != during


def test_whose_standing_in_has_ended_sees_nothing_of_what_is_remembered(town: Town) -> None:
    town.show(entry(REF, RecordType.INVOLVEMENT, "i", involvement("X", staff="201")))
    assert town.line(DEE) is not None
    assert town.line(replace(DEE, replaces=())) is None


def test_a_desk_of_other_terms_remembers_nothing_of_this_one(desk: Desk) -> None:
    site = desk.site
    other = replace(site, terms=Terms(no_shows=5))
    assert site.lines is site.lines is not other.lines
    assert other.lines.terms == Terms(no_shows=5)


def test_no_more_is_remembered_than_there_is_room_for(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "REMEMBERED", 1)
    town.line(YARA)
    town.show(family_name="Anders")
    town.line(YARA)
    assert len(town.lines._remembered) == 1


def test_what_several_are_shown_of_one_household_takes_room_too(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "REMEMBERED", 1)
    town.show(entry(REF, RecordType.INVOLVEMENT, "i", involvement("X", staff="201")))
    for actor in (YARA, ADAM, YARA):
        assert town.line(actor) is not None
    assert sum(len(known.lines) for known in town.lines._remembered.values()) <= 1


@settings(max_examples=30)
@given(families(1), st.integers(0, 23))
def test_what_is_known_of_a_household_is_the_same_all_day(family: tuple[str, bytes], hours: int) -> None:
    document = build(decode(family[1]).value)
    if document is not None:
        at = datetime(2026, 3, 1, tzinfo=TIME_ZONE)
        later = at + timedelta(hours=hours)
        assert known_of(document, later) == known_of(document, at)._replace(at=later.astimezone(UTC))
