"""What operations do to a hub that runs: restarts, a second read model, a backup, a rollback, an upgrade, a lost key.

One small town on a real Apache Kafka; each drill goes on with its life and ends with everything right.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from kafka import KafkaAdminClient
from sqlalchemy import text

from hub.connect.ingest import index
from hub.connect.ingest.kafka_publisher import KafkaPublisher
from hub.connect.ingest.secrets import create_secrets_file
from hub.demo.brokers.kafka import KafkaBroker
from hub.demo.delivery import Deliverer
from hub.demo.freshness import Place, measure, places
from hub.demo.once import read_all, read_as_director, reference_of
from hub.demo.oracle import compare
from hub.demo.stack import SOURCES
from hub.demo.town.changes import Change
from hub.demo.users import DIRECTOR
from hub.desk import database, readmodel, tables
from hub.events.codec import decode
from hub.events.ids import DossierRef, household_id, partition_for, ref_of
from hub.events.topics import COMPOSITIONS, RECORDS, topics
from hub.stream.provision import ensure_topics
from tests.kafka.crash_town import DESK, STREAM, STREAM_PARTITIONS, CrashTown
from tests.kafka.new_release import FIELD, SCHEMA_ID, NewRelease
from tests.kafka.raw_log import read_raw
from tests.stream.operated import regiehub_apart

pytestmark = pytest.mark.drill
HOUSEHOLDS: Final = 20
READ: Final = (COMPOSITIONS, RECORDS)
PER_SECOND: Final = 10.0
OTHER: Final = "stream 2"
ZCD: Final = "connector zcd"
CONNECTORS: Final = [f"connector {name}" for name in SOURCES]
_STOP_SECONDS: Final = 30.0
_DEADLINE_SECONDS: Final = 90.0


class DrillTown(CrashTown):
    """Its processes are stopped in good order; a director's view is looked at meanwhile."""

    looked = 0
    targets: tuple[Place, ...] = ()
    """Written to while the town lives on around them."""

    def fill(self) -> None:
        """Enough of the town's history for households with records, some of them the director's; at rest."""
        wanted = 10 * HOUSEHOLDS
        while not self.targets:
            with self.load(400.0):
                self.until(partial(self._has_read, wanted), "the sources are read")
            self.gauge.await_zero()
            self.targets = tuple(filter(_is_found_by_its_dossier, places(read_as_director(self.stack))))
            wanted += 5 * HOUSEHOLDS
        ours = {(place.source, place.dossier_id) for place in self.targets}
        self._changes = (change for change in self._changes if (change.source, _dossier_of(change)) not in ours)

    def _has_read(self, wanted: int) -> bool:
        return self.ledger.events() > wanted

    def stop(self, *names: str) -> None:
        """Those that run, in good order: each ends with 0."""
        children = {name: self.stack.children.pop(name) for name in names if name in self.stack.children}
        for child in children.values():
            child.terminate()
        for name, child in children.items():
            assert child.wait(_STOP_SECONDS) == 0, (name, child.last_lines(30))
            assert "worker_does_not_stop" not in self.said(name)

    def start(self, *names: str, **settings: str) -> None:
        """Start them, and wait until they are ready."""
        for name in names:
            kind = STREAM if name == OTHER else name
            folder = {"DATA_FOLDER": str(self.stack.data_folder / OTHER)} if name == OTHER else {}
            self.stack.start(kind, alias=name, settings={**settings, **folder})
        self.until(lambda: all(self._is_up(name) for name in names), f"ready: {names}")

    def ended(self, name: str) -> list[str]:
        """Wait until a process has ended by itself, with 1; the last lines that it said."""
        child = self.stack.children.pop(name)
        assert child.wait(_DEADLINE_SECONDS) == 1, name
        return child.last_lines(5)

    def refused(self, name: str) -> str:
        """Start what must not run; the one line that it says."""
        self.stack.start(name)
        child = self.stack.children.pop(name)
        assert child.wait(_STOP_SECONDS) == 2, name
        (line,) = child.last_lines(1)
        return line

    def look(self, changes: int) -> list[float]:
        """Changes in the sources, one after the other, each seen in the API's answer to a director; sorted seconds.
        Fails when one is not seen within a minute."""
        first, self.looked = self.looked, self.looked + changes
        now = datetime.now(UTC).isoformat(timespec="seconds")
        deliverer = Deliverer(self.stack.simulators)
        token = self.stack.tokens[DIRECTOR]
        return measure(
            deliverer,
            self.stack.url,
            token,
            self.targets,
            changes=changes,
            per_second=10.0,
            recorded_at=now,
            first=first,
        )

    def is_shared(self) -> bool:
        """Whether both workers have partitions, all of them together."""
        shares = [self.assignments(name)[-1:] for name in (STREAM, OTHER)]
        return all(share != [] and share[0] > 0 for share in shares) and sum(map(sum, shares)) == STREAM_PARTITIONS

    def assert_right(self) -> int:
        """Everything at rest, nothing lost, equal to the reference. The number of households."""
        outcome = self.settle()
        assert (outcome.losses, outcome.mismatches) == ([], [])
        assert outcome.dead_letters == outcome.unreadable
        assert len(outcome.documents) > HOUSEHOLDS / 4
        return len(outcome.documents)

    def said(self, name: str) -> str:
        """All that a process of this name has said."""
        return (self.stack.folder / f"{name.replace(' ', '-')}.log").read_text(encoding="utf-8")


def _is_found_by_its_dossier(place: Place) -> bool:
    """Whether the household's id leads to this dossier, whatever it becomes a household with."""
    return household_id(DossierRef(place.source, place.dossier_id)) == place.household_id


def _dossier_of(change: Change) -> object:
    payload = change.payload if isinstance(change.payload, dict) else {}
    return payload.get("dossiernummer") or payload.get("dossier_nr")


@pytest.fixture(scope="module")
def town(own_kafka: KafkaBroker, seed: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DrillTown]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path_factory.mktemp("counters")))
        settings = {"SESSION_TIMEOUT_SECONDS": "6", "TRACE_SECONDS": "0.5"}
        with DrillTown(own_kafka.bootstrap, households=HOUSEHOLDS, seed=seed, settings=settings) as running:
            running.fill()
            yield running


def test_workers_restarted_one_after_the_other_leave_no_gap_in_what_a_director_sees(
    town: DrillTown, close_with: Callable[[str], None]
) -> None:
    seen: list[float] = []
    town.start(OTHER)
    with town.load(PER_SECOND) as load:
        for stopped, other in ((STREAM, OTHER), (OTHER, STREAM)):
            town.until(town.is_shared, "both workers have partitions")
            town.stop(stopped)
            seen += town.look(5)
            assert town.assignments(other)[-1] == STREAM_PARTITIONS
            town.start(stopped)
            seen += town.look(3)
    homes = town.assert_right()
    close_with(
        f"drill, rolling restart of two workers: {load.delivered} changes meanwhile, {len(seen)} looked for and seen,"
        f" 10 of them while a worker was down; the slowest after {max(seen):.1f} s; {homes} households right"
    )


def test_a_change_can_be_followed_from_its_source_to_the_page(town: DrillTown) -> None:
    """Through Kafka's headers, by the lines that each process says; of those before, which are at rest."""

    def lines(event: str, *names: str) -> list[dict[str, Any]]:
        said = [line for name in names for line in town.said(name).splitlines() if f'"{event}"' in line]
        return [json.loads(line) for line in said]

    published = {line["trace_id"] for line in lines("change_published", *CONNECTORS)}
    stages: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines("change_applied", STREAM, OTHER):
        stages[line["trace_id"]].add(line["stage"])
    visible = {line["trace_id"] for line in lines("change_visible", DESK)}
    followed = {trace for trace in published & visible if {"route", "assemble"} <= stages[trace]}
    linked = {trace for trace in published & visible if {"resolve", "assemble"} <= stages[trace]}
    assert followed and linked
    assert visible <= published and stages.keys() <= published
    ids = {decode(item.value).value["event_id"] for item in read_raw(town.stack.broker.bootstrap) if item.topic in READ}
    assert published <= ids


def test_a_read_model_is_built_beside_the_live_one_and_comes_out_equal(town: DrillTown, tmp_path: Path) -> None:
    into = f"sqlite:///{tmp_path / 'new.sqlite'}"
    with town.load(PER_SECOND):
        first = _build(town, into)
        town.look(2)
    town.gauge.await_zero()
    second = _build(town, into)
    assert 0 < second["messages"] < first["messages"], "the second run goes on where the first one stopped"
    live, new = (database.open_engine(url) for url in (town.stack.read_model, into))
    with live.connect() as one, new.connect() as other:
        assert list(readmodel.every(one)) == list(readmodel.every(other))
        for table in tables.kept.sorted_tables:
            assert one.execute(table.select()).all() == other.execute(table.select()).all()
        assert second["households"] == len(list(readmodel.every(other)))
    live.dispose()
    new.dispose()


def _build(town: DrillTown, into: str) -> dict[str, int]:
    built: dict[str, int] = regiehub_apart(town.stack, "read-model", "build", "--into", into, "--json").value
    return built


def test_what_is_put_back_from_a_backup_older_than_the_topics_catches_up(
    town: DrillTown, tmp_path: Path, close_with: Callable[[str], None]
) -> None:
    """Also an index that a newer release wrote meanwhile: it is refused until the copy from before is back."""
    folder = town.stack.data_folder
    read_model, cursor = folder / "desk" / "desk.sqlite", folder / "ingest" / "zcd.sqlite"
    for file in (read_model, cursor):
        _copy(file, tmp_path / file.name)
    before = town.ledger.events()
    with town.load(PER_SECOND):
        town.until(lambda: town.ledger.events() > before + 50, "life goes on")
    town.gauge.await_zero()
    town.stop(DESK, ZCD)
    with closing(sqlite3.connect(cursor)) as connection:
        connection.execute(f"PRAGMA user_version = {index.SCHEMA + 1}")
    assert "holds an index that a newer release wrote" in town.refused(ZCD)
    for file in (read_model, cursor):
        _copy(tmp_path / file.name, file)
    behind = town.gauge.source_lag(), town.gauge.behind_desk(town.gauge.desk_ends())
    assert min(behind) > 0, "the backup is as new as the topics"
    town.start(DESK, ZCD)
    homes = town.assert_right()
    close_with(
        f"drill, backup older than the topics: the cursor {behind[0]} changes and the read model {behind[1]} messages"
        f" behind; {homes} households right"
    )


def _copy(source: Path, target: Path) -> None:
    """As a backup is made of a database that is in use: whole, whoever writes."""
    with closing(sqlite3.connect(source, timeout=30)) as one, closing(sqlite3.connect(target, timeout=30)) as other:
        one.backup(other)


def test_after_a_rollback_the_read_model_of_a_newer_release_is_built_anew(town: DrillTown) -> None:
    written = tables.SCHEMA + 1
    town.stop(DESK)
    engine = database.open_engine(town.stack.read_model)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE households ADD COLUMN of_tomorrow TEXT NOT NULL DEFAULT ''"))
        connection.execute(tables.meta.update().values(schema_number=written))
    engine.dispose()
    town.start(DESK)
    (line,) = [json.loads(line) for line in town.said(DESK).splitlines() if '"read_model_dropped"' in line]
    assert (line["written_by_schema"], line["schema"]) == (written, tables.SCHEMA)
    _await_equal(town)


def test_old_and_new_releases_run_together_while_a_schema_gets_a_field(town: DrillTown, tmp_path: Path) -> None:
    new = NewRelease(tmp_path)
    likes = _a_contact_per_partition(town)
    town.stop(OTHER)
    with new.for_children():
        town.start(OTHER)
    town.until(town.is_shared, "the old worker and the new one have partitions")
    with town.load(PER_SECOND):
        _publish(town, [new.contact(like, f"TOMORROW-{number}") for number, like in enumerate(likes)])
        for name in (STREAM, DESK):
            assert any(f"schema id {SCHEMA_ID} is not registered here" in line for line in town.ended(name)), name
        with new.for_children():
            town.start(STREAM, DESK)
        town.look(2)
    town.gauge.await_zero()
    documents = read_all(town.stack)
    shown = [item for document in documents for item in document["records"]]
    tomorrow = [item for item in shown if item["record_id"].startswith("TOMORROW-")]
    assert sorted(map(ref_of, tomorrow)) == sorted(_still_there(likes, documents))
    assert {item["body"][FIELD] for item in tomorrow} == {"at home"}
    assert any(item["record_type"] == "contact" and item not in tomorrow for item in shown)
    gone = {"version": 2, "deleted": True, "body": None}
    _publish(town, [new.contact(like, f"TOMORROW-{number}", **gone) for number, like in enumerate(likes)])
    _await_equal(town)


def _a_contact_per_partition(town: DrillTown) -> list[dict[str, Any]]:
    """Contacts of households that are shown: whichever worker owns a partition, it meets one."""
    shown = {
        (item["source"], item["dossier_id"], item["record_id"])
        for document in read_all(town.stack)
        for item in document["records"]
        if item["record_type"] == "contact"
    }
    count = topics()[RECORDS].partitions
    found: dict[int, dict[str, Any]] = {}
    for message in read_raw(town.stack.broker.bootstrap):
        if message.topic == RECORDS and decode(message.value).subject == "registrations.contact":
            value = decode(message.value).value
            if (value["source"], value["dossier_id"], value["record_id"]) in shown and value["version"] == 1:
                found[partition_for(message.key, count)] = value
    assert len(found) > 1
    return list(found.values())


def _still_there(records: Iterable[Mapping[str, Any]], documents: Iterable[Mapping[str, Any]]) -> list[DossierRef]:
    """The places of these records whose dossier is shown: life goes on meanwhile, and a source may delete a dossier."""
    shown = {ref_of(dossier) for document in documents for dossier in document["dossiers"]}
    return [place for place in map(ref_of, records) if place in shown]


def _publish(town: DrillTown, messages: list[Any]) -> None:
    publisher = KafkaPublisher(town.stack.broker.bootstrap, client_id="tomorrow")
    publisher.publish(messages)
    publisher.close()


def _await_equal(town: DrillTown) -> int:
    """Wait until the read model equals the reference, however that is reached; the number of households."""
    reference, _ = reference_of(town.stack)
    town.until(lambda: compare(read_all(town.stack), reference) == [], "equal to the reference")
    return len(reference.households)


def test_a_lost_linking_key_is_noticed_and_a_new_incarnation_comes_out_right(
    town: DrillTown, close_with: Callable[[str], None]
) -> None:
    began = time.monotonic()
    town.stop(DESK, STREAM, OTHER, *CONNECTORS)
    keys = town.stack.data_folder / "secrets" / "keys.json"
    keys.unlink()
    create_secrets_file(keys)
    for name in (DESK, ZCD):
        assert "another linking key" in (line := town.refused(name)) and "new incarnation" in line
    _make_topics_anew(town)
    town.start(STREAM, DESK, *CONNECTORS, INCARNATION="1", KEY_GENERATION="2")
    homes = _await_equal(town)
    assert town.said(ZCD).count("index_started_anew") == 1
    with town.load(PER_SECOND):
        town.look(2)
    homes = _await_equal(town)
    close_with(
        f"drill, linking key lost: refused by desk and ingest; {homes} households right in the new incarnation,"
        f" {time.monotonic() - began:.0f} s"
    )


def _make_topics_anew(town: DrillTown) -> None:
    admin: Any = KafkaAdminClient(bootstrap_servers=town.stack.broker.bootstrap)
    try:
        names = list(topics())
        admin.delete_topics(names)
        town.until(lambda: all(item["error_code"] for item in admin.describe_topics(names)), "the topics are gone")
    finally:
        admin.close()
    ensure_topics(town.stack.broker.bootstrap)
