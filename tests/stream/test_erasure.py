"""A person erased the whole way: the desk's own code orders it, each source's ingest obeys, the stages on hostile lanes
take it up, the read model forgets; and nothing that is read again brings him back."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from hub.connect.api import Cursor, InventoryItem, RawRecord
from hub.connect.ingest.control import Control
from hub.connect.ingest.engine import Ingest
from hub.connect.ingest.erasing import Eraser, read_order
from hub.connect.ingest.index import Index
from hub.connect.ingest.keyed import Identity
from hub.connect.ingest.publisher import MemoryPublisher
from hub.connect.wire import Translated, TranslatedBatch
from hub.desk import database, projector, readmodel, tables
from hub.desk.access import Actor, Role
from hub.desk.admission import Request
from hub.desk.deciding import Deciding
from hub.desk.decision_models import DecisionToMake
from hub.desk.erasing import Erased, Erasing
from hub.desk.looks import LookLog
from hub.events.decisions import DecisionMessage
from hub.events.erasures import Erasure
from hub.events.topics import COMPOSITIONS, ERASURES, RECORDS, VIEWS
from hub.household.document_shape import Document
from tests.core.case_format import CASES, load_case
from tests.core.case_sources import bsns_of, source_lines
from tests.desk.open_reading import STAFF, OpenReading
from tests.ingest.drafts import FakeClock
from tests.stream.adversary.lane import Log, Message, Rules, Worker
from tests.stream.adversary.run import TOPICS, drive, real_stages
from tests.stream.inline import RING, connectors

pytestmark = pytest.mark.stream
INE = Request(Actor("ine", Role.INSPECTION_OFFICER), "a" * 32)
DIRK = Request(Actor("dirk", Role.CASE_DIRECTOR, unit="youth", staff=STAFF), "b" * 32)
CASE = load_case(CASES / "mother_and_child_named_in_both_dossiers.yaml")
CHILD, MOTHER = (RING.person(bsns_of(CASE)[name]) for name in ("child", "mother"))
SECRET = b"Hij durft niet naar huis."
NAME = b"\x0achild"
"""His first name as Avro writes it."""
FOUND_BY = b"'child'"
"""The same where the read model searches."""


def zcd_goal(text: str) -> str:
    content = {"leefgebied": "veiligheid", "doel": text, "status": "open"}
    head = {"soort": "doel", "actie": "vastgelegd", "dossiernummer": "Z-1", "id": "D-1", "versie": 3}
    return json.dumps(head | {"gewijzigdOp": "2026-01-06T10:00:00+01:00", "gegevens": content})


class Source:
    """What one registration holds, and its feed."""

    def __init__(self, name: str, lines: Sequence[str]) -> None:
        speaker = connectors()[name]
        raws = [self._numbered(line, number) for number, line in enumerate(lines, start=1)]
        self.records = [Translated(raw.position, tuple(speaker.translate(raw))) for raw in raws]

    @staticmethod
    def _numbered(line: str, number: int) -> RawRecord:
        told = {"volgnummer": number, "seq": number, "tx": number} | json.loads(line)
        return RawRecord(position=str(number), payload=orjson.dumps(told))

    def poll(self, cursor: Cursor | None) -> TranslatedBatch:
        read = int(str(cursor.state["at"])) if cursor else 0
        return TranslatedBatch(tuple(self.records[read:]), Cursor(state={"at": len(self.records)}))

    def reread(self, items: Sequence[InventoryItem]) -> TranslatedBatch:
        wanted = {(item.record_type, item.record_id) for item in items}
        found = (r for r in self.records if {(d.record_type.value, d.record_id) for d in r.drafts} & wanted)
        return TranslatedBatch(tuple(found), Cursor())

    def translate(self, records: Sequence[RawRecord]) -> TranslatedBatch:
        raise AssertionError("nothing was unreadable")


class Hub:
    """Two sources, their ingest, the stages and the desk in one process. `settle` lets all of it come to rest."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder, self.rng = folder, rng
        self.engine = database.open_engine("sqlite://")
        self.orders: list[Erasure] = []
        self.waiting: list[tuple[str, Message]] = []
        self.logs = {topic: Log() for topic in TOPICS}
        self.workers = [Worker(stage, self.logs, Rules(), rng) for stage in real_stages()]
        self._clock = datetime(2026, 3, 1, tzinfo=UTC)
        self.log = LookLog(folder / "looks.jsonl")
        reading = OpenReading(self.engine, self.log, self._now)
        self.deciding = Deciding(reading, self._publish, "0599", RING.generation, lambda _: None)
        self.erasing = Erasing(reading, self.deciding)
        lines = {name: source_lines(CASE, name) for name in ("zcd", "menscentraal")}
        self.sources = {name: Source(name, found) for name, found in lines.items()}
        self.sources["zcd"].records += Source("zcd", [zcd_goal(SECRET.decode())]).records
        self.controls = {name: Control(folder / f"{name}.control.sqlite") for name in self.sources}
        self.indexes = {name: Index(folder / f"{name}.sqlite") for name in self.sources}
        self.read()

    def close(self) -> None:
        self.engine.dispose()
        self.log.close()
        for name in self.sources:
            self.controls[name].close()
            self.indexes[name].close()

    def _now(self) -> datetime:
        self._clock += timedelta(seconds=1)
        return self._clock

    def _publish(self, message: DecisionMessage) -> None:
        if message.topic == ERASURES:
            self.orders.append(read_order(message.value))
        else:
            self.waiting.append((message.topic, Message(message.key, message.value, 0)))

    def read(self) -> None:
        """Start each ingest anew, as a process does, let it read what there is, and settle."""
        for name, source in self.sources.items():
            publisher = MemoryPublisher()
            ingest = Ingest(
                source,
                publisher,
                self.indexes[name],
                ring=RING,
                identity=Identity(name, "0599", name),
                clock=FakeClock(),
            )
            control, index = self.controls[name], self.indexes[name]
            ingest.obey(control, source)
            ingest.erase_by(Eraser(lambda: self.orders, control, index, RING, name))
            for _ in range(4):
                ingest.step()
            for topic in (COMPOSITIONS, RECORDS):
                self.waiting += [(topic, Message(item.key, item.value, 0)) for item in publisher.topic(topic)]
        self.settle()

    def settle(self) -> None:
        """Let everything come to rest, in any order, and read it into the read model."""
        self.rng.shuffle(self.waiting)
        drive(self.rng, Rules(), self.waiting, self.logs, self.workers)
        with self.engine.begin() as connection:
            for _, message in self.logs[VIEWS].read(0):
                projector.apply_view(connection, message.key, message.value)

    def erase(self, person: str) -> Erased:
        """Order it, and let the sources' ingest obey."""
        erased = self.erasing.erase(INE, person, "Jeugdwet 7.3.9", order=True)
        self.read()
        return erased

    def documents(self) -> list[Document]:
        """All live households."""
        with self.engine.connect() as connection:
            return list(readmodel.every(connection))

    def held(self) -> bytes:
        """All that the read model, the stages' state and what compaction leaves of their topics hold."""
        with self.engine.connect() as connection:
            kept = [
                repr(tuple(row)).encode()
                for table in tables.metadata.sorted_tables
                for row in connection.execute(table.select())
            ]
        for worker in self.workers:
            kept += worker.disk.store.values()
            for topic in {worker.stage.changelog, *worker.stage.guarded}:
                kept += {message.key: message.value for _, message in self.logs[topic].read(0)}.values()
        return b"\n".join(kept)


@pytest.fixture
def hub(tmp_path: Path, rng: random.Random) -> Iterator[Hub]:
    running = Hub(tmp_path, rng)
    yield running
    running.close()


def members(hub: Hub) -> list[list[str]]:
    return sorted([person["person_key"] for person in document["members"]] for document in hub.documents())


def test_what_would_go_is_said_and_nothing_is_done(hub: Hub) -> None:
    before = hub.held()
    going = hub.erasing.erase(INE, CHILD, "Jeugdwet 7.3.9", order=False)
    assert [tuple(item) for item in going.plan.dossiers] == [("zcd", "Z-1", True)]
    assert [tuple(item) for item in going.plan.lines] == [("menscentraal", "MC-1", "2")]
    assert (going.plan.records, going.plan.alone, going.erasure_id) == (1, 0, None)
    hub.read()
    assert hub.held() == before
    assert not hub.orders


def test_he_is_forgotten_everywhere_and_his_mother_is_not(hub: Hub) -> None:
    for mark in (SECRET, NAME, FOUND_BY, CHILD.encode()):
        assert mark in hub.held()
    hub.erase(CHILD)
    assert members(hub) == [[MOTHER]]
    (home,) = hub.documents()
    assert [item["dossier_id"] for item in home["dossiers"]] == ["MC-1"]
    for mark in (SECRET, NAME, FOUND_BY, CHILD.encode()):
        assert mark not in hub.held()


@pytest.mark.parametrize("how", ["reset", "new epoch", "backfill", "lost control file"])
def test_reading_the_sources_again_does_not_bring_him_back(how: str, hub: Hub) -> None:
    hub.erase(CHILD)
    for name, control in hub.controls.items():
        if how == "backfill":
            control.ask_backfill(None, "olga", "2026-03-01", everything=True)
        elif how == "lost control file":
            control.close()
            for file in hub.folder.glob(f"{name}.control.sqlite*"):
                file.unlink()
            hub.controls[name] = Control(hub.folder / f"{name}.control.sqlite")
        else:
            control.ask_reset(None, 1 if how == "new epoch" else 0, "olga")
    hub.read()
    assert members(hub) == [[MOTHER]]
    assert CHILD.encode() not in hub.held()


def test_a_replay_of_the_log_from_its_beginning_does_not_bring_him_back(hub: Hub) -> None:
    hub.erase(CHILD)
    every = [(topic, message) for topic in (COMPOSITIONS, RECORDS) for _, message in hub.logs[topic].read(0)]
    assert any(CHILD.encode() in message.value for _, message in every), "what Kafka keeps for ever holds him still"
    hub.logs = {topic: Log() for topic in TOPICS}
    hub.workers = [Worker(stage, hub.logs, Rules(), hub.rng) for stage in real_stages()]
    hub.engine = database.open_engine("sqlite://")
    hub.waiting = every
    hub.settle()
    assert members(hub) == [[MOTHER]]
    for mark in (SECRET, NAME, CHILD.encode()):
        assert mark not in hub.held()


def test_what_was_decided_about_him_is_written_over(hub: Hub) -> None:
    line = {"source": "menscentraal", "dossier_id": "MC-1"}
    for kind, number, why in (
        ("lives_elsewhere", "2", "Hij woont bij oma Mia."),
        ("lives_here", "1", "Zij woont hier."),
    ):
        hub.deciding.decide(
            DIRK, DecisionToMake.model_validate({"kind": kind, "line": line | {"line": number}, "why": why})
        )
    hidden = {"source": "zcd", "dossier_id": "Z-1", "rule": "no_director", "point": "-", "until": "2026-03-09"}
    hub.deciding.decide(
        DIRK, DecisionToMake.model_validate({"kind": "snooze", "snooze": hidden, "why": "Oma wil regie."})
    )
    hub.settle()
    told = (b"oma Mia", b"Oma wil regie")
    assert all(words in hub.held() for words in told)
    hub.erase(CHILD)
    assert not [words for words in told if words in hub.held()]
    assert CHILD.encode() not in hub.held()
    (home,) = hub.documents()
    assert {(item["effect"], item["why"]) for item in home["decisions"]} == {
        ("withdrawn", "-"),
        ("applied", "Zij woont hier."),
    }


def test_whoever_is_only_named_is_forgotten_too_and_the_dossier_stays(hub: Hub) -> None:
    hub.erase(CHILD)
    hub.sources["menscentraal"].records += Source(
        "menscentraal",
        [line.replace('"rowversion": 1', '"rowversion": 2') for line in source_lines(CASE, "menscentraal")],
    ).records
    hub.read()
    assert members(hub) == [[MOTHER]]


def test_erased_twice_is_erased_once(hub: Hub) -> None:
    assert hub.erase(CHILD).erasure_id
    held = hub.held()
    again = hub.erase(CHILD)
    assert (again.erasure_id, again.plan.is_empty) == (None, True)
    assert hub.held() == held


def test_both_of_a_household_can_be_forgotten(hub: Hub) -> None:
    hub.erase(CHILD)
    hub.erase(MOTHER)
    assert hub.documents() == []
    for mark in (CHILD, MOTHER):
        assert mark.encode() not in hub.held()
