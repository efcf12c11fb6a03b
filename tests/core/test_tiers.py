"""The tier plugin keeps its promise: no tier stays out unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiers import REQUIRE_ALL, SEED, SOAK_MINUTES

ROOT = Path(__file__).parents[2]
GREEN = "def test_it(): pass"


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small project of its own, on a machine where neither Java nor a browser is found."""
    for name in (REQUIRE_ALL, SEED, SOAK_MINUTES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", str(pytester.path / "empty"))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nmarkers = timeout: of pytest-timeout")
    return pytester


def write(session: pytest.Pytester, path: str, text: str) -> None:
    file = session.path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def run(session: pytest.Pytester, *args: str) -> pytest.RunResult:
    return session.runpytest_subprocess("-p", "tests.tiers", *args)


def test_each_tier_has_a_line_with_what_ran_and_why_not(session: pytest.Pytester) -> None:
    write(session, "tests/core/test_a.py", GREEN)
    write(session, "tests/kafka/test_b.py", GREEN)
    result = run(session)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "tier core: ran 1 (passed 1)",
            "tier desk: not run: no tests",
            "tier kafka: not run: java 17 not found",
            "*1 passed, 1 skipped in *",
        ]
    )


def test_without_the_person_lists_their_tier_says_what_to_set(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGIEHUB_REFERENCE_DIR", str(session.path / "empty"))
    write(session, "tests/brp/test_a.py", GREEN)
    line = "tier brp: not run: no BRP test person lists: set REGIEHUB_REFERENCE_DIR"
    run(session).stdout.fnmatch_lines([line])


def test_a_tier_that_could_not_run_fails_when_all_are_required(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    write(session, "tests/kafka/test_b.py", GREEN)
    result = run(session)
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"*java 17 not found, and {REQUIRE_ALL} is set*", "tier kafka: ran 1 (error 1)"])


def test_a_tier_that_was_not_selected_fails_when_all_are_required(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    write(session, "tests/core/test_a.py", GREEN)
    write(session, "tests/stream/test_b.py", GREEN)
    result = run(session, "tests/core")
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"ERROR: tier stream did not run (not selected), and {REQUIRE_ALL} is set"])


def test_one_skipped_test_fails_when_all_tiers_are_required(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    write(session, "tests/core/test_a.py", f"import pytest\n{GREEN}\ndef test_b(): pytest.skip('no reason')")
    result = run(session)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["ERROR: tier core skipped 1 of its tests (no reason)*"])


def test_a_marker_decides_before_the_folder(session: pytest.Pytester) -> None:
    write(session, "tests/core/test_a.py", f"import pytest\n@pytest.mark.desk\n{GREEN}")
    result = run(session)
    result.stdout.fnmatch_lines(["tier core: not run: not selected", "tier desk: ran 1 (passed 1)"])


def test_a_test_without_a_tier_is_refused(session: pytest.Pytester) -> None:
    write(session, "tests/elsewhere/test_a.py", GREEN)
    result = run(session)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*tests/elsewhere/test_a.py::test_it belongs to no tier*"])


SOAKING = """
import pytest

def test_plain(soak_seconds):
    assert soak_seconds == 0

@pytest.mark.soak
def test_long(soak_minutes, soak_seconds):
    assert (soak_minutes, soak_seconds) == (2, 60)

@pytest.mark.soakable
def test_both(soak_seconds):
    assert soak_seconds in {0, 60}
"""


def test_soak_tests_run_under_soak_only_and_share_its_minutes(session: pytest.Pytester) -> None:
    write(session, "tests/core/test_a.py", SOAKING)
    run(session).assert_outcomes(passed=2, deselected=1)
    run(session, "--soak-minutes=2").assert_outcomes(passed=2, deselected=1)


def test_a_failure_says_how_to_repeat_it(session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEED, "42")
    write(session, "tests/core/test_a.py", "def test_it(seed, rng): assert (seed, rng.random()) == (42, 2)")
    result = run(session)
    result.stdout.fnmatch_lines(["seed 42 (repeat with REGIEHUB_SEED=42)", "*- seed -*", "REGIEHUB_SEED=42"])


CLOSING = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_it(number, seed, close_with):
    close_with(f"figure {number} of seed {seed}")
    assert number < 3
"""


def test_in_two_processes_the_report_is_that_of_one(session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    write(session, "tests/core/test_a.py", CLOSING)
    write(session, "tests/kafka/test_b.py", GREEN)
    result = run(session, "-p", "xdist.plugin", "-n", "2")
    assert result.ret == 1
    text = result.stdout.str()
    (seed,) = {line.rpartition(" ")[2] for line in text.splitlines() if line.startswith("figure ")}
    assert f"seed {seed} (repeat" in text
    assert sorted(line[:8] for line in text.splitlines() if line.startswith("figure ")) == [
        f"figure {number}" for number in range(4)
    ]
    result.stdout.fnmatch_lines_random(["tier core: ran 4 (passed 3, failed 1)", "tier kafka: ran 1 (error 1)"])


def test_in_two_processes_a_tier_that_stayed_out_fails_the_session(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    write(session, "tests/core/test_a.py", GREEN)
    write(session, "tests/stream/test_b.py", GREEN)
    result = run(session, "-p", "xdist.plugin", "-n", "2", "tests/core")
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"ERROR: tier stream did not run (not selected), and {REQUIRE_ALL} is set"])


DRILLS = """
import pytest

def test_plain(): pass

@pytest.mark.drill
def test_drill(): pass

@pytest.mark.drill
def test_not_here():
    pytest.skip("no such thing here")
"""


def test_drills_run_by_themselves_and_one_that_is_skipped_is_told(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session, "tests/core/test_a.py", DRILLS)
    run(session).assert_outcomes(passed=1, deselected=2)
    run(session, "--drills").assert_outcomes(passed=1, skipped=1, deselected=1)
    monkeypatch.setenv(REQUIRE_ALL, "1")
    required = run(session, "--drills")
    assert required.ret == 1
    required.stdout.fnmatch_lines([f"ERROR: tier core skipped 1 of its tests*{REQUIRE_ALL} is set"])
