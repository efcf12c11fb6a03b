from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.ops import metrics
from hub.ops.http import OpsServer
from hub.ops.logging import configure, get_logger
from hub.ops.stages import StageMetrics

NAME = re.compile(r"regiehub_[a-z]+(_[a-z]+)*")
BOUNDED = {"kind", "outcome", "source", "stage", "topic", "reason", "point", "team"}
ROOT = Path(__file__).parents[2]


def test_every_metric_has_a_name_in_one_form() -> None:
    for metric in metrics.describe():
        assert NAME.fullmatch(metric.name), metric.name
        assert (metric.kind == "counter") == metric.name.endswith("_total"), metric.name
        assert metric.kind != "histogram" or metric.name.endswith(("_seconds", "_bytes")), metric.name


def test_labels_are_bounded_and_never_ids() -> None:
    assert {label for metric in metrics.describe() for label in metric.labels} <= BOUNDED


def test_the_page_of_metrics_is_up_to_date() -> None:
    assert (ROOT / "hub" / "docs" / "metrics.md").read_text(encoding="utf-8") == metrics.as_markdown()


def test_metrics_are_declared_in_one_module_only() -> None:
    declares = re.compile(r"\b(Counter|Gauge|Histogram|Summary)\(\s*[\"']")
    places = [path for path in (ROOT / "hub").rglob("*.py") if declares.search(path.read_text(encoding="utf-8"))]
    assert [path.name for path in places] == ["metrics.py"]


def test_what_is_not_known_has_no_series() -> None:
    assert b"regiehub_stage_parked_entries{" not in metrics.exposition()


@pytest.fixture
def ready() -> dict[str, bool]:
    return {"now": False}


@pytest.fixture
def server(ready: dict[str, bool]) -> Iterator[OpsServer]:
    running = OpsServer(0, ready=lambda: ready["now"])
    yield running
    running.stop()


def get(server: OpsServer, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_process_shows_its_metrics(server: OpsServer) -> None:
    StageMetrics().applied("resolve", 3)
    status, text = get(server, "/metrics")
    assert status == 200
    assert 'regiehub_stage_records_applied_total{stage="resolve"}' in text


def test_a_process_is_ready_when_it_says_so(server: OpsServer, ready: dict[str, bool]) -> None:
    assert get(server, "/healthz")[0] == 200
    assert get(server, "/readyz")[0] == 503
    ready["now"] = True
    assert get(server, "/readyz")[0] == 200
    assert get(server, "/else")[0] == 404


def test_a_taken_port_is_one_clear_error(server: OpsServer) -> None:
    with pytest.raises(ConfigError, match=f"port {server.port}"):
        OpsServer(server.port)


def test_the_lanes_observer_counts() -> None:
    observer = StageMetrics()
    observer.published("route", 2)
    observer.recovered("route", 0.5, 10)
    observer.repaired("route", 1)
    assert not observer.is_ready()
    observer.ready(True)
    assert observer.is_ready()
    for name in ("stage_outputs_published_total", "recovery_records_total", "stage_records_repaired_total"):
        assert metrics.REGISTRY.get_sample_value(f"regiehub_{name}", {"stage": "route"})


@pytest.fixture
def _log_restored() -> Iterator[None]:
    import logging

    import structlog

    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = handlers, level


@pytest.mark.usefixtures("_log_restored")
def test_log_lines_are_json_with_the_process_and_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    import logging

    configure("connector zcd")
    get_logger().info("record_rejected", reason="malformed")
    get_logger().debug("not_shown")
    logging.getLogger("kafka.client").warning("broker %s is gone", 1)
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["reason"], ours["process"]) == ("record_rejected", "malformed", "connector zcd")
    assert (theirs["event"], theirs["level"]) == ("broker 1 is gone", "warning")
    assert ours["timestamp"].endswith("Z")
