from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.ingest.connectors_file import load_source
from hub.connect.ingest.pace import Budget
from hub.connect.ingest.policy import Backoff, Breaker, RejectLimit
from hub.errors import ConfigError, DeadLetterLimitExceeded

pytestmark = pytest.mark.core


@given(st.integers(1, 5000), st.floats(0, 0.999), st.none() | st.floats(0, 600))
def test_waiting_is_bounded_and_as_long_as_the_source_asks(attempt: int, chance: float, asked: float | None) -> None:
    seconds = Backoff(first_seconds=0.5, longest_seconds=60, attempt=attempt).seconds(chance, asked)
    assert 0.25 <= seconds <= max(60.0, asked or 0.0)
    assert seconds >= (asked or 0.0)


def test_two_connectors_do_not_come_back_at_the_same_moment() -> None:
    failed = Backoff().failed().failed()
    assert failed.seconds(0.0) != failed.seconds(0.9)


def test_the_limit_says_nothing_of_a_few_records() -> None:
    limit = RejectLimit(percent=20, at_least_records=200)
    assert limit.add("", [True] * 199) == "1" * 199


def test_the_limit_is_a_share_of_the_last_records() -> None:
    limit = RejectLimit(percent=20, at_least_records=200, window_records=200)
    window = limit.add("0" * 160, [True] * 40)
    assert len(window) == 200
    with pytest.raises(DeadLetterLimitExceeded) as caught:
        limit.add(window, [True])
    assert caught.value.detail == "41 of the last 200 records"


def test_good_records_after_a_repair_are_let_through() -> None:
    limit = RejectLimit(percent=20, at_least_records=10)
    assert limit.add("1" * 9, [False, False]) == "1" * 9 + "00"


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "connectors.yaml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_source_has_the_connector_of_its_own_name(tmp_path: Path) -> None:
    source = load_source(write(tmp_path, "zcd: {base_url: 'http://z'}"), "zcd", "0599")
    assert source == ("zcd", "zcd", {"instance": "zcd", "jurisdiction": "0599", "base_url": "http://z"}, 0)


def test_two_sources_can_have_one_connector(tmp_path: Path) -> None:
    path = write(tmp_path, "zcd-noord: {connector: zcd, base_url: 'http://n'}\nzcd:\n")
    source = load_source(path, "zcd-noord", "0599")
    assert (source.connector, source.config["instance"]) == ("zcd", "zcd-noord")
    assert load_source(path, "zcd", "0599").config == {"instance": "zcd", "jurisdiction": "0599"}


def test_the_epoch_of_a_source_is_no_setting_of_its_connector(tmp_path: Path) -> None:
    source = load_source(write(tmp_path, "zcd: {source_epoch: 3}"), "zcd", "0599")
    assert (source.source_epoch, sorted(source.config)) == (3, ["instance", "jurisdiction"])


@pytest.mark.parametrize("epoch", ["-1", "true", "'2'", "1.5", "null", str(2**31)])
def test_an_epoch_that_is_no_whole_number_is_refused(tmp_path: Path, epoch: str) -> None:
    with pytest.raises(ConfigError, match="source_epoch of source zcd is not a whole number"):
        load_source(write(tmp_path, f"zcd: {{source_epoch: {epoch}}}"), "zcd", "0599")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "none"),
        ("menscentraal: {}", "menscentraal"),
        ("- zcd", "does not name sources"),
        ("zcd: wachtwoord", "not a set of settings"),
        ("zcd: {wachtwoord: '", "not YAML"),
    ],
)
def test_a_source_that_is_not_there_is_said_in_one_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        load_source(write(tmp_path, text), "zcd", "0599")
    assert "wachtwoord" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_connectors_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match=r"REGIEHUB_CONNECTORS_FILE may be read by its owner only: chmod 600"):
        load_source(write(tmp_path, "zcd: {client_secret: geheim}", mode), "zcd", "0599")


def test_a_missing_connectors_file_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_source(tmp_path / "none.yaml", "zcd", "0599")


@given(st.integers(1, 20), st.lists(st.booleans(), max_size=60))
def test_the_circuit_opens_after_failures_in_a_row_and_a_success_closes_it(most: int, went: list[bool]) -> None:
    breaker = Breaker(opens_after=most)
    for succeeded in went:
        breaker = breaker.succeeded() if succeeded else breaker.failed()
    in_a_row = next((n for n, succeeded in enumerate(reversed(went)) if succeeded), len(went))
    assert breaker.is_open == (in_a_row >= most)


@given(st.floats(0.1, 1000), st.lists(st.tuples(st.integers(0, 100), st.floats(0, 10)), max_size=30))
def test_no_more_is_done_than_the_rate_allows(rate: float, done: list[tuple[int, float]]) -> None:
    """From the first portion to the moment at which one more is allowed, whatever pauses there were."""
    budget, now, total = Budget(rate), 0.0, 0
    for count, idle in done:
        now += budget.wait_seconds(now) + idle
        budget, total = budget.spent(count, now), total + count
    assert total <= rate * (now + budget.wait_seconds(now)) * 1.000001 + 1e-6
    assert Budget(None).spent(10**6, 0.0).wait_seconds(0.0) == 0.0
