"""The benchmark of the whole job, once and tiny, so that it cannot rot. On a Kafka of its own: it deletes topics."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.whole_job.field import FIELD
from bench.whole_job.input import make_input
from bench.whole_job.job import Log, run_once
from bench.whole_job.reference import expected_of
from hub.demo.brokers.kafka import KafkaBroker


@pytest.mark.drill
def test_a_program_that_does_the_whole_job_is_measured_and_found_right(own_kafka: KafkaBroker, tmp_path: Path) -> None:
    given = make_input(households=5, seed=1)
    wanted = expected_of(given)
    contestant = next(found for found in FIELD if found.name == "handwritten")
    log = Log(own_kafka.bootstrap)
    found = run_once(contestant, log, given, wanted, tmp_path, list_records=16)
    log.close()
    assert (found.differing, found.households, found.events) == (0, len(wanted[-1]), len(given.main))
    assert found.views >= len(wanted[-1])
    assert found.cpu_seconds > 0
