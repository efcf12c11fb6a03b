"""Kill -9, and worse, under load on a real Apache Kafka: nothing that was acknowledged is lost, nothing differs.

One town for the whole module; each test goes on with its life and ends with everything at rest.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import pytest

from hub.demo.brokers.kafka import KafkaBroker
from hub.demo.users import DIRECTOR
from hub.events.topics import DEPUTIES, ERASURES, topics
from tests.kafka.crash_town import DESK, STREAM, STREAM_PARTITIONS, CrashTown, Outcome
from tests.kafka.marks import BSN, FAMILY_NAME, GIVEN_NAME, POSTCODE, STREET, Marks
from tests.kafka.raw_log import Raw, read_raw, topic_names

HOUSEHOLDS = 50
SOAK_HOUSEHOLDS = 600
"""A long run in a small town would end in households with hundreds of records each."""
PER_SECOND = 30.0
KILLS_EACH = 5
SOAK_KILLS_EACH = 25
SOAK_PAUSES_EACH = 5
PAUSED = "stream 2"


@pytest.fixture(scope="module")
def crash_town(
    own_kafka: KafkaBroker, seed: int, soak_minutes: float, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CrashTown]:
    households, session_seconds = (SOAK_HOUSEHOLDS, 10.0) if soak_minutes else (HOUSEHOLDS, 6.0)
    settings = {"SESSION_TIMEOUT_SECONDS": str(session_seconds)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path_factory.mktemp("counters")))
        with CrashTown(own_kafka.bootstrap, households=households, seed=seed, settings=settings) as town:
            yield town


def assert_nothing_lost(outcome: Outcome) -> None:
    assert outcome.losses == []
    assert outcome.mismatches == []
    assert outcome.dead_letters == outcome.unreadable
    assert len(outcome.documents) > HOUSEHOLDS / 4


def _kill_each(town: CrashTown, times: int, rng: random.Random) -> None:
    """So many kills of ingest, worker and desk each, in any order. A named worker gets its partitions back at once, the
    others after the session timeout."""
    ingest = ["connector zcd", "connector menscentraal"]
    victims = [ingest[number % 2] for number in range(times)] + [STREAM] * times + [DESK] * times
    rng.shuffle(victims)
    for name in victims:
        settings = {"STREAM_INSTANCE": "worker"} if name == STREAM and rng.random() < 0.5 else {}
        while not town.kill9(name, rng, **settings).is_telling:
            continue  # it died with nothing left to do


@pytest.mark.soakable
def test_kill_9_of_any_process_under_load_loses_nothing(
    crash_town: CrashTown, rng: random.Random, soak_seconds: float, close_with: Callable[[str], None]
) -> None:
    began = time.monotonic()
    each = SOAK_KILLS_EACH if soak_seconds else KILLS_EACH
    with crash_town.load(PER_SECOND) as load:
        _kill_each(crash_town, each, rng)
        while time.monotonic() < began + soak_seconds:
            _kill_each(crash_town, 1, rng)
    outcome = crash_town.settle()
    seconds = time.monotonic() - began
    close_with(
        f"crash: {crash_town.summary()}; {crash_town.ledger.events()} events of {load.delivered} changes,"
        f" losses {len(outcome.losses)}, mismatches {len(outcome.mismatches)}, {seconds:.0f} s"
    )
    assert_nothing_lost(outcome)
    assert crash_town.telling_kills() >= Counter({"connector": each, STREAM: each, DESK: each})
    assert crash_town.applied_again() > 0, "nothing was replayed"


@pytest.mark.soakable
def test_a_paused_worker_that_wakes_after_its_partitions_moved_changes_nothing(
    crash_town: CrashTown, rng: random.Random, soak_seconds: float, close_with: Callable[[str], None]
) -> None:
    began = time.monotonic()
    stack = crash_town.stack
    pauses = 2 * (SOAK_PAUSES_EACH if soak_seconds else 1)
    with crash_town.load(PER_SECOND):
        stack.start(STREAM, alias=PAUSED, settings={"DATA_FOLDER": str(stack.data_folder / PAUSED)})
        for number in range(pauses):
            paused, other = (STREAM, PAUSED) if number % 2 else (PAUSED, STREAM)
            _pause_until_moved(crash_town, paused, other, rng)
    outcome = crash_town.settle()
    seconds = time.monotonic() - began
    close_with(
        f"paused: {pauses} times a worker was stopped until its partitions had moved, then woken;"
        f" losses {len(outcome.losses)}, mismatches {len(outcome.mismatches)}, {seconds:.0f} s"
    )
    assert_nothing_lost(outcome)


def _pause_until_moved(town: CrashTown, paused: str, other: str, rng: random.Random) -> None:
    """SIGSTOP under load at a random moment; SIGCONT when the other worker has everything, and has worked with it."""

    def is_shared() -> bool:
        shares = [town.assignments(name)[-1:] for name in (paused, other)]
        return all(share != [] and share[0] > 0 for share in shares) and sum(map(sum, shares)) == STREAM_PARTITIONS

    town.until(is_shared, "both workers have partitions")
    town.work_on(rng.randint(20, 200))
    town.pause(paused)
    town.until(lambda: town.assignments(other)[-1] == STREAM_PARTITIONS, "the partitions have moved")
    town.work_on(rng.randint(20, 200))
    town.wake(paused)
    town.until(is_shared, "the worker that woke has partitions again")


@pytest.fixture(scope="module")
def marks(crash_town: CrashTown) -> Marks:
    """Of everybody in the sources; the desk has been asked for one of them, by BSN and by name."""
    with crash_town.load(PER_SECOND):
        crash_town.until(lambda: crash_town.ledger.events() > HOUSEHOLDS, "the sources are read")
    crash_town.gauge.await_zero()
    headers = {"authorization": f"Bearer {crash_town.stack.tokens[DIRECTOR]}"}
    for wanted in ({"bsn": BSN}, {"name": FAMILY_NAME}):
        url = f"{crash_town.stack.url}/api/v1/huishoudens/zoekopdrachten"
        answer = httpx.post(url, json=wanted, headers=headers, trust_env=False)
        assert answer.status_code == httpx.codes.OK
        found_too = answer.json()
        assert found_too["count"] + found_too["hidden"] == 1
    found = Marks.of(crash_town.stack.simulators)
    assert {BSN} < found.bsns
    assert {FAMILY_NAME, GIVEN_NAME} < found.names
    assert {STREET, POSTCODE} < found.addresses
    return found


@pytest.fixture(scope="module")
def messages(marks: Marks, own_kafka: KafkaBroker) -> list[Raw]:
    """The whole log, with everything in it that `marks` stands for."""
    found = read_raw(own_kafka.bootstrap)
    assert {message.topic for message in found} == topics().keys() - {DEPUTIES, ERASURES}, (
        "nobody stood in for anybody, or was erased"
    )
    return found


def test_no_bsn_name_or_address_in_topic_names_keys_or_headers(
    own_kafka: KafkaBroker, messages: list[Raw], marks: Marks
) -> None:
    assert marks.in_text(" ".join(topic_names(own_kafka.bootstrap))) == set()
    assert marks.in_text(" ".join({message.key.decode() for message in messages})) == set()
    headers = {f"{name} {value.decode('latin-1')}" for message in messages for name, value in message.headers}
    assert headers
    assert marks.in_text(" ".join(headers)) == set()


def test_no_bsn_or_address_in_any_message(messages: list[Raw], marks: Marks) -> None:
    values = b"\n".join({message.value for message in messages})
    assert FAMILY_NAME.encode() in values  # a name is content; so the search works
    assert marks.in_values(values) == set()


def test_no_bsn_name_or_address_in_logs_or_metrics(crash_town: CrashTown, marks: Marks) -> None:
    logs = [*crash_town.stack.folder.glob("*.log"), *crash_town.stack.data_folder.rglob("*.jsonl")]
    assert len(logs) > len(crash_town.stack.simulators) + 2
    for log in logs:
        assert marks.in_text(log.read_text(encoding="utf-8", errors="surrogateescape")) == set(), log.name
    for name in crash_town.stack.metrics_ports:
        assert marks.in_text(crash_town.metrics(name)) == set(), name
