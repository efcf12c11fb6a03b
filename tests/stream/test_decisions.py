"""A decision the whole way: the desk's own code publishes it, the stages on hostile lanes take it up, the read model
shows it; taking it back restores what was."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.desk import database, projector, readmodel
from hub.desk.access import Actor, Role
from hub.desk.admission import Request
from hub.desk.deciding import Deciding, NotAsSeen
from hub.desk.decision_models import DecisionToMake, DecisionToTakeBack
from hub.desk.looks import LookLog
from hub.events.decisions import DecisionMessage
from hub.events.topics import VIEWS
from hub.household.direction import directions, written_name
from hub.household.document_shape import Document
from tests.core.case_format import CASES, load_case
from tests.core.case_sources import source_lines
from tests.desk.open_reading import STAFF, OpenReading
from tests.stream.adversary.lane import Log, Message, Rules, Worker
from tests.stream.adversary.run import TOPICS, drive, real_stages
from tests.stream.inline import translated

DIRK = Request(Actor("dirk", Role.CASE_DIRECTOR, unit="youth", staff=STAFF), "a" * 32)
KIM = Request(Actor("kim", Role.CASE_DIRECTOR, unit="youth", staff=STAFF), "b" * 32)
SOFIE = Request(Actor("sofie", Role.SAFETY_OFFICER), "c" * 32)
MOTHER_ZCD = {"source": "zcd", "dossier_id": "Z-1", "line": "2"}
MOTHER_MC = {"source": "menscentraal", "dossier_id": "MC-1", "line": "1"}
CHILD_MC = {"source": "menscentraal", "dossier_id": "MC-1", "line": "2"}


class Hub:
    """Stages and desk in one process, filled with a worked case. What the desk publishes waits until `settle`."""

    def __init__(self, case: str, rng: random.Random, folder: Path) -> None:
        self.engine = database.open_engine("sqlite://")
        self.waiting: list[tuple[str, Message]] = []
        self._rng = rng
        self._logs = {topic: Log() for topic in TOPICS}
        self._workers = [Worker(stage, self._logs, Rules(), rng) for stage in real_stages()]
        self._clock = datetime(2026, 3, 1, tzinfo=UTC)
        reading = OpenReading(self.engine, LookLog(folder / "looks.jsonl"), self._now)
        self.deciding = Deciding(reading, self._publish, "0599", 1, lambda _: None)
        found = load_case(CASES / f"{case}.yaml")
        lines = [
            (source, json.loads(line)) for source in ("zcd", "menscentraal") for line in source_lines(found, source)
        ]
        self.waiting += [(topic, Message(key, value, 0)) for topic, key, value in translated(lines)[0]]

    def _now(self) -> datetime:
        self._clock += timedelta(seconds=1)
        return self._clock

    def _publish(self, message: DecisionMessage) -> None:
        self.waiting.append((message.topic, Message(message.key, message.value, 0)))

    def settle(self) -> None:
        """Let everything come to rest, in any order, and read it into the read model."""
        self._rng.shuffle(self.waiting)
        drive(self._rng, Rules(), self.waiting, self._logs, self._workers)
        with self.engine.begin() as connection:
            for _, message in self._logs[VIEWS].read(0):
                projector.apply_view(connection, message.key, message.value)

    def decide(self, **wanted: Any) -> str:
        """Make a decision and wait for it; returns its id."""
        accepted = self.deciding.decide(DIRK, DecisionToMake.model_validate({"why": "Gezien.", **wanted}))
        self.settle()
        return accepted.decision_id

    def withdraw(self, decision: str) -> None:
        """Take it back and wait for it."""
        self.deciding.withdraw(DIRK, decision, DecisionToTakeBack(why="Toch niet."))
        self.settle()

    def effect(self, decision: str) -> str:
        """What it does now."""
        return self.deciding.decision(DIRK, decision)["effect"]

    def documents(self) -> list[Document]:
        """All live households."""
        with self.engine.connect() as connection:
            return list(readmodel.every(connection))

    def shape(self) -> list[dict[str, Any]]:
        """The households but for what was decided, and when they last changed."""
        return [
            {name: item for name, item in document.items() if name not in ("label", "decisions")}
            for document in sorted(self.documents(), key=lambda item: item["household_id"])
        ]


@pytest.fixture
def hub(request: pytest.FixtureRequest, rng: random.Random, tmp_path: Path) -> Iterator[Hub]:
    """A hub that holds the case of the test's mark."""
    running = Hub(request.param, rng, tmp_path)
    running.settle()
    yield running
    running.engine.dispose()


unlinked = pytest.mark.parametrize("hub", ["unconfirmed_persons_do_not_link"], indirect=True)
apart = pytest.mark.parametrize("hub", ["parents_apart"], indirect=True)
linked = pytest.mark.parametrize("hub", ["mother_and_child_named_in_both_dossiers"], indirect=True)


@unlinked
def test_one_person_by_decision_makes_one_household_and_taking_it_back_restores_two(hub: Hub) -> None:
    before = hub.shape()
    assert len(before) == 2
    decision = hub.decide(kind="same_person", line=MOTHER_ZCD, other=MOTHER_MC)
    (home,) = hub.documents()
    assert ("same_person", decision) in {(item["kind"], item["decision_id"]) for item in home["links"]}
    mother = next(item for item in home["members"] if len(item["source_refs"]) == 2)
    assert mother["confirmed"]
    hub.withdraw(decision)
    assert hub.effect(decision) == "withdrawn"
    assert hub.shape() == before


@unlinked
def test_a_household_by_decision_and_back(hub: Hub) -> None:
    before = hub.shape()
    decision = hub.decide(kind="same_household", line=MOTHER_ZCD, other=CHILD_MC)
    (home,) = hub.documents()
    assert home["oversized"] is False
    assert [item["decision_id"] for item in home["links"] if item["kind"] == "same_household"] == [decision]
    hub.withdraw(decision)
    assert hub.shape() == before


@apart
def test_who_lives_here_after_all_is_a_member_and_is_explained(hub: Hub) -> None:
    before = hub.shape()
    father = {"source": "zcd", "dossier_id": "Z-1", "line": "3"}
    decision = hub.decide(kind="lives_here", line=father)
    (home,) = hub.documents()
    assert len(home["members"]) == 3
    assert [item["decision_id"] for item in home["links"] if item["kind"] == "lives_here"] == [decision]
    assert hub.decide(kind="lives_elsewhere", line=father) == decision  # another version of the same
    assert hub.effect(decision) == "applied"
    assert len(hub.documents()) == 2
    hub.withdraw(decision)
    assert hub.shape() == before


@linked
def test_a_doubted_number_parts_them_and_is_kept_apart_because_of_it(hub: Hub) -> None:
    before = hub.shape()
    assert len(before) == 1
    lines = [line for document in hub.documents() for line in document["lines"]]
    shared = next(
        [one, other]
        for one in lines
        for other in lines
        if one["stated_key"] == other["stated_key"] and one["source"] < other["source"]
    )
    named = [{name: str(line[name]) for name in ("source", "dossier_id", "line", "person_key")} for line in shared]
    decision = hub.decide(kind="different_person", line=named[0], other=named[1], doubted="line")
    members = [person for document in hub.documents() for person in document["members"]]
    assert "doubted" in {person["unconfirmed_reason"] for person in members}
    apart_because = {item["decision_id"] for document in hub.documents() for item in document["apart"]}
    assert decision in apart_because
    with pytest.raises(NotAsSeen, match="somebody_else"):
        hub.decide(kind="same_household", line=named[0], other=named[1])
    hub.withdraw(decision)
    assert hub.shape() == before


@unlinked
def test_two_directors_at_once_end_alike_whatever_arrives_first(hub: Hub) -> None:
    """Both are published before either has come through; the lane shuffles them."""
    same = DecisionToMake.model_validate({"kind": "same_person", "line": MOTHER_ZCD, "other": MOTHER_MC, "why": "w"})
    two = same.model_copy(update={"kind": "different_person", "doubted": "line"})
    first = hub.deciding.decide(DIRK, same)
    second = hub.deciding.decide(KIM, two)
    hub.settle()
    assert first.decision_id == second.decision_id
    found = hub.deciding.decision(DIRK, second.decision_id)
    assert (found["kind"], found["decided_by"], found["version"]) == ("different_person", "kim", second.version)
    assert len(hub.documents()) == 2


@unlinked
def test_a_snooze_goes_with_its_dossier_and_can_be_taken_back(hub: Hub) -> None:
    before = [item["freshness"] for item in hub.documents()]
    point = {"source": "zcd", "dossier_id": "Z-1", "rule": "no_director", "point": "p", "until": "2026-04-01"}
    decision = hub.decide(kind="snooze", snooze=point)
    assert hub.effect(decision) == "applied"
    assert [item["freshness"] for item in hub.documents()] == before
    hub.decide(kind="same_person", line=MOTHER_ZCD, other=MOTHER_MC)
    (home,) = hub.documents()
    assert sorted(item["kind"] for item in home["decisions"]) == ["same_person", "snooze"]
    hub.withdraw(decision)
    assert hub.effect(decision) == "withdrawn"


@unlinked
def test_who_directs_is_decided_handed_over_and_taken_back_across_both_systems(hub: Hub) -> None:
    said = {"source": "zcd", "dossier_id": "Z-1"}
    hub.decide(kind="same_person", line=MOTHER_ZCD, other=MOTHER_MC)
    hub.decide(kind="direction", direction=said)
    handover = hub.decide(
        kind="direction", direction={"source": "menscentraal", "dossier_id": "MC-1", "director": {"name": "Kim"}}
    )
    assert decided_directors(hub) == ["Kim"]
    hub.withdraw(handover)
    assert decided_directors(hub) == ["dirk"]


def decided_directors(hub: Hub) -> list[str]:
    (home,) = hub.documents()
    return [written_name(entry) for entry in directions(home, date(2026, 3, 1)) if entry.decided and entry.current]


@unlinked
def test_a_decision_published_twice_is_one(hub: Hub) -> None:
    decision = hub.decide(kind="same_person", line=MOTHER_ZCD, other=MOTHER_MC)
    assert hub.decide(kind="same_person", line=MOTHER_ZCD, other=MOTHER_MC) == decision
    (home,) = hub.documents()
    assert len(home["decisions"]) == 1


def who_and_what(document: Document) -> tuple[object, ...]:
    return document["members"], document["dossiers"], document["links"], document["freshness"]


@unlinked
def test_consent_and_an_emergency_go_with_their_dossier_and_change_nothing_else(hub: Hub) -> None:
    before = list(map(who_and_what, hub.documents()))
    place = {"source": "menscentraal", "dossier_id": "MC-1"}
    given = place | {"line": "1", "unit": "youth", "given_by": ["self", "custodians"], "until": "2026-12-31"}
    consent = hub.decide(kind="consent", consent=given)
    emergency = hub.decide(kind="emergency", emergency=place)
    judged = DecisionToMake.model_validate(
        {
            "kind": "emergency_review",
            "why": "Terecht.",
            "review": place | {"emergency": emergency, "justified": True},
        }
    )
    review = hub.deciding.decide(SOFIE, judged).decision_id
    hub.settle()
    assert {hub.effect(item) for item in (consent, emergency, review)} == {"applied"}
    hub.withdraw(consent)
    assert hub.effect(consent) == "withdrawn"
    assert list(map(who_and_what, hub.documents())) == before
